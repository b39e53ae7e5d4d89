//! What a muxer holds of each track while a fragment is being filled.

use super::annexb;
use super::boxes::Sample;
use super::clock::{AudioClock, VideoClock};
use super::codec::{AudioConfig, VideoConfig};
use super::timeline::{Cut, DecodeTimes};

#[derive(Debug)]
pub(super) struct VideoTrack {
    pub(super) config: VideoConfig,
    pub(super) clock: VideoClock,
    pub(super) decode: DecodeTimes,
    pub(super) pts: Vec<i64>,
    pub(super) samples: Vec<Sample>,
    pub(super) data: Vec<u8>,
    /// Samples carry parameter sets.
    pub(super) in_band: bool,
    /// The sample entry is written, and cannot change any more.
    pub(super) described: bool,
    /// Ticks added to every time, so that none is negative.
    pub(super) shift: i64,
}

#[derive(Debug)]
pub(super) struct AudioTrack {
    pub(super) config: AudioConfig,
    pub(super) clock: AudioClock,
    pub(super) pts: Vec<i64>,
    pub(super) samples: Vec<Sample>,
    pub(super) data: Vec<u8>,
    pub(super) shift: i64,
}

impl VideoTrack {
    pub(super) fn new(config: VideoConfig) -> Self {
        Self {
            clock: VideoClock::new(config.reorder(), config.frame_time()),
            decode: DecodeTimes::new(config.reorder(), config.frame_time()),
            config,
            pts: Vec::new(),
            samples: Vec::new(),
            data: Vec::new(),
            in_band: false,
            described: false,
            shift: 0,
        }
    }

    /// Adds an access unit.
    ///
    /// Some encoders repeat the parameter sets from the second key frame on. A sample entry that
    /// does not allow for them stays true without these copies.
    pub(super) fn add(&mut self, unit: &[u8], pts: i64, key: bool) {
        let (config, full) = (&self.config, self.described && !self.in_band);
        let codec = config.codec();
        let unit = annexb::append_length_prefixed(codec, unit, &mut self.data, |set| {
            full && config.holds(set)
        });
        if unit.length == 0 {
            return; // copies of parameter sets and nothing else
        }
        self.in_band |= unit.parameter_sets && !self.described;
        self.pts.push(pts);
        self.samples.push(Sample {
            size: unit.length as u32,
            duration: 0,
            offset: 0,
            key: key || unit.random_access,
            leading: unit.leading,
        });
    }

    /// Fills in durations and offsets; returns the first decoding time, before the shift.
    pub(super) fn derive_times(&mut self, cut: Cut) -> Option<i64> {
        let times = self.decode.derive(&self.pts, cut);
        for (index, sample) in self.samples.iter_mut().enumerate() {
            sample.duration = times.durations[index];
            sample.offset = self.pts[index] - times.dts[index];
        }
        times.dts.first().copied()
    }

    pub(super) fn take(&mut self, spare: Vec<u8>) -> Vec<u8> {
        self.pts.clear();
        self.samples.clear();
        std::mem::replace(&mut self.data, spare)
    }
}

impl AudioTrack {
    pub(super) fn new(config: AudioConfig) -> Self {
        Self {
            clock: AudioClock::new(config.rate, config.frame),
            config,
            pts: Vec::new(),
            samples: Vec::new(),
            data: Vec::new(),
            shift: 0,
        }
    }

    pub(super) fn add(&mut self, data: &[u8], pts: i64) {
        self.data.extend_from_slice(data);
        self.pts.push(pts);
        self.samples.push(Sample {
            size: data.len() as u32,
            duration: self.config.frame,
            offset: 0,
            key: true,
            leading: None,
        });
    }

    /// Fills in durations; `next` is the time of the next frame, where it is known. Returns the
    /// first time, before the shift.
    pub(super) fn derive_durations(&mut self, next: Option<i64>) -> Option<i64> {
        for (index, w) in self.pts.windows(2).enumerate() {
            self.samples[index].duration = u32::try_from(w[1] - w[0]).unwrap_or(u32::MAX);
        }
        let (last, sample) = (*self.pts.last()?, self.samples.last_mut()?);
        // A frame that comes before this one is over cuts it short, here or nowhere.
        let frame = i64::from(self.config.frame);
        let duration = next.map_or(frame, |next| frame.min(next - last)).max(1);
        sample.duration = duration as u32;
        self.clock.raise_floor(last + duration);
        self.pts.first().copied()
    }

    pub(super) fn take(&mut self, spare: Vec<u8>) -> Vec<u8> {
        self.pts.clear();
        self.samples.clear();
        std::mem::replace(&mut self.data, spare)
    }
}
