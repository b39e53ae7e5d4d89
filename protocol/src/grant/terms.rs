//! What a grant gives, to whom, and how long.

use serde::{Deserialize, Serialize};

use super::GrantError;
use crate::{id, step::is_text};

/// Longest time that a grant is in force.
pub const MAX_GRANT_MS: i64 = 366 * 24 * 3_600_000;
/// Most entries of each list of [`GrantTerms`].
pub const MAX_LISTED: usize = 64;

/// What a grant can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

impl GrantTerms {
    /// Refuses terms that say nothing, too much, or for too long.
    ///
    /// # Errors
    /// [`GrantError::Terms`] with the name of the term.
    pub fn check(&self) -> Result<(), GrantError> {
        let listed =
            |list: &[String]| list.len() <= MAX_LISTED && list.iter().all(|text| is_text(text));
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
            ("purpose", is_text(&self.purpose)),
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
