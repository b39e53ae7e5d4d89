//! Several numbers in one call: by a grant alone, and each as if it were asked alone.

use custos_protocol::grant::{GrantAction, GrantTerms};
use serde_json::{Value, json};

use super::*;
use crate::{
    access::grants::tests::{grant, offer, revocation, terms},
    lookup::registry::OfBatch,
    testing::{DAY_MS, STORED_MS},
};

const CARS: [&str; 3] = ["京A12345", "京A54321", "京A99999"];

fn batches() -> GrantTerms {
    GrantTerms {
        actions: vec![GrantAction::LookupBatch],
        cases: vec![],
        ..terms()
    }
}

/// An officer on duty, at [`STORED_MS`] by the station's clock, with this grant.
pub(super) fn granted(terms: Option<GrantTerms>) -> Bench {
    let bench = Bench::of(Agency::with_people(), honest);
    bench.station_says(STORED_MS);
    if let Some(terms) = terms {
        let signed = grant(&bench.agency, "g-1", terms.clone(), terms);
        offer(&bench.agency, &[signed], &[]);
    }
    bench
}

impl Bench {
    fn station_says(&self, now_ms: i64) {
        let boot = clock::boot();
        let sql = "UPDATE terminal SET clock_station_ms = ?1, clock_boot = ?2, clock_boot_ms = ?3";
        let vault = self.agency.vault();
        vault
            .write(|tx| Ok(tx.execute(sql, (now_ms, &boot.id, boot.ms))?))
            .unwrap();
    }

    fn ask_all(&self, typed: &[&str]) -> Result<Vec<OfBatch>> {
        let purpose = Purpose::parse("inquiry").unwrap();
        let batch = self
            .officer
            .look_up_batch(Registry::Vehicle, typed, &purpose)?;
        Ok(batch.collect())
    }

    pub(super) fn bodies(&self, kind: &str) -> Vec<Value> {
        let raw = self.terminal.journal(0).unwrap();
        let entries = raw.iter().map(|raw| Entry::from_raw(raw).unwrap());
        let bodies = entries.filter(|entry| entry.kind == kind);
        bodies.map(|entry| entry.body).collect()
    }

    /// Nothing was asked, and the journal has why.
    fn is_denied(&self, fault: LookupFault, reason: &str) {
        let refused = self.ask_all(&CARS).unwrap_err();
        assert_eq!(refused, Error::Lookup(fault), "{reason}");
        assert_eq!(
            self.bodies("access-denied").pop(),
            Some(json!({ "action": "lookup-batch", "about": "vehicle", "reason": reason }))
        );
        assert!(self.bodies("lookup-asked").is_empty());
        assert!(self.station.asked().is_empty());
    }
}

#[test]
fn each_number_is_a_question_of_its_own() {
    let bench = granted(Some(batches()));
    let typed = ["京A12345", "京a·54321", "京ａ12345", "京A99999"];
    let found = bench.ask_all(&typed).unwrap();
    // One of them was there twice.
    let positions: Vec<_> = found.iter().map(|one| one.position).collect();
    assert_eq!(positions, [1, 2, 4]);
    assert_eq!(found[1].subject, "京A***21");
    let names: Vec<_> = found
        .into_iter()
        .map(|one| one.answer.unwrap().lookup)
        .collect();
    let asked = bench.bodies("lookup-asked");
    assert_eq!(asked.len(), 3);
    for (body, name) in asked.iter().zip(&names) {
        assert_eq!(
            (&body["lookup"], &body["grant"], &body["batch"]),
            (&json!(name), &json!("g-1"), &asked[0]["batch"])
        );
    }
    assert!(asked[0]["batch"].as_str().unwrap().starts_with("batch-"));
    assert_ne!(asked[0]["subject"], asked[1]["subject"]);
    // Its own entry was there first, of each.
    let told = bench.station.asked();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|(request, held)| request.seq < *held));
    let kinds: Vec<_> = bench.kinds().into_iter().rev().take(6).collect();
    assert_eq!(kinds, ["lookup-answered", "lookup-asked"].repeat(3));
    // The next one is another batch; one number alone is none, and takes no grant.
    bench.ask_all(&CARS[..2]).unwrap();
    bench.ask_all(&["京A12345", "京a12345"]).unwrap();
    let asked = bench.bodies("lookup-asked");
    assert_ne!(asked[3]["batch"], asked[0]["batch"]);
    assert!(asked[5].get("batch").is_none() && asked[5].get("grant").is_none());
}

#[test]
fn without_a_grant_nothing_is_asked() {
    let needs = LookupFault::NeedsGrant;
    granted(None).is_denied(needs, "no-rule");
    let wildcard = GrantTerms {
        actions: vec![GrantAction::LookupWildcard],
        ..batches()
    };
    granted(Some(wildcard)).is_denied(needs, "no-rule");
    let early = GrantTerms {
        not_before_ms: STORED_MS + 60_000,
        ..batches()
    };
    granted(Some(early)).is_denied(needs, "grant-not-yet");
    let bench = granted(Some(batches()));
    bench.station_says(STORED_MS + DAY_MS);
    bench.is_denied(needs, "grant-expired");
    let bench = granted(Some(batches()));
    let ended = revocation(&bench.agency, "g-1", "emil");
    offer(&bench.agency, &[], &[ended]);
    bench.is_denied(needs, "grant-revoked");
    // With a grant or without: nobody asks off duty.
    let bench = granted(Some(batches()));
    bench.officer.end_duty().unwrap();
    bench.is_denied(LookupFault::Denied, "look-up-needs-duty");
}

/// All of it is looked at before the first is asked.
#[test]
fn one_wrong_number_stops_all() {
    let bench = granted(Some(batches()));
    let size = bench.terminal.journal(0).unwrap().len();
    let many: Vec<_> = (0..21).map(|n| format!("京A123{n:02}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (typed, code) in [
        (&["京A12345", "京A1"][..], "plate-sequence"),
        (&["京A12345", "京A5432*"], "subject-wildcard"),
        (&["京A12345", ""], "plate-province"),
        (&many, "lookup-batch-too-large"),
    ] {
        assert_eq!(bench.ask_all(typed).unwrap_err().code(), code);
    }
    let naming = Purpose::parse("whose is 京A54321").unwrap();
    let refused = bench
        .officer
        .look_up_batch(Registry::Vehicle, &CARS, &naming);
    assert_eq!(refused.unwrap_err().code(), "purpose-names-subject");
    assert_eq!(bench.terminal.journal(0).unwrap().len(), size);
    assert!(bench.station.asked().is_empty());
    assert_eq!(bench.ask_all(&many[..20]).unwrap().len(), 20);
}

#[test]
fn a_grant_that_ends_meanwhile_ends_the_batch() {
    let bench = granted(Some(batches()));
    let purpose = Purpose::parse("inquiry").unwrap();
    let officer = &bench.officer;
    let mut batch = officer
        .look_up_batch(Registry::Vehicle, &CARS, &purpose)
        .unwrap();
    assert!(batch.next().unwrap().answer.is_ok());
    offer(
        &bench.agency,
        &[],
        &[revocation(&bench.agency, "g-1", "emil")],
    );
    let second = batch.next().unwrap();
    assert_eq!(
        second.answer.unwrap_err(),
        Error::Lookup(LookupFault::NeedsGrant)
    );
    assert!(batch.next().is_none());
    assert_eq!(bench.station.asked().len(), 1);
}

/// No entry: no question, and no further one.
#[test]
fn a_batch_that_cannot_be_journalled_is_not_asked() {
    let bench = granted(Some(batches()));
    bench.without("lookup-asked");
    let found = bench.ask_all(&CARS).unwrap();
    assert_eq!(found.len(), 1);
    let error = found[0].answer.as_ref().unwrap_err();
    assert_eq!(error.class(), crate::Class::Storage, "{error}");
    assert!(bench.station.asked().is_empty());
}

#[test]
fn a_batch_waits_for_the_station() {
    let bench = granted(Some(batches()));
    let vault = bench.agency.vault();
    let sql = "UPDATE terminal SET station = 'http://127.0.0.1:1'";
    vault.write(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
    let found = bench.ask_all(&CARS).unwrap();
    assert_eq!(found.len(), 3);
    for one in found {
        let known = one.answer.unwrap().known;
        assert!(matches!(known, Known::Offline { queued: true, .. }));
    }
    assert_eq!(bench.officer.waiting().unwrap().len(), 3);
    assert_eq!(bench.bodies("lookup-asked").len(), 3);
}
