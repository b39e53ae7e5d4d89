use custos_protocol::policy::Category;

use super::*;
use crate::{
    Error,
    device::categories,
    testing::{Agency, STORED_MS},
};

const WEEK_MS: i64 = 7 * DAY_MS;

/// A confirmed clip, and the station's time so many milliseconds after it was confirmed.
fn confirmed_for(ms: i64) -> Agency {
    let agency = Agency::new();
    agency.seal("clip-1", 1_000);
    let receipt = agency.receipt("clip-1").to_text();
    receipts::accept(agency.vault(), "clip-1", &receipt).unwrap();
    agency
        .vault()
        .write(|tx| {
            let sql = "SELECT max(confirmed_ms, ?1) FROM evidence";
            let at: i64 = tx.query_row(sql, [STORED_MS], |row| row.get(0))?;
            clock::station_said(tx, at + ms)
        })
        .unwrap();
    agency
}

/// The policy with categories of so many days here.
fn categories(agency: &Agency, days: &[(&str, u32)]) {
    agency.publish(|policy| {
        policy.categories = days
            .iter()
            .map(|(code, days)| Category {
                code: (*code).to_owned(),
                name: String::new(),
                local_retention_days: *days,
                retention_days: 1,
            })
            .collect();
    });
}

fn categorise(agency: &Agency, code: &str) -> Result<()> {
    agency.vault().write(|tx| {
        let context = JournalContext::terminal(tx)?;
        categories::give(tx, &context, "clip-1", code)
    })
}

fn why(agency: &Agency) -> KeptFor {
    keeps(agency);
    purge(agency.vault()).unwrap().kept[0].why
}

fn set(agency: &Agency, sql: &str) {
    agency.vault().write(|tx| Ok(tx.execute(sql, [])?)).unwrap();
}

fn has_file(agency: &Agency) -> bool {
    agency.vault().folder().clip("clip-1").exists()
}

fn keeps(agency: &Agency) {
    let report = purge(agency.vault()).unwrap();
    assert!(report.purged.is_empty() && has_file(agency));
    assert!(!agency.kinds().contains(&"purged".to_owned()));
}

#[test]
fn a_confirmed_clip_goes_after_its_retention_and_leaves_a_tombstone() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    assert_eq!(purge(agency.vault()).unwrap().purged, ["clip-1"]);
    assert!(!has_file(&agency));
    assert_eq!(agency.kinds(), ["sealed", "confirmed", "purged"]);
    // Row and receipt stay, and a second purge has nothing to do.
    let receipt: String = agency
        .vault()
        .read(|c| Ok(c.query_row("SELECT receipt FROM evidence", [], |row| row.get(0))?))
        .unwrap();
    assert!(receipt.starts_with('{'));
    assert_eq!(purge(agency.vault()).unwrap(), PurgeReport::default());
}

#[test]
fn not_before_its_retention() {
    let agency = confirmed_for(WEEK_MS - 60_000);
    keeps(&agency);
    let until_ms = STORED_MS + WEEK_MS;
    assert_eq!(why(&agency), KeptFor::Retention { until_ms });
}

#[test]
fn not_while_somebody_holds_it() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    set(&agency, "UPDATE evidence SET held = 1");
    assert_eq!(why(&agency), KeptFor::Hold);
}

/// What an officer marked stays, however old, until the policy says otherwise; and a mark that
/// comes between the search and the deletion counts.
#[test]
fn not_while_it_is_marked_and_the_policy_keeps_marks() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    let due = agency.vault().read(judge_all).unwrap();
    assert_eq!((due.len(), due[0].1), (1, None));
    set(&agency, "UPDATE evidence SET marked = 1, marked_ms = 1");
    assert_eq!(
        purge_one(agency.vault(), "clip-1").unwrap(),
        Some(KeptFor::Mark)
    );
    assert_eq!(why(&agency), KeptFor::Mark);
    agency.publish(|policy| policy.storage.keep_marked = false);
    assert_eq!(purge(agency.vault()).unwrap().purged, ["clip-1"]);
}

#[test]
fn a_category_has_its_own_retention() {
    let agency = confirmed_for(2 * DAY_MS);
    categories(&agency, &[("minor", 1), ("serious", 365)]);
    assert_eq!(categorise(&agency, "unknown"), Err(Error::UnknownCategory));
    categorise(&agency, "serious").unwrap();
    categorise(&agency, "serious").unwrap();
    let until_ms = STORED_MS + 365 * DAY_MS;
    assert_eq!(why(&agency), KeptFor::Retention { until_ms });
    categorise(&agency, "minor").unwrap();
    assert_eq!(purge(agency.vault()).unwrap().purged, ["clip-1"]);
    assert_eq!(
        agency.kinds(),
        [
            "sealed",
            "confirmed",
            "policy-updated",
            "categorised",
            "categorised",
            "purged"
        ]
    );
}

/// A policy that drops a category shortens nothing: not what the category kept longer, nor, for
/// one that went sooner, the default.
#[test]
fn a_category_that_is_gone_shortens_nothing() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    categories(&agency, &[("serious", 365)]);
    categorise(&agency, "serious").unwrap();
    categories(&agency, &[]);
    categories(&agency, &[("other", 1)]);
    let until_ms = STORED_MS + 365 * DAY_MS;
    assert_eq!(why(&agency), KeptFor::Retention { until_ms });

    let agency = confirmed_for(2 * DAY_MS);
    categories(&agency, &[("minor", 1)]);
    categorise(&agency, "minor").unwrap();
    categories(&agency, &[]);
    let until_ms = STORED_MS + WEEK_MS;
    assert_eq!(why(&agency), KeptFor::Retention { until_ms });
    // One that no policy ever had.
    set(&agency, "UPDATE evidence SET category = 'never'");
    assert_eq!(why(&agency), KeptFor::Category);
}

/// A clock that was set back when the receipt came does not end retention early: the station's
/// signed time counts.
#[test]
fn not_by_a_wrong_time_of_confirmation() {
    let agency = confirmed_for(WEEK_MS - 60_000);
    set(&agency, "UPDATE evidence SET confirmed_ms = 0");
    let until_ms = STORED_MS + WEEK_MS;
    assert_eq!(why(&agency), KeptFor::Retention { until_ms });
}

/// Invariant 3: the state alone deletes nothing. The receipt is verified again, for exactly this
/// object.
#[test]
fn not_without_a_receipt_that_verifies() {
    for sql in [
        "UPDATE evidence SET receipt = NULL",
        "UPDATE evidence SET receipt = replace(receipt, 'custos', 'custoz')",
        "UPDATE evidence SET length = length + 1",
        "UPDATE evidence SET root = zeroblob(32)",
    ] {
        let agency = confirmed_for(WEEK_MS + 1_000);
        set(&agency, sql);
        keeps(&agency);
    }
    // The receipt of another clip.
    let agency = confirmed_for(WEEK_MS + 1_000);
    agency.seal("clip-2", 1_000);
    let other = agency.receipt("clip-2").to_text();
    agency
        .vault()
        .write(|tx| Ok(tx.execute("UPDATE evidence SET receipt = ?1", [other])?))
        .unwrap();
    keeps(&agency);
    // Sealed, uploaded, anything but confirmed.
    for state in [
        "sealed",
        "recovered",
        "uploading",
        "failed",
        "quarantined",
        "recording",
    ] {
        let agency = confirmed_for(WEEK_MS + 1_000);
        set(&agency, &format!("UPDATE evidence SET state = '{state}'"));
        keeps(&agency);
    }
}

/// Setting the device's clock forward, or never letting it hear from the station, deletes
/// nothing.
#[test]
fn not_by_a_clock_that_nobody_vouches_for() {
    for sql in [
        "UPDATE terminal SET clock_boot = 'another boot'",
        "UPDATE terminal SET clock_station_ms = NULL",
    ] {
        let agency = confirmed_for(0);
        set(&agency, "UPDATE evidence SET confirmed_ms = 0");
        set(&agency, sql);
        keeps(&agency);
        assert!(purge(agency.vault()).unwrap().clock_untrusted);
    }
}

/// The entry is durable before the file goes; a power cut in between ends with the file gone.
#[test]
fn an_interrupted_purge_is_finished() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    set(&agency, "UPDATE evidence SET purged_ms = 1");
    assert!(has_file(&agency));
    purge(agency.vault()).unwrap();
    assert!(!has_file(&agency));
}
