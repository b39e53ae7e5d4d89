//! The terminal itself: what needs no officer.

use std::{path::Path, sync::Arc};

use custos_core::{DeviceInfo, Secret, TicketFault};
use custos_protocol::ticket::Ticket;
use zeroize::Zeroizing;

use super::{
    keys::{Adapter, KeySource},
    officer::Officer,
    records::{self, EvidenceItem, Status, SyncReport},
    supplies::{Forecast, Policy},
};
use crate::error::{ApiError, ApiResult};

/// A provisioned terminal. Every method blocks: never on a main thread.
#[derive(Debug, uniffi::Object)]
pub struct Terminal(pub(super) custos_core::Terminal);

#[uniffi::export]
impl Terminal {
    /// Enrols the folder `dir` at the station of `ticket` (its JSON). Talks to the station.
    #[uniffi::constructor]
    pub fn provision(
        dir: String,
        keys: Arc<dyn KeySource>,
        ticket: String,
        model: String,
    ) -> ApiResult<Arc<Self>> {
        let ticket = Zeroizing::new(ticket);
        let ticket = Ticket::from_text(&ticket)
            .map_err(|_| custos_core::Error::Ticket(TicketFault::Malformed))?;
        let keys = Arc::new(Adapter(keys));
        let terminal = custos_core::Terminal::provision(
            Path::new(&dir),
            keys,
            &ticket,
            &DeviceInfo { model },
        )?;
        Ok(Arc::new(Self(terminal)))
    }

    /// Opens the terminal in `dir`; clips that a crash left open are sealed first.
    #[uniffi::constructor]
    pub fn open(dir: String, keys: Arc<dyn KeySource>) -> ApiResult<Arc<Self>> {
        let terminal = custos_core::Terminal::open(Path::new(&dir), Arc::new(Adapter(keys)))?;
        Ok(Arc::new(Self(terminal)))
    }

    pub fn status(&self) -> ApiResult<Status> {
        self.0.status()?.try_into()
    }

    /// All evidence of this terminal, without its content.
    pub fn evidence(&self) -> ApiResult<Vec<EvidenceItem>> {
        Ok(records::items(self.0.evidence()?))
    }

    /// Sets the PIN of an officer whom this terminal was issued to.
    pub fn enrol_officer(&self, officer: String, pin: Vec<u8>) -> ApiResult<()> {
        Ok(self.0.enrol_officer(&officer, &secret(pin)?)?)
    }

    /// Opens what is this officer's. Closing the object locks it again.
    pub fn unlock(&self, officer: String, pin: Vec<u8>) -> ApiResult<Arc<Officer>> {
        Ok(Officer::new(self.0.unlock(&officer, &secret(pin)?)?))
    }

    /// Acts on a signed directive that came another way than through [`Self::sync_once`].
    pub fn apply_directive(&self, note: String) -> ApiResult<()> {
        self.0.apply_directive(&note)?;
        Ok(())
    }

    /// Brings terminal and station together once: journal, uploads, receipts, directives.
    pub fn sync_once(&self) -> ApiResult<SyncReport> {
        Ok(self.0.sync_once()?.into())
    }

    /// Keeps them together until the handle is closed.
    pub fn start_sync(&self) -> ApiResult<Arc<SyncHandle>> {
        Ok(Arc::new(SyncHandle(self.0.start_sync()?)))
    }

    /// What can still be recorded.
    pub fn forecast(&self) -> ApiResult<Forecast> {
        Ok(self.0.forecast()?.into())
    }

    /// How far the battery is charged: to be called as it changes. Whether it is low since now:
    /// then running clips were sealed early, and go on.
    pub fn battery(&self, percent: u32) -> ApiResult<bool> {
        Ok(self.0.battery(percent)?)
    }

    /// The settings that a shell obeys.
    pub fn policy(&self) -> ApiResult<Policy> {
        Ok(self.0.policy()?.into())
    }

    /// Deletes what is confirmed and past its local retention; the clips that went.
    pub fn purge(&self) -> ApiResult<Vec<String>> {
        Ok(self.0.purge()?.purged)
    }
}

/// A sync that runs in the background; closing it ends it.
#[derive(Debug, uniffi::Object)]
pub struct SyncHandle(custos_core::SyncHandle);

#[uniffi::export]
impl SyncHandle {
    /// Whether it ended by itself: the terminal was wiped, or its storage failed.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

/// A PIN as UTF-8 bytes, so that the shell can erase its own copy.
fn secret(pin: Vec<u8>) -> ApiResult<Secret> {
    match String::from_utf8(pin) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(ApiError::Refused {
                code: "pin-encoding".to_owned(),
            })
        }
    }
}
