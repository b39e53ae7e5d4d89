//! What staff do that the command line has no verb for yet.

use custos_core::station_http::{Http, send, text};
use custos_protocol::{
    api::{ChallengeRequest, ChallengeResponse, Info, SessionRequest, SessionResponse},
    note::{Note, Signer},
    policy::Policy,
    session::ChallengeAnswer,
    statement, suite,
};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Publishes the policy that `change` makes of the one in force, by the person of this key file.
pub fn publish_policy(station: &str, key_file: &str, change: impl FnOnce(&mut Policy)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let work = publish(station, key_file, change);
    runtime.expect("a runtime").block_on(work);
}

async fn publish(station: &str, key_file: &str, change: impl FnOnce(&mut Policy)) {
    let file = std::fs::read_to_string(key_file).expect("a key file");
    let file: Value = serde_json::from_str(&file).expect("a key file");
    let field = |name: &str| file[name].as_str().expect("a key file").to_owned();
    let signer = Signer::from_private_text(&field("key")).expect("a private key");
    let http = Http::new(station, Some(&field("pin"))).expect("a station");
    let info: Info = ask(http.request(Method::GET, "/v1/info")).await;
    let principal = format!("person:{}", field("person"));
    let request = ChallengeRequest {
        principal: principal.clone(),
    };
    let challenge: ChallengeResponse =
        ask(http.request(Method::POST, "/v1/challenge").json(&request)).await;
    let answer = ChallengeAnswer {
        suite: suite::CURRENT,
        agency: info.agency,
        principal: principal.clone(),
        nonce: challenge.nonce,
    };
    let answer = statement::sign(&answer, &[&signer]).expect("plain data");
    let request = SessionRequest {
        principal,
        answer: answer.to_string(),
    };
    let session: SessionResponse =
        ask(http.request(Method::POST, "/v1/session").json(&request)).await;

    let note = said(http.request(Method::GET, "/v1/policy")).await;
    let note: Note = note.parse().expect("a signed note");
    let mut policy: Policy = statement::read_unverified(&note).expect("a policy");
    policy.version += 1;
    change(&mut policy);
    let request = http.request(Method::POST, "/v1/admin/policy");
    let _: Policy = ask(request.bearer_auth(&session.token).json(&policy)).await;
}

async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> T {
    serde_json::from_str(&said(request).await).expect("the station's protocol")
}

async fn said(request: RequestBuilder) -> String {
    let response = send(request).await.expect("the station answers");
    let status = response.status();
    let body = text(response).await.expect("a body");
    assert!(status.is_success(), "{status}: {body}");
    body
}
