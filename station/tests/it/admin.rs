//! People, policy, terminals and the registers of what staff did.

use custos_protocol::{api::*, key::SigningKey, note::Signer, policy::Policy, trust::TrustSet};
use reqwest::{Method, Response};

use super::support::{AGENCY, House, ok, refused};

async fn post(house: &House, path: &str, token: &str, body: &impl serde::Serialize) -> Response {
    house
        .request(Method::POST, path, token)
        .json(body)
        .send()
        .await
        .expect("answer")
}

fn person(name: &str, roles: &[&str]) -> (PersonRequest, Signer) {
    let key = SigningKey::generate().expect("random");
    let signer = Signer::new(&TrustSet::person_key_name(AGENCY, name), key).expect("signer");
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    (
        PersonRequest {
            name: name.to_owned(),
            key: signer.verifier(),
            roles,
        },
        signer,
    )
}

#[tokio::test]
async fn people_come_and_go_in_versions_of_the_trust_set() {
    let house = House::new().await;
    let first = house.trust().await;
    let clerk = house.person("clerk", &["evidence"]).await;
    let note = house.text("/v1/trust/2").await;
    let second = first.update(&note).expect("follows");
    assert_eq!(second.person("clerk").expect("clerk").roles, ["evidence"]);
    assert_eq!(house.text("/v1/trust").await, note);
    assert_eq!(
        TrustSet::open(&house.text("/v1/trust/1").await).expect("kept"),
        first
    );
    let token = &house.admin.token;
    let people: Vec<PersonRequest> = house.get("/v1/admin/people", token).await;
    assert_eq!(
        people.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["admin", "clerk"]
    );
    // The same key for two, a key named otherwise, an unknown role, nobody left: refused.
    let (mut twin, _) = person("twin", &["directive"]);
    let raw = *clerk.signer.verifier().key();
    let name = TrustSet::person_key_name(AGENCY, "twin");
    twin.key =
        custos_protocol::note::Verifier::new(&name, custos_protocol::note::Algorithm::Ed25519, raw)
            .expect("verifier");
    let path = "/v1/admin/people";
    refused(post(&house, path, token, &twin).await, 409, "key-taken").await;
    let (mut named, _) = person("named", &[]);
    named.name = "other".to_owned();
    refused(post(&house, path, token, &named).await, 400, "bad-request").await;
    refused(
        post(&house, path, token, &person("x", &["god"]).0).await,
        400,
        "bad-request",
    )
    .await;
    refused(
        post(&house, path, token, &person("admin", &[]).0).await,
        409,
        "last-administrator",
    )
    .await;
    refused(
        post(&house, path, &clerk.token, &person("y", &[]).0).await,
        403,
        "forbidden",
    )
    .await;
    // Roles taken away count at once, in sessions that exist.
    let _: Vec<EvidenceInfo> = house.get("/v1/admin/evidence", &clerk.token).await;
    let fewer = PersonRequest {
        name: "clerk".into(),
        key: clerk.signer.verifier(),
        roles: vec![],
    };
    ok::<PersonRequest>(post(&house, path, token, &fewer).await).await;
    let response = house
        .request(Method::GET, "/v1/admin/evidence", &clerk.token)
        .send()
        .await;
    refused(response.expect("answer"), 403, "forbidden").await;
    assert_eq!(house.trust().await.version, 3);
}

#[tokio::test]
async fn policies_follow_one_another() {
    let house = House::new().await;
    let trust = house.trust().await;
    let mut policy = Policy::open(&house.text("/v1/policy").await, &trust).expect("policy");
    let (path, token) = ("/v1/admin/policy", &house.admin.token);
    refused(
        post(&house, path, token, &policy).await,
        409,
        "policy-version",
    )
    .await;
    policy.version = 2;
    let reckless = Policy {
        pin_min_length: 0,
        ..policy.clone()
    };
    refused(
        post(&house, path, token, &reckless).await,
        400,
        "bad-request",
    )
    .await;
    policy.local_retention_days = 30;
    let published: Policy = ok(post(&house, path, token, &policy).await).await;
    assert_eq!((published.version, published.local_retention_days), (2, 30));
    let note = house.text("/v1/policy").await;
    assert_eq!(Policy::open(&note, &trust).expect("policy"), published);
    let info: Info = house.get("/v1/info", "").await;
    assert_eq!((info.policy_version, info.trust_version), (2, 1));
    let clerk = house.person("clerk", &["directive", "evidence"]).await;
    refused(
        post(&house, path, &clerk.token, &policy).await,
        403,
        "forbidden",
    )
    .await;
}

#[tokio::test]
async fn terminals_are_listed_and_every_act_is_on_record() {
    let house = House::new().await;
    let mut one = house.terminal("t1").await;
    house.terminal("t2").await;
    one.write(&custos_protocol::journal::Event::Unlocked {});
    ok::<JournalReply>(one.send(&house, &one.append_from(0)).await).await;
    let token = &house.admin.token;
    let all: Vec<TerminalInfo> = house.get("/v1/admin/terminals", token).await;
    assert_eq!(
        all.iter().map(|t| t.id.as_str()).collect::<Vec<_>>(),
        ["t1", "t2"]
    );
    let shown: TerminalInfo = house.get("/v1/admin/terminals/t1", token).await;
    assert_eq!((shown.epoch, shown.journal_size, shown.evidence), (1, 1, 0));
    assert_eq!(shown.journal_key, one.signer.verifier());
    let response = house
        .request(Method::GET, "/v1/admin/terminals/t3", token)
        .send()
        .await;
    refused(response.expect("answer"), 404, "not-found").await;
    let audit: Vec<AuditItem> = house.get("/v1/admin/audit", token).await;
    let acts: Vec<_> = audit
        .iter()
        .rev()
        .map(|r| (r.person.as_str(), r.action.as_str(), r.subject.as_str()))
        .collect();
    assert_eq!(
        acts,
        [
            ("admin", "ticket-new", "t1"),
            ("terminal:t1", "enrolled", "t1"),
            ("admin", "ticket-new", "t2"),
            ("terminal:t2", "enrolled", "t2"),
        ]
    );
    let before = &audit[1].id;
    let page: Vec<AuditItem> = house
        .get(&format!("/v1/admin/audit?before={before}"), token)
        .await;
    assert_eq!(page.len(), 2);
}

#[tokio::test]
async fn bad_requests_tell_nothing_back() {
    let house = House::new().await;
    let token = &house.admin.token;
    let secret = "very-personal-words";
    for (method, path, body) in [
        (
            Method::POST,
            "/v1/admin/tickets",
            format!("{{\"terminal\": \"{secret}"),
        ),
        (
            Method::POST,
            "/v1/admin/tickets",
            format!("{{\"terminal\": \"a b {secret}\"}}"),
        ),
        (Method::POST, "/v1/session", format!("{{\"{secret}\": 1}}")),
        (
            Method::GET,
            "/v1/admin/audit?before=very-personal-words",
            String::new(),
        ),
        (Method::GET, "/v1/trust/very-personal-words", String::new()),
        (Method::GET, "/very-personal-words", String::new()),
        (Method::PUT, "/v1/info?very-personal-words", String::new()),
    ] {
        let response = house.request(method, path, token).body(body).send().await;
        let response = response.expect("answer");
        assert!(response.status().is_client_error());
        let text = response.text().await.expect("text");
        assert!(
            !text.contains(secret) && text.starts_with("{\"error\":"),
            "{text}"
        );
    }
    let large = vec![b' '; 300 << 10];
    let response = house
        .request(Method::POST, "/v1/admin/tickets", token)
        .body(large)
        .send()
        .await;
    refused(response.expect("answer"), 413, "too-large").await;
}
