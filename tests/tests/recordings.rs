//! One terminal, several recordings at the same time: cameras, a sound recorder, photos in
//! between; and samples that cannot be taken.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use custos_cli::camera::Camera;
use custos_core::record::{Rotation, Track, mux::MAX_SAMPLE};
use custos_core::{
    DeviceInfo, Error, EvidenceState, Officer, Recording, RecordingSpec, Secret, SoftwareKeySource,
    Terminal,
};
use custos_protocol::journal::{Entry, Event};
use custos_protocol::ticket::Ticket;
use custos_tests::process::workspace;
use custos_tests::scene::{OFFICER, PIN, Scene};

fn media(name: &str) -> PathBuf {
    workspace().join("tests/media").join(name)
}

/// A terminal in this process, with an officer on duty.
fn on_duty(scene: &Scene) -> (Terminal, Officer) {
    let ticket = scene.ticket("here.ticket", &scene.station.url, &[]);
    let ticket = Ticket::from_text(&std::fs::read_to_string(ticket).unwrap()).unwrap();
    let dir = scene.folder.path().join("here");
    let keys = Arc::new(SoftwareKeySource::in_folder(&dir));
    let device = DeviceInfo {
        model: "desktop".to_owned(),
    };
    let terminal = Terminal::provision(&dir, keys, &ticket, &device).unwrap();
    let pin = Secret::from(PIN);
    terminal.enrol_officer(OFFICER, &pin).unwrap();
    let officer = terminal.unlock(OFFICER, &pin).unwrap();
    officer.begin_duty("C-7").unwrap();
    (terminal, officer)
}

fn configure(recording: &Recording, camera: &Camera, video: bool) {
    if let Some(info) = camera.video.as_ref().filter(|_| video) {
        recording.configure_video(&info.config).unwrap();
    }
    if let Some(info) = &camera.audio {
        recording.configure_audio(&info.config).unwrap();
    }
}

/// Records a file, or its sound alone; how many samples of each track that were.
fn record(recording: &Recording, file: &Path, video: bool) -> (usize, usize) {
    let mut camera = Camera::open(file).unwrap();
    configure(recording, &camera, video);
    let mut given = (0, 0);
    while let Some(sample) = camera.next_sample().unwrap() {
        match sample.track {
            Track::Video if !video => continue,
            Track::Video => given.0 += 1,
            Track::Audio => given.1 += 1,
        }
        let _ = recording
            .append(sample.track, sample.pts_us, sample.key, &sample.data)
            .unwrap();
        recording.wait_for_room().unwrap();
    }
    given
}

/// Decoded frames of a plain file by ffmpeg, which must have nothing to say; `None` without it.
fn decoded(file: &Path) -> Option<(usize, usize)> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-map", "0:v?", "-map", "0:a?", "-vsync", "passthrough"])
        .args(["-f", "framemd5", "-"])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("skipped in part: ffmpeg is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let count = |kind: &str| {
        let stream = text.lines().find_map(|line| {
            let (stream, what) = line.strip_prefix("#media_type ")?.split_once(": ")?;
            (what == kind).then(|| format!("{stream},"))
        });
        stream.map_or(0, |s| {
            text.lines().filter(|line| line.starts_with(&s)).count()
        })
    };
    Some((count("video"), count("audio")))
}

#[test]
fn cameras_sound_and_photos_at_the_same_time() {
    let scene = Scene::station();
    let (terminal, officer) = on_duty(&scene);
    // Name, whether with pictures, which way up.
    let sources = [
        ("sample.mp4", true, Rotation::None),
        ("sample.h264", true, Rotation::Quarter),
        ("sample-h265.mp4", true, Rotation::Half),
        ("sample.mp4", false, Rotation::None),
    ];
    let recordings: Vec<Recording> = sources
        .iter()
        .map(|(_, video, rotation)| {
            let spec = RecordingSpec {
                audio_only: !video,
                rotation: *rotation,
                ..RecordingSpec::default()
            };
            officer.start_recording(spec).unwrap()
        })
        .collect();
    let photo = std::fs::read(media("photo.jpg")).unwrap();
    let recorded: Vec<(String, (usize, usize))> = thread::scope(|scope| {
        let threads: Vec<_> = recordings
            .iter()
            .zip(sources)
            .map(|(recording, (name, video, _))| {
                scope.spawn(move || {
                    let given = record(recording, &media(name), video);
                    (recording.stop().unwrap().clip, given)
                })
            })
            .collect();
        for _ in 0..3 {
            officer.photo(&photo).unwrap();
        }
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });

    let items = officer.evidence().unwrap();
    assert_eq!(items.len(), 4 + 3);
    assert!(items.iter().all(|item| item.state == EvidenceState::Sealed));
    assert!(items.iter().all(|item| item.case == "C-7"));
    let mut each: Vec<_> = items.iter().map(|item| &item.recording).collect();
    each.sort();
    each.dedup();
    assert_eq!(each.len(), items.len(), "each is a recording of its own");
    let told = |clip: &str| {
        let item = items.iter().find(|item| item.clip == clip).unwrap();
        (item.codecs.as_deref().unwrap(), item.rotation)
    };
    let told: Vec<_> = recorded.iter().map(|(clip, _)| told(clip)).collect();
    assert_eq!(
        told,
        [
            ("avc1.64001e,mp4a.40.2", Some(0)),
            ("avc3.42c01e", Some(90)),
            ("hvc1.1.6.L60.90,mp4a.40.2", Some(180)),
            ("mp4a.40.2", None),
        ]
    );
    for (clip, given) in &recorded {
        let sealed = scene
            .folder
            .path()
            .join(format!("here/evidence/{clip}.age"));
        let plain = scene.folder.path().join(format!("{clip}.mp4"));
        std::fs::write(&plain, scene.open(&sealed)).unwrap();
        if let Some(there) = decoded(&plain) {
            assert_eq!(there, *given, "{clip}");
        }
    }
    check_journal(&terminal, items.len());
    // And all of it gets where it belongs.
    let report = terminal.sync_once().unwrap();
    assert_eq!((report.confirmed.len(), report.waiting), (items.len(), 0));
}

/// Each clip began once and was sealed once, in this order, whatever stands between.
fn check_journal(terminal: &Terminal, clips: usize) {
    let entries: Vec<Entry> = terminal
        .journal(0)
        .unwrap()
        .iter()
        .map(|raw| Entry::from_raw(raw).unwrap())
        .collect();
    assert!(
        entries
            .iter()
            .enumerate()
            .all(|(at, entry)| entry.seq == at as u64)
    );
    assert!(entries.windows(2).all(|w| w[0].time_ms <= w[1].time_ms));
    let (mut began, mut sealed) = (HashMap::new(), HashMap::new());
    for entry in &entries {
        match entry.event() {
            Some(Event::RecordingBegan { clip, .. }) => {
                assert_eq!(began.insert(clip, entry.seq), None);
            }
            Some(Event::Sealed(seal)) => {
                assert_eq!(sealed.insert(seal.clip, entry.seq), None);
            }
            _ => {}
        }
    }
    assert_eq!(sealed.len(), clips);
    for (clip, at) in &began {
        assert!(at < &sealed[clip], "{clip}");
    }
}

/// A sample that cannot be taken is refused, with nothing else lost; a clock that slips is
/// repaired, and the journal says how often.
#[test]
fn what_cannot_be_taken_costs_nothing_else() {
    let scene = Scene::station();
    let (terminal, officer) = on_duty(&scene);
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let mut camera = Camera::open(&media("sample.h264")).unwrap();
    configure(&recording, &camera, true);
    let huge = vec![1; MAX_SAMPLE + 1];
    let mut pictures = 0;
    while let Some(sample) = camera.next_sample().unwrap() {
        let refused = [
            (Track::Video, huge.as_slice(), "media"),
            (Track::Video, &[1, 2, 3], "media"),
            (Track::Audio, &[1, 2, 3], "media"),
        ];
        for (track, data, code) in refused.into_iter().filter(|_| pictures % 20 == 7) {
            let error = recording
                .append(track, sample.pts_us, true, data)
                .unwrap_err();
            assert!(matches!(error, Error::Media(_)), "{error:?}");
            assert_eq!(error.code(), code);
        }
        // One time in ten is nonsense.
        let slips = pictures % 10 == 5;
        let pts_us = if slips { i64::MAX } else { sample.pts_us };
        let _ = recording
            .append(sample.track, pts_us, sample.key, &sample.data)
            .unwrap();
        pictures += 1;
    }
    let clip = recording.stop().unwrap();
    assert_eq!((clip.state, pictures), (EvidenceState::Sealed, 100));
    let sealed = scene
        .folder
        .path()
        .join(format!("here/evidence/{}.age", clip.clip));
    let plain = scene.folder.path().join("plain.mp4");
    std::fs::write(&plain, scene.open(&sealed)).unwrap();
    if let Some(there) = decoded(&plain) {
        assert_eq!(there, (100, 0));
    }
    let repaired: u64 = terminal
        .journal(0)
        .unwrap()
        .iter()
        .filter_map(|raw| match Entry::from_raw(raw).unwrap().event() {
            Some(Event::TimestampsRepaired { count, .. }) => Some(count),
            _ => None,
        })
        .sum();
    assert_eq!(repaired, 10);
}
