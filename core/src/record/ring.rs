//! The pre-event buffer: what a camera gave in the last seconds, in memory alone, until somebody
//! presses the button or it is too old.
//!
//! It holds whole groups of pictures, from a key picture on, and with them the sound from that
//! picture's time on; of a recording in sound alone, whole frames. It is bounded in time and in
//! bytes, and what is oldest goes first. A group that is larger than the bounds is let go
//! altogether, and the next one begins the buffer anew: what is in here can be decoded from its
//! first picture.

use std::collections::VecDeque;
use std::sync::Arc;

use super::mux::Track;
use super::samples::{Pool, Queue, Sample, Setup};

/// How far times may go back in a source with B-frames; what goes back further is a clock that
/// was set.
const REORDER_US: i64 = 5_000_000;

/// How many samples sound may be ahead of the pictures.
const AHEAD: usize = 1_000;

/// What the buffer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// µs from its first picture to its latest sample; 0: nothing is kept.
    pub(crate) us: i64,
    /// Bytes of samples.
    pub(crate) bytes: usize,
    /// Whether sound is kept.
    pub(crate) audio: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring {
    limits: Limits,
    queue: Queue,
    /// Number of the first sample in the queue; they are counted as they come.
    head: u64,
    /// Number of the next sample.
    next: u64,
    /// Where decoding can begin. Empty: nothing is in the queue.
    starts: VecDeque<Start>,
    clock: Clock,
}

/// Where a group of pictures begins.
#[derive(Debug, Clone, Copy)]
struct Start {
    number: u64,
    /// The first sample that belongs to it: sound of its time may have come before it.
    from: u64,
    pts_us: i64,
    at_us: i64,
}

/// What was in the buffer.
#[derive(Debug)]
pub(crate) struct Buffered {
    pub(crate) queue: Queue,
    /// From its first picture to its latest sample.
    pub(crate) length_us: i64,
}

impl Ring {
    pub(crate) fn new(limits: Limits, setup: Arc<Setup>, pool: Pool) -> Self {
        Self {
            limits,
            queue: Queue::new(setup, pool),
            head: 0,
            next: 0,
            starts: VecDeque::new(),
            clock: Clock::default(),
        }
    }

    /// Copies a sample, and lets go what is too much then.
    pub(crate) fn push(&mut self, sample: &Sample<'_>) {
        let begins = self.queue.has().begins_at(sample.track, sample.key);
        let wanted = self.limits.us > 0 && (sample.track == Track::Video || self.limits.audio);
        if !wanted || (self.starts.is_empty() && !begins) {
            return;
        }
        if sample.data.len() > self.limits.bytes {
            self.clear();
            return;
        }
        self.queue.push(sample);
        self.note(sample.pts_us, begins);
        self.shrink();
    }

    /// From here on samples are of another configuration. What cannot be in one clip with them
    /// goes.
    pub(crate) fn configure(&mut self, setup: Arc<Setup>) {
        let before = Arc::clone(self.queue.setup());
        if before.video != setup.video {
            self.clear();
            self.queue.configure(setup);
            return;
        }
        self.queue.reconfigure(setup);
        if before.audio.is_some() && before.audio != self.queue.setup().audio {
            self.queue.retain(|track, _| track == Track::Video);
            self.rebuild();
        }
    }

    pub(crate) fn set_limits(&mut self, limits: Limits) {
        if self.limits != limits {
            self.limits = limits;
            self.rebuild();
        }
    }

    /// Takes everything out.
    pub(crate) fn take(&mut self) -> Buffered {
        let mut queue = self.queue.replace();
        let mut length_us = 0;
        if let Some(first) = self.starts.front() {
            let later = self.starts.get(1).map_or(u64::MAX, |start| start.number);
            let mut next = self.head;
            // Leftovers of the group before, among which sound of this one came.
            queue.retain(|track, pts_us| {
                let number = next;
                next += 1;
                match track {
                    Track::Video => number >= first.number,
                    Track::Audio => number >= later || pts_us >= first.pts_us,
                }
            });
            length_us = self.clock.now_us.saturating_sub(first.at_us);
        }
        self.clear();
        Buffered { queue, length_us }
    }

    /// Puts back what was taken, and what has come since behind it.
    pub(crate) fn restore(&mut self, queue: Queue) {
        self.clear();
        let setup = Arc::clone(self.queue.setup());
        if queue.is_of(&setup) {
            self.queue = queue;
            self.queue.configure(setup);
            self.rebuild();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.starts.clear();
        self.head = self.next;
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Counts the sample that was put into the queue.
    fn note(&mut self, pts_us: i64, begins: bool) {
        let number = self.next;
        self.next += 1;
        self.clock.advance(pts_us);
        if !begins {
            return;
        }
        let mut from = number;
        let before = self.queue.samples().rev().skip(1).take(AHEAD);
        for (back, sample) in before.enumerate() {
            if sample.track == Track::Audio {
                if sample.pts_us < pts_us {
                    break;
                }
                from = number - 1 - back as u64;
            }
        }
        self.starts.push_back(Start {
            number,
            from,
            pts_us,
            at_us: self.clock.of(pts_us),
        });
    }

    /// As if what is in the queue came now.
    fn rebuild(&mut self) {
        let mut all = self.queue.replace();
        self.starts.clear();
        self.clock = Clock::default();
        self.head = self.next;
        for sample in all.samples() {
            self.push(&sample);
        }
        all.clear();
    }

    fn shrink(&mut self) {
        while let Some(first) = self.starts.front() {
            let length_us = self.clock.now_us.saturating_sub(first.at_us);
            if length_us <= self.limits.us && self.queue.bytes() <= self.limits.bytes {
                return;
            }
            self.starts.pop_front();
            match self.starts.front() {
                Some(next) => {
                    let gone = next.from.saturating_sub(self.head);
                    self.queue.drop_first(gone);
                    self.head += gone;
                }
                None => self.clear(),
            }
        }
    }
}

/// How much time has passed, by the samples' own times. One that jumps ahead is a pause; one that
/// goes back is a clock that was set, and counts as no time.
#[derive(Debug, Default)]
struct Clock {
    now_us: i64,
    latest_us: Option<i64>,
}

impl Clock {
    fn advance(&mut self, pts_us: i64) {
        let latest = self.latest_us.unwrap_or(pts_us);
        if pts_us > latest {
            self.now_us = self.now_us.saturating_add(pts_us.saturating_sub(latest));
        }
        if pts_us >= latest || pts_us < latest.saturating_sub(REORDER_US) {
            self.latest_us = Some(pts_us);
        }
    }

    /// When a sample of this time was, of those that came lately.
    fn of(&self, pts_us: i64) -> i64 {
        let behind = self.latest_us.map_or(0, |at| at.saturating_sub(pts_us));
        self.now_us.saturating_sub(behind.max(0))
    }
}

#[cfg(test)]
mod tests;
