use super::*;
use crate::testing::Agency;

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
            let sql = "SELECT confirmed_ms FROM evidence";
            let at: i64 = tx.query_row(sql, [], |row| row.get(0))?;
            clock::station_said(tx, at + ms)
        })
        .unwrap();
    agency
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
    assert_eq!(purge(agency.vault()).unwrap().kept, 1);
}

#[test]
fn not_while_somebody_holds_it() {
    let agency = confirmed_for(WEEK_MS + 1_000);
    set(&agency, "UPDATE evidence SET held = 1");
    keeps(&agency);
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
