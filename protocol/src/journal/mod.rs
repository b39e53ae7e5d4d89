//! What a terminal writes down, in the order it happened.
//!
//! # Layout
//!
//! - `entry`: the envelope of an entry, one line of JSON whose raw bytes are the tree's leaf
//! - `event`: the kinds of events and their bodies

mod entry;
mod event;

pub use entry::{BadEntry, ClockTrust, Entry};
pub use event::{Event, Sealed};
