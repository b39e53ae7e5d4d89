//! The station's HTTP interface as typed calls, with a session that is renewed when it ends.

use custos_protocol::{
    api::{
        ChallengeRequest, ChallengeResponse, DirectiveList, EnrolRequest, EnrolResponse, ErrorBody,
        GrantDelivery, Info, JournalAppend, JournalReply, JournalState, ListVersion, NoteBody,
        SessionRequest, SessionResponse,
    },
    id,
    lookup::{
        ask::{LookupReply, LookupRequest},
        list::ListFile,
    },
    note::Signer,
    session::ChallengeAnswer,
    statement, suite,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::http::{self, Http};
use crate::{Error, Result, TicketFault, lookup::registry::LookupFault};

/// The station, as this terminal speaks with it.
#[derive(Debug)]
pub(crate) struct Station {
    http: Http,
    agency: String,
    principal: String,
    token: Option<Token>,
}

/// A bearer token: a secret.
#[derive(Clone)]
struct Token(Zeroizing<String>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the station said to journal entries.
#[derive(Debug)]
pub(crate) enum JournalAnswer {
    /// A countersigned checkpoint.
    Cosigned(String),
    /// It holds another number of entries than we assumed.
    Position(u64),
}

/// What the station said to a request for a receipt.
#[derive(Debug)]
pub(crate) enum ReceiptAnswer {
    Receipt(String),
    /// It lacks bytes or journal entries yet.
    NotYet,
    /// The bytes it got are not those that were sealed: it threw them away.
    Mismatch,
}

/// Enrols: the one call before there is a terminal.
///
/// # Errors
/// [`Error::Ticket`], [`Error::Unreachable`], [`Error::StationIdentity`], protocol errors.
pub(crate) async fn enrol(http: &Http, request: &EnrolRequest) -> Result<EnrolResponse> {
    let request = http.request(Method::POST, "/v1/enrol").json(request);
    let response = http::send(request).await?;
    if response.status().is_success() {
        return body(response).await;
    }
    let status = response.status();
    Err(match refusal(response).await?.error.as_str() {
        "ticket-used" | "ticket-superseded" => Error::Ticket(TicketFault::Used),
        "ticket-expired" => Error::Ticket(TicketFault::Expired),
        "ticket-unknown" => Error::Ticket(TicketFault::Unknown),
        _ => Error::StationRefused {
            status: status.as_u16(),
        },
    })
}

impl Station {
    pub(crate) fn new(http: Http, agency: &str, terminal: &str) -> Self {
        let principal = format!("terminal:{terminal}");
        Self {
            http,
            agency: agency.to_owned(),
            principal,
            token: None,
        }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn has_session(&self) -> bool {
        self.token.is_some()
    }

    /// Begins a session: signs the station's nonce with the journal key.
    ///
    /// # Errors
    /// As [`Station::call`].
    pub(crate) async fn open_session(&mut self, signer: &Signer) -> Result<()> {
        self.token = None;
        let ask = ChallengeRequest {
            principal: self.principal.clone(),
        };
        let request = self.http.request(Method::POST, "/v1/challenge").json(&ask);
        let challenge: ChallengeResponse = body(accepted(http::send(request).await?)?).await?;
        // The station's agency is not taken from the challenge: the answer is for ours alone.
        let answer = ChallengeAnswer {
            suite: suite::CURRENT,
            agency: self.agency.clone(),
            principal: self.principal.clone(),
            nonce: challenge.nonce,
        };
        let answer = statement::sign(&answer, &[signer]).map_err(|_| Error::StationProtocol)?;
        let ask = SessionRequest {
            principal: self.principal.clone(),
            answer: answer.to_string(),
        };
        let request = self.http.request(Method::POST, "/v1/session").json(&ask);
        let session: SessionResponse = body(accepted(http::send(request).await?)?).await?;
        self.token = Some(Token(Zeroizing::new(session.token)));
        Ok(())
    }

    /// A request with the session's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, path);
        match &self.token {
            Some(Token(token)) => request.bearer_auth(token.as_str()),
            None => request,
        }
    }

    /// Sends a request; forgets the session when the station no longer knows it.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::StationIdentity`], [`Error::StationRefused`] with 401.
    pub(crate) async fn call(&mut self, request: RequestBuilder) -> Result<Response> {
        let response = http::send(request).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.token = None;
            return Err(Error::StationRefused { status: 401 });
        }
        Ok(response)
    }

    pub(crate) async fn info(&mut self) -> Result<Info> {
        let request = self.request(Method::GET, "/v1/info");
        let info: Info = body(accepted(self.call(request).await?)?).await?;
        if info.agency != self.agency || info.suite != suite::CURRENT {
            return Err(Error::StationProtocol);
        }
        Ok(info)
    }

    pub(crate) async fn trust(&mut self, version: u64) -> Result<String> {
        let request = self.request(Method::GET, &format!("/v1/trust/{version}"));
        http::text(accepted(self.call(request).await?)?).await
    }

    pub(crate) async fn policy(&mut self) -> Result<String> {
        let request = self.request(Method::GET, "/v1/policy");
        http::text(accepted(self.call(request).await?)?).await
    }

    pub(crate) async fn journal(&mut self) -> Result<JournalState> {
        let request = self.request(Method::GET, "/v1/journal");
        body(accepted(self.call(request).await?)?).await
    }

    pub(crate) async fn push_journal(&mut self, entries: &JournalAppend) -> Result<JournalAnswer> {
        let request = self.request(Method::POST, "/v1/journal").json(entries);
        let response = self.call(request).await?;
        if response.status() != StatusCode::CONFLICT {
            let reply: JournalReply = body(accepted(response)?).await?;
            return Ok(JournalAnswer::Cosigned(reply.checkpoint));
        }
        let refusal = refusal(response).await?;
        match (refusal.error.as_str(), refusal.size) {
            ("journal-position", Some(size)) => Ok(JournalAnswer::Position(size)),
            _ => Err(Error::JournalDiverged),
        }
    }

    pub(crate) async fn receipt(&mut self, clip: &str) -> Result<ReceiptAnswer> {
        let request = self.request(Method::POST, &format!("/v1/clips/{clip}/receipt"));
        let response = self.call(request).await?;
        match response.status() {
            StatusCode::CONFLICT | StatusCode::NOT_FOUND => Ok(ReceiptAnswer::NotYet),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(ReceiptAnswer::Mismatch),
            _ => Ok(ReceiptAnswer::Receipt(
                http::text(accepted(response)?).await?,
            )),
        }
    }

    /// Directives beyond `after`, waiting so long for one, or for `changes` to be another number.
    pub(crate) async fn directives(
        &mut self,
        after: u64,
        wait_s: u32,
        changes: Option<u64>,
    ) -> Result<DirectiveList> {
        let mut path = format!("/v1/directives?after={after}&wait={wait_s}");
        if let Some(changes) = changes {
            path += &format!("&changes={changes}");
        }
        let request = self.request(Method::GET, &path);
        body(accepted(self.call(request).await?)?).await
    }

    /// Grants and revocations for these officers; nothing from a station that knows of none.
    pub(crate) async fn grants(&mut self, officers: &[String]) -> Result<GrantDelivery> {
        let path = format!("/v1/grants?officers={}", officers.join(","));
        let request = self.request(Method::GET, &path);
        let response = self.call(request).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(GrantDelivery::default());
        }
        body(accepted(response)?).await
    }

    pub(crate) async fn rules(&mut self) -> Result<String> {
        let request = self.request(Method::GET, "/v1/rules");
        http::text(accepted(self.call(request).await?)?).await
    }

    pub(crate) async fn lists(&mut self) -> Result<Vec<ListVersion>> {
        let request = self.request(Method::GET, "/v1/lists");
        body(accepted(self.call(request).await?)?).await
    }

    pub(crate) async fn list(&mut self, name: &str) -> Result<ListFile> {
        if !id::is_safe(name) {
            return Err(Error::StationProtocol);
        }
        let request = self.request(Method::GET, &format!("/v1/lists/{name}"));
        body(accepted(self.call(request).await?)?).await
    }

    /// Asks a registry.
    ///
    /// # Errors
    /// [`Error::Lookup`] for a refusal; as [`Station::call`].
    pub(crate) async fn look_up(&mut self, question: &LookupRequest) -> Result<LookupReply> {
        let request = self.request(Method::POST, "/v1/lookups").json(question);
        let response = self.call(request).await?;
        if response.status().is_success() {
            return body(response).await;
        }
        let status = response.status().as_u16();
        Err(match refusal(response).await?.error.as_str() {
            "lookup-denied" => Error::Lookup(LookupFault::Denied),
            "lookup-needs-grant" => Error::Lookup(LookupFault::NeedsGrant),
            "lookup-stopped" => Error::Lookup(LookupFault::Stopped),
            "lookup-not-journalled" | "lookup-repeated" => {
                Error::Lookup(LookupFault::NotJournalled)
            }
            "lookup-too-old" => Error::Lookup(LookupFault::TooOld),
            "registry-unreachable" | "registry-too-slow" | "registry-resting" => {
                Error::Lookup(LookupFault::RegistryDown)
            }
            "registry-no-wildcards" => Error::Lookup(LookupFault::NoWildcards),
            "registry-refused" | "registry-answer-too-large" | "registry-answer-nonsense" => {
                Error::Lookup(LookupFault::RegistryFault)
            }
            _ => Error::StationRefused { status },
        })
    }

    /// Whether the station took the acknowledgement; one that it refuses it will not take later.
    pub(crate) async fn acknowledge(&mut self, directive: &str, note: &str) -> Result<()> {
        let path = format!("/v1/directives/{directive}/ack");
        let request = self.request(Method::POST, &path).json(&NoteBody {
            note: note.to_owned(),
        });
        accepted(self.call(request).await?).map(drop)
    }
}

/// An answer of success, or its status as an error.
pub(crate) fn accepted(response: Response) -> Result<Response> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(Error::StationRefused {
            status: response.status().as_u16(),
        })
    }
}

async fn body<T: DeserializeOwned>(response: Response) -> Result<T> {
    serde_json::from_str(&http::text(response).await?).map_err(|_| Error::StationProtocol)
}

async fn refusal(response: Response) -> Result<ErrorBody> {
    body(response).await
}
