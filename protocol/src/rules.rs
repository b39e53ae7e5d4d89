//! The access rules as a signed statement: the text of a Cedar file. Terminal and station take it
//! in only if it is newer than what they have and fits their schema; what does not is refused,
//! and the rules in force stay.

use serde::{Deserialize, Serialize};

use crate::{
    note::Note,
    statement::{self, Statement, StatementError},
    trust::{ROLE_DEVICE, TrustSet},
};

/// Longest text of rules, in bytes.
pub const MAX_RULES_TEXT: usize = 256 * 1024;

/// Rules for a whole agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRules {
    pub suite: u16,
    /// Only grows, from 1; 0 are those that a build ships with.
    pub version: u64,
    /// Cedar policies, as their file has them.
    pub text: String,
    pub time_ms: i64,
}

impl Statement for AccessRules {
    const TYPE: &'static str = "custos.rules/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// Rules that are not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessRulesError {
    #[error("the rules have no version, or more than 256 KiB")]
    Range,
    #[error("{signed} of {threshold} people needed have signed")]
    Threshold { signed: usize, threshold: usize },
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl AccessRulesError {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Range => "rules-range",
            Self::Threshold { .. } => "rules-threshold",
            Self::Statement(_) => "rules-signature",
        }
    }
}

impl AccessRules {
    /// The people of `trust` with the role `device` who signed, each counted once. A line by any
    /// other key is an error.
    ///
    /// # Errors
    /// [`AccessRulesError::Statement`].
    pub fn signers(note: &Note, trust: &TrustSet) -> Result<Vec<String>, AccessRulesError> {
        Ok(trust.signers(note, ROLE_DEVICE)?)
    }

    /// The rules of a note that so many people signed. Whether they are newer, well-formed and fit
    /// the schema is for who installs them.
    ///
    /// # Errors
    /// [`AccessRulesError`].
    pub fn open(note: &str, trust: &TrustSet, threshold: usize) -> Result<Self, AccessRulesError> {
        let note: Note = note.parse().map_err(StatementError::from)?;
        let rules: Self = statement::read_unverified(&note)?;
        let signed = Self::signers(&note, trust)?.len();
        if signed < threshold.max(1) {
            return Err(AccessRulesError::Threshold { signed, threshold });
        }
        rules.check()?;
        Ok(rules)
    }

    /// # Errors
    /// [`AccessRulesError::Range`].
    pub fn check(&self) -> Result<(), AccessRulesError> {
        // What SQLite and JavaScript count without loss.
        let counted = (1..1 << 53).contains(&self.version);
        if !counted || self.text.len() > MAX_RULES_TEXT {
            return Err(AccessRulesError::Range);
        }
        Ok(())
    }
}
