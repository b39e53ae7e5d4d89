//! A raw H.264 or H.265 stream (Annex B of both). It has no times: pictures follow each other at
//! the rate that the stream states, in the order in which they are shown.

use std::fs::File;
use std::io::Read;

use custos_core::record::annexb::{self, nal_units};
use custos_core::record::sps::FrameTime;
use custos_core::record::{Rotation, VideoCodec, hevc};

use super::order::Line;
use super::{Camera, CameraError, CameraSample, MAX_SAMPLE, Source, VideoInfo};

/// Where the stream does not say: 30 pictures a second.
const USUAL: FrameTime = FrameTime {
    units: 1,
    scale: 30,
};

/// How far to look for the parameter sets.
const MAX_CONFIG: usize = 1 << 20;

const READ: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    codec: VideoCodec,
    /// What has been read and not given out, from a start code on.
    pending: Vec<u8>,
    at_end: bool,
    line: Line,
    position: u64,
}

pub(super) fn open(mut file: File, length: u64) -> Result<Camera, CameraError> {
    let (mut pending, mut position) = (Vec::new(), 0);
    let config = loop {
        let read = read_more(&mut file, &mut pending)?;
        position += read as u64;
        if let Some(config) = parameter_sets(&pending, read == 0) {
            break config;
        }
        if read == 0 || pending.len() > MAX_CONFIG {
            return Err(CameraError::Broken("its codec configuration is missing"));
        }
    };
    let video = VideoInfo::new(config, Rotation::None)?;
    let (codec, frame_time) = (video.codec, video.frame_time.unwrap_or(USUAL));
    if !nal_units(&pending).any(|unit| is_picture(codec, unit)) && pending.len() as u64 == length {
        return Err(CameraError::Empty);
    }
    let stream = Stream {
        file,
        codec,
        pending,
        at_end: false,
        line: Line::new(codec, frame_time),
        position,
    };
    Ok(Camera {
        video: Some(video),
        audio: None,
        samples: None,
        duration_us: None,
        length,
        source: Source::Stream(Box::new(stream)),
        ended: false,
    })
}

/// How many bytes came; none at the end of the file.
fn read_more(file: &mut File, pending: &mut Vec<u8>) -> Result<usize, CameraError> {
    Ok(file.take(READ as u64).read_to_end(pending)?)
}

/// The first parameter set of each kind, once they are complete.
fn parameter_sets(data: &[u8], at_end: bool) -> Option<Vec<u8>> {
    let mut units: Vec<&[u8]> = nal_units(data).collect();
    if !at_end {
        // The last one may not be all there yet.
        units.pop();
    }
    let first = |wanted: &dyn Fn(&[u8]) -> bool| units.iter().copied().find(|u| wanted(u));
    let h264 = |kind| first(&move |unit| annexb::nal_type(unit) == kind);
    let h265 = |kind| first(&move |unit| hevc::nal_type(unit) == Some(kind));
    let sets = match [h264(annexb::NAL_SPS), h264(annexb::NAL_PPS)] {
        [Some(sps), Some(pps)] => vec![sps, pps],
        _ => vec![
            h265(hevc::NAL_VPS)?,
            h265(hevc::NAL_SPS)?,
            h265(hevc::NAL_PPS)?,
        ],
    };
    let framed = sets.iter().map(|set| [&[0, 0, 0, 1], *set].concat());
    Some(framed.collect::<Vec<_>>().concat())
}

/// Slices of a primary coded picture, whole or partitioned (H.264 table 7-1), or slice segments
/// of the base layer (H.265 table 7-1).
fn is_picture(codec: VideoCodec, unit: &[u8]) -> bool {
    match codec {
        VideoCodec::H264 => matches!(annexb::nal_type(unit), 1 | 2 | annexb::NAL_IDR),
        VideoCodec::H265 => hevc::nal_type(unit).is_some_and(|kind| kind < 32),
    }
}

/// Decoding can begin at the picture.
fn is_key(codec: VideoCodec, unit: &[u8]) -> bool {
    match codec {
        VideoCodec::H264 => annexb::nal_type(unit) == annexb::NAL_IDR,
        VideoCodec::H265 => hevc::nal_type(unit)
            .is_some_and(|kind| (hevc::NAL_BLA_W_LP..=hevc::NAL_IRAP_LAST).contains(&kind)),
    }
}

/// Behind a picture, this can only belong to the next access unit (H.264 §7.4.1.2.3, H.265
/// §7.4.2.4.4).
fn begins(codec: VideoCodec, unit: &[u8]) -> bool {
    match codec {
        VideoCodec::H264 => match annexb::nal_type(unit) {
            // first_mb_in_slice is zero: its Exp-Golomb code is a single one.
            1 | 2 | annexb::NAL_IDR => unit.get(1).is_some_and(|b| b & 0x80 != 0),
            6..=9 | 14..=18 => true,
            _ => false,
        },
        VideoCodec::H265 => match hevc::nal_type(unit) {
            Some(0..=31) => unit.get(2).is_some_and(|b| b & 0x80 != 0),
            Some(32..=35 | 39 | 41..=44 | 48..=55) => true,
            _ => false,
        },
    }
}

impl Stream {
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn next_sample(&mut self) -> Result<Option<CameraSample>, CameraError> {
        loop {
            if let Some(sample) = self.line.pop() {
                return Ok(Some(sample));
            }
            if let Some(end) = self.access_unit() {
                let rest = self.pending.split_off(end);
                let data = std::mem::replace(&mut self.pending, rest);
                let codec = self.codec;
                if nal_units(&data).any(|unit| is_picture(codec, unit)) {
                    let key = nal_units(&data).any(|unit| is_key(codec, unit));
                    self.line.push(data, key);
                }
                continue;
            }
            if self.at_end {
                return Ok(self.line.drain());
            }
            if self.pending.len() as u64 > MAX_SAMPLE {
                return Err(CameraError::Broken("a picture has more than 16 MiB"));
            }
            let read = read_more(&mut self.file, &mut self.pending)?;
            self.position += read as u64;
            self.at_end = read == 0;
        }
    }

    /// Where the first access unit of what is pending ends. At the end of the file everything
    /// belongs to it.
    fn access_unit(&self) -> Option<usize> {
        let data = self.pending.as_slice();
        let mut picture = false;
        for unit in nal_units(data) {
            if picture && begins(self.codec, unit) {
                let at = unit.as_ptr() as usize - data.as_ptr() as usize;
                // Up to its start code, of which a fourth byte belongs to it as well.
                let code = if data[..at].ends_with(&[0, 0, 0, 1]) {
                    4
                } else {
                    3
                };
                return Some(at - code);
            }
            picture |= is_picture(self.codec, unit);
        }
        (self.at_end && !data.is_empty()).then_some(data.len())
    }
}
