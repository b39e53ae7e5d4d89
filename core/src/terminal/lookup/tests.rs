//! Invariant 4, against a station that lies and a journal that cannot be written.

mod batch;
mod station;
mod wildcard;

use std::sync::Arc;

use custos_protocol::{
    journal::Entry,
    lookup::{
        ask::{LookupReply, LookupRequest, Salt},
        mask::Personal,
        query::{Field, MAX_RECORDS, Record},
    },
};
use station::Station;

use super::*;
use crate::{Secret, Terminal, testing::Agency};

/// What the answer says that nobody may see without an entry.
const TOLD: &str = "38 Lane of the Wells";

struct Bench {
    agency: Arc<Agency>,
    terminal: Terminal,
    officer: Officer,
    station: Station,
}

impl Bench {
    /// A terminal on duty at a station that answers look-ups like this.
    fn new(answer: fn(&LookupRequest) -> LookupReply) -> Self {
        Self::of(Agency::new(), answer)
    }

    fn of(agency: Agency, answer: fn(&LookupRequest) -> LookupReply) -> Self {
        let agency = Arc::new(agency);
        let vault = agency.test.vault.clone();
        let station = Station::start(agency.clone(), answer);
        vault
            .write(|tx| {
                tx.execute("UPDATE terminal SET officers = '[\"wang\"]'", [])?;
                tx.execute("UPDATE terminal SET station = ?1", [&station.url])?;
                Ok(())
            })
            .unwrap();
        let terminal = Terminal::of(vault);
        let pin = Secret::new("wang-482913".to_owned());
        terminal.enrol_officer("wang", &pin).unwrap();
        let officer = terminal.unlock("wang", &pin).unwrap();
        officer.begin_duty("case 7").unwrap();
        Self {
            agency,
            terminal,
            officer,
            station,
        }
    }

    fn ask(&self) -> Result<LookUp> {
        let purpose = Purpose::parse("inquiry").unwrap();
        self.officer
            .look_up(Registry::Vehicle, "京A12345", &purpose)
    }

    /// From now on the journal takes no entry of this kind, as on a full disk.
    fn without(&self, kind: &str) {
        let sql = format!(
            "CREATE TRIGGER no_more BEFORE INSERT ON journal
             WHEN NEW.entry LIKE '%\"kind\":\"{kind}\"%'
             BEGIN SELECT RAISE(ABORT, 'no'); END"
        );
        let vault = self.agency.vault();
        vault.write(|tx| Ok(tx.execute_batch(&sql)?)).unwrap();
    }

    fn kinds(&self) -> Vec<String> {
        let raw = self.terminal.journal(0).unwrap();
        raw.iter()
            .map(|raw| Entry::from_raw(raw).unwrap().kind)
            .collect()
    }

    fn outcome(&self) -> Option<String> {
        let raw = self.terminal.journal(0).unwrap();
        raw.iter()
            .rev()
            .find_map(|raw| match Entry::from_raw(raw).unwrap().event()? {
                Event::LookupAnswered { outcome, .. } => Some(outcome),
                _ => None,
            })
    }
}

fn records(count: usize, value: &str) -> Vec<Record> {
    let field = Field {
        name: "address".to_owned(),
        what: Personal::Address,
        value: value.to_owned(),
    };
    vec![
        Record {
            fields: vec![field]
        };
        count
    ]
}

fn honest(request: &LookupRequest) -> LookupReply {
    let salt: Salt = request.salt.parse().unwrap();
    LookupReply {
        lookup: request.lookup.clone(),
        subject: salt.commit(&request.subject).to_string(),
        records: records(1, TOLD),
        time_ms: 1,
        more: false,
    }
}

#[test]
fn the_station_has_the_entry_before_the_question() {
    let bench = Bench::new(honest);
    let found = bench.ask().unwrap();
    assert!(format!("{found:?}").contains(TOLD));
    let asked = bench.station.asked();
    assert_eq!(asked.len(), 1);
    let (request, held) = &asked[0];
    assert!(request.seq < *held, "entry {} of {held}", request.seq);
    let raw = bench.terminal.journal(request.seq).unwrap();
    assert_eq!(Entry::from_raw(&raw[0]).unwrap().kind, "lookup-asked");
}

/// No entry for the question: it goes nowhere.
#[test]
fn a_question_that_cannot_be_journalled_is_not_asked() {
    let bench = Bench::new(honest);
    bench.without("lookup-asked");
    let error = bench.ask().unwrap_err();
    assert_eq!(error.class(), crate::Class::Storage, "{error}");
    assert!(bench.station.asked().is_empty());
}

/// No entry for the answer: it is not shown, though it has arrived.
#[test]
fn an_answer_that_cannot_be_journalled_is_withheld() {
    let bench = Bench::new(honest);
    bench.without("lookup-answered");
    let error = bench.ask().unwrap_err();
    assert_eq!(error.class(), crate::Class::Storage, "{error}");
    assert_eq!(bench.station.asked().len(), 1);
    assert!(!format!("{error:?}").contains(TOLD));

    // Neither from what is at hand.
    let vault = bench.agency.vault();
    let lift = |sql: &str| vault.write(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
    lift("DROP TRIGGER no_more");
    bench
        .agency
        .publish(|policy| policy.lookup.cache_minutes = 10);
    bench.ask().unwrap();
    assert_eq!(bench.station.asked().len(), 2);
    bench.without("lookup-answered");
    assert!(bench.ask().is_err());
    assert_eq!(bench.station.asked().len(), 2, "it was at hand");
}

/// Whatever else a station says is not shown, and the journal has it.
#[test]
fn the_answer_to_another_question_is_withheld() {
    let liars: [fn(&LookupRequest) -> LookupReply; 4] = [
        // To another question of the same name.
        |request| {
            let other = Subject {
                key: "京A54321".to_owned(),
                ..request.subject.clone()
            };
            let salt: Salt = request.salt.parse().unwrap();
            LookupReply {
                subject: salt.commit(&other).to_string(),
                ..honest(request)
            }
        },
        // To an earlier question about the same car, played again.
        |request| {
            let earlier = Salt::from_bytes([1; 16]);
            LookupReply {
                lookup: "lookup-1".to_owned(),
                subject: earlier.commit(&request.subject).to_string(),
                ..honest(request)
            }
        },
        // More than anybody needs.
        |request| LookupReply {
            records: records(MAX_RECORDS + 1, TOLD),
            ..honest(request)
        },
        |request| LookupReply {
            records: records(1, &"x".repeat(5_000)),
            ..honest(request)
        },
    ];
    for (number, liar) in liars.into_iter().enumerate() {
        let bench = Bench::new(liar);
        let error = bench.ask().unwrap_err();
        assert_eq!(error, Error::Lookup(LookupFault::Foreign), "{number}");
        assert!(bench.kinds().contains(&"security-event".to_owned()));
        assert_eq!(bench.outcome().unwrap(), "lookup-answer-foreign");
        assert!(!format!("{error:?} {error}").contains(TOLD));
    }
}

/// An answer without end is not read to it.
#[test]
fn an_oversized_answer_is_not_taken_in() {
    let bench = Bench::new(|request| LookupReply {
        records: records(1, &"x".repeat(9 << 20)),
        ..honest(request)
    });
    assert_eq!(bench.ask().unwrap_err(), Error::StationProtocol);
    assert_eq!(bench.outcome().unwrap(), "station-protocol");
}

/// A station that takes the question and then says nothing for long: nobody stands in the street
/// waiting for it.
#[test]
fn a_station_that_hangs_is_as_good_as_none() {
    let bench = Bench::new(|request| {
        std::thread::sleep(std::time::Duration::from_secs(12));
        honest(request)
    });
    let found = bench.ask().unwrap();
    assert!(
        matches!(found.known, Known::Offline { queued: true, .. }),
        "{found:?}"
    );
    assert_eq!(bench.outcome().unwrap(), "queued");
}

/// A question older than the policy lets it wait is given up, not asked.
#[test]
fn a_question_does_not_wait_for_ever() {
    let bench = Bench::new(honest);
    let vault = bench.agency.vault();
    let sql = |sql: &str| vault.write(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
    sql("UPDATE terminal SET station = 'http://127.0.0.1:1'");
    assert!(matches!(
        bench.ask().unwrap().known,
        Known::Offline { queued: true, .. }
    ));
    sql("UPDATE lookup_question SET asked_ms = asked_ms - 25 * 3600000");
    let question = vault.read(queue::first).unwrap().unwrap();
    assert!(queue::lapse(vault, &question).unwrap());
    assert_eq!(vault.read(queue::first).unwrap().map(|q| q.lookup), None);
    assert_eq!(bench.outcome().unwrap(), "lookup-too-old");
    // The officer learns it, once; of the number no more than its mask stays for that.
    let row = "SELECT subject || salt FROM lookup_question";
    let row: String = vault
        .read(|c| Ok(c.query_row(row, [], |r| r.get(0))?))
        .unwrap();
    assert_eq!(row, "京A***45");
    let waiting = bench.officer.waiting().unwrap();
    assert_eq!(waiting[0].refused.as_deref(), Some("lookup-too-old"));
    assert_eq!(waiting[0].subject, "京A***45");
    let told = |fault| Err(Error::Lookup(fault));
    let waited = || bench.officer.waited(&waiting[0].lookup).map(drop);
    assert_eq!(waited(), told(LookupFault::TooOld));
    assert_eq!(waited(), told(LookupFault::Unknown));
    assert!(bench.officer.waiting().unwrap().is_empty());
}
