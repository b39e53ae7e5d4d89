//! The end of a clip: what its row and the journal say of it, in one transaction.

use custos_protocol::clip::ClipDigest;
use custos_protocol::journal::{Event, Sealed};
use rusqlite::{Transaction, params};

use super::clip::{Committed, Origin};
use super::recover;
use crate::journal::{self, JournalContext};
use crate::vault::Vault;
use crate::{Error, Result};

/// The reason of a clip that holds nothing: a recording that ended before its first picture.
pub(super) const NO_MEDIA: &str = "no-media";

/// What other evidence an item belongs to. Kept in the row and said in its seal entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Links {
    /// The photo that this one shows with a watermark.
    pub(crate) copy_of: Option<String>,
    /// The recording or clip that a note or a sheet speaks of.
    pub(crate) about: Option<String>,
    /// The sheet that this sheet adds to.
    pub(crate) amends: Option<String>,
}

/// The end of a clip: row and journal entry, in one transaction.
pub(super) struct Ending<'a> {
    pub(super) clip: &'a str,
    pub(super) origin: &'a Origin,
    pub(super) began_ms: i64,
    /// When it ended, if that is not now.
    pub(super) ended_ms: Option<i64>,
    pub(super) committed: Committed,
    pub(super) digest: ClipDigest,
    pub(super) recovered: bool,
    pub(super) links: Links,
    /// Why it is as it is, where that needs saying.
    pub(super) reason: Option<&'a str>,
}

impl Ending<'_> {
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<()> {
        let context = JournalContext::duty(tx, &self.origin.officer, &self.origin.duty)?;
        let ended_ms = self.ended_ms.unwrap_or(context.time.time_ms);
        if self.recovered {
            let event = Event::Recovered {
                clip: self.clip.to_owned(),
                fragments: self.committed.fragment,
                end_us: self.committed.end_us,
            };
            journal::append(tx, &context, event)?;
        }
        let sealed = Sealed {
            clip: self.clip.to_owned(),
            recording: self.origin.recording.clone(),
            media: self.origin.media.to_owned(),
            case: self.origin.case.clone(),
            began_ms: self.began_ms,
            ended_ms,
            duration_us: self.committed.end_us,
            fragments: self.committed.fragment,
            digest: self.digest,
            recovered: self.recovered,
            copy_of: self.links.copy_of.clone(),
            about: self.links.about.clone(),
            amends: self.links.amends.clone(),
        };
        let entry = journal::append(tx, &context, Event::Sealed(sealed))?;
        let changed = tx.execute(
            "UPDATE evidence SET state = ?2, reason = coalesce(?7, reason), ended_ms = ?3,
                                 length = ?4, root = ?5, seal_seq = ?6,
                                 payload_key = NULL, tail = NULL, tree = NULL
             WHERE clip = ?1 AND seal_seq IS NULL",
            params![
                self.clip,
                if self.recovered {
                    "recovered"
                } else {
                    "sealed"
                },
                ended_ms,
                self.digest.length,
                self.digest.root.as_bytes(),
                entry.seq,
                self.reason,
            ],
        )?;
        if changed == 1 {
            Ok(())
        } else {
            Err(Error::UnknownClip)
        }
    }
}

/// Records that a clip could not be brought to its end. `keep_key`: recovery will try.
pub(super) fn mark_failed(
    tx: &Transaction<'_>,
    clip: &str,
    origin: &Origin,
    reason: &str,
    keep_key: bool,
) -> Result<()> {
    let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
    let event = Event::RecordingFailed {
        clip: clip.to_owned(),
        reason: reason.to_owned(),
    };
    journal::append(tx, &context, event)?;
    tx.execute(
        "UPDATE evidence SET state = 'failed', reason = ?2, ended_ms = coalesce(ended_ms, ?3),
                             payload_key = iif(?4, payload_key, NULL)
         WHERE clip = ?1 AND seal_seq IS NULL",
        params![clip, reason, context.time.time_ms, keep_key],
    )?;
    Ok(())
}

/// Says that a clip failed, and completes it from what was committed, if that can be done now.
pub(super) fn complete_after(
    vault: &Vault,
    clip: &str,
    origin: &Origin,
    error: &Error,
) -> Result<u64> {
    // If this fails too, the row still says that it is being recorded: recovery takes it.
    vault.write(|tx| mark_failed(tx, clip, origin, error.code(), true))?;
    if *error == Error::SyncFailed {
        // What the system says of the file now may not be what is on the disk (invariant 9).
        return Err(Error::SyncFailed);
    }
    match recover::complete(vault, clip)? {
        recover::Outcome::Recovered(bytes) => Ok(bytes),
        _ => Err(error.clone()),
    }
}
