use proptest::prelude::*;

use super::*;

const MS: i64 = 1000;
const S: i64 = 1_000_000;

/// 25 pictures a second.
fn video(reorder: u32) -> VideoClock {
    VideoClock::new(Some(reorder), FrameTime::new(1, 25))
}

fn place(clock: &mut VideoClock, times_us: &[i64]) -> Vec<i64> {
    times_us.iter().map(|t| clock.place(*t, None)).collect()
}

/// Pictures 40 ms apart from `from_us` on.
fn steady(from_us: i64, count: i64) -> Vec<i64> {
    (0..count).map(|n| from_us + n * 40 * MS).collect()
}

fn ticks(times_us: &[i64]) -> Vec<i64> {
    times_us.iter().map(|t| to_ticks(*t, 90_000)).collect()
}

#[test]
fn repeated_and_backward_times_are_moved() {
    let mut clock = video(0);
    let placed = place(&mut clock, &[0, 100 * MS, 100 * MS, 50 * MS, 200 * MS]);
    assert_eq!(placed, [0, 9000, 9001, 9002, 18_000]);
    assert_eq!(clock.repaired(), 2);
}

#[test]
fn b_frames_reach_back_as_far_as_the_stream_says() {
    // I P b b, then a time that only a third reordered picture could have.
    let mut clock = video(1);
    let placed = place(&mut clock, &[0, 120 * MS, 40 * MS, 80 * MS, 60 * MS]);
    assert_eq!(placed, [0, 10_800, 3600, 7200, 10_801]);
    assert_eq!(clock.repaired(), 1);

    let mut clock = VideoClock::new(None, None);
    let placed = place(&mut clock, &[0, 120 * MS, 40 * MS, 40 * MS, 80 * MS]);
    assert_eq!(placed, [0, 10_800, 3600, 10_801, 7200]);
    assert_eq!(clock.repaired(), 1);
}

/// However long ago the other one was given: here a picture that is decoded far ahead of its time.
#[test]
fn no_time_is_given_twice() {
    let mut clock = video(2);
    let mut placed = vec![clock.place(4 * S, None)];
    placed.extend(place(&mut clock, &steady(0, 120)));
    placed.sort_unstable();
    assert!(placed.windows(2).all(|w| w[0] < w[1]));
    assert_eq!(clock.repaired(), 1);
}

/// Even where nothing came before that it could be compared with.
#[test]
fn a_time_that_was_cut_is_counted() {
    for nonsense in [i64::MIN, i64::MAX, MOST_US + 1] {
        let mut clock = video(0);
        clock.place(nonsense, None);
        assert_eq!(clock.repaired(), 1, "{nonsense}");
        let mut clock = AudioClock::new(48_000, 1024);
        clock.place(nonsense, None);
        assert_eq!(clock.repaired(), 1, "{nonsense}");
    }
    let mut clock = video(0);
    clock.place(-MOST_US, None);
    assert_eq!(clock.repaired(), 0);
}

/// One time that is nonsense moves its picture and no other.
#[test]
fn a_slip_is_one_picture_out_of_place() {
    for nonsense in [3_600 * S, -S, 0, i64::MIN, i64::MAX] {
        for reorder in [0, 2] {
            let mut clock = video(reorder);
            let mut times = steady(60 * S, 50);
            times[25] = nonsense;
            let placed = place(&mut clock, &times);
            assert_eq!(clock.repaired(), 1, "{nonsense}");
            let wanted = ticks(&steady(60 * S, 50));
            for at in (0..50).filter(|at| *at != 25) {
                // A picture that stands in another's place pushes it by a tick.
                assert!((placed[at] - wanted[at]).abs() <= 1, "{nonsense}: {at}");
            }
            assert!(placed[25] > placed[24] && placed[25] <= placed[26]);
        }
    }
}

#[test]
fn a_gap_is_kept() {
    let mut clock = video(0);
    let times = [steady(0, 10), steady(3_600 * S, 10)].concat();
    let placed = place(&mut clock, &times);
    assert_eq!(clock.repaired(), 1);
    assert_eq!(placed[11..], ticks(&times)[11..]);

    // Up to ten seconds, and beyond if the other track is there, nobody has to wonder.
    let mut clock = video(0);
    let times = [steady(0, 10), steady(9 * S, 10)].concat();
    assert_eq!(place(&mut clock, &times), ticks(&times));
    let other = Standing {
        highest_us: 3_600 * S,
        offset_us: 0,
    };
    assert_eq!(clock.place(3_601 * S, Some(other)), 3_601 * 90_000);
    assert_eq!(clock.repaired(), 0);
}

#[test]
fn a_picture_every_minute_is_no_slip() {
    let mut clock = video(0);
    let times: Vec<i64> = (0..20).map(|n| n * 60 * S).collect();
    let placed = place(&mut clock, &times);
    assert_eq!(placed[2..], ticks(&times)[2..]);
    assert_eq!(clock.repaired(), 1);
}

#[test]
fn a_clock_that_was_set_back_goes_on() {
    let mut clock = video(0);
    let placed = place(&mut clock, &[steady(100 * S, 50), steady(0, 50)].concat());
    assert_eq!(clock.repaired(), 2);
    // As if it had not been set, but for the picture before that was known.
    for w in placed[51..].windows(2) {
        assert_eq!(w[1] - w[0], 3600);
    }
    assert!(placed[51] - placed[49] <= 3602);

    // The sound is shifted by as much as the picture was.
    let mut audio = AudioClock::new(48_000, 1024);
    let other = clock.standing();
    let frame_us = |n: i64| n * 1_024_000 / 48;
    for n in 0..10 {
        audio.place(101 * S + frame_us(n), other);
    }
    let placed: Vec<i64> = (0..10)
        .map(|n| audio.place(S + frame_us(n), other))
        .collect();
    let shift = to_us(placed[9], 48_000) - (S + frame_us(9));
    assert!(
        (shift - other.unwrap().offset_us).abs() < 22 * MS,
        "{shift}"
    );
    assert!(placed.windows(2).all(|w| w[0] < w[1]));
}

#[test]
fn a_clock_that_stands_still_is_given_the_usual_pace() {
    let mut clock = video(0);
    let placed = place(&mut clock, &[7; 100]);
    assert_eq!(clock.repaired(), 99);
    assert_eq!(placed[99] - placed[2], 97 * 3600);
}

#[test]
fn audio_snaps_to_frames_and_follows_jumps() {
    let mut clock = AudioClock::new(48_000, 1024);
    let placed: Vec<i64> = [0, 21_000, 43_000, 1_000_000, 1_025_000, 1_000_000]
        .map(|t| clock.place(t, None))
        .into();
    assert_eq!(placed, [0, 1024, 2048, 48_000, 49_024, 49_025]);
    assert_eq!(clock.repaired(), 1);
}

proptest! {
    #[test]
    fn audio_times_rise(list: Vec<i64>) {
        let mut clock = AudioClock::new(44_100, 1024);
        let placed: Vec<i64> = list.into_iter().map(|t| clock.place(t, None)).collect();
        prop_assert!(placed.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn no_two_pictures_share_a_time(
        list in prop::collection::vec(prop_oneof![any::<i64>(), 0..3_000_000i64], 0..200),
        reorder in prop::option::of(0..4u32),
    ) {
        let mut clock = VideoClock::new(reorder, None);
        let mut placed: Vec<i64> = list.into_iter().map(|t| clock.place(t, None)).collect();
        if reorder == Some(0) {
            prop_assert!(placed.windows(2).all(|w| w[0] < w[1]));
        }
        let all = placed.len();
        placed.sort_unstable();
        placed.dedup();
        prop_assert_eq!(placed.len(), all);
    }
}
