//! How long the storage lasts: what is free, what could be cleared, how fast it fills.

use custos_protocol::{clip::SEALED_CHUNK, policy::StoragePolicy};
use rusqlite::Connection;
use serde::Serialize;

use super::{retention, state};
use crate::Result;

/// Of video with 4 Mbit/s and sound with 128 kbit/s: what is assumed until something was recorded.
const USUAL_BYTES_PER_S: u64 = (4_000_000 + 128_000) / 8;

/// Media shorter than this says nothing about its rate.
const TELLING_US: i64 = 1_000_000;

/// What can still be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Bytes of the vault's file system that this program may use.
    pub free_bytes: u64,
    /// Of these, what the policy keeps for bringing things to their end.
    pub reserve_bytes: u64,
    /// Bytes of confirmed evidence that a purge would delete now.
    pub reclaimable_bytes: u64,
    /// What recording takes: of what runs now, together, or of the last recording.
    pub bytes_per_s: u64,
    /// Minutes until recording stops, with what is cleared by itself before that.
    pub minutes_left: u64,
}

/// The forecast with so many bytes free.
///
/// # Errors
/// Storage errors.
pub(crate) fn forecast(connection: &Connection, free_bytes: u64) -> Result<Forecast> {
    let policy = state::policy(connection)?.storage;
    let reclaimable_bytes = retention::reclaimable(connection)?;
    let bytes_per_s = bytes_per_s(connection)?;
    Ok(reckon(&policy, free_bytes, reclaimable_bytes, bytes_per_s))
}

/// What so many free bytes are good for.
pub(crate) fn reckon(
    policy: &StoragePolicy,
    free: u64,
    reclaimable: u64,
    bytes_per_s: u64,
) -> Forecast {
    let cleared = if policy.purge_when_full {
        reclaimable
    } else {
        0
    };
    let usable = free
        .saturating_add(cleared)
        .saturating_sub(policy.reserve_bytes);
    Forecast {
        free_bytes: free,
        reserve_bytes: policy.reserve_bytes,
        reclaimable_bytes: reclaimable,
        bytes_per_s,
        minutes_left: usable / bytes_per_s.max(1) / 60,
    }
}

/// What the running recordings take together; where none runs, what the last one with pictures
/// took, since the next may have some.
pub(crate) fn bytes_per_s(connection: &Connection) -> Result<u64> {
    let mut running = connection.prepare_cached(
        "SELECT DISTINCT recording FROM evidence
         WHERE payload_key IS NOT NULL AND state = 'recording'",
    )?;
    let running: Vec<String> = running
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if !running.is_empty() {
        return running.iter().try_fold(0u64, |sum, recording| {
            Ok(sum.saturating_add(rate_of(connection, recording)?))
        });
    }
    let mut last = connection.prepare_cached(
        "SELECT recording FROM evidence WHERE media = 'video/mp4' AND end_us >= ?1
         ORDER BY rowid DESC LIMIT 1",
    )?;
    let mut rows = last.query([TELLING_US])?;
    match rows.next()? {
        Some(row) => rate_of(connection, &row.get::<_, String>(0)?),
        None => Ok(USUAL_BYTES_PER_S),
    }
}

/// By its newest two clips: the last one may just have begun.
fn rate_of(connection: &Connection, recording: &str) -> Result<u64> {
    let mut clips = connection.prepare_cached(
        "SELECT coalesce(sum(bytes), 0), coalesce(sum(end_us), 0) FROM (
             SELECT coalesce(length, header_length + committed_chunks * ?2) AS bytes, end_us
             FROM evidence WHERE recording = ?1 ORDER BY rowid DESC LIMIT 2)",
    )?;
    let (bytes, us): (u64, i64) = clips.query_row((recording, SEALED_CHUNK as u64), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    match u64::try_from(us) {
        Ok(us) if us >= TELLING_US.unsigned_abs() => {
            let rate = u128::from(bytes) * 1_000_000 / u128::from(us);
            Ok(u64::try_from(rate).unwrap_or(u64::MAX).max(1))
        }
        _ => Ok(USUAL_BYTES_PER_S),
    }
}
