//! What this terminal is, whom it trusts, and what the policy says: rows that provisioning wrote
//! and that verified updates replace.

use custos_protocol::{
    certificate::Certificate,
    key::SigningKey,
    note::{Note, Signer},
    policy::Policy,
    statement,
    trust::TrustSet,
};
use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, vault::Vault};

/// What the terminal can be used for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Provisioned; nobody is on duty.
    Ready,
    /// At least one officer's duty has begun.
    OnDuty,
    /// A directive locked it: nobody unlocks.
    Locked,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::OnDuty => "on-duty",
            Self::Locked => "locked",
        }
    }
}

/// The terminal's own row.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) terminal: String,
    pub(crate) agency: String,
    pub(crate) epoch: u32,
    pub(crate) model: String,
    pub(crate) station: String,
    pub(crate) pin: Option<String>,
    /// Who may enrol; empty: the first officer who does.
    pub(crate) officers: Vec<String>,
    pub(crate) trust_version: u64,
    pub(crate) policy_version: u64,
    pub(crate) locked: bool,
    /// The highest directive that was acted on.
    pub(crate) directive_seq: u64,
    pub(crate) last_contact_ms: Option<i64>,
}

impl Device {
    /// # Errors
    /// [`Error::Damaged`] when there is none, storage errors.
    pub(crate) fn load(connection: &Connection) -> Result<Self> {
        connection
            .query_row(
                "SELECT terminal, agency, epoch, model, station, pin, officers, trust_version,
                        policy_version, locked, directive_seq, last_contact_ms FROM terminal",
                [],
                |row| {
                    let officers: String = row.get(6)?;
                    Ok(Self {
                        terminal: row.get(0)?,
                        agency: row.get(1)?,
                        epoch: row.get(2)?,
                        model: row.get(3)?,
                        station: row.get(4)?,
                        pin: row.get(5)?,
                        officers: serde_json::from_str(&officers).unwrap_or_default(),
                        trust_version: row.get(7)?,
                        policy_version: row.get(8)?,
                        locked: row.get(9)?,
                        directive_seq: row.get(10)?,
                        last_contact_ms: row.get(11)?,
                    })
                },
            )
            .optional()?
            .ok_or(Error::Damaged)
    }

    /// The journal's signer: its name is the journal's origin.
    pub(crate) fn signer(&self, vault: &Vault) -> Result<Signer> {
        signer(
            &self.agency,
            &self.terminal,
            self.epoch,
            vault.journal_key(),
        )
    }
}

/// The signer of a terminal's journal, answers and acknowledgements.
///
/// # Errors
/// [`Error::Ticket`] for names that no key can have.
pub(crate) fn signer(agency: &str, terminal: &str, epoch: u32, key: &SigningKey) -> Result<Signer> {
    let origin = Certificate::origin(agency, terminal, epoch);
    Signer::new(&origin, SigningKey::from_seed(key.seed()))
        .map_err(|_| Error::Ticket(crate::TicketFault::Malformed))
}

/// Whether somebody is on duty or nobody may be.
///
/// # Errors
/// Storage errors.
pub(crate) fn state(connection: &Connection) -> Result<State> {
    if Device::load(connection)?.locked {
        return Ok(State::Locked);
    }
    let duties: u64 = connection.query_row(
        "SELECT count(*) FROM duty WHERE ended_ms IS NULL",
        [],
        |row| row.get(0),
    )?;
    Ok(if duties > 0 {
        State::OnDuty
    } else {
        State::Ready
    })
}

/// Refuses what a locked terminal does not do.
///
/// # Errors
/// [`Error::Locked`], storage errors.
pub(crate) fn refuse_if_locked(connection: &Connection) -> Result<()> {
    if Device::load(connection)?.locked {
        Err(Error::Locked)
    } else {
        Ok(())
    }
}

/// The trust set in force. It was verified before it was stored.
///
/// # Errors
/// [`Error::Damaged`], storage errors.
pub(crate) fn trust(connection: &Connection) -> Result<TrustSet> {
    let note = trust_note(connection)?
        .parse::<Note>()
        .map_err(|_| Error::Damaged)?;
    statement::read_unverified(&note).map_err(|_| Error::Damaged)
}

/// The trust set in force as its signed note.
///
/// # Errors
/// Storage errors.
pub(crate) fn trust_note(connection: &Connection) -> Result<String> {
    let sql = "SELECT note FROM trust_set ORDER BY version DESC LIMIT 1";
    connection
        .query_row(sql, [], |row| row.get(0))
        .optional()?
        .ok_or(Error::Damaged)
}

/// The policy in force. It was verified before it was stored.
///
/// # Errors
/// [`Error::Damaged`], storage errors.
pub(crate) fn policy(connection: &Connection) -> Result<Policy> {
    let sql = "SELECT note FROM policy ORDER BY version DESC LIMIT 1";
    let note: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    let note: Note = note
        .ok_or(Error::Damaged)?
        .parse()
        .map_err(|_| Error::Damaged)?;
    statement::read_unverified(&note).map_err(|_| Error::Damaged)
}
