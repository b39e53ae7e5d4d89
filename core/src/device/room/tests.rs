use custos_protocol::journal::{Entry, Event};

use super::*;
use crate::{
    clock,
    sync::receipts,
    testing::{Agency, DAY_MS, STORED_MS},
};

const MIB: u64 = 1 << 20;

/// A policy whose reserve is 4 MiB, and a disk with so much besides it.
fn agency(room: u64) -> Agency {
    let agency = Agency::new();
    agency.publish(|policy| policy.storage.reserve_bytes = 4 * MIB);
    agency.vault().disk.is_of(4 * MIB + room);
    agency
}

/// A clip of so many bytes that was confirmed eight days ago.
fn old(agency: &Agency, name: &str, bytes: usize) {
    agency.seal(name, bytes);
    let receipt = agency.receipt(name).to_text();
    receipts::accept(agency.vault(), name, &receipt).unwrap();
    agency
        .vault()
        .write(|tx| {
            let sql = "SELECT max(confirmed_ms, ?1) FROM evidence WHERE clip = ?2";
            let at: i64 = tx.query_row(sql, (STORED_MS, name), |row| row.get(0))?;
            clock::station_said(tx, at + 8 * DAY_MS)
        })
        .unwrap();
}

fn watch(agency: &Agency) -> Watch {
    Watch::new(agency.vault().read(state::policy).unwrap().storage)
}

fn storage_low(agency: &Agency) -> Vec<String> {
    let raw = agency
        .vault()
        .read(|c| journal::entries(c, 0, 1_000, usize::MAX))
        .unwrap();
    raw.iter()
        .filter_map(|raw| match Entry::from_raw(raw).unwrap().event() {
            Some(Event::StorageLow { level, .. }) => Some(level),
            _ => None,
        })
        .collect()
}

#[test]
fn nothing_begins_where_there_is_no_room_and_the_journal_says_so() {
    let agency = agency(MIB);
    assert_eq!(
        to_record(agency.vault(), "wang", "duty-1"),
        Err(Error::Full)
    );
    assert_eq!(storage_low(&agency), ["full"]);
    agency.vault().disk.is_of(7 * MIB);
    to_record(agency.vault(), "wang", "duty-1").unwrap();
    assert_eq!(
        to_store(agency.vault(), "wang", "duty-1", 3 * MIB + 1),
        Err(Error::Full)
    );
    to_store(agency.vault(), "wang", "duty-1", 3 * MIB).unwrap();
}

#[test]
fn what_may_go_makes_room_the_oldest_first_and_no_more_than_is_needed() {
    let agency = agency(5 * MIB);
    old(&agency, "clip-1", 2 << 20);
    old(&agency, "clip-2", 2 << 20);
    agency.seal("clip-3", 1 << 19);
    let file = |clip: &str| agency.vault().folder().clip(clip).exists();
    to_store(agency.vault(), "wang", "duty-1", 2 * MIB).unwrap();
    assert_eq!(
        (file("clip-1"), file("clip-2"), file("clip-3")),
        (false, true, true)
    );
    // What is not confirmed stays, whatever is wanted.
    assert_eq!(
        to_store(agency.vault(), "wang", "duty-1", 64 * MIB),
        Err(Error::Full)
    );
    assert_eq!((file("clip-2"), file("clip-3")), (false, true));
}

#[test]
fn nothing_goes_by_itself_where_the_policy_says_so() {
    let agency = agency(3 * MIB);
    old(&agency, "clip-1", 2 << 20);
    agency.publish(|policy| policy.storage.purge_when_full = false);
    let refused = to_store(agency.vault(), "wang", "duty-1", 2 * MIB);
    assert_eq!(refused, Err(Error::Full));
    assert!(agency.vault().folder().clip("clip-1").exists());
    let room = watch(&agency).before_commit(agency.vault(), 2 * MIB);
    assert!(matches!(room, Room::Full { .. }), "{room:?}");
    assert!(agency.vault().folder().clip("clip-1").exists());
}

/// A clock that somebody set forward clears nothing, however full it is.
#[test]
fn nothing_goes_by_a_clock_that_nobody_vouches_for() {
    let agency = agency(3 * MIB);
    old(&agency, "clip-1", 2 << 20);
    agency
        .vault()
        .write(|tx| Ok(tx.execute("UPDATE terminal SET clock_boot = 'another'", [])?))
        .unwrap();
    let refused = to_store(agency.vault(), "wang", "duty-1", 2 * MIB);
    assert_eq!(refused, Err(Error::Full));
    assert!(agency.vault().folder().clip("clip-1").exists());
}

#[test]
fn a_recording_that_has_to_end_writes_what_waits_with_half_of_the_reserve() {
    let agency = agency(MIB);
    let mut watch = watch(&agency);
    // At 516,000 bytes a second, without any level above 5 minutes that was not reached.
    assert!(matches!(
        watch.before_commit(agency.vault(), MIB / 2),
        Room::Low(_)
    ));
    assert_eq!(watch.before_commit(agency.vault(), MIB / 2), Room::Enough);
    for waits in [MIB + 1, 9 * MIB] {
        match watch.before_commit(agency.vault(), waits) {
            Room::Full { forecast, bytes } => {
                assert_eq!((bytes, forecast.minutes_left), (3 * MIB, 0));
            }
            room => panic!("{room:?}"),
        }
    }
}

#[test]
fn each_level_is_told_once_until_it_has_recovered() {
    let agency = agency(0);
    let mut watch = watch(&agency);
    let minute = 516_000 * 60;
    let mut at = |minutes: u64| {
        agency
            .vault()
            .disk
            .is_of(4 * MIB + minutes * minute + 1_000);
        match watch.before_commit(agency.vault(), 0) {
            Room::Enough => None,
            Room::Low(forecast) => Some(forecast.minutes_left),
            room @ Room::Full { .. } => panic!("{room:?}"),
        }
    };
    let seen = [
        100, 61, 60, 59, 61, 60, 16, 15, 14, 16, 15, 70, 60, 17, 15, 4, 3, 14, 5,
    ];
    let told = [60, 15, 60, 15, 4, 5].map(Some);
    let said: Vec<_> = seen
        .into_iter()
        .map(&mut at)
        .filter(Option::is_some)
        .collect();
    assert_eq!(said, told);
}
