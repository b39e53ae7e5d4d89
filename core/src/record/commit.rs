//! The committer: the thread that takes samples out of a recording's queue and makes them
//! durable.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::clip::Clip;
use super::clips::Clips;
use super::events::RecordingEvent;
use super::plan::Plan;
use super::samples::Block;
use super::shared::{HIGH, Phase, Shared};
use crate::vault::Vault;
use crate::{Error, Result};

pub(super) fn spawn(
    shared: Arc<Shared>,
    vault: Arc<Vault>,
    plan: Arc<Plan>,
    clip: Clip,
) -> Result<JoinHandle<()>> {
    let clips = Clips::new(vault, Arc::clone(&plan), clip, &shared.lock().queue);
    let committer = Committer {
        shared,
        idle: 2 * Duration::from_micros(plan.fragment_us.unsigned_abs()) + Duration::from_secs(1),
        looked: Instant::now(),
        reminder: plan.reminder.map(|every| Instant::now() + every),
        plan,
        told_dropped: 0,
    };
    thread::Builder::new()
        .name("custos-commit".into())
        .spawn(move || committer.run(clips))
        .map_err(Error::from)
}

/// A panic as an error.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or(Err(Error::Internal("the committer does not panic")))
}

struct Committer {
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    /// After so long without anything due, what is there is made durable all the same: a source
    /// that falls silent costs no more than one that goes on.
    idle: Duration,
    looked: Instant,
    /// When somebody is to be reminded.
    reminder: Option<Instant>,
    told_dropped: u64,
}

/// What there is to do.
struct Batch {
    blocks: VecDeque<Block>,
    /// Samples up to here are in the blocks, or were in those before.
    until: u64,
    newest_us: i64,
    /// All of it is wanted durable.
    flush: bool,
    dropped: u64,
    last: bool,
}

impl Committer {
    fn run(mut self, mut clips: Clips) {
        // Whoever waits for this thread must not wait for ever, and what is committed is sealed,
        // even if there is a mistake in here.
        let worked = caught(|| self.work(&mut clips));
        let error = match worked {
            Ok(true) => caught(|| clips.seal()).err(),
            // As if killed.
            Ok(false) => return,
            #[cfg(test)]
            Err(super::clips::DIED) => {
                self.shared.lock().phase = Phase::Abandoned;
                self.shared.notify();
                return;
            }
            Err(error) => {
                let _ = caught(|| {
                    clips.give_up(&error);
                    Ok(())
                });
                Some(error)
            }
        };
        let phase = error.clone().map_or(Phase::Sealed, Phase::Failed);
        self.shared.lock().phase = phase;
        self.shared.notify();
        self.plan.tell(RecordingEvent::Ended { error });
    }

    /// Everything until the end; `false` if it is abandoned.
    fn work(&mut self, clips: &mut Clips) -> Result<bool> {
        loop {
            let Some(batch) = self.next(clips) else {
                return Ok(false);
            };
            clips.add_dropped(batch.dropped);
            let (until, last, flush) = (batch.until, batch.last, batch.flush);
            for block in batch.blocks {
                clips.take(&block, batch.newest_us)?;
                self.give_back(block);
            }
            if last {
                clips.finish()?;
            } else {
                if flush {
                    clips.flush();
                }
                clips.commit()?;
            }
            self.remind(clips);
            self.say(clips, until, flush || last);
            if last {
                return Ok(true);
            }
        }
    }

    /// Waits for something to do, and takes all of it.
    fn next(&mut self, clips: &mut Clips) -> Option<Batch> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let idle = self.looked + self.idle;
        let due = [Some(idle), clips.progress_due(), self.reminder];
        let due = due.into_iter().flatten().min().unwrap_or(idle);
        loop {
            #[cfg(test)]
            {
                clips.dies_at = state.dies_at;
                if state.phase == Phase::Abandoned {
                    return None;
                }
            }
            let now = Instant::now();
            if state.end.is_some_and(|end| now >= end.deadline) && state.phase == Phase::Running {
                state.phase = Phase::Closing;
            }
            if state.work || now >= due || state.phase == Phase::Closing {
                break;
            }
            let due = state.end.map_or(due, |end| due.min(end.deadline));
            state = shared.wait_for_work(state, due);
        }
        self.looked = Instant::now();
        state.work = false;
        state.in_hand += state.queue.bytes();
        let dropped = state.dropped - self.told_dropped;
        self.told_dropped = state.dropped;
        Some(Batch {
            blocks: state.queue.take(),
            until: state.appended,
            newest_us: state.newest_us.unwrap_or(0),
            flush: state.wanted.durable > state.reached.durable || self.looked >= idle,
            dropped,
            last: state.phase == Phase::Closing,
        })
    }

    /// The block's memory can be used again.
    fn give_back(&self, block: Block) {
        let mut state = self.shared.lock();
        let before = state.backlog();
        state.in_hand -= block.size();
        if before >= HIGH && state.backlog() < HIGH {
            self.shared.notify();
        }
        let pool = state.queue.pool();
        drop(state);
        pool.give(block);
    }

    fn remind(&mut self, clips: &Clips) {
        let now = Instant::now();
        if let (Some(due), Some(every)) = (self.reminder, self.plan.reminder)
            && now >= due
        {
            clips.remind();
            self.reminder = Some(now + every);
        }
    }

    fn say(&self, clips: &Clips, until: u64, durable: bool) {
        let mut state = self.shared.lock();
        let place = &mut state.place;
        if place.clip != clips.clip() {
            clips.clip().clone_into(&mut place.clip);
        }
        place.at_us = clips.at_us();
        place.committed = clips.committed();
        state.reached.placed = until;
        if durable {
            state.reached.durable = until;
        }
        let since = clips
            .filling_since_us()
            .or_else(|| Some(state.queue.samples().next()?.pts_us));
        state.due_us = since.map(|us| us.saturating_add(self.plan.fragment_us));
        drop(state);
        self.shared.notify();
    }
}
