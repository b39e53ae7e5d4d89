//! # Layout

mod api;

uniffi::setup_scaffolding!();
