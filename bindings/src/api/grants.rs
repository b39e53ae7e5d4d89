//! Grants: what an officer may see for a time beyond the own evidence.

use custos_protocol::api::GrantState as CoreState;

use super::{officer::Officer, records::EvidenceItem};
use crate::error::ApiResult;

/// How a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum GrantState {
    /// Its time has not come.
    Set,
    InForce,
    Expired,
    Revoked,
}

/// A grant as a list of them shows it. A list that is empty restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Grant {
    pub id: String,
    pub state: GrantState,
    /// Stable words: `evidence-list` and so on.
    pub actions: Vec<String>,
    pub departments: Vec<String>,
    pub cases: Vec<String>,
    pub officers: Vec<String>,
    pub purpose: String,
    pub not_before_ms: i64,
    pub expires_ms: i64,
}

/// Another officer's item, and the grant that lists it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct GrantedItem {
    pub item: EvidenceItem,
    pub grant: String,
}

impl From<custos_core::GrantItem> for Grant {
    fn from(grant: custos_core::GrantItem) -> Self {
        let terms = grant.terms;
        let actions = terms.actions.iter().map(|a| a.as_str().to_owned());
        Self {
            id: grant.id,
            state: match grant.state {
                CoreState::InForce => GrantState::InForce,
                CoreState::Expired => GrantState::Expired,
                CoreState::Revoked => GrantState::Revoked,
                // A terminal has none that is not set.
                CoreState::Set | CoreState::Applied | CoreState::Approved => GrantState::Set,
            },
            actions: actions.collect(),
            departments: terms.departments,
            cases: terms.cases,
            officers: terms.officers,
            purpose: terms.purpose,
            not_before_ms: terms.not_before_ms,
            expires_ms: terms.expires_ms,
        }
    }
}

#[uniffi::export]
impl Officer {
    /// The officer's grants, also such as have ended.
    pub fn grants(&self) -> ApiResult<Vec<Grant>> {
        Ok(self.0.grants()?.into_iter().map(Grant::from).collect())
    }

    /// Others' evidence that grants list, without what is inside. The journal says so first.
    pub fn granted_evidence(&self) -> ApiResult<Vec<GrantedItem>> {
        let granted = self.0.granted_evidence()?.into_iter();
        let item = |(item, grant): (custos_core::EvidenceItem, String)| GrantedItem {
            item: item.into(),
            grant,
        };
        Ok(granted.map(item).collect())
    }
}
