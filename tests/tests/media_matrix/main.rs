//! Every media file through the whole path: demuxed as a camera would hand it over, muxed, sealed,
//! opened with the `age` program, decoded by ffmpeg, looked at by MediaInfo, and compared with the
//! original.
//!
//! The small set in `tests/media` is always there; the large one is skipped where it is missing.
//!
//! What differs from the original, and why: edit lists and iTunes' notes on gapless playback are
//! not taken over (every sample is evidence, whether a player would hide it or not), nor are
//! dates, titles, languages and bit rates; an AAC frame at the end lasts for all of its samples;
//! times are rounded to 1/90000 s.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod clips;
mod compare;
mod damage;
mod inspect;
mod through;
mod times;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::compare::{check_skew, check_times, compare, decode, decode_leniently};
use crate::through::{Bench, have, large_set, ours, record};

/// Files whose every sample must come back.
const PLAYABLE: &[&str] = &[
    "androidx-media/bbb_1ch_8kHz_aac_lc.m4a",
    "androidx-media/bbb_800x640_768kbps_30fps_avc_non_reference_3b.mp4",
    "androidx-media/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
    "androidx-media/fragmented_captions.mp4",
    "androidx-media/iibbibb_editlist_videoonly.mp4",
    "androidx-media/sample_12_5fps_720p_1s.mp4",
    "androidx-media/sample_audio_only.mp4",
    "androidx-media/sample_fragmented_seekable_multiple_sidx.mp4",
    "androidx-media/sample_with_increasing_timestamps_320w_240h_fragmented.mp4",
    "androidx-media/testvid_1022ms.mp4",
    "generated/gen_5s_1080p30_4M_high_bf0.mp4",
    "generated/gen_5s_1080p30_4M_high_bf0_frag.mp4",
    "generated/gen_5s_480p30_baseline.mp4",
    "generated/gen_5s_720p25_bf2.mp4",
    "generated/gen_5s_720p25_bf2_frag.mp4",
    "generated/gen_5s_720p25_bf2_frag_sidx.mp4",
    "mp4ff/bbb5s_aac_sidx.mp4",
    "mp4ff/bbb_prog_10s.mp4",
    "mp4ff/prog_8s.mp4",
    "mp4ff/v300_multiple_segments.mp4",
    "mp4parse-rust/minimal.mp4",
    "mp4parse-rust/video_rotation_90.mp4",
];

/// Raw streams.
const STREAMS: &[&str] = &[
    "generated/gen_5s_480p30_baseline.h264",
    "generated/gen_5s_720p25_bf2.h264",
    "mp4ff/blackframe.264",
    "openh264/Cisco_Adobe_PDF_sample_a_1024x768_CAVLC_Bframe_9.264",
    "openh264/Error_I_P.264",
    "openh264/Static.264",
];

/// Files that are refused, and how.
const REFUSED: &[(&str, &str)] = &[
    ("androidx-media/sample.adts", "unsupported-media"),
    ("generated/gen_photo_noexif.jpg", "unsupported-media"),
    (
        "mp4-rust/extended_audio_object_type.mp4",
        "unsupported-media",
    ),
    ("mp4-rust/minimal_fragment.m4s", "broken-media"),
    ("mp4-rust/minimal_init.mp4", "empty-media"),
    ("mp4ff/1.m4s", "broken-media"),
    ("mp4ff/init.mp4", "empty-media"),
    ("mp4ff/init_truncated.mp4", "broken-media"),
    ("mp4ff/two-frames.264", "unsupported-media"),
    ("mp4parse-rust/chunk_out_of_range.mp4", "broken-media"),
    ("mp4parse-rust/zero_empty_stsc.mp4", "broken-media"),
];

/// Files that end in an error after what is sound.
const TORN: &[&str] = &[
    "mp4parse-rust/invalid_userdata.mp4",
    "mp4parse-rust/no_timescale.mp4",
];

/// How far a time may move: µs on the way in, ticks of 1/90000 s on the way out.
const VIDEO_TOLERANCE: f64 = 30e-6;
/// Audio snaps to whole frames.
const AUDIO_TOLERANCE: f64 = 1e-3;

const TOOLS: &[&str] = &["age", "ffmpeg", "ffprobe", "mediainfo"];

fn check_playable(bench: &Bench, name: &str, media: &Path) -> String {
    let (recorded, opened) = bench.through(media);
    let mut wrong = String::new();
    if let Some(fault) = recorded.fault {
        let _ = writeln!(wrong, "{name}: {fault}");
    }
    if recorded.repaired > 0 {
        let _ = writeln!(wrong, "{name}: {} times moved", recorded.repaired);
    }
    // Everything that is in the original, whether it is to be shown or not.
    let original = decode(media, &["-ignore_editlist", "1"]);
    let copy = decode(&opened, &[]);
    for said in [&original.said, &copy.said] {
        wrong += said;
    }
    wrong += &compare(
        &format!("{name} video"),
        &original.video,
        &copy.video,
        VIDEO_TOLERANCE,
    );
    wrong += &compare(
        &format!("{name} audio"),
        &original.audio,
        &copy.audio,
        AUDIO_TOLERANCE,
    );
    wrong += &check_times(name, &opened);
    wrong += &inspect::compare(name, media, &opened);
    if original.video.is_empty() && original.audio.is_empty() {
        wrong += &format!("{name}: nothing was decoded\n");
    }
    if !original.video.is_empty() && !original.audio.is_empty() {
        wrong += &check_skew(name, &decode(media, &[]), &copy);
    }
    wrong
}

/// Raw streams: ffmpeg gives their pictures no times, but an order. The copy has them in that
/// order, one after the other at the stream's own pace.
fn check_stream(bench: &Bench, name: &str, media: &Path, codec: &str) -> String {
    let (_, opened) = bench.through(media);
    let input = ["-f", codec];
    let (mut original, mut copy) = (decode(media, &input), decode(&opened, &[]));
    let damaged = !original.said.is_empty();
    if damaged {
        original = decode_leniently(media, &input);
        copy = decode_leniently(&opened, &[]);
    }
    let mut wrong = String::new();
    let hashes = |frames: &[(f64, String)]| -> Vec<String> {
        frames.iter().map(|frame| frame.1.clone()).collect()
    };
    if hashes(&original.video) != hashes(&copy.video) || copy.video.is_empty() {
        let _ = writeln!(
            wrong,
            "{name}: {} pictures became {}, or differ",
            original.video.len(),
            copy.video.len()
        );
    }
    let steps: Vec<f64> = copy.video.windows(2).map(|w| w[1].0 - w[0].0).collect();
    let uneven = |step: &&f64| **step <= 0.0 || (**step - steps[0]).abs() > VIDEO_TOLERANCE;
    if let Some(step) = steps.iter().find(uneven) {
        let _ = writeln!(wrong, "{name}: a picture lasts {step} s");
    }
    wrong += &check_times(name, &opened);
    if !damaged {
        wrong += &copy.said;
        wrong += &inspect::compare(name, media, &opened);
    }
    wrong
}

#[test]
fn our_samples_come_back() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    for name in ["sample.mp4", "sample-h265.mp4"] {
        assert_eq!(check_playable(&bench, name, &ours(name)), "");
    }
    for (name, codec) in [("sample.h264", "h264"), ("sample.265", "hevc")] {
        assert_eq!(check_stream(&bench, name, &ours(name), codec), "");
    }
}

/// The raw stream has the times of the file that it was taken from.
#[test]
fn a_raw_stream_plays_as_its_file_does() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    let (_, from_file) = bench.through(&ours("sample-h265.mp4"));
    let from_file = decode(&from_file, &[]).video;
    let (_, from_stream) = bench.through(&ours("sample.265"));
    let from_stream = decode(&from_stream, &[]).video;
    assert_eq!(from_file.len(), 60);
    let wrong = compare("sample.265", &from_file, &from_stream, VIDEO_TOLERANCE);
    assert_eq!(wrong, "");
}

/// The tools that find nothing wrong with our files do find what is wrong with others.
#[test]
fn the_judges_can_tell() {
    if !have(TOOLS) {
        return;
    }
    let bench = Bench::new();
    let (_, opened) = bench.through(&ours("sample.mp4"));
    let cut = bench.dir.path().join("cut.mp4");
    let whole = fs::read(&opened).unwrap();
    fs::write(&cut, &whole[..whole.len() - 1000]).unwrap();
    assert_ne!(decode(&cut, &[]).said, "");
    assert_ne!(inspect::compare("cut", &opened, &cut), "");
    let mut zeroed = whole;
    let middle = zeroed.len() / 2;
    zeroed[middle..middle + 4000].fill(0);
    fs::write(&cut, &zeroed).unwrap();
    assert_ne!(decode(&cut, &[]).said, "");
}

#[test]
fn every_playable_file_comes_back() {
    let Some(large) = large_set().filter(|_| have(TOOLS)) else {
        return;
    };
    let bench = Bench::new();
    let mut wrong = String::new();
    for name in PLAYABLE {
        wrong += &check_playable(&bench, name, &large.join(name));
    }
    // An initialisation segment and a media segment are one file once they are put together.
    let joined = bench.dir.path().join("joined.mp4");
    let parts = ["mp4ff/init.mp4", "mp4ff/1.m4s"].map(|part| fs::read(large.join(part)).unwrap());
    fs::write(&joined, parts.concat()).unwrap();
    wrong += &check_playable(&bench, "init.mp4 + 1.m4s", &joined);
    assert_eq!(wrong, "");
}

#[test]
fn raw_streams_come_back() {
    let Some(large) = large_set().filter(|_| have(TOOLS)) else {
        return;
    };
    let bench = Bench::new();
    let wrong: String = STREAMS
        .iter()
        .map(|name| check_stream(&bench, name, &large.join(name), "h264"))
        .collect();
    assert_eq!(wrong, "");
}

#[test]
fn what_cannot_be_recorded_says_why() {
    let Some(large) = large_set() else { return };
    let bench = Bench::new();
    let sealed = bench.dir.path().join("x.age");
    for (name, code) in REFUSED {
        match record(&large.join(name), &sealed, bench.recipient) {
            Err(error) => assert_eq!((*name, error.code()), (*name, *code)),
            Ok(recorded) => panic!("{name}: {} samples", recorded.samples),
        }
    }
    for name in TORN {
        let recorded = record(&large.join(name), &sealed, bench.recipient).unwrap();
        assert_eq!(
            recorded.fault.map(|fault| fault.code()),
            Some("broken-media"),
            "{name}"
        );
    }
}
