//! A member of the agency's staff, with a key file and a session.

use custos_core::station_http::{Http, send, text};
use custos_protocol::{
    directive::Directive, key::SigningKey, note::Signer, session::ChallengeAnswer, statement,
    suite, trust::TrustSet,
};
use custos_station::RunningStation;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) signer: Signer,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        let key = SigningKey::generate().unwrap();
        let signer = Signer::new(&TrustSet::person_key_name("custos.local", name), key).unwrap();
        Self {
            name: name.to_owned(),
            signer,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Admin {
    http: Http,
    token: String,
    pub(crate) person: Person,
}

impl Admin {
    /// With the key file of the station's first run.
    pub(crate) fn sign_in(runtime: &Runtime, station: &RunningStation) -> Self {
        let file = std::fs::read_to_string(&station.admin_key_path).unwrap();
        let file: Value = serde_json::from_str(&file).unwrap();
        let name = file["person"].as_str().unwrap().to_owned();
        let signer = Signer::from_private_text(file["key"].as_str().unwrap()).unwrap();
        Self::sign_in_as(runtime, station, Person { name, signer })
    }

    pub(crate) fn sign_in_as(runtime: &Runtime, station: &RunningStation, person: Person) -> Self {
        let url = format!("https://{}", station.addr);
        let http = Http::new(&url, station.pin.as_deref()).unwrap();
        let mut admin = Self {
            http,
            token: String::new(),
            person,
        };
        let principal = format!("person:{}", admin.person.name);
        let ask = json!({ "principal": principal });
        let challenge = admin.post(runtime, "/v1/challenge", &ask);
        let answer = ChallengeAnswer {
            suite: suite::CURRENT,
            agency: "custos.local".to_owned(),
            principal: principal.clone(),
            nonce: challenge["nonce"].as_str().unwrap().to_owned(),
        };
        let answer = statement::sign(&answer, &[&admin.person.signer]).unwrap();
        let ask = json!({ "principal": principal, "answer": answer.to_string() });
        let session = admin.post(runtime, "/v1/session", &ask);
        admin.token = session["token"].as_str().unwrap().to_owned();
        admin
    }

    pub(crate) fn get(&self, runtime: &Runtime, path: &str) -> Value {
        self.call(runtime, Method::GET, path, None)
    }

    pub(crate) fn post(&self, runtime: &Runtime, path: &str, body: &Value) -> Value {
        self.call(runtime, Method::POST, path, Some(body))
    }

    /// Makes a person known who may do everything.
    pub(crate) fn register(&self, runtime: &Runtime, name: &str) -> Person {
        let person = Person::new(name);
        let body = json!({
            "name": name,
            "key": person.signer.verifier(),
            "roles": ["directive", "device", "evidence"],
        });
        self.post(runtime, "/v1/admin/people", &body);
        person
    }

    fn call(&self, runtime: &Runtime, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut request = self.http.request(method, path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        runtime.block_on(async {
            let response = send(request).await.unwrap();
            let status = response.status();
            let body = text(response).await.unwrap();
            assert!(status.is_success(), "{path}: {status} {body}");
            serde_json::from_str(&body).unwrap_or(Value::Null)
        })
    }
}

/// A drafted directive as a note, signed where these people sit.
pub(crate) fn sign(drafted: &Value, signers: &[&Person]) -> String {
    let directive: Directive = serde_json::from_value(drafted.clone()).unwrap();
    let signers: Vec<_> = signers.iter().map(|person| &person.signer).collect();
    statement::sign(&directive, &signers).unwrap().to_string()
}
