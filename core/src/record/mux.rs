//! Encoded samples in, fragmented MP4 out (ISO/IEC 14496-12, 14496-14, 14496-15).
//!
//! A [`Muxer`] copies each sample once, straight into the data of the fragment it will be in,
//! and hands the [`Fragment`] out when it is long enough. It does no I/O and never waits.

use super::annexb;
use super::boxes::{self, AUDIO_TRACK, Run, Sample, VIDEO_TRACK};
use super::codec::{AudioConfig, VideoConfig};
use super::timeline::{self, Cut, VIDEO_TIMESCALE};
use super::tracks::{AudioTrack, VideoTrack};

mod coding;
mod error;

pub(crate) use coding::Coding;
pub use error::MuxError;

/// Bytes of the largest sample taken.
pub const MAX_SAMPLE: usize = 16 * 1024 * 1024;

/// A fragment with more data than this ends, however short it is.
const MAX_FRAGMENT: usize = 32 * 1024 * 1024;

/// Which track a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Track {
    Video,
    Audio,
}

/// A finished fragment: `moof` and `mdat`, the first one with `ftyp` and `moov` before it.
#[derive(Debug)]
pub struct Fragment {
    /// Its number, from 1.
    pub number: u32,
    /// Bytes of `ftyp` and `moov` before the first `moof`; 0 in all but the first.
    pub init_bytes: usize,
    /// Time at which its first sample is presented, in µs from the beginning of the recording.
    pub begin_us: i64,
    /// Time at which its last sample ends.
    pub end_us: i64,
    /// Decoding can begin here: its first picture is a key frame, or there are no pictures.
    pub sync: bool,
    /// Samples in it.
    pub samples: u32,
    head: Vec<u8>,
    video: Vec<u8>,
    audio: Vec<u8>,
}

impl Fragment {
    /// Its bytes, in order.
    pub fn parts(&self) -> [&[u8]; 3] {
        [&self.head, &self.video, &self.audio]
    }

    /// Its bytes, to be sealed where they are.
    pub fn parts_mut(&mut self) -> [&mut [u8]; 3] {
        [&mut self.head, &mut self.video, &mut self.audio]
    }

    /// How many bytes that is.
    pub fn bytes(&self) -> usize {
        self.head.len() + self.video.len() + self.audio.len()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Muxer {
    target_us: i64,
    video: Option<VideoTrack>,
    audio: Option<AudioTrack>,
    /// Fragments made.
    fragments: u32,
    /// Buffers of fragments that are done with.
    spare: Vec<Vec<u8>>,
    /// Set with the first fragment: nothing about the tracks can change from there on.
    begun: bool,
}

impl Muxer {
    /// `target_us`: how long a fragment should be, in µs.
    pub fn new(target_us: i64) -> Self {
        Self {
            target_us: target_us.clamp(10_000, 60_000_000),
            video: None,
            audio: None,
            fragments: 0,
            spare: Vec::new(),
            begun: false,
        }
    }

    /// Whether [`Muxer::configure_video`] would take this.
    pub fn takes_video(&self, config: &VideoConfig) -> bool {
        match &self.video {
            Some(track) => track.config == *config || (!self.begun && track.pts.is_empty()),
            None => !self.begun,
        }
    }

    /// Whether [`Muxer::configure_audio`] would take this.
    pub fn takes_audio(&self, config: &AudioConfig) -> bool {
        match &self.audio {
            Some(track) => track.config == *config || (!self.begun && track.pts.is_empty()),
            None => !self.begun,
        }
    }

    /// Sets up the video track. The same configuration once more is taken at any time.
    ///
    /// # Errors
    /// [`MuxError::ConfigTooLate`] after the first fragment, or if it changes after a sample.
    pub fn configure_video(&mut self, config: VideoConfig) -> Result<(), MuxError> {
        if !self.takes_video(&config) {
            return Err(MuxError::ConfigTooLate);
        }
        if self.video.as_ref().is_none_or(|t| t.config != config) {
            self.video = Some(VideoTrack::new(config));
        }
        Ok(())
    }

    /// Sets up the audio track; as [`Muxer::configure_video`].
    ///
    /// # Errors
    /// [`MuxError::ConfigTooLate`] after the first fragment, or if it changes after a sample.
    pub fn configure_audio(&mut self, config: AudioConfig) -> Result<(), MuxError> {
        if !self.takes_audio(&config) {
            return Err(MuxError::ConfigTooLate);
        }
        if self.audio.as_ref().is_none_or(|t| t.config != config) {
            self.audio = Some(AudioTrack::new(config));
        }
        Ok(())
    }

    /// Takes the next sample: an Annex-B access unit, in decoding order, or a raw AAC frame;
    /// `pts_us` is its presentation time in µs, on a clock that the tracks share. Returns the
    /// fragment that ended before this sample, if one did.
    ///
    /// # Errors
    /// Those of [`MuxError`]; the sample is not in the recording then, everything else is.
    pub fn push(
        &mut self,
        track: Track,
        pts_us: i64,
        key: bool,
        data: &[u8],
    ) -> Result<Option<Fragment>, MuxError> {
        if data.len() > MAX_SAMPLE {
            return Err(MuxError::SampleTooLarge);
        }
        match track {
            Track::Video => self.push_video(pts_us, key, data),
            Track::Audio => self.push_audio(pts_us, data),
        }
    }

    fn push_video(
        &mut self,
        pts_us: i64,
        key: bool,
        data: &[u8],
    ) -> Result<Option<Fragment>, MuxError> {
        let track = self.video.as_mut().ok_or(MuxError::NotConfigured)?;
        if annexb::nal_units(data).next().is_none() {
            return Err(MuxError::BadSample);
        }
        let other = self.audio.as_ref().and_then(|a| a.clock.standing());
        let placed = track.clock.place(pts_us, other);
        let finished = match self.cut_before_video(placed, key) {
            Some(cut) => self.cut(cut, None)?,
            None => None,
        };
        let track = self.video.as_mut().ok_or(MuxError::NotConfigured)?;
        track.add(data, placed, key);
        Ok(finished)
    }

    fn push_audio(&mut self, pts_us: i64, data: &[u8]) -> Result<Option<Fragment>, MuxError> {
        let track = self.audio.as_mut().ok_or(MuxError::NotConfigured)?;
        if data.is_empty() {
            return Err(MuxError::BadSample);
        }
        let other = self.video.as_ref().and_then(|v| v.clock.standing());
        let placed = track.clock.place(pts_us, other);
        let finished = if self.cut_before_audio(placed) {
            self.cut(Cut::Forced, Some(placed))?
        } else {
            None
        };
        let track = self.audio.as_mut().ok_or(MuxError::NotConfigured)?;
        track.add(data, placed);
        Ok(finished)
    }

    /// Whether the fragment ends before a picture presented at `next`.
    fn cut_before_video(&self, next: i64, key: bool) -> Option<Cut> {
        let track = self.video.as_ref()?;
        let (first, last) = (track.pts.iter().min()?, track.pts.iter().max()?);
        let length_us = timeline::to_us(next.max(*last).saturating_sub(*first), VIDEO_TIMESCALE);
        let safe = next > *last;
        let waiting = !self.begun && self.audio.as_ref().is_some_and(|a| a.pts.is_empty());
        let long_enough = if waiting {
            length_us >= 2 * self.target_us
        } else {
            // A key frame that is near makes a better beginning than the exact length; and any
            // one does, where the fragment itself is none that decoding can begin at. Otherwise
            // fragments and key frames that once got out of step would stay so, and playback
            // finds its way by fragments that begin with a key frame.
            let blind = track.samples.first().is_some_and(|s| !s.key);
            length_us >= self.target_us || (key && (blind || length_us * 4 >= self.target_us * 3))
        };
        if safe && long_enough {
            return Some(Cut::Safe { next });
        }
        (length_us >= 3 * self.target_us || self.pending_bytes() > MAX_FRAGMENT)
            .then_some(Cut::Forced)
    }

    /// Audio ends a fragment where there is no picture to do so.
    fn cut_before_audio(&self, next: i64) -> bool {
        let Some(track) = &self.audio else {
            return false;
        };
        let Some(first) = track.pts.first() else {
            return false;
        };
        let length_us = timeline::to_us(next - first, track.config.rate);
        let target = if self.video.is_some() {
            2 * self.target_us
        } else {
            self.target_us
        };
        length_us >= target || self.pending_bytes() > MAX_FRAGMENT
    }

    fn pending_bytes(&self) -> usize {
        self.video.as_ref().map_or(0, |t| t.data.len())
            + self.audio.as_ref().map_or(0, |t| t.data.len())
    }

    /// Ends the fragment here, wherever that is, and returns it.
    ///
    /// # Errors
    /// [`MuxError::TooLong`].
    pub fn flush(&mut self) -> Result<Option<Fragment>, MuxError> {
        self.cut(Cut::Forced, None)
    }

    /// Ends the last fragment.
    ///
    /// # Errors
    /// [`MuxError::TooLong`].
    pub fn finish(&mut self) -> Result<Option<Fragment>, MuxError> {
        self.cut(Cut::End, None)
    }

    /// How far the recording is, in µs from the file's beginning, by the times that its samples
    /// got: where the latest of them begins. Before the first fragment the delay for B-frames is
    /// not in it.
    pub fn position_us(&self) -> i64 {
        let begun = self.begun;
        let video = self.video.as_ref().and_then(|t| {
            let first = t.pts.iter().min().copied().filter(|_| !begun);
            Some((
                t.clock.standing()?,
                first.unwrap_or(-t.shift),
                VIDEO_TIMESCALE,
            ))
        });
        let audio = self.audio.as_ref().and_then(|t| {
            let first = t.pts.first().copied().filter(|_| !begun);
            Some((
                t.clock.standing()?,
                first.unwrap_or(-t.shift),
                t.config.rate,
            ))
        });
        let tracks = [video, audio].into_iter().flatten();
        let first = tracks
            .clone()
            .map(|(_, first, scale)| timeline::to_us(first, scale))
            .min();
        let last = tracks.map(|(standing, ..)| standing.highest_us).max();
        last.zip(first)
            .map_or(0, |(last, first)| last.saturating_sub(first))
    }

    /// How many samples had a time that repeated or went back, and was moved.
    pub fn repaired(&self) -> u64 {
        self.video.as_ref().map_or(0, |t| t.clock.repaired())
            + self.audio.as_ref().map_or(0, |t| t.clock.repaired())
    }

    /// Takes a fragment's buffers back, to use them again.
    pub fn recycle(&mut self, fragment: Fragment) {
        for mut buffer in [fragment.video, fragment.audio] {
            if buffer.capacity() > 0 && self.spare.len() < 4 {
                buffer.clear();
                self.spare.push(buffer);
            }
        }
    }

    /// Takes over the buffers of the muxer before.
    pub fn inherit(&mut self, before: &mut Self) {
        self.spare.append(&mut before.spare);
    }

    fn cut(&mut self, cut: Cut, next_audio: Option<i64>) -> Result<Option<Fragment>, MuxError> {
        let video_samples = self.video.as_ref().map_or(0, |t| t.pts.len());
        let audio_samples = self.audio.as_ref().map_or(0, |t| t.pts.len());
        if video_samples + audio_samples == 0 {
            return Ok(None);
        }
        let number = self.fragments.checked_add(1).ok_or(MuxError::TooLong)?;
        let video_start = self.video.as_mut().and_then(|t| t.derive_times(cut));
        let audio_start = self
            .audio
            .as_mut()
            .and_then(|t| t.derive_durations(next_audio));
        let mut head = Vec::new();
        if !self.begun {
            self.set_shifts(video_start, audio_start);
            let video = self.video.as_ref();
            head = boxes::init_segment(
                video.map(|t| &t.config),
                self.audio.as_ref().map(|t| &t.config),
                video.is_some_and(|t| t.in_band),
            )
            .map_err(|_| MuxError::BadVideoConfig)?;
            if let Some(track) = &mut self.video {
                track.described = true;
            }
            self.begun = true;
        }
        let init_bytes = head.len();

        let mut runs = Vec::with_capacity(2);
        let (mut begin_us, mut end_us) = (i64::MAX, 0);
        let mut sync = self.video.is_none();
        if let (Some(track), Some(start)) = (&self.video, video_start) {
            runs.push(run(
                VIDEO_TRACK,
                start + track.shift,
                &track.samples,
                track.data.len(),
            )?);
            let first = track.pts.iter().min().copied().unwrap_or(start) + track.shift;
            begin_us = timeline::to_us(first, VIDEO_TIMESCALE);
            sync = track.samples.first().is_some_and(|s| s.key);
            let last = track.pts.iter().max().copied().unwrap_or(start) + track.shift;
            let duration = track.samples.last().map_or(0, |s| i64::from(s.duration));
            end_us = timeline::to_us(last + duration, VIDEO_TIMESCALE);
        }
        if let (Some(track), Some(start)) = (&self.audio, audio_start) {
            runs.push(run(
                AUDIO_TRACK,
                start + track.shift,
                &track.samples,
                track.data.len(),
            )?);
            begin_us = begin_us.min(timeline::to_us(start + track.shift, track.config.rate));
            let last = track.pts.last().copied().unwrap_or(start) + track.shift;
            let end = timeline::to_us(last + i64::from(track.config.frame), track.config.rate);
            end_us = end_us.max(end);
        }
        let moof = boxes::fragment_head(number, &runs).map_err(|_| MuxError::TooLong)?;
        head.extend_from_slice(&moof);
        self.fragments = number;
        let spares = [
            self.spare.pop().unwrap_or_default(),
            self.spare.pop().unwrap_or_default(),
        ];
        let [video_spare, audio_spare] = spares;
        let video = self
            .video
            .as_mut()
            .map(|t| t.take(video_spare))
            .unwrap_or_default();
        let audio = self
            .audio
            .as_mut()
            .map(|t| t.take(audio_spare))
            .unwrap_or_default();
        let samples = (video_samples + audio_samples) as u32;
        Ok(Some(Fragment {
            number,
            init_bytes,
            begin_us,
            end_us,
            sync,
            samples,
            head,
            video,
            audio,
        }))
    }

    /// One shift for all tracks, so that the earliest time of the recording is zero.
    fn set_shifts(&mut self, video: Option<i64>, audio: Option<i64>) {
        let rate = self.audio.as_ref().map_or(1, |a| i128::from(a.config.rate));
        let scale = i128::from(VIDEO_TIMESCALE);
        // The video's earliest time, in audio ticks, rounded down; and the other way round.
        let to_audio = |t: i64| (i128::from(t) * rate).div_euclid(scale) as i64;
        let to_video = |t: i64| (i128::from(t) * scale).div_euclid(rate) as i64;
        let (video_shift, audio_shift) = match (video, audio) {
            (Some(v), Some(a)) if i128::from(v) * rate > i128::from(a) * scale => {
                (-to_video(a), -a)
            }
            (None, Some(a)) => (-to_video(a), -a),
            (Some(v), _) => (-v, -to_audio(v)),
            (None, None) => (0, 0),
        };
        if let Some(track) = &mut self.video {
            track.shift = video_shift;
            track.clock.raise_floor(-video_shift);
            track.decode.set_floor(-video_shift);
        }
        if let Some(track) = &mut self.audio {
            track.shift = audio_shift;
            track.clock.raise_floor(-audio_shift);
        }
    }
}

fn run(track: u32, start: i64, samples: &[Sample], bytes: usize) -> Result<Run<'_>, MuxError> {
    // The shift makes the first time zero, and times rise.
    let start = u64::try_from(start).map_err(|_| MuxError::TooLong)?;
    Ok(Run {
        track,
        start,
        samples,
        bytes,
    })
}

#[cfg(test)]
mod tests;
