//! The terminal as a device of its agency.
//!
//! # Layout
//!
//! - `provision`: a ticket becomes a terminal
//! - `state`: what this terminal is, whom it trusts, what the policy says
//! - `retention`: what may be deleted, and its deletion; `categories`: how long each kind stays
//! - `storage`: how long it lasts; `room`: what is asked before something is written
//! - `battery`: the charge
//! - `mode`: stealth and sleep

pub(crate) mod battery;
pub(crate) mod categories;
pub(crate) mod mode;
pub(crate) mod provision;
pub(crate) mod retention;
pub(crate) mod room;
pub(crate) mod state;
pub(crate) mod storage;

pub use self::{
    mode::Mode,
    provision::DeviceInfo,
    retention::{Kept, KeptFor, PurgeReport},
    state::State,
    storage::Forecast,
};
