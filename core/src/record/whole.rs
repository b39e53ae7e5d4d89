//! Evidence that is there at once: a photo, a note, a sheet. One file, one row, one seal entry.

use custos_protocol::id;
use custos_protocol::journal::ClockTrust;
use rusqlite::{Transaction, params};

use super::clip::{Committed, Origin, create};
use super::ending::{Ending, Links};
use super::seal::{self, Recipient};
use crate::vault::Vault;
use crate::{Error, Result};

/// What is to be sealed, and for whom.
#[derive(Debug)]
pub(crate) struct Whole<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) links: Links,
    pub(crate) recipients: &'a [Recipient],
    pub(crate) plaintext: &'a [u8],
}

/// What was sealed.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) clip: String,
    /// When, by the terminal's clock, and how far to trust that.
    pub(crate) time_ms: i64,
    pub(crate) clock: ClockTrust,
}

/// Seals it. When this returns, file, row and journal entry are durable, and what `more` did in
/// the same transaction with them.
///
/// # Errors
/// Storage errors, [`Error::NoRandom`], what `more` returned: nothing is recorded then.
pub(crate) fn seal(
    vault: &Vault,
    whole: &Whole<'_>,
    more: impl FnOnce(&Transaction<'_>, &str) -> Result<()>,
) -> Result<Done> {
    let clip = id::fresh("clip")?;
    let begun = seal::begin(whole.recipients)?;
    let header_length = begun.header.len() as u64;
    let mut sealer = begun.sealer;
    let mut file = create(vault, &clip, &begun.header)?;
    sealer.push(whole.plaintext, &mut file)?;
    let digest = sealer.close().complete(&mut file)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    // Until here nobody knows of the file: after a kill it goes to the quarantine, and the
    // shell, which got no answer, still has what it wanted sealed.
    let (origin, links) = (whole.origin, &whole.links);
    let mut refused = false;
    let written = vault.write(|tx| {
        let now = crate::clock::now(tx)?;
        tx.execute(
            "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state, began_ms,
                                   header_length, committed_chunks, copy_of, about, amends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'sealed', ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                clip,
                origin.recording,
                origin.officer,
                origin.duty,
                origin.case,
                origin.media,
                now.time_ms,
                header_length,
                digest.chunks,
                links.copy_of,
                links.about,
                links.amends,
            ],
        )?;
        Ending {
            clip: &clip,
            origin,
            began_ms: now.time_ms,
            ended_ms: Some(now.time_ms),
            committed: Committed::default(),
            digest,
            recovered: false,
            links: links.clone(),
            reason: None,
        }
        .write(tx)?;
        more(tx, &clip).inspect_err(|_| refused = true)?;
        Ok(now)
    });
    if refused {
        // Nothing was committed, so no row can name the file; whoever tries again makes another.
        let _ = std::fs::remove_file(vault.folder().clip(&clip));
    }
    let now = written?;
    Ok(Done {
        clip,
        time_ms: now.time_ms,
        clock: now.trust,
    })
}

/// Seals a few bytes in memory: an age file to these recipients.
///
/// # Errors
/// [`Error::NoRandom`].
pub(crate) fn seal_small(plaintext: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>> {
    let begun = seal::begin(recipients)?;
    let mut file = begun.header;
    let mut sealer = begun.sealer;
    sealer.push(plaintext, &mut file)?;
    sealer.close().complete(&mut file)?;
    Ok(file)
}
