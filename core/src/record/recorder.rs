//! The recorder: takes samples without ever waiting for the disk, and makes them durable behind
//! the caller's back.
//!
//! [`Recorder::append`] copies a sample into the fragment that is being filled. A finished
//! fragment goes to the committer, a thread of its own (`commit.rs`), through a bounded queue.
//! How full it is, every append says; what had to be dropped because it was full, the journal
//! says.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::clip::{Clip, Committed, Origin};
use super::codec::{AudioConfig, Rotation, VideoConfig};
use super::commit;
use super::mux::{Fragment, MuxError, Muxer, Track};
use super::seal::Recipient;
use crate::vault::Vault;
use crate::{Error, Result};

/// Length of a fragment, in µs, unless somebody wants another: what a power cut may cost.
pub const FRAGMENT_US: i64 = 1_000_000;

/// Bytes that wait for the committer: from here on the pressure is high …
const HIGH: usize = 16 << 20;
/// … and from here on samples are dropped.
const FULL: usize = 48 << 20;

/// How far the disk is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a source that can wait should, while the pressure is high"]
pub enum Pressure {
    Low,
    /// The disk falls behind. A source that can wait calls [`Recorder::wait_for_room`].
    High,
    /// The sample was dropped (video: up to the next key frame), which the journal will say.
    Dropped,
}

/// A running recording. All methods may be called from any thread.
///
/// Dropping it ends the recording as [`Recorder::stop`] does, but nobody learns how that went.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    clip: String,
    recording: String,
    committer: Mutex<Option<JoinHandle<()>>>,
}

/// What the callers and the committer share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something changed, for whoever waits.
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) muxer: Muxer,
    pub(super) queue: VecDeque<Fragment>,
    pub(super) queued_bytes: usize,
    /// Fragments handed to the committer so far.
    made: u32,
    pub(super) committed: Committed,
    pub(super) phase: Phase,
    /// Samples dropped so far.
    pub(super) dropped: u64,
    /// After a drop, pictures up to the next key frame cannot be decoded.
    waits_for_key: bool,
    /// First and last presentation time taken, in µs on the encoders' clock.
    times: Option<(i64, i64)>,
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
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half-done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }
}

impl State {
    fn running(&self) -> Result<()> {
        match &self.phase {
            Phase::Running => Ok(()),
            Phase::Failed(error) => Err(error.clone()),
            _ => Err(Error::RecordingEnded),
        }
    }

    fn enqueue(&mut self, fragment: Option<Fragment>) -> bool {
        let Some(fragment) = fragment else {
            return false;
        };
        self.queued_bytes += fragment.bytes();
        self.made += 1;
        self.queue.push_back(fragment);
        true
    }
}

impl Recorder {
    /// Begins a recording: when this returns, the evidence file and its journal entry are
    /// durable. `events` is told of every fragment once it is.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn begin(
        vault: Arc<Vault>,
        origin: Origin,
        recipients: &[Recipient],
        fragment_us: i64,
        events: Option<Sender<Committed>>,
    ) -> Result<Self> {
        let recording = origin.recording.clone();
        let clip = Clip::begin(vault, origin, recipients)?;
        let name = clip.name().to_owned();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                muxer: Muxer::new(fragment_us),
                queue: VecDeque::new(),
                queued_bytes: 0,
                made: 0,
                committed: Committed::default(),
                phase: Phase::Running,
                dropped: 0,
                waits_for_key: false,
                times: None,
            }),
            changed: Condvar::new(),
        });
        let committer = commit::spawn(Arc::clone(&shared), clip, events)?;
        Ok(Self {
            shared,
            clip: name,
            recording,
            committer: Mutex::new(Some(committer)),
        })
    }

    /// The clip's id.
    pub fn clip(&self) -> &str {
        &self.clip
    }

    /// The recording's id.
    pub fn recording(&self) -> &str {
        &self.recording
    }

    /// Sets up the video track: SPS and PPS of H.264 or VPS, SPS and PPS of H.265, in Annex-B
    /// form, before its first sample.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::RecordingEnded`], what ended the recording.
    pub fn configure_video(&self, annex_b: &[u8], rotation: Rotation) -> Result<()> {
        let config = VideoConfig::new(annex_b, rotation)?;
        let mut state = self.shared.lock();
        state.running()?;
        Ok(state.muxer.configure_video(config)?)
    }

    /// Sets up the audio track: the AudioSpecificConfig, before its first sample.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::RecordingEnded`], what ended the recording.
    pub fn configure_audio(&self, config: &[u8]) -> Result<()> {
        let config = AudioConfig::new(config)?;
        let mut state = self.shared.lock();
        state.running()?;
        Ok(state.muxer.configure_audio(config)?)
    }

    /// Takes a sample: an H.264 or H.265 access unit in Annex-B form, in decoding order, or a raw
    /// AAC frame; `pts_us` is its presentation time on a clock that the tracks share. Copies it and
    /// returns; never waits for the disk.
    ///
    /// # Errors
    /// [`Error::Media`] for a sample that cannot be taken (the recording goes on),
    /// [`Error::RecordingEnded`], or the storage error that ended the recording.
    pub fn append(&self, track: Track, pts_us: i64, key: bool, data: &[u8]) -> Result<Pressure> {
        let mut state = self.shared.lock();
        state.running()?;
        if state.queued_bytes >= FULL {
            state.dropped += 1;
            state.waits_for_key = true;
            return Ok(Pressure::Dropped);
        }
        if track == Track::Video && state.waits_for_key {
            if !key {
                state.dropped += 1;
                return Ok(Pressure::Dropped);
            }
            state.waits_for_key = false;
        }
        let finished = state.muxer.push(track, pts_us, key, data)?;
        let (first, last) = state.times.unwrap_or((pts_us, pts_us));
        state.times = Some((first.min(pts_us), last.max(pts_us)));
        if state.enqueue(finished) {
            self.shared.notify();
        }
        Ok(if state.queued_bytes >= HIGH {
            Pressure::High
        } else {
            Pressure::Low
        })
    }

    /// Waits until the disk has caught up so far that the pressure is low.
    ///
    /// # Errors
    /// What ended the recording.
    pub fn wait_for_room(&self) -> Result<()> {
        let mut state = self.shared.lock();
        while state.queued_bytes >= HIGH {
            state.running()?;
            state = self.shared.wait(state);
        }
        state.running()
    }

    /// Where the recording stands, in µs from its beginning.
    pub fn position_us(&self) -> i64 {
        self.shared
            .lock()
            .times
            .map_or(0, |(first, last)| last.saturating_sub(first))
    }

    /// How far it is durable.
    pub fn committed(&self) -> Committed {
        self.shared.lock().committed
    }

    /// Waits until everything appended so far is durable, and returns how far that is.
    ///
    /// # Errors
    /// What ended the recording; what [`Recorder::committed`] says stays durable.
    pub fn commit(&self) -> Result<Committed> {
        let mut state = self.shared.lock();
        state.running()?;
        let pending = state.muxer.flush()?;
        state.enqueue(pending);
        let wanted = state.made;
        self.shared.notify();
        while state.committed.fragment < wanted {
            state = self.shared.wait(state);
            if let Phase::Failed(error) = &state.phase {
                return Err(error.clone());
            }
        }
        Ok(state.committed)
    }

    /// Ends the recording: the rest is made durable and the file sealed. Once more, it only says
    /// again how that went.
    ///
    /// # Errors
    /// What ended the recording before, or keeps it from being sealed; recovery completes what
    /// was committed.
    pub fn stop(&self) -> Result<Committed> {
        self.end(Phase::Closing);
        let state = self.shared.lock();
        match &state.phase {
            Phase::Failed(error) => Err(error.clone()),
            _ => Ok(state.committed),
        }
    }

    fn end(&self, phase: Phase) {
        // Held to the end: a second caller waits for the first one's outcome.
        let mut slot = self
            .committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(committer) = slot.take() else {
            return;
        };
        {
            let mut state = self.shared.lock();
            if state.phase == Phase::Running {
                if phase == Phase::Closing {
                    match state.muxer.finish() {
                        Ok(last) => {
                            state.enqueue(last);
                        }
                        Err(error) => state.phase = Phase::Failed(error.into()),
                    }
                }
                if state.phase == Phase::Running {
                    state.phase = phase;
                }
            }
        }
        self.shared.notify();
        if committer.join().is_err() {
            let mut state = self.shared.lock();
            if !matches!(state.phase, Phase::Failed(_)) {
                state.phase = Phase::Failed(Error::Internal("the committer does not panic"));
            }
        }
    }

    /// Dies as a killed process does: nothing is flushed, committed, sealed or journalled.
    #[cfg(test)]
    pub(crate) fn kill(&self) {
        self.end(Phase::Abandoned);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end(Phase::Closing);
    }
}

impl From<MuxError> for Error {
    fn from(error: MuxError) -> Self {
        Self::Media(error.code())
    }
}
