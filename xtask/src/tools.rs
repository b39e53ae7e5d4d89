//! Programs that the checks use and a clean Debian machine lacks.

use std::process::{Command, Stdio};

use crate::step::{Result, run};

/// Program, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("cc", "gcc"),
    ("c++", "g++"),
    ("make", "make"),
    ("perl", "perl"),
    ("ffmpeg", "ffmpeg"),
    ("age", "age"),
    ("aapt2", "aapt"),
    ("mvn", "maven"),
    ("javac", "openjdk-17-jdk-headless"),
    ("go", "golang"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3"),
    ("openssl", "openssl"),
];

/// Installs what is missing where that is possible: on Debian, as root. Elsewhere the tests that
/// need a missing program say so and are skipped.
pub fn install() -> Result {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !present(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !(present("apt-get") && is_root()) {
        eprintln!(
            "not installed, and not root on Debian: {}",
            missing.join(", ")
        );
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(["-q", "-y"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        run(command.stdout(Stdio::null()))
    };
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"], missing.as_slice()].concat())
}

/// Whether a program is on the path.
pub fn present(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
