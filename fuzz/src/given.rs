//! What was handed to the recorder, and whether a file has all of it and nothing else.
//!
//! Like `walk`, independent of what it checks; `core`'s tests include this file by its path.

use std::io::BufRead as _;

use super::walk::{Movie, Sample, Track};

type Result<T = (), E = String> = std::result::Result<T, E>;

/// A sample that the recorder took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Presentation time as the encoder said it, in µs.
    pub pts_us: i64,
    pub key: bool,
    /// As it has to stand in the file.
    pub data: Vec<u8>,
    /// The same without copies of the configuration's parameter sets: so it has to stand in a
    /// file whose sample entry does not allow for them; if nothing is left, not at all.
    pub lean: Vec<u8>,
}

/// All samples taken, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub video: Vec<Taken>,
    pub audio: Vec<Taken>,
    /// H.265, not H.264.
    pub hevc: bool,
    /// The parameter sets of the configuration.
    pub sets: Vec<Vec<u8>>,
}

impl Given {
    /// The configuration of the pictures, in Annex-B form, that was taken.
    pub fn configure(&mut self, annex_b: &[u8], hevc: bool) {
        self.hevc = hevc;
        let sets = units(annex_b).into_iter().filter(|u| is_set(u, hevc));
        self.sets = sets.map(<[u8]>::to_vec).collect();
    }

    /// An access unit in Annex-B form.
    pub fn video(&mut self, pts_us: i64, key: bool, annex_b: &[u8]) {
        let units = units(annex_b);
        let random_access = |unit: &&[u8]| {
            if self.hevc {
                hevc_type(unit).is_some_and(|kind| (16..=23).contains(&kind))
            } else {
                unit[0] & 0x1f == 5
            }
        };
        let known = |unit: &&[u8]| self.sets.iter().any(|set| set == unit);
        let lean: Vec<&[u8]> = units.iter().copied().filter(|u| !known(u)).collect();
        self.video.push(Taken {
            pts_us,
            key: key || units.iter().any(random_access),
            data: length_prefixed(&units),
            lean: length_prefixed(&lean),
        });
    }

    /// A raw AAC frame.
    pub fn audio(&mut self, pts_us: i64, frame: &[u8]) {
        self.audio.push(Taken {
            pts_us,
            key: true,
            data: frame.to_vec(),
            lean: frame.to_vec(),
        });
    }

    /// What has to be in a track: each sample, and its bytes.
    fn expected<'a>(
        taken: &'a [Taken],
        track: Option<&Track>,
    ) -> impl Iterator<Item = (&'a Taken, &'a [u8])> {
        let full = track.is_some_and(|t| matches!(&t.codec, b"avc3" | b"hev1" | b"mp4a"));
        taken
            .iter()
            .map(move |t| (t, if full { &t.data } else { &t.lean }.as_slice()))
            .filter(|(_, data)| !data.is_empty())
    }

    /// How many samples are in a movie.
    pub fn count(&self, movie: &Movie) -> usize {
        Self::expected(&self.video, movie.video()).count()
            + Self::expected(&self.audio, movie.audio()).count()
    }

    /// Whether the movie has these samples: each once, in order, to the bit.
    ///
    /// # Errors
    /// What is missing, added or changed.
    pub fn check(&self, movie: &Movie) -> Result {
        for (name, given, track) in [
            ("video", &self.video, movie.video()),
            ("audio", &self.audio, movie.audio()),
        ] {
            let samples = Movie::samples(track);
            let expected: Vec<_> = Self::expected(given, track).collect();
            if samples.len() != expected.len() {
                let (taken, found) = (expected.len(), samples.len());
                return Err(format!(
                    "{name}: {taken} samples taken, {found} in the file"
                ));
            }
            for (at, ((taken, data), sample)) in expected.into_iter().zip(samples).enumerate() {
                if data != sample.data {
                    return Err(format!("{name}: sample {at} has other bytes"));
                }
                if taken.key != sample.sync {
                    let key = taken.key;
                    return Err(format!("{name}: sample {at} is a key frame: {key}"));
                }
            }
        }
        Ok(())
    }

    /// Which samples are in the movies, clips that follow each other; `[video, audio]`. What is
    /// there is there once, in order, to the bit.
    ///
    /// # Errors
    /// A sample that was not taken, or not in this place.
    pub fn found(&self, movies: &[Movie]) -> Result<[Vec<bool>; 2]> {
        let video = movies.iter().flat_map(|m| Movie::samples(m.video()));
        let audio = movies.iter().flat_map(|m| Movie::samples(m.audio()));
        let in_order = |taken: &[Taken], mut samples: Vec<&Sample>, name| {
            // From the end: of samples that are alike the later ones are more likely kept.
            let mut found: Vec<bool> = taken
                .iter()
                .rev()
                .map(|taken| {
                    let next = samples.last().is_some_and(|sample| {
                        (sample.data == taken.data || sample.data == taken.lean)
                            && sample.sync == taken.key
                    });
                    next && samples.pop().is_some()
                })
                .collect();
            found.reverse();
            match samples.len() {
                0 => Ok(found),
                left => Err(format!("{name}: {left} samples that were not taken so")),
            }
        };
        Ok([
            in_order(&self.video, video.collect(), "video")?,
            in_order(&self.audio, audio.collect(), "audio")?,
        ])
    }

    /// Whether a movie none of whose times had to be repaired keeps them all: to the tick for
    /// pictures, within half a frame for sound, and both on one clock.
    ///
    /// # Errors
    /// The sample that was moved.
    pub fn check_times(&self, movie: &Movie) -> Result {
        let shift = self.picture_times(movie)?;
        let Some(audio) = movie.audio() else {
            return Ok(());
        };
        let rate = i64::from(audio.timescale);
        let offsets = || {
            let pairs = self.audio.iter().zip(&audio.samples);
            pairs.map(|(given, sample)| sample.pts - ticks(given.pts_us, rate))
        };
        let (Some(least), Some(most)) = (offsets().min(), offsets().max()) else {
            return Ok(());
        };
        if most - least > AAC_FRAME + 1 {
            return Err(format!("sound is moved by {least} to {most} ticks"));
        }
        // The earliest time of the movie is its zero, for both tracks, to a tick of each.
        if let Some(shift) = shift {
            let pictures = (i128::from(shift) * i128::from(rate) / i128::from(VIDEO_RATE)) as i64;
            let slack = AAC_FRAME / 2 + 2 + 2 * rate / VIDEO_RATE;
            if least < pictures - slack || most > pictures + slack {
                return Err(format!(
                    "pictures are moved by {pictures} ticks of the sound, sound by {least} to {most}"
                ));
            }
        }
        Ok(())
    }

    fn picture_times(&self, movie: &Movie) -> Result<Option<i64>> {
        let mut shift = None;
        let expected = Self::expected(&self.video, movie.video());
        let samples = Movie::samples(movie.video());
        for (at, ((given, _), sample)) in expected.zip(samples).enumerate() {
            let moved = sample.pts - ticks(given.pts_us, VIDEO_RATE);
            if *shift.get_or_insert(moved) != moved {
                return Err(format!("picture {at} is moved by {moved}, not {shift:?}"));
            }
        }
        Ok(shift)
    }
}

/// Ticks a second of every video track.
const VIDEO_RATE: i64 = 90_000;
/// Samples of the longest AAC-LC frame.
const AAC_FRAME: i64 = 1024;

/// Microseconds in ticks, to the nearest, halves up.
fn ticks(us: i64, rate: i64) -> i64 {
    let doubled = i128::from(us) * i128::from(rate) * 2;
    ((doubled + 1_000_000).div_euclid(2_000_000)) as i64
}

/// From the first to the last presentation time within a fragment, in µs; of the longest one.
pub fn longest_us(track: &Track) -> i64 {
    let mut longest = 0;
    let mut rest = track.samples.as_slice();
    while let Some(first) = rest.first() {
        let end = rest.partition_point(|s| s.fragment == first.fragment);
        let times = || rest[..end].iter().map(|s: &Sample| s.pts);
        let (least, most) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let us = i128::from(most - least) * 1_000_000 / i128::from(track.timescale);
        longest = longest.max(us as i64);
        rest = &rest[end..];
    }
    longest
}

/// The type of an H.265 NAL unit of the base layer (ITU-T H.265, 7.3.1.2).
pub fn hevc_type(unit: &[u8]) -> Option<u8> {
    let header = u16::from_be_bytes([*unit.first()?, *unit.get(1)?]);
    // forbidden_zero_bit, six of the type, six of the layer, three of the temporal id plus one.
    let sound = header >> 15 == 0 && header >> 3 & 0x3f == 0 && header & 7 > 0;
    sound.then_some((header >> 9 & 0x3f) as u8)
}

/// Whether a NAL unit is a VPS, SPS or PPS.
pub fn is_set(unit: &[u8], hevc: bool) -> bool {
    if hevc {
        hevc_type(unit).is_some_and(|kind| (32..=34).contains(&kind))
    } else {
        unit.first()
            .is_some_and(|byte| matches!(byte & 0x1f, 7 | 8))
    }
}

/// The NAL units of an Annex-B stream, found in the simplest way (ITU-T H.264 Annex B).
pub fn units(annex_b: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let (mut rest, mut at) = (annex_b, 0);
    while let Ok(length @ 1..) = rest.skip_until(1) {
        at += length;
        if annex_b[..at].ends_with(&[0, 0, 1]) {
            starts.push(at - 3);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([annex_b.len()]);
    let mut units = Vec::new();
    for (start, end) in starts.iter().zip(ends) {
        let mut unit = &annex_b[start + 3..end];
        while let Some((0, before)) = unit.split_last() {
            unit = before;
        }
        if !unit.is_empty() {
            units.push(unit);
        }
    }
    units
}

fn length_prefixed(units: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for unit in units {
        data.extend((unit.len() as u32).to_be_bytes());
        data.extend(*unit);
    }
    data
}
