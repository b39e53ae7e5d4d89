//! `cargo xtask torture`: recording processes killed at any instant, and what is left of what
//! they promised. The work is that of `tests/examples/torture.rs`.

use std::process::Command;

use crate::step::{Result, cargo, root, run};

/// Builds what is needed and runs it with these arguments; its last line on standard output is
/// the result. An error where something was lost.
pub fn torture(arguments: &[&str]) -> Result {
    // Of the whole workspace: another set of features would build every dependency again.
    let build = ["build", "--release", "--workspace", "--bin", "custos"];
    let ours = ["--example", "torture", "--bin", "hostile-disk"];
    run(&mut cargo(&[&build[..], &ours].concat()))?;
    let program = root().join("target/release/examples/torture");
    run(Command::new(program)
        .arg("run")
        .args(arguments)
        .current_dir(root()))
}
