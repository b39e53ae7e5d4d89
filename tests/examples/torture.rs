//! Kills recording processes and checks what is left. `cargo xtask torture` runs it.
//!
//! ```text
//! torture run [--power] [--rounds N] [--seed S] [--lanes N]
//! torture record FOLDER PLAN     the process that is killed: records as planned, for ever
//! torture recover FOLDER         the process that is killed: opens the terminal, which recovers
//! ```
//!
//! `run` ends with one line of JSON; its exit code is 1 when something was lost.

#![allow(clippy::print_stdout, reason = "its last line is its result")]

use std::{path::Path, process::ExitCode};

use custos_tests::{
    process::workspace,
    torture::{
        child, media,
        plan::Plan,
        run::{Options, fresh_seed, run},
    },
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["record", folder, plan] => record(folder, plan).map(|()| true),
        ["recover", folder] => child::recover(Path::new(folder)).map(|()| true),
        ["run", options @ ..] => torture(options),
        _ => Err("usage: torture run [--power] [--rounds N] [--seed S] [--lanes N]".to_owned()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::from(2)
        }
    }
}

fn record(folder: &str, plan: &str) -> Result<(), String> {
    let plan: Plan = serde_json::from_str(plan).map_err(|e| e.to_string())?;
    let photo = std::fs::read(workspace().join("tests/media/photo.jpg"));
    let photo = photo.map_err(|e| e.to_string())?;
    child::record(Path::new(folder), &plan, &media::all(), &photo)
}

/// `false`: something was lost.
fn torture(words: &[&str]) -> Result<bool, String> {
    let mut options = Options {
        rounds: 200,
        seed: fresh_seed(),
        power: false,
        lanes: 4,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().and_then(|value| value.parse().ok());
            value.ok_or_else(|| format!("{word} needs a number"))
        };
        match *word {
            "--power" => options.power = true,
            "--rounds" => options.rounds = number()?,
            "--seed" => options.seed = number()?,
            "--lanes" => options.lanes = number()?,
            other => return Err(format!("unknown: {other}")),
        }
    }
    let summary = run(options).map_err(|e| e.to_string())?;
    let line = serde_json::to_string(&summary).map_err(|e| e.to_string())?;
    println!("{line}");
    Ok(summary.lost == 0)
}
