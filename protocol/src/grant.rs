//! Grants: what somebody may see or ask for a time, beyond what the rules give everybody of a role
//! (T7.1: applied for, approved by the superior, set by device management). Three statements, each
//! signed by another person, each over the one before; and the statement that revokes.

use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    id,
    note::Note,
    statement::{self, Statement, StatementError},
    suite,
    trust::{Person, ROLE_APPROVER, ROLE_DEVICE, ROLE_MANAGER, TrustSet},
};

/// Longest time that a grant is in force.
pub const MAX_GRANT_MS: i64 = 366 * 24 * 3_600_000;
/// Most entries of each list of [`GrantTerms`].
pub const MAX_LISTED: usize = 64;
/// Longest text in them, in bytes.
const MAX_TEXT: usize = 512;

/// What a grant can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantAction {
    EvidenceList,
    EvidenceMetadata,
    EvidencePreview,
    EvidencePlay,
    EvidenceExport,
    LookupBatch,
    LookupWildcard,
}

impl GrantAction {
    pub const ALL: [Self; 7] = [
        Self::EvidenceList,
        Self::EvidenceMetadata,
        Self::EvidencePreview,
        Self::EvidencePlay,
        Self::EvidenceExport,
        Self::LookupBatch,
        Self::LookupWildcard,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::EvidenceList => "evidence-list",
            Self::EvidenceMetadata => "evidence-metadata",
            Self::EvidencePreview => "evidence-preview",
            Self::EvidencePlay => "evidence-play",
            Self::EvidenceExport => "evidence-export",
            Self::LookupBatch => "lookup-batch",
            Self::LookupWildcard => "lookup-wildcard",
        }
    }

    fn is_lookup(self) -> bool {
        matches!(self, Self::LookupBatch | Self::LookupWildcard)
    }
}

/// Who may do what, with which evidence, for what purpose and how long. A list that is empty
/// restricts nothing; evidence is granted by at least one of department, case and officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantTerms {
    /// Name of the person or officer.
    pub grantee: String,
    pub actions: Vec<GrantAction>,
    #[serde(default)]
    pub departments: Vec<String>,
    #[serde(default)]
    pub cases: Vec<String>,
    /// Who recorded it.
    #[serde(default)]
    pub officers: Vec<String>,
    /// When it was begun: from, and before; `None`: any time.
    #[serde(default)]
    pub from_ms: Option<i64>,
    #[serde(default)]
    pub to_ms: Option<i64>,
    pub purpose: String,
    /// In force from, and before.
    pub not_before_ms: i64,
    pub expires_ms: i64,
    /// Where it can be used.
    #[serde(default)]
    pub terminals: Vec<String>,
}

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

impl GrantTerms {
    /// Refuses terms that say nothing, too much, or for too long.
    ///
    /// # Errors
    /// [`GrantError::Terms`] with the name of the term.
    pub fn check(&self) -> Result<(), GrantError> {
        let text = |text: &String| {
            !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.contains(char::is_control)
        };
        let listed = |list: &[String]| list.len() <= MAX_LISTED && list.iter().all(text);
        let evidence = self.actions.iter().any(|action| !action.is_lookup());
        let scoped = [&self.departments, &self.cases, &self.officers];
        let lasts = self.expires_ms.checked_sub(self.not_before_ms);
        let (from, to) = (
            self.from_ms.unwrap_or(i64::MIN),
            self.to_ms.unwrap_or(i64::MAX),
        );
        let in_range = [
            ("grantee", id::is_safe(&self.grantee)),
            (
                "actions",
                (1..=GrantAction::ALL.len()).contains(&self.actions.len()),
            ),
            ("departments", listed(&self.departments)),
            ("cases", listed(&self.cases)),
            ("officers", listed(&self.officers)),
            (
                "scope",
                !evidence || scoped.iter().any(|list| !list.is_empty()),
            ),
            ("from_ms", from < to),
            ("purpose", text(&self.purpose)),
            (
                "expires_ms",
                lasts.is_some_and(|ms| (1..=MAX_GRANT_MS).contains(&ms)),
            ),
            ("terminals", listed(&self.terminals)),
        ];
        match in_range.iter().find(|(_, good)| !good) {
            Some((name, _)) => Err(GrantError::Terms(name)),
            None => Ok(()),
        }
    }

    /// Whether everything that `other` allows is allowed by these terms, too.
    pub fn covers(&self, other: &Self) -> bool {
        fn within<T: PartialEq>(outer: &[T], inner: &[T]) -> bool {
            outer.is_empty() || !inner.is_empty() && inner.iter().all(|one| outer.contains(one))
        }
        let from = |terms: &Self| terms.from_ms.unwrap_or(i64::MIN);
        let to = |terms: &Self| terms.to_ms.unwrap_or(i64::MAX);
        self.grantee == other.grantee
            && self.purpose == other.purpose
            && other.actions.iter().all(|a| self.actions.contains(a))
            && within(&self.departments, &other.departments)
            && within(&self.cases, &other.cases)
            && within(&self.officers, &other.officers)
            && within(&self.terminals, &other.terminals)
            && from(self) <= from(other)
            && to(self) >= to(other)
            && self.not_before_ms <= other.not_before_ms
            && self.expires_ms >= other.expires_ms
    }
}

/// A grant as it is delivered and kept: three signed notes, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// The one person who signed a step, and nobody else.
fn signer<'t>(
    note: &Note,
    trust: &'t TrustSet,
    name: &str,
    roles: &[&str],
) -> Result<&'t Person, GrantError> {
    let person = trust.person(name).ok_or(GrantError::UnknownPerson)?;
    if !roles.iter().any(|role| person.has_role(role)) {
        return Err(GrantError::WrongRole);
    }
    let signed = note.verify_strict([&person.key]);
    if signed.map_err(StatementError::from)?.is_empty() {
        let (signed, threshold) = (0, 1);
        return Err(StatementError::Threshold { signed, threshold }.into());
    }
    Ok(person)
}

/// Two names for one key are one person, as two keys of one name are.
fn same(a: &Person, b: &Person) -> bool {
    a.name == b.name || a.key.key() == b.key.key()
}

fn parsed(note: &str) -> Result<Note, GrantError> {
    Ok(note.parse::<Note>().map_err(StatementError::from)?)
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
        let application = GrantApplication::open(&self.application, trust)?;
        let asked = parsed(&self.application)?;
        let (granted, set) = (parsed(&self.approval)?, parsed(&self.setting)?);
        let approval: GrantApproval = statement::read_unverified(&granted)?;
        let setting: GrantSetting = statement::read_unverified(&set)?;
        let applicant = signer(&asked, trust, &application.applicant, &[ROLE_MANAGER])?;
        let approver = signer(&granted, trust, &approval.approver, &[ROLE_APPROVER])?;
        let setter = signer(&set, trust, &setting.setter, &[ROLE_DEVICE])?;
        if same(applicant, approver) || same(applicant, setter) || same(approver, setter) {
            return Err(GrantError::SamePerson);
        }
        if approval.application != Hash::of(asked.text().as_bytes())
            || setting.approval != Hash::of(granted.text().as_bytes())
            || approval.id != application.id
            || setting.id != application.id
            || !id::is_safe(&application.id)
        {
            return Err(GrantError::OtherStep);
        }
        approval.terms.check()?;
        if !application.terms.covers(&approval.terms) {
            return Err(GrantError::Widened);
        }
        let grantee = &approval.terms.grantee;
        let decides = |person: &Person| {
            let known = trust.person(grantee);
            person.name == *grantee || known.is_some_and(|grantee| same(grantee, person))
        };
        if decides(approver) || decides(setter) {
            return Err(GrantError::OwnGrant);
        }
        Ok(Grant {
            id: application.id,
            terms: approval.terms,
            applicant: application.applicant,
            approver: approval.approver,
            setter: setting.setter,
        })
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
        Ok(revocation)
    }
}
