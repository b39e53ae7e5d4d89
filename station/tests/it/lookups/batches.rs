//! Several numbers in one call: the entries say so, and name a grant, which the station holds itself.

use custos_protocol::{
    api::{ErrorBody, GrantInfo, LookupAudit},
    grant::{GrantAction, GrantTerms},
    lookup::ask::{LookupReply, LookupRequest},
    policy::LookupPolicy,
};

use super::scene::{Asks, alarms, ask, house, limit, now_ms, register};
use crate::{
    grants::{self, People, granted, hand_in, revocation},
    support::{House, Terminal, ok, refused},
};

fn terms(officer: &str) -> GrantTerms {
    GrantTerms {
        actions: vec![GrantAction::LookupBatch],
        cases: vec![],
        ..grants::terms(officer)
    }
}

/// One of a batch by the officer of [`Asks`], with this grant.
fn of_batch<'a>(lookup: &'a str, plate: &str, grant: Option<&'a str>) -> Asks<'a> {
    Asks {
        batch: Some("batch-1"),
        grant,
        ..Asks::about(lookup, plate)
    }
}

async fn is_refused(
    house: &House,
    terminal: &Terminal,
    request: &LookupRequest,
    (code, reason): (&str, &str),
) {
    let body: ErrorBody = refused(ask(house, terminal, request).await, 403, code).await;
    assert_eq!(body.reason.as_deref(), Some(reason), "{request:?}");
}

#[tokio::test]
async fn a_batch_by_a_grant_is_answered_and_registered() {
    let (house, mut terminal) = house().await;
    let people = People::of(&house).await;
    granted(&house, &people, "g-1", terms("lin")).await;
    for (lookup, plate) in [("lookup-1", "京A12345"), ("lookup-2", "京A54321")] {
        let asks = of_batch(lookup, plate, Some("g-1"));
        let request = asks.sent(&house, &mut terminal).await;
        let reply: LookupReply = ok(ask(&house, &terminal, &request).await).await;
        assert_eq!(reply.records.len(), 1);
        assert!(reply.records[0].fields[0].value.contains('*'), "masked");
    }
    let alone = Asks::about("lookup-3", "京A12345")
        .sent(&house, &mut terminal)
        .await;
    let _: LookupReply = ok(ask(&house, &terminal, &alone).await).await;
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    let by: Vec<_> = all
        .iter()
        .rev()
        .map(|item| (&*item.lookup, item.batch.as_deref(), item.grant.as_deref()))
        .collect();
    assert_eq!(
        by,
        [
            ("lookup-1", Some("batch-1"), Some("g-1")),
            ("lookup-2", Some("batch-1"), Some("g-1")),
            ("lookup-3", None, None)
        ]
    );
    assert!(alarms(&house).await.is_empty());
}

/// Whatever a terminal has let through: the station goes by what it holds.
#[tokio::test]
async fn the_station_looks_at_the_grant_itself() {
    let (house, mut terminal) = house().await;
    let people = People::of(&house).await;
    granted(&house, &people, "g-good", terms("lin")).await;
    granted(&house, &people, "g-other", terms("wang")).await;
    let elsewhere = GrantTerms {
        terminals: vec!["cam-08".into()],
        ..terms("lin")
    };
    granted(&house, &people, "g-elsewhere", elsewhere).await;
    let wildcard = GrantTerms {
        actions: vec![GrantAction::LookupWildcard],
        ..terms("lin")
    };
    granted(&house, &people, "g-wildcard", wildcard).await;
    let early = GrantTerms {
        not_before_ms: now_ms() + 60_000,
        ..terms("lin")
    };
    granted(&house, &people, "g-early", early).await;
    let brief = GrantTerms {
        expires_ms: now_ms() + 1_500,
        ..terms("lin")
    };
    granted(&house, &people, "g-expired", brief).await;
    granted(&house, &people, "g-revoked", terms("lin")).await;
    let ended = revocation("g-revoked", &people.emil);
    let _: GrantInfo = ok(hand_in(&house, &people.emil, "/g-revoked/revoke", &ended).await).await;
    // Applied for, and no more.
    let asked = grants::application("g-applied", &people.dora, terms("lin"));
    let _: GrantInfo = ok(hand_in(&house, &people.dora, "", &asked).await).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;

    let cases = [
        // With a good one at hand it has to be named: the register says by which it was.
        (None, "no-rule"),
        (Some("g-nowhere"), "no-rule"),
        (Some("g-applied"), "no-rule"),
        (Some("g-other"), "no-rule"),
        (Some("g-wildcard"), "no-rule"),
        (Some("g-elsewhere"), "grant-other-terminal"),
        (Some("g-early"), "grant-not-yet"),
        (Some("g-expired"), "grant-expired"),
        (Some("g-revoked"), "grant-revoked"),
    ];
    for (number, (grant, reason)) in cases.into_iter().enumerate() {
        let lookup = format!("lookup-{number}");
        let asks = of_batch(&lookup, "京A12345", grant);
        let request = asks.sent(&house, &mut terminal).await;
        is_refused(&house, &terminal, &request, ("lookup-needs-grant", reason)).await;
        // Refused stays refused.
        refused(
            ask(&house, &terminal, &request).await,
            409,
            "lookup-repeated",
        )
        .await;
    }
    // The best grant is none without a duty.
    let off_duty = Asks {
        on_duty: false,
        ..of_batch("lookup-off", "京A12345", Some("g-good"))
    };
    let request = off_duty.sent(&house, &mut terminal).await;
    let why = ("lookup-denied", "look-up-needs-duty");
    is_refused(&house, &terminal, &request, why).await;
    // What is no name of anything is no entry.
    let asks = of_batch("lookup-odd", "京A12345", Some("../g-good"));
    let request = asks.sent(&house, &mut terminal).await;
    refused(
        ask(&house, &terminal, &request).await,
        409,
        "lookup-not-journalled",
    )
    .await;

    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), cases.len() + 1);
    assert!(all.iter().all(|item| item.outcome == "denied"));
    let named = all.iter().filter(|item| item.grant.is_some());
    assert_eq!(named.count(), cases.len());
    let denied = alarms(&house).await;
    let denied = denied.iter().filter(|kind| *kind == "lookup-denied");
    assert_eq!(denied.count(), cases.len() + 1);
}

/// By the minute a batch is one question; who does not say that it is one asks one after the other.
#[tokio::test]
async fn a_batch_counts_once_by_the_minute() {
    let (house, mut terminal) = house().await;
    let people = People::of(&house).await;
    granted(&house, &people, "g-1", terms("lin")).await;
    limit(
        &house,
        LookupPolicy {
            per_minute: 2,
            per_hour: 7,
            stop: true,
            ..LookupPolicy::default()
        },
    )
    .await;
    let answered = async |terminal: &mut Terminal, asks: Asks<'_>| {
        let request = asks.sent(&house, terminal).await;
        let _: LookupReply = ok(ask(&house, terminal, &request).await).await;
    };
    for lookup in ["lookup-1", "lookup-2", "lookup-3", "lookup-4"] {
        let asks = of_batch(lookup, &format!("京A1000{}", &lookup[7..]), Some("g-1"));
        answered(&mut terminal, asks).await;
    }
    answered(&mut terminal, Asks::about("lookup-5", "京A12345")).await;
    // A batch and one alone are two. That a grant is named makes no batch.
    let alone = Asks {
        grant: Some("g-1"),
        ..Asks::about("lookup-6", "京A10006")
    };
    let second = Asks {
        batch: Some("batch-2"),
        ..of_batch("lookup-7", "京A10007", Some("g-1"))
    };
    for asks in [alone, second] {
        let request = asks.sent(&house, &mut terminal).await;
        refused(
            ask(&house, &terminal, &request).await,
            403,
            "lookup-stopped",
        )
        .await;
    }
    // By the hour each number counts.
    let asks = of_batch("lookup-8", "京A10008", Some("g-1"));
    let request = asks.sent(&house, &mut terminal).await;
    refused(
        ask(&house, &terminal, &request).await,
        403,
        "lookup-stopped",
    )
    .await;
    let supervisor = house.person("sun", &["supervisor"]).await;
    let noticed = LookupAudit {
        noticed: true,
        ..LookupAudit::default()
    };
    let noticed = register(&house, &supervisor, &noticed).await;
    let words: Vec<_> = noticed.iter().map(|item| item.noticed.join(" ")).collect();
    assert_eq!(words[1..], ["burst", "burst"]);
    assert!(words[0].contains("hourly"), "{words:?}");
    let alone = noticed.iter().find(|item| item.lookup == "lookup-6");
    assert_eq!(alone.and_then(|item| item.grant.as_deref()), None);
}

/// One name for many calls would be one question by the minute for ever.
#[tokio::test]
async fn a_batch_has_an_end() {
    let (house, mut terminal) = house().await;
    let people = People::of(&house).await;
    granted(&house, &people, "g-1", terms("lin")).await;
    for number in 0..=20 {
        let (lookup, plate) = (format!("lookup-{number}"), format!("京A100{number:02}"));
        let asks = of_batch(&lookup, &plate, Some("g-1"));
        let request = asks.sent(&house, &mut terminal).await;
        if number < 20 {
            let _: LookupReply = ok(ask(&house, &terminal, &request).await).await;
        } else {
            let why = ("lookup-denied", "batch-too-large");
            is_refused(&house, &terminal, &request, why).await;
        }
    }
}

/// A question can wait for its registry longer than its grant lasts.
#[tokio::test]
async fn what_has_ended_allows_nothing_the_second_time() {
    let config =
        r#"{"sources": {"vehicle": {"http": {"url": "http://127.0.0.1:1/", "retries": 0}}}}"#;
    let house = House::with(|station| {
        std::fs::create_dir_all(&station.dir).expect("folder");
        std::fs::write(station.dir.join("registries.json"), config).expect("written");
    })
    .await;
    let people = People::of(&house).await;
    granted(&house, &people, "g-1", terms("lin")).await;
    let mut terminal = house.terminal("cam-07").await;
    let asks = of_batch("lookup-1", "京A12345", Some("g-1"));
    let request = asks.sent(&house, &mut terminal).await;
    let answer = ask(&house, &terminal, &request).await;
    refused(answer, 424, "registry-unreachable").await;
    let ended = revocation("g-1", &people.carla);
    let _: GrantInfo = ok(hand_in(&house, &people.carla, "/g-1/revoke", &ended).await).await;
    let why = ("lookup-needs-grant", "grant-revoked");
    is_refused(&house, &terminal, &request, why).await;
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!((all.len(), &*all[0].outcome), (1, "denied"));
    assert_eq!(alarms(&house).await, ["lookup-denied"]);
}
