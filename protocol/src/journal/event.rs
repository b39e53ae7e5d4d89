//! The kinds of journal entries. Written as `"kind": …, "body": {…}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clip::ClipDigest,
    hash::Hash,
    lookup::{ask::Reason, query::Registry},
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "body",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub enum Event {
    Provisioned {
        epoch: u32,
        model: String,
        trust_version: u64,
        policy_version: u64,
    },
    OfficerEnrolled {
        officer: String,
        recipient: String,
    },
    Unlocked {},
    /// `reason`: wrong-pin, locked-out, device-locked.
    UnlockRefused {
        officer: String,
        reason: String,
    },
    DutyBegan {
        case: String,
    },
    DutyEnded {
        unconfirmed: u32,
    },
    /// A file was begun; `recipients` are the age recipients it is sealed to.
    RecordingBegan {
        clip: String,
        recording: String,
        media: String,
        case: String,
        recipients: Vec<String>,
        /// The clip of the same recording that this one follows without a gap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
        /// How much was in the pre-event buffer: the media begins so long before this entry.
        #[serde(default, skip_serializing_if = "is_zero")]
        pre_event_us: i64,
    },
    /// The clip tree so far: what is provable of a clip that never gets sealed.
    RecordingProgress {
        clip: String,
        digest: ClipDigest,
        fragments: u32,
        end_us: i64,
    },
    Sealed(Sealed),
    /// After a crash: the file ends with its last committed fragment.
    Recovered {
        clip: String,
        fragments: u32,
        end_us: i64,
    },
    /// A clip that could not be brought to an end; the file is kept.
    RecordingFailed {
        clip: String,
        reason: String,
    },
    /// A file in the evidence folder that the vault does not know was set aside.
    Quarantined {
        name: String,
        length: u64,
    },
    /// Timestamps that repeated, jumped or went back were put right.
    TimestampsRepaired {
        clip: String,
        count: u64,
    },
    /// Samples that had to be dropped because the storage fell too far behind.
    SamplesDropped {
        clip: String,
        count: u64,
    },
    /// The button was pressed again: what follows is the policy's post-event time.
    StopRequested {
        clip: String,
        at_us: i64,
        post_event_s: u32,
    },
    /// It was pressed once more before that time was over: the recording goes on.
    StopWithdrawn {
        clip: String,
        at_us: i64,
    },
    /// From here on no sound is kept, until `sound-restored` or the recording's end.
    SoundMuted {
        clip: String,
        at_us: i64,
    },
    SoundRestored {
        clip: String,
        at_us: i64,
    },
    /// The officer was reminded that a recording runs.
    Reminded {
        clip: String,
        at_us: i64,
    },
    /// `mode`: stealth (no light, sound or vibration) or sleep.
    ModeChanged {
        mode: String,
        on: bool,
    },
    /// `level`: the word of the warning; `minutes_left` at the rate of the last recording.
    StorageLow {
        level: String,
        free_bytes: u64,
        minutes_left: u64,
    },
    /// The charge fell below the policy's level: running recordings were sealed and go on in new
    /// clips.
    BatteryLow {
        percent: u32,
    },
    Mark {
        clip: String,
        at_us: i64,
        label: String,
    },
    /// A category of the policy was given to an item.
    Categorised {
        clip: String,
        category: String,
    },
    /// Evidence was opened for viewing on the terminal; journalled before its first byte. Times
    /// within the clip; `to_us` is missing where it was opened to its end.
    Viewed {
        clip: String,
        from_us: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_us: Option<i64>,
        /// The grant by which it was allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
    },
    /// Evidence of others was listed, or looked up, by a grant. Journalled before it is shown, once
    /// for each item in an officer's session.
    Listed {
        clips: Vec<String>,
        grant: String,
    },
    /// Small pictures of these were opened: what a list of evidence shows. Journalled before the
    /// first of them is shown, once in an officer's session.
    Previewed {
        clips: Vec<String>,
    },
    /// The access rules denied something; journalled before it is told. `action` is the rules'
    /// word, `about` a clip, `reason` the rule that forbids it or another stable word.
    AccessDenied {
        action: String,
        about: String,
        reason: String,
    },
    /// Somebody asks a registry about somebody or something, and why; durable, and held by the
    /// station, before anything is asked. `subject` commits to who or what it is without telling:
    /// see [`Salt::commit`](crate::lookup::ask::Salt::commit).
    LookupAsked {
        lookup: String,
        registry: Registry,
        subject: Hash,
        case: String,
        reason: Reason,
        text: String,
        /// One name for the questions that were asked in one call: it takes the action
        /// `lookup-batch`, where one alone takes `lookup`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<String>,
        /// `subject` is a pattern: it takes the action `lookup-wildcard`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        wildcard: bool,
        /// The grant by which it was allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
    },
    /// What came of it, durable before an answer is shown. `outcome`: answered, cached, listed,
    /// queued, delivered (to the queue), shown (from the queue), or the code of what went wrong.
    LookupAnswered {
        lookup: String,
        outcome: String,
        records: u32,
    },
    /// A newer list of numbers to look out for is in place.
    ListUpdated {
        list: String,
        version: u64,
    },
    Exported {
        clip: String,
        /// The grant by which it was allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
    },
    /// The station's receipt verified.
    Confirmed {
        clip: String,
        stored_ms: i64,
    },
    /// An answer of the station did not verify.
    ReceiptRefused {
        clip: String,
        reason: String,
    },
    Purged {
        clip: String,
        digest: ClipDigest,
    },
    DirectiveReceived {
        id: String,
        seq: u64,
        action: String,
    },
    DirectiveExecuted {
        id: String,
        seq: u64,
        action: String,
    },
    DirectiveRefused {
        id: String,
        reason: String,
    },
    TrustUpdated {
        version: u64,
    },
    PolicyUpdated {
        version: u64,
    },
    /// A grant came from the station, verified, and can be used from now on.
    GrantReceived {
        id: String,
        grantee: String,
        expires_ms: i64,
    },
    /// `by` ended a grant before its time; it is not accepted again.
    GrantRevoked {
        id: String,
        by: String,
    },
    /// A grant or a revocation that does not verify, or a grant that does not any more since the
    /// trust set has changed. `reason`: a stable word.
    GrantRefused {
        id: String,
        reason: String,
    },
    /// Access rules were installed.
    RulesUpdated {
        version: u64,
    },
    /// Access rules were not: those before stay in force.
    RulesRefused {
        version: u64,
        reason: String,
    },
    /// Something that should not happen: `what` is a stable word.
    SecurityEvent {
        what: String,
    },
}

/// The end of a piece of evidence: what its file is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    pub clip: String,
    /// Clips of one press of the button share it.
    pub recording: String,
    /// `video/mp4`, `audio/mp4`, `image/jpeg`, `text/plain; charset=utf-8` (a note) or
    /// `application/json` (a sheet).
    pub media: String,
    pub case: String,
    pub began_ms: i64,
    pub ended_ms: i64,
    /// Of the media, in microseconds; 0 for what has no duration.
    pub duration_us: i64,
    pub fragments: u32,
    pub digest: ClipDigest,
    /// Completed after a crash.
    pub recovered: bool,
    /// The photo that this one shows with a watermark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// The recording or clip that a note or a sheet speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The sheet that this sheet adds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl Event {
    /// The `kind` and `body` of the envelope.
    pub fn to_parts(&self) -> (String, Value) {
        let mut tagged = serde_json::to_value(self).expect("an event is plain data");
        let body = tagged["body"].take();
        (tagged["kind"].as_str().unwrap_or_default().to_owned(), body)
    }
}
