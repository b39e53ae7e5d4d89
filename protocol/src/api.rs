//! Bodies of the station's HTTP interface, JSON. Paths and status codes: `/openapi.json` of a
//! station. Times are Unix milliseconds; notes are C2SP signed notes as text.

use serde::{Deserialize, Serialize};

use crate::{directive::State, lookup::query::Subject, note::Verifier};

/// Any refusal: a stable kebab-case word and a sentence.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    pub error: String,
    pub message: String,
    /// With `journal-position`: the entries the station holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// `GET /v1/info`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Info {
    pub agency: String,
    pub suite: u16,
    pub time_ms: i64,
    pub trust_version: u64,
    pub policy_version: u64,
}

/// `POST /v1/enrol`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    pub token: String,
    pub model: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub journal_key: Verifier,
    /// [`crate::session::EnrolProof`], signed by `journal_key`.
    pub proof: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolResponse {
    pub certificate: String,
    pub trust: String,
    pub policy: String,
}

/// `POST /v1/challenge`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChallengeRequest {
    /// `terminal:<id>` or `person:<name>`.
    pub principal: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChallengeResponse {
    pub nonce: String,
    pub expires_ms: i64,
}

/// `POST /v1/session`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionRequest {
    pub principal: String,
    /// [`crate::session::ChallengeAnswer`], signed by the principal.
    pub answer: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionResponse {
    /// Bearer token. A secret.
    pub token: String,
    pub expires_ms: i64,
}

impl std::fmt::Debug for SessionResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SessionResponse(token hidden, expires {})",
            self.expires_ms
        )
    }
}

/// `GET /v1/journal`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalState {
    pub size: u64,
    /// The latest cosigned checkpoint.
    pub checkpoint: Option<String>,
}

/// `POST /v1/journal`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalAppend {
    /// Index of the first of `entries`.
    pub from: u64,
    /// Raw bytes of the entries.
    pub entries: Vec<String>,
    /// Signed checkpoint over everything up to the last of them.
    pub checkpoint: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalReply {
    /// The same checkpoint with the station's cosignature.
    pub checkpoint: String,
}

/// `GET /v1/directives?after=SEQ&wait=SECONDS`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectiveList {
    pub directives: Vec<DirectiveItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectiveItem {
    pub id: String,
    pub seq: u64,
    pub note: String,
}

/// `POST /v1/directives/{id}/ack`, `POST /v1/admin/directives`,
/// `POST /v1/admin/directives/{id}/sign`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoteBody {
    pub note: String,
}

/// `POST /v1/admin/tickets`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketRequest {
    /// An identifier of letters, digits, `-`, `_`, `.`; made up by the station where absent.
    pub terminal: Option<String>,
    #[serde(default)]
    pub officers: Vec<String>,
    /// Seconds that the ticket is valid; a day where absent.
    pub valid_s: Option<u32>,
}

/// `GET /v1/admin/terminals`, `GET /v1/admin/terminals/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TerminalInfo {
    pub id: String,
    pub epoch: u32,
    pub model: String,
    pub enrolled_ms: i64,
    pub last_seen_ms: Option<i64>,
    pub journal_size: u64,
    /// Evidence objects confirmed.
    pub evidence: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub journal_key: Verifier,
}

/// `POST /v1/admin/directives/draft`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectiveDraft {
    pub terminal: String,
    pub action: crate::directive::Action,
    pub reason: String,
    /// Seconds until it expires; a week where absent.
    pub valid_s: Option<u32>,
}

/// `GET /v1/admin/directives`, `GET /v1/admin/directives/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectiveInfo {
    pub id: String,
    pub terminal: String,
    pub epoch: u32,
    pub seq: u64,
    pub action: crate::directive::Action,
    pub state: State,
    pub reason: Option<String>,
    pub signed_by: Vec<String>,
    /// Signatures still wanted.
    pub missing: usize,
    pub expires_ms: i64,
    pub note: String,
}

/// `POST /v1/admin/people`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonRequest {
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub key: Verifier,
    pub roles: Vec<String>,
}

/// `GET /v1/admin/evidence`, `GET /v1/admin/evidence/{clip}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceInfo {
    pub id: String,
    pub terminal: String,
    pub epoch: u32,
    pub officer: Option<String>,
    pub case: String,
    pub media: String,
    pub began_ms: i64,
    pub ended_ms: i64,
    pub length: u64,
    pub stored_ms: i64,
}

/// `GET /v1/admin/audit`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditItem {
    pub id: String,
    pub time_ms: i64,
    pub person: String,
    pub action: String,
    pub subject: String,
}

/// `GET /v1/lists`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListVersion {
    pub list: String,
    pub version: u64,
}

/// `POST /v1/admin/lookups`: which look-ups. What is left out restricts nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupAudit {
    pub officer: Option<String>,
    pub terminal: Option<String>,
    /// About whom or what.
    pub subject: Option<Subject>,
    /// From, and before.
    pub since_ms: Option<i64>,
    pub before_ms: Option<i64>,
    /// Only those about which something was noticed.
    pub noticed: bool,
}

/// One look-up in the station's register. `seq` is its entry in the journal of that terminal and
/// epoch, `subject` the commitment in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupAuditItem {
    pub lookup: String,
    pub terminal: String,
    pub epoch: u32,
    pub seq: u64,
    pub officer: String,
    /// Empty: none was open.
    pub duty: String,
    pub case: String,
    pub registry: String,
    pub subject: String,
    pub reason: String,
    pub text: String,
    pub asked_ms: i64,
    /// asked, answered, denied, stopped, or the code of why the registry did not answer.
    pub outcome: String,
    /// burst, hourly, daily, same-subject, off-duty, watched-LIST
    pub noticed: Vec<String>,
    pub records: u32,
    pub attempts: u32,
}
