//! Whose evidence something is, and what a recording begins with.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use custos_protocol::{
    id,
    policy::{RecordingPolicy, StoragePolicy},
};
use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    Error, Result,
    device::{Mode, mode, state},
    journal::JournalContext,
    record::{clip::Origin, seal::Recipient},
    vault::Vault,
};

/// An officer as a recording knows them: to seal for them, not to open anything.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) vault: Arc<Vault>,
    pub(super) officer: String,
    /// The age recipient of the identity that the PIN opened, not what a row says: what is
    /// recorded now can be opened by this officer.
    pub(super) recipient: String,
    /// See [`Running::sleep`](super::running::Running::sleep).
    pub(super) asleep: Arc<AtomicBool>,
}

/// The open duty of an officer.
pub(super) struct Duty {
    pub(super) id: String,
    pub(super) case_no: String,
}

/// Whose evidence comes, to whom it is sealed, and the policy's measures for it.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) origin: Origin,
    pub(super) recipients: Vec<Recipient>,
    pub(super) fragment_ms: u32,
    pub(super) clip_max_s: u32,
    pub(super) clip_max_bytes: u64,
    pub(super) recording: RecordingPolicy,
    pub(super) storage: StoragePolicy,
}

impl Owner {
    /// What every recording of this officer begins with.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`], storage errors.
    pub(super) fn start(&self) -> Result<Start> {
        let recording = id::fresh("rec")?;
        self.wake()?;
        self.vault.read(|c| {
            state::refuse_if_locked(c)?;
            let duty = open_duty(c, &self.officer)?.ok_or(Error::NoDuty)?;
            let policy = state::policy(c)?;
            let recipients = state::trust(c)?.recipients;
            let all = recipients
                .iter()
                .chain([&self.recipient])
                .map(|recipient| recipient.parse());
            Ok(Start {
                origin: Origin {
                    officer: self.officer.clone(),
                    duty: duty.id,
                    case: duty.case_no,
                    recording,
                    media: "video/mp4",
                },
                recipients: all
                    .collect::<Result<_, _>>()
                    .map_err(|_| Error::TrustInvalid)?,
                fragment_ms: policy.fragment_ms,
                clip_max_s: policy.clip_max_s,
                clip_max_bytes: policy.clip_max_bytes,
                recording: policy.recording,
                storage: policy.storage,
            })
        })
    }

    /// Ends sleep, for something is to be recorded.
    fn wake(&self) -> Result<()> {
        self.asleep.store(false, Ordering::Release);
        if !self.vault.read(mode::active)?.contains(&Mode::Sleep) {
            return Ok(());
        }
        self.vault.write(|tx| {
            let context = JournalContext::officer(tx, &self.officer)?;
            mode::end(tx, &context, Mode::Sleep)
        })
    }
}

/// The duty that an officer began and has not ended.
///
/// # Errors
/// Storage errors.
pub(super) fn open_duty(connection: &Connection, officer: &str) -> Result<Option<Duty>> {
    let sql = "SELECT duty, case_no FROM duty WHERE officer = ?1 AND ended_ms IS NULL";
    Ok(connection
        .query_row(sql, [officer], |row| {
            Ok(Duty {
                id: row.get(0)?,
                case_no: row.get(1)?,
            })
        })
        .optional()?)
}
