//! Access rules: published by device management, validated before they are kept, in force at once.

use custos_access::Rules;
use custos_protocol::{
    api::{AuditItem, EvidenceInfo, Info, JournalPage, JournalReply, NoteBody, RulesInfo},
    journal::Event,
    note::Signer,
    policy::{AccessPolicy, Policy},
    rules::AccessRules,
    statement, suite,
};
use reqwest::{Method, Response};

use super::support::{House, Person, ok, refused};

const CLOSED: &str = r#"@id("closed") @clause("T7.1") forbid (principal, action, resource);"#;

fn signed(version: u64, text: &str, by: &[&Signer]) -> String {
    let rules = AccessRules {
        suite: suite::CURRENT,
        version,
        text: text.to_owned(),
        time_ms: 0,
    };
    statement::sign(&rules, by).expect("a note").to_string()
}

async fn publish(house: &House, by: &Person, note: &str) -> Response {
    let body = NoteBody { note: note.into() };
    let request = house.request(Method::POST, "/v1/admin/rules", &by.token);
    request.json(&body).send().await.expect("answer")
}

async fn list_evidence(house: &House, by: &Person) -> Response {
    let request = house.request(Method::GET, "/v1/admin/evidence", &by.token);
    request.send().await.expect("answer")
}

#[tokio::test]
async fn what_is_published_decides_at_once_and_after_a_restart() {
    let house = House::new().await;
    let admin = &house.admin;
    ok::<Vec<EvidenceInfo>>(list_evidence(&house, admin).await).await;
    let terminal = house.terminal("t1").await;
    let request = house.request(Method::GET, "/v1/rules", &terminal.token);
    refused(request.send().await.expect("answer"), 404, "not-found").await;
    let info: RulesInfo =
        ok(publish(&house, admin, &signed(1, CLOSED, &[&admin.signer])).await).await;
    assert_eq!((info.version, info.missing), (1, 0));
    let body = refused(list_evidence(&house, admin).await, 403, "forbidden").await;
    assert_eq!(body.reason.as_deref(), Some("closed"));
    let station: Info = house.get("/v1/info", "").await;
    assert_eq!(station.rules_version, 1);
    let request = house.request(Method::GET, "/v1/rules", &terminal.token);
    let note = request
        .send()
        .await
        .expect("answer")
        .text()
        .await
        .expect("text");
    let opened = AccessRules::open(&note, &house.trust().await, 1).expect("rules");
    assert_eq!(opened.text, CLOSED);

    let house = house.restart_hard().await;
    let admin = &house.admin;
    refused(list_evidence(&house, admin).await, 403, "forbidden").await;
    // Rules that lock everybody out can be replaced.
    let shipped = signed(2, Rules::shipped_text(), &[&admin.signer]);
    ok::<RulesInfo>(publish(&house, admin, &shipped).await).await;
    ok::<Vec<EvidenceInfo>>(list_evidence(&house, admin).await).await;
    // The older ones again.
    let replayed = signed(1, CLOSED, &[&admin.signer]);
    refused(
        publish(&house, admin, &replayed).await,
        409,
        "rules-version",
    )
    .await;
    let again = signed(2, CLOSED, &[&admin.signer]);
    refused(publish(&house, admin, &again).await, 409, "rules-version").await;
    ok::<Vec<EvidenceInfo>>(list_evidence(&house, admin).await).await;
    let audit: Vec<AuditItem> = house.get("/v1/admin/audit", &admin.token).await;
    let published = audit.iter().filter(|row| row.action == "rules-published");
    assert_eq!(published.count(), 2);
}

#[tokio::test]
async fn what_does_not_hold_is_not_kept() {
    let house = House::new().await;
    let admin = &house.admin;
    let clerk = house.person("clerk", &["evidence", "approver"]).await;
    let carl = house.person("carl", &["device"]).await;
    let good = signed(1, CLOSED, &[&clerk.signer]);
    refused(publish(&house, &clerk, &good).await, 403, "forbidden").await;
    for (note, code, reason) in [
        (good, "rules-signature", "signature"),
        // Of somebody who may, handed in by another.
        (
            signed(1, CLOSED, &[&carl.signer]),
            "rules-signature",
            "other-signer",
        ),
        (
            signed(1, CLOSED, &[&admin.signer, &clerk.signer]),
            "rules-signature",
            "signature",
        ),
        (signed(0, CLOSED, &[&admin.signer]), "rules-range", "range"),
        (
            signed(1, "permit (principal", &[&admin.signer]),
            "rules-invalid",
            "rules-syntax",
        ),
        (
            signed(
                1,
                r#"@id("x") @clause("T1") permit (principal, action == Action::"x", resource);"#,
                &[&admin.signer],
            ),
            "rules-invalid",
            "rules-schema",
        ),
        ("rubbish".to_owned(), "rules-signature", "signature"),
    ] {
        let body = refused(publish(&house, admin, &note).await, 422, code).await;
        assert_eq!(body.reason.as_deref(), Some(reason));
    }
    let all: Vec<RulesInfo> = house.get("/v1/admin/rules", &admin.token).await;
    assert!(all.is_empty());
    ok::<Vec<EvidenceInfo>>(list_evidence(&house, admin).await).await;
}

#[tokio::test]
async fn two_people_where_the_policy_asks_for_them() {
    let house = House::new().await;
    let admin = &house.admin;
    let carl = house.person("carl", &["device"]).await;
    let trust = house.trust().await;
    let policy = Policy::open(&house.text("/v1/policy").await, &trust).expect("policy");
    let policy = Policy {
        version: 2,
        access: AccessPolicy {
            rules_signers: 2,
            ..AccessPolicy::default()
        },
        ..policy
    };
    let _: Policy = house.post("/v1/admin/policy", &admin.token, &policy).await;
    let one = signed(1, CLOSED, &[&admin.signer]);
    let info: RulesInfo = ok(publish(&house, admin, &one).await).await;
    assert_eq!((info.missing, info.signed_by.len()), (1, 1));
    // Not in force, for nobody.
    ok::<Vec<EvidenceInfo>>(list_evidence(&house, admin).await).await;
    let station: Info = house.get("/v1/info", "").await;
    assert_eq!(station.rules_version, 0);
    let twice = publish(&house, admin, &one).await;
    assert_eq!(ok::<RulesInfo>(twice).await.missing, 1, "one person is one");
    let both = signed(1, CLOSED, &[&admin.signer, &carl.signer]);
    let info: RulesInfo = ok(publish(&house, &carl, &both).await).await;
    assert_eq!(info.missing, 0);
    refused(list_evidence(&house, admin).await, 403, "forbidden").await;
}

#[tokio::test]
async fn journals_are_read_by_who_supervises() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    terminal.write(&Event::Unlocked {});
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let eve = house.person("eve", &["supervisor"]).await;
    let path = "/v1/admin/terminals/t1/journal";
    let page: JournalPage = house.get(path, &eve.token).await;
    assert_eq!((page.entries, page.size), (terminal.entries.clone(), 1));
    assert!(page.checkpoint.is_some());
    let rest: JournalPage = house.get(&format!("{path}?from=1"), &eve.token).await;
    assert!(rest.entries.is_empty());
    // Device management manages devices.
    let carl = house.person("carl", &["device"]).await;
    let request = house.request(Method::GET, path, &carl.token);
    refused(request.send().await.expect("answer"), 403, "forbidden").await;
    let request = house.request(Method::GET, "/v1/admin/terminals/t9/journal", &eve.token);
    refused(request.send().await.expect("answer"), 404, "not-found").await;
    let audit: Vec<AuditItem> = house.get("/v1/admin/audit", &eve.token).await;
    let read = |row: &&AuditItem| row.action == "journal-read" && row.person == "eve";
    assert_eq!(audit.iter().filter(read).count(), 2);
    assert!(
        audit
            .iter()
            .any(|row| row.action == "access-denied" && row.person == "carl")
    );
    let dan = house.person("dan", &["manager"]).await;
    let request = house.request(Method::GET, "/v1/admin/audit", &dan.token);
    refused(request.send().await.expect("answer"), 403, "forbidden").await;
}
