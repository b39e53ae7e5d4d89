//! # Layout
//!
//! From an encoder's samples to a sealed file. In the order that a sample passes:
//!
//! - [`codec`], [`annexb`], [`sps`], [`hevc`]: what encoders hand over
//! - `clock`: presentation times kept, or repaired; `timeline`: decoding times derived
//! - [`mux`] on `tracks` and `boxes`: fragmented MP4
//! - [`seal`] on `age_header`: age v1 chunks and their hash tree
//! - [`recorder`] and `commit`: the queue between those who append and the disk
//! - `clip`: what becomes durable when; `recover`: what a crash left;
//!   `sweep`: files that nobody knows
//! - `whole`: evidence that is there at once; [`photo`]: a JPEG, and what is made of it;
//!   `sheet`: what is known of a recording beside

mod age_header;
pub mod annexb;
pub mod bits;
mod boxes;
pub(crate) mod clip;
mod clock;
pub mod codec;
mod commit;
pub mod hevc;
pub mod mux;
pub mod photo;
pub mod recorder;
pub(crate) mod recover;
pub mod seal;
pub(crate) mod sheet;
pub mod sps;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
mod timeline;
mod tracks;
pub(crate) mod whole;

pub use clip::Committed;
pub use codec::{AudioConfig, Rotation, VideoCodec, VideoConfig};
pub use mux::{Fragment, MuxError, Muxer, Track};
pub use recorder::{Pressure, Recorder};
pub use recover::Recovery;
