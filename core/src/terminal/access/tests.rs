//! What a grant gives on a terminal, to whom, and when.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use custos_protocol::grant::GrantAction;

use super::*;
use crate::{
    access::grants::tests::{OFFICER, grant, house, offer, revocation, terms},
    testing::{Agency, DAY_MS, STORED_MS},
};

/// A clip of case c-1 that li recorded.
const CLIP: &str = "clip-1";

/// The officer of [`house`] with a grant for it, at [`STORED_MS`] by the station's clock.
fn granted() -> Agency {
    let agency = house();
    agency
        .vault()
        .write(|tx| {
            tx.execute(
                "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                       began_ms, header_length)
                 VALUES (?1, 'rec-1', 'li', 'duty-1', 'c-1', 'video/mp4', 'sealed', ?2, 0)",
                (CLIP, STORED_MS),
            )?;
            Ok(())
        })
        .unwrap();
    station_says(&agency, STORED_MS);
    offer(&agency, &[grant(&agency, "g-1", terms(), terms())], &[]);
    agency
}

/// The station's time, in this boot.
fn station_says(agency: &Agency, now_ms: i64) {
    clock_is(agency, now_ms, &clock::boot().id);
}

/// The station's time, in that boot: in another one, the device's own clock carries on.
fn clock_is(agency: &Agency, station_ms: i64, boot: &str) {
    let now = clock::boot();
    agency
        .vault()
        .write(|tx| {
            tx.execute(
                "UPDATE terminal SET clock_station_ms = ?1, clock_boot = ?2, clock_boot_ms = ?3",
                (station_ms, boot, now.ms),
            )?;
            Ok(())
        })
        .unwrap();
}

fn list(agency: &Agency, officer: &str) -> Result<Vec<Allowed>> {
    require(agency.vault(), officer, Action::EvidenceList, &[CLIP])
}

/// Why the officer may not, as the journal has it.
fn denied(agency: &Agency, officer: &str, action: Action) -> String {
    let refused = require(agency.vault(), officer, action, &[CLIP]);
    assert_eq!(refused.map(drop), Err(Error::UnknownClip));
    match agency.events().pop() {
        Some(Event::AccessDenied { about, reason, .. }) if about == CLIP => reason,
        other => panic!("not journalled: {other:?}"),
    }
}

fn denied_list(agency: &Agency) -> String {
    denied(agency, OFFICER, Action::EvidenceList)
}

#[test]
fn it_names_the_grant() {
    let agency = granted();
    let allowed = list(&agency, OFFICER).unwrap();
    assert_eq!(allowed[0].grant.as_deref(), Some("g-1"));
    assert_eq!(list(&agency, "li").unwrap()[0].grant, None, "the own");
}

#[test]
fn it_is_one_officer_s_and_for_what_it_says() {
    let agency = granted();
    assert_eq!(denied(&agency, "zhao", Action::EvidenceList), "no-rule");
    for action in [
        Action::EvidencePlay,
        Action::EvidenceExport,
        Action::EvidencePreview,
        Action::EvidenceMark,
        Action::EvidenceDescribe,
    ] {
        assert_eq!(denied(&agency, OFFICER, action), "no-rule");
    }
    agency
        .vault()
        .write(|tx| Ok(tx.execute("UPDATE evidence SET case_no = 'c-2'", [])?))
        .unwrap();
    assert_eq!(denied_list(&agency), "no-rule");
}

#[test]
fn it_ends() {
    let agency = granted();
    station_says(&agency, STORED_MS + DAY_MS);
    assert_eq!(denied_list(&agency), "grant-expired");
    station_says(&agency, STORED_MS - DAY_MS - 60_000);
    assert_eq!(denied_list(&agency), "grant-not-yet");
    station_says(&agency, STORED_MS);
    assert!(list(&agency, OFFICER).is_ok());
    offer(&agency, &[], &[revocation(&agency, "g-1", "carla")]);
    assert_eq!(denied_list(&agency), "grant-revoked");
}

/// This machine's clock is years before the grant: it was set back.
#[test]
fn a_clock_that_was_set_back_is_none() {
    let agency = granted();
    clock_is(&agency, STORED_MS, "the boot before");
    assert_eq!(denied_list(&agency), "grant-needs-time");
}

/// Less than the station said is one thing, less than the clock has shown another: between the two
/// lies the time that a terminal was offline.
#[test]
fn a_clock_that_shows_less_than_it_has_shown_is_none() {
    let agency = house();
    let now = clock::wall_ms();
    let mut brief = terms();
    (brief.not_before_ms, brief.expires_ms) = (now - DAY_MS, now + DAY_MS);
    agency
        .vault()
        .write(|tx| {
            tx.execute(
                "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                       began_ms, header_length)
                 VALUES (?1, 'rec-1', 'li', 'duty-1', 'c-1', 'video/mp4', 'sealed', ?2, 0)",
                (CLIP, now),
            )?;
            Ok(())
        })
        .unwrap();
    let set = |sql: &str, ms: i64| {
        let vault = agency.vault();
        vault.write(|tx| Ok(tx.execute(sql, [ms])?)).unwrap();
    };
    let signed = grant(&agency, "g-1", brief.clone(), brief);
    let text = serde_json::to_string(&signed).unwrap();
    agency
        .vault()
        .write(|tx| {
            let sql = "INSERT INTO access_grant (id, grantee, signed, expires_ms)
                       VALUES ('g-1', ?1, ?2, ?3)";
            Ok(tx.execute(sql, (OFFICER, text, now + DAY_MS))?)
        })
        .unwrap();
    // Never compared with a station's.
    assert_eq!(denied_list(&agency), "grant-needs-time");
    clock_is(&agency, now - 3_600_000, "the boot before");
    assert!(list(&agency, OFFICER).is_ok(), "carried on, and forward");
    agency.vault().write(clock::seen).unwrap();
    assert!(list(&agency, OFFICER).is_ok());
    set("UPDATE clock_seen SET seen_ms = ?1", now + 3_600_000);
    assert_eq!(denied_list(&agency), "grant-needs-time");
    // The station's time heals what a clock that ran ahead has shown.
    station_says(&agency, now);
    agency.vault().write(clock::seen).unwrap();
    clock_is(&agency, now, "the boot before");
    assert!(list(&agency, OFFICER).is_ok());
}

#[test]
fn a_grant_by_department_needs_one_to_be_known() {
    let agency = granted();
    let mut north = terms();
    north.cases = vec![];
    north.departments = vec!["north".into()];
    north.actions = vec![GrantAction::EvidenceMetadata];
    offer(&agency, &[grant(&agency, "g-2", north.clone(), north)], &[]);
    assert_eq!(
        denied(&agency, OFFICER, Action::EvidenceMetadata),
        "no-rule"
    );
    agency
        .vault()
        .write(|tx| Ok(tx.execute("UPDATE evidence SET department = 'north'", [])?))
        .unwrap();
    let allowed = require(agency.vault(), OFFICER, Action::EvidenceMetadata, &[CLIP]);
    assert_eq!(allowed.unwrap()[0].grant.as_deref(), Some("g-2"));
}
