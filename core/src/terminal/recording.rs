//! A camera and what it records: a press of the button begins a recording, which is one clip or
//! more that follow each other without a gap.

use std::sync::{Arc, mpsc::Sender};

use super::{EvidenceItem, camera::Camera};
use crate::{
    Result,
    record::{FragmentCommitted, Pressure, RecordingEvent, Rotation, Track, samples::Sample},
};

/// What is recorded, and who wants to know of it.
#[derive(Debug, Clone, Default)]
pub struct RecordingSpec {
    /// No pictures: the clips are `audio/mp4`, and any frame may begin the next clip.
    pub audio_only: bool,
    /// How a player has to turn the picture.
    pub rotation: Rotation,
    /// Told of what happens to the recording; of every fragment, once it survives any kill and
    /// power cut.
    pub events: Option<Sender<RecordingEvent>>,
}

/// A mark that was made: this is what the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub clip: String,
    /// In µs from the clip's beginning.
    pub at_us: i64,
}

/// What a camera does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingPhase {
    /// The last seconds are in memory, and nowhere else.
    Standby,
    Recording,
    /// It was asked to stop and goes on for the policy's post-event time.
    Ending,
    /// An error ended the recording; asking for its outcome says which.
    Failed,
    /// It takes no more samples.
    Ended,
}

/// A camera, from [`Officer::start_recording`] (it records at once, and once) or
/// [`Officer::standby`] (it keeps the last seconds in memory until [`Recording::begin`], and does
/// so again after a recording).
///
/// Whoever appends never waits for the disk; everything else may. A recording that is running
/// goes on under a lock of the terminal: a lock keeps people out and ends nobody's evidence.
/// Wiping ends it. Dropping this ends it as [`Recording::finish`] does, but nobody learns how that
/// went.
///
/// [`Officer::start_recording`]: super::Officer::start_recording
/// [`Officer::standby`]: super::Officer::standby
#[derive(Debug)]
pub struct Recording {
    pub(super) camera: Arc<Camera>,
}

impl Recording {
    /// What it does now.
    pub fn phase(&self) -> RecordingPhase {
        self.camera.phase()
    }

    /// The clip that is being recorded. Samples are worked off behind the caller's back: the one
    /// that was appended last may begin the next clip. What is done with the clip of *that* says
    /// which it is: [`Recording::mark`], [`Recording::commit`].
    ///
    /// # Errors
    /// [`Error::RecordingEnded`] where nothing is.
    ///
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn clip(&self) -> Result<String> {
        self.camera.clip()
    }

    /// Sets up the video track: parameter sets of H.264 or H.265 in Annex-B form, before its first sample. The same
    /// once more changes nothing. Another one while it records begins a new clip with the next key
    /// frame; pictures before that are dropped, which the journal says. While it buffers, what
    /// came under another configuration goes.
    ///
    /// # Errors
    /// [`Error::Media`], [`Error::RecordingEnded`], what ended the recording.
    ///
    /// [`Error::Media`]: crate::Error::Media
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn configure_video(&self, annex_b: &[u8]) -> Result<()> {
        self.camera.configure_video(annex_b)
    }

    /// Sets up the audio track: the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), before its
    /// first sample. Another one while it records begins a new clip with the next key frame, to
    /// which what is heard before it belongs.
    ///
    /// # Errors
    /// As [`Recording::configure_video`].
    pub fn configure_audio(&self, config: &[u8]) -> Result<()> {
        self.camera.configure_audio(config)
    }

    /// Takes a sample: an H.264 or H.265 access unit in Annex-B form, in decoding order, or a raw AAC frame;
    /// `pts_us` is its presentation time on a clock that the tracks share. Copies it and returns;
    /// never waits for the disk. Sound that is muted is taken and not kept.
    ///
    /// # Errors
    /// [`Error::Media`] for a sample that cannot be taken (the recording goes on),
    /// [`Error::RecordingEnded`], or the storage error that ended the recording.
    ///
    /// [`Error::Media`]: crate::Error::Media
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn append(&self, track: Track, pts_us: i64, key: bool, data: &[u8]) -> Result<Pressure> {
        self.camera.append(&Sample {
            track,
            pts_us,
            key,
            data,
        })
    }

    /// Waits until the disk has caught up so far that the pressure is low.
    ///
    /// # Errors
    /// What ended the recording.
    pub fn wait_for_room(&self) -> Result<()> {
        self.camera.wait_for_room()
    }

    /// The press of the button: what is in the buffer is recorded, and everything from now on.
    /// When this returns, the clip and its journal entry are durable. Pressed while it records,
    /// it changes nothing; pressed in the post-event time, the recording goes on.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`], storage errors: nothing is recorded then, and the
    /// buffer stays. [`Error::RecordingEnded`] where it records only once.
    ///
    /// [`Error::NoDuty`]: crate::Error::NoDuty
    /// [`Error::Locked`]: crate::Error::Locked
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn begin(&self) -> Result<()> {
        self.camera.begin()
    }

    /// The officer presses to end it. Without a post-event time in the policy this is
    /// [`Recording::finish`]. With one it returns at once, with the clip as it is now: the
    /// recording goes on for so long, by the samples' times or where none come by the clock, and
    /// ends by itself ([`RecordingEvent::Ended`]). Once more, it changes nothing.
    ///
    /// # Errors
    /// As [`Recording::finish`].
    pub fn stop(&self) -> Result<EvidenceItem> {
        self.camera.stop()
    }

    /// Ends the recording now: seals its last clip, and gives it. A source that has no more
    /// samples calls this. After a recording that ended by itself, says how that went.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`] where there is none, or this was said before; what ended the
    /// recording, or keeps a clip from being sealed: recovery completes what was committed.
    ///
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn finish(&self) -> Result<EvidenceItem> {
        self.camera.finish()
    }

    /// From here on no sound is kept, or it is kept again. When this returns the journal says so;
    /// it ends with the recording.
    ///
    /// # Errors
    /// [`Error::PolicyForbids`], [`Error::RecordingEnded`], storage errors: nothing has changed
    /// then.
    ///
    /// [`Error::PolicyForbids`]: crate::Error::PolicyForbids
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn mute(&self, muted: bool) -> Result<()> {
        self.camera.mute(muted)
    }

    /// A mark at the time of the last sample. Marked clips leave first. It gives the clip that has
    /// the mark, which may be the first to be heard of a clip that began with that sample.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], storage errors.
    ///
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn mark(&self, label: &str) -> Result<Marked> {
        self.camera.mark(label)
    }

    /// Waits until everything appended so far is durable, and returns how far that is, in the clip
    /// that has the latest of it.
    ///
    /// # Errors
    /// What ended the recording; what was told durable before stays so.
    pub fn commit(&self) -> Result<FragmentCommitted> {
        self.camera.commit()
    }

    /// Makes durable what there is, and has the clip sealed with the next key frame, where the
    /// next clip begins. Waits for neither.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], what ended the recording.
    ///
    /// [`Error::RecordingEnded`]: crate::Error::RecordingEnded
    pub fn seal_early(&self) -> Result<()> {
        self.camera.seal_early()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.camera.shut();
    }
}
