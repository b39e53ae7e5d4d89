//! The station's storage key states that it holds an object's bytes durably.

use serde::{Deserialize, Serialize};

use crate::{clip::ClipDigest, hash::Hash, statement::Statement};

/// "Stored": issued only after file and folder were synced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    pub suite: u16,
    pub clip: String,
    pub terminal: String,
    pub epoch: u32,
    pub digest: ClipDigest,
    /// Index of the terminal's seal entry in its journal.
    pub entry: u64,
    /// RFC 6962 leaf hash of that entry.
    pub entry_hash: Hash,
    pub time_ms: i64,
}

impl Statement for Stored {
    const TYPE: &'static str = "custos.stored/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}
