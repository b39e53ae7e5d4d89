//! Questions to registries: in the journal first, decided again, and somebody can tell afterwards.

use custos_protocol::{
    api::{LookupAudit, LookupAuditItem},
    journal::{ClockTrust, Entry, Event},
    lookup::{
        ask::{LookupReply, LookupRequest, Reason, Salt},
        query::{Registry, Subject},
    },
    policy::{LookupPolicy, Policy},
    suite,
};
use custos_station::{import_registry, import_watched};
use reqwest::{Method, Response, StatusCode};

use crate::support::{House, Person, Terminal, ok, refused};

const CARS: &str = "plate,owner:name,phone:phone,stolen\n\
                    京A12345,张三丰,13812341234,no\n\
                    京A54321,李四,13912341234,yes\n";

async fn house() -> (House, Terminal) {
    let house = House::new().await;
    let dir = house.dir.path().join("station");
    let cars = import_registry(&dir, Registry::Vehicle, CARS.as_bytes()).await;
    assert_eq!(cars, Ok(2));
    let terminal = house.terminal("cam-07").await;
    (house, terminal)
}

pub(crate) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("before long")
}

fn car(plate: &str) -> Subject {
    Subject::parse(Registry::Vehicle, plate).expect("a plate")
}

/// What of a question can be otherwise than it should.
struct Asks<'a> {
    lookup: &'a str,
    officer: Option<&'a str>,
    on_duty: bool,
    subject: Subject,
    text: &'a str,
    time_ms: i64,
}

impl<'a> Asks<'a> {
    fn about(lookup: &'a str, plate: &str) -> Self {
        Self {
            lookup,
            officer: Some("lin"),
            on_duty: true,
            subject: car(plate),
            text: "parked on the pavement",
            time_ms: now_ms(),
        }
    }

    /// Writes it into the terminal's journal; gives the request that goes with it.
    fn journalled(&self, terminal: &mut Terminal) -> LookupRequest {
        let salt = Salt::fresh().expect("random");
        let event = Event::LookupAsked {
            lookup: self.lookup.to_owned(),
            registry: self.subject.registry,
            subject: salt.commit(&self.subject),
            case: "A-1".to_owned(),
            reason: Reason::Traffic,
            text: self.text.to_owned(),
        };
        let (kind, body) = event.to_parts();
        let seq = terminal.entries.len() as u64;
        let entry = Entry {
            suite: suite::CURRENT,
            seq,
            time_ms: self.time_ms,
            clock: ClockTrust::Station,
            terminal: terminal.id.clone(),
            officer: self.officer.map(str::to_owned),
            duty: self.on_duty.then(|| "duty-1".to_owned()),
            kind,
            body,
        };
        terminal.write_raw(entry.to_raw());
        LookupRequest {
            lookup: self.lookup.to_owned(),
            seq,
            subject: self.subject.clone(),
            salt: salt.to_string(),
        }
    }

    /// The same, and the station holds the journal.
    async fn sent(&self, house: &House, terminal: &mut Terminal) -> LookupRequest {
        let request = self.journalled(terminal);
        push(house, terminal).await;
        request
    }
}

async fn push(house: &House, terminal: &Terminal) {
    let response = terminal.send(house, &terminal.append_from(0)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

async fn ask(house: &House, terminal: &Terminal, request: &LookupRequest) -> Response {
    let asking = house.request(Method::POST, "/v1/lookups", &terminal.token);
    asking.json(request).send().await.expect("answer")
}

async fn register(house: &House, auditor: &Person, which: &LookupAudit) -> Vec<LookupAuditItem> {
    house.post("/v1/admin/lookups", &auditor.token, which).await
}

async fn alarms(house: &House) -> Vec<String> {
    let alarms: Vec<serde_json::Value> = house.get("/v1/admin/alarms", &house.admin.token).await;
    let kinds = alarms.iter().map(|alarm| alarm["kind"].as_str());
    kinds.map(|kind| kind.expect("a kind").to_owned()).collect()
}

/// The policy in force with other limits.
async fn limit(house: &House, lookup: LookupPolicy) {
    let trust = house.trust().await;
    let mut policy = Policy::open(&house.text("/v1/policy").await, &trust).expect("a policy");
    policy.lookup = lookup;
    policy.version += 1;
    let _: serde_json::Value = house
        .post("/v1/admin/policy", &house.admin.token, &policy)
        .await;
}

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
    let auditor = house.person("ada", &["auditor"]).await;
    let all = register(&house, &auditor, &LookupAudit::default()).await;
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|item| item.outcome.starts_with("registry-")));
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
