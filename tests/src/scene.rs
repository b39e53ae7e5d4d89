//! A station, its first person, and terminals, as processes on folders of their own.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

use custos_protocol::policy::Policy;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, Said, done, say};

pub const OFFICER: &str = "100123";
pub const PIN: &str = "246810";

/// A station process on a folder and a port that stay the same over restarts.
#[derive(Debug)]
pub struct StationProcess {
    dir: PathBuf,
    port: u16,
    running: Option<Running>,
    pub url: String,
    pub admin_key: String,
}

impl StationProcess {
    fn start(dir: PathBuf, port: u16) -> Self {
        let mut station = Self {
            dir,
            port,
            running: None,
            url: String::new(),
            admin_key: String::new(),
        };
        station.restart();
        station
    }

    /// Starts it on the same folder and port.
    pub fn restart(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let dir = self.dir.display().to_string();
        let mut running = Running::start(["station", "run", "--dir", &dir, "--listen", &listen]);
        let line = running.line().expect("the station starts");
        assert_eq!(line["event"], "listening", "{line}");
        self.url = text(&line["url"]);
        self.admin_key = text(&line["admin_key"]);
        self.running = Some(running);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill();
        }
    }

    /// SIGTERM; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.running.take().and_then(Running::terminate)
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// A temporary folder with a station and a provisioned terminal with an officer on duty.
#[derive(Debug)]
pub struct Scene {
    pub folder: TempDir,
    pub station: StationProcess,
}

impl Scene {
    /// A station alone.
    pub fn station() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let station = StationProcess::start(folder.path().join("station"), free_port());
        std::fs::write(folder.path().join("pin"), PIN).expect("writable");
        Self { folder, station }
    }

    /// A station and a terminal whose officer has begun a duty.
    pub fn on_duty() -> Self {
        let scene = Self::station();
        scene.provision("terminal", &scene.station.url.clone());
        done(scene.terminal(&["duty", "begin", "--case", "A-1"]));
        scene
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Arguments of an `admin` command by the first person.
    pub fn admin(&self, arguments: &[&str]) -> Vec<String> {
        self.admin_as(&self.station.admin_key, arguments)
    }

    /// … by the person with this key file.
    pub fn admin_as(&self, key: &str, arguments: &[&str]) -> Vec<String> {
        let mut all = strings(&["admin", "--station", &self.station.url, "--key", key]);
        all.extend(strings(arguments));
        all
    }

    /// Arguments of a `terminal` command by the officer.
    pub fn terminal(&self, arguments: &[&str]) -> Vec<String> {
        let dir = self.path("terminal");
        let pin = self.path("pin");
        let mut all = strings(&[
            "terminal",
            "--dir",
            &dir,
            "--officer",
            OFFICER,
            "--pin-file",
            &pin,
        ]);
        all.extend(strings(arguments));
        all
    }

    /// A ticket file, which sends the terminal to `url`.
    pub fn ticket(&self, name: &str, url: &str, more: &[&str]) -> String {
        let file = self.path(name);
        let mut arguments = vec!["ticket", "new", "-o", &file];
        arguments.extend(more);
        done(self.admin(&arguments));
        if url != self.station.url {
            let ticket = std::fs::read_to_string(&file).expect("written");
            std::fs::write(&file, ticket.replace(&self.station.url, url)).expect("writable");
        }
        file
    }

    /// Publishes the policy that `change` makes of the one in force.
    pub fn publish_policy(&self, change: impl FnOnce(&mut Policy)) {
        crate::staff::publish_policy(&self.station.url, &self.station.admin_key, change);
    }

    /// Enrols `dir` as a terminal that reaches its station at `url`.
    pub fn provision(&self, dir: &str, url: &str) -> Value {
        let ticket = self.ticket(&format!("{dir}.ticket"), url, &[]);
        let said = done([
            "terminal",
            "--dir",
            &self.path(dir),
            "provision",
            "--ticket",
            &ticket,
        ]);
        said.last().clone()
    }

    /// One item of the officer's list.
    pub fn item(&self, clip: &str) -> Value {
        done(self.terminal(&["show", clip])).last().clone()
    }

    pub fn sync(&self) -> Said {
        say(self.terminal(&["sync"]))
    }

    /// Exports a confirmed clip and verifies the bundle with the independent verifier.
    pub fn export_and_verify(&self, clip: &str) -> PathBuf {
        let bundle = self.folder.path().join(format!("bundle-{clip}"));
        let shown = bundle.display().to_string();
        done(self.terminal(&["export", clip, "-o", &shown]));
        let verified = done(verify_arguments(&bundle, clip));
        assert_eq!(verified.last()["verified"], true);
        bundle
    }

    /// Opens an evidence file with the agency's key, through the `age` crate.
    pub fn open(&self, file: &Path) -> Vec<u8> {
        let key = std::fs::read_to_string(self.station.dir().join("keys/agency.key"));
        crate::open::with_key(file, &key.expect("the agency's key"))
    }
}

/// Arguments of `verify` for an exported bundle.
pub fn verify_arguments(bundle: &Path, clip: &str) -> Vec<String> {
    let file = |name: String| bundle.join(name).display().to_string();
    vec![
        "verify".to_owned(),
        file(format!("{clip}.mp4.age")),
        "--receipt".to_owned(),
        file(format!("{clip}.mp4.receipt")),
        "--trust".to_owned(),
        file("trust.json".to_owned()),
    ]
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
