//! A station, a person and a terminal to ask with.

pub(crate) mod steps;
mod terminal;

pub(crate) use terminal::Terminal;

use std::{io::Write as _, sync::Once};

use custos_protocol::{
    api::*,
    certificate::Certificate,
    clip::{self, ClipDigest},
    directive::{Action, Directive},
    hash::{Hash, base64_encode},
    key::SigningKey,
    merkle::Frontier,
    note::Signer,
    session::{ChallengeAnswer, EnrolProof},
    statement, suite,
    ticket::Ticket,
    trust::TrustSet,
};
use custos_station::{RunningStation, Station, StationConfig};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) const AGENCY: &str = "custos.local";

pub(crate) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .expect("first to install");
    });
    Client::builder().no_proxy().build().expect("client")
}

pub(crate) fn config(dir: &std::path::Path) -> StationConfig {
    StationConfig {
        plain_http: true,
        ..StationConfig::new(dir.join("station"))
    }
}

/// A station with its folder, its first person logged in.
pub(crate) struct House {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) station: RunningStation,
    pub(crate) http: Client,
    pub(crate) admin: Person,
}

/// Somebody with a key and a session.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) signer: Signer,
    pub(crate) token: String,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut StationConfig)) -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let mut config = config(dir.path());
        change(&mut config);
        let station = Station::start(config).await.expect("station");
        let http = client();
        let signer = admin_signer(&station);
        let token = log_in(&http, &station.url, "person:admin", &signer).await;
        let admin = Person {
            name: "admin".to_owned(),
            signer,
            token,
        };
        Self {
            dir,
            station,
            http,
            admin,
        }
    }

    /// Stops it without letting anything finish and starts it again on the same folder.
    pub(crate) async fn restart_hard(self) -> Self {
        let Self {
            dir,
            station,
            http,
            mut admin,
        } = self;
        drop(station);
        let station = start_again(config(dir.path())).await;
        admin.token = log_in(&http, &station.url, "person:admin", &admin.signer).await;
        Self {
            dir,
            station,
            http,
            admin,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.station.url)
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth(token)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        body: &impl Serialize,
    ) -> T {
        let response = self
            .request(Method::POST, path, token)
            .json(body)
            .send()
            .await;
        ok(response.expect("answer")).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> T {
        ok(self
            .request(Method::GET, path, token)
            .send()
            .await
            .expect("answer"))
        .await
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.http
            .get(self.url(path))
            .send()
            .await
            .expect("answer")
            .text()
            .await
            .expect("text")
    }

    pub(crate) async fn trust(&self) -> TrustSet {
        TrustSet::open(&self.text("/v1/trust").await).expect("trust set")
    }

    pub(crate) async fn ticket(&self, terminal: &str) -> Ticket {
        let request = TicketRequest {
            terminal: Some(terminal.to_owned()),
            ..Default::default()
        };
        self.post("/v1/admin/tickets", &self.admin.token, &request)
            .await
    }

    /// An enrolled terminal with a session.
    pub(crate) async fn terminal(&self, name: &str) -> Terminal {
        let ticket = self.ticket(name).await;
        let (request, signer) = enrol_request(&ticket);
        let enrolled: EnrolResponse = self.post("/v1/enrol", "", &request).await;
        let trust = TrustSet::open_pinned(&enrolled.trust, &ticket.roots).expect("trust");
        let certificate = Certificate::open(&enrolled.certificate, &trust).expect("certificate");
        assert_eq!(
            (certificate.terminal.as_str(), certificate.epoch),
            (name, ticket.epoch)
        );
        let token = log_in(
            &self.http,
            &self.station.url,
            &format!("terminal:{name}"),
            &signer,
        )
        .await;
        let (entries, frontier) = (Vec::new(), Frontier::new());
        Terminal {
            id: name.to_owned(),
            epoch: ticket.epoch,
            signer,
            token,
            entries,
            frontier,
        }
    }

    /// A registered person with a session.
    pub(crate) async fn person(&self, name: &str, roles: &[&str]) -> Person {
        let key_name = TrustSet::person_key_name(AGENCY, name);
        let signer =
            Signer::new(&key_name, SigningKey::generate().expect("random")).expect("signer");
        let roles = roles.iter().map(|r| (*r).to_owned()).collect();
        let request = PersonRequest {
            name: name.to_owned(),
            key: signer.verifier(),
            roles,
        };
        let _: PersonRequest = self
            .post("/v1/admin/people", &self.admin.token, &request)
            .await;
        let token = log_in(
            &self.http,
            &self.station.url,
            &format!("person:{name}"),
            &signer,
        )
        .await;
        Person {
            name: name.to_owned(),
            signer,
            token,
        }
    }

    pub(crate) async fn draft(&self, terminal: &Terminal, action: Action) -> Directive {
        let draft = DirectiveDraft {
            terminal: terminal.id.clone(),
            action,
            reason: "lost".to_owned(),
            valid_s: None,
        };
        self.post("/v1/admin/directives/draft", &self.admin.token, &draft)
            .await
    }
}

/// A station whose folder was held a moment ago by one that was stopped hard.
pub(crate) async fn start_again(config: StationConfig) -> RunningStation {
    for _ in 0..200 {
        match Station::start(config.clone()).await {
            Err(custos_station::StartError::InUse | custos_station::StartError::PortTaken) => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            started => return started.expect("station"),
        }
    }
    panic!("the folder is not let go of");
}

pub(crate) fn admin_signer(station: &RunningStation) -> Signer {
    let text = std::fs::read_to_string(&station.admin_key_path).expect("key file");
    let file: serde_json::Value = serde_json::from_str(&text).expect("json");
    assert_eq!(file["format"], "custos-person-key/1");
    Signer::from_private_text(file["key"].as_str().expect("key")).expect("signer")
}

pub(crate) fn enrol_request(ticket: &Ticket) -> (EnrolRequest, Signer) {
    let origin = Certificate::origin(&ticket.agency, &ticket.terminal, ticket.epoch);
    let signer = Signer::new(&origin, SigningKey::generate().expect("random")).expect("signer");
    let proof = EnrolProof {
        suite: suite::CURRENT,
        token_hash: Hash::of(ticket.token.as_bytes()),
        journal_key: signer.verifier(),
    };
    let request = EnrolRequest {
        token: ticket.token.clone(),
        model: "test".to_owned(),
        journal_key: signer.verifier(),
        proof: statement::sign(&proof, &[&signer])
            .expect("sign")
            .to_string(),
    };
    (request, signer)
}

pub(crate) async fn challenge(http: &Client, url: &str, principal: &str) -> String {
    let request = ChallengeRequest {
        principal: principal.to_owned(),
    };
    let response = http
        .post(format!("{url}/v1/challenge"))
        .json(&request)
        .send()
        .await;
    ok::<ChallengeResponse>(response.expect("answer"))
        .await
        .nonce
}

pub(crate) fn answer(principal: &str, nonce: &str, signer: &Signer) -> SessionRequest {
    let answer = ChallengeAnswer {
        suite: suite::CURRENT,
        agency: AGENCY.to_owned(),
        principal: principal.to_owned(),
        nonce: nonce.to_owned(),
    };
    let answer = statement::sign(&answer, &[signer])
        .expect("sign")
        .to_string();
    SessionRequest {
        principal: principal.to_owned(),
        answer,
    }
}

pub(crate) async fn log_in(http: &Client, url: &str, principal: &str, signer: &Signer) -> String {
    let request = answer(principal, &challenge(http, url, principal).await, signer);
    let response = http
        .post(format!("{url}/v1/session"))
        .json(&request)
        .send()
        .await;
    ok::<SessionResponse>(response.expect("answer")).await.token
}

pub(crate) async fn ok<T: DeserializeOwned>(response: Response) -> T {
    let status = response.status();
    let body = response.text().await.expect("body");
    assert!(status.is_success(), "{status}: {body}");
    serde_json::from_str(&body).expect("json")
}

/// That a request was refused with this status and word.
pub(crate) async fn refused(response: Response, status: u16, code: &str) -> ErrorBody {
    assert_eq!(response.status().as_u16(), status, "{code}");
    let error: ErrorBody = response.json().await.expect("an error body");
    assert_eq!(error.error, code);
    error
}

pub(crate) fn metadata(clip: &str) -> String {
    format!("clip {}", base64_encode(clip.as_bytes()))
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    let value = response
        .headers()
        .get(name)
        .unwrap_or_else(|| panic!("no {name}"));
    value.to_str().expect("text").to_owned()
}

/// Bytes that look like nothing in particular.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A real age file for the agency.
pub(crate) async fn sealed_clip(house: &House, length: usize) -> (Vec<u8>, ClipDigest) {
    let recipient: age::x25519::Recipient = house.trust().await.recipients[0]
        .parse()
        .expect("recipient");
    let encryptor =
        age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            .expect("one recipient");
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).expect("header");
    writer.write_all(&noise(length)).expect("payload");
    writer.finish().expect("end");
    let digest = clip::digest(file.as_slice()).expect("digest");
    (file, digest)
}
