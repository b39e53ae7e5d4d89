//! What is done with a terminal, one act at a time, on a disk that may fail or lose its power in
//! any operation; and what has to hold afterwards.
//!
//! # Layout
//!
//! - [`Stage`] (`stage`): a station, and disks with a terminal at every point of its life
//! - [`Act`] (`act`): what is done, and what was told of it
//! - [`after`]: what has to hold, whatever interrupted it

mod act;
pub mod after;
mod stage;

pub use self::{
    act::{Act, Done},
    stage::Stage,
};
