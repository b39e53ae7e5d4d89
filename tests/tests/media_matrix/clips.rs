//! What the recorder makes of our samples by the program's own way: several clips, and clips that
//! were cut short by a kill.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use custos_tests::process::{Running, done};
use custos_tests::scene::{Scene, text};

use crate::compare::{check_times, decode};
use crate::inspect;
use crate::through::{have, ours};

const TOOLS: &[&str] = &["ffmpeg", "ffprobe", "mediainfo"];

/// The hash of every sample of a stream, in decoding order.
fn packets(file: &Path, stream: &str) -> Vec<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream, "-show_data_hash"])
        .args(["MD5", "-show_entries", "packet=data_hash", "-of", "csv=p=0"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    // What is said beside a packet, such as samples to skip, has lines and fields of its own.
    said.split([',', '\n'])
        .filter(|field| field.starts_with("MD5:"))
        .map(str::to_owned)
        .collect()
}

/// A clip, opened with the agency's key.
fn opened(scene: &Scene, clip: &str) -> PathBuf {
    let sealed = PathBuf::from(scene.path("terminal")).join(format!("evidence/{clip}.age"));
    let file = scene.folder.path().join(format!("{clip}.mp4"));
    fs::write(&file, scene.open(&sealed)).unwrap();
    file
}

/// A clip stands for itself: it decodes to its end, and nobody finds anything wrong with it.
fn check(clip: &Path) -> Vec<String> {
    let decoded = decode(clip, &[]);
    assert_eq!(decoded.said, "");
    assert_eq!(check_times("clip", clip), "");
    assert_eq!(inspect::faults("clip", &[], &inspect::tracks(clip)), "");
    decoded.video.into_iter().map(|frame| frame.1).collect()
}

/// Clips that the policy ends: each decodes by itself, and together they are what was recorded,
/// with no picture and no sound lost or doubled.
#[test]
fn a_recording_cut_into_clips_is_whole() {
    if !have(TOOLS) {
        return;
    }
    for name in ["sample.mp4", "sample.h264", "sample-h265.mp4"] {
        let scene = Scene::station();
        scene.publish_policy(|policy| policy.clip_max_s = 10);
        scene.provision("terminal", &scene.station.url.clone());
        done(scene.terminal(&["duty", "begin", "--case", "A-1"]));
        let media = ours(name);
        let shown = media.display().to_string();
        let recorded = done(scene.terminal(&[
            "record",
            "--media",
            &shown,
            "--repeat",
            "8",
            "--station-offline",
        ]));
        let sealed = recorded.lines.iter().filter(|l| l["event"] == "sealed");
        let clips: Vec<_> = sealed.map(|l| opened(&scene, &text(&l["clip"]))).collect();
        assert!(clips.len() >= 3, "{name}: {} clips", clips.len());

        let pictures: Vec<String> = clips.iter().flat_map(|clip| check(clip)).collect();
        let original: Vec<String> = decode(&media, &[]).video.into_iter().map(|f| f.1).collect();
        assert!(pictures == repeated(&original), "{name}: pictures");
        let samples = |file: &Path, stream| packets(file, stream);
        let of_clips: Vec<String> = clips.iter().flat_map(|c| samples(c, "a")).collect();
        assert!(of_clips == repeated(&samples(&media, "a")), "{name}: sound");
    }
}

/// What is recorded with `--repeat 8`.
fn repeated(samples: &[String]) -> Vec<String> {
    [samples; 8].concat()
}

/// Killed in the middle: what recovery makes of it plays to its end, and is the beginning of what
/// was recorded, as far as that was told committed.
#[test]
fn what_recovery_completes_plays() {
    if !have(TOOLS) {
        return;
    }
    for (name, seen) in [("sample.mp4", 3), ("sample-h265.mp4", 2)] {
        let scene = Scene::on_duty();
        let media = ours(name);
        let shown = media.display().to_string();
        let arguments = [
            "record",
            "--media",
            &shown,
            "--realtime",
            "--station-offline",
        ];
        let mut running = Running::start(scene.terminal(&arguments));
        let mut committed = 0;
        while committed < seen {
            let line = running.line().unwrap();
            committed += u32::from(line["event"] == "committed");
        }
        running.kill();
        let list = done(scene.terminal(&["list"]));
        assert_eq!(list.lines.len(), 1, "{name}");
        let clip = opened(&scene, &text(&list.lines[0]["clip"]));
        check(&clip);
        for stream in ["v", "a"] {
            let (there, all) = (packets(&clip, stream), packets(&media, stream));
            assert!(
                !there.is_empty() && all.starts_with(&there),
                "{name}: {stream}"
            );
        }
        assert!(decode(&clip, &[]).video.len() as u32 >= (committed - 1) * 12);
    }
}
