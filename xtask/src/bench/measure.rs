//! Running a command line and reading what it took.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::step::{Result, root};

/// Seconds of a command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    pub(super) wall: f64,
    /// User and system time of all its processes.
    pub(super) cpu: f64,
}

/// Runs a command line in bash, whose `time` counts every process of a pipeline; gives what it
/// took and what it printed.
pub(super) fn shell(line: &str) -> Result<(Took, String)> {
    let script = format!("set -o pipefail; TIMEFORMAT='%R %U %S'; time {{ {line} ; }}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .output()
        .map_err(|e| format!("bash: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{line}: {}: {said}", output.status));
    }
    let times: Vec<f64> = said
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [wall, user, system] = times[..] else {
        return Err(format!("{line}: bash gave no times"));
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((
        Took {
            wall,
            cpu: user + system,
        },
        printed,
    ))
}

/// The median: one slow or lucky round does not decide.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Whether a program is there.
pub(super) fn have(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// A clip at a camera's usual bit rate, where the large media set is; else the small one.
pub(super) fn media() -> PathBuf {
    let shared = std::env::var_os("CUSTOS_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| root().join("../shared"));
    let large = shared.join("data/media/generated/gen_5s_1080p30_4M_high_bf0.mp4");
    if large.is_file() {
        return large;
    }
    eprintln!("the large media set is not here (set CUSTOS_SHARED): taking the small sample");
    root().join("tests/media/sample.mp4")
}

/// A path as a word of the shell.
pub(super) fn quote(path: &std::path::Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
