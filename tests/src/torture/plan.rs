//! What happens in a round: every choice comes from the seed, so that a round can be run again.
//! Which instruction a kill strikes is for the scheduler to say.

use serde::{Deserialize, Serialize};

use super::{media, told::Doing};

/// splitmix64: small, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, round: u64) -> Self {
        let mut random = Self(seed ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `from` to `to`, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    pub fn percent(&mut self, share: u64) -> bool {
        self.between(0, 99) < share
    }

    /// Up to `most` µs, short ones as likely as long ones.
    fn delay_us(&mut self, most: u64) -> u64 {
        let bits = u64::from(64 - most.leading_zeros());
        let width = self.between(0, bits);
        self.between(0, most.min((1 << width) - 1))
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.between(0, list.len() as u64 - 1) as usize]
    }
}

/// A round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub round: u64,
    pub who: Who,
    /// The media, by number, that are recorded at the same time.
    pub media: Vec<usize>,
    /// Percent of real time; 0: as fast as it goes.
    pub speed: u64,
    /// A recording ends after so many samples, and the next begins.
    pub samples: u64,
    /// Every so many samples of a recording; 0: never.
    pub mark_every: u64,
    pub photo_every: u64,
    pub commit_every: u64,
    pub publish_every: u64,
    pub trigger: Trigger,
    /// From the trigger to the kill.
    pub delay_us: u64,
    /// The recovery is killed as well, so often, each so long after it began.
    pub recoveries_us: Vec<u64>,
}

/// Who records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// This program, over the core's façade.
    Child,
    /// `custos terminal record`, as anybody can from outside.
    Program,
}

/// What the killer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// So many acknowledged fragments.
    Committed(u64),
    /// A sample of a recording's is about to be handed over.
    Handing(u64),
    /// It is about to do this, for the n-th time.
    Doing(Doing, u64),
}

/// What there is to choose from.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    /// How many media there are.
    pub media: usize,
    /// Samples of the first medium in a clip of the policy's length.
    pub clip_samples: u64,
}

const FAST: [u64; 6] = [150, 400, 800, 1600, 5000, 0];

impl Plan {
    /// The plan of one round.
    pub fn of(seed: u64, round: u64, choices: Choices) -> Self {
        let mut random = Random::new(seed, round);
        let r = &mut random;
        let every = |r: &mut Random, share, from, to| match r.percent(share) {
            true => r.between(from, to),
            false => 0,
        };
        let mut plan = Self {
            round,
            who: Who::Child,
            media: vec![r.between(0, choices.media as u64 - 1) as usize],
            speed: r.pick(&FAST),
            samples: r.between(60, 1500),
            mark_every: every(r, 30, 20, 200),
            photo_every: every(r, 15, 100, 400),
            commit_every: every(r, 20, 5, 200),
            publish_every: every(r, 50, 30, 300),
            trigger: Trigger::Committed(r.between(1, 12)),
            delay_us: r.delay_us(60_000),
            recoveries_us: Vec::new(),
        };
        match r.between(0, 99) {
            // As it comes.
            0..=24 => {}
            // Real time: what an officer would lose.
            25..=34 => {
                plan.speed = 100;
                plan.trigger = Trigger::Committed(r.between(1, 2));
                plan.delay_us = r.between(0, 1_000_000);
            }
            // Several cameras at the same time.
            35..=42 => plan
                .media
                .push(r.between(0, choices.media as u64 - 1) as usize),
            // The end of one clip and the beginning of the next.
            43..=57 => {
                plan.media = vec![0];
                plan.speed = r.pick(&[800, 1600, 5000]);
                plan.samples = 3 * choices.clip_samples;
                let cut = r.between(1, 2) * choices.clip_samples;
                plan.trigger = Trigger::Handing(cut + r.between(0, 40));
                plan.delay_us = r.delay_us(30_000);
            }
            58..=63 => plan.strike(r, Doing::Start, 2, 25_000),
            64..=65 => plan.strike(r, Doing::Open, 1, 25_000),
            66..=67 => plan.strike(r, Doing::Unlock, 1, 250_000),
            68..=75 => plan.strike(r, Doing::Stop, 2, 25_000),
            76..=80 => {
                plan.photo_every = r.between(20, 60);
                plan.strike(r, Doing::Photo, 2, 60_000);
            }
            81..=84 => {
                plan.mark_every = r.between(10, 60);
                plan.strike(r, Doing::Mark, 4, 8_000);
            }
            85..=88 => {
                plan.commit_every = r.between(10, 40);
                plan.strike(r, Doing::Commit, 4, 20_000);
            }
            // As an outsider would.
            _ => {
                plan.who = Who::Program;
                plan.media = vec![plan.media[0]];
                if plan.media[0] == media::SOUND {
                    plan.media[0] = 0;
                }
                plan.speed = r.pick(&[100, 0]);
                let most = if plan.speed == 100 { 2 } else { 40 };
                plan.trigger = Trigger::Committed(r.between(1, most));
            }
        }
        if r.percent(35) {
            plan.recoveries_us = (0..r.between(1, 3)).map(|_| r.delay_us(40_000)).collect();
        }
        plan
    }

    fn strike(&mut self, random: &mut Random, what: Doing, most: u64, delay_us: u64) {
        // Soon enough that a round does not last.
        self.speed = self.speed.max(800);
        self.samples = self.samples.min(300);
        self.trigger = Trigger::Doing(what, random.between(1, most));
        self.delay_us = random.delay_us(delay_us);
    }
}
