//! What the scenarios, faults and interoperability tests share.
//!
//! # Layout
//!
//! - [`process`]: the `custos` program as other people's scripts meet it
//! - [`scene`]: a station, its people and terminals, as processes
//! - [`staff`]: what staff do that has no verb yet
//! - [`proxy`]: a network that can be cut
//! - [`slot`]: a PIN that is quick to look at
//! - [`open`]: opening evidence with other people's code
//! - [`source`]: a camera for benchmarks
//! - [`torture`]: recording processes that are killed, and what has to hold afterwards
//! - [`acts`]: what is done with a terminal, and interrupted
//! - [`law`]: how good the search for laws is
//! - [`disk`]: a disk that loses what it may lose; [`tmpfs`]: one that runs full; [`random`]: choices that a seed repeats

#[cfg(target_os = "linux")]
pub mod acts;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod law;
pub mod open;
pub mod process;
pub mod proxy;
pub mod random;
pub mod scene;
pub mod slot;
pub mod source;
pub mod staff;
pub mod tmpfs;
pub mod torture;
