//! A camera with a microphone, and what is in the clips that are made of it.

use std::{
    fs::File,
    io::{BufReader, Read as _},
};

use custos_core::{
    Error, Recording,
    record::{Pressure, Track},
};

use crate::{
    common::{Scene, media},
    demux::{self, demux},
};

/// AAC-LC, 48 kHz, stereo.
const SOUND: &[u8] = &[0x11, 0x90];
pub(crate) const PICTURE_US: i64 = 40_000;

/// The sample over and over: pictures with groups of two seconds, and a frame of sound beside each.
pub(crate) struct Camera {
    units: Vec<(bool, Vec<u8>)>,
    pub(crate) next: usize,
}

impl Camera {
    pub(crate) fn new(recording: &Recording) -> Self {
        let (config, units) = media::video();
        recording.configure_video(&config).unwrap();
        recording.configure_audio(SOUND).unwrap();
        Self { units, next: 0 }
    }

    pub(crate) fn unit(&self, number: usize) -> &(bool, Vec<u8>) {
        &self.units[number % self.units.len()]
    }

    pub(crate) fn feed(&mut self, recording: &Recording, count: usize) {
        for _ in 0..count {
            let _ = self.step(recording).unwrap();
        }
    }

    pub(crate) fn step(&mut self, recording: &Recording) -> Result<Pressure, Error> {
        let pts_us = self.next as i64 * PICTURE_US;
        let (key, unit) = self.unit(self.next);
        let _ = recording.append(
            Track::Audio,
            pts_us,
            true,
            &(self.next as u64).to_be_bytes(),
        )?;
        let taken = recording.append(Track::Video, pts_us, *key, unit);
        self.next += 1;
        taken
    }

    /// These pictures as they are in a file: lengths instead of start codes.
    pub(crate) fn stored(&self, numbers: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
        let stored = |number| {
            custos_core::record::annexb::nal_units(&self.unit(number).1)
                .filter(|nal| !is_parameter_set(nal))
                .flat_map(|nal| [&(nal.len() as u32).to_be_bytes(), nal].concat())
                .collect()
        };
        numbers.into_iter().map(stored).collect()
    }
}

/// SPS and PPS: they are in the sample entry, and in samples only where the first had them too.
fn is_parameter_set(nal: &[u8]) -> bool {
    nal.first().is_some_and(|byte| matches!(byte & 31, 7 | 8))
}

fn without_sets(mut sample: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Some((length, rest)) = sample.split_first_chunk::<4>() {
        let (nal, after) = rest.split_at(u32::from_be_bytes(*length) as usize);
        if !is_parameter_set(nal) {
            kept.extend_from_slice(length);
            kept.extend_from_slice(nal);
        }
        sample = after;
    }
    kept
}

/// What is in a clip, opened with the agency's key: its pictures, and the numbers of its sound.
pub(crate) fn content(scene: &Scene, clip: &str) -> (Vec<Vec<u8>>, Vec<u64>) {
    let key = std::fs::read_to_string(scene.dir.path().join("station/keys/agency.key")).unwrap();
    let line = key.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
    let identity: age::x25519::Identity = line.unwrap().parse().unwrap();
    let path = scene
        .terminal_dir("t-1")
        .join(format!("evidence/{clip}.age"));
    let file = BufReader::new(File::open(path).unwrap());
    let mut plain = Vec::new();
    age::Decryptor::new_buffered(file)
        .unwrap()
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    let (pictures, sound): (Vec<_>, Vec<_>) = demux(&plain).into_iter().partition(|s| s.video);
    let number = |s: demux::Out| u64::from_be_bytes(s.data.try_into().unwrap());
    (
        pictures
            .into_iter()
            .map(|s| without_sets(&s.data))
            .collect(),
        sound.into_iter().map(number).collect(),
    )
}
