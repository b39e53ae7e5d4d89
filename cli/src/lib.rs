//! The `custos` program as a library, so that tests and the demo drive the same code.
//!
//! # Layout
//!
//! - `agency`: the key that opens all evidence
//! - `args`: the grammar of the command line; `output`, `failure`, `words`: how it speaks
//! - [`camera`]: a media file as a phone's encoder would hand it over
//! - `moment`: times as people write them
//! - `policy`: the agency's settings, shown and changed; `rules`: the access rules, checked, tested
//!   and explained (the verb `policy`)
//! - one module a verb: `demo`, `station`, `admin`, `terminal`, `verify`, `pack`; `manual` for man pages
//!   and completions

mod admin;
mod agency;
mod args;
pub mod camera;
mod demo;
mod failure;
mod manual;
mod moment;
mod output;
mod pack;
mod policy;
mod rules;
mod secret;
mod station;
mod terminal;
mod verify;
mod words;

use std::{ffi::OsString, future::Future, process::ExitCode};

use clap::Parser as _;

use crate::{
    args::{Cli, Command},
    failure::Failure,
    output::{Lang, Output},
};

/// Runs the program with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    let output = Output::new(&cli.output);
    let result = match &cli.command {
        Command::Demo(args) => demo::run(args, &output),
        Command::Station(command) => station::run(command, &output),
        Command::Admin(args) => admin::run(args, &output),
        Command::Terminal(args) => terminal::run(args, &output),
        Command::Verify(args) => verify::run(args, &output),
        Command::Audit(args) => admin::audit(args, &output),
        Command::Policy(command) => rules::run(command, &output),
        Command::Pack(command) => pack::run(command, &output),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { output: folder } => manual::pages(folder),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&output),
    }
}

/// Help goes to standard output and is no failure; a wrong call is exit code 2, told as JSON
/// where that was asked for.
fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if error.use_stderr() && arguments.iter().any(|a| a == "--json") {
        let output = Output {
            json: true,
            lang: Lang::En,
        };
        let text = error.to_string();
        let first = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        return Failure::usage("usage", first).report(&output);
    }
    // Where even the help cannot be printed there is nobody to tell.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// Runs one asynchronous verb to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|_| Failure::internal())?.block_on(future)
}
