//! Bodies of the station's HTTP interface, JSON. Paths and status codes: `/openapi.json` of a
//! station. Times are Unix milliseconds; notes are C2SP signed notes as text.

use serde::{Deserialize, Serialize};

use crate::{
    directive::State,
    disclosure::Region,
    grant::{GrantTerms, SignedGrant},
    lookup::query::Subject,
    note::Verifier,
};

/// Any refusal: a stable kebab-case word and a sentence.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    pub error: String,
    pub message: String,
    /// With `journal-position`: the entries the station holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where the access rules denied it: the rule, or another stable word. Where a step of a grant
    /// or rules were refused: what of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// 0: no access rules were published, those of each build are in force.
    #[serde(default)]
    pub rules_version: u64,
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

/// `GET /v1/directives?after=SEQ&wait=SECONDS&changes=N`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectiveList {
    pub directives: Vec<DirectiveItem>,
    /// Counts what was granted, revoked and published; another number than before means that
    /// grants and rules are to be fetched.
    #[serde(default)]
    pub changes: u64,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The grant by which it was allowed, or why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// `GET /v1/grants?officers=A,B`: what is of use on the terminal that asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantDelivery {
    /// Set, and not expired.
    pub grants: Vec<SignedGrant>,
    /// Signed notes.
    pub revocations: Vec<String>,
}

/// How far a grant has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GrantState {
    Applied,
    Approved,
    /// Device management has set it, and its time has not come.
    Set,
    InForce,
    Expired,
    Revoked,
}

impl GrantState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Approved => "approved",
            Self::Set => "set",
            Self::InForce => "in-force",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// `GET /v1/admin/grants`, `GET /v1/admin/grants/{id}`, and the answer to each step
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantInfo {
    pub id: String,
    pub state: GrantState,
    /// As approved; before that, as applied for.
    pub terms: GrantTerms,
    pub applicant: String,
    pub approver: Option<String>,
    pub setter: Option<String>,
    pub revoked_by: Option<String>,
    pub revoke_reason: Option<String>,
    /// The steps as signed notes.
    pub application: String,
    pub approval: Option<String>,
    pub setting: Option<String>,
    pub revocation: Option<String>,
}

/// How far a disclosure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DisclosureState {
    Requested,
    Approved,
    Refused,
    /// Its time was over before a copy was made.
    Expired,
    Made,
}

impl DisclosureState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Made => "made",
        }
    }
}

/// `GET /v1/admin/disclosures`, `GET /v1/admin/disclosures/{id}`, and the answer to each step
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisclosureInfo {
    pub id: String,
    pub state: DisclosureState,
    pub clip: String,
    pub media: String,
    pub recipient: String,
    pub purpose: String,
    pub regions: Vec<Region>,
    pub requester: String,
    pub approver: Option<String>,
    pub refused_by: Option<String>,
    pub refuse_reason: Option<String>,
    pub maker: Option<String>,
    pub expires_ms: i64,
    /// The steps as signed notes.
    pub request: String,
    pub approval: Option<String>,
    pub refusal: Option<String>,
    pub disclosure: Option<String>,
}

/// `POST /v1/admin/rules`, `GET /v1/admin/rules`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RulesInfo {
    pub version: u64,
    pub signed_by: Vec<String>,
    /// Signatures still wanted; 0: in force.
    pub missing: usize,
    pub note: String,
}

/// `POST /v1/admin/changes`, `GET /v1/admin/changes`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeInfo {
    pub id: String,
    pub signed_by: Vec<String>,
    /// Signatures still wanted; 0: it was made.
    pub missing: usize,
    /// [`crate::change::Change`], a signed note.
    pub note: String,
}

/// `GET /v1/admin/terminals/{id}/journal?from=N`: at most 1,000 entries
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalPage {
    pub terminal: String,
    pub epoch: u32,
    /// Entries that the station holds.
    pub size: u64,
    pub from: u64,
    /// Raw bytes of the entries.
    pub entries: Vec<String>,
    /// The latest checkpoint, countersigned.
    pub checkpoint: Option<String>,
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
    /// The same for all questions of one call; `terminal` and `epoch` belong to the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// It was a pattern.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wildcard: bool,
    /// The grant by which the terminal allowed it; of what was denied: which it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}
