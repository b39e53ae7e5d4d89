//! A part of a number: by a grant alone, and never of a person.

use custos_protocol::grant::{GrantAction, GrantTerms};
use serde_json::json;

use super::{batch::granted, *};
use crate::access::grants::tests::terms;

fn wildcards() -> GrantTerms {
    GrantTerms {
        actions: vec![GrantAction::LookupWildcard],
        cases: vec![],
        ..terms()
    }
}

fn search(bench: &Bench, registry: Registry, typed: &str) -> Result<LookUp> {
    let purpose = Purpose::parse("inquiry").unwrap();
    bench.officer.look_up_pattern(registry, typed, &purpose)
}

#[test]
fn a_pattern_is_journalled_as_one() {
    let bench = granted(Some(wildcards()));
    let found = search(&bench, Registry::Vehicle, "京a12＊").unwrap();
    let asked = bench.bodies("lookup-asked");
    assert_eq!(
        (
            &asked[0]["lookup"],
            &asked[0]["wildcard"],
            &asked[0]["grant"]
        ),
        (&json!(found.lookup), &json!(true), &json!("g-1"))
    );
    let told = bench.station.asked();
    assert_eq!(told[0].0.subject.key, "京A12*");
    assert!(told[0].0.seq < told[0].1);
    let journal = bench.terminal.journal(0).unwrap().join("\n");
    assert!(!journal.contains("A12"));
}

#[test]
fn a_pattern_takes_a_grant_for_patterns() {
    let batches = GrantTerms {
        actions: vec![GrantAction::LookupBatch],
        ..wildcards()
    };
    for terms in [None, Some(batches)] {
        let bench = granted(terms);
        let refused = search(&bench, Registry::Vehicle, "京A12*").unwrap_err();
        assert_eq!(refused, Error::Lookup(LookupFault::NeedsGrant));
        assert_eq!(
            bench.bodies("access-denied"),
            [json!({ "action": "lookup-wildcard", "about": "vehicle", "reason": "no-rule" })]
        );
        assert!(bench.bodies("lookup-asked").is_empty());
        assert!(bench.station.asked().is_empty());
    }
}

#[test]
fn nobody_is_searched_by_half_a_number() {
    let bench = granted(Some(wildcards()));
    for (registry, typed) in [
        (Registry::Person, "1101051949123100*"),
        (Registry::Device, "cam-0123*"),
        (Registry::Vehicle, "京A*"),
        (Registry::Vehicle, "京A12345"),
    ] {
        let refused = search(&bench, registry, typed).unwrap_err();
        assert_eq!(refused.code(), "subject-wildcard", "{typed}");
    }
    // Neither alone nor among several is a pattern a number.
    let purpose = Purpose::parse("inquiry").unwrap();
    let typed = ["京A12*", "京A12345"];
    let refused = bench
        .officer
        .look_up_batch(Registry::Vehicle, &typed, &purpose);
    assert_eq!(refused.unwrap_err().code(), "subject-wildcard");
    let refused = bench
        .officer
        .look_up(Registry::Vehicle, "京A12*", &purpose)
        .unwrap_err();
    assert_eq!(refused.code(), "subject-wildcard");
    assert!(bench.kinds().iter().all(|kind| kind != "lookup-asked"));
}

/// A list knows whole numbers: that a pattern is on none would say nothing, and sound otherwise.
#[test]
fn a_pattern_waits_and_no_list_is_asked() {
    let bench = granted(Some(wildcards()));
    let vault = bench.agency.vault();
    let sql = "UPDATE terminal SET station = 'http://127.0.0.1:1';
               INSERT INTO lookup_list (list, registry, version, time_ms, expires_ms, key, entries)
               VALUES ('stolen', 'vehicle', 1, 0, 9000000000000,
                       'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=', x'');";
    vault.write(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
    let lists = |found: LookUp| match found.known {
        Known::Offline { lists, queued } => (lists.len(), queued),
        known @ Known::Records { .. } => panic!("{known:?}"),
    };
    assert_eq!(lists(bench.ask().unwrap()), (1, true));
    let found = search(&bench, Registry::Vehicle, "京A12*").unwrap();
    assert_eq!(lists(found), (0, true));
}
