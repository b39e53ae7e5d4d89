//! libcustos.so: the terminal for Kotlin. Every function here converts, delegates and returns;
//! what a terminal does is in `custos-core`.
//!
//! # Layout
//!
//! - `api`: what a person triggers, through uniffi, one file a concern
//! - `fast_path`: what happens for every frame, by JNI, with all of the `unsafe` there is;
//!   `sample` checks its arguments, `tokens` are how it names a recording
//! - [`ApiError`]: what goes wrong, as a shell acts on it

pub mod api;
mod error;
mod fast_path;
mod sample;
mod tokens;

pub use self::error::ApiError;

uniffi::setup_scaffolding!();
