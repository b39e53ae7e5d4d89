//! Decoding times, derived from the presentation times that `clock` gives.

use super::sps::FrameTime;

/// Ticks a second of the video track.
pub(crate) const VIDEO_TIMESCALE: u32 = 90_000;

/// How far B-frames may reach back.
const REORDER_WINDOW: i64 = 5 * VIDEO_TIMESCALE as i64;

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
    /// `reorder` and `frame_time` as the SPS states them.
    pub(crate) fn new(reorder: Option<u32>, frame_time: Option<FrameTime>) -> Self {
        let frame_us = frame_time.map_or(33_333, |t| t.after_us(1));
        Self {
            stated_reorder: reorder,
            delay: None,
            interval: to_ticks(frame_us as i64, VIDEO_TIMESCALE).max(1),
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
    use super::super::clock::VideoClock;
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
        let mut times = DecodeTimes::new(Some(1), FrameTime::new(1, 25));
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
            let mut clock = VideoClock::new(reorder, None);
            let mut times = DecodeTimes::new(reorder, None);
            let mut end = i64::MIN;
            for (pts, kind) in fragments {
                let pts: Vec<i64> = pts.into_iter().map(|t| clock.place(t, None)).collect();
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
    }
}
