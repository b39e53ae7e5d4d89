//! `custos demo`: the whole life of one piece of evidence, on the real parts, step by step.
//!
//! # Layout
//!
//! - here: the order of the steps
//! - `steps`: telling and timing them
//! - `stage`: the station, the people and the folder they share
//! - `field`: what happens on the terminal; `proof`: checking and opening the result;
//!   `remote`: lock, unlock and wipe

mod field;
mod proof;
mod remote;
mod stage;
mod steps;

use crate::{args::DemoArgs, failure::Failure, output::Output};

/// Runs all steps; an error ends it.
///
/// # Errors
/// The first step that did not verify.
pub(crate) fn run(args: &DemoArgs, output: &Output) -> Result<(), Failure> {
    let mut steps = steps::Steps::new(*output);
    let stage = stage::Stage::set(args, &mut steps)?;
    let terminal = field::provision(&stage, &mut steps)?;
    let officer = field::go_on_duty(&stage, &terminal, &mut steps)?;
    let clip = field::record(&stage, &terminal, &officer, args, &mut steps)?;
    field::confirm(&stage, &terminal, &officer, &clip, &mut steps)?;
    proof::export(&stage, &officer, &clip, &mut steps)?;
    proof::verify(&stage, &mut steps)?;
    proof::open(&stage, &mut steps)?;
    drop(officer);
    remote::lock_and_unlock(&stage, &terminal, &mut steps)?;
    remote::wipe(&stage, terminal, &mut steps)?;
    let dir = stage.strike();
    steps.finish(&dir)
}
