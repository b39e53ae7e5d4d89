//! `custos terminal play` as an officer uses it, judged by other people's programs: what ffmpeg
//! decodes of a part is what was recorded then, and players find their way in it.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use custos_tests::{
    process::{custos, done, sample, say, workspace},
    scene::{Scene, text},
};
use serde_json::Value;

/// Whether the programs are installed; says which one is not.
fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let there = Command::new(program)
            .arg("-version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok();
        if !there {
            eprintln!("skipped: {program} is not installed");
        }
        there
    })
}

/// A scene with a clip, recorded from a media file so many times over.
fn recorded(media: &Path, repeat: &str) -> (Scene, String) {
    let scene = Scene::on_duty();
    let clip = record(&scene, media, repeat);
    (scene, clip)
}

fn record(scene: &Scene, media: &Path, repeat: &str) -> String {
    let media = media.display().to_string();
    let said = done(scene.terminal(&[
        "record",
        "--media",
        &media,
        "--repeat",
        repeat,
        "--station-offline",
    ]));
    text(&said.last()["clip"])
}

/// Plays into a new file; the file and what was said.
fn play(scene: &Scene, clip: &str, name: &str, range: &[&str]) -> (PathBuf, Value) {
    let file = scene.path(name);
    let mut arguments = vec!["play", clip, "-o", &file];
    arguments.extend(range);
    let said = done(scene.terminal(&arguments));
    let line = said.last().clone();
    assert_eq!(
        (&line["event"], &line["clip"]),
        (&"played".into(), &clip.into())
    );
    let there = fs::metadata(&file).unwrap();
    assert_eq!(line["bytes"], there.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(there.permissions().mode() & 0o777, 0o600);
    }
    (file.into(), line)
}

/// Decoded frames of a stream: presentation time in µs, and hash.
fn frames(file: &Path, stream: char, input: &[&str]) -> Vec<(i64, String)> {
    let output = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-xerror",
            "-flags2",
            "+skip_manual",
        ])
        .args(input)
        .arg("-i")
        .arg(file)
        .args(["-map", &format!("0:{stream}:0"), "-vsync", "passthrough"])
        .args(["-copyts", "-enc_time_base", "-1", "-f", "framemd5", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert_eq!(complaints, "");
    let listing = String::from_utf8(output.stdout).unwrap();
    let mut base = (1, 1);
    let mut list = Vec::new();
    for line in listing.lines() {
        if let Some((_, ratio)) = line.split_once("#tb 0: ") {
            let (num, den) = ratio.split_once('/').unwrap();
            base = (num.parse::<i64>().unwrap(), den.parse::<i64>().unwrap());
        }
        if line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let ticks: i64 = fields[2].parse().unwrap();
        list.push((ticks * base.0 * 1_000_000 / base.1, fields[5].to_owned()));
    }
    list
}

/// A part against the whole: pictures and sound of `[from, to)` in seconds.
fn check_range(scene: &Scene, clip: &str, source: &Path, from: f64, to: f64) {
    let name = format!("part-{from}-{to}.mp4");
    let range = ["--from", &from.to_string(), "--to", &to.to_string()];
    let (file, line) = play(scene, clip, &name, &range);
    let begins = line["from_us"].as_i64().unwrap();
    let ends = line["to_us"].as_i64().unwrap();
    let (from_us, to_us) = ((from * 1e6) as i64, (to * 1e6) as i64);
    assert!(begins <= from_us, "{line}");

    let part = frames(&file, 'v', &[]);
    assert!(part[0].0.abs() < 200_000, "it begins at its beginning");
    let all = frames(source, 'v', &[]);
    // Every picture of the range is there, in order, and at its time; so is what is around it.
    let wanted: Vec<_> = all
        .iter()
        .filter(|(time, _)| (from_us..to_us.min(ends)).contains(time))
        .collect();
    assert!(!wanted.is_empty(), "{from} {to}");
    let at = part
        .iter()
        .position(|f| (f.0 + begins - wanted[0].0).abs() <= 30 && f.1 == wanted[0].1)
        .unwrap_or_else(|| panic!("the first picture of {from} is missing"));
    for (there, wanted) in part[at..].iter().zip(&wanted) {
        assert_eq!(there.1, wanted.1, "{from} {to}: picture at {}", wanted.0);
        let late = there.0 + begins - wanted.0;
        assert!(late.abs() <= 30, "{from} {to}: {late} µs late");
    }
    assert!(part.len() - at >= wanted.len(), "{from} {to}");
    let inside = all.iter().filter(|f| (begins..ends).contains(&f.0)).count();
    assert!(part.len() <= inside + 2, "no more than the span says");

    // Sound, as it was encoded: what a decoder makes of a frame is another thing for where it
    // began. Noise that was encoded as its loudness alone (ISO/IEC 14496-3, 4.6.13) comes from a
    // generator that has run since the first frame.
    let sound = encoded_sound(&file);
    let close = |a: i64, b: i64| (a - b).abs() <= 50;
    let mut wanted = encoded_sound(source);
    wanted.retain(|f| (from_us..to_us.min(ends)).contains(&f.0));
    let at = wanted.first().map_or(0, |first| {
        let at = sound.iter().position(|f| close(f.0 + begins, first.0));
        at.unwrap_or_else(|| panic!("{from} {to}: no sound at {}", first.0))
    });
    assert!(sound.len() - at >= wanted.len(), "{from} {to}");
    for (there, wanted) in sound[at..].iter().zip(&wanted) {
        assert!(close(there.0 + begins, wanted.0), "{from} {to}: {wanted:?}");
        assert_eq!(there.1, wanted.1, "{from} {to}: sound at {}", wanted.0);
    }
    assert_eq!(frames(&file, 'a', &[]).len(), sound.len(), "{from} {to}");
}

/// Frames of sound as they are in the file: presentation time in µs, and hash.
fn encoded_sound(file: &Path) -> Vec<(i64, String)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "a", "-show_data_hash"])
        .args(["md5", "-show_entries", "packet=pts_time,data_hash"])
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let packets = String::from_utf8(output.stdout).unwrap();
    let packet = |line: &str| {
        let (time, hash) = line.split_once(',').unwrap();
        let seconds: f64 = time.parse().unwrap();
        ((seconds * 1e6).round() as i64, hash.to_owned())
    };
    packets.lines().map(packet).collect()
}

/// What a player does: go to a time, and show everything from the key frame before it on.
fn check_seeking(file: &Path) {
    let all = frames(file, 'v', &[]);
    let last = all.last().unwrap().0;
    for percent in [0, 5, 33, 50, 77, 98] {
        let wanted = last * percent / 100;
        let seconds = format!("{:.3}", wanted as f64 / 1e6);
        let found = frames(file, 'v', &["-ss", &seconds, "-noaccurate_seek"]);
        // Media that repeats has pictures that are the same: by times it is clear which.
        assert_eq!(found[..], all[all.len() - found.len()..], "{seconds} s");
        // FFmpeg takes times to be those of decoding, which are up to three pictures earlier.
        assert!(found[0].0 <= wanted.max(all[0].0) + 125_000, "{seconds} s");
    }
}

fn probe(file: &Path, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

fn journal(scene: &Scene) -> Vec<Value> {
    done(scene.terminal(&["sync"]));
    // The station's copy of the journal is what an investigator gets.
    let database = scene.station.dir().join("station.db");
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut statement = connection
        .prepare("SELECT raw FROM entries ORDER BY seq")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    rows.unwrap()
        .map(|raw| serde_json::from_str(&raw.unwrap()).unwrap())
        .collect()
}

#[test]
fn a_part_is_what_was_recorded_then() {
    if !have(&["ffmpeg", "ffprobe"]) {
        return;
    }
    // With B-frames, twenty-four seconds.
    let (scene, clip) = recorded(&sample(), "6");
    let (whole, line) = play(&scene, &clip, "whole.mp4", &[]);
    assert_eq!(line["from_us"], 0);
    let length = line["to_us"].as_i64().unwrap();
    assert!((24_000_000..24_500_000).contains(&length), "{line}");
    let duration: f64 = probe(&whole, "format=duration").trim().parse().unwrap();
    assert!(
        (duration * 1e6 - length as f64).abs() < 50_000.0,
        "{duration}"
    );
    check_seeking(&whole);

    for (from, to) in [
        (0.0, 0.5),
        (0.0, 3.0),
        (5.2, 7.8),
        (9.99, 10.01),
        (12.0, 12.04),
        (20.0, 23.9),
        (23.5, 90.0),
    ] {
        check_range(&scene, &clip, &whole, from, to);
    }
    let (part, _) = play(&scene, &clip, "seek.mp4", &["--from", "7", "--to", "15"]);
    check_seeking(&part);
    assert!(fs::metadata(&part).unwrap().len() < fs::metadata(&whole).unwrap().len() / 2);
}

/// A player that goes to a time goes there at once, past what it does not need, because of the
/// index: without it, it would have to come by.
#[test]
fn the_index_leads_past_what_is_not_needed() {
    if !have(&["ffmpeg"]) {
        return;
    }
    let (scene, clip) = recorded(&sample(), "6");
    let (whole, _) = play(&scene, &clip, "whole.mp4", &[]);
    // Two fragments of three do not begin with a key frame, which are two seconds apart.
    let all = frames(&whole, 'v', &[]);
    for wanted in ["3", "5.5", "8", "13.1", "17.7", "21", "22.3", "23.9"] {
        let found = frames(&whole, 'v', &["-ss", wanted, "-noaccurate_seek"]);
        assert_eq!(found[..], all[all.len() - found.len()..], "{wanted} s");
        let early = (wanted.parse::<f64>().unwrap() * 1e6) as i64 - found[0].0;
        assert!(
            (-100_000..2_300_000).contains(&early),
            "{wanted} s: {early} µs"
        );
    }

    let expected = frames(&whole, 'v', &["-ss", "22"]);
    let mut bytes = fs::read(&whole).unwrap();
    let (from, to) = (bytes.len() / 3, bytes.len() * 2 / 3);
    bytes[from..to].fill(0);
    let hole = scene.folder.path().join("hole.mp4");
    fs::write(&hole, &bytes).unwrap();
    assert_eq!(frames(&hole, 'v', &["-ss", "22"]), expected);

    while let Some(at) = bytes.windows(4).position(|w| w == b"sidx") {
        let size = u32::from_be_bytes(*bytes[at - 4..].first_chunk().unwrap()) as usize;
        bytes.drain(at - 4..at - 4 + size);
    }
    fs::write(&hole, &bytes).unwrap();
    let lost = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-ss", "22", "-i"])
        .arg(&hole)
        .args(["-map", "0:v", "-f", "framemd5", "-"])
        .output()
        .unwrap();
    let found = String::from_utf8(lost.stdout).unwrap();
    assert_eq!(found.lines().filter(|l| !l.starts_with('#')).count(), 0);
}

/// The journal has what was seen before it was seen, and the station has it with the next sync.
#[test]
fn what_was_seen_is_in_the_journal() {
    let (scene, clip) = recorded(&sample(), "1");
    play(&scene, &clip, "a", &["--from", "2.5", "--to", "2.6"]);
    play(&scene, &clip, "b", &[]);
    let viewed: Vec<_> = journal(&scene)
        .into_iter()
        .filter(|entry| entry["kind"] == "viewed")
        .collect();
    assert_eq!(viewed.len(), 2, "{viewed:?}");
    for entry in &viewed {
        assert_eq!(entry["body"]["clip"], clip.as_str());
        assert_eq!(entry["officer"], custos_tests::scene::OFFICER);
    }
    let span = |name: &str| viewed[0]["body"][name].as_i64().unwrap();
    assert!((1_500_000..=2_500_000).contains(&span("from_us")));
    assert!((2_600_000..=3_500_000).contains(&span("to_us")));
    assert_eq!(viewed[1]["body"]["from_us"], 0);
    assert_eq!(viewed[1]["body"]["to_us"], Value::Null);
}

#[test]
fn photos_and_standard_output() {
    let (scene, clip) = recorded(&sample(), "1");
    let photo = workspace().join("tests/media/photo.jpg");
    let said = done(scene.terminal(&["photo", "--media", &photo.display().to_string()]));
    let (file, line) = play(&scene, &text(&said.last()["clip"]), "photo.jpg", &[]);
    assert_eq!(fs::read(file).unwrap(), fs::read(photo).unwrap());
    assert_eq!(
        (&line["media"], &line["from_us"]),
        (&"image/jpeg".into(), &Value::Null)
    );

    let (file, _) = play(&scene, &clip, "clip.mp4", &[]);
    let mut arguments = scene.terminal(&["play", &clip, "-o", "-"]);
    let refused = say(&arguments);
    assert_eq!((refused.code, refused.error()), (Some(2), "output-taken"));
    arguments.extend(["--lang".to_owned(), "en".to_owned()]);
    let piped = Command::new(custos_tests::process::program())
        .args(&arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(piped.status.success());
    assert!(piped.stdout == fs::read(file).unwrap());
    let said = String::from_utf8(piped.stderr).unwrap();
    assert!(said.contains("NOT ENCRYPTED"), "{said}");
}

#[test]
fn what_cannot_be_played_leaves_no_file() {
    let (scene, clip) = recorded(&sample(), "1");
    let file = scene.path("out.mp4");
    let refused = |clip: &str, more: &[&str], code: i32, error: &str| {
        let mut arguments = vec!["play", clip, "-o", &file];
        arguments.extend(more);
        let said = say(scene.terminal(&arguments));
        assert_eq!((said.code, said.error()), (Some(code), error), "{said:?}");
        assert!(!Path::new(&file).exists(), "{error}");
        assert!(!text(&said.last()["next"]).is_empty());
    };
    refused("clip-none", &[], 1, "unknown-clip");
    refused(&clip, &["--from", "3600"], 1, "empty-range");
    refused(&clip, &["--from", "3", "--to", "2"], 2, "empty-range");
    refused(&clip, &["--from", "x"], 2, "usage");

    let sealed = scene
        .folder
        .path()
        .join(format!("terminal/evidence/{clip}.age"));
    let whole = fs::read(&sealed).unwrap();
    let mut bent = whole.clone();
    bent[whole.len() / 2] ^= 1;
    fs::write(&sealed, &bent).unwrap();
    refused(&clip, &[], 4, "evidence-altered");
    fs::write(&sealed, &whole[..whole.len() - 40]).unwrap();
    refused(&clip, &[], 4, "evidence-truncated");
    fs::write(&sealed, &whole).unwrap();

    // What is there already stays what it is, and nobody has looked at anything.
    fs::write(&file, b"mine").unwrap();
    let said = say(scene.terminal(&["play", &clip, "-o", &file]));
    assert_eq!((said.code, said.error()), (Some(2), "file-exists"));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let viewed = journal(&scene)
        .iter()
        .filter(|e| e["kind"] == "viewed")
        .count();
    assert_eq!(viewed, 1, "the one that met the changed bit on its way");
}

/// Every playable kind of media: what `play` writes is decoded as what was sealed.
#[test]
fn all_kinds_of_media_play() {
    let shared = std::env::var_os("CUSTOS_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| workspace().join("../shared"));
    let media = shared.join("data/media");
    if !media.is_dir() {
        eprintln!("skipped: the large media set is not here (set CUSTOS_SHARED)");
        return;
    }
    if !have(&["ffmpeg", "ffprobe"]) {
        return;
    }
    let scene = Scene::on_duty();
    for (name, stream) in [
        ("generated/gen_5s_1080p30_4M_high_bf0.mp4", 'v'),
        ("generated/gen_5s_720p25_bf2.mp4", 'v'),
        ("androidx-media/sample_audio_only.mp4", 'a'),
        (
            "androidx-media/bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
            'v',
        ),
        ("mp4parse-rust/video_rotation_90.mp4", 'v'),
    ] {
        let clip = record(&scene, &media.join(name), "2");
        let (whole, line) = play(&scene, &clip, &format!("{clip}.mp4"), &[]);
        // The sealed file as the agency opens it.
        let sealed = scene
            .folder
            .path()
            .join(format!("terminal/evidence/{clip}.age"));
        let source = scene.folder.path().join(format!("{clip}-source.mp4"));
        fs::write(&source, scene.open(&sealed)).unwrap();
        assert_eq!(
            frames(&whole, stream, &[]),
            frames(&source, stream, &[]),
            "{name}"
        );
        if stream == 'v' {
            check_seeking(&whole);
        }
        // One of them is two pictures long, which are shown from its second half on.
        let part = |percent: f64| format!("{:.3}", line["to_us"].as_f64().unwrap() * percent / 1e8);
        let range = ["--from", &part(60.0), "--to", &part(75.0)];
        let (part, line) = play(&scene, &clip, &format!("{clip}-part.mp4"), &range);
        assert!(!frames(&part, stream, &[]).is_empty(), "{name}: {line}");
    }
}

/// The manual page is made from the same grammar.
#[test]
fn help_has_examples() {
    let help = custos(["terminal", "play", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("not encrypted") && help.contains("--from 60"));
}
