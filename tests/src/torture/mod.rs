//! Recording processes that die at any instant, and what has to hold afterwards.
//!
//! # Layout
//!
//! - [`base`]: a terminal, provisioned once; [`media`]: what is recorded
//! - [`plan`]: the choices of a round, from its seed; [`child`]: the process that records as
//!   planned; [`kill`]: a round; [`run`]: all of them
//! - [`told`]: what a recording process says, which is what it is held to
//! - [`check`]: what has to hold, however it died; on `journal`, `clip` and [`mp4`], readers that
//!   share no code with the writers
//! - [`power`]: a machine whose power is cut

pub mod base;
pub mod check;
pub mod child;
mod clip;
mod journal;
pub mod kill;
pub mod media;
pub mod mp4;
pub mod plan;
pub mod power;
pub mod run;
pub mod told;
