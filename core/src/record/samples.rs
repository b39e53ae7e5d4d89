//! Samples on their way from whoever appends them to the committer: blocks of memory that are
//! filled by the one, emptied by the other without a lock, and used again.

mod block;
mod queue;

use super::annexb;
use super::codec::{AudioConfig, VideoCodec, VideoConfig};
use super::hevc;
use super::mux::{MAX_SAMPLE, MuxError, Track};

pub(crate) use block::Block;
pub(crate) use queue::{BLOCK, Pool, Queue};

/// The codec configuration of both tracks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Setup {
    pub(crate) video: Option<VideoConfig>,
    pub(crate) audio: Option<AudioConfig>,
}

/// Which tracks there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tracks {
    pub(crate) video: bool,
    pub(crate) audio: bool,
}

impl Tracks {
    /// Whether a decoder, and with it a clip, can begin at a sample: at a key picture, and where
    /// there are no pictures at any frame of sound.
    pub(super) fn begins_at(self, track: Track, key: bool) -> bool {
        match track {
            Track::Video => key,
            Track::Audio => !self.video,
        }
    }
}

impl Setup {
    pub(crate) fn tracks(&self) -> Tracks {
        Tracks {
            video: self.video.is_some(),
            audio: self.audio.is_some(),
        }
    }

    /// Whether pictures after this key picture may refer to what was before it.
    pub(super) fn begins_open_gop(&self, sample: &Sample<'_>) -> bool {
        let h265 = |video: &VideoConfig| video.codec() == VideoCodec::H265;
        sample.track == Track::Video
            && self.video.as_ref().is_some_and(h265)
            && hevc::is_cra(sample.data)
    }
}

/// One encoded sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) track: Track,
    pub(crate) pts_us: i64,
    pub(crate) key: bool,
    pub(crate) data: &'a [u8],
}

impl Sample<'_> {
    /// Refuses what no clip can take.
    ///
    /// # Errors
    /// [`MuxError`]; the recording can go on.
    #[inline]
    pub(crate) fn check(&self, has: Tracks) -> Result<(), MuxError> {
        let (configured, whole) = match self.track {
            Track::Video => (has.video, is_access_unit(self.data)),
            Track::Audio => (has.audio, !self.data.is_empty()),
        };
        if configured && whole && self.data.len() <= MAX_SAMPLE {
            return Ok(());
        }
        Err(if self.data.len() > MAX_SAMPLE {
            MuxError::SampleTooLarge
        } else if !configured {
            MuxError::NotConfigured
        } else {
            MuxError::BadSample
        })
    }
}

/// Whether there is a NAL unit. It begins at the beginning in all that encoders give, so that
/// nothing more is looked at.
fn is_access_unit(data: &[u8]) -> bool {
    let has_unit = |data| annexb::nal_units(data).next().is_some();
    has_unit(&data[..data.len().min(64)]) || has_unit(data)
}
