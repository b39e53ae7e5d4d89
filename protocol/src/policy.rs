//! What the agency decides about terminals, as signed data.

use serde::{Deserialize, Serialize};

use crate::{
    id,
    name::NameTemplate,
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
    /// The agency's local time, in minutes from UTC, -720 to 840: what is written onto photos and
    /// into file names.
    #[serde(default = "beijing")]
    pub utc_offset_min: i32,
    /// How exported files are named: a [`NameTemplate`].
    #[serde(default = "by_clip")]
    pub export_name: String,
    #[serde(default)]
    pub recording: RecordingPolicy,
    #[serde(default)]
    pub storage: StoragePolicy,
    #[serde(default)]
    pub lookup: LookupPolicy,
    #[serde(default)]
    pub access: AccessPolicy,
    /// What evidence is sorted into; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
}

/// How recordings begin, end and behave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingPolicy {
    /// Seconds before the press of the button that are kept, 0 to 120.
    pub pre_event_s: u32,
    /// Memory that they may take, 1 to 512 MiB; what is older goes first.
    pub pre_event_max_bytes: u64,
    /// Whether the sound of that time is kept.
    pub pre_event_audio: bool,
    /// Seconds that a recording goes on after it was ended, 0 to 120.
    pub post_event_s: u32,
    /// Whether and how an officer may mute the sound.
    pub mute: MuteRule,
    /// Whether an officer may switch light, sound and vibration off.
    pub stealth: bool,
    /// Whether an officer may send the terminal to sleep, without a pre-event buffer.
    pub sleep: bool,
    /// Seconds between two reminders that a recording runs; 0: none.
    pub reminder_s: u32,
    /// Whether a copy of each photo is made that says when, who, where and for which case.
    pub watermark: bool,
}

/// Muting the sound of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MuteRule {
    Never,
    /// As long as the button is held.
    Hold,
    /// Until it is pressed once more.
    Toggle,
}

impl Default for RecordingPolicy {
    fn default() -> Self {
        Self {
            pre_event_s: 30,
            pre_event_max_bytes: 64 << 20,
            pre_event_audio: false,
            post_event_s: 0,
            mute: MuteRule::Never,
            stealth: true,
            sleep: true,
            reminder_s: 120,
            watermark: false,
        }
    }
}

/// UTC+8, the one time of all of China.
fn beijing() -> i32 {
    480
}

fn by_clip() -> String {
    "{clip}".to_owned()
}

/// What happens as storage and battery run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoragePolicy {
    /// The officer is warned when so many minutes of recording are left; falling, at most 8.
    pub warn_minutes: Vec<u32>,
    /// Recording stops while so many bytes are free, so that everything can still be sealed and
    /// journalled: 1 MiB to 16 GiB.
    pub reserve_bytes: u64,
    /// Whether confirmed evidence past its local retention is deleted to make room.
    pub purge_when_full: bool,
    /// Marked evidence stays on the terminal, whatever its retention.
    pub keep_marked: bool,
    /// At this charge running clips are sealed early, 0 to 50.
    pub low_battery_percent: u32,
}

impl Default for StoragePolicy {
    fn default() -> Self {
        Self {
            warn_minutes: vec![60, 15, 5],
            reserve_bytes: 64 << 20,
            purge_when_full: true,
            keep_marked: true,
            low_battery_percent: 10,
        }
    }
}

/// How much looking up is still work, and what happens beyond (T5.1c).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupPolicy {
    /// An officer's questions to registries, at all terminals: in a minute, an hour, a day. One
    /// more is noticed; 0 allows none.
    pub per_minute: u32,
    pub per_hour: u32,
    pub per_day: u32,
    /// By the same officer about the same person or thing within a day.
    pub same_subject_per_day: u32,
    /// Whether what is noticed is refused, too, or only raises an alarm.
    pub stop: bool,
    /// Minutes that an officer has an answer at hand on the terminal, 0 to 1,440; 0: none is kept.
    pub cache_minutes: u32,
    /// Hours that a question waits for the station when it cannot be reached, 0 to 72; 0: none
    /// does.
    pub queue_hours: u32,
    /// Names of the lists that terminals keep, to be asked without the station.
    pub lists: Vec<String>,
}

impl Default for LookupPolicy {
    fn default() -> Self {
        Self {
            per_minute: 10,
            per_hour: 60,
            per_day: 200,
            same_subject_per_day: 5,
            stop: false,
            cache_minutes: 0,
            queue_hours: 24,
            lists: Vec::new(),
        }
    }
}

/// Who decides on who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessPolicy {
    /// People who have to sign access rules: 1 or 2.
    pub rules_signers: u32,
    /// People who have to sign each change to people or policy: 1 or 2.
    pub people_signers: u32,
}

impl Default for AccessPolicy {
    fn default() -> Self {
        Self {
            rules_signers: 1,
            people_signers: 1,
        }
    }
}

/// What a piece of evidence can be sorted into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Category {
    /// A stable word: 1 to 64 letters, digits, `-`, `_`, `.`.
    pub code: String,
    /// What people read.
    pub name: String,
    /// Days that confirmed evidence stays on the terminal.
    pub local_retention_days: u32,
    /// Days that it stays at the station.
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
            utc_offset_min: beijing(),
            export_name: by_clip(),
            recording: RecordingPolicy::default(),
            storage: StoragePolicy::default(),
            lookup: LookupPolicy::default(),
            access: AccessPolicy::default(),
            categories: Vec::new(),
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
            (
                "utc_offset_min",
                (-720..=840).contains(&self.utc_offset_min),
            ),
            (
                "export_name",
                self.export_name.parse::<NameTemplate>().is_ok(),
            ),
            ("pre_event_s", self.recording.pre_event_s <= 120),
            (
                "pre_event_max_bytes",
                (1 << 20..=512 << 20).contains(&self.recording.pre_event_max_bytes),
            ),
            ("post_event_s", self.recording.post_event_s <= 120),
            ("reminder_s", self.recording.reminder_s <= 86_400),
            (
                "warn_minutes",
                self.storage.warn_minutes.len() <= 8
                    && self.storage.warn_minutes.windows(2).all(|w| w[0] > w[1]),
            ),
            (
                "reserve_bytes",
                (1 << 20..=16 << 30).contains(&self.storage.reserve_bytes),
            ),
            (
                "low_battery_percent",
                self.storage.low_battery_percent <= 50,
            ),
            ("cache_minutes", self.lookup.cache_minutes <= 1_440),
            ("queue_hours", self.lookup.queue_hours <= 72),
            (
                "lists",
                self.lookup.lists.len() <= 16 && self.lookup.lists.iter().all(|l| id::is_safe(l)),
            ),
            (
                "rules_signers",
                (1..=2).contains(&self.access.rules_signers),
            ),
            (
                "people_signers",
                (1..=2).contains(&self.access.people_signers),
            ),
            ("categories", self.categories_are_sound()),
        ];
        match in_range.into_iter().find(|(_, ok)| !ok) {
            Some((name, _)) => Err(PolicyError::Range(name)),
            None => Ok(()),
        }
    }

    fn categories_are_sound(&self) -> bool {
        let codes: std::collections::BTreeSet<_> =
            self.categories.iter().map(|c| c.code.as_str()).collect();
        codes.len() == self.categories.len()
            && codes.len() <= 256
            && codes.iter().all(|code| id::is_safe(code))
            && self.categories.iter().all(|c| c.name.len() <= 256)
    }

    /// The category of that code.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|c| c.code == code)
    }

    /// Opens a policy signed by the policy key of `trust`.
    pub fn open(note: &str, trust: &TrustSet) -> Result<Self, PolicyError> {
        let note = note.parse().map_err(StatementError::from)?;
        let policy: Self = statement::open(&note, &trust.policy, 1)?;
        policy.check()?;
        Ok(policy)
    }
}
