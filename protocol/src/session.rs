//! Proofs of possession: what is signed to enrol and to begin a session.

use serde::{Deserialize, Serialize};

use crate::{hash::Hash, note::Verifier, statement::Statement};

/// Signed by the new journal key at enrolment. Bound to the ticket by the hash of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolProof {
    pub suite: u16,
    pub token_hash: Hash,
    pub journal_key: Verifier,
}

impl Statement for EnrolProof {
    const TYPE: &'static str = "custos.enrol-proof/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// Signed by a principal's key in answer to the station's nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeAnswer {
    pub suite: u16,
    pub agency: String,
    /// `terminal:<id>` or `person:<name>`.
    pub principal: String,
    pub nonce: String,
}

impl Statement for ChallengeAnswer {
    const TYPE: &'static str = "custos.challenge-answer/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}
