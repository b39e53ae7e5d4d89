//! Grants: each step another person's; `effect`: what they give at the station, and what terminals
//! get of them.

mod effect;

use custos_protocol::{
    api::*,
    grant::{
        GrantAction, GrantApplication, GrantApproval, GrantRevocation, GrantSetting, GrantTerms,
    },
    note::Note,
    suite,
};
use reqwest::{Method, Response};

use super::support::{
    House, Person, ok, refused,
    steps::{self, audited, get, now, sign},
};

const DAY_MS: i64 = 86_400_000;

pub(crate) struct People {
    pub(crate) dora: Person,
    pub(crate) emil: Person,
    pub(crate) carla: Person,
}

impl People {
    pub(crate) async fn of(house: &House) -> Self {
        Self {
            dora: house.person("dora", &["manager"]).await,
            emil: house.person("emil", &["approver"]).await,
            carla: house.person("carla", &["device"]).await,
        }
    }
}

pub(crate) fn terms(grantee: &str) -> GrantTerms {
    GrantTerms {
        grantee: grantee.into(),
        actions: GrantAction::ALL.to_vec(),
        departments: vec![],
        cases: vec!["A-1".into()],
        officers: vec![],
        from_ms: None,
        to_ms: None,
        purpose: "inquiry".into(),
        not_before_ms: now() - DAY_MS,
        expires_ms: now() + DAY_MS,
        terminals: vec![],
    }
}

fn note(text: &str) -> Note {
    text.parse().expect("a note")
}

pub(crate) fn application(id: &str, by: &Person, terms: GrantTerms) -> String {
    let application = GrantApplication {
        suite: suite::CURRENT,
        id: id.into(),
        applicant: by.name.clone(),
        terms,
        time_ms: now(),
    };
    sign(&application, &by.signer)
}

pub(crate) fn approval(application: &str, by: &Person, terms: Option<GrantTerms>) -> String {
    let approval = GrantApproval::new(&note(application), &by.name, terms, now());
    sign(&approval.expect("approval"), &by.signer)
}

fn setting(approval: &str, by: &Person) -> String {
    let setting = GrantSetting::new(&note(approval), &by.name, now());
    sign(&setting.expect("setting"), &by.signer)
}

pub(crate) fn revocation(id: &str, by: &Person) -> String {
    let revocation = GrantRevocation {
        suite: suite::CURRENT,
        id: id.into(),
        by: by.name.clone(),
        reason: "closed".into(),
        time_ms: now(),
    };
    sign(&revocation, &by.signer)
}

pub(crate) async fn hand_in(house: &House, by: &Person, path: &str, note: &str) -> Response {
    steps::hand_in(house, by, &format!("/v1/admin/grants{path}"), note).await
}

/// A grant that three people have made.
pub(crate) async fn granted(
    house: &House,
    people: &People,
    id: &str,
    terms: GrantTerms,
) -> GrantInfo {
    let asked = application(id, &people.dora, terms);
    let info: GrantInfo = ok(hand_in(house, &people.dora, "", &asked).await).await;
    assert_eq!(info.state, GrantState::Applied);
    let approved = approval(&asked, &people.emil, None);
    let path = format!("/{id}/approve");
    let info: GrantInfo = ok(hand_in(house, &people.emil, &path, &approved).await).await;
    assert_eq!(info.state, GrantState::Approved);
    let set = setting(&approved, &people.carla);
    ok(hand_in(house, &people.carla, &format!("/{id}/set"), &set).await).await
}

#[tokio::test]
async fn three_people_make_a_grant_and_two_can_end_it() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let info = granted(&house, &people, "g-1", terms("lin")).await;
    assert_eq!(info.state, GrantState::InForce);
    let names = [Some(info.applicant), info.approver, info.setter];
    assert_eq!(names, ["dora", "emil", "carla"].map(|n| Some(n.to_owned())));
    // Sent again: the same, whatever the answer was lost to.
    let set = info.setting.expect("set");
    let again: GrantInfo = ok(hand_in(&house, &people.carla, "/g-1/set", &set).await).await;
    assert_eq!(again.state, GrantState::InForce);
    let ended = revocation("g-1", &people.emil);
    let info: GrantInfo = ok(hand_in(&house, &people.emil, "/g-1/revoke", &ended).await).await;
    assert_eq!(info.state, GrantState::Revoked);
    assert_eq!(info.revoke_reason.as_deref(), Some("closed"));
    for (action, person) in [
        ("grant-applied", "dora"),
        ("grant-approved", "emil"),
        ("grant-set", "carla"),
        ("grant-revoked", "emil"),
    ] {
        let rows = audited(&house, action).await;
        assert_eq!(
            rows,
            [(person.to_owned(), "g-1".to_owned(), None)],
            "{action}"
        );
    }
    // A grant that is over is not set again.
    refused(
        hand_in(
            &house,
            &people.carla,
            "/g-1/set",
            &revocation("g-1", &people.carla),
        )
        .await,
        409,
        "grant-state",
    )
    .await;
}

#[tokio::test]
async fn nobody_takes_two_steps_or_decides_on_the_own_grant() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let both = house
        .person("both", &["manager", "approver", "device"])
        .await;
    // The applicant approves; the approver sets.
    let asked = application("g-1", &both, terms("lin"));
    ok::<GrantInfo>(hand_in(&house, &both, "", &asked).await).await;
    let own = approval(&asked, &both, None);
    let answer = hand_in(&house, &both, "/g-1/approve", &own).await;
    refused(answer, 422, "grant-same-person").await;
    let asked = application("g-2", &people.dora, terms("lin"));
    ok::<GrantInfo>(hand_in(&house, &people.dora, "", &asked).await).await;
    let approved = approval(&asked, &both, None);
    ok::<GrantInfo>(hand_in(&house, &both, "/g-2/approve", &approved).await).await;
    let answer = hand_in(&house, &both, "/g-2/set", &setting(&approved, &both)).await;
    refused(answer, 422, "grant-same-person").await;
    // Whom it is for.
    let asked = application("g-3", &people.dora, terms("emil"));
    ok::<GrantInfo>(hand_in(&house, &people.dora, "", &asked).await).await;
    let own = approval(&asked, &people.emil, None);
    let answer = hand_in(&house, &people.emil, "/g-3/approve", &own).await;
    refused(answer, 422, "grant-own").await;
    let rows = audited(&house, "grant-refused").await;
    let details: Vec<_> = rows.iter().filter_map(|row| row.2.as_deref()).collect();
    assert_eq!(
        details,
        [
            "grant-approve: same-person",
            "grant-set: same-person",
            "grant-approve: own-grant"
        ]
    );
}

/// The same key registered under two names is refused; one person with two keys is two people to
/// the trust set, which device management answers for.
#[tokio::test]
async fn one_key_is_one_person() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let request = PersonRequest {
        name: "dora-too".into(),
        key: people.dora.signer.verifier(),
        roles: vec!["approver".into()],
    };
    let request = house
        .request(Method::POST, "/v1/admin/people", &house.admin.token)
        .json(&request);
    let answer = request.send().await.expect("answer");
    assert!(answer.status().is_client_error());
}

#[tokio::test]
async fn only_the_right_role_and_the_own_signature() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let (dora, emil, carla) = (&people.dora, &people.emil, &people.carla);
    let by_superior = application("g-1", emil, terms("lin"));
    refused(
        hand_in(&house, emil, "", &by_superior).await,
        422,
        "grant-wrong-role",
    )
    .await;
    // In another's name, and another's note.
    let asked = application("g-1", dora, terms("lin"));
    refused(
        hand_in(&house, emil, "", &asked).await,
        422,
        "grant-other-signer",
    )
    .await;
    let forged = asked.replace("\"grantee\":\"lin\"", "\"grantee\":\"wu\"");
    refused(
        hand_in(&house, dora, "", &forged).await,
        422,
        "grant-signature",
    )
    .await;
    let mut everything = terms("lin");
    everything.cases = vec![];
    let unbounded = application("g-1", dora, everything);
    let body = refused(
        hand_in(&house, dora, "", &unbounded).await,
        422,
        "grant-terms",
    )
    .await;
    assert_eq!(body.reason.as_deref(), Some("scope"));
    ok::<GrantInfo>(hand_in(&house, dora, "", &asked).await).await;
    let other = application("g-1", dora, terms("wu"));
    refused(hand_in(&house, dora, "", &other).await, 409, "grant-exists").await;

    // More than was applied for, or on something else.
    let mut wider = terms("lin");
    wider.expires_ms += DAY_MS;
    let widened = approval(&asked, emil, Some(wider));
    let answer = hand_in(&house, emil, "/g-1/approve", &widened).await;
    refused(answer, 422, "grant-widened").await;
    let of_other = approval(&other, emil, None);
    let answer = hand_in(&house, emil, "/g-1/approve", &of_other).await;
    refused(answer, 422, "grant-other-step").await;
    let by_manager = approval(&asked, dora, None);
    let answer = hand_in(&house, dora, "/g-1/approve", &by_manager).await;
    refused(answer, 422, "grant-wrong-role").await;
    // Set before it is approved.
    let approved = approval(&asked, emil, None);
    let early = setting(&approved, carla);
    refused(
        hand_in(&house, carla, "/g-1/set", &early).await,
        409,
        "grant-state",
    )
    .await;
    ok::<GrantInfo>(hand_in(&house, emil, "/g-1/approve", &approved).await).await;
    // A second approval does not take the place of the first.
    let mut narrower = terms("lin");
    narrower.actions = vec![GrantAction::EvidenceList];
    let second = approval(&asked, emil, Some(narrower));
    let answer = hand_in(&house, emil, "/g-1/approve", &second).await;
    assert!(answer.status().is_client_error());
    let answer = hand_in(&house, carla, "/g-2/set", &early).await;
    refused(answer, 404, "not-found").await;
    // Managers do not revoke.
    let ended = revocation("g-1", dora);
    refused(
        hand_in(&house, dora, "/g-1/revoke", &ended).await,
        422,
        "grant-wrong-role",
    )
    .await;
    // Who has nothing to do with grants sees those that are given, and no others.
    let clerk = house.person("clerk", &["evidence"]).await;
    let none: Vec<GrantInfo> = house.get("/v1/admin/grants", &clerk.token).await;
    assert!(none.is_empty());
    refused(
        get(&house, &clerk, "/v1/admin/grants/g-1").await,
        404,
        "not-found",
    )
    .await;
    let all: Vec<GrantInfo> = house.get("/v1/admin/grants", &carla.token).await;
    assert_eq!(all.len(), 1);
}
