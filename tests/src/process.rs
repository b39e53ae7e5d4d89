//! The `custos` program as other people's scripts meet it: processes, lines of JSON, exit codes.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// The program under test, built by cargo beside this test.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // target/<profile>/deps/<test> -> target/<profile>/custos
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("cargo's layout");
        // Of the whole workspace, and with an example, whose dependencies are the tests': another
        // set of features would build every dependency again.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--workspace", "--bin", "custos"]);
        build.args(["--example", "bench_seal"]);
        // What cargo tells this test of its own package would make build scripts that look at it
        // run again, and everything that depends on them.
        for (name, _) in std::env::vars_os() {
            let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_"];
            if of_package
                .iter()
                .any(|p| name.to_string_lossy().starts_with(p))
            {
                build.env_remove(name);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.current_dir(workspace()).status().expect("cargo runs");
        assert!(built.success(), "custos does not build");
        profile.join("custos")
    })
}

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the workspace")
}

/// The small sample that ships.
pub fn sample() -> PathBuf {
    workspace().join("tests/media/sample.mp4")
}

/// A command of the program, with `--json`.
pub fn custos<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .arg("--json")
        .arg("--lang")
        .arg("en")
        .stdin(Stdio::null());
    command
}

/// What a finished command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub lines: Vec<Value>,
    pub stderr: String,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        let stdout = String::from_utf8(output.stdout.clone()).expect("JSON is UTF-8");
        let lines = stdout
            .lines()
            .map(|l| serde_json::from_str(l).expect("JSON alone"))
            .collect();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self {
            code: output.status.code(),
            lines,
            stderr,
        }
    }

    pub fn last(&self) -> &Value {
        self.lines.last().unwrap_or(&Value::Null)
    }

    /// The stable word of a failure.
    pub fn error(&self) -> &str {
        self.last()["error"].as_str().unwrap_or("")
    }
}

/// Runs a command to its end.
pub fn say<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Said {
    Said::of(&custos(arguments).output().expect("custos runs"))
}

/// Runs a command that has to succeed.
pub fn done<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Said {
    let said = say(arguments);
    assert_eq!(said.code, Some(0), "{said:?}");
    said
}

/// A started program whose lines are read one by one; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let mut child = custos(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("custos starts");
        let stdout = child.stdout.take().expect("piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// The next line; `None` where the program has ended.
    pub fn line(&mut self) -> Option<Value> {
        let line = self.lines.next()?.expect("readable");
        Some(serde_json::from_str(&line).expect("JSON alone"))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: nothing gets a chance to tidy up.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("reaped");
    }

    /// SIGTERM, and the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .arg(&id)
                .status()
                .expect("kill runs")
                .success()
        );
        self.child.wait().expect("reaped").code()
    }

    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("reaped").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is fine here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
