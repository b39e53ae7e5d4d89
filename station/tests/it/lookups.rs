//! Questions to registries: in the journal first, decided again, and somebody can tell afterwards.
//!
//! - here: one question, and what is refused; `supervision`: many; `batches`: several in one call;
//!   `wildcards`: parts of numbers
//! - `scene`: a station that knows two cars, and who asks

mod batches;
mod scene;
mod supervision;
mod wildcards;

use custos_protocol::{
    api::LookupAudit,
    lookup::{
        ask::{LookupReply, LookupRequest, Salt},
        query::{Registry, Subject},
    },
};

use self::scene::{Asks, alarms, ask, car, house, now_ms, push, register};
use crate::support::{House, ok, refused};

#[tokio::test]
async fn an_answer_is_masked_and_registered() {
    let (house, mut terminal) = house().await;
    let request = Asks::about("lookup-1", "京a·12345")
        .sent(&house, &mut terminal)
        .await;
    let reply: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    let commitment = request
        .salt
        .parse::<Salt>()
        .expect("salt")
        .commit(&request.subject);
    assert!(reply.answers("lookup-1", &commitment));
    let fields: Vec<_> = reply.records[0]
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("owner", "张**"),
            ("phone", "138****1234"),
            ("stolen", "no")
        ]
    );

    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), 1);
    let item = &all[0];
    assert_eq!(
        (
            &*item.officer,
            &*item.terminal,
            item.seq,
            &*item.reason,
            &*item.text
        ),
        (
            "lin",
            "cam-07",
            request.seq,
            "traffic",
            "parked on the pavement"
        )
    );
    assert_eq!((&*item.outcome, item.records), ("answered", 1));
    // Whom it was about, only who asks about them learns.
    assert_eq!(item.subject, commitment.to_string());
    let about = |plate: &str| LookupAudit {
        subject: Some(car(plate)),
        ..LookupAudit::default()
    };
    assert_eq!(
        register(&house, &auditor, &about("京A12345")).await.len(),
        1
    );
    assert!(
        register(&house, &auditor, &about("京A54321"))
            .await
            .is_empty()
    );
}

/// The order is the law: without the journal's entry nobody is asked.
#[tokio::test]
async fn a_question_that_is_not_in_the_journal_is_not_asked() {
    let (house, mut terminal) = house().await;
    let request = Asks::about("lookup-1", "京A12345").journalled(&mut terminal);
    let response = ask(&house, &terminal, &request).await;
    refused(response, 409, "lookup-not-journalled").await;
    push(&house, &terminal).await;

    let other_subject = LookupRequest {
        subject: car("京A54321"),
        ..request.clone()
    };
    let other_salt = LookupRequest {
        salt: Salt::fresh().expect("random").to_string(),
        ..request.clone()
    };
    let other_name = LookupRequest {
        lookup: "lookup-2".to_owned(),
        ..request.clone()
    };
    let other_registry = LookupRequest {
        subject: Subject {
            registry: Registry::Case,
            ..request.subject.clone()
        },
        ..request.clone()
    };
    for forged in [other_subject, other_salt, other_name, other_registry] {
        let response = ask(&house, &terminal, &forged).await;
        refused(response, 409, "lookup-not-journalled").await;
    }
    // Another terminal has not asked this.
    let mut other = house.terminal("cam-08").await;
    Asks::about("lookup-9", "京A12345")
        .sent(&house, &mut other)
        .await;
    let response = ask(&house, &other, &request).await;
    refused(response, 409, "lookup-not-journalled").await;
    // An entry of nobody.
    let nobody = Asks {
        officer: None,
        ..Asks::about("lookup-3", "京A12345")
    };
    let request = nobody.sent(&house, &mut terminal).await;
    let response = ask(&house, &terminal, &request).await;
    refused(response, 409, "lookup-not-journalled").await;

    let auditor = house.person("ada", &["auditor"]).await;
    assert!(
        register(&house, &auditor, &LookupAudit::default())
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_subject_is_one_and_well_formed() {
    let (house, mut terminal) = house().await;
    for key in ["京a·12345", "京A1234%", "' OR 1=1 --", ""] {
        let asks = Asks {
            subject: Subject {
                registry: Registry::Vehicle,
                key: key.to_owned(),
            },
            ..Asks::about("lookup-1", "京A12345")
        };
        let request = asks.sent(&house, &mut terminal).await;
        refused(ask(&house, &terminal, &request).await, 400, "bad-request").await;
    }
}

/// An answer that got lost is fetched again; the same entry asks nothing else, and not for ever.
#[tokio::test]
async fn a_question_is_asked_again_a_few_times() {
    let (house, mut terminal) = house().await;
    let request = Asks::about("lookup-1", "京A12345")
        .sent(&house, &mut terminal)
        .await;
    for _ in 0..5 {
        let _: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    }
    let response = ask(&house, &terminal, &request).await;
    refused(response, 409, "lookup-repeated").await;
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!((all.len(), all[0].attempts), (1, 5));
    // The same name in another entry.
    let request = Asks::about("lookup-1", "京A54321")
        .sent(&house, &mut terminal)
        .await;
    let response = ask(&house, &terminal, &request).await;
    refused(response, 409, "lookup-repeated").await;
}

/// The terminal decided; the station does, too, and a terminal that was altered gets nowhere.
#[tokio::test]
async fn the_station_decides_again() {
    let (house, mut terminal) = house().await;
    let off_duty = Asks {
        on_duty: false,
        ..Asks::about("lookup-1", "京A12345")
    };
    let request = off_duty.sent(&house, &mut terminal).await;
    let response = ask(&house, &terminal, &request).await;
    refused(response, 403, "lookup-denied").await;
    // Devices are for those who see to them.
    let device = Asks {
        subject: Subject::parse(Registry::Device, "cam-1").expect("a number"),
        ..Asks::about("lookup-2", "京A12345")
    };
    let request = device.sent(&house, &mut terminal).await;
    refused(ask(&house, &terminal, &request).await, 403, "lookup-denied").await;
    // Again and again: it stays denied, and does not become another question.
    refused(
        ask(&house, &terminal, &request).await,
        409,
        "lookup-repeated",
    )
    .await;
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert!(all.iter().all(|item| item.outcome == "denied"));
    assert_eq!(all.len(), 2);
    assert_eq!(
        alarms(&house).await,
        ["lookup-denied", "lookup-denied", "lookup-off-duty"]
    );
}

#[tokio::test]
async fn a_clock_that_was_turned_back_asks_nothing() {
    let (house, mut terminal) = house().await;
    for (lookup, off) in [("lookup-1", -74 * 3_600_000), ("lookup-2", 3_600_000)] {
        let asks = Asks {
            time_ms: now_ms() + off,
            ..Asks::about(lookup, "京A12345")
        };
        let request = asks.sent(&house, &mut terminal).await;
        let response = ask(&house, &terminal, &request).await;
        refused(response, 409, "lookup-too-old").await;
    }
}

/// A registry that is down: the officer learns it, and the register has it.
#[tokio::test]
async fn a_registry_that_is_down_is_told_apart() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound").port()
    };
    let config = format!(
        r#"{{"sources": {{"vehicle": {{"http": {{"url": "http://127.0.0.1:{port}/", "retries": 0}}}}}}}}"#
    );
    let house = House::with(|station| {
        std::fs::create_dir_all(&station.dir).expect("folder");
        std::fs::write(station.dir.join("registries.json"), &config).expect("written");
    })
    .await;
    let mut terminal = house.terminal("cam-07").await;
    for number in 0..6 {
        let lookup = format!("lookup-{number}");
        let request = Asks::about(&lookup, "京A12345")
            .sent(&house, &mut terminal)
            .await;
        let word = if number < 5 {
            "registry-unreachable"
        } else {
            "registry-resting"
        };
        refused(ask(&house, &terminal, &request).await, 424, word).await;
    }
    // One question that waited goes on being asked, however long that takes.
    let request = Asks::about("lookup-7", "京A12345")
        .sent(&house, &mut terminal)
        .await;
    for _ in 0..8 {
        refused(
            ask(&house, &terminal, &request).await,
            424,
            "registry-resting",
        )
        .await;
    }
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), 7);
    assert!(all.iter().all(|item| item.outcome.starts_with("registry-")));
}
