//! Receipts: verified against our own row before a clip counts as confirmed.

use custos_protocol::{
    clip::{ClipDigest, SEALED_CHUNK},
    hash::Hash,
    journal::Event,
    merkle::leaf_hash,
    note::{Note, Verifier},
    statement,
    trust::TrustSet,
    verify::{Expected, VerifiedReceipt, VerifyError, verify_receipt},
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::{
    Error, ReceiptFault, Result,
    device::state::{self, Device},
    journal::{self, JournalContext},
    vault::Vault,
};

/// What we know of a sealed clip of ours.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) clip: String,
    pub(crate) digest: ClipDigest,
    terminal: String,
    epoch: u32,
    /// Leaf hash of our seal entry.
    entry: Hash,
    seal_seq: u64,
}

impl Own {
    /// The clip's row; `None` until it is sealed.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn load(connection: &Connection, clip: &str) -> Result<Option<Self>> {
        let row = connection
            .query_row(
                "SELECT length, root, seal_seq, header_length FROM evidence
                 WHERE clip = ?1 AND length IS NOT NULL AND root IS NOT NULL
                   AND seal_seq IS NOT NULL",
                [clip],
                |row| {
                    let root: Vec<u8> = row.get(1)?;
                    Ok((
                        row.get::<_, u64>(0)?,
                        root,
                        row.get::<_, u64>(2)?,
                        row.get::<_, u64>(3)?,
                    ))
                },
            )
            .optional()?;
        let Some((length, root, seal_seq, header)) = row else {
            return Ok(None);
        };
        let body = length.checked_sub(header).ok_or(Error::Damaged)?;
        let digest = ClipDigest {
            root: Hash::from_slice(&root).map_err(|_| Error::Damaged)?,
            length,
            chunks: body.div_ceil(SEALED_CHUNK as u64),
        };
        let device = Device::load(connection)?;
        let entry = journal::entries(connection, seal_seq, 1, usize::MAX)?;
        let entry = leaf_hash(entry.first().ok_or(Error::Damaged)?.as_bytes());
        Ok(Some(Self {
            clip: clip.to_owned(),
            digest,
            terminal: device.terminal,
            epoch: device.epoch,
            entry,
            seal_seq,
        }))
    }
}

/// Verifies a receipt for `own` under a trust set.
///
/// # Errors
/// [`Error::Receipt`].
pub(crate) fn verify(
    receipt: &str,
    trust: &TrustSet,
    own: &Own,
    journal_key: &Verifier,
) -> Result<VerifiedReceipt> {
    let verified =
        verify_receipt(receipt, trust).map_err(|_| Error::Receipt(ReceiptFault::Invalid))?;
    let expected = Expected {
        terminal: &own.terminal,
        epoch: own.epoch,
        journal_key,
        clip: &own.clip,
        digest: own.digest,
    };
    verified
        .check(&expected)
        .map_err(|error| Error::Receipt(fault(&error)))?;
    // Ours in every byte, not only in what the statement repeats of it.
    if verified.stored.entry != own.seal_seq || verified.stored.entry_hash != own.entry {
        return Err(Error::Receipt(ReceiptFault::OtherBytes));
    }
    Ok(verified)
}

fn fault(error: &VerifyError) -> ReceiptFault {
    match error {
        VerifyError::Other("terminal" | "enrolment" | "journal") => ReceiptFault::OtherTerminal,
        VerifyError::Other("clip") => ReceiptFault::OtherClip,
        VerifyError::Other(_) => ReceiptFault::OtherBytes,
        _ => ReceiptFault::Invalid,
    }
}

/// As [`verify`], under any trust set that was ever in force here: keys rotate, and a receipt
/// from before stays one.
///
/// # Errors
/// [`Error::Receipt`], storage errors.
pub(crate) fn verify_any_trust(
    connection: &Connection,
    receipt: &str,
    own: &Own,
) -> Result<VerifiedReceipt> {
    let key = journal_key(connection)?;
    let mut statement = connection.prepare("SELECT note FROM trust_set ORDER BY version DESC")?;
    let notes: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut last = Err(Error::Receipt(ReceiptFault::Invalid));
    for note in notes {
        let note: Note = note.parse().map_err(|_| Error::Damaged)?;
        let trust = statement::read_unverified(&note).map_err(|_| Error::Damaged)?;
        last = verify(receipt, &trust, own, &key);
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Our journal's key, as the registrar certified it.
fn journal_key(connection: &Connection) -> Result<Verifier> {
    let note: String =
        connection.query_row("SELECT certificate FROM terminal", [], |row| row.get(0))?;
    let note: Note = note.parse().map_err(|_| Error::Damaged)?;
    let certificate: custos_protocol::certificate::Certificate =
        statement::read_unverified(&note).map_err(|_| Error::Damaged)?;
    Ok(certificate.journal_key)
}

/// Takes a receipt for a clip: only if it verifies does the clip become `confirmed`. One that
/// does not is journalled and changes nothing else.
///
/// # Errors
/// [`Error::Receipt`], [`Error::NotSealed`], storage errors.
pub(crate) fn accept(vault: &Vault, clip: &str, receipt: &str) -> Result<()> {
    let checked = vault.read(|c| {
        let own = Own::load(c, clip)?.ok_or(Error::NotSealed)?;
        verify(receipt, &state::trust(c)?, &own, &journal_key(c)?)
    });
    match checked {
        Ok(verified) => vault.write(|tx| confirm(tx, clip, receipt, verified.stored.time_ms)),
        Err(error @ Error::Receipt(_)) => {
            vault.write(|tx| {
                let event = Event::ReceiptRefused {
                    clip: clip.to_owned(),
                    reason: error.code().to_owned(),
                };
                journal::append(tx, &JournalContext::terminal(tx)?, event)
            })?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

fn confirm(tx: &Transaction<'_>, clip: &str, receipt: &str, stored_ms: i64) -> Result<()> {
    let context = JournalContext::terminal(tx)?;
    let changed = tx.execute(
        "UPDATE evidence SET state = 'confirmed', reason = NULL, receipt = ?2, confirmed_ms = ?3,
                uploaded = length
         WHERE clip = ?1 AND state <> 'confirmed'",
        (clip, receipt, context.time.time_ms),
    )?;
    if changed > 0 {
        let event = Event::Confirmed {
            clip: clip.to_owned(),
            stored_ms,
        };
        journal::append(tx, &context, event)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
