//! The words between the state machine and the driver: what there is, what to do next, what
//! became of it.

use super::tus::Remote;

/// A clip that is not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clip {
    pub(crate) id: String,
    /// Whether an upload was created at the station.
    pub(crate) has_upload: bool,
    /// Bytes that are durable here and will not change: header and whole committed chunks, or
    /// everything once it is sealed.
    pub(crate) available: u64,
    /// Once sealed.
    pub(crate) length: Option<u64>,
    pub(crate) seal_seq: Option<u64>,
}

/// What the vault holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) journal_size: u64,
    /// Entries under the latest countersigned checkpoint.
    pub(crate) cosigned_size: u64,
    pub(crate) acks: bool,
    /// Entry of the oldest question to a registry that waits.
    pub(crate) question: Option<u64>,
    /// In the order in which they should leave: newest mark first, then oldest first.
    pub(crate) clips: Vec<Clip>,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    OpenSession,
    /// Newer trust sets and policies.
    Update,
    Acknowledge,
    FetchDirectives,
    AskJournal,
    PushJournal {
        from: u64,
    },
    Create {
        clip: String,
    },
    /// HEAD.
    Ask {
        clip: String,
    },
    /// PATCH: `count` bytes from `offset`, and the length where it is known.
    Send {
        clip: String,
        offset: u64,
        count: u64,
        length: Option<u64>,
    },
    Receipt {
        clip: String,
    },
    /// The oldest question that waits, when its entry is at the station.
    Question,
    /// Nothing to do for so many milliseconds.
    Wait {
        ms: u64,
    },
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It worked, and there is no more to say.
    Done,
    JournalAt(u64),
    At(Remote),
    Sent {
        offset: u64,
        took_ms: u64,
    },
    /// The station already stores the clip.
    Stored,
    /// The station does not know the upload any more.
    Gone,
    /// The offset or the bytes were not as assumed: ask again.
    Misplaced,
    /// No receipt yet.
    NotYet,
}
