use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::record::codec::{AudioConfig, Rotation, VideoConfig};

const SECOND: i64 = 1_000_000;

/// 640x480, Baseline, with its PPS.
const CONFIG: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

fn setup(video: bool, audio: &[u8]) -> Arc<Setup> {
    Arc::new(Setup {
        video: video.then(|| VideoConfig::new(CONFIG, Rotation::None).unwrap()),
        audio: AudioConfig::new(audio).ok(),
    })
}

fn limits(seconds: i64, bytes: usize) -> Limits {
    Limits {
        us: seconds * SECOND,
        bytes,
        audio: true,
    }
}

fn ring(seconds: i64, bytes: usize) -> Ring {
    Ring::new(
        limits(seconds, bytes),
        setup(true, &[0x11, 0x90]),
        Pool::new(4),
    )
}

fn video(ring: &mut Ring, pts_us: i64, key: bool, length: usize) {
    let data = vec![key.into(); length];
    ring.push(&Sample {
        track: Track::Video,
        pts_us,
        key,
        data: &data,
    });
}

fn audio(ring: &mut Ring, pts_us: i64) {
    ring.push(&Sample {
        track: Track::Audio,
        pts_us,
        key: true,
        data: &[7; 10],
    });
}

/// What is taken: track, time and whether it is a key picture.
fn taken(ring: &mut Ring) -> (Vec<(Track, i64, bool)>, i64) {
    let buffered = ring.take();
    let list = buffered.queue.samples();
    let list = list.map(|s| (s.track, s.pts_us, s.key)).collect();
    (list, buffered.length_us)
}

/// Groups of ten pictures, 100 ms each.
fn feed(ring: &mut Ring, pictures: std::ops::Range<i64>) {
    for n in pictures {
        video(ring, n * SECOND / 10, n % 10 == 0, 100);
    }
}

#[test]
fn whole_groups_within_the_time() {
    let mut ring = ring(3, 1 << 20);
    feed(&mut ring, 0..95);
    let (list, length_us) = taken(&mut ring);
    assert_eq!(list[0], (Track::Video, 7 * SECOND, true));
    assert_eq!(list.len(), 25);
    assert_eq!(length_us, 2_400_000);
    // What was taken is not in here any more, nor is the rest of its last group.
    feed(&mut ring, 95..105);
    let (list, _) = taken(&mut ring);
    assert_eq!(list[0], (Track::Video, 10 * SECOND, true));
    assert_eq!(list.len(), 5);
}

#[test]
fn whole_groups_within_the_bytes() {
    let mut ring = ring(100, 2_500);
    feed(&mut ring, 0..45);
    assert_eq!(ring.bytes(), 2_500);
    feed(&mut ring, 45..46);
    assert_eq!(ring.bytes(), 1_600);
    assert_eq!(taken(&mut ring).0[0], (Track::Video, 3 * SECOND, true));
}

/// One group that does not fit leaves nothing broken behind, and the next one is kept.
#[test]
fn a_group_that_is_too_large_goes() {
    for mut ring in [ring(100, 950), ring(0, 1 << 20), {
        let mut ring = ring(1, 1 << 20);
        ring.set_limits(limits(0, 1 << 20));
        ring
    }] {
        feed(&mut ring, 0..20);
        assert_eq!(taken(&mut ring), (Vec::new(), 0));
    }
    let mut ring = ring(100, 950);
    feed(&mut ring, 0..25);
    assert_eq!(taken(&mut ring).0.len(), 5);
    // A single sample beyond the bound.
    video(&mut ring, 0, true, 100);
    video(&mut ring, 1, true, 951);
    video(&mut ring, 2, false, 1);
    assert_eq!(taken(&mut ring).0.len(), 0);
}

/// The sound of a picture may come before it; the sound of what is gone goes.
#[test]
fn sound_begins_with_the_first_picture() {
    let mut ring = ring(2, 1 << 20);
    for n in 0..55 {
        // The encoder of the sound is ahead by three pictures.
        audio(&mut ring, (n + 3) * SECOND / 10);
        video(&mut ring, n * SECOND / 10, n % 10 == 0, 100);
    }
    let (list, _) = taken(&mut ring);
    let first = |wanted| list.iter().find(|s| s.0 == wanted).copied().unwrap();
    assert_eq!(first(Track::Video), (Track::Video, 4 * SECOND, true));
    assert_eq!(first(Track::Audio).1, 4 * SECOND);
    let sound = list.iter().filter(|s| s.0 == Track::Audio).count();
    assert_eq!(sound, 18);
    assert_eq!(list.len(), 15 + 18);

    // And if it is behind, its first frames are of a picture that is gone.
    for n in 60..75 {
        video(&mut ring, n * SECOND / 10, n % 10 == 0, 100);
        audio(&mut ring, (n - 3) * SECOND / 10);
    }
    let (list, _) = taken(&mut ring);
    let sound: Vec<i64> = list
        .iter()
        .filter(|s| s.0 == Track::Audio)
        .map(|s| s.1)
        .collect();
    assert_eq!(sound[0], 6 * SECOND);
    assert_eq!(sound.len(), 12);
}

#[test]
fn sound_is_left_out_where_the_policy_says_so() {
    let mut ring = ring(30, 1 << 20);
    ring.set_limits(Limits {
        audio: false,
        ..limits(30, 1 << 20)
    });
    for n in 0..20 {
        video(&mut ring, n * SECOND / 10, n % 10 == 0, 100);
        audio(&mut ring, n * SECOND / 10);
    }
    assert!(taken(&mut ring).0.iter().all(|s| s.0 == Track::Video));
}

#[test]
fn sound_alone_is_kept_by_frames() {
    let setup = setup(false, &[0x11, 0x90]);
    let mut ring = Ring::new(limits(1, 1 << 20), setup, Pool::new(4));
    for n in 0..100 {
        audio(&mut ring, n * 20_000);
    }
    let (list, length_us) = taken(&mut ring);
    assert_eq!(list.len(), 51);
    assert_eq!(length_us, SECOND);
}

#[test]
fn another_configuration_clears_what_cannot_stay() {
    let mut ring = ring(30, 1 << 20);
    let fill = |ring: &mut Ring| {
        for n in 0..20 {
            video(ring, n * SECOND / 10, n % 10 == 0, 100);
            audio(ring, n * SECOND / 10);
        }
    };
    fill(&mut ring);
    // Other sound: the pictures stay.
    ring.configure(setup(true, &[0x12, 0x10]));
    let (list, _) = taken(&mut ring);
    assert_eq!(list.len(), 20);
    assert!(list.iter().all(|s| s.0 == Track::Video));
    fill(&mut ring);
    ring.configure(setup(false, &[0x12, 0x10]));
    assert_eq!(taken(&mut ring).0.len(), 0);
    // The first configuration of the sound changes nothing.
    ring.configure(setup(true, &[]));
    feed(&mut ring, 0..20);
    ring.configure(setup(true, &[0x12, 0x10]));
    assert_eq!(taken(&mut ring).0.len(), 20);
}

#[test]
fn what_is_put_back_is_there_again() {
    let mut ring = ring(2, 1 << 20);
    feed(&mut ring, 0..45);
    let mut buffered = ring.take();
    // Meanwhile the camera went on.
    for n in 45..52 {
        buffered.queue.push(&Sample {
            track: Track::Video,
            pts_us: n * SECOND / 10,
            key: n % 10 == 0,
            data: &[0; 100],
        });
    }
    ring.restore(buffered.queue);
    feed(&mut ring, 52..55);
    let (list, _) = taken(&mut ring);
    assert_eq!(list[0], (Track::Video, 4 * SECOND, true));
    assert_eq!(list.len(), 15);
}

/// Times that go back do not empty the buffer, nor keep it from being emptied later.
#[test]
fn a_clock_that_is_set_back() {
    let mut ring = ring(3, 1 << 20);
    feed(&mut ring, 1_000..1_025);
    feed(&mut ring, 0..10);
    let (list, length_us) = taken(&mut ring);
    assert_eq!(list.len(), 25);
    assert_eq!(list[0].1, 101 * SECOND);
    assert!(length_us <= 3 * SECOND);
    // A pause, however long, counts.
    feed(&mut ring, 0..20);
    feed(&mut ring, 1_000..1_005);
    assert_eq!(taken(&mut ring).0.len(), 5);
    for pts_us in [i64::MIN, i64::MAX, 0, i64::MIN, i64::MAX] {
        video(&mut ring, pts_us, true, 10);
    }
}

/// A ring that remembers everything and says what should be left of it.
#[derive(Debug, Default)]
struct Model {
    /// Track, time, key and length of what came since it was last empty.
    all: Vec<(Track, i64, bool, usize)>,
}

impl Model {
    fn push(&mut self, sample: (Track, i64, bool, usize), bounds: &Limits) {
        let begins = sample.0 == Track::Video && sample.2;
        if self.all.is_empty() && !begins {
            return;
        }
        self.all.push(sample);
        if self.begin(bounds).is_none() {
            self.all.clear();
        }
    }

    /// The oldest group from which on all fits.
    fn begin(&self, bounds: &Limits) -> Option<usize> {
        let latest = self.all.iter().map(|s| s.1).max()?;
        (0..self.all.len()).find(|&at| {
            let bytes: usize = self.all[at..].iter().map(|s| s.3).sum();
            self.all[at].0 == Track::Video
                && self.all[at].2
                && bytes <= bounds.bytes
                && latest - self.all[at].1 <= bounds.us
        })
    }
}

proptest! {
    /// Pictures and sound as a camera gives them, of any size, in groups of any length: what is
    /// left are the latest whole groups that fit, and nothing else.
    #[test]
    fn it_is_as_simple_as_its_model(
        list in prop::collection::vec((0..8u8, 1..400i64, 0..900usize), 0..600),
        seconds in 1..6i64,
        bytes in 500..20_000usize,
        pauses in prop::collection::vec(0..600usize, 0..3),
    ) {
        let mut ring = ring(seconds, bytes);
        let (mut model, mut now) = (Model::default(), 0);
        let bounds = limits(seconds, bytes);
        for (at, (kind, step, length)) in list.into_iter().enumerate() {
            now += step * 1_000;
            let key = kind == 0;
            if kind < 6 {
                video(&mut ring, now, key, length);
                model.push((Track::Video, now, key, length), &bounds);
            } else {
                audio(&mut ring, now);
                model.push((Track::Audio, now, true, 10), &bounds);
            }
            prop_assert!(ring.bytes() <= bytes);
            if pauses.contains(&at) {
                let (list, _) = taken(&mut ring);
                let from = model.begin(&bounds).unwrap_or(model.all.len());
                let wanted: Vec<_> = model.all[from..].iter().map(|s| (s.0, s.1, s.2)).collect();
                prop_assert_eq!(list, wanted);
                model = Model::default();
            }
        }
        let (list, length_us) = taken(&mut ring);
        let from = model.begin(&bounds).unwrap_or(model.all.len());
        let wanted: Vec<_> = model.all[from..].iter().map(|s| (s.0, s.1, s.2)).collect();
        prop_assert_eq!(list, wanted);
        let first = model.all.get(from).map_or(now, |s| s.1);
        prop_assert!(length_us == now - first || model.all.is_empty());
    }

    /// Whatever the times and configurations are.
    #[test]
    fn anything_is_taken(list: Vec<(u8, i64, Vec<u8>)>, seconds in 0..3i64, bytes in 0..100usize) {
        let mut ring = ring(seconds, bytes);
        for (kind, pts_us, data) in list {
            match kind % 8 {
                0 => ring.configure(setup(kind & 8 == 0, &data)),
                1 => drop(ring.take()),
                2 => {
                    let buffered = ring.take();
                    ring.restore(buffered.queue);
                }
                _ => ring.push(&Sample {
                    track: if kind & 16 == 0 { Track::Video } else { Track::Audio },
                    pts_us,
                    key: kind & 32 == 0,
                    data: &data,
                }),
            }
            prop_assert!(ring.bytes() <= bytes);
        }
    }
}
