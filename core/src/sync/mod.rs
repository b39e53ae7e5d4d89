//! The terminal and its station: uploads, journal, receipts, directives, trust and policy.
//!
//! # Layout
//!
//! - `machine`: what to do next, without any I/O, in the words of `plan`; `driver`: does it, on a
//!   thread of its own; `view`: what the vault holds
//! - `station`: the HTTP interface as calls; `tus`: uploads; `http`: TLS, the pin, no redirects
//! - `replicate`: the journal, where somebody has to know that it has arrived
//! - `receipts`, `directives`, `updates`: verification, before anything is believed
//! - `runtime`: where futures run

pub(crate) mod directives;
pub(crate) mod driver;
pub(crate) mod http;
mod machine;
mod plan;
pub(crate) mod receipts;
pub(crate) mod replicate;
pub(crate) mod runtime;
pub(crate) mod station;
mod tus;
pub(crate) mod updates;
mod view;

pub use self::{
    directives::DirectiveOutcome,
    driver::{SyncHandle, SyncReport},
};
