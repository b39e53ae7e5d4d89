//! `cargo xtask ci`: everything CI runs, and nothing else.

use std::{path::PathBuf, process::Command};

use crate::{
    deny, fuzz,
    step::{Result, cargo, plain, root, run, step},
    tools, torture,
};

type Step = (&'static str, fn() -> Result);

const STEPS: &[Step] = &[
    ("tools", tools::install),
    ("format", || {
        run(&mut cargo(&["fmt", "--all", "--check"]))?;
        let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        run(&mut cargo(&fuzz))
    }),
    ("deny", deny::run),
    ("clippy", || {
        let arguments = [
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        run(&mut cargo(&arguments))
    }),
    // One set of features for everything that follows, the program under test included.
    ("build", || {
        run(&mut cargo(&[
            "build",
            "--release",
            "--workspace",
            "--all-targets",
        ]))
    }),
    ("test", || {
        // All of them: one that fails should not hide another.
        run(&mut cargo(&[
            "test",
            "--release",
            "--workspace",
            "--no-fail-fast",
        ]))
    }),
    // Always the same choices: what they strike differs from run to run.
    ("torture", || {
        torture::torture(&["--rounds", "200", "--seed", "20261122"])
    }),
    ("power", || {
        torture::torture(&["--power", "--rounds", "50", "--seed", "20261122"])
    }),
    // As torture: a change is judged by what it does, not by the dice.
    ("fuzz", || fuzz::run(&["--seed", "20261122"])),
    ("demo", demo),
    ("kotlin", kotlin),
];

/// Runs all steps, or the named ones; the first failure ends it.
pub fn run_ci(names: &[&str]) -> Result {
    if let Some(unknown) = names
        .iter()
        .find(|n| !STEPS.iter().any(|(name, _)| name == *n))
    {
        let known: Vec<_> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no step {unknown}; there are {}", known.join(", ")));
    }
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    STEPS
        .iter()
        .filter(|(name, _)| wanted(name))
        .try_for_each(|(name, work)| step(name, work))
}

/// The demo as a user runs it, into a folder of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "the folder of the demo before, below target/"
)]
fn demo() -> Result {
    let folder = root().join("target/ci-demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    run(Command::new(program())
        .arg("demo")
        .arg("--dir")
        .arg(&folder))
}

fn program() -> PathBuf {
    root().join("target/release/custos")
}

/// The Kotlin and Robolectric tests.
fn kotlin() -> Result {
    if !tools::present("mvn") {
        eprintln!("skipped: no Maven on this machine");
        return Ok(());
    }
    run(plain(Command::new("bash"))
        .arg("bindings/check.sh")
        .current_dir(root()))
}
