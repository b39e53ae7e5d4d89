//! The terminal's evidence core: what an officer records is sealed as it is captured, leaves only
//! as ciphertext, and is deleted only against a proof that the station holds it.
//!
//! # Layout
//!
//! - [`Terminal`] is the façade: everything a shell, a command line or a test needs
//! - `vault`: keys, the encrypted database, PIN slots, the wipe
//! - `journal`: the signed log of everything that happens
//! - `record`: samples in, sealed clips out
//! - `sync`: uploads, receipts, directives
//! - `device`: provisioning, state, retention
//! - [`clock`]: trusted time; [`error`]: what can go wrong

pub mod clock;
pub mod error;
mod journal;
pub mod record;
pub mod vault;

pub use self::error::{Class, DirectiveFault, Error, ReceiptFault, Result, TicketFault};
pub use self::vault::{KeySource, Secret, SoftwareKeySource};
