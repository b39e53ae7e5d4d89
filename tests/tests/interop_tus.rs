//! Clients that others wrote upload to the station, are cut off by the network and resume:
//! PyPI `tuspy` and npm `tus-js-client`, `tests/interop/tus`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use custos_protocol::{
    api::{
        ChallengeRequest, ChallengeResponse, EnrolRequest, EnrolResponse, SessionRequest,
        SessionResponse, TicketRequest,
    },
    certificate::Certificate,
    hash::Hash,
    key::SigningKey,
    note::Signer,
    session::{ChallengeAnswer, EnrolProof},
    statement, suite,
    ticket::Ticket,
};
use custos_station::{RunningStation, Station, StationConfig};
use custos_tests::{process::workspace, proxy::Proxy};
use reqwest::Client;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// More than sockets and proxy can swallow, so that the cut comes in the middle.
const LENGTH: usize = 24_000_000;
const CUT_AFTER: u64 = 14_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tuspy_uploads_and_resumes() {
    let Some(python) = python() else { return };
    upload_with("python", |url, token, file| {
        let mut command = Command::new(&python);
        command
            .arg(sources().join("upload.py"))
            .args([url, token])
            .arg(file);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_js_client_uploads_and_resumes() {
    let Some(script) = node_script() else { return };
    upload_with("node", |url, token, file| {
        let mut command = Command::new("node");
        command
            .arg(&script)
            .args([url, token])
            .arg(file)
            .arg("clip-node");
        command
    })
    .await;
}

/// Runs a client against a station behind a network that is cut once.
async fn upload_with(name: &str, command: impl FnOnce(&str, &str, &Path) -> Command) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("station");
    let config = StationConfig {
        plain_http: true,
        ..StationConfig::new(&dir)
    };
    let station = Station::start(config).await.expect("the station starts");
    let token = terminal_token(&station).await;
    let bytes: Vec<u8> = (0..LENGTH as u32 / 4)
        .flat_map(|n| (n ^ n << 9).to_le_bytes())
        .collect();
    let file = folder.path().join("file");
    fs::write(&file, &bytes).expect("writable");

    let proxy = Proxy::start(station.addr);
    proxy.cut_after(CUT_AFTER);
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let mut command = command(&url, &token, &file);
    let client = move || {
        // Loopback, whatever proxy the machine is behind.
        command
            .env("NO_PROXY", "*")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the client starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut next = || -> Value {
            let line = lines.next().expect("the client goes on").expect("text");
            serde_json::from_str(&line).expect("a line of JSON")
        };
        assert_eq!(next()["event"], "cut");
        assert!(proxy.is_cut());
        proxy.mend();
        writeln!(child.stdin.take().expect("piped"), "go on").expect("it listens");
        let (resumed, done) = (next(), next());
        assert!(child.wait().expect("reaped").success());
        (resumed, done)
    };
    let (resumed, done) = tokio::task::spawn_blocking(client).await.expect("no panic");

    let offset = resumed["offset"].as_u64().expect("an offset");
    assert!(
        offset > 0 && offset < LENGTH as u64,
        "resumed in the middle, at {offset}"
    );
    assert_eq!(done["event"], "done");
    let upload = done["upload"].as_str().expect("its URL");
    let id = upload.rsplit('/').next().expect("an identifier");
    let stored = fs::read(dir.join(format!("uploads/{id}.part"))).expect("stored");
    assert_eq!(Hash::of(&stored), Hash::of(&bytes));
    eprintln!("{name}: {LENGTH} bytes, resumed at {offset}");
    station.shutdown().await;
}

fn sources() -> PathBuf {
    workspace().join("tests/interop/tus")
}

/// Where the clients are installed: kept between runs, made anew when what they need changed.
fn installed(name: &str, needs: &str, install: impl FnOnce(&Path) -> bool) -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("a target folder");
    let folder = target.join("interop").join(name);
    let marker = folder.join("installed");
    let needs = fs::read_to_string(sources().join(needs)).expect("in the repository");
    if fs::read_to_string(&marker).is_ok_and(|done| done == needs) {
        return Some(folder);
    }
    fs::create_dir_all(&folder).expect("writable");
    if !install(&folder) {
        eprintln!("skipped: the {name} client cannot be installed on this machine");
        return None;
    }
    fs::write(marker, needs).expect("writable");
    Some(folder)
}

fn runs(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|code| code.success())
}

fn python() -> Option<PathBuf> {
    if !runs(Command::new("python3").arg("--version")) {
        eprintln!("skipped: no `python3` on this machine");
        return None;
    }
    let folder = installed("tuspy", "requirements.txt", |folder| {
        let needs = sources().join("requirements.txt");
        runs(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(folder.join("venv")),
        ) && runs(
            Command::new(folder.join("venv/bin/python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                ])
                .arg(needs),
        )
    })?;
    Some(folder.join("venv/bin/python"))
}

fn node_script() -> Option<PathBuf> {
    if !runs(Command::new("node").arg("--version")) || !runs(Command::new("npm").arg("--version")) {
        eprintln!("skipped: no `node` and `npm` on this machine");
        return None;
    }
    let folder = installed("tus-js-client", "package-lock.json", |folder| {
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(sources().join(name), folder.join(name)).expect("writable");
        }
        runs(
            Command::new("npm")
                .args([
                    "ci",
                    "--no-audit",
                    "--no-fund",
                    "--silent",
                    "--ignore-scripts",
                ])
                .current_dir(folder),
        )
    })?;
    // Node looks for packages from where the script is.
    let script = folder.join("upload.mjs");
    fs::copy(sources().join("upload.mjs"), &script).expect("writable");
    Some(script)
}

/// The bearer token of a newly enrolled terminal.
async fn terminal_token(station: &RunningStation) -> String {
    // Only one of the tests in this process can be the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().expect("a client");
    let key_file = fs::read_to_string(&station.admin_key_path).expect("the first person's key");
    let key_file: Value = serde_json::from_str(&key_file).expect("JSON");
    let admin = Signer::from_private_text(key_file["key"].as_str().expect("text")).expect("key");
    let admin = session(&http, station, "person:admin", &admin).await;
    let request = TicketRequest {
        terminal: Some("t1".to_owned()),
        ..Default::default()
    };
    let ticket: Ticket = post(&http, station, "/v1/admin/tickets", &admin, &request).await;
    let origin = Certificate::origin(&ticket.agency, &ticket.terminal, ticket.epoch);
    let key = SigningKey::generate().expect("random");
    let signer = Signer::new(&origin, key).expect("a name");
    let proof = EnrolProof {
        suite: suite::CURRENT,
        token_hash: Hash::of(ticket.token.as_bytes()),
        journal_key: signer.verifier(),
    };
    let request = EnrolRequest {
        token: ticket.token,
        model: "interop".to_owned(),
        journal_key: signer.verifier(),
        proof: statement::sign(&proof, &[&signer])
            .expect("signed")
            .to_string(),
    };
    let _: EnrolResponse = post(&http, station, "/v1/enrol", "", &request).await;
    session(&http, station, "terminal:t1", &signer).await
}

async fn session(http: &Client, station: &RunningStation, who: &str, signer: &Signer) -> String {
    let request = ChallengeRequest {
        principal: who.to_owned(),
    };
    let challenge: ChallengeResponse = post(http, station, "/v1/challenge", "", &request).await;
    let answer = ChallengeAnswer {
        suite: suite::CURRENT,
        agency: "custos.local".to_owned(),
        principal: who.to_owned(),
        nonce: challenge.nonce,
    };
    let answer = statement::sign(&answer, &[signer])
        .expect("signed")
        .to_string();
    let request = SessionRequest {
        principal: who.to_owned(),
        answer,
    };
    post::<SessionResponse>(http, station, "/v1/session", "", &request)
        .await
        .token
}

async fn post<T: DeserializeOwned>(
    http: &Client,
    station: &RunningStation,
    path: &str,
    token: &str,
    body: &impl Serialize,
) -> T {
    let request = http
        .post(format!("{}{path}", station.url))
        .bearer_auth(token)
        .json(body);
    let response = request.send().await.expect("an answer");
    assert!(
        response.status().is_success(),
        "{path}: {}",
        response.status()
    );
    response.json().await.expect("JSON")
}
