//! Disclosures: a copy of a piece of evidence for somebody outside (T7.2). Asked for by a custodian
//! of evidence, approved by the superior, made by a custodian: three statements, each over the one
//! before. The original stays sealed where it is; the copy goes out with the statements and the
//! original's receipt, so that whoever gets it can check what it is a copy of and who let it go.
//!
//! # Layout
//!
//! - here: the statements, each over the one before
//! - `terms`: what is asked for; `whole`: the three steps as they go out

mod terms;
mod whole;

use serde::{Deserialize, Serialize};

pub use self::{
    terms::{MAX_DISCLOSURE_MS, MAX_REGIONS, Region},
    whole::{Disclosed, SignedDisclosure},
};
use crate::{
    clip::ClipDigest,
    hash::Hash,
    note::Note,
    statement::{self, Statement, StatementError},
    step::{StepError, is_text, parsed, same, signer},
    suite,
    trust::{Person, ROLE_APPROVER, ROLE_EVIDENCE, TrustSet},
};

/// The first step, signed by a custodian of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureRequest {
    pub suite: u16,
    /// Name of the disclosure.
    pub id: String,
    pub requester: String,
    /// What is to be disclosed: the clip, its digest, and its media type.
    pub clip: String,
    pub digest: ClipDigest,
    pub media: String,
    /// To whom, as it stands on the copy.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// What of a photo nobody is to see.
    pub regions: Vec<Region>,
    /// The copy is made before then, or not at all.
    pub expires_ms: i64,
    pub time_ms: i64,
}

/// The second step, signed by the superior: exactly what was asked for may go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureApproval {
    pub suite: u16,
    pub id: String,
    /// SHA-256 of the request's text.
    pub request: Hash,
    pub approver: String,
    pub time_ms: i64,
}

/// The superior's no, to a request or, before the copy is made, to what was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureRefusal {
    pub suite: u16,
    pub id: String,
    /// SHA-256 of the request's text.
    pub request: Hash,
    pub by: String,
    pub reason: String,
    pub time_ms: i64,
}

/// The third step, signed by the custodian who made the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    pub suite: u16,
    pub id: String,
    /// SHA-256 of the approval's text.
    pub approval: Hash,
    pub maker: String,
    pub copy: CopyDigest,
    pub time_ms: i64,
}

/// The bytes of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyDigest {
    pub length: u64,
    pub sha256: Hash,
}

impl Statement for DisclosureRequest {
    const TYPE: &'static str = "custos.disclosure-request/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for DisclosureApproval {
    const TYPE: &'static str = "custos.disclosure-approval/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for DisclosureRefusal {
    const TYPE: &'static str = "custos.disclosure-refusal/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for Disclosure {
    const TYPE: &'static str = "custos.disclosure/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// A step that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    #[error("a term of the disclosure is out of its range: {0}")]
    Terms(&'static str),
    #[error("a step is signed by nobody of the trust set")]
    UnknownPerson,
    #[error("a step is signed by a person without the role for it")]
    WrongRole,
    #[error("who approves has asked for the copy, or makes it")]
    SamePerson,
    #[error("the steps are not of one disclosure, or not over one another")]
    OtherStep,
    #[error("the disclosure was not made in its time")]
    Expired,
    #[error("not the well-formed file of a disclosure")]
    Malformed,
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl DisclosureError {
    /// A stable word for registers and journals.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Terms(_) => "terms",
            Self::UnknownPerson => "unknown-person",
            Self::WrongRole => "wrong-role",
            Self::SamePerson => "same-person",
            Self::OtherStep => "other-step",
            Self::Expired => "expired",
            Self::Malformed => "malformed",
            Self::Statement(_) => "signature",
        }
    }
}

impl From<StepError> for DisclosureError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::UnknownPerson => Self::UnknownPerson,
            StepError::WrongRole => Self::WrongRole,
            StepError::Statement(error) => Self::Statement(error),
        }
    }
}

fn hash_of(note: &Note) -> Hash {
    Hash::of(note.text().as_bytes())
}

impl DisclosureRequest {
    /// The request of a note that its requester signed, a custodian of evidence.
    ///
    /// # Errors
    /// [`DisclosureError`].
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, DisclosureError> {
        Ok(Asked::open(note, trust)?.request)
    }
}

/// The first step, verified.
struct Asked<'t> {
    request: DisclosureRequest,
    hash: Hash,
    requester: &'t Person,
}

impl<'t> Asked<'t> {
    fn open(note: &str, trust: &'t TrustSet) -> Result<Self, DisclosureError> {
        let note = parsed(note)?;
        let request: DisclosureRequest = statement::read_unverified(&note)?;
        let requester = signer(&note, trust, &request.requester, &[ROLE_EVIDENCE])?;
        request.check()?;
        Ok(Self {
            request,
            hash: hash_of(&note),
            requester,
        })
    }
}

impl DisclosureApproval {
    /// What a superior signs on a request.
    ///
    /// # Errors
    /// [`StatementError`] where the note is no request.
    pub fn new(request: &Note, approver: &str, time_ms: i64) -> Result<Self, StatementError> {
        let asked: DisclosureRequest = statement::read_unverified(request)?;
        Ok(Self {
            suite: suite::CURRENT,
            id: asked.id,
            request: hash_of(request),
            approver: approver.to_owned(),
            time_ms,
        })
    }

    /// The approval of two notes: a custodian's request, and the word on exactly that of a superior
    /// who is somebody else.
    ///
    /// # Errors
    /// [`DisclosureError`].
    pub fn open(request: &str, approval: &str, trust: &TrustSet) -> Result<Self, DisclosureError> {
        Ok(Approved::open(request, approval, trust)?.approval)
    }
}

/// The first two steps, verified.
struct Approved<'t> {
    request: DisclosureRequest,
    approval: DisclosureApproval,
    hash: Hash,
    approver: &'t Person,
}

impl<'t> Approved<'t> {
    fn open(request: &str, approval: &str, trust: &'t TrustSet) -> Result<Self, DisclosureError> {
        let asked = Asked::open(request, trust)?;
        let note = parsed(approval)?;
        let approval: DisclosureApproval = statement::read_unverified(&note)?;
        let approver = signer(&note, trust, &approval.approver, &[ROLE_APPROVER])?;
        if same(asked.requester, approver) {
            return Err(DisclosureError::SamePerson);
        }
        if approval.request != asked.hash || approval.id != asked.request.id {
            return Err(DisclosureError::OtherStep);
        }
        Ok(Self {
            request: asked.request,
            hash: hash_of(&note),
            approval,
            approver,
        })
    }
}

impl DisclosureRefusal {
    /// What a superior signs against a request.
    ///
    /// # Errors
    /// [`StatementError`] where the note is no request.
    pub fn new(
        request: &Note,
        by: &str,
        reason: &str,
        time_ms: i64,
    ) -> Result<Self, StatementError> {
        let asked: DisclosureRequest = statement::read_unverified(request)?;
        Ok(Self {
            suite: suite::CURRENT,
            id: asked.id,
            request: hash_of(request),
            by: by.to_owned(),
            reason: reason.to_owned(),
            time_ms,
        })
    }

    /// The refusal of two notes: a request, and a superior's word on exactly that.
    ///
    /// # Errors
    /// [`DisclosureError`].
    pub fn open(request: &str, refusal: &str, trust: &TrustSet) -> Result<Self, DisclosureError> {
        let asked = Asked::open(request, trust)?;
        let note = parsed(refusal)?;
        let refusal: Self = statement::read_unverified(&note)?;
        signer(&note, trust, &refusal.by, &[ROLE_APPROVER])?;
        if refusal.request != asked.hash || refusal.id != asked.request.id {
            return Err(DisclosureError::OtherStep);
        }
        if !is_text(&refusal.reason) {
            return Err(DisclosureError::Terms("reason"));
        }
        Ok(refusal)
    }
}

impl Disclosure {
    /// What a custodian signs who has made the copy.
    ///
    /// # Errors
    /// [`StatementError`] where the note is no approval.
    pub fn new(
        approval: &Note,
        maker: &str,
        copy: CopyDigest,
        time_ms: i64,
    ) -> Result<Self, StatementError> {
        let approved: DisclosureApproval = statement::read_unverified(approval)?;
        Ok(Self {
            suite: suite::CURRENT,
            id: approved.id,
            approval: hash_of(approval),
            maker: maker.to_owned(),
            copy,
            time_ms,
        })
    }
}
