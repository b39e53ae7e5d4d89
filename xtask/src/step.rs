//! Running one command, with its name and time printed.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// What a failed step says.
pub type Result<T = (), E = String> = std::result::Result<T, E>;

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is in the workspace")
        .to_owned()
}

/// `cargo` with these arguments, in the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    plain(command)
}

/// Without what cargo told this program about itself: ring's build script asks for such variables,
/// and would be run again, with all that depends on it, whenever a person's `cargo` and one that
/// is started here take turns.
pub fn plain(mut command: Command) -> Command {
    const ABOUT_US: [&str; 4] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ABOUT_US.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs `command`; an error names it.
pub fn run(command: &mut Command) -> Result {
    let shown = format!("{} {}", command.get_program().to_string_lossy(), {
        let words: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        words.join(" ")
    });
    eprintln!("$ {shown}");
    let status = command.status().map_err(|e| format!("{shown}: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown}: {status}"))
    }
}

/// Runs a named step and prints how long it took.
pub fn step(name: &str, work: impl FnOnce() -> Result) -> Result {
    eprintln!("\n=== {name}");
    let start = Instant::now();
    let result = work().map_err(|e| format!("{name}: {e}"));
    let outcome = if result.is_ok() { "ok" } else { "FAILED" };
    eprintln!(
        "=== {name}: {outcome} after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    result
}
