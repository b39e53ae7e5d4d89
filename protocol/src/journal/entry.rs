//! The envelope of a journal entry.

use serde::{Deserialize, Serialize};

use super::event::Event;

/// How far the terminal's clock could be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// The station's time plus a monotonic offset since, without a restart in between.
    Station,
    /// The station's time was known once; since a restart the device's own clock carried on.
    Carried,
    /// The device's own clock, never compared.
    None,
}

/// One entry. Kinds that this build does not know keep their body as it is, so that an older
/// station can hold and countersign a newer terminal's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub suite: u16,
    /// Position in the journal, from 0: the index of its leaf.
    pub seq: u64,
    pub time_ms: i64,
    pub clock: ClockTrust,
    pub terminal: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    pub kind: String,
    pub body: serde_json::Value,
}

/// Bytes that are not a journal entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed journal entry")]
pub struct BadEntry;

/// Longest entry taken in, in bytes.
const MAX_ENTRY: usize = 64 * 1024;

impl Entry {
    /// The bytes that become the leaf: one line of JSON, no newline.
    pub fn to_raw(&self) -> String {
        serde_json::to_string(self).expect("an entry is plain data")
    }

    pub fn from_raw(raw: &str) -> Result<Self, BadEntry> {
        if raw.len() > MAX_ENTRY || raw.contains(['\n', '\r']) {
            return Err(BadEntry);
        }
        serde_json::from_str(raw).map_err(|_| BadEntry)
    }

    /// The event, where its kind is known.
    pub fn event(&self) -> Option<Event> {
        let tagged = serde_json::json!({ "kind": self.kind, "body": self.body });
        serde_json::from_value(tagged).ok()
    }
}
