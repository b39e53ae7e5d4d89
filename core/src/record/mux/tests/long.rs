//! Recordings of half a day and more: over a million samples, and times that 32 bits do not hold.

use super::*;

/// Follows a track through its fragments.
#[derive(Default)]
struct Followed {
    samples: u64,
    /// Where the last fragment ended, and its last presentation time, in ticks.
    end: i64,
    last: i64,
    begins: Vec<i64>,
}

impl Followed {
    fn take(&mut self, moof: &Moof, track: u32) {
        let Some((list, end)) = times(moof, track) else {
            return;
        };
        assert!(list[0].0 >= self.end, "{} < {}", list[0].0, self.end);
        assert!(list.iter().all(|(dts, pts)| dts <= pts));
        self.samples += list.len() as u64;
        self.begins.push(list[0].0);
        self.end = end;
        self.last = list.iter().map(|t| t.1).max().unwrap_or(self.last);
    }
}

/// Twelve hours of video and sound, then two more with a picture a second: 2^32 ticks of the
/// video track are passed after 13 hours and 15 minutes.
#[test]
fn half_a_day_of_small_samples() {
    const HOURS_12: i64 = 12 * 3600;
    const HOURS_14: i64 = 14 * 3600;
    let mut muxer = muxer();
    let (mut video, mut audio) = (Followed::default(), Followed::default());
    let (mut fragments, mut end_us) = (0, 0);
    let mut take = |fragment: Option<Fragment>| -> Option<Fragment> {
        let fragment = fragment?;
        fragments += 1;
        assert_eq!(fragment.number, fragments);
        assert!(fragment.end_us >= end_us);
        end_us = fragment.end_us;
        let moof = read(&fragment).1;
        video.take(&moof, VIDEO_TRACK);
        audio.take(&moof, AUDIO_TRACK);
        Some(fragment)
    };
    let (mut pictures, mut frames) = (0i64, 0i64);
    for second in 0..HOURS_14 {
        let rate = if second < HOURS_12 { 30 } else { 1 };
        for picture in 0..rate {
            let pts = second * 1_000_000 + picture * 1_000_000 / rate;
            let data = if picture == 0 { IDR } else { SLICE };
            let done = muxer.push(Track::Video, pts, picture == 0, data).unwrap();
            if let Some(fragment) = take(done) {
                muxer.recycle(fragment);
            }
            pictures += 1;
        }
        while frames * 1024 < (second + 1) * 48_000 {
            let pts = frames * 1_024_000 / 48;
            let done = muxer.push(Track::Audio, pts, true, &[0x21]).unwrap();
            if let Some(fragment) = take(done) {
                muxer.recycle(fragment);
            }
            frames += 1;
        }
    }
    take(muxer.finish().unwrap());
    assert_eq!(muxer.repaired(), 0);
    assert_eq!(
        (video.samples, audio.samples),
        (pictures as u64, frames as u64)
    );
    assert!(pictures > 1_300_000, "{pictures}");

    // Nothing drifts: the last of each is where it was said to be, and the tracks are in step.
    let shift = video.last - (HOURS_14 - 1) * 90_000;
    assert!((0..=3 * 3_000).contains(&shift), "{shift}");
    let sound = audio.last - (frames - 1) * 1024;
    assert!((to_us(sound, 48_000) - to_us(shift, 90_000)).abs() < 1_000);
    assert!(video.end > i64::from(u32::MAX));
    assert!(
        (end_us - HOURS_14 * 1_000_000).abs() < 1_500_000,
        "{end_us}"
    );
    assert!((muxer.position_us() - HOURS_14 * 1_000_000).abs() < 1_500_000);
    // A second each, while there were pictures enough.
    let steps = video.begins.windows(2).take(HOURS_12 as usize - 10);
    assert!(
        steps
            .map(|w| w[1] - w[0])
            .all(|step| step <= 90_000 + 3_000)
    );
}

/// Sound alone, and most of the time none, past 2^32 ticks of 48 kHz: 24 hours and 51 minutes.
#[test]
fn sound_past_a_day() {
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_audio(AudioConfig::new(AAC).unwrap())
        .unwrap();
    let mut audio = Followed::default();
    let mut take = |fragment: Option<Fragment>| {
        if let Some(fragment) = fragment {
            audio.take(&read(&fragment).1, AUDIO_TRACK);
        }
    };
    for minute in 0..26 * 60i64 {
        take(
            muxer
                .push(Track::Audio, minute * 60_000_000, true, &[1])
                .unwrap(),
        );
    }
    take(muxer.finish().unwrap());
    assert_eq!(audio.samples, 26 * 60);
    assert_eq!(audio.last, (26 * 60 - 1) * 60 * 48_000);
    assert!(audio.last > i64::from(u32::MAX));
    // The second one came before anybody could know that a minute passes between two.
    assert_eq!(muxer.repaired(), 1);
}

/// One clip after the other out of one stream, as rotation makes them: each begins at zero, and
/// together they hold every sample once.
#[test]
fn clips_cut_out_of_one_stream() {
    let began = 1 << 41; // a clock that has run for 25 days
    let mut samples = 0;
    for clip in 0..72i64 {
        // Ten minutes each, 5 pictures a second.
        let mut muxer = muxer();
        let mut video = Followed::default();
        let mut last = 0;
        let mut take = |fragment: Option<Fragment>| {
            if let Some(fragment) = fragment {
                last = fragment.end_us;
                video.take(&read(&fragment).1, VIDEO_TRACK);
            }
        };
        for picture in 0..3_000i64 {
            let pts = began + clip * 600_000_000 + picture * 200_000;
            let data = if picture % 5 == 0 { IDR } else { SLICE };
            take(
                muxer
                    .push(Track::Video, pts, picture % 5 == 0, data)
                    .unwrap(),
            );
        }
        take(muxer.finish().unwrap());
        assert_eq!((video.begins[0], muxer.repaired()), (0, 0));
        assert!((last - 600_000_000).abs() <= 500_000, "{last}");
        samples += video.samples;
    }
    assert_eq!(samples, 72 * 3_000);
}
