//! What is recorded: a media file's samples, over and over, so that it is known for every sample
//! which one has to come next and when.

use std::path::{Path, PathBuf};

use custos_cli::camera::{Camera, CameraSample};
use custos_core::record::{Rotation, Track};
use custos_protocol::hash::Hash;

use crate::process::workspace;

/// What is recorded in a torture: what ships with the project (picture and sound, a raw stream,
/// sound alone), then what is there of the big set.
pub fn all() -> Vec<Media> {
    let own = |name: &str| workspace().join("tests/media").join(name);
    let shared = std::env::var_os("CUSTOS_SHARED")
        .map_or_else(|| workspace().join("../shared"), PathBuf::from)
        .join("data/media");
    let mut media = vec![
        Media::open(&own("sample.mp4"), false),
        Media::open(&own("sample.h264"), false),
        Media::open(&own("sample.mp4"), true),
    ];
    media.extend(LARGE.map(|name| Media::open(&shared.join(name), false)));
    media.into_iter().flatten().collect()
}

/// Other profiles, sizes and frame rates, with and without B-frames and sound.
const LARGE: [&str; 5] = [
    "generated/gen_5s_1080p30_4M_high_bf0.mp4",
    "generated/gen_5s_720p25_bf2.mp4",
    "generated/gen_5s_480p30_baseline.mp4",
    "mp4ff/bbb_prog_10s.mp4",
    "androidx-media/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
];

/// Which of [`all`] is sound alone: no file of its own, so that only we can record it.
pub const SOUND: usize = 2;

/// A media file in memory.
#[derive(Debug)]
pub struct Media {
    pub name: String,
    pub file: PathBuf,
    pub video: Option<Vec<u8>>,
    pub audio: Option<Vec<u8>>,
    pub rotation: Rotation,
    samples: Vec<CameraSample>,
    /// Hash and time of each track's samples, in decoding order: video, audio.
    tracks: [Vec<(Hash, i64)>; 2],
    /// From one repetition to the next, in µs: as the program's own camera repeats a file.
    period_us: i64,
}

/// A sample that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    pub track: Track,
    pub pts_us: i64,
    pub key: bool,
    pub data: &'a [u8],
}

impl Media {
    /// Reads it; `None` where the product's camera cannot.
    pub fn open(file: &Path, only_audio: bool) -> Option<Self> {
        let mut camera = Camera::open(file).ok()?;
        let mut samples = Vec::new();
        while let Some(sample) = camera.next_sample().ok()? {
            if !(only_audio && sample.track == Track::Video) {
                samples.push(sample);
            }
        }
        let name = file.file_name()?.to_string_lossy();
        let rotation = camera.video.as_ref().map(|v| v.rotation);
        let mut media = Self {
            name: if only_audio {
                format!("{name} (sound)")
            } else {
                name.into_owned()
            },
            file: file.to_owned(),
            video: camera.video.filter(|_| !only_audio).map(|v| v.config),
            audio: camera.audio.map(|a| a.config),
            rotation: rotation.unwrap_or_default(),
            samples,
            tracks: [Vec::new(), Vec::new()],
            period_us: 0,
        };
        let mut last = [None::<i64>; 2];
        for sample in &media.samples {
            let at = index(sample.track);
            let step = last[at].map_or(40_000, |l| (sample.pts_us - l).abs().clamp(1_000, 100_000));
            last[at] = Some(sample.pts_us);
            media.period_us = media.period_us.max(sample.pts_us + step);
            let hash = match sample.track {
                Track::Video => Hash::of(&with_lengths(&sample.data)),
                Track::Audio => Hash::of(&sample.data),
            };
            media.tracks[at].push((hash, sample.pts_us));
        }
        (!media.samples.is_empty() && media.period_us > 0).then_some(media)
    }

    /// The n-th sample of a recording, from 0.
    pub fn sample(&self, n: u64) -> Due<'_> {
        let count = self.samples.len() as u64;
        let sample = &self.samples[(n % count) as usize];
        Due {
            track: sample.track,
            pts_us: sample.pts_us + (n / count) as i64 * self.period_us,
            key: sample.key,
            data: &sample.data,
        }
    }

    /// Hash and time of a track's n-th sample; `None` where the media has no such track.
    pub fn expected(&self, track: Track, n: u64) -> Option<(Hash, i64)> {
        let list = &self.tracks[index(track)];
        let count = list.len() as u64;
        let (hash, pts_us) = list.get(n.checked_rem(count)? as usize)?;
        Some((*hash, pts_us + (n / count) as i64 * self.period_us))
    }

    /// How many samples of a recording lie before a time.
    pub fn samples_until(&self, end_us: i64) -> u64 {
        let rounds = end_us.div_euclid(self.period_us);
        let rest = end_us.rem_euclid(self.period_us);
        let of_rest = self.samples.iter().filter(|s| s.pts_us < rest).count();
        rounds.max(0) as u64 * self.samples.len() as u64 + of_rest as u64
    }

    /// How long a track's sample lasts, on average.
    pub fn step_us(&self, track: Track) -> i64 {
        self.period_us / self.tracks[index(track)].len().max(1) as i64
    }

    /// Of the first `samples` samples of a recording: how many are a track's.
    pub fn handed(&self, track: Track, samples: u64) -> u64 {
        let (count, list) = (self.samples.len() as u64, &self.tracks[index(track)]);
        let rest = &self.samples[..(samples % count) as usize];
        let of_rest = rest.iter().filter(|s| s.track == track).count() as u64;
        samples / count * list.len() as u64 + of_rest
    }
}

fn index(track: Track) -> usize {
    usize::from(track == Track::Audio)
}

/// An Annex-B access unit as it stands in an MP4 (ISO/IEC 14496-15 §5.3.3), by a parser of our
/// own: start codes out, four bytes of length in.
fn with_lengths(data: &[u8]) -> Vec<u8> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= data.len() {
        if data[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let mut out = Vec::with_capacity(data.len() + 16);
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(data.len());
        let unit = &data[start + 3..end];
        let length = unit
            .iter()
            .rposition(|&b| b != 0)
            .map_or(0, |last| last + 1);
        if length > 0 {
            out.extend_from_slice(&(length as u32).to_be_bytes());
            out.extend_from_slice(&unit[..length]);
        }
    }
    out
}
