//! # Layout
//!
//! From an encoder's samples to a sealed file. In the order that a sample passes:
//!
//! - [`codec`], [`annexb`], [`sps`]: what encoders hand over
//! - `timeline`: presentation times kept, decoding times derived
//! - [`mux`] on `tracks` and `boxes`: fragmented MP4
//! - [`seal`] on `age_header`: age v1 chunks and their hash tree
//! - [`recorder`] and `commit`: the queue between those who append and the disk
//! - `clip`: what becomes durable when; `recover`: what a crash left;
//!   `sweep`: files that nobody knows
//! - [`photo`]: a JPEG, sealed as it is

mod age_header;
pub mod annexb;
mod bits;
mod boxes;
pub(crate) mod clip;
pub mod codec;
mod commit;
pub mod mux;
pub mod photo;
pub mod recorder;
pub(crate) mod recover;
pub mod seal;
pub mod sps;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod tracks;

pub use clip::Committed;
pub use codec::{AudioConfig, Rotation, VideoConfig};
pub use mux::{Fragment, MuxError, Muxer, Track};
pub use recorder::{Pressure, Recorder};
pub use recover::Recovery;
