//! The clips of one recording, one after the other: what the committer makes of samples.
//!
//! A clip ends at its full length or size, where the configuration changes, or where somebody
//! wants it sealed early; always at a sample where decoding can begin, which is the first of the
//! next clip. Every sample is in exactly one clip.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use custos_protocol::journal::Event;

use super::clip::{Beginning, Clip, Committed, Notes};
use super::events::{FragmentCommitted, RecordingEvent};
use super::extent::Extent;
use super::mux::{Fragment, Muxer, Track};
use super::plan::Plan;
use super::samples::{Block, Queue, Sample, Setup};
use crate::device::room::Watch;
use crate::vault::Vault;
use crate::{Error, Result};

/// So much is committed at once where a lot waits.
const GROUP: usize = 4 << 20;

/// Bytes of sound that wait for a key picture; more of it does not wait any longer.
const MOST_HELD: usize = 4 << 20;

/// Where no picture has come for so long, sound alone can begin a clip.
const NO_PICTURES_US: i64 = 10_000_000;

#[cfg(test)]
pub(super) const DIED: Error = Error::Internal("killed by a test");

/// See the module.
#[derive(Debug)]
pub(super) struct Clips {
    pub(super) vault: Arc<Vault>,
    pub(super) plan: Arc<Plan>,
    pub(super) watch: Watch,
    clip: Clip,
    muxer: Muxer,
    /// What the muxer is set up for.
    setup: Arc<Setup>,
    /// Fragments that are not durable yet.
    pub(super) fragments: Vec<Fragment>,
    extent: Extent,
    /// Sound of the next clip that came before its first picture.
    held: Queue,
    seal_early: bool,
    last_progress: Option<Instant>,
    /// Something was committed since.
    unproved: bool,
    told_repaired: u64,
    /// Samples that were dropped, and that the journal has not been told of.
    dropped: u64,
    /// What kept an earlier clip from being sealed.
    trouble: Option<Error>,
    #[cfg(test)]
    pub(super) dies_at: Option<&'static str>,
}

impl Clips {
    pub(super) fn new(vault: Arc<Vault>, plan: Arc<Plan>, clip: Clip, queue: &Queue) -> Self {
        Self {
            vault,
            clip,
            watch: Watch::new(plan.storage.clone()),
            muxer: Muxer::new(plan.fragment_us),
            plan,
            setup: Arc::default(),
            fragments: Vec::new(),
            extent: Extent::default(),
            held: Queue::new(Arc::default(), queue.pool()),
            seal_early: false,
            last_progress: None,
            unproved: false,
            told_repaired: 0,
            dropped: 0,
            trouble: None,
            #[cfg(test)]
            dies_at: None,
        }
    }

    pub(super) fn clip(&self) -> &str {
        self.clip.name()
    }

    pub(super) fn committed(&self) -> Committed {
        self.clip.committed()
    }

    /// The latest sample, in µs from the clip's beginning.
    pub(super) fn at_us(&self) -> i64 {
        self.muxer.position_us()
    }

    /// When the fragment that is being filled began.
    pub(super) fn filling_since_us(&self) -> Option<i64> {
        self.extent.fragment_us
    }

    /// When the journal has to be told how far the clip is.
    pub(super) fn progress_due(&self) -> Option<Instant> {
        Some(self.last_progress.filter(|_| self.unproved)? + self.plan.progress)
    }

    pub(super) fn add_dropped(&mut self, count: u64) {
        self.dropped += count;
    }

    /// Takes the samples of a block. `newest_us`: the latest that there is, here or behind it.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn take(&mut self, block: &Block, newest_us: i64) -> Result<()> {
        let setup = block.setup();
        self.adopt(setup);
        self.seal_early |= block.cut() && self.extent.first_us.is_some();
        for sample in block.samples() {
            let begins =
                setup.tracks().begins_at(sample.track, sample.key) || self.has_no_pictures(&sample);
            if begins && self.wants_next(setup, &sample) {
                self.next_clip(setup, newest_us.saturating_sub(sample.pts_us))?;
            }
            if self.fits(setup, sample.track) {
                self.place(&sample);
            } else if sample.track == Track::Audio {
                self.hold(setup, &sample, newest_us)?;
            } else {
                self.dropped += 1;
            }
            if self.waiting() >= GROUP {
                self.commit()?;
            }
        }
        Ok(())
    }

    /// The clip is of this configuration from here on, if it can still be.
    fn adopt(&mut self, setup: &Arc<Setup>) {
        if Arc::ptr_eq(&self.setup, setup) {
            return;
        }
        let Setup { video, audio } = setup.as_ref();
        let can = video.as_ref().is_none_or(|v| self.muxer.takes_video(v))
            && audio.as_ref().is_none_or(|a| self.muxer.takes_audio(a));
        if can {
            self.set_up(setup);
        }
    }

    fn set_up(&mut self, setup: &Arc<Setup>) {
        // Both were asked for, or the muxer is new.
        if let Some(video) = &setup.video {
            let _ = self.muxer.configure_video(video.clone());
        }
        if let Some(audio) = &setup.audio {
            let _ = self.muxer.configure_audio(audio.clone());
        }
        self.setup = Arc::clone(setup);
    }

    /// Whether the clip can take a sample of this configuration.
    fn fits(&self, setup: &Arc<Setup>, track: Track) -> bool {
        Arc::ptr_eq(&self.setup, setup)
            || match track {
                Track::Video => self.setup.video == setup.video,
                Track::Audio => self.setup.audio == setup.audio,
            }
    }

    fn has_no_pictures(&self, sample: &Sample<'_>) -> bool {
        let since = self.extent.picture_us.or(self.extent.first_us);
        sample.track == Track::Audio
            && since.is_some_and(|us| sample.pts_us.saturating_sub(us) > NO_PICTURES_US)
    }

    fn wants_next(&mut self, setup: &Arc<Setup>, sample: &Sample<'_>) -> bool {
        let Some(first_us) = self.extent.first_us else {
            return false;
        };
        if self.seal_early || !Arc::ptr_eq(&self.setup, setup) {
            return true;
        }
        let full = sample.pts_us.saturating_sub(first_us) >= self.plan.clip_max_us
            || self.extent.bytes >= self.plan.clip_max_bytes;
        // Players of the next clip would skip its leading pictures, which refer to this one.
        full && !(setup.begins_open_gop(sample) && self.extent.can_wait(sample.pts_us))
    }

    fn place(&mut self, sample: &Sample<'_>) {
        let Sample {
            track,
            pts_us,
            key,
            data,
        } = *sample;
        match self.muxer.push(track, pts_us, key, data) {
            Ok(finished) => {
                self.extent.add(sample, finished.is_some());
                self.fragments.extend(finished);
            }
            // It was looked at when it was appended; still, one sample does not end a recording.
            Err(_) => self.dropped += 1,
        }
    }

    /// Sound that the clip cannot take waits for the next one's first picture.
    fn hold(&mut self, setup: &Arc<Setup>, sample: &Sample<'_>, newest_us: i64) -> Result<()> {
        self.held.configure(Arc::clone(setup));
        self.held.push(sample);
        if self.held.bytes() > MOST_HELD {
            self.next_clip(setup, newest_us.saturating_sub(sample.pts_us))?;
        }
        Ok(())
    }

    pub(super) fn waiting(&self) -> usize {
        self.fragments.iter().map(Fragment::bytes).sum()
    }

    /// Ends the fragment that is being filled.
    pub(super) fn flush(&mut self) {
        // It fails only with more fragments than a file can have.
        self.fragments.extend(self.muxer.flush().unwrap_or(None));
        self.extent.fragment_us = None;
    }

    /// Makes durable what is in finished fragments, and tells the journal what it has to know.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn commit(&mut self) -> Result<()> {
        let soon = 2 * Duration::from_micros(self.plan.fragment_us.unsigned_abs());
        let progress = self
            .last_progress
            .is_none_or(|last| last.elapsed() + soon > self.plan.progress)
            && (self.unproved || !self.fragments.is_empty());
        // Not every moved timestamp needs an entry of its own.
        let notes = self.notes(progress, progress);
        self.commit_with(notes)
    }

    fn notes(&self, progress: bool, repaired: bool) -> Notes {
        Notes {
            progress,
            repaired: if repaired {
                self.muxer.repaired() - self.told_repaired
            } else {
                0
            },
            dropped: self.dropped,
            storage: None,
            coding: None,
        }
    }

    fn commit_with(&mut self, mut notes: Notes) -> Result<()> {
        let asked = self.ask_for_room();
        self.dropped += asked.lost;
        notes.dropped += asked.lost;
        notes.storage = asked.event;
        if self.fragments.is_empty() && notes.is_empty() {
            return Ok(());
        }
        let mut each = self.clip.committed();
        if each.fragment == 0 && !self.fragments.is_empty() {
            notes.coding = Some(self.muxer.coding());
        }
        self.clip.commit(&mut self.fragments, &notes)?;
        self.told_repaired += notes.repaired;
        self.dropped -= notes.dropped;
        self.unproved |= !self.fragments.is_empty();
        if notes.progress {
            (self.last_progress, self.unproved) = (Some(Instant::now()), false);
        }
        for fragment in self.fragments.drain(..) {
            each.fragment += 1;
            each.end_us = each.end_us.max(fragment.end_us);
            self.plan.tell(RecordingEvent::Committed(FragmentCommitted {
                clip: self.clip.name().to_owned(),
                fragment: each.fragment,
                end_us: each.end_us,
            }));
            self.muxer.recycle(fragment);
        }
        if asked.last {
            return Err(Error::Full);
        }
        Ok(())
    }

    /// Everything that came is durable after this; only the seal is missing.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn finish(&mut self) -> Result<()> {
        if !self.held.is_empty() {
            // No picture came any more that it could have waited for.
            let setup = Arc::clone(self.held.setup());
            self.next_clip(&setup, 0)?;
        }
        self.finish_clip()
    }

    fn finish_clip(&mut self) -> Result<()> {
        self.fragments.extend(self.muxer.finish().unwrap_or(None));
        let notes = self.notes(false, true);
        self.commit_with(notes)
    }

    /// The clip ends here and another one begins, which is of this configuration. Its first
    /// sample came `ago_us` before the latest.
    fn next_clip(&mut self, setup: &Arc<Setup>, ago_us: i64) -> Result<()> {
        self.finish_clip()?;
        self.step("finished")?;
        let name = self.clip.name().to_owned();
        let beginning = Beginning {
            previous: Some(&name),
            ago_us,
            ..self.plan.first(0)
        };
        let next = Clip::begin(self.vault.clone(), &beginning)?;
        self.step("begun")?;
        let last = mem::replace(&mut self.clip, next);
        if let Err(error) = self.seal_clip(last) {
            // The next one may fare better; that this one is not sealed is told at the end.
            self.trouble.get_or_insert(error);
        }
        self.step("sealed")?;
        let mut muxer = Muxer::new(self.plan.fragment_us);
        muxer.inherit(&mut self.muxer);
        self.muxer = muxer;
        self.set_up(setup);
        self.extent = Extent::default();
        self.seal_early = false;
        (self.last_progress, self.unproved, self.told_repaired) = (None, false, 0);
        let held = self.held.replace();
        for sample in held.samples() {
            if held.setup().audio == setup.audio {
                self.place(&sample);
            } else {
                self.dropped += 1;
            }
        }
        Ok(())
    }

    fn seal_clip(&self, clip: Clip) -> Result<()> {
        let name = clip.name().to_owned();
        match clip.seal() {
            Ok(bytes) => {
                self.plan.tell(RecordingEvent::Sealed { clip: name, bytes });
                Ok(())
            }
            Err(error) => {
                self.plan.tell(RecordingEvent::ClipFailed {
                    clip: name,
                    error: error.clone(),
                });
                Err(error)
            }
        }
    }

    /// Seals the last clip.
    ///
    /// # Errors
    /// What keeps it from being sealed, or kept an earlier one.
    pub(super) fn seal(mut self) -> Result<()> {
        let trouble = self.trouble.take();
        let name = self.clip.name().to_owned();
        let plan = Arc::clone(&self.plan);
        let sealed = self.clip.seal();
        match sealed {
            Ok(bytes) => plan.tell(RecordingEvent::Sealed { clip: name, bytes }),
            Err(error) => {
                plan.tell(RecordingEvent::ClipFailed {
                    clip: name,
                    error: error.clone(),
                });
                return Err(error);
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// After an error: the clip is sealed where it stands, if that is still possible.
    pub(super) fn give_up(self, error: &Error) {
        let name = self.clip.name().to_owned();
        match self.clip.give_up(error) {
            Ok(bytes) => self.plan.tell(RecordingEvent::Sealed { clip: name, bytes }),
            Err(error) => self
                .plan
                .tell(RecordingEvent::ClipFailed { clip: name, error }),
        }
    }

    /// Reminds whoever holds the terminal that it records, and says so in the journal.
    pub(super) fn remind(&self) {
        let (clip, at_us) = (self.clip.name().to_owned(), self.at_us());
        let event = Event::Reminded {
            clip: clip.clone(),
            at_us,
        };
        // A journal that cannot be written will end the recording at the next commit.
        let _ = self.clip.journal(event);
        self.plan.tell(RecordingEvent::Reminder { clip, at_us });
    }

    #[cfg_attr(
        not(test),
        expect(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "a place for a test to kill at"
        )
    )]
    fn step(&self, _name: &'static str) -> Result<()> {
        #[cfg(test)]
        if self.dies_at == Some(_name) {
            return Err(DIED);
        }
        Ok(())
    }
}
