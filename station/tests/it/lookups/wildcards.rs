//! A part of a number, by a grant for that.

use custos_protocol::{
    api::LookupAudit,
    grant::{GrantAction, GrantTerms},
    lookup::{
        ask::LookupReply,
        query::{Registry, Subject},
    },
    policy::LookupPolicy,
};
use custos_station::{import_registry, import_watched};

use super::scene::{Asks, alarms, ask, car, house, limit, register};
use crate::{
    grants::{self, People, granted},
    support::{House, ok, refused},
};

fn pattern(typed: &str) -> Subject {
    Subject::pattern(Registry::Vehicle, typed).expect("a pattern")
}

/// A pattern by the officer of [`Asks`], with this grant.
fn part<'a>(lookup: &'a str, typed: &str, grant: Option<&'a str>) -> Asks<'a> {
    Asks {
        subject: pattern(typed),
        wildcard: true,
        grant,
        ..Asks::about(lookup, "京A12345")
    }
}

async fn grants(house: &House) {
    let people = People::of(house).await;
    for (id, action) in [
        ("g-1", GrantAction::LookupWildcard),
        ("g-batch", GrantAction::LookupBatch),
    ] {
        let terms = GrantTerms {
            actions: vec![action],
            cases: vec![],
            ..grants::terms("lin")
        };
        granted(house, &people, id, terms).await;
    }
}

#[tokio::test]
async fn a_pattern_by_a_grant_finds_numbers() {
    let (house, mut terminal) = house().await;
    grants(&house).await;
    let request = part("lookup-1", "京A123*", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    let reply: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    let fields = reply.records[0].fields.iter();
    let fields: Vec<_> = fields.map(|f| (&*f.name, &*f.value)).collect();
    assert_eq!(fields[..2], [("key", "京A12345"), ("owner", "张**")]);
    assert!(!reply.more && reply.records.len() == 1);

    let many: String = (0..25).map(|n| format!("沪B100{n:02},甲\n")).collect();
    let dir = house.dir.path().join("station");
    let cars = format!("plate,owner:name\n{many}");
    let imported = import_registry(&dir, Registry::Vehicle, cars.as_bytes()).await;
    assert_eq!(imported, Ok(25));
    let request = part("lookup-2", "沪B10*", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    let reply: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    assert!(reply.more && reply.records.len() == 20);

    let auditor = house.person("ada", &["auditor"]).await;
    // Who asks who asked about one of them is told, though nobody typed the number.
    let about = async |plate: &str| {
        let wanted = LookupAudit {
            subject: Some(car(plate)),
            ..LookupAudit::default()
        };
        let all = register(&house, &auditor, &wanted).await;
        all.into_iter().map(|item| item.lookup).collect::<Vec<_>>()
    };
    assert_eq!(about("京A12345").await, ["lookup-1"]);
    assert_eq!(about("沪B10007").await, ["lookup-2"]);
    // No more than was shown.
    assert_eq!(about("沪B10024").await, [""; 0]);
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert!(all.iter().all(|item| item.wildcard && item.batch.is_none()));
    assert!(all.iter().all(|item| item.grant.as_deref() == Some("g-1")));
    assert_eq!((all.len(), all[0].records), (2, 20));
}

#[tokio::test]
async fn the_station_decides_a_pattern_as_one() {
    let (house, mut terminal) = house().await;
    grants(&house).await;
    for (lookup, grant) in [
        ("lookup-1", None),
        ("lookup-2", Some("g-batch")),
        ("lookup-3", Some("g-nowhere")),
    ] {
        let request = part(lookup, "京A123*", grant)
            .sent(&house, &mut terminal)
            .await;
        let answer = ask(&house, &terminal, &request).await;
        let body = refused(answer, 403, "lookup-needs-grant").await;
        assert_eq!(body.reason.as_deref(), Some("no-rule"), "{lookup}");
    }
    // An entry that says one thing and opens to another.
    let hidden = Asks {
        wildcard: false,
        ..part("lookup-4", "京A123*", Some("g-1"))
    };
    let as_batch = Asks {
        wildcard: false,
        batch: Some("batch-1"),
        ..part("lookup-5", "京A123*", Some("g-batch"))
    };
    let both = Asks {
        batch: Some("batch-1"),
        ..part("lookup-6", "京A123*", Some("g-1"))
    };
    let whole = Asks {
        subject: car("京A12345"),
        ..part("lookup-7", "京A123*", Some("g-1"))
    };
    for asks in [hidden, as_batch, both, whole] {
        let request = asks.sent(&house, &mut terminal).await;
        let answer = ask(&house, &terminal, &request).await;
        refused(answer, 409, "lookup-not-journalled").await;
    }
    // Too little of a number, another writing, and people.
    for (number, (registry, key)) in [
        (Registry::Vehicle, "京A*"),
        (Registry::Vehicle, "京A123**"),
        (Registry::Person, "1101051949123100*"),
        (Registry::Device, "cam-0123*"),
    ]
    .into_iter()
    .enumerate()
    {
        let lookup = format!("lookup-wrong-{number}");
        let asks = Asks {
            subject: Subject {
                registry,
                key: key.to_owned(),
            },
            ..part(&lookup, "京A123*", Some("g-1"))
        };
        let request = asks.sent(&house, &mut terminal).await;
        refused(ask(&house, &terminal, &request).await, 400, "bad-request").await;
    }
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|item| item.outcome == "denied"));
}

/// Else half a number would be the way around the agency's lists.
#[tokio::test]
async fn who_is_watched_is_noticed_by_what_was_found() {
    let (house, mut terminal) = house().await;
    grants(&house).await;
    let dir = house.dir.path().join("station");
    let lists = "registry,key,list,officer\nvehicle,京A54321,relative,lin\n";
    assert_eq!(import_watched(&dir, lists.as_bytes()).await, Ok(1));
    let request = part("lookup-1", "京A5432*", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    for _ in 0..2 {
        let _: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    }
    assert_eq!(alarms(&house).await, ["lookup-watched-relative"]);
    let other = part("lookup-2", "京A123*", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    let _: LookupReply = ok(ask(&house, &terminal, &other).await).await;
    assert_eq!(alarms(&house).await.len(), 1);

    let stop = LookupPolicy {
        stop: true,
        ..LookupPolicy::default()
    };
    limit(&house, stop).await;
    let request = part("lookup-3", "京A?4321", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    let answer = ask(&house, &terminal, &request).await;
    refused(answer, 403, "lookup-stopped").await;
    let answer = ask(&house, &terminal, &request).await;
    refused(answer, 409, "lookup-repeated").await;
    let auditor = house.person("ada", &["auditor"]).await;
    // What was withheld told nobody anything.
    let wanted = LookupAudit {
        subject: Some(car("京A54321")),
        ..LookupAudit::default()
    };
    let about = register(&house, &auditor, &wanted).await;
    assert!(about.iter().all(|item| item.lookup == "lookup-1") && about.len() == 1);
    let noticed = LookupAudit {
        noticed: true,
        ..LookupAudit::default()
    };
    let all = register(&house, &auditor, &noticed).await;
    let all: Vec<_> = all
        .iter()
        .map(|item| (&*item.lookup, &*item.outcome, item.noticed.join(" ")))
        .collect();
    let word = || "watched-relative".to_owned();
    assert_eq!(
        all,
        [
            ("lookup-3", "stopped", word()),
            ("lookup-1", "answered", word())
        ]
    );
}

/// A system that knows nothing of wildcards would answer that nothing is known.
#[tokio::test]
async fn a_system_that_cannot_is_not_asked() {
    let config = r#"{"sources": {"vehicle": {"http": {"url": "http://127.0.0.1:1/"}}}}"#;
    let house = House::with(|station| {
        std::fs::create_dir_all(&station.dir).expect("folder");
        std::fs::write(station.dir.join("registries.json"), config).expect("written");
    })
    .await;
    grants(&house).await;
    let mut terminal = house.terminal("cam-07").await;
    let request = part("lookup-1", "京A123*", Some("g-1"))
        .sent(&house, &mut terminal)
        .await;
    let answer = ask(&house, &terminal, &request).await;
    refused(answer, 424, "registry-no-wildcards").await;
}
