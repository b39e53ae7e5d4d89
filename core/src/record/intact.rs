//! Whether the file of a sealed clip is still what was sealed.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use custos_protocol::clip::{self, ClipDigest, ClipError};
use custos_protocol::hash::Hash;
use custos_protocol::journal::Event;

use crate::journal::{self, JournalContext};
use crate::vault::Vault;
use crate::{Error, Result};

/// Reads the whole file of a sealed clip.
///
/// # Errors
/// [`Error::EvidenceDamaged`] if it is missing, cannot be read, or holds other bytes;
/// [`Error::NotSealed`], storage errors.
pub(crate) fn check(vault: &Vault, clip: &str) -> Result<ClipDigest> {
    check_copy(vault, clip, &vault.folder().clip(clip))
}

/// Reads a whole copy of the file of a sealed clip.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_copy(vault: &Vault, clip: &str, copy: &Path) -> Result<ClipDigest> {
    let (root, length) = vault.read(|c| {
        let sql = "SELECT root, length FROM evidence WHERE clip = ?1";
        let row = c.query_row(sql, [clip], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (Some(root), Some(length)): (Option<Vec<u8>>, Option<u64>) = row else {
            return Err(Error::NotSealed);
        };
        Ok((Hash::from_slice(&root).map_err(|_| Error::Damaged)?, length))
    })?;
    let file = File::open(copy).map_err(unreadable)?;
    let there = clip::digest(BufReader::with_capacity(1 << 20, file));
    match there {
        Ok(digest) if (digest.root, digest.length) == (root, length) => Ok(digest),
        Ok(_) | Err(ClipError::NotAge | ClipError::Truncated) => Err(Error::EvidenceDamaged),
        Err(ClipError::Io(error)) => Err(unreadable(error)),
    }
}

/// What a failed access to an evidence file means: a file that is gone, short or on a bad sector
/// is the clip's trouble, everything else the storage's.
pub(crate) fn unreadable(error: io::Error) -> Error {
    let bad_sector = Some(rustix::io::Errno::IO.raw_os_error());
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => Error::EvidenceDamaged,
        _ if error.raw_os_error() == bad_sector => Error::EvidenceDamaged,
        _ => error.into(),
    }
}

/// Writes down, once, that a clip's file is damaged: for the officer in the clip's row, for
/// everybody else in the journal.
///
/// # Errors
/// Storage errors.
pub(crate) fn tell_damaged(vault: &Vault, clip: &str) -> Result<()> {
    let code = Error::EvidenceDamaged.code();
    vault.write(|tx| {
        let changed = tx.execute(
            "UPDATE evidence SET reason = ?2 WHERE clip = ?1 AND reason IS NOT ?2",
            (clip, code),
        )?;
        if changed == 0 {
            return Ok(());
        }
        let event = Event::SecurityEvent {
            what: format!("{code} {clip}"),
        };
        journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
    })
}
