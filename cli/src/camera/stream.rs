//! A raw H.264 stream (ITU-T H.264 Annex B). It has no times: pictures follow each other at a
//! constant rate, in the order in which they are coded.

use std::fs::File;
use std::io::Read;

use custos_core::record::annexb::{NAL_IDR, NAL_PPS, NAL_SPS, nal_type, nal_units};
use custos_core::record::{Rotation, Track};

use super::{Camera, CameraError, CameraSample, MAX_SAMPLE, Source, VideoInfo};

/// Pictures a second.
const RATE: i64 = 30;

/// How far to look for the parameter sets.
const MAX_CONFIG: usize = 1 << 20;

const READ: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Stream {
    file: File,
    /// What has been read and not given out, from a start code on.
    pending: Vec<u8>,
    at_end: bool,
    given: i64,
    position: u64,
}

pub(super) fn open(file: File, length: u64) -> Result<Camera, CameraError> {
    let mut stream = Stream {
        file,
        pending: Vec::new(),
        at_end: false,
        given: 0,
        position: 0,
    };
    let config = loop {
        let more = stream.read_more()?;
        if let Some(config) = parameter_sets(&stream.pending, stream.at_end) {
            break config;
        }
        if !more || stream.pending.len() > MAX_CONFIG {
            return Err(CameraError::Broken("its H.264 configuration is missing"));
        }
    };
    let video = VideoInfo::new(config, Rotation::None)?;
    if !nal_units(&stream.pending).any(is_slice) && stream.pending.len() as u64 == length {
        return Err(CameraError::Empty);
    }
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

/// The first SPS and PPS, once they are complete.
fn parameter_sets(data: &[u8], at_end: bool) -> Option<Vec<u8>> {
    let mut units: Vec<&[u8]> = nal_units(data).collect();
    if !at_end {
        // The last one may not be all there yet.
        units.pop();
    }
    let mut config = Vec::new();
    for wanted in [NAL_SPS, NAL_PPS] {
        let unit = units.iter().find(|u| nal_type(u) == wanted)?;
        config.extend_from_slice(&[0, 0, 0, 1]);
        config.extend_from_slice(unit);
    }
    Some(config)
}

/// Slices of a primary coded picture, whole or partitioned (table 7-1).
fn is_slice(unit: &[u8]) -> bool {
    matches!(nal_type(unit), 1 | 2 | NAL_IDR)
}

impl Stream {
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// `false` at the end of the file.
    fn read_more(&mut self) -> Result<bool, CameraError> {
        let read = (&mut self.file)
            .take(READ as u64)
            .read_to_end(&mut self.pending)?;
        self.position += read as u64;
        self.at_end = read == 0;
        Ok(read > 0)
    }

    pub(super) fn next_sample(&mut self) -> Result<Option<CameraSample>, CameraError> {
        loop {
            if let Some(end) = access_unit(&self.pending, self.at_end) {
                let rest = self.pending.split_off(end);
                let data = std::mem::replace(&mut self.pending, rest);
                if !nal_units(&data).any(is_slice) {
                    continue;
                }
                let key = nal_units(&data).any(|u| nal_type(u) == NAL_IDR);
                let pts_us = self.given * 1_000_000 / RATE;
                self.given += 1;
                return Ok(Some(CameraSample {
                    track: Track::Video,
                    pts_us,
                    key,
                    data,
                }));
            }
            if self.at_end {
                return Ok(None);
            }
            if self.pending.len() as u64 > MAX_SAMPLE {
                return Err(CameraError::Broken("a picture has more than 16 MiB"));
            }
            self.read_more()?;
        }
    }
}

/// Where the first access unit of `data` ends (§7.4.1.2.3): before the first NAL unit after its
/// picture that can only belong to the next one. At the end of the file everything belongs to it.
fn access_unit(data: &[u8], at_end: bool) -> Option<usize> {
    let mut picture = false;
    for unit in nal_units(data) {
        let begins = match nal_type(unit) {
            // first_mb_in_slice is zero: its Exp-Golomb code is a single one.
            1 | 2 | NAL_IDR => unit.get(1).is_some_and(|b| b & 0x80 != 0),
            6..=9 | 14..=18 => true,
            _ => false,
        };
        if picture && begins {
            let at = unit.as_ptr() as usize - data.as_ptr() as usize;
            // Up to its start code, of which a fourth byte belongs to it as well.
            let code = if data[..at].ends_with(&[0, 0, 0, 1]) {
                4
            } else {
                3
            };
            return Some(at - code);
        }
        picture |= is_slice(unit);
    }
    (at_end && !data.is_empty()).then_some(data.len())
}
