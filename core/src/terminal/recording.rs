//! A recording: one press of the button, one or more clips that follow each other without a gap.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
};

use custos_protocol::journal::Event;

use super::{EvidenceItem, evidence, officer::Start};
use crate::{
    Error, Result,
    journal::{self, JournalContext},
    record::{Committed, Pressure, Recorder, Rotation, Track},
    vault::Vault,
};

/// What is recorded, and who wants to know of it.
#[derive(Debug, Clone, Default)]
pub struct RecordingSpec {
    /// No pictures: the clips are `audio/mp4`, and any frame may begin the next clip.
    pub audio_only: bool,
    /// How a player has to turn the picture.
    pub rotation: Rotation,
    /// Told of every fragment, once it survives any kill and power cut.
    pub events: Option<Sender<FragmentCommitted>>,
}

/// A fragment that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentCommitted {
    pub clip: String,
    /// Durable fragments of the clip.
    pub fragment: u32,
    /// Where the last of them ends, in µs from the clip's beginning.
    pub end_us: i64,
}

/// A running recording. Dropping it ends it as [`Recording::stop`] does, but nobody learns how
/// that went.
#[derive(Debug)]
pub struct Recording {
    pub(super) vault: Arc<Vault>,
    pub(super) start: Start,
    spec: RecordingSpec,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Shared, so that whoever waits for the disk does not hold the lock that `append` needs.
    current: Option<Arc<Recorder>>,
    /// Clips before the current one, that are being sealed.
    sealing: Vec<JoinHandle<Result<()>>>,
    video: Option<Vec<u8>>,
    audio: Option<Vec<u8>>,
    /// Presentation time of the current clip's first sample.
    began_us: Option<i64>,
    bytes: u64,
}

impl State {
    fn current(&self) -> Result<Arc<Recorder>> {
        self.current.clone().ok_or(Error::RecordingEnded)
    }
}

impl Recording {
    pub(super) fn start(vault: Arc<Vault>, start: Start, spec: RecordingSpec) -> Result<Self> {
        let state = State {
            current: Some(Arc::new(begin(&vault, &start, &spec)?)),
            sealing: Vec::new(),
            video: None,
            audio: None,
            began_us: None,
            bytes: 0,
        };
        Ok(Self {
            vault,
            start,
            spec,
            state: Mutex::new(state),
        })
    }

    /// The clip that is being recorded.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`].
    pub fn clip(&self) -> Result<String> {
        Ok(self.lock().current()?.clip().to_owned())
    }

    /// Sets up the video track: SPS and PPS of H.264 or VPS, SPS and PPS of H.265, in Annex-B
    /// form, before its first sample.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::RecordingEnded`], what ended the recording.
    pub fn configure_video(&self, annex_b: &[u8]) -> Result<()> {
        let mut state = self.lock();
        state
            .current()?
            .configure_video(annex_b, self.spec.rotation)?;
        state.video = Some(annex_b.to_vec());
        Ok(())
    }

    /// Sets up the audio track: the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), before its
    /// first sample.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::RecordingEnded`], what ended the recording.
    pub fn configure_audio(&self, config: &[u8]) -> Result<()> {
        let mut state = self.lock();
        state.current()?.configure_audio(config)?;
        state.audio = Some(config.to_vec());
        Ok(())
    }

    /// Takes a sample: an H.264 or H.265 access unit in Annex-B form, in decoding order, or a raw
    /// AAC frame; `pts_us` is its presentation time on a clock that the tracks share. Copies it and
    /// returns; never waits for the disk.
    ///
    /// # Errors
    /// [`Error::Media`] for a sample that cannot be taken (the recording goes on),
    /// [`Error::RecordingEnded`], or the storage error that ended the recording.
    pub fn append(&self, track: Track, pts_us: i64, key: bool, data: &[u8]) -> Result<Pressure> {
        let mut state = self.lock();
        let may_begin = if self.spec.audio_only {
            true
        } else {
            track == Track::Video && key
        };
        if may_begin && self.is_full(&state, pts_us) {
            self.rotate(&mut state)?;
        }
        let pressure = state.current()?.append(track, pts_us, key, data)?;
        state.began_us.get_or_insert(pts_us);
        state.bytes = state.bytes.saturating_add(data.len() as u64);
        Ok(pressure)
    }

    /// Waits until the disk has caught up so far that the pressure is low.
    ///
    /// # Errors
    /// What ended the recording.
    pub fn wait_for_room(&self) -> Result<()> {
        let recorder = self.lock().current()?;
        recorder.wait_for_room()
    }

    /// A mark at the time of the last sample. Marked clips leave first.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], storage errors.
    pub fn mark(&self, label: &str) -> Result<()> {
        let (clip, at_us) = {
            let state = self.lock();
            let recorder = state.current()?;
            (recorder.clip().to_owned(), recorder.position_us())
        };
        let origin = &self.start.origin;
        self.vault.write(|tx| {
            let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
            tx.execute(
                "UPDATE evidence SET marked = marked + 1, marked_ms = ?2 WHERE clip = ?1",
                (&clip, context.time.time_ms),
            )?;
            let event = Event::Mark {
                clip: clip.clone(),
                at_us,
                label: label.to_owned(),
            };
            journal::append(tx, &context, event).map(drop)
        })
    }

    /// Waits until everything appended so far is durable, and returns how far that is.
    ///
    /// # Errors
    /// What ended the recording; what was told durable before stays so.
    pub fn commit(&self) -> Result<Committed> {
        let recorder = self.lock().current()?;
        recorder.commit()
    }

    /// Ends the recording: seals its last clip, and gives it.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`] the second time; what ended the recording before, or keeps a
    /// clip from being sealed: recovery completes what was committed.
    pub fn stop(&self) -> Result<EvidenceItem> {
        let (recorder, sealing) = {
            let mut state = self.lock();
            let recorder = state.current.take().ok_or(Error::RecordingEnded)?;
            (recorder, mem::take(&mut state.sealing))
        };
        let clip = recorder.clip().to_owned();
        let last = recorder.stop().map(drop);
        let earlier = sealing.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or(Err(Error::Internal("sealing ends without a panic")))
        });
        earlier.fold(last, Result::and)?;
        self.finish_sheet();
        self.vault
            .read(|c| evidence::find(c, &self.start.origin.officer, &clip))
    }

    fn is_full(&self, state: &State, pts_us: i64) -> bool {
        let length_us = i64::from(self.start.clip_max_s) * 1_000_000;
        let long = state
            .began_us
            .is_some_and(|began| pts_us.saturating_sub(began) >= length_us);
        long || state.bytes >= self.start.clip_max_bytes
    }

    /// The next clip begins before the last one ends; sealing that one happens beside.
    fn rotate(&self, state: &mut State) -> Result<()> {
        state.current()?;
        let next = begin(&self.vault, &self.start, &self.spec)?;
        if let Some(video) = &state.video {
            next.configure_video(video, self.spec.rotation)?;
        }
        if let Some(audio) = &state.audio {
            next.configure_audio(audio)?;
        }
        (state.began_us, state.bytes) = (None, 0);
        if let Some(full) = state.current.replace(Arc::new(next)) {
            let seal = thread::Builder::new().name("custos-seal".to_owned());
            state
                .sealing
                .push(seal.spawn(move || full.stop().map(drop))?);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves a state that says what it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin(vault: &Arc<Vault>, start: &Start, spec: &RecordingSpec) -> Result<Recorder> {
    let mut origin = start.origin.clone();
    origin.media = if spec.audio_only {
        "audio/mp4"
    } else {
        "video/mp4"
    };
    let fragment_us = i64::from(start.fragment_ms) * 1_000;
    let (told, events) = match spec.events {
        Some(_) => {
            let (sender, receiver) = mpsc::channel();
            (Some(sender), Some(receiver))
        }
        None => (None, None),
    };
    let recorder = Recorder::begin(vault.clone(), origin, &start.recipients, fragment_us, told)?;
    if let (Some(receiver), Some(sender)) = (events, spec.events.clone()) {
        let clip = recorder.clip().to_owned();
        // Ends with the clip's committer, which holds the other end.
        thread::Builder::new()
            .name("custos-events".to_owned())
            .spawn(move || {
                for Committed { fragment, end_us } in receiver {
                    let event = FragmentCommitted {
                        clip: clip.clone(),
                        fragment,
                        end_us,
                    };
                    if sender.send(event).is_err() {
                        break;
                    }
                }
            })?;
    }
    Ok(recorder)
}
