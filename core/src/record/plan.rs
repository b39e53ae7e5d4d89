//! What a recording is to be, decided when it begins.

use std::sync::mpsc::Sender;
use std::time::Duration;

use custos_protocol::policy::StoragePolicy;

use super::clip::{Beginning, Origin};
use super::events::RecordingEvent;
use super::seal::Recipient;

/// The journal learns at least every ten seconds how far a recording is; one of them is the
/// disk's.
pub(crate) const PROGRESS: Duration = Duration::from_secs(9);

/// What a recording is to be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) origin: Origin,
    pub(crate) recipients: Vec<Recipient>,
    /// How long a fragment is.
    pub(crate) fragment_us: i64,
    /// Where a clip is full.
    pub(crate) clip_max_us: i64,
    pub(crate) clip_max_bytes: u64,
    /// How often somebody is reminded that it runs.
    pub(crate) reminder: Option<Duration>,
    /// When somebody is warned that the storage runs out, and where a recording ends.
    pub(crate) storage: StoragePolicy,
    /// How often the journal learns how far it is.
    pub(crate) progress: Duration,
    pub(crate) events: Option<Sender<RecordingEvent>>,
}

impl Plan {
    /// How its first clip begins.
    pub(super) fn first(&self, pre_event_us: i64) -> Beginning<'_> {
        Beginning {
            origin: &self.origin,
            recipients: &self.recipients,
            previous: None,
            pre_event_us,
            ago_us: pre_event_us,
        }
    }

    pub(super) fn tell(&self, event: RecordingEvent) {
        if let Some(events) = &self.events {
            // Nobody has to listen.
            let _ = events.send(event);
        }
    }
}
