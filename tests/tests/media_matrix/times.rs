//! Times as no test pattern has them: frames at any distance, and clocks that slip.

use std::path::Path;

use custos_cli::camera::CameraSample;
use custos_core::record::Track;

use crate::compare::{Frame, check_times, decode, decode_leniently};
use crate::inspect;
use crate::through::{Bench, have, mux, ours, samples_of};

const S: i64 = 1_000_000;

const TOOLS: &[&str] = &["ffmpeg", "ffprobe", "mediainfo"];

/// The frames of our sample, in the order in which they are shown, and the copy's, after its
/// samples' times were bent; and how many of them were repaired.
fn bend(
    bench: &Bench,
    name: &str,
    bend: impl FnMut((usize, &mut CameraSample)),
) -> (Vec<Frame>, Vec<Frame>, u64) {
    let media = ours(name);
    let original = decode(&media, &[]);
    let (muxer, mut samples) = samples_of(&media);
    samples.iter_mut().enumerate().for_each(bend);
    let copy = bench.dir.path().join("bent.mp4");
    let repaired = mux(muxer, &samples, &copy);
    // With B-frames, nobody knows where a picture without a sensible time belongs, and for ffmpeg
    // a picture in a wrong place is a reason to give up.
    let decode_copy = if repaired > 0 && name == "sample.mp4" {
        decode_leniently
    } else {
        decode
    };
    let decoded = decode_copy(&copy, &[]);
    assert_eq!(decoded.said, "", "{name}");
    assert_eq!(check_times(name, &copy), "");
    let said = inspect::tracks(&copy);
    assert_eq!(inspect::faults(name, &[], &said), "");
    assert_eq!(original.audio.len(), decoded.audio.len(), "{name}");
    (original.video, decoded.video, repaired)
}

/// A picture's number by its time in our samples, 25 a second.
fn number(sample: &CameraSample) -> i64 {
    (sample.pts_us + 20_000).div_euclid(40_000)
}

/// Between 7 ms and 300 ms from picture to picture, in µs from the first one.
fn irregular(number: i64) -> i64 {
    (0..number)
        .map(|n| 7_000 + n * n * 7_919 % 293_000)
        .sum::<i64>()
}

#[test]
fn pictures_at_any_distance_stay_where_they_are() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    for name in ["sample.h264", "sample.mp4"] {
        let (original, copy, repaired) = bend(&bench, name, |(_, sample)| {
            if sample.track == Track::Video {
                sample.pts_us = irregular(number(sample));
            }
        });
        assert_eq!(repaired, 0, "{name}");
        assert_eq!(original.len(), copy.len(), "{name}");
        let first = copy[0].0;
        for (number, (a, b)) in original.iter().zip(&copy).enumerate() {
            assert_eq!(a.1, b.1, "{name}: {number}");
            let wanted = irregular(number as i64) as f64 / 1e6;
            assert!((b.0 - first - wanted).abs() < 30e-6, "{name}: {number}");
        }
        let said = inspect::tracks(&bench.dir.path().join("bent.mp4"));
        assert_eq!(said[1]["FrameRate_Mode"], "VFR", "{name}");
    }
}

/// How long a list of frames takes, in s.
fn length(frames: &[Frame]) -> f64 {
    let times = frames.iter().map(|f| f.0);
    times.clone().fold(f64::MIN, f64::max) - times.fold(f64::MAX, f64::min)
}

/// Whatever the clock does: every picture is there and can be decoded, what was moved was
/// counted, and the rest of the recording stays what it was.
#[test]
fn clocks_that_slip_cost_no_picture() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    type Bend = fn(usize, &mut CameraSample);
    // What is bent, and how much longer or shorter the pictures may take for it, in s.
    let slips: [(&str, f64, Bend); 7] = [
        ("one far ahead", 0.05, |n, s| {
            if n == 80 {
                s.pts_us += 3_600 * S;
            }
        }),
        ("nonsense", 0.05, |n, s| match n {
            40 => s.pts_us = i64::MAX,
            60 => s.pts_us = i64::MIN,
            80 => s.pts_us = 0,
            _ => {}
        }),
        ("repeated", 0.05, |n, s| {
            if n % 10 == 5 && s.track == Track::Video {
                s.pts_us -= 40_000;
            }
        }),
        ("a little back", 1.1, |_, s| {
            if s.pts_us >= 2 * S {
                s.pts_us -= S;
            }
        }),
        ("set back", 0.15, |_, s| {
            if s.pts_us >= 2 * S {
                s.pts_us -= 1_000 * S;
            }
        }),
        ("set ahead", 1_000.1, |_, s| {
            if s.pts_us >= 2 * S {
                s.pts_us += 1_000 * S;
            }
        }),
        ("standing still", 2.1, |_, s| s.pts_us = s.pts_us.min(2 * S)),
    ];
    for name in ["sample.h264", "sample.mp4"] {
        for (slip, more, change) in slips {
            let (original, copy, repaired) = bend(&bench, name, |(n, s)| change(n, s));
            assert!(repaired > 0, "{name}, {slip}");
            let hashes = |frames: &[Frame]| {
                let mut list: Vec<String> = frames.iter().map(|f| f.1.clone()).collect();
                list.sort();
                list
            };
            assert!(hashes(&original) == hashes(&copy), "{name}, {slip}");
            let difference = (length(&copy) - length(&original)).abs();
            assert!(difference <= more, "{name}, {slip}: {difference} s");
        }
    }
}

/// Sound and picture stay together when the clock that they share is set.
#[test]
fn a_clock_that_is_set_moves_both_tracks_alike() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    let copy = bench.dir.path().join("set.mp4");
    for by in [-1_000 * S, 1_000 * S] {
        let (muxer, mut samples) = samples_of(&ours("sample.mp4"));
        let offset = |list: &[CameraSample], file: &Path, track| {
            let last = list.iter().rfind(|s| s.track == track).unwrap().pts_us;
            let frames = decode(file, &[]);
            let frames = match track {
                Track::Video => frames.video,
                Track::Audio => frames.audio,
            };
            frames.iter().map(|f| f.0).fold(0.0, f64::max) - last as f64 / 1e6
        };
        for sample in samples.iter_mut().filter(|s| s.pts_us >= 2 * S) {
            sample.pts_us += by;
        }
        mux(muxer, &samples, &copy);
        let video = offset(&samples, &copy, Track::Video);
        let audio = offset(&samples, &copy, Track::Audio);
        // The last sample in decoding order is shown up to two pictures before the last one.
        assert!((video - audio).abs() < 0.13, "{video} {audio}");
    }
}
