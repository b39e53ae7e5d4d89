//! Grants: what somebody may see or ask for a time, beyond what the rules give everybody of a role
//! (T7.1: applied for, approved by the superior, set by device management). Three statements, each
//! signed by another person, each over the one before; and the statement that revokes.

mod terms;

pub use terms::{GrantAction, GrantTerms, MAX_GRANT_MS, MAX_LISTED};

use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    id,
    note::Note,
    statement::{self, Statement, StatementError},
    step::{self, StepError, parsed, same, signer},
    suite,
    trust::{Person, ROLE_APPROVER, ROLE_DEVICE, ROLE_MANAGER, TrustSet},
};

/// The first step, signed by a manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantApplication {
    pub suite: u16,
    /// Name of the grant.
    pub id: String,
    pub applicant: String,
    pub terms: GrantTerms,
    pub time_ms: i64,
}

/// The second step, signed by the superior: the same terms or narrower ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantApproval {
    pub suite: u16,
    pub id: String,
    /// SHA-256 of the application's text.
    pub application: Hash,
    pub approver: String,
    pub terms: GrantTerms,
    pub time_ms: i64,
}

/// The third step, signed by device management: from now on it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantSetting {
    pub suite: u16,
    pub id: String,
    /// SHA-256 of the approval's text.
    pub approval: Hash,
    pub setter: String,
    pub time_ms: i64,
}

/// The end of a grant before its time, signed by a superior or by device management.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRevocation {
    pub suite: u16,
    pub id: String,
    pub by: String,
    pub reason: String,
    pub time_ms: i64,
}

impl Statement for GrantApplication {
    const TYPE: &'static str = "custos.grant-application/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for GrantApproval {
    const TYPE: &'static str = "custos.grant-approval/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for GrantSetting {
    const TYPE: &'static str = "custos.grant/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Statement for GrantRevocation {
    const TYPE: &'static str = "custos.grant-revocation/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// A grant that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("a term of the grant is out of its range: {0}")]
    Terms(&'static str),
    #[error("a step is signed by nobody of the trust set")]
    UnknownPerson,
    #[error("a step is signed by a person without the role for it")]
    WrongRole,
    #[error("two steps are one person's")]
    SamePerson,
    #[error("the grantee decides on the own grant")]
    OwnGrant,
    #[error("the steps are not of one grant, or not over one another")]
    OtherStep,
    #[error("the approval gives more than was applied for")]
    Widened,
    #[error("the grant is not in force yet")]
    NotYet,
    #[error("the grant has expired")]
    Expired,
    #[error("the grant is for another terminal")]
    OtherTerminal,
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl From<StepError> for GrantError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::UnknownPerson => Self::UnknownPerson,
            StepError::WrongRole => Self::WrongRole,
            StepError::Statement(error) => Self::Statement(error),
        }
    }
}

impl GrantError {
    /// A stable word for registers and journals.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Terms(_) => "terms",
            Self::UnknownPerson => "unknown-person",
            Self::WrongRole => "wrong-role",
            Self::SamePerson => "same-person",
            Self::OwnGrant => "own-grant",
            Self::OtherStep => "other-step",
            Self::Widened => "widened",
            Self::NotYet => "not-yet",
            Self::Expired => "expired",
            Self::OtherTerminal => "other-terminal",
            Self::Statement(_) => "signature",
        }
    }
}

/// A grant as it is delivered and kept: three signed notes, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedGrant {
    pub application: String,
    pub approval: String,
    pub setting: String,
}

/// A grant whose three steps verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: String,
    /// As approved.
    pub terms: GrantTerms,
    pub applicant: String,
    pub approver: String,
    pub setter: String,
}

impl GrantApplication {
    /// The application of a note that its applicant signed, a manager.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, GrantError> {
        let note = parsed(note)?;
        let application: Self = statement::read_unverified(&note)?;
        signer(&note, trust, &application.applicant, &[ROLE_MANAGER])?;
        application.terms.check()?;
        if !id::is_safe(&application.id) {
            return Err(GrantError::Terms("id"));
        }
        Ok(application)
    }
}

impl GrantApproval {
    /// What a superior signs on an application.
    pub fn new(
        application: &Note,
        approver: &str,
        terms: Option<GrantTerms>,
        time_ms: i64,
    ) -> Result<Self, GrantError> {
        let asked: GrantApplication = statement::read_unverified(application)?;
        Ok(Self {
            suite: suite::CURRENT,
            id: asked.id,
            application: Hash::of(application.text().as_bytes()),
            approver: approver.to_owned(),
            terms: terms.unwrap_or(asked.terms),
            time_ms,
        })
    }

    /// The approval of two notes: an application by a manager, and a superior's word on exactly
    /// that, who is neither the applicant nor the grantee, and gives no more than was asked for.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn open(application: &str, approval: &str, trust: &TrustSet) -> Result<Self, GrantError> {
        Ok(Approved::open(application, approval, trust)?.approval)
    }
}

/// The first two steps, verified.
struct Approved<'t> {
    approval: GrantApproval,
    /// SHA-256 of the approval's text.
    hash: Hash,
    applicant: &'t Person,
    approver: &'t Person,
}

impl<'t> Approved<'t> {
    fn open(application: &str, approval: &str, trust: &'t TrustSet) -> Result<Self, GrantError> {
        let asked = GrantApplication::open(application, trust)?;
        let (note, over) = (parsed(approval)?, parsed(application)?);
        let approval: GrantApproval = statement::read_unverified(&note)?;
        let applicant = signer(&over, trust, &asked.applicant, &[ROLE_MANAGER])?;
        let approver = signer(&note, trust, &approval.approver, &[ROLE_APPROVER])?;
        if same(applicant, approver) {
            return Err(GrantError::SamePerson);
        }
        if approval.application != Hash::of(over.text().as_bytes()) || approval.id != asked.id {
            return Err(GrantError::OtherStep);
        }
        approval.terms.check()?;
        if !asked.terms.covers(&approval.terms) {
            return Err(GrantError::Widened);
        }
        refuse_own(approver, &approval.terms, trust)?;
        Ok(Self {
            hash: Hash::of(note.text().as_bytes()),
            approval,
            applicant,
            approver,
        })
    }
}

/// Nobody decides on what the own name or the own key is given.
fn refuse_own(person: &Person, terms: &GrantTerms, trust: &TrustSet) -> Result<(), GrantError> {
    let known = trust.person(&terms.grantee);
    if person.name == terms.grantee || known.is_some_and(|grantee| same(grantee, person)) {
        return Err(GrantError::OwnGrant);
    }
    Ok(())
}

impl GrantSetting {
    /// What device management signs on an approval.
    pub fn new(approval: &Note, setter: &str, time_ms: i64) -> Result<Self, GrantError> {
        let approved: GrantApproval = statement::read_unverified(approval)?;
        Ok(Self {
            suite: suite::CURRENT,
            id: approved.id,
            approval: Hash::of(approval.text().as_bytes()),
            setter: setter.to_owned(),
            time_ms,
        })
    }
}

impl SignedGrant {
    /// Verifies all three steps under a trust set. Whether the grant is in force says
    /// [`Grant::check`]; whether it is revoked, who keeps the revocations.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn open(&self, trust: &TrustSet) -> Result<Grant, GrantError> {
        let Approved {
            approval,
            hash,
            applicant,
            approver,
        } = Approved::open(&self.application, &self.approval, trust)?;
        let note = parsed(&self.setting)?;
        let setting: GrantSetting = statement::read_unverified(&note)?;
        let setter = signer(&note, trust, &setting.setter, &[ROLE_DEVICE])?;
        if same(applicant, setter) || same(approver, setter) {
            return Err(GrantError::SamePerson);
        }
        if setting.approval != hash || setting.id != approval.id {
            return Err(GrantError::OtherStep);
        }
        refuse_own(setter, &approval.terms, trust)?;
        Ok(Grant {
            id: approval.id,
            terms: approval.terms,
            applicant: applicant.name.clone(),
            approver: approver.name.clone(),
            setter: setter.name.clone(),
        })
    }

    /// The terms, where the grant verified before it was kept: no signature is looked at.
    ///
    /// # Errors
    /// [`GrantError::Statement`].
    pub fn read_verified(&self) -> Result<GrantTerms, GrantError> {
        let approval: GrantApproval = statement::read_unverified(&parsed(&self.approval)?)?;
        Ok(approval.terms)
    }
}

impl Grant {
    /// Whether the grant is in force at this time, on this terminal (`None`: at the station).
    ///
    /// # Errors
    /// [`GrantError::NotYet`], [`GrantError::Expired`], [`GrantError::OtherTerminal`].
    pub fn check(&self, now_ms: i64, terminal: Option<&str>) -> Result<(), GrantError> {
        if now_ms < self.terms.not_before_ms {
            return Err(GrantError::NotYet);
        }
        if now_ms >= self.terms.expires_ms {
            return Err(GrantError::Expired);
        }
        let here = |allowed: &String| Some(allowed.as_str()) == terminal;
        if !self.terms.terminals.is_empty() && !self.terms.terminals.iter().any(here) {
            return Err(GrantError::OtherTerminal);
        }
        Ok(())
    }
}

impl GrantRevocation {
    /// The revocation of a note that a superior or device management signed.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, GrantError> {
        let note = parsed(note)?;
        let revocation: Self = statement::read_unverified(&note)?;
        signer(&note, trust, &revocation.by, &[ROLE_APPROVER, ROLE_DEVICE])?;
        let said = &revocation.reason;
        if !id::is_safe(&revocation.id) || said.trim().is_empty() || said.len() > step::MAX_TEXT {
            return Err(GrantError::Terms("reason"));
        }
        Ok(revocation)
    }
}
