//! A change to who may do what, as a signed statement: for agencies in which one person of device
//! management does not register people or publish a policy alone (`access.people_signers`). It
//! waits at the station until enough of them have signed the same text; then the station makes of
//! it the next trust set, or the next policy.

use serde::{Deserialize, Serialize};

use crate::{
    api::PersonRequest,
    id,
    note::Note,
    policy::Policy,
    statement::{self, Statement, StatementError},
    trust::{ROLE_DEVICE, TrustSet},
};

/// A change that nobody completes lapses after so long.
pub const LASTS_MS: i64 = 7 * 24 * 3_600_000;

/// How far the clock of whoever signs first may be ahead of the station's.
const AHEAD_MS: i64 = 600_000;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub suite: u16,
    /// `change-…`: the same change is made once.
    pub id: String,
    pub agency: String,
    pub what: Changed,
    pub time_ms: i64,
}

/// What is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// The person is registered, or has this key and these roles instead.
    Person(PersonRequest),
    /// The policy after the one in force; the station dates it.
    Policy(Box<Policy>),
}

impl Statement for Change {
    const TYPE: &'static str = "custos.change/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// A change that is not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("the change has no identifier, or is of another agency")]
    Range,
    #[error("the change has lapsed, or is of the future")]
    Time,
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl ChangeError {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Range => "change-range",
            Self::Time => "change-time",
            Self::Statement(_) => "change-signature",
        }
    }
}

impl Change {
    /// A change and the people of device management who signed it, each counted once: one at
    /// least. A line by any other key is an error.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn open(
        note: &Note,
        trust: &TrustSet,
        now_ms: i64,
    ) -> Result<(Self, Vec<String>), ChangeError> {
        let change: Self = statement::read_unverified(note)?;
        let signed = trust.signers(note, ROLE_DEVICE)?;
        if signed.is_empty() {
            return Err(StatementError::Threshold {
                signed: 0,
                threshold: 1,
            }
            .into());
        }
        if change.agency != trust.agency || !id::is_safe(&change.id) {
            return Err(ChangeError::Range);
        }
        let age = now_ms.saturating_sub(change.time_ms);
        if !(-AHEAD_MS..=LASTS_MS).contains(&age) {
            return Err(ChangeError::Time);
        }
        Ok((change, signed))
    }
}
