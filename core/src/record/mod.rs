//! # Layout
//!
//! From an encoder's samples to a sealed file. In the order that a sample passes:
//!
//! - [`codec`], [`annexb`], [`sps`], [`hevc`]: what encoders hand over
//! - `clock`: presentation times kept, or repaired; `timeline`: decoding times derived
//! - `samples`: the memory that samples wait in; `ring`: what came before the button was pressed
//! - `recorder` and `commit`: the queue between those who append and the disk; `events`: what it
//!   tells
//! - `clips`: the clips of a recording, one after the other; `room`: what is asked before a commit
//! - [`mux`] on `tracks` and `boxes`: fragmented MP4
//! - [`seal`] on `age_header`: age v1 chunks and their hash tree
//! - `clip`: what becomes durable when; `recover`: what a crash left;
//!   `sweep`: files that nobody knows
//! - `intact`: whether a sealed file is still what was sealed
//! - `whole`: evidence that is there at once; [`photo`]: a JPEG, and what is made of it;
//!   `sheet`: what is known of a recording beside
//!
//! And back: [`open`], any part of a sealed file; [`play`], a clip as a player reads it

mod age_header;
pub mod annexb;
pub mod bits;
mod boxes;
pub(crate) mod clip;
mod clips;
mod clock;
pub mod codec;
mod commit;
pub(crate) mod ending;
mod events;
mod extent;
pub mod hevc;
pub(crate) mod intact;
pub mod mux;
pub mod open;
pub mod photo;
mod plan;
pub mod play;
pub(crate) mod recorder;
pub(crate) mod recover;
pub(crate) mod ring;
mod room;
pub(crate) mod samples;
pub mod seal;
mod shared;
pub(crate) mod sheet;
pub mod sps;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod tracks;
pub(crate) mod whole;

pub use codec::{AudioConfig, Rotation, VideoCodec, VideoConfig};
pub use events::{FragmentCommitted, RecordingEvent};
pub use mux::{Fragment, MuxError, Muxer, Track};
pub(crate) use plan::{PROGRESS, Plan};
pub use play::{ClipRange, Span};
pub(crate) use recorder::Recorder;
pub use recover::Recovery;
pub use shared::Pressure;
// Whoever appends holds it directly: the way through the recorder is one cold page of memory more.
pub(crate) use shared::Shared as Intake;
