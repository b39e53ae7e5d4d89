//! The times that encoders give, made into times that a file can have.
//!
//! An encoder on a phone gives a presentation time and nothing else. It is kept to the tick. What
//! has no place on a timeline is moved and counted:
//!
//! - a time that repeats, or is a little behind: by the smallest step, until the clock has caught
//!   up; a clock that stands still, by the length of a picture or frame
//! - a time far ahead of everything: behind the sample before it. If the next one is there too,
//!   it was a gap, and time goes on from there; if not, it was a slip, and nothing else is touched
//! - a time far back: likewise. If the next one is there too, the clock was set back, and what it
//!   says from then on is shifted so that the recording goes on. Both tracks are shifted alike

use super::sps::FrameTime;
use super::timeline::{VIDEO_TIMESCALE, to_ticks, to_us};

/// Times beyond this (some 140 years) are nothing a camera says.
const MOST_US: i64 = 1 << 52;

/// A timeline that clocks pushed beyond this is not shifted any further.
const MOST_TICKS: i64 = 1 << 60;

/// What lies further ahead or back than this, in s, is believed only once the next sample agrees.
const FAR_S: i64 = 10;

/// How far apart, in s, two samples may be that agree about a jump; and how far B-frames may reach
/// back at most.
const NEAR_S: i64 = 5;

/// Pictures that may be decoded before one that is shown before them, where a stream does not say
/// (H.264 §A.3.1, H.265 §A.4.2).
const MOST_REORDERED: u32 = 16;

/// Where the other track stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// The latest time given.
    pub(crate) highest_us: i64,
    /// By how much its encoder's clock is shifted.
    offset_us: i64,
}

/// How a time compares with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fits,
    Behind,
    Ahead,
}

/// What both kinds of tracks need to tell a slip from a clock that was set.
#[derive(Debug)]
struct Clock {
    timescale: u32,
    /// How long a sample usually lasts.
    interval: i64,
    /// Added to what the encoder says.
    offset: i64,
    highest: Option<i64>,
    /// Nothing before this can be written any more.
    floor: Option<i64>,
    /// How far the last sample that fitted was ahead of all before it.
    step: i64,
    /// What the encoder said last, last with a time that fitted, and last with one that did not
    /// (if nothing has fitted since).
    said: Option<i64>,
    fitted: Option<i64>,
    suspect: Option<i64>,
    /// How many times running it has said the same.
    frozen: u32,
    /// What it says now is nothing that a camera says, and was cut.
    beyond: bool,
    repaired: u64,
}

impl Clock {
    fn new(timescale: u32, interval: i64) -> Self {
        Self {
            timescale,
            interval: interval.max(1),
            offset: 0,
            highest: None,
            floor: None,
            step: 0,
            said: None,
            fitted: None,
            suspect: None,
            frozen: 0,
            beyond: false,
            repaired: 0,
        }
    }

    fn seconds(&self, s: i64) -> i64 {
        s * i64::from(self.timescale)
    }

    fn standing(&self) -> Option<Standing> {
        Some(Standing {
            highest_us: to_us(self.highest?, self.timescale),
            offset_us: to_us(self.offset, self.timescale),
        })
    }

    fn raise_floor(&mut self, floor: i64) {
        self.floor = Some(self.floor.map_or(floor, |f| f.max(floor)));
    }

    /// Takes what the encoder says: in ticks, and shifted.
    fn hear(&mut self, pts_us: i64) -> (i64, i64) {
        let said = to_ticks(pts_us.clamp(-MOST_US, MOST_US), self.timescale);
        self.frozen = if self.said == Some(said) {
            self.frozen.saturating_add(1)
        } else {
            0
        };
        self.said = Some(said);
        self.beyond = pts_us.unsigned_abs() > MOST_US.unsigned_abs();
        self.repaired += u64::from(self.beyond);
        (said, said.saturating_add(self.offset))
    }

    /// Whether `time` is further ahead than anything that is happening.
    fn is_far_ahead(&self, time: i64, highest: i64, other: Option<Standing>) -> bool {
        let far = self.seconds(FAR_S);
        let others = other.map_or(i64::MIN, |o| to_ticks(o.highest_us, self.timescale));
        time > highest.saturating_add(far.max(self.step.saturating_mul(2)))
            && time > others.saturating_add(far)
    }

    /// Gives a time that fits, or moves one that does not.
    fn settle(&mut self, said: i64, time: i64, fit: Fit, other: Option<Standing>) -> i64 {
        let Some(highest) = self.highest.filter(|_| fit != Fit::Fits) else {
            self.accept(said, time);
            return time;
        };
        let agreed = self
            .suspect
            .is_some_and(|suspect| self.agree(suspect, said));
        if fit == Fit::Ahead && agreed {
            self.accept(said, time);
            return time;
        }
        self.repaired += u64::from(!self.beyond);
        let set_back = agreed && highest - time > self.seconds(FAR_S) && highest < MOST_TICKS;
        if fit == Fit::Behind && set_back {
            self.offset = self.offset_after(said, highest, other);
            let time = said.saturating_add(self.offset);
            self.accept(said, time);
            return time;
        }
        self.suspect = Some(said);
        let step = if fit == Fit::Ahead || self.frozen > 1 {
            self.interval
        } else {
            1
        };
        let time = highest.saturating_add(step);
        self.highest = Some(time);
        time
    }

    fn accept(&mut self, said: i64, time: i64) {
        let before = self.highest.unwrap_or(time);
        if time > before {
            self.step = time - before;
        }
        self.highest = Some(before.max(time));
        self.fitted = Some(said);
        self.suspect = None;
    }

    /// Whether two times that do not fit speak of the same clock: near each other, or as far
    /// apart as the first was from what fitted.
    fn agree(&self, suspect: i64, said: i64) -> bool {
        let apart = said.saturating_sub(suspect);
        let jump = suspect.saturating_sub(self.fitted.unwrap_or(suspect));
        apart.abs() <= self.seconds(NEAR_S) || apart > 0 && apart <= jump.saturating_mul(2)
    }

    /// The shift for a clock that was set back: that of the other track if it was shifted for the
    /// same reason, so that sound and picture stay together.
    fn offset_after(&self, said: i64, highest: i64, other: Option<Standing>) -> i64 {
        let shared = other.map(|o| to_ticks(o.offset_us, self.timescale));
        shared
            .filter(|offset| {
                let time = said.saturating_add(*offset);
                time > highest && time - highest <= self.seconds(FAR_S)
            })
            .unwrap_or_else(|| highest.saturating_add(self.interval).saturating_sub(said))
    }
}

/// Gives each video sample a presentation time that no other has.
#[derive(Debug)]
pub(crate) struct VideoClock {
    clock: Clock,
    /// The latest times, rising: as many as pictures may be reordered, and one. What is not later
    /// than the first of them is refused, so that they also tell a repeated time.
    latest: Vec<i64>,
    room: usize,
}

impl VideoClock {
    /// `reorder` and `frame_time` as the parameter sets state them.
    pub(crate) fn new(reorder: Option<u32>, frame_time: Option<FrameTime>) -> Self {
        let frame_us = frame_time.map_or(33_333, |t| t.after_us(1));
        Self {
            clock: Clock::new(VIDEO_TIMESCALE, to_ticks(frame_us as i64, VIDEO_TIMESCALE)),
            latest: Vec::new(),
            room: reorder.unwrap_or(MOST_REORDERED).min(MOST_REORDERED) as usize + 1,
        }
    }

    /// How many times had to be moved.
    pub(crate) fn repaired(&self) -> u64 {
        self.clock.repaired
    }

    /// Nothing before `floor` can be written.
    pub(crate) fn raise_floor(&mut self, floor: i64) {
        self.clock.raise_floor(floor);
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        self.clock.standing()
    }

    /// The time, in ticks, of the next sample in decoding order.
    pub(crate) fn place(&mut self, pts_us: i64, other: Option<Standing>) -> i64 {
        let (said, time) = self.clock.hear(pts_us);
        let fit = self.fit(time, other);
        let mut placed = self.clock.settle(said, time, fit, other);
        let floor = self.clock.floor.unwrap_or(i64::MIN);
        if placed < floor {
            self.clock.repaired += 1;
            placed = floor;
        }
        while self.latest.contains(&placed) {
            placed += 1;
        }
        self.remember(placed);
        placed
    }

    fn fit(&self, time: i64, other: Option<Standing>) -> Fit {
        let Some(highest) = self.clock.highest else {
            return Fit::Fits;
        };
        // Of these, only as many as pictures are reordered may be shown after it.
        let too_early = self.latest.len() == self.room && time <= self.latest[0];
        let reach = self.clock.seconds(NEAR_S);
        if too_early || time < highest - reach || self.latest.contains(&time) {
            Fit::Behind
        } else if self.clock.is_far_ahead(time, highest, other) {
            Fit::Ahead
        } else {
            Fit::Fits
        }
    }

    fn remember(&mut self, time: i64) {
        self.clock.highest = self.clock.highest.max(Some(time));
        let at = self.latest.partition_point(|t| *t < time);
        self.latest.insert(at, time);
        if self.latest.len() > self.room {
            self.latest.remove(0);
        }
    }
}

/// Gives each audio frame its time: continuous as long as the encoder's times are within half a
/// frame of that, and at the encoder's time where they jump.
#[derive(Debug)]
pub(crate) struct AudioClock {
    clock: Clock,
}

impl AudioClock {
    pub(crate) fn new(rate: u32, frame: u32) -> Self {
        Self {
            clock: Clock::new(rate, i64::from(frame)),
        }
    }

    pub(crate) fn repaired(&self) -> u64 {
        self.clock.repaired
    }

    /// Nothing before `floor` can be written.
    pub(crate) fn raise_floor(&mut self, floor: i64) {
        self.clock.raise_floor(floor);
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        self.clock.standing()
    }

    pub(crate) fn place(&mut self, pts_us: i64, other: Option<Standing>) -> i64 {
        let (said, mut time) = self.clock.hear(pts_us);
        let mut fit = Fit::Fits;
        if let Some(last) = self.clock.highest {
            let continuous = last + self.clock.interval;
            if time.saturating_sub(continuous).abs() <= self.clock.interval / 2 {
                time = continuous;
            } else if time <= last {
                fit = Fit::Behind;
            } else if self.clock.is_far_ahead(time, last, other) {
                fit = Fit::Ahead;
            }
        }
        let mut placed = self.clock.settle(said, time, fit, other);
        let floor = self.clock.floor.unwrap_or(i64::MIN);
        if placed < floor {
            self.clock.repaired += 1;
            placed = floor;
        }
        self.clock.highest = Some(placed);
        placed
    }
}

#[cfg(test)]
mod tests;
