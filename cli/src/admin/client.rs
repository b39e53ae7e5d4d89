//! A person's session with the station.

use custos_core::{
    Error,
    station_http::{Http, send, text},
};
use custos_protocol::{
    api::{ChallengeRequest, ChallengeResponse, ErrorBody, Info, SessionRequest, SessionResponse},
    policy::Policy,
    session::ChallengeAnswer,
    statement, suite,
    trust::TrustSet,
};
use reqwest::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};

use super::key_file::PersonKey;
use crate::failure::{Exit, Failure};

/// Signed in at a station.
pub(crate) struct AdminClient {
    http: Http,
    token: String,
    pub(crate) person: PersonKey,
    pub(crate) agency: String,
}

impl AdminClient {
    /// Answers the station's challenge with the person's key.
    pub(crate) async fn sign_in(url: &str, person: PersonKey) -> Result<Self, Failure> {
        let http = Http::new(url, person.pin.as_deref())?;
        let info: Info = ask(http.request(Method::GET, "/v1/info")).await?;
        let principal = format!("person:{}", person.person);
        let request = ChallengeRequest {
            principal: principal.clone(),
        };
        let challenge: ChallengeResponse =
            ask(http.request(Method::POST, "/v1/challenge").json(&request)).await?;
        let answer = ChallengeAnswer {
            suite: suite::CURRENT,
            agency: info.agency.clone(),
            principal: principal.clone(),
            nonce: challenge.nonce,
        };
        let answer =
            statement::sign(&answer, &[&person.signer]).map_err(|_| Failure::internal())?;
        let request = SessionRequest {
            principal,
            answer: answer.to_string(),
        };
        let session: SessionResponse =
            ask(http.request(Method::POST, "/v1/session").json(&request)).await?;
        Ok(Self {
            http,
            token: session.token,
            person,
            agency: info.agency,
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        ask(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_text(&self, path: &str) -> Result<String, Failure> {
        Ok(text(accepted(self.request(Method::GET, path)).await?).await?)
    }

    /// A body of any size, in pieces.
    pub(crate) async fn download(&self, path: &str) -> Result<Response, Failure> {
        accepted(self.request(Method::GET, path)).await
    }

    /// The trust set in force.
    pub(crate) async fn trust(&self) -> Result<TrustSet, Failure> {
        let note = self.get_text("/v1/trust").await?;
        Ok(TrustSet::open(&note).map_err(|_| Error::TrustInvalid)?)
    }

    /// Minutes from UTC, by the policy in force: people write local times.
    pub(crate) async fn utc_offset(&self, trust: &TrustSet) -> Result<i32, Failure> {
        let note = self.get_text("/v1/policy").await?;
        let policy = Policy::open(&note, trust).map_err(|_| Error::PolicyInvalid)?;
        Ok(policy.utc_offset_min)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        ask(self.request(Method::POST, path).json(body)).await
    }
}

async fn accepted(request: RequestBuilder) -> Result<Response, Failure> {
    let response = send(request).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let exit = if status == 401 {
        Exit::Credential
    } else {
        Exit::Refused
    };
    match serde_json::from_str::<ErrorBody>(&text(response).await?) {
        Ok(body) => Err(Failure::new(exit, &body.error, body.message).with_reason(body.reason)),
        Err(_) => Err(Error::StationRefused {
            status: status.as_u16(),
        }
        .into()),
    }
}

async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Failure> {
    let body = text(accepted(request).await?).await?;
    serde_json::from_str(&body).map_err(|_| Error::StationProtocol.into())
}
