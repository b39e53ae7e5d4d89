//! Look-ups: what an officer may want to know in the street.
//!
//! - [`law`]: laws, offline. What a law says is known to everybody, so that nothing is decided or
//!   journalled.

pub mod law;
