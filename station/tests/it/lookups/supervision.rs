//! Who is noticed, who may read it, and that nothing is missing when everybody asks at once.

use custos_protocol::{api::LookupAudit, lookup::ask::LookupReply, policy::LookupPolicy};
use custos_station::import_watched;
use reqwest::Method;

use super::scene::{Asks, alarms, ask, house, limit, register};
use crate::support::{ok, refused};

#[tokio::test]
async fn prying_is_noticed_and_stopped_by_policy() {
    let (house, mut terminal) = house().await;
    let dir = house.dir.path().join("station");
    let lists = "registry,key,list,officer\nvehicle,京A54321,relative,lin\n";
    assert_eq!(import_watched(&dir, lists.as_bytes()).await, Ok(1));
    limit(
        &house,
        LookupPolicy {
            same_subject_per_day: 1,
            ..LookupPolicy::default()
        },
    )
    .await;
    for (lookup, plate) in [
        ("lookup-1", "京A12345"),
        ("lookup-2", "京A12345"),
        ("lookup-3", "京A54321"),
    ] {
        let request = Asks::about(lookup, plate).sent(&house, &mut terminal).await;
        let _: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    }
    assert_eq!(
        alarms(&house).await,
        ["lookup-watched-relative", "lookup-same-subject"]
    );
    // Whose relative it is not.
    let other = Asks {
        officer: Some("wang"),
        ..Asks::about("lookup-4", "京A54321")
    };
    let request = other.sent(&house, &mut terminal).await;
    let _: LookupReply = ok(ask(&house, &terminal, &request).await).await;
    assert_eq!(alarms(&house).await.len(), 2);

    limit(
        &house,
        LookupPolicy {
            per_minute: 3,
            stop: true,
            ..LookupPolicy::default()
        },
    )
    .await;
    let request = Asks::about("lookup-5", "京A12345")
        .sent(&house, &mut terminal)
        .await;
    let response = ask(&house, &terminal, &request).await;
    refused(response, 403, "lookup-stopped").await;
    let supervisor = house.person("sun", &["supervisor"]).await;
    let noticed = LookupAudit {
        noticed: true,
        ..LookupAudit::default()
    };
    let noticed = register(&house, &supervisor, &noticed).await;
    let words: Vec<_> = noticed.iter().map(|item| item.noticed.join(" ")).collect();
    assert_eq!(words, ["burst", "watched-relative", "same-subject"]);
}

/// Who manages devices or trust does not read who asked about whom; that somebody tried, is seen.
#[tokio::test]
async fn the_register_is_for_supervision() {
    let (house, _) = house().await;
    for roles in [
        &["device"][..],
        &["manager", "approver"],
        &["evidence"],
        &["maintenance"],
    ] {
        let person = house.person(&format!("p-{}", roles[0]), roles).await;
        let asking = house.request(Method::POST, "/v1/admin/lookups", &person.token);
        let response = asking.json(&LookupAudit::default()).send().await;
        refused(response.expect("answer"), 403, "forbidden").await;
    }
    let audit: Vec<serde_json::Value> = house.get("/v1/admin/audit", &house.admin.token).await;
    let denied = audit.iter().filter(|row| row["action"] == "access-denied");
    assert_eq!(denied.count(), 4);
}

/// 200 terminals at once: every answer has its row, and every row its journal entry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_terminals_ask_at_once() {
    const TERMINALS: usize = 200;
    let (house, first) = house().await;
    let mut terminals = vec![first];
    while terminals.len() < TERMINALS {
        let name = format!("cam-{:03}", terminals.len() + 100);
        terminals.push(house.terminal(&name).await);
    }
    let house = std::sync::Arc::new(house);
    let mut asking = tokio::task::JoinSet::new();
    for mut terminal in terminals {
        let house = house.clone();
        asking.spawn(async move {
            let officer = format!("officer-{}", terminal.id);
            let lookup = format!("lookup-{}", terminal.id);
            let asks = Asks {
                officer: Some(&officer),
                ..Asks::about(&lookup, "京A12345")
            };
            let begun = std::time::Instant::now();
            let request = asks.sent(&house, &mut terminal).await;
            let reply: LookupReply = ok(ask(&house, &terminal, &request).await).await;
            assert_eq!((&reply.lookup, reply.records.len()), (&lookup, 1));
            begun.elapsed()
        });
    }
    let mut took: Vec<_> = asking.join_all().await;
    took.sort();
    eprintln!(
        "200 terminals at once, journal and answer: median {:?}, p99 {:?}",
        took[TERMINALS / 2],
        took[TERMINALS * 99 / 100]
    );
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), TERMINALS);
    assert!(all.iter().all(|item| item.outcome == "answered"));
    let journals: std::collections::BTreeSet<_> =
        all.iter().map(|item| (&item.terminal, item.seq)).collect();
    assert_eq!(journals.len(), TERMINALS, "one entry each");
}
