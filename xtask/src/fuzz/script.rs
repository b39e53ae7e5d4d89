//! The form in which the targets read sequences of calls: the very files that they read it with.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "xtask writes and the targets read"
)]

#[path = "../../../fuzz/src/input.rs"]
pub mod input;
#[path = "../../../fuzz/src/samples.rs"]
pub mod samples;
