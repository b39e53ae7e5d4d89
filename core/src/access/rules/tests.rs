#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use custos_access::{Action, Circumstances, Request, Resource, Who};
use custos_protocol::{note::Signer, suite};

use super::*;
use crate::testing::Agency;

const CLOSED: &str = r#"@id("closed") @clause("T7.1") forbid (principal, action, resource);"#;

fn note(version: u64, text: &str, by: &[&Signer]) -> String {
    let rules = AccessRules {
        suite: suite::CURRENT,
        version,
        text: text.to_owned(),
        time_ms: 0,
    };
    statement::sign(&rules, by).unwrap().to_string()
}

fn offer(agency: &Agency, note: &str) -> bool {
    agency.vault().write(|tx| take(tx, note)).unwrap()
}

/// Whether the rules in force let an officer play the own evidence.
fn open_to_officers(agency: &Agency) -> bool {
    let rules = agency.vault().read(in_force).unwrap();
    let request = Request {
        who: Who::officer("wang"),
        action: Action::EvidencePlay,
        resource: Resource::Evidence {
            officer: "wang".into(),
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
    rules.decide(&request).is_allowed()
}

fn in_version(agency: &Agency) -> u64 {
    agency.vault().read(version).unwrap()
}

#[test]
fn what_is_installed_decides_from_then_on() {
    let agency = Agency::with_people();
    assert!(open_to_officers(&agency), "the rules of this build");
    assert!(offer(&agency, &note(3, CLOSED, &[&agency.person("carla")])));
    assert!(!open_to_officers(&agency));
    let shipped = note(4, Rules::shipped_text(), &[&agency.person("carla")]);
    assert!(offer(&agency, &shipped));
    assert!(open_to_officers(&agency));
    assert_eq!(in_version(&agency), 4);
    assert_eq!(agency.kinds(), ["rules-updated", "rules-updated"]);
}

#[test]
fn older_ones_do_not_come_back() {
    let agency = Agency::with_people();
    let carla = agency.person("carla");
    let open = note(3, Rules::shipped_text(), &[&carla]);
    assert!(offer(&agency, &open));
    assert!(offer(&agency, &note(4, CLOSED, &[&carla])));
    // Replayed, and others under a number that was used.
    assert!(!offer(&agency, &open));
    assert!(!offer(&agency, &note(4, Rules::shipped_text(), &[&carla])));
    assert!(!open_to_officers(&agency));
    assert_eq!(in_version(&agency), 4);
}

#[test]
fn what_does_not_hold_is_refused_whole_and_said_once() {
    let agency = Agency::with_people();
    let (carla, dora) = (agency.person("carla"), agency.person("dora"));
    assert!(offer(&agency, &note(2, CLOSED, &[&carla])));
    let half = format!("{}\npermit (principal", Rules::shipped_text());
    let other_schema = r#"@id("x") @clause("T7.1")
        permit (principal, action == Action::"evidence-forge", resource);"#;
    let by_nobody = note(3, Rules::shipped_text(), &[&dora]);
    for bad in [
        note(3, &half, &[&carla]),
        note(3, other_schema, &[&carla]),
        note(3, "", &[&carla]),
        by_nobody.clone(),
        by_nobody.replace("evidence", "evidences"),
        "not a note".to_owned(),
    ] {
        for _ in 0..3 {
            assert!(!offer(&agency, &bad));
        }
    }
    assert!(!open_to_officers(&agency), "the old ones stay");
    assert_eq!(in_version(&agency), 2);
    let refused = |event: Event| match event {
        Event::RulesRefused { version, reason } => Some((version, reason)),
        _ => None,
    };
    let told: Vec<_> = agency.events().into_iter().filter_map(refused).collect();
    let told: Vec<_> = told.iter().map(|(v, r)| (*v, r.as_str())).collect();
    assert_eq!(
        told,
        [
            (3, "rules-syntax"),
            (3, "rules-schema"),
            (3, "rules-empty"),
            (3, "rules-signature"),
            (3, "rules-signature"),
            (0, "rules-signature"),
        ]
    );
}

#[test]
fn two_people_where_the_policy_asks_for_them() {
    let agency = Agency::with_people();
    let (carla, fred) = (agency.person("carla"), agency.person("fred"));
    agency.publish(|policy| policy.access.rules_signers = 2);
    assert!(!offer(&agency, &note(1, CLOSED, &[&carla])));
    assert!(open_to_officers(&agency));
    assert!(offer(&agency, &note(1, CLOSED, &[&carla, &fred])));
    assert!(!open_to_officers(&agency));
}

/// A build whose schema is another than that of the one that installed them.
#[test]
fn rules_that_no_longer_fit_allow_nothing() {
    let agency = Agency::with_people();
    let text = r#"@id("x") @clause("T7.1")
        permit (principal, action == Action::"evidence-of-tomorrow", resource);"#;
    let later = note(9, text, &[&agency.person("carla")]);
    agency
        .vault()
        .write(|tx| {
            tx.execute(
                "INSERT INTO access_rules (version, note, sha256) VALUES (9, ?1, ?2)",
                (&later, Hash::of(later.as_bytes()).as_bytes()),
            )?;
            Ok(())
        })
        .unwrap();
    let refused = agency.vault().read(in_force);
    assert_eq!(refused.map(drop), Err(Error::RulesInvalid));
}
