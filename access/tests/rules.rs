//! The rules this build ships with, and rules that are not installed.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use custos_access::{
    Action, Circumstances, Clock, NO_RULE, POLICY_ERROR, Request, Resource, Rules, RulesError, Who,
    table,
};

const TABLE: &str = include_str!("table.tsv");

fn rules() -> Rules {
    Rules::shipped().unwrap()
}

fn rows() -> Vec<table::Row> {
    table::parse(TABLE).unwrap()
}

#[test]
fn every_line_of_the_table_holds() {
    let (rules, rows) = (rules(), rows());
    assert!(rows.len() >= 500, "{} lines", rows.len());
    let otherwise = table::run(&rules, &rows);
    assert!(otherwise.is_empty(), "{otherwise:#?}");
}

#[test]
fn every_role_meets_every_action() {
    let mut met = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows() {
        let own = matches!(&row.request.resource, Resource::Evidence { officer, .. } if officer == table::ME);
        let roles = row.request.who.roles.join(",");
        met.entry((row.request.action.as_str(), own))
            .or_default()
            .insert(roles);
    }
    let mut roles: Vec<_> = custos_protocol::trust::ROLES.to_vec();
    roles.extend(["officer", ""]);
    for action in Action::ALL {
        let evidence = action.kind() == custos_access::Kind::Evidence;
        for own in [false].into_iter().chain(evidence.then_some(true)) {
            for role in &roles {
                let key = (action.as_str(), own);
                assert!(met[&key].contains(*role), "{role} {key:?} is in no line");
            }
        }
    }
}

/// Mutation: a rule that can go without a line noticing is tested by nothing, or says nothing.
#[test]
fn no_rule_can_go_unnoticed() {
    let (rules, rows) = (rules(), rows());
    for rule in rules.rules() {
        let without = rules.without(&rule.id).unwrap();
        let changed = table::run(&without, &rows).into_iter().any(|mismatch| {
            let allowed = rows
                .iter()
                .find(|r| r.line == mismatch.line)
                .unwrap()
                .allowed;
            // What it decides, not merely how it says so.
            allowed != mismatch.decision.is_allowed()
        });
        assert!(changed, "no line needs {}", rule.id);
    }
}

#[test]
fn each_rule_says_where_it_comes_from() {
    let rules = rules();
    let regulation = |clause: &str| {
        let (law, number) = clause.split_at(1);
        matches!(law, "T" | "S") && number.starts_with(|c: char| c.is_ascii_digit())
    };
    for rule in rules.rules() {
        assert!(regulation(&rule.clause), "{}: {}", rule.id, rule.clause);
        if let Some(quote) = &rule.quote {
            assert!(quote.chars().count() >= 8, "{}", rule.id);
        }
    }
    assert!(rules.rules().len() >= 30);
}

fn refused(text: &str) -> RulesError {
    Rules::parse(text).unwrap_err()
}

fn with(rule: &str) -> String {
    format!("{}\n{rule}", Rules::shipped_text())
}

#[test]
fn what_does_not_fit_is_not_installed() {
    let head = r#"@id("x") @clause("T7.1") permit (principal, action, resource)"#;
    for (what, text, code) in [
        ("no rule", "// nothing".to_owned(), "rules-empty"),
        ("no text", String::new(), "rules-empty"),
        (
            "half a rule",
            with("permit (principal, action"),
            "rules-syntax",
        ),
        (
            "no id",
            with(r#"@clause("T7.1") permit (principal, action, resource);"#),
            "rules-no-id",
        ),
        (
            "a bad id",
            with(r#"@id("A b") @clause("T7.1") permit (principal, action, resource);"#),
            "rules-no-id",
        ),
        (
            "no clause",
            with(r#"@id("x") permit (principal, action, resource);"#),
            "rules-no-clause",
        ),
        (
            "an id twice",
            with(r#"@id("own-export") @clause("T7.1") forbid (principal, action, resource);"#),
            "rules-same-id",
        ),
        (
            "a template",
            with(r#"@id("x") @clause("T7.1") permit (principal == ?principal, action, resource);"#),
            "rules-template",
        ),
        (
            "an action that there is not",
            with(
                r#"@id("x") @clause("T7.1") permit (principal, action == Action::"evidence-forge", resource);"#,
            ),
            "rules-schema",
        ),
        (
            "an attribute that there is not",
            with(&format!("{head} when {{ resource.owner == principal }};")),
            "rules-schema",
        ),
        (
            "another kind of value",
            with(&format!("{head} when {{ context.now == \"noon\" }};")),
            "rules-schema",
        ),
        (
            "a grant that may not be there",
            with(&format!("{head} when {{ context.grant.revoked }};")),
            "rules-schema",
        ),
        (
            "a requester that may not be there",
            with(
                r#"@id("x") @clause("T7.2") permit (principal, action == Action::"disclosure-approve", resource)
                   when { resource.requester != principal };"#,
            ),
            "rules-schema",
        ),
        (
            "a rule that can never apply",
            with(&format!("{head} when {{ false }};")),
            "rules-schema",
        ),
        ("too long", with(&"//\n".repeat(100_000)), "rules-too-long"),
    ] {
        assert_eq!(refused(&text).code(), code, "{what}: {}", refused(&text));
    }
}

#[test]
fn a_rule_that_fails_is_a_denial() {
    // Valid, and overflows: the schema cannot see it.
    let text = with(
        r#"@id("overflows") @clause("T7.1") forbid (principal, action == Action::"evidence-play", resource)
           when { context.now + 1 < 0 };"#,
    );
    let rules = Rules::parse(&text).unwrap();
    let mut request = Request {
        who: Who::officer("me"),
        action: Action::EvidencePlay,
        resource: Resource::Evidence {
            officer: "me".into(),
            department: String::new(),
            case: String::new(),
            began_ms: 0,
            marked: false,
            held: false,
            requester: None,
        },
        circumstances: Circumstances::default(),
        grants: Vec::new(),
    };
    assert!(rules.decide(&request).is_allowed());
    request.circumstances.now_ms = i64::MAX;
    let decision = rules.decide(&request);
    assert!(!decision.is_allowed());
    assert_eq!(decision.reason, POLICY_ERROR);
    assert_eq!(
        Clock::default(),
        Clock::None,
        "nothing speaks for a request by itself"
    );
}

#[test]
fn names_are_data() {
    let rules = rules();
    for name in [
        "me\" || true || \"",
        "Role::\"officer\"",
        "",
        "\u{0}",
        "案".repeat(5_000).as_str(),
    ] {
        let request = |who: &str, officer: &str| Request {
            who: Who::officer(who),
            action: Action::EvidencePlay,
            resource: Resource::Evidence {
                officer: officer.to_owned(),
                department: String::new(),
                case: String::new(),
                began_ms: 0,
                marked: false,
                held: false,
                requester: None,
            },
            circumstances: Circumstances::default(),
            grants: Vec::new(),
        };
        assert!(rules.decide(&request(name, name)).is_allowed());
        assert_eq!(rules.decide(&request(name, "bo")).reason, NO_RULE);
        assert_eq!(rules.decide(&request("bo", name)).reason, NO_RULE);
    }
}

#[test]
fn tables_that_are_not_understood() {
    for (line, what) in [
        ("officer\tevidence-play\tevidence\t-\tallow", "six columns"),
        (
            "officer\tevidence-forge\tevidence\t-\tallow\tx",
            "no action",
        ),
        (
            "officer\tevidence-play\tevidence\t-\tmaybe\tx",
            "allow or deny",
        ),
        ("officer\tevidence-play\tfile\t-\tallow\tx", "no resource"),
        (
            "officer\tevidence-play\tevidence owner=me\t-\tallow\tx",
            "has no owner",
        ),
        (
            "officer\tevidence-play\tevidence\tnoon\tallow\tx",
            "no circumstance",
        ),
        (
            "officer\tevidence-play\tevidence\t.revoked\tallow\tx",
            "before its grant",
        ),
        (
            "officer\tevidence-play\tevidence\tnow=noon\tallow\tx",
            "no number",
        ),
        (
            "officer\tevidence-play\tevidence\tgrant .actions=all\tallow\tx",
            "no grant gives",
        ),
    ] {
        let bad = table::parse(&format!("# a remark\n\n{line}\n")).unwrap_err();
        assert_eq!(bad.line, 3);
        assert!(bad.to_string().contains(what), "{bad}");
    }
}
