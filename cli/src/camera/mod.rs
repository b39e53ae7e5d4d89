//! The desktop's camera: a media file's samples, as a phone's encoders would hand them over.
//!
//! A phone gives H.264 or H.265 access units in Annex-B form and raw AAC frames, one at a time,
//! each with a presentation time in microseconds and nothing else, and the codec configuration
//! first. This gives the same, from an MP4 file (plain or fragmented) or a raw H.264 or H.265
//! stream.
//!
//! Files come from anywhere, so that nothing in them is believed: every offset, count and length
//! is checked, and memory is bounded by what is really in the file.
//!
//! # Layout
//!
//! - [`Camera`]: opens a file, gives its samples in decoding order
//! - `boxes`: finding boxes; `track`: what a `trak` says; `table`: its samples;
//!   `fragments`: samples in `moof` boxes; `mp4`: all of it together
//! - `stream`: raw Annex-B files; `order`: in which order their pictures are shown

mod boxes;
mod fragments;
mod mp4;
mod order;
mod stream;
mod table;
mod track;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use custos_core::record::sps::FrameTime;
use custos_core::record::{AudioConfig, Rotation, Track, VideoCodec, VideoConfig};

/// Bytes of the largest sample taken in: what the recorder takes.
const MAX_SAMPLE: u64 = custos_core::record::mux::MAX_SAMPLE as u64;

/// Why a file cannot be used, or not any further.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    #[error("the media file cannot be read")]
    Io(#[from] io::Error),
    /// A sound file of a kind that is not recorded here.
    #[error("the media is not supported: {0}")]
    Unsupported(&'static str),
    /// The file contradicts itself, or ends too early. What was given before stays good.
    #[error("the media file is damaged: {0}")]
    Broken(&'static str),
    #[error("there are no samples in the media file")]
    Empty,
}

impl CameraError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "media-unreadable",
            Self::Unsupported(_) => "unsupported-media",
            Self::Broken(_) => "broken-media",
            Self::Empty => "empty-media",
        }
    }
}

/// The video track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoInfo {
    pub codec: VideoCodec,
    /// Parameter sets in Annex-B form.
    pub config: Vec<u8>,
    /// Duration of a picture, where the parameter sets say.
    pub frame_time: Option<FrameTime>,
    pub rotation: Rotation,
    /// Pixels, before rotation.
    pub width: u16,
    pub height: u16,
}

/// The audio track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioInfo {
    /// AudioSpecificConfig.
    pub config: Vec<u8>,
    /// Samples a second.
    pub rate: u32,
    pub channels: u16,
}

/// One encoded sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSample {
    pub track: Track,
    /// Presentation time in µs; may be negative.
    pub pts_us: i64,
    /// A decoder can begin here.
    pub key: bool,
    /// An Annex-B access unit, or a raw AAC frame.
    pub data: Vec<u8>,
}

/// An open media file.
#[derive(Debug)]
pub struct Camera {
    pub video: Option<VideoInfo>,
    pub audio: Option<AudioInfo>,
    /// How many samples there are, where the file says so beforehand.
    pub samples: Option<u64>,
    /// How long it is, in µs, where the file says so beforehand.
    pub duration_us: Option<i64>,
    /// Bytes in the file.
    pub length: u64,
    source: Source,
    ended: bool,
}

#[derive(Debug)]
enum Source {
    Mp4(Box<mp4::Mp4>),
    Stream(Box<stream::Stream>),
}

impl Camera {
    /// Opens a media file and reads its codec configuration.
    ///
    /// # Errors
    /// [`CameraError`]; [`CameraError::Empty`] if no sample can follow.
    pub fn open(path: &Path) -> Result<Self, CameraError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if is_annex_b(&mut file)? {
            return stream::open(file, length);
        }
        mp4::open(file, length)
    }

    /// The next sample in decoding order, the tracks interleaved by time; `None` at the end.
    ///
    /// # Errors
    /// [`CameraError::Broken`] or [`CameraError::Io`] where nothing sound follows; after an
    /// error comes the end.
    pub fn next_sample(&mut self) -> Result<Option<CameraSample>, CameraError> {
        if self.ended {
            return Ok(None);
        }
        let next = match &mut self.source {
            Source::Mp4(mp4) => mp4.next_sample(),
            Source::Stream(stream) => stream.next_sample(),
        };
        self.ended = !matches!(next, Ok(Some(_)));
        next
    }

    /// How many bytes of the file have been passed, for a progress bar.
    pub fn position(&self) -> u64 {
        match &self.source {
            Source::Mp4(mp4) => mp4.position(),
            Source::Stream(stream) => stream.position(),
        }
    }
}

impl VideoInfo {
    fn new(config: Vec<u8>, rotation: Rotation) -> Result<Self, CameraError> {
        let parsed = VideoConfig::new(&config, rotation)
            .map_err(|_| CameraError::Broken("its codec configuration cannot be read"))?;
        let (width, height) = parsed.size();
        Ok(Self {
            codec: parsed.codec(),
            frame_time: parsed.frame_time(),
            config,
            rotation,
            width,
            height,
        })
    }
}

impl AudioInfo {
    fn new(config: Vec<u8>) -> Result<Self, CameraError> {
        let parsed = AudioConfig::new(&config).map_err(|error| match error {
            custos_core::record::MuxError::UnsupportedAudio => {
                CameraError::Unsupported("its audio is not AAC-LC")
            }
            _ => CameraError::Broken("its AAC configuration cannot be read"),
        })?;
        Ok(Self {
            rate: parsed.rate(),
            channels: parsed.channels(),
            config,
        })
    }
}

/// A start code, and not an MP4 box with a 64-bit size (which begins with the same bytes).
fn is_annex_b(file: &mut File) -> Result<bool, CameraError> {
    let mut start = Vec::with_capacity(8);
    file.take(8).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let boxes: [&[u8]; 6] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"];
    Ok(start.starts_with(&[0, 0, 1])
        || start.starts_with(&[0, 0, 0, 1]) && !boxes.contains(&&start[4..]))
}
