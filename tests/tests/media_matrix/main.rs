//! Every media file through the whole path: demuxed as a camera would hand it over, muxed, sealed,
//! opened with the `age` program, decoded by ffmpeg, and compared with the original.
//!
//! The small set in `tests/media` is always there; the large one is skipped where it is missing.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod compare;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use custos_cli::camera::{Camera, CameraError};
use custos_core::record::seal::{self, Recipient};
use custos_core::record::{AudioConfig, Fragment, Muxer, VideoConfig};

use crate::compare::{check_skew, check_times, compare, complaints, frames};

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

/// Raw streams: they have no times, so that only the pictures are compared.
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
fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("media")
        .join(name)
}

/// The large set; says so where it is missing.
fn large_set() -> Option<PathBuf> {
    let shared = std::env::var_os("CUSTOS_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let media = shared.join("data/media");
    if media.is_dir() {
        return Some(media);
    }
    eprintln!("skipped: the large media set is not here (set CUSTOS_SHARED)");
    None
}

/// Whether the programs are installed; says which one is not.
fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        // `age` wants two dashes, ffmpeg one.
        let argument = if *program == "age" {
            "--version"
        } else {
            "-version"
        };
        let there = Command::new(program)
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !there {
            eprintln!("skipped: {program} is not installed");
        }
        there
    })
}

struct Recorded {
    samples: u64,
    repaired: u64,
    /// What ended the file early.
    fault: Option<CameraError>,
}

/// Media file to age file, as the recorder does it.
fn record(media: &Path, to: &Path, recipient: Recipient) -> Result<Recorded, CameraError> {
    let mut camera = Camera::open(media)?;
    let mut muxer = Muxer::new(1_000_000);
    if let Some(video) = &camera.video {
        muxer
            .configure_video(VideoConfig::new(&video.config, video.rotation).unwrap())
            .unwrap();
    }
    if let Some(audio) = &camera.audio {
        muxer
            .configure_audio(AudioConfig::new(&audio.config).unwrap())
            .unwrap();
    }
    let mut out = BufWriter::new(File::create(to).unwrap());
    let seal::Begun {
        header, mut sealer, ..
    } = seal::begin(&[recipient]).unwrap();
    out.write_all(&header).unwrap();
    let mut put = |fragment: Option<Fragment>| {
        for part in fragment.iter().flat_map(Fragment::parts) {
            sealer.push(part, &mut out).unwrap();
        }
    };
    let mut recorded = Recorded {
        samples: 0,
        repaired: 0,
        fault: None,
    };
    loop {
        match camera.next_sample() {
            Ok(Some(s)) => {
                recorded.samples += 1;
                put(muxer.push(s.track, s.pts_us, s.key, &s.data).unwrap());
            }
            Ok(None) => break,
            Err(fault) => recorded.fault = Some(fault),
        }
    }
    put(muxer.finish().unwrap());
    recorded.repaired = muxer.repaired();
    let digest = sealer.close().complete(&mut out).unwrap();
    out.flush().unwrap();
    assert_eq!(
        digest,
        custos_protocol::clip::digest(File::open(to).unwrap()).unwrap()
    );
    Ok(recorded)
}

struct Bench {
    dir: tempfile::TempDir,
    recipient: Recipient,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let id = age::x25519::Identity::generate();
        fs::write(dir.path().join("key"), id.to_string().expose_secret()).unwrap();
        Self {
            dir,
            recipient: id.to_public().to_string().parse().unwrap(),
        }
    }

    /// Records a file and opens the result with the `age` program.
    fn through(&self, media: &Path) -> (Recorded, PathBuf) {
        let (sealed, opened) = (self.dir.path().join("x.age"), self.dir.path().join("x.mp4"));
        let recorded = record(media, &sealed, self.recipient)
            .unwrap_or_else(|error| panic!("{}: {error}", media.display()));
        let status = Command::new("age")
            .arg("-d")
            .arg("-i")
            .arg(self.dir.path().join("key"))
            .arg("-o")
            .arg(&opened)
            .arg(&sealed)
            .status()
            .unwrap();
        assert!(status.success(), "age opens {}", media.display());
        (recorded, opened)
    }
}

fn check_playable(bench: &Bench, name: &str, media: &Path) -> String {
    let (recorded, opened) = bench.through(media);
    let mut wrong = String::new();
    if let Some(fault) = recorded.fault {
        let _ = writeln!(wrong, "{name}: {fault}");
    }
    if recorded.repaired > 0 {
        let _ = writeln!(wrong, "{name}: {} times moved", recorded.repaired);
    }
    let raw = ["-ignore_editlist", "1"];
    let mut tracks = 0;
    for (stream, slack) in [('v', VIDEO_TOLERANCE), ('a', AUDIO_TOLERANCE)] {
        let original = frames(media, stream, &raw);
        let copy = frames(&opened, stream, &raw);
        tracks += usize::from(!original.is_empty());
        wrong += &compare(&format!("{name} {stream}"), &original, &copy, slack);
    }
    wrong += &complaints(name, "ffprobe", &["-v", "error"], &opened);
    wrong += &check_times(name, &opened);
    match tracks {
        0 => wrong + name + ": nothing was decoded\n",
        1 => wrong,
        _ => wrong + &check_skew(name, media, &opened),
    }
}

#[test]
fn our_sample_comes_back() {
    if !have(&["age", "ffmpeg", "ffprobe"]) {
        return;
    }
    let bench = Bench::new();
    assert_eq!(
        check_playable(&bench, "sample.mp4", &ours("sample.mp4")),
        ""
    );
    assert_eq!(
        check_stream(&bench, "sample.h264", &ours("sample.h264")),
        ""
    );
}

#[test]
fn every_playable_file_comes_back() {
    let Some(large) = large_set().filter(|_| have(&["age", "ffmpeg", "ffprobe"])) else {
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

fn check_stream(bench: &Bench, name: &str, media: &Path) -> String {
    let (_, opened) = bench.through(media);
    let hashes = |file, input: &[&str]| -> Vec<String> {
        frames(file, 'v', input).into_iter().map(|f| f.1).collect()
    };
    let (original, copy) = (hashes(media, &["-f", "h264"]), hashes(&opened, &[]));
    if original == copy && !original.is_empty() {
        return complaints(name, "ffprobe", &["-v", "error"], &opened);
    }
    format!(
        "{name}: {} pictures became {}, or differ\n",
        original.len(),
        copy.len()
    )
}

#[test]
fn raw_streams_come_back() {
    let Some(large) = large_set().filter(|_| have(&["age", "ffmpeg", "ffprobe"])) else {
        return;
    };
    let bench = Bench::new();
    let wrong: String = STREAMS
        .iter()
        .map(|name| check_stream(&bench, name, &large.join(name)))
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

/// Cut anywhere, a file gives an error or what is sound, and what it gives can be sealed.
#[test]
fn truncated_files_end_in_an_error_or_in_what_is_sound() {
    let bench = Bench::new();
    let (cut, sealed) = (bench.dir.path().join("cut"), bench.dir.path().join("x.age"));
    let mut files = vec![ours("sample.mp4"), ours("sample.h264")];
    if let Some(large) = large_set() {
        files.extend(
            [
                "mp4ff/v300_multiple_segments.mp4",
                "generated/gen_5s_480p30_baseline.mp4",
            ]
            .map(|name| large.join(name)),
        );
    }
    for file in files {
        let whole = fs::read(&file).unwrap();
        let all = record(&file, &sealed, bench.recipient).unwrap().samples;
        let lengths = (0..40).chain((0..40).map(|i| whole.len() * i / 40));
        for length in lengths {
            fs::write(&cut, &whole[..length]).unwrap();
            match record(&cut, &sealed, bench.recipient) {
                Ok(recorded) => assert!(recorded.samples <= all),
                Err(error) => assert_ne!(error.code(), "media-unreadable", "{length} bytes"),
            }
        }
    }
}

/// Damaged anywhere in its tables, a file never brings the camera or the muxer down.
#[test]
fn damaged_files_are_survived() {
    let bench = Bench::new();
    let (bent, sealed) = (
        bench.dir.path().join("bent"),
        bench.dir.path().join("x.age"),
    );
    let mut files = vec![ours("sample.mp4")];
    if let Some(large) = large_set() {
        files.extend(
            [
                "mp4ff/v300_multiple_segments.mp4",
                "androidx-media/sample_fragmented_seekable_multiple_sidx.mp4",
                "mp4parse-rust/minimal.mp4",
                "mp4-rust/extended_audio_object_type.mp4",
            ]
            .map(|name| large.join(name)),
        );
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        // xorshift64*: the same damage on every run.
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        (random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    };
    for file in files {
        let whole = fs::read(&file).unwrap();
        let tables: Vec<usize> = ["moov", "moof"]
            .iter()
            .filter_map(|kind| whole.windows(4).position(|w| w == kind.as_bytes()))
            .collect();
        for round in 0..150 {
            let mut bytes = whole.clone();
            let start = tables[round % tables.len()];
            for _ in 0..=round % 4 {
                let at = start + next((bytes.len() - start).min(2000));
                bytes[at] = [0, 0xff, 0x7f, 0x80, bytes[at] ^ 1 << (round % 8)][next(5)];
            }
            fs::write(&bent, &bytes).unwrap();
            let _ = record(&bent, &sealed, bench.recipient);
        }
    }
}
