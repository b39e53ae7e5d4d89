//! What an officer asks registries: decided, journalled, answered, kept, or waiting.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod away;
#[path = "../common/mod.rs"]
mod common;

use std::{fs, path::Path};

use common::{OFFICER, Scene, admin::Person, kinds, pin};
use custos_core::{
    Class, Error, Officer, Terminal,
    lookup::registry::{Known, Listed, LookUp, LookupFault},
};
use custos_protocol::{
    hash::Hash,
    lookup::{
        ask::{Purpose, PurposeError},
        list::{self, ListKey, LookupList},
        query::{Registry, Subject},
    },
    policy::LookupPolicy,
    statement, suite,
};
use custos_station::{import_registry, import_watched};
use serde_json::{Value, json};

const CARS: &str = "plate,owner:name,phone:phone,stolen\n\
                    京A12345,张三丰,13812341234,no\n\
                    京A54321,李四,13912341234,yes\n";

fn scene() -> Scene {
    let scene = Scene::new();
    let dir = scene.dir.path().join("station");
    let imported = import_registry(&dir, Registry::Vehicle, CARS.as_bytes());
    assert_eq!(scene.runtime.block_on(imported), Ok(2));
    scene
}

fn purpose() -> Purpose {
    Purpose::parse("traffic: parked on the pavement").unwrap()
}

fn ask(officer: &Officer, plate: &str) -> Result<LookUp, Error> {
    officer.look_up(Registry::Vehicle, plate, &purpose())
}

/// Names and values of the first record, and whether it was at hand.
fn first(found: &LookUp) -> (Vec<(&str, &str)>, bool) {
    match &found.known {
        Known::Records { records, kept, .. } => {
            let fields = records[0].fields.iter();
            let fields = fields.map(|f| (f.name.as_str(), f.value.as_str()));
            (fields.collect(), *kept)
        }
        _ => panic!("queued"),
    }
}

/// No list says anything.
const QUEUED: Known = Known::Offline {
    lists: Vec::new(),
    queued: true,
};

const SEEN: [(&str, &str); 3] = [
    ("owner", "张**"),
    ("phone", "138****1234"),
    ("stolen", "no"),
];

fn limit(scene: &Scene, terminal: &Terminal, lookup: LookupPolicy) {
    scene.publish(terminal, |policy| policy.lookup = lookup);
}

/// The station's register, as an auditor reads it.
fn register(scene: &Scene) -> Vec<Value> {
    let station = scene.station.as_ref().unwrap();
    let auditor = Person::new("ada");
    let body = json!({
        "name": "ada", "key": auditor.signer.verifier(), "roles": ["auditor"],
    });
    scene.admin.post(&scene.runtime, "/v1/admin/people", &body);
    let auditor = common::admin::Admin::sign_in_as(&scene.runtime, station, auditor);
    let all = auditor.post(&scene.runtime, "/v1/admin/lookups", &json!({}));
    all.as_array().unwrap().clone()
}

/// Every entry of a kind, its body.
fn bodies(terminal: &Terminal, kind: &str) -> Vec<Value> {
    let raw = terminal.journal(0).unwrap();
    let entries = raw
        .iter()
        .map(|raw| serde_json::from_str::<Value>(raw).unwrap());
    entries
        .filter(|entry| entry["kind"] == kind)
        .map(|entry| entry["body"].clone())
        .collect()
}

fn outcomes(terminal: &Terminal) -> Vec<String> {
    let bodies = bodies(terminal, "lookup-answered");
    let outcomes = bodies.iter().map(|body| body["outcome"].as_str());
    outcomes.map(|word| word.unwrap().to_owned()).collect()
}

/// No file below the folder has any of these texts.
fn nowhere(dir: &Path, texts: &[&str]) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere(&path, texts);
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        for text in texts {
            let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!found, "{text} in {}", path.display());
        }
    }
}

#[test]
fn an_answer_comes_masked_after_both_journals_have_the_question() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    let found = ask(&officer, "京ａ·12345").unwrap();
    assert_eq!(first(&found), (SEEN.to_vec(), false));
    assert!(kinds(&terminal).ends_with(&["lookup-asked".to_owned(), "lookup-answered".to_owned()]));
    let asked = bodies(&terminal, "lookup-asked");
    assert_eq!(
        (&asked[0]["lookup"], &asked[0]["case"], &asked[0]["reason"]),
        (&json!(found.lookup), &json!("2026-0042"), &json!("traffic"))
    );
    let rows = register(&scene);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (
            &rows[0]["lookup"],
            &rows[0]["officer"],
            &rows[0]["outcome"],
            &rows[0]["subject"]
        ),
        (
            &json!(found.lookup),
            &json!(OFFICER),
            &json!("answered"),
            &asked[0]["subject"]
        )
    );
    // Nobody reads in a journal whom it was about, nor finds an answer on the terminal's disk.
    let journal = terminal.journal(0).unwrap().join("\n");
    assert!(!journal.contains("12345") && !journal.contains("张"));
    nowhere(&scene.terminal_dir("t-1"), &["京A12345", "138****1234"]);

    let nothing = ask(&officer, "京A99999").unwrap();
    assert!(matches!(nothing.known, Known::Records { records, .. } if records.is_empty()));
}

/// What is not well-formed, or says no reason, is no question: neither journalled nor sent.
#[test]
fn a_mistyped_number_asks_nothing() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    let size = terminal.journal(0).unwrap().len();
    for (registry, typed, code) in [
        (Registry::Person, "110105194912310021", "id-check"),
        (Registry::Vehicle, "京A1234?", "subject-wildcard"),
        (Registry::Vehicle, "京A12345,京A54321", "subject-wildcard"),
        (Registry::Case, " ", "subject-length"),
    ] {
        let error = officer.look_up(registry, typed, &purpose()).unwrap_err();
        assert_eq!((error.code(), error.class()), (code, Class::Refused));
    }
    let telling = Purpose::parse("the owner of 京A·12345").unwrap();
    let error = officer.look_up(Registry::Vehicle, "京A12345", &telling);
    let named = LookupFault::Purpose(PurposeError::NamesSubject);
    assert_eq!(error.unwrap_err(), Error::Lookup(named));
    assert_eq!(terminal.journal(0).unwrap().len(), size);
    assert!(register(&scene).is_empty());
}

/// Off duty nobody asks; the attempt is in the journal, and the station learns of no question.
#[test]
fn without_a_duty_nobody_asks() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.end_duty().unwrap();
    let denied = ask(&officer, "京A12345").unwrap_err();
    assert_eq!(denied, Error::Lookup(LookupFault::Denied));
    assert_eq!(
        bodies(&terminal, "access-denied"),
        [json!({"action": "lookup", "about": "vehicle", "reason": "look-up-needs-duty"})]
    );
    assert!(bodies(&terminal, "lookup-asked").is_empty());
    assert!(register(&scene).is_empty());
}

#[test]
fn a_locked_terminal_asks_nothing() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    let people = [
        &scene.admin.person,
        &scene.admin.register(&scene.runtime, "second"),
    ];
    scene.order("t-1", "lock", &people);
    terminal.sync_once().unwrap();
    assert_eq!(ask(&officer, "京A12345").unwrap_err(), Error::Locked);
    // Nor does it tell what its officer works on.
    assert_eq!(officer.waiting().unwrap_err(), Error::Locked);
    assert_eq!(officer.bookmarks().unwrap_err(), Error::Locked);
    assert_eq!(officer.recent_articles().unwrap_err(), Error::Locked);
    assert!(register(&scene).is_empty());
}

#[test]
fn prying_is_stopped_and_both_journals_have_it() {
    let scene = scene();
    let dir = scene.dir.path().join("station");
    let lists = format!("registry,key,list,officer\nvehicle,京A54321,relative,{OFFICER}\n");
    let watched = import_watched(&dir, lists.as_bytes());
    assert_eq!(scene.runtime.block_on(watched), Ok(1));
    let (terminal, officer) = scene.on_duty("t-1");
    let strict = LookupPolicy {
        stop: true,
        ..LookupPolicy::default()
    };
    limit(&scene, &terminal, strict);
    let stopped = ask(&officer, "京A54321").unwrap_err();
    assert_eq!(stopped, Error::Lookup(LookupFault::Stopped));
    assert_eq!(outcomes(&terminal), ["lookup-stopped"]);
    ask(&officer, "京A12345").unwrap();
    let rows = register(&scene);
    assert_eq!(rows[1]["noticed"], json!(["watched-relative"]));
    assert_eq!(rows[0]["noticed"], json!([]));
}

/// However far its journal is behind: it goes first.
#[test]
fn a_terminal_that_was_never_synchronised_can_ask() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    for number in 0..40 {
        terminal.security_event(&format!("event-{number}")).unwrap();
    }
    assert_eq!(first(&ask(&officer, "京A12345").unwrap()).0, SEEN);
    let status = terminal.status().unwrap();
    assert!(status.journal_cosigned > 40, "{status:?}");
}

/// The station was restarted between two questions: the way to it opens again by itself.
#[test]
fn a_restarted_station_is_found_again() {
    let mut scene = scene();
    let (_terminal, officer) = scene.on_duty("t-1");
    ask(&officer, "京A12345").unwrap();
    scene.restart_station();
    assert_eq!(
        first(&ask(&officer, "京A12345").unwrap()),
        (SEEN.to_vec(), false)
    );
}
