//! What one call of the fast path carries, checked before anything is read.

use std::ops::Range;

/// `MediaCodec.BUFFER_FLAG_KEY_FRAME`: decoding can start at this sample.
const KEY: i32 = 1;
/// `MediaCodec.BUFFER_FLAG_CODEC_CONFIG`: parameter sets (Annex B) of H.264 or H.265, which tell
/// themselves apart, or an AudioSpecificConfig.
const CONFIG: i32 = 2;

/// Why a sample was not taken. Each becomes an exception of its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No buffer at all.
    NullBuffer,
    /// A buffer on the JVM's heap, which may move while it is read.
    HeapBuffer,
    /// Empty, negative, or reaching past the buffer.
    Range,
    /// A track or flag that has no meaning here.
    Kind,
    /// The recording has ended, or there never was one.
    Closed,
    /// What was opened does not give its bytes: the stable word of its error.
    Reader(&'static str),
    /// The recorder refused it: the stable word of its error.
    Recorder(&'static str),
}

/// How far the disk is behind, as `FastPath` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Pressure {
    Low = 0,
    /// A source that can wait should.
    High = 1,
    /// The sample was dropped; the journal will say so.
    Dropped = 2,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    VideoConfig,
    AudioConfig,
    Video { key: bool },
    Audio,
}

impl Kind {
    /// `track`: 0 video, 1 audio; `flags`: those of `MediaCodec.BufferInfo`.
    pub(crate) fn of(track: i32, flags: i32) -> Result<Self, Refusal> {
        if flags & !(KEY | CONFIG) != 0 {
            return Err(Refusal::Kind);
        }
        match (track, flags & CONFIG != 0) {
            (0, true) => Ok(Self::VideoConfig),
            (1, true) => Ok(Self::AudioConfig),
            (0, false) => Ok(Self::Video {
                key: flags & KEY != 0,
            }),
            // Every AAC frame is one that decoding can start at; encoders differ in saying so.
            (1, false) => Ok(Self::Audio),
            _ => Err(Refusal::Kind),
        }
    }
}

/// The bytes `offset..offset + size` of a buffer of `capacity` bytes, if it has them and they are
/// not none.
pub(crate) fn range(capacity: usize, offset: i32, size: i32) -> Result<Range<usize>, Refusal> {
    let start = usize::try_from(offset).map_err(|_| Refusal::Range)?;
    let size = usize::try_from(size).map_err(|_| Refusal::Range)?;
    let end = start.checked_add(size).ok_or(Refusal::Range)?;
    if size == 0 || end > capacity {
        Err(Refusal::Range)
    } else {
        Ok(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_within_its_buffer() {
        assert_eq!(range(10, 0, 10), Ok(0..10));
        assert_eq!(range(10, 9, 1), Ok(9..10));
        for (capacity, offset, size) in [
            (10, 0, 11),
            (10, 10, 1),
            (10, -1, 1),
            (10, 0, -1),
            (10, 0, 0),
            (10, i32::MAX, i32::MAX),
            (10, i32::MIN, i32::MIN),
            (0, 0, 1),
        ] {
            assert_eq!(
                range(capacity, offset, size),
                Err(Refusal::Range),
                "{capacity} {offset} {size}"
            );
        }
    }

    #[test]
    fn flags_are_those_of_a_codec() {
        assert_eq!(Kind::of(0, 0), Ok(Kind::Video { key: false }));
        assert_eq!(Kind::of(0, 1), Ok(Kind::Video { key: true }));
        assert_eq!(Kind::of(0, 2), Ok(Kind::VideoConfig));
        assert_eq!(Kind::of(1, 1), Ok(Kind::Audio));
        assert_eq!(Kind::of(1, 2), Ok(Kind::AudioConfig));
        for (track, flags) in [(2, 0), (-1, 0), (0, 4), (1, i32::MIN)] {
            assert_eq!(
                Kind::of(track, flags),
                Err(Refusal::Kind),
                "{track} {flags}"
            );
        }
    }
}
