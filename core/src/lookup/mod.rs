//! Look-ups: what an officer may want to know in the street.
//!
//! - [`law`]: laws, offline. What a law says is known to everybody, so that nothing is decided or
//!   journalled.
//! - [`registry`]: persons, vehicles, cases, through the station; decided, journalled, masked

pub mod law;
pub mod registry;
