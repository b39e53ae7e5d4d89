//! `cargo xtask fuzz [TARGET…] [--seconds N] [--seed S]`: builds the targets of `fuzz/` with a fuzzer's
//! flags and lets each run for a while over its corpus. Needs neither cargo-fuzz nor a nightly
//! compiler; where cargo-fuzz is installed, `cargo fuzz run TARGET` does the same for one.

mod build;
mod run;
mod script;
mod seeds;

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use serde::Deserialize;

use crate::{
    step::{Result, root},
    tools,
};

/// How long each target runs unless somebody says otherwise, in seconds: what CI can spare.
const SECONDS: u32 = 6;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    /// None: all.
    targets: Vec<String>,
    seconds: u32,
    /// The same inputs in the same order each time, as far as the seconds go; 0: others each time.
    seed: u32,
    /// Not to fuzz, but to run one target once on this file.
    input: Option<PathBuf>,
}

impl Request {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut request = Self {
            targets: Vec::new(),
            seconds: SECONDS,
            seed: 0,
            input: None,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--seconds" => {
                    let number = arguments.next().and_then(|n| n.parse().ok());
                    request.seconds = number.ok_or("--seconds needs a number")?;
                }
                "--seed" => {
                    let number = arguments.next().and_then(|n| n.parse().ok());
                    request.seed = number.ok_or("--seed needs a number")?;
                }
                "--input" => {
                    let file = arguments.next().ok_or("--input needs a file")?;
                    request.input = Some(file.into());
                }
                flag if flag.starts_with('-') => return Err(format!("no option {flag}")),
                target => request.targets.push(target.to_owned()),
            }
        }
        if request.input.is_some() && request.targets.len() != 1 {
            return Err("--input goes with one target".to_owned());
        }
        Ok(request)
    }
}

#[derive(Deserialize)]
struct Manifest {
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds, and runs what is asked for.
///
/// # Errors
/// What was found, with the way to see it again.
pub fn run(arguments: &[&str]) -> Result {
    if arguments == ["--seeds"] {
        return seeds::write();
    }
    let request = Request::parse(arguments)?;
    let targets = wanted(&request.targets)?;
    if !tools::present("c++") {
        eprintln!("skipped: libFuzzer needs a C++ compiler, and there is none");
        return Ok(());
    }
    let programs = build::build()?;
    if let Some(input) = &request.input {
        return run::once(&programs, &targets[0], input);
    }
    let scratch = Scratch::new()?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let waiting = Mutex::new(targets.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..cores.min(targets.len()) {
            scope.spawn(|| {
                let next = || waiting.lock().ok()?.next();
                while let Some(target) = next() {
                    if let Err(error) = run::fuzz(&programs, target, &request, &scratch.0)
                        && let Ok(mut failures) = failures.lock()
                    {
                        failures.push(error);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().map_err(|e| e.to_string())?;
    if failures.is_empty() {
        eprintln!("{} targets, nothing found", targets.len());
        return Ok(());
    }
    Err(failures.join("\n"))
}

/// The targets by these names; all of them for none.
fn wanted(names: &[String]) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(folder().join("Cargo.toml")).map_err(|e| e.to_string())?;
    let manifest: Manifest = toml::from_str(&text).map_err(|e| e.to_string())?;
    let all: Vec<String> = manifest.bin.into_iter().map(|bin| bin.name).collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target {unknown}; there are {}", all.join(", ")));
    }
    Ok(if names.is_empty() {
        all
    } else {
        names.to_vec()
    })
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

/// A folder for the vaults that targets make: in memory where the system has such a place, so
/// that syncing costs nothing.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if has_room(memory) {
            memory.to_owned()
        } else {
            folder().join("target")
        };
        let path = parent.join(format!("custos-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self(path))
    }
}

/// Whether a gigabyte is free there.
fn has_room(folder: &Path) -> bool {
    let output = Command::new("df")
        .args(["-Pk"])
        .arg(folder)
        .output()
        .map_or(Vec::new(), |output| output.stdout);
    // The last line's fourth column: kilobytes available.
    let text = String::from_utf8_lossy(&output);
    let free = text
        .lines()
        .last()
        .and_then(|l| l.split_whitespace().nth(3));
    free.and_then(|kilobytes| kilobytes.parse::<u64>().ok())
        .is_some_and(|kilobytes| kilobytes > 1 << 20)
}

impl Drop for Scratch {
    #[expect(clippy::disallowed_methods, reason = "a folder that this run made")]
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked_for() {
        let parse = |words: &[&str]| Request::parse(words);
        assert_eq!(parse(&[]).unwrap().seconds, SECONDS);
        let some = parse(&["mux", "--seconds", "300", "seal"]).unwrap();
        assert_eq!((some.targets.len(), some.seconds), (2, 300));
        let again = parse(&["mux", "--input", "a/file"]).unwrap();
        assert_eq!(again.input, Some("a/file".into()));
        for bad in [
            &["--seconds"][..],
            &["--seconds", "x"],
            &["--seed", "-1"],
            &["--input", "x"],
            &["--fast"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_target_is_a_file_and_has_a_corpus() {
        let targets = wanted(&[]).unwrap();
        for target in &targets {
            let file = folder().join(format!("fuzz_targets/{target}.rs"));
            assert!(file.is_file(), "{target}");
            let corpus = folder().join("corpus").join(target);
            assert!(corpus.read_dir().unwrap().next().is_some(), "{target}");
        }
        let files = folder().join("fuzz_targets").read_dir().unwrap().count();
        assert_eq!(files, targets.len());
        assert!(wanted(&["no-such".to_owned()]).is_err());
    }
}
