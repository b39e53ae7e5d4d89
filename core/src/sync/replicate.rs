//! The journal's way to the station, for whoever has to know that an entry has arrived there.

use custos_protocol::{api::JournalAppend, note::Signer};

use super::station::{JournalAnswer, Station};
use crate::{Error, Result, clock, device::state, journal, vault::Vault};

const ENTRIES: u32 = 1_000;
const BYTES: usize = 1 << 20;

/// Sends entries from `from` on, as many as go at a time; gives the number that the station holds
/// then.
///
/// # Errors
/// [`Error::JournalDiverged`]; what the station refuses; storage errors.
pub(crate) async fn push(
    vault: &Vault,
    station: &mut Station,
    signer: &Signer,
    from: u64,
) -> Result<u64> {
    let push = vault.read(|c| {
        let entries = journal::entries(c, from, ENTRIES, BYTES)?;
        let size = from + entries.len() as u64;
        let checkpoint = journal::sign_checkpoint(c, signer, Some(size))?;
        Ok(JournalAppend {
            from,
            entries,
            checkpoint: checkpoint.to_string(),
        })
    })?;
    match station.push_journal(&push).await? {
        JournalAnswer::Cosigned(checkpoint) => {
            take_checkpoint(vault, signer, &checkpoint)?;
            Ok(from + push.entries.len() as u64)
        }
        JournalAnswer::Position(size) if size <= vault.read(journal::size)? => Ok(size),
        JournalAnswer::Position(_) => Err(Error::JournalDiverged),
    }
}

/// Returns when the station holds the entry `seq`, and has countersigned it.
///
/// # Errors
/// As [`push`]; [`Error::StationProtocol`] where it does not get any further.
pub(crate) async fn up_to(
    vault: &Vault,
    station: &mut Station,
    signer: &Signer,
    seq: u64,
) -> Result<()> {
    let cosigned =
        |vault: &Vault| vault.read(|c| Ok(journal::cosigned(c)?.map_or(0, |(size, _)| size)));
    let mut at = cosigned(vault)?;
    // It may hold less than it said once, if it was restored from a backup: one step back, no more.
    let mut back = false;
    while at <= seq {
        let held = push(vault, station, signer, at).await?;
        if held <= at && std::mem::replace(&mut back, true) {
            return Err(Error::StationProtocol);
        }
        at = held;
    }
    Ok(())
}

/// A countersigned checkpoint is our receipt for the journal, and the station's clock.
///
/// # Errors
/// [`Error::StationProtocol`] where it does not verify; storage errors.
pub(crate) fn take_checkpoint(vault: &Vault, signer: &Signer, note: &str) -> Result<()> {
    let note = note.parse().map_err(|_| Error::StationProtocol)?;
    vault.write(|tx| {
        let trust = state::trust(tx)?;
        let cosigned = journal::verify_cosigned(tx, signer, &trust, &note)?;
        clock::station_said(tx, cosigned.time_ms)?;
        journal::store_cosigned(tx, &cosigned, &note)
    })
}
