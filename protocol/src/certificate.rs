//! The station's registrar certifies that a terminal was enrolled and which key its journal has.

use serde::{Deserialize, Serialize};

use crate::{
    note::Verifier,
    statement::{Statement, StatementError},
    trust::TrustSet,
};

/// One enrolment of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub suite: u16,
    pub terminal: String,
    /// Counts the enrolments of this terminal from 1: a wiped terminal comes back with the next.
    pub epoch: u32,
    /// The key of its journal; its name is the journal's origin.
    pub journal_key: Verifier,
    pub model: String,
    pub time_ms: i64,
}

impl Statement for Certificate {
    const TYPE: &'static str = "custos.certificate/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl Certificate {
    /// Opens a certificate signed by the registrar of `trust`.
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, StatementError> {
        crate::statement::open(&note.parse()?, &trust.registrar, 1)
    }

    /// The name of the journal of this enrolment: a wiped and newly enrolled terminal begins
    /// another log, so the epoch is part of it.
    pub fn origin(agency: &str, terminal: &str, epoch: u32) -> String {
        format!("{agency}/terminal/{terminal}/{epoch}")
    }
}
