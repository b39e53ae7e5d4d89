//! # Layout
//!
//! From an encoder's samples to a sealed file. In the order that a sample passes:
//!
//! - [`codec`], [`annexb`], [`sps`]: what encoders hand over
//! - [`timeline`]: presentation times kept, decoding times derived
//! - [`mux`] on [`boxes`]: fragmented MP4
//! - [`seal`] on [`age_header`]: age v1 chunks and their hash tree

mod age_header;
pub mod annexb;
mod bits;
mod boxes;
pub mod codec;
pub mod mux;
pub mod seal;
pub mod sps;
mod timeline;

pub use codec::{AudioConfig, Rotation, VideoConfig};
pub use mux::{Fragment, MuxError, Muxer, Track};
