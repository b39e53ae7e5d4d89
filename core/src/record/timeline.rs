//! Time in a recording: presentation times from the encoders, decoding times derived from them.
//!
//! An encoder on a phone gives a presentation time and nothing else. It is kept to the tick;
//! what has no place on a timeline (a time that repeats or goes back) is moved by the smallest
//! step and counted.

/// Ticks a second of the video track.
pub(crate) const VIDEO_TIMESCALE: u32 = 90_000;

/// How far B-frames may reach back. What lies further back is a broken clock, not reordering.
const REORDER_WINDOW: i64 = 5 * VIDEO_TIMESCALE as i64;

/// Times beyond this (some 140 years) are nothing a camera says.
const MOST_US: i64 = 1 << 52;

/// Rounds microseconds to ticks.
pub(crate) fn to_ticks(us: i64, timescale: u32) -> i64 {
    rescale(us, 1_000_000, timescale)
}

/// Rounds ticks to microseconds.
pub(crate) fn to_us(ticks: i64, timescale: u32) -> i64 {
    rescale(ticks, timescale, 1_000_000)
}

fn rescale(value: i64, from: u32, to: u32) -> i64 {
    let from = i128::from(from);
    let scaled = (i128::from(value) * i128::from(to) * 2 + from).div_euclid(from * 2);
    scaled.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Gives each video sample a presentation time that no other has.
#[derive(Debug)]
pub(crate) struct VideoClock {
    /// The stream may have B-frames.
    reorders: bool,
    highest: Option<i64>,
    /// Nothing before this can be written any more.
    floor: Option<i64>,
    /// The last times given out, to tell a repeated one.
    recent: std::collections::VecDeque<i64>,
    repaired: u64,
}

impl VideoClock {
    pub(crate) fn new(reorders: bool) -> Self {
        Self {
            reorders,
            highest: None,
            floor: None,
            recent: Default::default(),
            repaired: 0,
        }
    }

    /// How many times had to be moved.
    pub(crate) fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Nothing before `floor` can be written.
    pub(crate) fn raise_floor(&mut self, floor: i64) {
        self.floor = Some(self.floor.map_or(floor, |f| f.max(floor)));
    }

    /// The time, in ticks, of the next sample in decoding order.
    pub(crate) fn place(&mut self, pts_us: i64) -> i64 {
        let wanted = to_ticks(pts_us.clamp(-MOST_US, MOST_US), VIDEO_TIMESCALE);
        let mut pts = wanted.max(self.floor.unwrap_or(i64::MIN));
        if let Some(highest) = self.highest {
            let back = if self.reorders {
                pts < highest - REORDER_WINDOW
            } else {
                pts <= highest
            };
            if back {
                pts = highest + 1;
            }
            while self.recent.contains(&pts) {
                pts += 1;
            }
        }
        if pts != wanted || pts_us.unsigned_abs() > MOST_US as u64 {
            self.repaired += 1;
        }
        self.highest = Some(self.highest.map_or(pts, |h| h.max(pts)));
        if self.recent.len() == 64 {
            self.recent.pop_front();
        }
        self.recent.push_back(pts);
        pts
    }
}

/// Gives each audio frame its time: continuous as long as the encoder's times are within half a
/// frame of that, and at the encoder's time where they jump.
#[derive(Debug)]
pub(crate) struct AudioClock {
    rate: u32,
    frame: i64,
    last: Option<i64>,
    /// Nothing before this can be written any more.
    floor: Option<i64>,
    repaired: u64,
}

impl AudioClock {
    pub(crate) fn new(rate: u32, frame: u32) -> Self {
        Self {
            rate,
            frame: i64::from(frame),
            last: None,
            floor: None,
            repaired: 0,
        }
    }

    pub(crate) fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Nothing before `floor` can be written.
    pub(crate) fn raise_floor(&mut self, floor: i64) {
        self.floor = Some(self.floor.map_or(floor, |f| f.max(floor)));
    }

    pub(crate) fn place(&mut self, pts_us: i64) -> i64 {
        let wanted = to_ticks(pts_us.clamp(-MOST_US, MOST_US), self.rate);
        let mut pts = wanted;
        let mut earliest = self.floor.unwrap_or(i64::MIN);
        if let Some(last) = self.last {
            let continuous = last + self.frame;
            if (wanted - continuous).abs() <= self.frame / 2 {
                pts = continuous;
            }
            earliest = earliest.max(last + 1);
        }
        if pts < earliest || pts_us.unsigned_abs() > MOST_US as u64 {
            self.repaired += 1;
            pts = pts.max(earliest);
        }
        self.last = Some(pts);
        pts
    }
}

/// How a fragment came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Every later sample is presented after every earlier one; the next one at this time.
    Safe { next: i64 },
    /// On demand: pictures before the last one may still come.
    Forced,
    /// Nothing comes any more.
    End,
}

/// Derives decoding times, fragment by fragment: the presentation times in rising order, moved
/// back by the reordering delay, which is found in the first fragment and kept.
#[derive(Debug)]
pub(crate) struct DecodeTimes {
    stated_reorder: Option<u32>,
    delay: Option<i64>,
    /// Typical distance of two pictures.
    interval: i64,
    /// Decoding times may not lie before this.
    floor: Option<i64>,
    /// The last one given.
    last: Option<i64>,
}

/// Decoding times of a fragment, and how long each sample lasts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoding {
    pub(crate) dts: Vec<i64>,
    pub(crate) durations: Vec<u32>,
}

impl DecodeTimes {
    /// `reorder` and `frame_us` as the SPS states them.
    pub(crate) fn new(reorder: Option<u32>, frame_us: Option<u32>) -> Self {
        let frame_us = frame_us.unwrap_or(33_333);
        Self {
            stated_reorder: reorder,
            delay: None,
            interval: to_ticks(i64::from(frame_us), VIDEO_TIMESCALE).max(1),
            floor: None,
            last: None,
        }
    }

    /// Nothing before `floor` can be written.
    pub(crate) fn set_floor(&mut self, floor: i64) {
        self.floor = Some(self.floor.map_or(floor, |f| f.max(floor)));
    }

    /// For the samples of a fragment, in decoding order.
    pub(crate) fn derive(&mut self, pts: &[i64], cut: Cut) -> Decoding {
        if pts.is_empty() {
            return Decoding {
                dts: Vec::new(),
                durations: Vec::new(),
            };
        }
        let mut sorted = pts.to_vec();
        sorted.sort_unstable();
        if let Some(step) = sorted
            .windows(2)
            .map(|w| w[1] - w[0])
            .filter(|d| *d > 0)
            .min()
        {
            // Before a forced cut some are still missing: what is there may be too far apart.
            self.interval = if cut == Cut::Forced {
                step.min(self.interval)
            } else {
                step
            };
        }
        let delay = *self.delay.get_or_insert_with(|| {
            let found = sorted
                .iter()
                .zip(pts)
                .map(|(s, p)| s - p)
                .max()
                .unwrap_or(0);
            let stated = self
                .stated_reorder
                .map_or(0, |n| i64::from(n) * self.interval);
            found.max(stated.min(REORDER_WINDOW))
        });

        let mut dts = Vec::with_capacity(pts.len());
        for at in sorted {
            let mut time = at - delay;
            if let (Cut::Forced, Some(last)) = (cut, self.last)
                && delay > 0
            {
                // The gaps in what is there will be filled by what is still to come; one that
                // is too large for that is a gap in the recording.
                let near = last + self.interval;
                if time - near <= REORDER_WINDOW {
                    time = time.min(near);
                }
            }
            if let Some(floor) = self.floor {
                time = time.max(floor);
            }
            dts.push(time);
            self.floor = Some(time + 1);
            self.last = Some(time);
        }

        let mut durations: Vec<u32> = dts
            .windows(2)
            .map(|w| clamp_duration(w[1] - w[0]))
            .collect();
        if let Some(&last) = dts.last() {
            let duration = match cut {
                Cut::Safe { next } if delay == 0 => next - last,
                Cut::Safe { .. } | Cut::Forced => self.interval,
                Cut::End => durations.last().map_or(self.interval, |d| i64::from(*d)),
            };
            let duration = clamp_duration(duration);
            durations.push(duration);
            self.floor = Some(last + i64::from(duration));
        }
        Decoding { dts, durations }
    }
}

fn clamp_duration(ticks: i64) -> u32 {
    ticks.clamp(1, i64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounding_is_to_the_nearest() {
        assert_eq!(to_ticks(33_333, 90_000), 3000);
        assert_eq!(to_ticks(-33_333, 90_000), -3000);
        assert_eq!(to_us(1, 48_000), 21);
        for tick in -100_000..100_000 {
            assert_eq!(to_ticks(to_us(tick, 90_000), 90_000), tick);
        }
    }

    #[test]
    fn repeated_and_backward_times_are_moved() {
        let mut clock = VideoClock::new(false);
        let placed: Vec<i64> = [0, 100_000, 100_000, 50_000, 200_000]
            .map(|t| clock.place(t))
            .into();
        assert_eq!(placed, [0, 9000, 9001, 9002, 18_000]);
        assert_eq!(clock.repaired(), 2);

        let mut clock = VideoClock::new(true);
        let placed: Vec<i64> = [0, 120_000, 40_000, 40_000, 20_000_000, 0, i64::MIN]
            .map(|t| clock.place(t))
            .into();
        assert_eq!(
            placed,
            [0, 10_800, 3600, 3601, 1_800_000, 1_800_001, 1_800_002]
        );
        assert_eq!(clock.repaired(), 3);
    }

    #[test]
    fn audio_snaps_to_frames_and_follows_jumps() {
        let mut clock = AudioClock::new(48_000, 1024);
        let placed: Vec<i64> = [0, 21_000, 43_000, 1_000_000, 1_025_000, 1_000_000]
            .map(|t| clock.place(t))
            .into();
        assert_eq!(placed, [0, 1024, 2048, 48_000, 49_024, 49_025]);
        assert_eq!(clock.repaired(), 1);
    }

    #[test]
    fn b_frames_get_their_delay() {
        // I P B B P B B in frames of ten ticks.
        let mut times = DecodeTimes::new(None, None);
        let got = times.derive(&[0, 30, 10, 20, 60, 40, 50], Cut::Safe { next: 90 });
        assert_eq!(got.dts, [-10, 0, 10, 20, 30, 40, 50]);
        assert_eq!(got.durations, [10; 7]);
        let next = times.derive(&[90, 70, 80], Cut::End);
        assert_eq!(next.dts, [60, 70, 80]);
    }

    #[test]
    fn a_forced_cut_leaves_room_for_what_is_to_come() {
        let mut times = DecodeTimes::new(Some(1), Some(40_000));
        let first = times.derive(&[0, 10_800], Cut::Forced);
        let second = times.derive(&[3600, 7200, 21_600], Cut::Safe { next: 14_400 });
        for (pts, dts) in [(0, first.dts[0]), (10_800, first.dts[1])]
            .into_iter()
            .chain([3600, 7200, 21_600].into_iter().zip(second.dts))
        {
            assert!(dts <= pts, "{dts} {pts}");
        }
    }

    proptest! {
        /// Decoding times rise strictly, and no fragment begins before the one before it ends.
        #[test]
        fn decoding_times_rise(
            fragments in prop::collection::vec(
                (prop::collection::vec(-1_000_000_000i64..1_000_000_000, 1..40), 0..3u8), 1..8),
            reorder in prop::option::of(0..16u32),
        ) {
            let mut clock = VideoClock::new(true);
            let mut times = DecodeTimes::new(reorder, None);
            let mut end = i64::MIN;
            for (pts, kind) in fragments {
                let pts: Vec<i64> = pts.into_iter().map(|t| clock.place(t)).collect();
                let highest = *pts.iter().max().unwrap();
                let cut = [Cut::Safe { next: highest + 5 }, Cut::Forced, Cut::End][usize::from(kind)];
                let got = times.derive(&pts, cut);
                prop_assert!(got.dts[0] >= end);
                for (at, w) in got.dts.windows(2).enumerate() {
                    prop_assert!(w[0] < w[1]);
                    prop_assert_eq!(i64::from(got.durations[at]), w[1] - w[0]);
                }
                end = got.dts.last().unwrap() + i64::from(*got.durations.last().unwrap());
            }
        }

        #[test]
        fn audio_times_rise(list: Vec<i64>) {
            let mut clock = AudioClock::new(44_100, 1024);
            let placed: Vec<i64> = list.into_iter().map(|t| clock.place(t)).collect();
            prop_assert!(placed.windows(2).all(|w| w[0] < w[1]));
        }
    }
}
