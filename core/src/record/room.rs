//! Room for what waits, asked before each commit: a recording ends sealed and playable while there
//! is still enough left to end it.

use super::clips::Clips;
use super::events::RecordingEvent;
use super::mux::Fragment;
use crate::device::room::{self, Room};

/// What a commit has to know of the storage.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Samples of fragments that there is no room for.
    pub(super) lost: u64,
    /// What the journal is told.
    pub(super) event: Option<custos_protocol::journal::Event>,
    /// Nothing can be written after this commit.
    pub(super) last: bool,
}

impl Clips {
    /// Asks for room for the fragments that wait; lets go what there is none for. Whoever listens
    /// is told of a level that was reached.
    pub(super) fn ask_for_room(&mut self) -> Asked {
        let mut asked = Asked::default();
        if self.fragments.is_empty() {
            return asked;
        }
        let waiting = self.waiting() as u64;
        match self.watch.before_commit(&self.vault, waiting) {
            Room::Enough => {}
            Room::Low(forecast) => {
                asked.event = Some(room::low(&forecast));
                self.plan.tell(RecordingEvent::StorageLow {
                    forecast,
                    full: false,
                });
            }
            Room::Full { forecast, bytes } => {
                asked.event = Some(room::full(&forecast));
                asked.last = true;
                // With it what has come since: nothing follows any more.
                self.flush();
                asked.lost = self.keep_what_fits(bytes);
                self.plan.tell(RecordingEvent::StorageLow {
                    forecast,
                    full: true,
                });
            }
        }
        asked
    }

    /// Keeps the first fragments, of so many bytes at most; gives the number of samples in others.
    fn keep_what_fits(&mut self, bytes: u64) -> u64 {
        let mut left = bytes;
        let fits = self.fragments.iter().take_while(|fragment| {
            let rest = left.checked_sub(fragment.bytes() as u64);
            left = rest.unwrap_or(0);
            rest.is_some()
        });
        let fits = fits.count();
        let lost = self.fragments.drain(fits..);
        lost.map(|fragment: Fragment| u64::from(fragment.samples))
            .sum()
    }
}
