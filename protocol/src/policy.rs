//! What the agency decides about terminals, as signed data.

use serde::{Deserialize, Serialize};

use crate::{
    statement::{self, Statement, StatementError},
    trust::TrustSet,
};

/// Settings of all terminals. Durations in the unit the name says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    pub suite: u16,
    pub version: u64,
    pub time_ms: i64,
    /// Longest fragment, 250 to 4,000 ms: what a power cut may cost.
    pub fragment_ms: u32,
    /// A clip ends at this length or size and the next begins.
    pub clip_max_s: u32,
    pub clip_max_bytes: u64,
    /// Days that confirmed evidence stays on the terminal.
    pub local_retention_days: u32,
    /// Shortest PIN, in characters.
    pub pin_min_length: u32,
    /// Wrong PINs in a row before an officer is locked out for a time.
    pub pin_attempts: u32,
    /// How long that is the first time; it doubles with each further round.
    pub pin_lockout_s: u32,
    /// Days of stored evidence at the station, by default.
    pub retention_days: u32,
}

impl Statement for Policy {
    const TYPE: &'static str = "custos.policy/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// A policy that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("a setting is out of its range: {0}")]
    Range(&'static str),
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl Policy {
    /// What a new agency begins with.
    pub fn initial(time_ms: i64) -> Self {
        Self {
            suite: crate::suite::CURRENT,
            version: 1,
            time_ms,
            fragment_ms: 1_000,
            clip_max_s: 600,
            clip_max_bytes: 2 << 30,
            local_retention_days: 7,
            pin_min_length: 6,
            pin_attempts: 5,
            pin_lockout_s: 60,
            retention_days: 180,
        }
    }

    /// Refuses settings that would lose evidence or open the door.
    pub fn check(&self) -> Result<(), PolicyError> {
        let in_range = [
            ("fragment_ms", (250..=4_000).contains(&self.fragment_ms)),
            ("clip_max_s", (10..=43_200).contains(&self.clip_max_s)),
            (
                "clip_max_bytes",
                (1 << 20..=4 << 30).contains(&self.clip_max_bytes),
            ),
            ("pin_min_length", (4..=64).contains(&self.pin_min_length)),
            ("pin_attempts", (1..=20).contains(&self.pin_attempts)),
            ("pin_lockout_s", (1..=86_400).contains(&self.pin_lockout_s)),
        ];
        match in_range.into_iter().find(|(_, ok)| !ok) {
            Some((name, _)) => Err(PolicyError::Range(name)),
            None => Ok(()),
        }
    }

    /// Opens a policy signed by the policy key of `trust`.
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, PolicyError> {
        let note = note.parse().map_err(StatementError::from)?;
        let policy: Self = statement::open(&note, &trust.policy, 1)?;
        policy.check()?;
        Ok(policy)
    }
}
