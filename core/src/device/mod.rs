//! The terminal as a device of its agency.
//!
//! # Layout
//!
//! - `provision`: a ticket becomes a terminal
//! - `state`: what this terminal is, whom it trusts, what the policy says
//! - `retention`: what may be deleted, and its deletion

pub(crate) mod provision;
pub(crate) mod retention;
pub(crate) mod state;

pub use self::{provision::DeviceInfo, retention::PurgeReport, state::State};
