//! What the scenarios, faults and interoperability tests share.
//!
//! # Layout
//!
//! - [`process`]: the `custos` program as other people's scripts meet it
//! - [`scene`]: a station, its people and terminals, as processes
//! - [`proxy`]: a network that can be cut
//! - [`open`]: opening evidence with other people's code
//! - [`source`]: a camera for benchmarks

pub mod open;
pub mod process;
pub mod proxy;
pub mod scene;
pub mod source;
