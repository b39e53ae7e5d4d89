//! What a recording tells whoever wants to know, while it runs.

use crate::Error;
use crate::device::Forecast;

/// A fragment that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentCommitted {
    pub clip: String,
    /// Durable fragments of the clip.
    pub fragment: u32,
    /// Where the last of them ends, in µs from the clip's beginning.
    pub end_us: i64,
}

/// Something that happened to a recording. Told in the order in which it happened, by the thread
/// that makes samples durable: what listens should not keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordingEvent {
    /// A fragment survives any kill and power cut from now on.
    Committed(FragmentCommitted),
    /// A clip is complete. Another one follows, or [`RecordingEvent::Ended`].
    Sealed {
        clip: String,
        /// Of the age file.
        bytes: u64,
    },
    /// The recording still runs: what the policy wants the officer to be told now and then.
    Reminder { clip: String, at_us: i64 },
    /// The storage runs out: a level of the policy was reached, or, if it is `full`, the recording
    /// ends here.
    StorageLow { forecast: Forecast, full: bool },
    /// A clip could not be brought to its end. What was committed of it stays, and is completed
    /// as soon as the storage allows it.
    ClipFailed { clip: String, error: Error },
    /// The recording is over: everything is sealed, or the error says why not.
    Ended { error: Option<Error> },
}
