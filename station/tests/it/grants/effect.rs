//! What a grant gives at the station while it lasts, and what terminals get of it.

use custos_protocol::{api::*, grant::GrantTerms};

use super::{DAY_MS, People, application, granted, hand_in, revocation, terms};
use crate::support::{
    House, ok, refused,
    steps::{audited, get, now, stored},
};

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
