//! What staff may do with terminals, people and settings is for the access rules to say, in force
//! as they are; a denial is in the register before it is told.

use custos_protocol::{api::*, directive::Action, policy::Policy, rules::AccessRules, suite};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{
    House, Person, refused,
    steps::{audited, get, hand_in, now, sign},
};

/// What staff ask for, and the action that it is to the rules.
async fn asks(house: &House) -> Vec<(Method, &'static str, Value, &'static str)> {
    let policy = house.text("/v1/policy").await;
    let policy: custos_protocol::note::Note = policy.parse().expect("a note");
    let policy: Policy = custos_protocol::statement::read_unverified(&policy).expect("a policy");
    let draft = |action| json!({"terminal": "t1", "action": action, "reason": "lost"});
    let people = "/v1/admin/people";
    let zoe = json!({"name": "zoe", "key": house.admin.signer.verifier(), "roles": []});
    let drafts = "/v1/admin/directives/draft";
    vec![
        (
            Method::GET,
            "/v1/admin/terminals",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::GET,
            "/v1/admin/terminals/t1",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::GET,
            "/v1/admin/terminals/t9",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::GET,
            "/v1/admin/directives",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::GET,
            "/v1/admin/directives/d-9",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::GET,
            "/v1/admin/directives/d-9/acks",
            Value::Null,
            "terminal-view",
        ),
        (
            Method::POST,
            "/v1/admin/tickets",
            json!({}),
            "terminal-provision",
        ),
        (Method::POST, drafts, draft("lock"), "terminal-lock"),
        (Method::POST, drafts, draft("unlock"), "terminal-unlock"),
        (Method::POST, drafts, draft("wipe"), "terminal-wipe"),
        (Method::POST, people, zoe, "person-register"),
        (
            Method::POST,
            "/v1/admin/policy",
            json!(policy),
            "settings-publish",
        ),
    ]
}

async fn denied(house: &House, by: &Person, reason: &str) {
    let before = audited(house, "access-denied").await.len();
    let asks = asks(house).await;
    for (method, path, body, action) in &asks {
        let mut request = house.request(method.clone(), path, &by.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.expect("answer");
        let told = refused(answer, 403, "forbidden").await;
        assert_eq!(told.reason.as_deref(), Some(reason), "{path}: {action}");
    }
    let rows = audited(house, "access-denied").await;
    let details = rows[before..].iter().filter_map(|row| row.2.clone());
    let expected = asks.iter().map(|ask| format!("{}: {reason}", ask.3));
    assert_eq!(details.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_role_that_has_no_part_in_it() {
    let house = House::new().await;
    house.terminal("t1").await;
    for role in ["pack", "manager", "evidence", "approver"] {
        let person = house.person(&format!("p-{role}"), &[role]).await;
        denied(&house, &person, "no-rule").await;
    }
}

/// What a second role forbids, the first does not allow.
#[tokio::test]
async fn auditors_change_nothing_whatever_else_they_are() {
    let house = House::new().await;
    house.terminal("t1").await;
    let both = house
        .person("both", &["auditor", "device", "directive"])
        .await;
    for (method, path, body, action) in asks(&house).await {
        let mut request = house.request(method, path, &both.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("answer");
        if action == "terminal-view" {
            assert!([200, 404].contains(&answer.status().as_u16()), "{path}");
        } else {
            let told = refused(answer, 403, "forbidden").await;
            assert_eq!(
                told.reason.as_deref(),
                Some("auditors-change-nothing"),
                "{path}"
            );
        }
    }
    // Nor by signing what others have drafted.
    let terminal = house.terminal("t2").await;
    let draft = house.draft(&terminal, Action::Lock).await;
    let note = sign(&draft, &both.signer);
    let answer = hand_in(&house, &both, "/v1/admin/directives", &note).await;
    refused(answer, 403, "forbidden").await;
    let path = format!("/v1/admin/directives/{}/sign", draft.id);
    refused(hand_in(&house, &both, &path, &note).await, 403, "forbidden").await;
}

/// An agency that lets one person see terminals and nobody give out tickets says so in its rules,
/// without a new program; and takes it back the same way.
#[tokio::test]
async fn rules_that_were_published_decide() {
    let house = House::new().await;
    house.terminal("t1").await;
    let pat = house.person("pat", &["pack"]).await;
    let admin = &house.admin;
    let publish = async |version, more: &str| {
        let rules = AccessRules {
            suite: suite::CURRENT,
            version,
            text: format!("{}{more}", custos_access::Rules::shipped_text()),
            time_ms: now(),
        };
        let note = sign(&rules, &admin.signer);
        let answer = hand_in(&house, admin, "/v1/admin/rules", &note).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    };
    let ticket = async || {
        let request = house.request(Method::POST, "/v1/admin/tickets", &admin.token);
        request.json(&json!({})).send().await.expect("answer")
    };
    let (all, one) = ("/v1/admin/terminals", "/v1/admin/terminals/t1");
    publish(
        1,
        r#"
        @id("pat-sees-t1") @clause("T9.1")
        permit (principal == Person::"pat", action == Action::"terminal-view",
            resource == Terminal::"t1");
        @id("no-tickets") @clause("T4.2")
        forbid (principal, action == Action::"terminal-provision", resource);
        "#,
    )
    .await;
    let info: TerminalInfo = super::support::ok(get(&house, &pat, one).await).await;
    assert_eq!(info.id, "t1");
    refused(get(&house, &pat, all).await, 403, "forbidden").await;
    let told = refused(ticket().await, 403, "forbidden").await;
    assert_eq!(told.reason.as_deref(), Some("no-tickets"));
    publish(2, "").await;
    refused(get(&house, &pat, one).await, 403, "forbidden").await;
    assert_eq!(ticket().await.status(), 200);
}
