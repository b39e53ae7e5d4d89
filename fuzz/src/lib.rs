//! What the fuzz targets share.
//!
//! # Layout
//!
//! - `input`: a fuzzer's bytes as numbers and pieces; `samples`: as calls to a recorder
//! - `walk`, `given`: an independent reader of the recorder's files, and what has to be in them
//! - `sealed`: evidence files and their recipients; `field`: a terminal with its vault; `laws`: a
//!   law pack
//! - `fixture`: the agency, terminal and evidence of the protocol's tests
//!
//! A target is a file in `fuzz_targets/`, its inputs are in `corpus/`; CONTRIBUTING.md says how
//! to run them.

#![forbid(unsafe_code)]

pub mod field;
#[allow(clippy::new_without_default, reason = "public here alone")]
#[path = "../../protocol/tests/protocol/fixture/mod.rs"]
pub mod fixture;
pub mod given;
pub mod input;
pub mod laws;
pub mod samples;
pub mod sealed;
pub mod walk;
