//! The project's own commands: `cargo xtask ci`, `cargo xtask bench [NAME…]`, `cargo xtask fuzz`,
//! `cargo xtask torture`.
//!
//! # Layout
//!
//! - `ci`: everything CI runs, in order; `deny`: licences, sources and bans; `tools`: what has to
//!   be installed; `step`: running and timing one command
//! - `fuzz`: random inputs of every kind, over the targets in `fuzz/`
//! - `bench`: measurements against peers
//! - `torture`: recordings that are killed

mod bench;
mod ci;
mod deny;
mod fuzz;
mod step;
mod tools;
mod torture;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask ci [STEP…]      everything CI runs; with names, only those steps
       cargo xtask deny            licences, sources and bans
       cargo xtask bench [NAME…]   measurements, as ratios to peers in the same run
       cargo xtask fuzz [TARGET…] [--seconds N]
                                   fuzzing; with --input FILE one target once on that file,
                                   with --seeds the first inputs written anew
       cargo xtask torture [--power] [--rounds N] [--seed S] [--lanes N]
                                   recordings killed at random instants: nothing acknowledged is lost";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let result = match arguments.first().map(String::as_str) {
        Some("ci") => ci::run_ci(&names),
        Some("deny") => deny::run(),
        Some("fuzz") => fuzz::run(&names),
        Some("bench") => bench::run(&names),
        Some("torture") => torture::torture(&names),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
