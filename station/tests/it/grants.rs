//! Grants: each step another person's, what they give at the station, what terminals get of them.

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
    steps::{self, audited, get, now, sign, stored},
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

/// One clip of case A-1, by officer lin, stored.
#[tokio::test]
async fn a_grant_gives_its_scope_while_it_lasts_and_the_register_names_it() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let mut terminal = house.terminal("t1").await;
    stored(&house, &mut terminal, "clip-1").await;
    let mia = house.person("mia", &["manager"]).await;
    let list = "/v1/admin/evidence";
    let one = "/v1/admin/evidence/clip-1";
    let file = "/v1/admin/evidence/clip-1/file";
    refused(get(&house, &mia, list).await, 403, "forbidden").await;
    granted(&house, &people, "g-1", terms("mia")).await;
    let listed: Vec<EvidenceInfo> = house.get(list, &mia.token).await;
    assert_eq!(listed.len(), 1);
    ok::<EvidenceInfo>(get(&house, &mia, one).await).await;
    assert_eq!(get(&house, &mia, file).await.status(), 200);
    for action in ["evidence-list", "evidence-show", "evidence-file"] {
        let rows = audited(&house, action).await;
        let row = rows.last().expect("a row");
        assert_eq!(
            (row.0.as_str(), row.2.as_deref()),
            ("mia", Some("g-1")),
            "{action}"
        );
    }
    // Somebody else's grant is nobody's.
    let noa = house.person("noa", &["manager"]).await;
    refused(get(&house, &noa, one).await, 403, "forbidden").await;
    // Revoked: denied from the next request on, and the register says why.
    let ended = revocation("g-1", &people.carla);
    ok::<GrantInfo>(hand_in(&house, &people.carla, "/g-1/revoke", &ended).await).await;
    let body = refused(get(&house, &mia, one).await, 403, "forbidden").await;
    assert_eq!(body.reason.as_deref(), Some("grant-revoked"));
    let none: Vec<EvidenceInfo> = house.get(list, &mia.token).await;
    assert!(none.is_empty());
    let denied = audited(&house, "access-denied").await;
    let last = denied.last().expect("a denial");
    assert_eq!(
        (last.0.as_str(), last.1.as_str(), last.2.as_deref()),
        ("mia", "clip-1", Some("evidence-metadata: grant-revoked"))
    );
}

#[tokio::test]
async fn what_a_grant_does_not_say_it_does_not_give() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let mut terminal = house.terminal("t1").await;
    stored(&house, &mut terminal, "clip-1").await;
    let one = "/v1/admin/evidence/clip-1";
    let reason = async |who: &str, terms: GrantTerms| {
        let person = house.person(who, &["manager"]).await;
        granted(&house, &people, &format!("g-{who}"), terms).await;
        let body = refused(get(&house, &person, one).await, 403, "forbidden").await;
        body.reason.expect("a reason")
    };
    let mut other_case = terms("a");
    other_case.cases = vec!["B-2".into()];
    assert_eq!(reason("a", other_case).await, "no-rule");
    let mut later = terms("b");
    later.from_ms = Some(1_700_000_000_001);
    assert_eq!(reason("b", later).await, "no-rule");
    let mut not_yet = terms("c");
    not_yet.not_before_ms = now() + DAY_MS / 2;
    assert_eq!(reason("c", not_yet).await, "grant-not-yet");
    let mut elsewhere = terms("d");
    elsewhere.terminals = vec!["t1".into()];
    assert_eq!(reason("d", elsewhere).await, "grant-other-terminal");
    let mut brief = terms("e");
    brief.expires_ms = now() + 1_500;
    let person = house.person("e", &["manager"]).await;
    granted(&house, &people, "g-e", brief).await;
    ok::<EvidenceInfo>(get(&house, &person, one).await).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    let body = refused(get(&house, &person, one).await, 403, "forbidden").await;
    assert_eq!(body.reason.as_deref(), Some("grant-expired"));
    // Not even what there is can be found out.
    let unknown = "/v1/admin/evidence/clip-9";
    let body = refused(get(&house, &person, unknown).await, 403, "forbidden").await;
    assert_eq!(body.reason.as_deref(), Some("grant-expired"));
}

/// Whoever approved it and is no approver any more has approved nothing.
#[tokio::test]
async fn a_grant_lasts_as_long_as_its_signers() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let mut terminal = house.terminal("t1").await;
    stored(&house, &mut terminal, "clip-1").await;
    let mia = house.person("mia", &["manager"]).await;
    granted(&house, &people, "g-1", terms("mia")).await;
    ok::<EvidenceInfo>(get(&house, &mia, "/v1/admin/evidence/clip-1").await).await;
    let fewer = PersonRequest {
        name: "emil".into(),
        key: people.emil.signer.verifier(),
        roles: vec![],
    };
    let _: PersonRequest = house
        .post("/v1/admin/people", &house.admin.token, &fewer)
        .await;
    let answer = get(&house, &mia, "/v1/admin/evidence/clip-1").await;
    refused(answer, 403, "forbidden").await;
    let path = "/v1/grants?officers=mia";
    let delivery: GrantDelivery = house.get(path, &terminal.token).await;
    assert!(delivery.grants.is_empty());
}

#[tokio::test]
async fn terminals_get_what_is_of_use_there() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let terminal = house.terminal("t1").await;
    let other = house.terminal("t2").await;
    let mut here = terms("lin");
    here.terminals = vec!["t1".into()];
    granted(&house, &people, "g-1", here).await;
    granted(&house, &people, "g-2", terms("wu")).await;
    let asked = application("g-3", &people.dora, terms("lin"));
    ok::<GrantInfo>(hand_in(&house, &people.dora, "", &asked).await).await;
    let trust = house.trust().await;
    let ask = async |token: &str, officers: &str| {
        let path = format!("/v1/grants?officers={officers}");
        let delivery: GrantDelivery = house.get(&path, token).await;
        let open =
            |grant: &custos_protocol::grant::SignedGrant| grant.open(&trust).expect("whole").id;
        let ids: Vec<_> = delivery.grants.iter().map(open).collect();
        (ids, delivery.revocations.len())
    };
    assert_eq!(ask(&terminal.token, "lin").await, (vec!["g-1".into()], 0));
    assert_eq!(ask(&other.token, "lin").await, (vec![], 0));
    assert_eq!(ask(&other.token, "").await, (vec![], 0));
    let both = ask(&terminal.token, "lin,wu").await.0;
    assert_eq!(both, ["g-1", "g-2"]);
    let ended = revocation("g-1", &people.carla);
    ok::<GrantInfo>(hand_in(&house, &people.carla, "/g-1/revoke", &ended).await).await;
    assert_eq!(ask(&terminal.token, "lin").await, (vec![], 1));
    let answer = get(&house, &people.dora, "/v1/grants?officers=lin").await;
    refused(answer, 403, "forbidden").await;
}

#[tokio::test]
async fn a_long_poll_ends_when_a_grant_is_set_or_revoked() {
    let house = House::new().await;
    let people = People::of(&house).await;
    let terminal = house.terminal("t1").await;
    let first: DirectiveList = house.get("/v1/directives", &terminal.token).await;
    let path = format!("/v1/directives?wait=50&changes={}", first.changes);
    let waiting = house.get::<DirectiveList>(&path, &terminal.token);
    let granting = granted(&house, &people, "g-1", terms("lin"));
    let both = async { tokio::join!(waiting, granting) };
    let limit = std::time::Duration::from_secs(30);
    let (list, _) = tokio::time::timeout(limit, both).await.expect("answered");
    assert!(list.changes > first.changes && list.directives.is_empty());
}
