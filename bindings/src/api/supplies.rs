//! What runs out, what is switched on, and what the agency decided of it.

use custos_protocol::policy;

/// A way of being on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Mode {
    /// No light, no sound, no vibration.
    Stealth,
    /// No pre-event buffer; it ends when an officer unlocks or records.
    Sleep,
}

impl From<custos_core::Mode> for Mode {
    fn from(mode: custos_core::Mode) -> Self {
        match mode {
            custos_core::Mode::Stealth => Self::Stealth,
            custos_core::Mode::Sleep => Self::Sleep,
        }
    }
}

impl From<Mode> for custos_core::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Stealth => Self::Stealth,
            Mode::Sleep => Self::Sleep,
        }
    }
}

/// What can still be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Forecast {
    pub free_bytes: u64,
    /// Of these, what is kept for bringing things to their end.
    pub reserve_bytes: u64,
    /// Bytes of confirmed evidence that a purge would delete now.
    pub reclaimable_bytes: u64,
    /// What recording takes.
    pub bytes_per_s: u64,
    pub minutes_left: u64,
}

impl From<custos_core::Forecast> for Forecast {
    fn from(forecast: custos_core::Forecast) -> Self {
        Self {
            free_bytes: forecast.free_bytes,
            reserve_bytes: forecast.reserve_bytes,
            reclaimable_bytes: forecast.reclaimable_bytes,
            bytes_per_s: forecast.bytes_per_s,
            minutes_left: forecast.minutes_left,
        }
    }
}

/// Whether and how an officer may mute the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MuteRule {
    Never,
    /// As long as the button is held.
    Hold,
    /// Until it is pressed once more.
    Toggle,
}

/// What evidence is sorted into.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Category {
    pub code: String,
    /// What people read.
    pub name: String,
}

/// The settings that a shell obeys.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Policy {
    pub version: u64,
    pub pin_min_length: u32,
    pub mute: MuteRule,
    /// Whether the modes are allowed.
    pub stealth: bool,
    pub sleep: bool,
    /// Seconds between two reminders that a recording runs; 0: none.
    pub reminder_s: u32,
    pub pre_event_s: u32,
    pub post_event_s: u32,
    pub categories: Vec<Category>,
}

impl From<policy::Policy> for Policy {
    fn from(policy: policy::Policy) -> Self {
        let category = |category: policy::Category| Category {
            code: category.code,
            name: category.name,
        };
        Self {
            version: policy.version,
            pin_min_length: policy.pin_min_length,
            mute: match policy.recording.mute {
                policy::MuteRule::Never => MuteRule::Never,
                policy::MuteRule::Hold => MuteRule::Hold,
                policy::MuteRule::Toggle => MuteRule::Toggle,
            },
            stealth: policy.recording.stealth,
            sleep: policy.recording.sleep,
            reminder_s: policy.recording.reminder_s,
            pre_event_s: policy.recording.pre_event_s,
            post_event_s: policy.recording.post_event_s,
            categories: policy.categories.into_iter().map(category).collect(),
        }
    }
}
