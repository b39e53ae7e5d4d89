//! Plain data. Times are Unix milliseconds UTC.

use super::supplies::{Forecast, Mode};
use crate::error::{ApiError, ApiResult};

/// What the terminal can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum TerminalState {
    Ready,
    OnDuty,
    Locked,
}

impl From<custos_core::State> for TerminalState {
    fn from(state: custos_core::State) -> Self {
        match state {
            custos_core::State::Ready => Self::Ready,
            custos_core::State::OnDuty => Self::OnDuty,
            custos_core::State::Locked => Self::Locked,
        }
    }
}

/// What a status screen shows; needs no officer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    pub state: TerminalState,
    /// What is switched on: the shell obeys.
    pub modes: Vec<Mode>,
    pub forecast: Forecast,
    pub terminal: String,
    pub agency: String,
    /// Which provisioning of this terminal it is.
    pub epoch: u32,
    pub station: String,
    /// Items of evidence in each state.
    pub evidence: Vec<EvidenceCount>,
    pub policy_version: u64,
    pub trust_version: u64,
    pub journal_size: u64,
    /// Entries that the station has countersigned.
    pub journal_cosigned: u64,
    pub last_contact_ms: Option<i64>,
}

impl TryFrom<custos_core::Status> for Status {
    type Error = ApiError;

    fn try_from(status: custos_core::Status) -> ApiResult<Self> {
        let counts = status.evidence.into_iter().map(|(state, count)| {
            let state: custos_core::EvidenceState = state.parse()?;
            Ok(EvidenceCount {
                state: state.into(),
                count,
            })
        });
        Ok(Self {
            state: status.state.into(),
            modes: status.modes.into_iter().map(Mode::from).collect(),
            forecast: status.forecast.into(),
            terminal: status.terminal,
            agency: status.agency,
            epoch: status.epoch,
            station: status.station,
            evidence: counts.collect::<custos_core::Result<_>>()?,
            policy_version: status.policy_version,
            trust_version: status.trust_version,
            journal_size: status.journal_size,
            journal_cosigned: status.journal_cosigned,
            last_contact_ms: status.last_contact_ms,
        })
    }
}

/// How many items are in one state.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceCount {
    pub state: EvidenceState,
    pub count: u64,
}

/// How far a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum EvidenceState {
    Recording,
    Sealed,
    /// Sealed after a crash, up to the last committed fragment.
    Recovered,
    Uploading,
    /// A receipt of the station for exactly these bytes verified.
    Confirmed,
    Failed,
    /// Set aside: the bytes on the medium are not those that were sealed.
    Quarantined,
}

impl From<custos_core::EvidenceState> for EvidenceState {
    fn from(state: custos_core::EvidenceState) -> Self {
        use custos_core::EvidenceState as Core;
        match state {
            Core::Recording => Self::Recording,
            Core::Sealed => Self::Sealed,
            Core::Recovered => Self::Recovered,
            Core::Uploading => Self::Uploading,
            Core::Confirmed => Self::Confirmed,
            Core::Failed => Self::Failed,
            Core::Quarantined => Self::Quarantined,
        }
    }
}

/// One piece of evidence, without its content.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceItem {
    pub clip: String,
    /// Clips of one recording share it.
    pub recording: String,
    /// MIME type.
    pub media: String,
    pub state: EvidenceState,
    /// A stable word, where the state asks for one.
    pub reason: Option<String>,
    pub officer: String,
    pub duty: String,
    pub case: String,
    pub began_ms: i64,
    pub ended_ms: Option<i64>,
    /// Bytes of the sealed file.
    pub length: Option<u64>,
    /// Bytes of it that the station holds.
    pub uploaded: u64,
    pub fragments: u32,
    /// Number of marks.
    pub marked: u32,
    /// A code of the policy.
    pub category: Option<String>,
    /// The photo that this one shows with a watermark.
    pub copy_of: Option<String>,
    /// The recording or clip that this note or sheet speaks of.
    pub about: Option<String>,
    /// The clip that this one follows without a gap.
    pub previous: Option<String>,
    /// How much of its media was before the button was pressed, in µs.
    pub pre_event_us: i64,
    /// How its tracks are coded (RFC 6381), once there is something of them.
    pub codecs: Option<String>,
    /// Degrees that a player turns the picture, clockwise.
    pub rotation: Option<u16>,
}

impl From<custos_core::EvidenceItem> for EvidenceItem {
    fn from(item: custos_core::EvidenceItem) -> Self {
        Self {
            clip: item.clip,
            recording: item.recording,
            media: item.media,
            state: item.state.into(),
            reason: item.reason,
            officer: item.officer,
            duty: item.duty,
            case: item.case,
            began_ms: item.began_ms,
            ended_ms: item.ended_ms,
            length: item.length,
            uploaded: item.uploaded,
            fragments: item.fragments,
            marked: item.marked,
            category: item.category,
            copy_of: item.copy_of,
            about: item.about,
            previous: item.previous,
            pre_event_us: item.pre_event_us,
            codecs: item.codecs,
            rotation: item.rotation,
        }
    }
}

pub(super) fn items(items: Vec<custos_core::EvidenceItem>) -> Vec<EvidenceItem> {
    items.into_iter().map(EvidenceItem::from).collect()
}

/// What one round with the station did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Bytes of evidence sent.
    pub uploaded_bytes: u64,
    /// Clips whose receipts verified.
    pub confirmed: Vec<String>,
    /// Clips whose receipts did not.
    pub refused: Vec<RefusedClip>,
    /// Clips that wait for more: being recorded, uploading, without a receipt.
    pub waiting: u64,
    /// Directives that were carried out.
    pub directives: u64,
    /// Directives that were refused, each by the stable word for the reason.
    pub directives_refused: Vec<String>,
    /// A directive wiped the terminal.
    pub wiped: bool,
}

/// A clip whose receipt did not verify.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RefusedClip {
    pub clip: String,
    /// A stable word.
    pub code: String,
}

impl From<custos_core::SyncReport> for SyncReport {
    fn from(report: custos_core::SyncReport) -> Self {
        let refused = |(clip, code): (String, &str)| RefusedClip {
            clip,
            code: code.to_owned(),
        };
        Self {
            uploaded_bytes: report.uploaded_bytes,
            confirmed: report.confirmed,
            refused: report.refused.into_iter().map(refused).collect(),
            waiting: report.waiting,
            directives: report.directives,
            directives_refused: report
                .directives_refused
                .into_iter()
                .map(str::to_owned)
                .collect(),
            wiped: report.wiped,
        }
    }
}
