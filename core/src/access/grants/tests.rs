#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use custos_protocol::{
    grant::{GrantAction, GrantApplication, GrantApproval, GrantSetting},
    journal::ClockTrust,
    note::Signer,
    suite,
    trust::TrustSet,
};

use super::*;
use crate::testing::{Agency, DAY_MS, STORED_MS};

pub(crate) const OFFICER: &str = "wang";
/// The terminal of [`Agency`].
const HERE: &str = "t-1";

fn now() -> Now {
    Now {
        time_ms: STORED_MS,
        trust: ClockTrust::Station,
        floor_ms: STORED_MS,
    }
}

pub(crate) fn terms() -> GrantTerms {
    GrantTerms {
        grantee: OFFICER.into(),
        actions: vec![GrantAction::EvidenceList],
        departments: vec![],
        cases: vec!["c-1".into()],
        officers: vec![],
        from_ms: None,
        to_ms: None,
        purpose: "inquiry".into(),
        not_before_ms: STORED_MS - DAY_MS,
        expires_ms: STORED_MS + DAY_MS,
        terminals: vec![],
    }
}

fn sign<T: statement::Statement>(value: &T, by: &Signer) -> Note {
    statement::sign(value, &[by]).unwrap()
}

/// Applied for by dora, approved by emil, set by carla.
pub(crate) fn grant(
    agency: &Agency,
    id: &str,
    asked: GrantTerms,
    approved: GrantTerms,
) -> SignedGrant {
    let application = GrantApplication {
        suite: suite::CURRENT,
        id: id.into(),
        applicant: "dora".into(),
        terms: asked,
        time_ms: 0,
    };
    let application = sign(&application, &agency.person("dora"));
    let approval = GrantApproval::new(&application, "emil", Some(approved), 0).unwrap();
    let approval = sign(&approval, &agency.person("emil"));
    let setting = GrantSetting::new(&approval, "carla", 0).unwrap();
    let setting = sign(&setting, &agency.person("carla"));
    SignedGrant {
        application: application.to_string(),
        approval: approval.to_string(),
        setting: setting.to_string(),
    }
}

fn good(agency: &Agency, id: &str) -> SignedGrant {
    grant(agency, id, terms(), terms())
}

pub(crate) fn revocation(agency: &Agency, id: &str, by: &str) -> String {
    let revocation = GrantRevocation {
        suite: suite::CURRENT,
        id: id.into(),
        by: by.into(),
        reason: "closed".into(),
        time_ms: 0,
    };
    sign(&revocation, &agency.person(by)).to_string()
}

pub(crate) fn offer(agency: &Agency, grants: &[SignedGrant], revocations: &[String]) {
    let delivery = GrantDelivery {
        grants: grants.to_vec(),
        revocations: revocations.to_vec(),
    };
    agency
        .vault()
        .write(|tx| take(tx, &delivery, now()))
        .unwrap();
}

fn held(agency: &Agency) -> Vec<(String, bool)> {
    let grants = agency.vault().read(|c| of_officer(c, OFFICER)).unwrap();
    grants.into_iter().map(|g| (g.id, g.revoked)).collect()
}

fn reasons(agency: &Agency) -> Vec<String> {
    let refused = |event: Event| match event {
        Event::GrantRefused { reason, .. } => Some(reason),
        _ => None,
    };
    agency.events().into_iter().filter_map(refused).collect()
}

pub(crate) fn house() -> Agency {
    let agency = Agency::with_people();
    agency.enrol(OFFICER);
    agency
}

#[test]
fn what_verifies_is_kept_and_journalled_once() {
    let agency = house();
    for _ in 0..3 {
        offer(&agency, &[good(&agency, "g-1")], &[]);
    }
    assert_eq!(held(&agency), [("g-1".to_owned(), false)]);
    assert_eq!(agency.kinds(), ["grant-received"]);
    let list = agency.vault().read(|c| list(c, OFFICER, now())).unwrap();
    assert_eq!(list[0].state, GrantState::InForce);
    assert_eq!(list[0].terms, terms());
}

#[test]
fn a_revocation_ends_it_for_good() {
    let agency = house();
    let one = good(&agency, "g-1");
    offer(&agency, std::slice::from_ref(&one), &[]);
    let ended = revocation(&agency, "g-1", "emil");
    for _ in 0..2 {
        offer(&agency, &[], std::slice::from_ref(&ended));
    }
    assert_eq!(held(&agency), [("g-1".to_owned(), true)]);
    // The station forgets that it was revoked.
    offer(&agency, &[one], &[]);
    assert_eq!(held(&agency), [("g-1".to_owned(), true)]);
    assert_eq!(reasons(&agency), ["revoked"]);
    assert_eq!(
        agency.kinds(),
        ["grant-received", "grant-revoked", "grant-refused"]
    );
}

#[test]
fn one_that_was_revoked_before_it_came_never_holds() {
    let agency = house();
    let ended = revocation(&agency, "g-1", "carla");
    offer(&agency, &[good(&agency, "g-1")], &[ended]);
    assert_eq!(held(&agency), []);
    assert_eq!(reasons(&agency), ["revoked"]);
}

/// A station that makes grants up, or changes what was signed.
#[test]
fn what_a_station_forges_is_refused_and_told_once() {
    let agency = house();
    let mut wider = terms();
    wider.cases = vec![];
    wider.officers = vec!["li".into()];
    let mut other_officer = good(&agency, "g-2");
    other_officer.approval = other_officer.approval.replace(OFFICER, "zhao");
    let mut swapped = good(&agency, "g-3");
    swapped.setting = good(&agency, "g-4").setting;
    let mut elsewhere = terms();
    elsewhere.terminals = vec!["t-9".into()];
    let mut empty = good(&agency, "g-5");
    empty.setting = String::new();
    let forged = [
        grant(&agency, "g-1", terms(), wider),
        other_officer,
        swapped,
        grant(&agency, "g-6", elsewhere.clone(), elsewhere),
        empty,
    ];
    for _ in 0..3 {
        offer(&agency, &forged, &["rubbish".to_owned()]);
    }
    assert_eq!(held(&agency), []);
    assert_eq!(
        reasons(&agency),
        [
            "signature",
            "widened",
            "signature",
            "other-step",
            "other-terminal",
            "signature"
        ]
    );
}

/// Garbage without end does not fill the journal at once.
#[test]
fn only_so_many_refusals_are_told_of_one_delivery() {
    let agency = house();
    let rubbish: Vec<_> = (0..100).map(|n| format!("rubbish {n}")).collect();
    offer(&agency, &[], &rubbish);
    assert_eq!(reasons(&agency).len(), TOLD);
}

#[test]
fn only_those_who_may_revoke() {
    let agency = house();
    offer(&agency, &[good(&agency, "g-1")], &[]);
    // A manager may not, nor may somebody in another's name.
    let by_manager = revocation(&agency, "g-1", "dora");
    let in_the_name_of = by_manager.replace("\"by\":\"dora\"", "\"by\":\"emil\"");
    offer(&agency, &[], &[by_manager, in_the_name_of]);
    assert_eq!(held(&agency), [("g-1".to_owned(), false)]);
    assert_eq!(reasons(&agency), ["wrong-role", "signature"]);
}

#[test]
fn nothing_for_who_has_no_slot_here_and_nothing_that_is_over() {
    let agency = house();
    let mut stranger = terms();
    stranger.grantee = "li".into();
    let mut over = terms();
    over.expires_ms = STORED_MS;
    offer(
        &agency,
        &[
            grant(&agency, "g-1", stranger.clone(), stranger),
            grant(&agency, "g-2", over.clone(), over),
        ],
        &[],
    );
    let all = |c: &Connection| {
        let sql = "SELECT count(*) FROM access_grant";
        Ok(c.query_row(sql, [], |row| row.get::<_, u64>(0))?)
    };
    assert_eq!(agency.vault().read(all).unwrap(), 0);
    assert!(agency.kinds().is_empty());
    let mut here = terms();
    here.terminals = vec![HERE.into()];
    offer(&agency, &[grant(&agency, "g-3", here.clone(), here)], &[]);
    assert_eq!(held(&agency).len(), 1);
}

#[test]
fn who_signed_and_has_left_is_no_signer_any_more() {
    let agency = house();
    let ended = revocation(&agency, "g-2", "emil");
    offer(&agency, &[good(&agency, "g-1"), good(&agency, "g-2")], &[]);
    let mut next = TrustSet {
        version: 2,
        ..agency.vault().read(state::trust).unwrap()
    };
    next.people.retain(|person| person.name != "emil");
    agency.take_trust(&next);
    assert_eq!(held(&agency), []);
    assert_eq!(reasons(&agency), ["unknown-person", "unknown-person"]);
    // What somebody ended before leaving stays ended.
    offer(&agency, &[], &[ended]);
    assert!(agency.vault().read(|c| is_revoked(c, "g-2")).unwrap());
    assert_eq!(reasons(&agency).len(), 2);
}
