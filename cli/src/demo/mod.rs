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

use std::path::PathBuf;

use clap::Args;

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos demo\n  custos demo --media my.mp4 --dir ./d --realtime"
)]
pub(crate) struct DemoArgs {
    /// An MP4 with H.264 or H.265 and AAC [default: a small one of our own]
    #[arg(long, value_name = "FILE")]
    pub(crate) media: Option<PathBuf>,
    /// Where to leave station, terminal and results; must be empty or new [default: a fresh one]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Hand samples over at the speed they were recorded
    #[arg(long)]
    pub(crate) realtime: bool,
}

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
