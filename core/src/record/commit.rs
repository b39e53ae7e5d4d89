//! The committer: the thread that takes finished fragments and makes them durable.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::clip::{Clip, Committed, Notes};
use super::mux::Fragment;
use super::recorder::{Phase, Shared, State};
use crate::{Error, Result};

/// How often the journal learns how far a recording is, at least.
const PROGRESS: Duration = Duration::from_secs(10);

pub(super) fn spawn(
    shared: Arc<Shared>,
    clip: Clip,
    events: Option<Sender<Committed>>,
) -> Result<JoinHandle<()>> {
    let mut committer = Committer {
        shared,
        events,
        last_progress: Instant::now(),
        told_repaired: 0,
        told_dropped: 0,
    };
    thread::Builder::new()
        .name("custos-commit".into())
        .spawn(move || committer.run(clip))
        .map_err(Error::from)
}

struct Committer {
    shared: Arc<Shared>,
    events: Option<Sender<Committed>>,
    last_progress: Instant,
    told_repaired: u64,
    told_dropped: u64,
}

/// What there is to do.
enum Work {
    Commit(Vec<Fragment>, Notes),
    Seal(Notes),
    Nothing,
}

impl Committer {
    fn run(&mut self, mut clip: Clip) {
        loop {
            let result = match self.next() {
                Work::Nothing => return,
                Work::Commit(fragments, notes) => self.commit(&mut clip, fragments, &notes),
                Work::Seal(notes) => match self.last_notes(&mut clip, &notes) {
                    Ok(()) => {
                        let phase = match clip.seal() {
                            Ok(()) => Phase::Sealed,
                            Err(error) => Phase::Failed(error),
                        };
                        self.finish(phase);
                        return;
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = result {
                clip.fail(&error);
                self.finish(Phase::Failed(error));
                return;
            }
        }
    }

    fn finish(&self, phase: Phase) {
        self.shared.lock().phase = phase;
        self.shared.notify();
    }

    /// Waits for work. All fragments that wait are taken at once: one sync serves them all.
    fn next(&mut self) -> Work {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            match state.phase {
                Phase::Running | Phase::Closing if !state.queue.is_empty() => {
                    let notes = self.notes(&state, false);
                    return Work::Commit(state.queue.drain(..).collect(), notes);
                }
                Phase::Running => state = shared.wait(state),
                Phase::Closing => return Work::Seal(self.notes(&state, true)),
                _ => return Work::Nothing,
            }
        }
    }

    fn notes(&mut self, state: &State, last: bool) -> Notes {
        let (repaired, dropped) = (state.muxer.repaired(), state.dropped);
        let progress = !last && self.last_progress.elapsed() >= PROGRESS;
        if progress {
            self.last_progress = Instant::now();
        }
        // Not every moved timestamp needs an entry of its own.
        let tell = progress || last;
        let mut notes = Notes {
            progress,
            ..Notes::default()
        };
        if tell {
            notes.repaired = repaired - self.told_repaired;
            self.told_repaired = repaired;
        }
        notes.dropped = dropped - self.told_dropped;
        self.told_dropped = dropped;
        notes
    }

    fn last_notes(&mut self, clip: &mut Clip, notes: &Notes) -> Result<()> {
        if notes.repaired + notes.dropped == 0 {
            return Ok(());
        }
        self.commit(clip, Vec::new(), notes)
    }

    fn commit(
        &mut self,
        clip: &mut Clip,
        mut fragments: Vec<Fragment>,
        notes: &Notes,
    ) -> Result<()> {
        let mut each = clip.committed();
        let bytes: usize = fragments.iter().map(Fragment::bytes).sum();
        clip.commit(&mut fragments, notes)?;
        let now = clip.committed();
        {
            let mut state = self.shared.lock();
            state.committed = now;
            state.queued_bytes -= bytes;
        }
        self.shared.notify();
        for fragment in fragments {
            each.fragment += 1;
            each.end_us = each.end_us.max(fragment.end_us);
            if let Some(events) = &self.events {
                // Nobody has to listen.
                let _ = events.send(each);
            }
            self.shared.lock().muxer.recycle(fragment);
        }
        Ok(())
    }
}
