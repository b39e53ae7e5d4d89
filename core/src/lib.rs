//! The terminal's evidence core: what an officer records is sealed as it is captured, leaves only
//! as ciphertext, and is deleted only against a proof that the station holds it.
//!
//! # Layout
//!
//! - [`Terminal`] (`terminal`) is the façade: everything a shell, a command line or a test needs
//! - `vault`: keys, the encrypted database, PIN slots, the wipe
//! - `journal`: the signed log of everything that happens
//! - `record`: samples in, sealed clips out
//! - `sync`: uploads, receipts, directives
//! - `access`: grants and access rules, as they are kept
//! - `device`: provisioning, state, retention, what runs out
//! - [`lookup`]: the law library
//! - [`clock`]: trusted time; [`error`]: what can go wrong

mod access;
pub mod clock;
mod device;
pub mod error;
mod journal;
pub mod lookup;
pub mod record;
mod sync;
mod terminal;
#[cfg(test)]
mod testing;
mod vault;

pub use self::{
    access::grants::GrantItem,
    device::{DeviceInfo, Forecast, Kept, KeptFor, Mode, PurgeReport, State},
    error::{
        Class, DirectiveFault, Error, EvidenceFault, PackFault, ReceiptFault, Result, TicketFault,
    },
    record::{ClipRange, FragmentCommitted, RecordingEvent, Span},
    sync::{DirectiveOutcome, SyncHandle, SyncReport},
    terminal::{
        Batch, ClipReader, DutyId, EvidenceItem, EvidenceState, Export, ExportSpec, MAX_NOTE,
        Marked, Officer, Photo, PhotoSpec, Recording, RecordingPhase, RecordingSpec, Status,
        Terminal,
    },
    vault::{KeySource, Secret, SoftwareKeySource},
};

/// HTTP to a station that is recognised by its key: for staff's tools, which speak with the same
/// station under the same rules as a terminal does.
pub mod station_http {
    pub use crate::sync::http::{Http, send, text};
}
