//! A station that knows two cars, and terminals that ask about them, rightly or wrongly.

use custos_protocol::{
    api::{LookupAudit, LookupAuditItem},
    journal::{ClockTrust, Entry, Event},
    lookup::{
        ask::{LookupRequest, Reason, Salt},
        query::{Registry, Subject},
    },
    policy::{LookupPolicy, Policy},
    suite,
};
use custos_station::import_registry;
use reqwest::{Method, Response, StatusCode};

use crate::support::{House, Person, Terminal};

const CARS: &str = "plate,owner:name,phone:phone,stolen\n\
                    京A12345,张三丰,13812341234,no\n\
                    京A54321,李四,13912341234,yes\n";

pub(super) async fn house() -> (House, Terminal) {
    let house = House::new().await;
    let dir = house.dir.path().join("station");
    let cars = import_registry(&dir, Registry::Vehicle, CARS.as_bytes()).await;
    assert_eq!(cars, Ok(2));
    let terminal = house.terminal("cam-07").await;
    (house, terminal)
}

pub(super) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("before long")
}

pub(super) fn car(plate: &str) -> Subject {
    Subject::parse(Registry::Vehicle, plate).expect("a plate")
}

/// What of a question can be otherwise than it should.
pub(super) struct Asks<'a> {
    pub(super) lookup: &'a str,
    pub(super) officer: Option<&'a str>,
    pub(super) on_duty: bool,
    pub(super) subject: Subject,
    pub(super) text: &'a str,
    pub(super) time_ms: i64,
    pub(super) batch: Option<&'a str>,
    pub(super) grant: Option<&'a str>,
    pub(super) wildcard: bool,
}

impl<'a> Asks<'a> {
    pub(super) fn about(lookup: &'a str, plate: &str) -> Self {
        Self {
            lookup,
            officer: Some("lin"),
            on_duty: true,
            subject: car(plate),
            text: "parked on the pavement",
            time_ms: now_ms(),
            batch: None,
            grant: None,
            wildcard: false,
        }
    }

    /// Writes it into the terminal's journal; gives the request that goes with it.
    pub(super) fn journalled(&self, terminal: &mut Terminal) -> LookupRequest {
        let salt = Salt::fresh().expect("random");
        let event = Event::LookupAsked {
            lookup: self.lookup.to_owned(),
            registry: self.subject.registry,
            subject: salt.commit(&self.subject),
            case: "A-1".to_owned(),
            reason: Reason::Traffic,
            text: self.text.to_owned(),
            batch: self.batch.map(str::to_owned),
            wildcard: self.wildcard,
            grant: self.grant.map(str::to_owned),
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
    pub(super) async fn sent(&self, house: &House, terminal: &mut Terminal) -> LookupRequest {
        let request = self.journalled(terminal);
        push(house, terminal).await;
        request
    }
}

pub(super) async fn push(house: &House, terminal: &Terminal) {
    let response = terminal.send(house, &terminal.append_from(0)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

pub(super) async fn ask(house: &House, terminal: &Terminal, request: &LookupRequest) -> Response {
    let asking = house.request(Method::POST, "/v1/lookups", &terminal.token);
    asking.json(request).send().await.expect("answer")
}

pub(super) async fn register(
    house: &House,
    auditor: &Person,
    which: &LookupAudit,
) -> Vec<LookupAuditItem> {
    house.post("/v1/admin/lookups", &auditor.token, which).await
}

pub(super) async fn alarms(house: &House) -> Vec<String> {
    let alarms: Vec<serde_json::Value> = house.get("/v1/admin/alarms", &house.admin.token).await;
    let kinds = alarms.iter().map(|alarm| alarm["kind"].as_str());
    kinds.map(|kind| kind.expect("a kind").to_owned()).collect()
}

/// The policy in force with other limits.
pub(super) async fn limit(house: &House, lookup: LookupPolicy) {
    let trust = house.trust().await;
    let mut policy = Policy::open(&house.text("/v1/policy").await, &trust).expect("a policy");
    policy.lookup = lookup;
    policy.version += 1;
    let _: serde_json::Value = house
        .post("/v1/admin/policy", &house.admin.token, &policy)
        .await;
}
