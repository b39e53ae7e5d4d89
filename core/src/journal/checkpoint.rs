//! Tree heads of the journal: signed by the terminal, countersigned by the station.

use custos_protocol::{
    checkpoint::{Checkpoint, cosigned_at},
    merkle,
    note::{Note, Signer},
    trust::TrustSet,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::append::{Nodes, size};
use crate::{Error, Result};

/// A checkpoint that the station countersigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cosigned {
    pub(crate) size: u64,
    /// The time of the cosignature, unix milliseconds.
    pub(crate) time_ms: i64,
}

/// A signed checkpoint of the first `at` entries; of all of them by default.
///
/// # Errors
/// [`Error::Damaged`] where a node is missing; storage errors.
pub(crate) fn sign_checkpoint(
    connection: &Connection,
    log: &Signer,
    at: Option<u64>,
) -> Result<Note> {
    let size = match at {
        Some(at) => at,
        None => size(connection)?,
    };
    let root = merkle::root(size, &Nodes(connection))?;
    Checkpoint {
        origin: log.name().to_owned(),
        size,
        root,
    }
    .sign(log)
    .map_err(|_| Error::Internal("the journal's key signs its checkpoints"))
}

/// Checks what the station returned: our own checkpoint of exactly these entries, countersigned
/// by a witness of `trust`.
///
/// # Errors
/// [`Error::StationProtocol`] for anything else.
pub(crate) fn verify_cosigned(
    connection: &Connection,
    log: &Signer,
    trust: &TrustSet,
    note: &Note,
) -> Result<Cosigned> {
    let checkpoint = Checkpoint::open(note, &log.verifier()).map_err(|_| Error::StationProtocol)?;
    let (old, new) = (checkpoint.size, size(connection)?);
    if old > new || merkle::root(old, &Nodes(connection))? != checkpoint.root {
        return Err(Error::StationProtocol);
    }
    let seconds = trust
        .witness
        .iter()
        .find_map(|witness| cosigned_at(note, witness).ok())
        .ok_or(Error::StationProtocol)?;
    let time_ms = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000))
        .ok_or(Error::StationProtocol)?;
    Ok(Cosigned { size: old, time_ms })
}

/// Keeps a verified countersigned checkpoint.
///
/// # Errors
/// Storage errors.
pub(crate) fn store_cosigned(tx: &Transaction<'_>, cosigned: &Cosigned, note: &Note) -> Result<()> {
    tx.execute(
        "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)
         ON CONFLICT (size) DO UPDATE SET note = excluded.note",
        (cosigned.size, note.to_string()),
    )?;
    Ok(())
}

/// Size and note of the latest countersigned checkpoint.
///
/// # Errors
/// Storage errors.
pub(crate) fn cosigned(connection: &Connection) -> Result<Option<(u64, String)>> {
    Ok(connection
        .query_row(
            "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?)
}
