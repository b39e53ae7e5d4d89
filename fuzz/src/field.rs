//! A provisioned terminal with an officer on duty, in a temporary folder: the whole core, with
//! its vault, behind the façade that a shell uses.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use custos_core::{DeviceInfo, Officer, Secret, SoftwareKeySource, Terminal};
use custos_protocol::{
    api::{EnrolRequest, EnrolResponse},
    certificate::Certificate,
    policy::Policy,
    statement, suite,
    ticket::{Ticket, TicketParts},
};

use crate::fixture::{Agency, OFFICER, START_MS, TERMINAL};

const PIN: &str = "582931";

/// See the module. Dropping it removes the folder.
#[derive(Debug)]
pub struct Field {
    pub terminal: Terminal,
    pub officer: Officer,
    folder: PathBuf,
}

impl Field {
    /// Under this policy.
    ///
    /// # Panics
    /// Where the machine does not let it: no loopback interface, a full disk.
    pub fn new(policy: &Policy) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("custos-fuzz-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let terminal = provision(&folder, policy);
        let pin = Secret::from(PIN);
        terminal.enrol_officer(OFFICER, &pin).expect("enrolled");
        let officer = terminal.unlock(OFFICER, &pin).expect("unlocked");
        officer.begin_duty("2026-0815").expect("on duty");
        Self {
            terminal,
            officer,
            folder,
        }
    }

    /// The file of a clip.
    pub fn clip(&self, clip: &str) -> PathBuf {
        self.folder.join(format!("evidence/{clip}.age"))
    }
}

impl Drop for Field {
    #[expect(clippy::disallowed_methods, reason = "a folder that this run made")]
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn provision(folder: &std::path::Path, policy: &Policy) -> Terminal {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let port = listener.local_addr().expect("bound").port();
    let agency = Agency::custos();
    let ticket = Ticket::new(TicketParts {
        agency: agency.name.clone(),
        station: format!("http://127.0.0.1:{port}"),
        pin: None,
        terminal: TERMINAL.into(),
        epoch: 1,
        token: "a secret that works once".into(),
        officers: vec![OFFICER.into()],
        expires_ms: i64::MAX,
        roots: agency.roots(),
    });
    let policy = policy.clone();
    let station = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the terminal calls");
        enrol(stream, &agency, &policy);
    });
    let device = DeviceInfo {
        model: "Custos One".into(),
    };
    let keys = Arc::new(SoftwareKeySource::in_folder(folder));
    let terminal = Terminal::provision(folder, keys, &ticket, &device).expect("provisioned");
    station.join().expect("the station answers");
    terminal
}

/// All of a station that a terminal needs once: an answer to its enrolment.
fn enrol(mut stream: TcpStream, agency: &Agency, policy: &Policy) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).expect("a request") > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let request: EnrolRequest = serde_json::from_slice(&body).expect("a request");
    let certificate = Certificate {
        suite: suite::CURRENT,
        terminal: TERMINAL.into(),
        epoch: 1,
        journal_key: request.journal_key,
        model: request.model,
        time_ms: START_MS,
    };
    let note = |note: Result<custos_protocol::note::Note, _>| {
        note.map_err(|error: statement::StatementError| error.to_string())
            .expect("a note")
            .to_string()
    };
    let response = EnrolResponse {
        certificate: note(statement::sign(&certificate, &[&agency.registrar])),
        trust: agency.trust_note().to_string(),
        policy: note(statement::sign(policy, &[&agency.policy])),
    };
    let body = serde_json::to_string(&response).expect("plain data");
    let head = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all([head, body].concat().as_bytes())
        .expect("the terminal listens");
}
