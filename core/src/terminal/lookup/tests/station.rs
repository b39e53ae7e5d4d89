//! As much of a station as a look-up needs, which answers what the test says: a real one does not
//! lie.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use custos_protocol::{
    api::JournalAppend,
    checkpoint::cosign,
    lookup::ask::{LookupReply, LookupRequest},
    note::Note,
};
use serde_json::json;

use crate::testing::Agency;

type Asked = Vec<(LookupRequest, u64)>;

pub(super) struct Station {
    pub(super) url: String,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    /// Entries that the journal had here.
    held: u64,
    asked: Asked,
}

impl Station {
    pub(super) fn start(agency: Arc<Agency>, answer: fn(&LookupRequest) -> LookupReply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::<Mutex<Told>>::default();
        let state = told.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &agency, &state, answer);
            }
        });
        Self { url, told }
    }

    /// The questions, each with how many entries the station held when it came.
    pub(super) fn asked(&self) -> Asked {
        self.told.lock().unwrap().asked.clone()
    }
}

fn serve(
    mut stream: TcpStream,
    agency: &Agency,
    told: &Mutex<Told>,
    answer: fn(&LookupRequest) -> LookupReply,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("").to_owned();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let reply = match path.as_str() {
        "/v1/challenge" => json!({ "nonce": "nonce", "expires_ms": 1 }),
        "/v1/session" => json!({ "token": "token", "expires_ms": 1 }),
        "/v1/journal" => {
            let append: JournalAppend = serde_json::from_slice(&body).unwrap();
            told.lock().unwrap().held = append.from + append.entries.len() as u64;
            let mut note: Note = append.checkpoint.parse().unwrap();
            cosign(&mut note, &agency.witness, 1_900_000_000);
            json!({ "checkpoint": note.to_string() })
        }
        "/v1/lookups" => {
            let request: LookupRequest = serde_json::from_slice(&body).unwrap();
            let reply = answer(&request);
            let mut told = told.lock().unwrap();
            let held = told.held;
            told.asked.push((request, held));
            serde_json::to_value(reply).unwrap()
        }
        _ => json!({ "error": "not-found", "message": "" }),
    };
    let reply = reply.to_string();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reply}",
        reply.len()
    )
}
