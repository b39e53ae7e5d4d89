//! A ticket becomes a terminal: the station certifies the key that this terminal made, and
//! everything it sends is verified before anything is on disk.

use std::{path::Path, sync::Arc};

use custos_protocol::{
    api::{EnrolRequest, EnrolResponse},
    certificate::Certificate,
    hash::Hash,
    journal::Event,
    note::Verifier,
    policy::Policy,
    session::EnrolProof,
    statement, suite,
    ticket::Ticket,
    trust::TrustSet,
};
use rusqlite::Transaction;

use super::state;
use crate::{
    Error, KeySource, Result, clock,
    journal::{self, JournalContext},
    sync::{http::Http, runtime, station},
    vault::{Draft, Folder, Vault},
};

/// What the device says of itself when it enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Maker and model, as the register of terminals shows it.
    pub model: String,
}

/// Provisions the terminal of `ticket` in the folder `dir`.
///
/// # Errors
/// [`Error::AlreadyProvisioned`], [`Error::Ticket`], [`Error::Unreachable`],
/// [`Error::StationIdentity`], [`Error::CertificateInvalid`], [`Error::TrustInvalid`],
/// [`Error::PolicyInvalid`], storage errors. After any of them the folder holds no terminal.
pub(crate) fn provision(
    dir: &Path,
    source: Arc<dyn KeySource>,
    ticket: &Ticket,
    device: &DeviceInfo,
) -> Result<Vault> {
    let folder = Folder::at(dir);
    if folder.master().try_exists()? {
        return Err(Error::AlreadyProvisioned);
    }
    let http = Http::new(&ticket.station, ticket.pin.as_deref())?;
    let draft = Draft::make()?;
    let key = draft.journal_key();
    let signer = state::signer(&ticket.agency, &ticket.terminal, ticket.epoch, key)?;
    let proof = EnrolProof {
        suite: suite::CURRENT,
        token_hash: Hash::of(ticket.token.as_bytes()),
        journal_key: signer.verifier(),
    };
    let proof = statement::sign(&proof, &[&signer]).map_err(|_| Error::KeySource)?;
    let request = EnrolRequest {
        token: ticket.token.clone(),
        model: device.model.clone(),
        journal_key: signer.verifier(),
        proof: proof.to_string(),
    };
    let response = runtime::run(async move { station::enrol(&http, &request).await })?;
    let enrolled = Enrolled::verify(response, ticket, &signer.verifier())?;
    draft.create(folder, source, |tx| enrolled.store(tx, ticket, device))
}

/// A verified enrolment.
#[derive(Debug)]
struct Enrolled {
    response: EnrolResponse,
    trust_version: u64,
    policy_version: u64,
}

impl Enrolled {
    /// The trust set against the roots of the ticket, the rest against the trust set.
    fn verify(response: EnrolResponse, ticket: &Ticket, key: &Verifier) -> Result<Self> {
        let trust = TrustSet::open_pinned(&response.trust, &ticket.roots)
            .map_err(|_| Error::TrustInvalid)?;
        if trust.agency != ticket.agency || trust.suite != suite::CURRENT {
            return Err(Error::TrustInvalid);
        }
        let certificate = Certificate::open(&response.certificate, &trust)
            .map_err(|_| Error::CertificateInvalid)?;
        let ours = certificate.terminal == ticket.terminal
            && certificate.epoch == ticket.epoch
            && certificate.journal_key == *key
            && certificate.suite == suite::CURRENT;
        if !ours {
            return Err(Error::CertificateInvalid);
        }
        let policy = Policy::open(&response.policy, &trust).map_err(|_| Error::PolicyInvalid)?;
        let (trust_version, policy_version) = (trust.version, policy.version);
        Ok(Self {
            response,
            trust_version,
            policy_version,
        })
    }

    fn store(&self, tx: &Transaction<'_>, ticket: &Ticket, device: &DeviceInfo) -> Result<()> {
        let officers = serde_json::to_string(&ticket.officers)
            .map_err(|_| Error::Internal("a list of names is JSON"))?;
        tx.execute(
            "INSERT INTO terminal (id, terminal, agency, epoch, model, station, pin, officers,
                                   certificate, trust_version, policy_version, last_contact_ms)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            (
                &ticket.terminal,
                &ticket.agency,
                ticket.epoch,
                &device.model,
                &ticket.station,
                &ticket.pin,
                officers,
                &self.response.certificate,
                self.trust_version,
                self.policy_version,
                clock::wall_ms(),
            ),
        )?;
        tx.execute(
            "INSERT INTO trust_set (version, note) VALUES (?1, ?2)",
            (self.trust_version, &self.response.trust),
        )?;
        tx.execute(
            "INSERT INTO policy (version, note) VALUES (?1, ?2)",
            (self.policy_version, &self.response.policy),
        )?;
        let event = Event::Provisioned {
            epoch: ticket.epoch,
            model: device.model.clone(),
            trust_version: self.trust_version,
            policy_version: self.policy_version,
        };
        journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
    }
}
