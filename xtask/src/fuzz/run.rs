//! Running a target: over its corpus for a while, or once on a file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::{Request, folder};
use crate::step::Result;

/// An input that takes longer than this, in seconds, is a finding: a hang, on whatever machine.
const SLOW: u32 = 120;
/// An input that takes more memory than this, in MiB, is one too.
const MEMORY: u32 = 4096;

/// Lets a target run for as long as is wanted. What it finds new stays below `fuzz/target/found`;
/// the corpus is read and not written.
///
/// # Errors
/// What was found, and how to see it again.
pub(super) fn fuzz(programs: &Path, target: &str, request: &Request, scratch: &Path) -> Result {
    let found = emptied(&folder().join("target/found").join(target))?;
    let artifacts = folder().join("artifacts").join(target);
    make(&artifacts)?;
    let logs = folder().join("target/logs");
    make(&logs)?;
    let log = logs.join(format!("{target}.log"));
    let output = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let errors = output.try_clone().map_err(|e| e.to_string())?;
    let status = program(programs, target)
        .arg(format!("-max_total_time={}", request.seconds))
        .arg(format!("-seed={}", request.seed))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&found)
        .arg(folder().join("corpus").join(target))
        .env("TMPDIR", scratch)
        .stdout(output)
        .stderr(errors)
        .status()
        .map_err(|e| format!("{target}: {e}"))?;
    let text = fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    if !status.success() {
        return Err(finding(target, &text, &log));
    }
    let Figures { runs, edges } = Figures::of(&text).ok_or_else(|| {
        let log = log.display();
        format!("{target} ran nothing: see {log}")
    })?;
    let new = fs::read_dir(&found).map_or(0, Iterator::count);
    eprintln!("{target:12} {runs:>9} inputs, {new:>5} of them new, {edges:>6} edges covered");
    Ok(())
}

/// What libFuzzer says of a run.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    /// Inputs executed.
    runs: u64,
    /// Edges of the control flow that were reached, in ours and in all that it is built of.
    edges: u64,
}

impl Figures {
    /// `None` where it does not say, or nothing was reached: then nothing was fuzzed.
    fn of(log: &str) -> Option<Self> {
        let runs = log
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let edges = log
            .lines()
            .rev()
            .find_map(|line| line.split_once(" cov: ")?.1.split(' ').next());
        let read = |number: &str| number.trim().parse().ok().filter(|number| *number > 0);
        Some(Self {
            runs: read(runs?)?,
            edges: read(edges?)?,
        })
    }
}

/// What a person needs: what happened, and the command that makes it happen again.
fn finding(target: &str, text: &str, log: &Path) -> String {
    let said: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR:"))
        .take_while(|line| !line.starts_with("stack backtrace"))
        .take(12)
        .collect();
    let input = text
        .lines()
        .find_map(|line| Some(line.split_once("Test unit written to ")?.1.trim()));
    let again = match input {
        Some(input) => format!(
            "its input: {input}\nsee it again: cargo xtask fuzz {target} --input {input}\n\
             or, with cargo-fuzz: cargo fuzz run {target} {input}"
        ),
        None => "it left no input".to_owned(),
    };
    let said = said.join("\n");
    format!(
        "{target} found something:\n{said}\n{again}\nall of it: {}",
        log.display()
    )
}

/// Runs a target once on a file, before the user's eyes.
///
/// # Errors
/// If the input is still a finding.
pub(super) fn once(programs: &Path, target: &str, input: &Path) -> Result {
    if !input.is_file() {
        return Err(format!("{} is no file", input.display()));
    }
    crate::step::run(
        program(programs, target)
            .arg(input)
            .env("RUST_BACKTRACE", "1"),
    )
}

fn program(programs: &Path, target: &str) -> Command {
    let mut command = Command::new(programs.join(target));
    command
        .arg(format!("-timeout={SLOW}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        // Safe code leaks by intent alone, and the check does not work where tracing is denied.
        .arg("-detect_leaks=0")
        .env("ASAN_OPTIONS", "detect_leaks=0");
    command
}

fn make(folder: &Path) -> Result {
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

/// The folder, with nothing in it.
#[expect(
    clippy::disallowed_methods,
    reason = "what the last run left below fuzz/target"
)]
fn emptied(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    make(folder)?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_covered_nothing_is_none() {
        let log = "#4\tINITED cov: 31 ft: 40 corp: 2/10b exec/s: 2 rss: 92Mb\n\
                   #12\tDONE   cov: 4155 ft: 11993 corp: 11/110b lim: 14 exec/s: 1 rss: 150Mb\n\
                   stat::number_of_executed_units: 12\n";
        let figures = Figures {
            runs: 12,
            edges: 4155,
        };
        assert_eq!(Figures::of(log), Some(figures));
        assert_eq!(Figures::of(&log.replace("4155", "0")), None);
        assert_eq!(Figures::of("stat::number_of_executed_units: 12"), None);
        assert_eq!(Figures::of(""), None);
    }
}
