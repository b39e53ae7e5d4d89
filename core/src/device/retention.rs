//! What may leave the terminal for good. Invariant 3: nothing is deleted unless a receipt for
//! exactly that object verifies, and retention and holds allow it.

use custos_protocol::journal::{ClockTrust, Event};
use rusqlite::Connection;

use super::state;
use crate::{
    Result, clock,
    journal::{self, JournalContext},
    sync::receipts::{self, Own},
    vault::{self, Vault},
};

const DAY_MS: i64 = 86_400_000;

/// What [`purge`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Clips whose files were deleted.
    pub purged: Vec<String>,
    /// Confirmed clips that stay: retention has not passed, or a legal hold.
    pub kept: u64,
    /// The station has not told the time since the last restart, so nothing is deleted: a clock
    /// that somebody set forward must not end retention.
    pub clock_untrusted: bool,
}

/// Deletes confirmed clips whose local retention has passed.
///
/// # Errors
/// Storage errors.
pub(crate) fn purge(vault: &Vault) -> Result<PurgeReport> {
    finish_earlier(vault)?;
    let (now, policy) = vault.read(|c| Ok((clock::now(c)?, state::policy(c)?)))?;
    let candidates = vault.read(confirmed)?;
    let mut report = PurgeReport::default();
    if now.trust != ClockTrust::Station {
        report.kept = candidates.len() as u64;
        report.clock_untrusted = true;
        return Ok(report);
    }
    let retention_ms = i64::from(policy.local_retention_days) * DAY_MS;
    for candidate in candidates {
        let due = candidate.confirmed_ms.saturating_add(retention_ms) <= now.time_ms;
        if candidate.held || !due {
            report.kept += 1;
            continue;
        }
        if purge_one(vault, &candidate.clip)? {
            report.purged.push(candidate.clip);
        } else {
            report.kept += 1;
        }
    }
    Ok(report)
}

struct Candidate {
    clip: String,
    confirmed_ms: i64,
    held: bool,
}

fn confirmed(connection: &Connection) -> Result<Vec<Candidate>> {
    let mut statement = connection.prepare(
        "SELECT clip, confirmed_ms, held FROM evidence
         WHERE state = 'confirmed' AND purged_ms IS NULL AND confirmed_ms IS NOT NULL
         ORDER BY confirmed_ms",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Candidate {
            clip: row.get(0)?,
            confirmed_ms: row.get(1)?,
            held: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The receipt is verified again, now, against the row: a state that says "confirmed" is not
/// enough to delete by. The entry is durable before the file goes.
fn purge_one(vault: &Vault, clip: &str) -> Result<bool> {
    let deleted = vault.write(|tx| {
        let Some(own) = Own::load(tx, clip)? else {
            return Ok(false);
        };
        let receipt: Option<String> = tx.query_row(
            "SELECT receipt FROM evidence WHERE clip = ?1",
            [clip],
            |r| r.get(0),
        )?;
        let verified = match receipt {
            Some(receipt) => receipts::verify_any_trust(tx, &receipt, &own).is_ok(),
            None => false,
        };
        if !verified {
            return Ok(false);
        }
        let context = JournalContext::terminal(tx)?;
        tx.execute(
            "UPDATE evidence SET purged_ms = ?2 WHERE clip = ?1",
            (clip, context.time.time_ms),
        )?;
        let event = Event::Purged {
            clip: clip.to_owned(),
            digest: own.digest,
        };
        journal::append(tx, &context, event)?;
        tx.execute("DELETE FROM fragment WHERE clip = ?1", [clip])?;
        Ok(true)
    })?;
    if deleted {
        remove(vault, clip)?;
    }
    Ok(deleted)
}

/// Files of clips that were purged when the power went before the file did.
fn finish_earlier(vault: &Vault) -> Result<()> {
    let purged: Vec<String> = vault.read(|c| {
        let mut statement = c.prepare("SELECT clip FROM evidence WHERE purged_ms IS NOT NULL")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })?;
    for clip in purged {
        if file(vault, &clip).try_exists()? {
            remove(vault, &clip)?;
        }
    }
    Ok(())
}

fn remove(vault: &Vault, clip: &str) -> Result<()> {
    vault::remove_file(&file(vault, clip))?;
    vault::sync_dir(&vault.folder().evidence())
}

fn file(vault: &Vault, clip: &str) -> std::path::PathBuf {
    vault.folder().clip(clip)
}

#[cfg(test)]
mod tests;
