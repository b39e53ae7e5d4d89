//! What may leave the terminal for good. Invariant 3: nothing is deleted unless a receipt for
//! exactly that object verifies, and retention and holds allow it.

use custos_protocol::journal::{ClockTrust, Event};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};

use super::categories::Terms;
use crate::{
    Result,
    clock::{self, Now},
    journal::{self, JournalContext},
    sync::receipts::{self, Own},
    vault::{self, Vault},
};

const DAY_MS: i64 = 86_400_000;

/// What a purge did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Clips whose files were deleted.
    pub purged: Vec<String>,
    /// Bytes of those files.
    pub freed_bytes: u64,
    /// Confirmed clips that stay, and why.
    pub kept: Vec<Kept>,
    /// The station has not told the time since the last restart, so nothing is deleted: a clock
    /// that somebody set forward must not end retention.
    pub clock_untrusted: bool,
}

/// A confirmed clip that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub clip: String,
    pub why: KeptFor,
}

/// Why a confirmed clip stays on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptFor {
    /// A legal hold.
    Hold,
    /// It is marked, and the policy keeps what is marked.
    Mark,
    /// Nobody vouches for the time.
    Clock,
    /// Its category is in no policy that this terminal ever had.
    Category,
    /// Its local retention ends then, in unix ms.
    Retention { until_ms: i64 },
    /// Its receipt does not verify any more.
    Receipt,
}

impl KeptFor {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Mark => "marked",
            Self::Clock => "clock",
            Self::Category => "category",
            Self::Retention { .. } => "retention",
            Self::Receipt => "receipt",
        }
    }
}

/// Deletes confirmed clips whose local retention has passed.
///
/// # Errors
/// Storage errors.
pub(crate) fn purge(vault: &Vault) -> Result<PurgeReport> {
    purge_until(vault, || Ok(false))
}

/// As [`purge`], those confirmed first first, until so many bytes are free, or nothing more may
/// go.
///
/// # Errors
/// Storage errors.
pub(crate) fn make_room(vault: &Vault, free_bytes: u64) -> Result<PurgeReport> {
    purge_until(vault, || Ok(vault.free_bytes()? >= free_bytes))
}

fn purge_until(vault: &Vault, enough: impl Fn() -> Result<bool>) -> Result<PurgeReport> {
    finish_earlier(vault)?;
    let (judged, now) = vault.read(|c| Ok((judge_all(c)?, clock::now(c)?)))?;
    let mut report = PurgeReport {
        clock_untrusted: now.trust != ClockTrust::Station,
        ..PurgeReport::default()
    };
    for (candidate, mut why) in judged {
        if why.is_none() {
            if enough()? {
                break;
            }
            why = purge_one(vault, &candidate.clip)?;
        }
        match why {
            None => {
                report.freed_bytes += candidate.length;
                report.purged.push(candidate.clip);
            }
            Some(why) => report.kept.push(Kept {
                clip: candidate.clip,
                why,
            }),
        }
    }
    Ok(report)
}

/// Bytes of what [`purge`] would delete now, as far as can be told without verifying receipts.
///
/// # Errors
/// Storage errors.
pub(crate) fn reclaimable(connection: &Connection) -> Result<u64> {
    let judged = judge_all(connection)?;
    let due = judged.iter().filter(|(_, why)| why.is_none());
    Ok(due.map(|(candidate, _)| candidate.length).sum())
}

/// A confirmed clip whose file is here.
struct Candidate {
    clip: String,
    length: u64,
    confirmed_ms: i64,
    held: bool,
    marked: bool,
    category: Option<String>,
}

const CONFIRMED: &str = "SELECT clip, length, confirmed_ms, held, marked > 0, category
                         FROM evidence
                         WHERE state = 'confirmed' AND purged_ms IS NULL
                           AND confirmed_ms IS NOT NULL AND length IS NOT NULL";

impl Candidate {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            clip: row.get(0)?,
            length: row.get(1)?,
            confirmed_ms: row.get(2)?,
            held: row.get(3)?,
            marked: row.get(4)?,
            category: row.get(5)?,
        })
    }

    /// Why it stays; `None`: nothing but its receipt keeps it.
    fn kept_for(&self, c: &Connection, terms: &mut Terms, now: &Now) -> Result<Option<KeptFor>> {
        if self.held {
            return Ok(Some(KeptFor::Hold));
        }
        if self.marked && terms.policy.storage.keep_marked {
            return Ok(Some(KeptFor::Mark));
        }
        if now.trust != ClockTrust::Station {
            return Ok(Some(KeptFor::Clock));
        }
        self.kept_since(self.confirmed_ms, c, terms, now)
    }

    /// Whether its retention has passed, counted from `since_ms`.
    fn kept_since(
        &self,
        since_ms: i64,
        c: &Connection,
        terms: &mut Terms,
        now: &Now,
    ) -> Result<Option<KeptFor>> {
        let Some(days) = terms.days(c, self.category.as_deref())? else {
            return Ok(Some(KeptFor::Category));
        };
        let until_ms = since_ms.saturating_add(i64::from(days) * DAY_MS);
        Ok((until_ms > now.time_ms).then_some(KeptFor::Retention { until_ms }))
    }
}

fn judge_all(connection: &Connection) -> Result<Vec<(Candidate, Option<KeptFor>)>> {
    let (mut terms, now) = (Terms::load(connection)?, clock::now(connection)?);
    let mut statement = connection.prepare(&format!("{CONFIRMED} ORDER BY confirmed_ms"))?;
    let rows = statement.query_map([], Candidate::of)?;
    rows.map(|row| {
        let candidate = row?;
        let why = candidate.kept_for(connection, &mut terms, &now)?;
        Ok((candidate, why))
    })
    .collect()
}

/// Deletes one clip, unless something keeps it. Everything is asked again in the transaction that
/// says it is gone: a mark, a hold or a policy that came meanwhile counts, and a state that says
/// "confirmed" is not enough to delete by. The entry is durable before the file goes.
fn purge_one(vault: &Vault, clip: &str) -> Result<Option<KeptFor>> {
    let kept = vault.write(|tx| {
        let kept = may_go(tx, clip)?;
        if let Ok(own) = &kept {
            forget(tx, own)?;
        }
        Ok(kept.err())
    })?;
    if kept.is_none() {
        remove(vault, clip)?;
    }
    Ok(kept)
}

/// The clip as its receipt proves it, or why it stays.
fn may_go(tx: &Transaction<'_>, clip: &str) -> Result<Result<Own, KeptFor>> {
    let candidate = tx
        .query_row(&format!("{CONFIRMED} AND clip = ?1"), [clip], Candidate::of)
        .optional()?;
    let (Some(candidate), Some(own)) = (candidate, Own::load(tx, clip)?) else {
        return Ok(Err(KeptFor::Receipt));
    };
    let (mut terms, now) = (Terms::load(tx)?, clock::now(tx)?);
    if let Some(why) = candidate.kept_for(tx, &mut terms, &now)? {
        return Ok(Err(why));
    }
    let sql = "SELECT receipt FROM evidence WHERE clip = ?1";
    let receipt: Option<String> = tx.query_row(sql, [clip], |row| row.get(0))?;
    let verified = receipt.and_then(|r| receipts::verify_any_trust(tx, &r, &own).ok());
    let Some(verified) = verified else {
        return Ok(Err(KeptFor::Receipt));
    };
    // The device's clock may have been wrong when the receipt came; the station's time in it is
    // signed.
    let since_ms = candidate.confirmed_ms.max(verified.stored.time_ms);
    Ok(
        match candidate.kept_since(since_ms, tx, &mut terms, &now)? {
            Some(why) => Err(why),
            None => Ok(own),
        },
    )
}

/// The row stays, as a tombstone that still verifies.
fn forget(tx: &Transaction<'_>, own: &Own) -> Result<()> {
    let context = JournalContext::terminal(tx)?;
    tx.execute(
        "UPDATE evidence SET purged_ms = ?2 WHERE clip = ?1",
        (&own.clip, context.time.time_ms),
    )?;
    let event = Event::Purged {
        clip: own.clip.clone(),
        digest: own.digest,
    };
    journal::append(tx, &context, event)?;
    tx.execute("DELETE FROM fragment WHERE clip = ?1", [&own.clip])?;
    tx.execute("DELETE FROM thumbnail WHERE clip = ?1", [&own.clip])?;
    Ok(())
}

/// Files of clips that were purged when the power went before the file did. There are few files,
/// and ever more tombstones.
fn finish_earlier(vault: &Vault) -> Result<()> {
    for entry in std::fs::read_dir(vault.folder().evidence())? {
        let path = entry?.path();
        let clip = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(clip), Some("age")) = (clip, path.extension().and_then(|e| e.to_str())) else {
            continue;
        };
        let purged = vault.read(|c| {
            let sql = "SELECT 1 FROM evidence WHERE clip = ?1 AND purged_ms IS NOT NULL";
            Ok(c.query_row(sql, [clip], |_| Ok(())).optional()?.is_some())
        })?;
        if purged {
            remove(vault, clip)?;
        }
    }
    Ok(())
}

fn remove(vault: &Vault, clip: &str) -> Result<()> {
    vault::remove_file(&vault.folder().clip(clip))?;
    vault::sync_dir(&vault.folder().evidence())
}

#[cfg(test)]
mod tests;
