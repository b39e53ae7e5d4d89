//! What those who append and the committer share: the queue, what is wanted, and how far it is.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clip::Committed;
use super::events::FragmentCommitted;
use super::mux::{MuxError, Track};
use super::samples::{Queue, Sample, Setup};
use crate::{Error, Result};

/// Bytes that wait for the disk: from here on the pressure is high …
pub(super) const HIGH: usize = 16 << 20;
/// … and from here on, beyond what was in the queue at the beginning, samples are dropped.
const FULL: usize = 48 << 20;

/// The committer is woken for so many bytes, however short a time they are.
const MANY: usize = 4 << 20;

/// Without a key picture for so long, pictures are taken that nobody can decode from the first
/// one on: they are worth more than none.
const LONGEST_WAIT_US: i64 = 10_000_000;

/// A source that gives no samples any more does not keep a recording from its end.
const SILENCE: Duration = Duration::from_secs(2);

/// How far the disk is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a source that can wait should, while the pressure is high"]
pub enum Pressure {
    Low,
    /// The disk falls behind. A source that can wait should.
    High,
    /// The sample was dropped (video: up to the next key frame), which the journal will say.
    Dropped,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// There is something to do for the committer.
    work: Condvar,
    /// The committer did something.
    done: Condvar,
}

/// What every append looks at comes first, and is together: that thread wakes up a hundred times a
/// second and finds nothing of this in its cache.
#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) end: Option<End>,
    pub(super) queue: Queue,
    /// Bytes that the committer took and has not worked off.
    pub(super) in_hand: usize,
    full: usize,
    /// Samples appended so far.
    pub(super) appended: u64,
    /// Presentation time of the latest.
    pub(super) newest_us: Option<i64>,
    /// A sample of this time makes a fragment due.
    pub(super) due_us: Option<i64>,
    fragment_us: i64,
    /// Sound is not kept.
    pub(super) muted: bool,
    waits_for_key: bool,
    /// The clip ends at the next picture where the next one can begin.
    pub(super) seal_early: bool,
    /// The committer is to look.
    pub(super) work: bool,

    waits_since_us: Option<i64>,
    /// Samples dropped so far.
    pub(super) dropped: u64,
    /// What is wanted up to which sample.
    pub(super) wanted: Progress,
    /// What the committer reached.
    pub(super) reached: Progress,
    pub(super) place: Place,
    #[cfg(test)]
    pub(super) dies_at: Option<&'static str>,
}

/// Numbers of samples, counted as they are appended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// In a clip, durable or not.
    pub(super) placed: u64,
    pub(super) durable: u64,
}

/// Where the recording is.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) clip: String,
    /// The latest sample, in µs from the clip's beginning.
    pub(super) at_us: i64,
    /// How far the clip is durable.
    pub(super) committed: Committed,
}

impl Place {
    pub(super) fn durable(&self) -> FragmentCommitted {
        FragmentCommitted {
            clip: self.clip.clone(),
            fragment: self.committed.fragment,
            end_us: self.committed.end_us,
        }
    }
}

/// When a recording ends by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// At a sample of this time …
    at_us: i64,
    /// … or now, if there are none.
    pub(super) deadline: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// No more samples: commit what there is, seal the file.
    Closing,
    /// As after a kill: nothing more happens.
    #[cfg(test)]
    Abandoned,
    Sealed,
    Failed(Error),
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// Takes a sample: an H.264 or H.265 access unit in Annex-B form, in decoding order, or a raw
    /// AAC frame; `pts_us` is its presentation time on a clock that the tracks share. Copies it
    /// and returns; never waits for the disk. Sound that is muted is not kept.
    ///
    /// # Errors
    /// [`Error::Media`] for a sample that cannot be taken (the recording goes on),
    /// [`Error::RecordingEnded`], or the storage error that ended the recording.
    #[inline]
    pub(crate) fn append(&self, sample: &Sample<'_>) -> Result<Pressure> {
        let mut state = self.lock();
        state.running()?;
        if state.ends_at(sample.pts_us) {
            return Err(self.end(&mut state));
        }
        let pressure = state.take(sample)?;
        if pressure != Pressure::Dropped && state.is_due(sample) {
            self.wake(&mut state);
        }
        Ok(pressure)
    }

    #[cold]
    fn end(&self, state: &mut State) -> Error {
        state.phase = Phase::Closing;
        self.wake(state);
        Error::RecordingEnded
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half-done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The committer waits for work, until `deadline`.
    pub(super) fn wait_for_work<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> MutexGuard<'a, State> {
        let time = deadline.saturating_duration_since(Instant::now());
        let waited = self.work.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Somebody waits for the committer.
    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.done.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits for the committer looks again.
    pub(super) fn notify(&self) {
        self.done.notify_all();
    }

    /// The committer looks.
    #[inline(never)]
    pub(super) fn wake(&self, state: &mut State) {
        if !state.work {
            state.work = true;
            self.work.notify_one();
        }
    }
}

impl State {
    /// `whole`: a decoder can begin at the first picture that comes after those in the queue.
    pub(super) fn new(queue: Queue, fragment_us: i64, whole: bool) -> Self {
        let appended = queue.samples().count() as u64;
        Self {
            phase: Phase::Running,
            in_hand: 0,
            full: FULL + queue.bytes(),
            fragment_us,
            appended,
            newest_us: queue.samples().map(|sample| sample.pts_us).max(),
            dropped: 0,
            waits_for_key: !whole,
            waits_since_us: None,
            muted: false,
            work: appended > 0,
            due_us: None,
            wanted: Progress::default(),
            seal_early: false,
            end: None,
            reached: Progress::default(),
            place: Place::default(),
            queue,
            #[cfg(test)]
            dies_at: None,
        }
    }

    /// # Errors
    /// [`Error::RecordingEnded`], what ended the recording.
    #[inline]
    pub(super) fn running(&self) -> Result<()> {
        if matches!(self.phase, Phase::Running) {
            return Ok(());
        }
        Err(self.ended())
    }

    #[cold]
    fn ended(&self) -> Error {
        match &self.phase {
            Phase::Failed(error) => error.clone(),
            _ => Error::RecordingEnded,
        }
    }

    /// Whether the recording ends where this sample begins.
    #[inline]
    pub(super) fn ends_at(&self, pts_us: i64) -> bool {
        self.end.is_some_and(|end| pts_us >= end.at_us)
    }

    /// Ends so long after the latest sample.
    pub(super) fn end_after(&mut self, time: Option<Duration>) {
        self.end = time.map(|time| {
            let us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
            End {
                at_us: self
                    .newest_us
                    .map_or(i64::MAX, |now| now.saturating_add(us)),
                deadline: Instant::now() + time + SILENCE,
            }
        });
    }

    pub(super) fn configure(&mut self, setup: Arc<Setup>) {
        let before = self.queue.setup();
        if before.video.is_some() && before.video != setup.video {
            self.wait_for_key(true);
        }
        self.queue.configure(setup);
    }

    /// Puts a sample into the queue, or drops it.
    ///
    /// # Errors
    /// A sample that no clip can take.
    #[inline]
    pub(super) fn take(&mut self, sample: &Sample<'_>) -> Result<Pressure, MuxError> {
        sample.check(self.queue.has())?;
        let Sample {
            track, pts_us, key, ..
        } = *sample;
        if track == Track::Audio && self.muted {
            return Ok(self.pressure());
        }
        if self.backlog() >= self.full {
            self.wait_for_key(true);
            return Ok(self.drop_one());
        }
        if self.waits_for_key && track == Track::Video && self.is_broken(pts_us, key) {
            return Ok(self.drop_one());
        }
        if self.seal_early && self.queue.has().begins_at(track, key) {
            self.seal_early = false;
            self.queue.cut();
        }
        self.queue.push(sample);
        self.appended += 1;
        self.newest_us = self.newest_us.max(Some(pts_us));
        Ok(self.pressure())
    }

    /// Bytes that wait for the disk.
    #[inline]
    pub(super) fn backlog(&self) -> usize {
        self.queue.bytes() + self.in_hand
    }

    fn pressure(&self) -> Pressure {
        if self.backlog() >= HIGH {
            Pressure::High
        } else {
            Pressure::Low
        }
    }

    #[cold]
    fn drop_one(&mut self) -> Pressure {
        self.dropped += 1;
        Pressure::Dropped
    }

    /// Whether a picture has to be dropped because one before it was.
    #[cold]
    fn is_broken(&mut self, pts_us: i64, key: bool) -> bool {
        let since = *self.waits_since_us.get_or_insert(pts_us);
        if key || pts_us.saturating_sub(since) > LONGEST_WAIT_US {
            self.wait_for_key(false);
            return false;
        }
        true
    }

    #[cold]
    fn wait_for_key(&mut self, waits: bool) {
        (self.waits_for_key, self.waits_since_us) = (waits, None);
    }

    /// Whether the committer has something to do with the sample that was just taken.
    #[inline]
    pub(super) fn is_due(&mut self, sample: &Sample<'_>) -> bool {
        let due_us = *self
            .due_us
            .get_or_insert(sample.pts_us.saturating_add(self.fragment_us));
        // The muxer ends fragments by the same rules (`mux`).
        let early = match sample.track {
            Track::Video if sample.key => self.fragment_us / 4,
            Track::Audio if self.queue.has().video => -self.fragment_us,
            _ => 0,
        };
        sample.pts_us >= due_us.saturating_sub(early) || self.queue.bytes() >= MANY
    }
}

impl From<MuxError> for Error {
    fn from(error: MuxError) -> Self {
        Self::Media(error.code())
    }
}
