//! The clips of a recording: nothing is lost or doubled where one ends and the next begins.

use std::sync::mpsc;
use std::thread;

use super::*;

/// A plan by which a clip is full after so many seconds.
fn clips_of(bench: &Bench, seconds: i64) -> Plan {
    Plan {
        clip_max_us: seconds * 1_000_000,
        ..bench.plan()
    }
}

/// A camera's pictures and sound, interleaved as they come.
struct Source {
    picture: i64,
    frame: i64,
    /// How many pictures the sound is behind.
    behind: i64,
    size: usize,
}

impl Source {
    fn new(size: usize) -> Self {
        Self {
            picture: 0,
            frame: 0,
            behind: 0,
            size,
        }
    }

    /// Until this many pictures were given.
    fn feed(&mut self, recorder: &Recorder, pictures: i64) {
        while self.picture < pictures {
            let _ = feed_picture(recorder, self.picture, self.size).unwrap();
            self.picture += 1;
            while self.frame * 8 < (self.picture - self.behind) * 15 {
                let _ = feed_frame(recorder, self.frame).unwrap();
                self.frame += 1;
            }
        }
    }
}

fn previous(bench: &Bench) -> Vec<Option<String>> {
    let began = |event| match event {
        Event::RecordingBegan { previous, .. } => Some(previous),
        _ => None,
    };
    bench.events().into_iter().filter_map(began).collect()
}

/// Each clip is sealed and named by the next one.
fn check_chain(bench: &Bench, clips: usize) {
    let names = bench.clips();
    assert_eq!(names.len(), clips, "{:?}", bench.kinds());
    let mut before = None;
    for (name, previous) in names.iter().zip(previous(bench)) {
        assert_eq!(previous, before);
        assert_eq!(bench.row::<Option<String>>(name, "previous"), before);
        bench.check_sealed(name, false);
        before = Some(name.clone());
    }
}

#[test]
fn no_sample_is_lost_or_doubled_between_clips() {
    // Sound that is in time, that is late, and that is early.
    for behind in [0, 12, -12] {
        let bench = Bench::new();
        let (recorder, events) = bench.begin_told(clips_of(&bench, 3));
        let mut source = Source {
            behind,
            ..Source::new(500)
        };
        source.feed(&recorder, 275);
        recorder.stop().unwrap();
        drop(recorder);
        check_chain(&bench, 4);
        bench.check_content(0..275, 500, 0..source.frame);
        for (at, clip) in bench.clips().iter().enumerate() {
            let content = demux::demux(&bench.open(clip));
            let first = content.iter().find(|s| s.video).unwrap();
            assert_eq!(first.data, stored(&picture(at as i64 * 75, 500)));
            // A clip begins with what is first in it, sound or picture.
            assert_eq!(content.iter().map(|s| s.pts_us).min(), Some(0));
        }
        let sealed = |event| matches!(event, RecordingEvent::Sealed { .. });
        assert_eq!(events.iter().filter(|e| sealed(e.clone())).count(), 4);
    }
}

#[test]
fn sound_alone_changes_clips_at_any_frame() {
    let bench = Bench::new();
    let recorder = bench.begin_with(clips_of(&bench, 2), sound_alone());
    for number in 0..47 * 7 {
        let _ = feed_frame(&recorder, number).unwrap();
    }
    recorder.stop().unwrap();
    check_chain(&bench, 4);
    bench.check_content([], 0, 0..47 * 7);
}

#[test]
fn a_clip_is_full_by_its_bytes() {
    let bench = Bench::new();
    let plan = Plan {
        clip_max_bytes: 60_000,
        ..bench.plan()
    };
    let recorder = bench.begin_with(plan, setup(&[]));
    for number in 0..100 {
        let _ = feed_picture(&recorder, number, 1_000).unwrap();
    }
    recorder.stop().unwrap();
    // 25 pictures of 1 KB: after the third key picture it is full.
    check_chain(&bench, 2);
    bench.check_content(0..100, 1_000, []);
}

/// A camera whose pictures stop: the sound that goes on does not fill one clip for ever.
#[test]
fn without_pictures_sound_begins_the_next_clip() {
    let bench = Bench::new();
    let recorder = bench.begin_with(clips_of(&bench, 5), setup(SOUND));
    for number in 0..25 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    for number in 0..47 * 20 {
        let _ = feed_frame(&recorder, number).unwrap();
    }
    recorder.stop().unwrap();
    check_chain(&bench, 2);
    bench.check_content(0..25, 100, 0..47 * 20);
}

/// Whoever appends does not wait, even while the storage stands still between two clips.
#[test]
fn nobody_waits_for_the_next_clip() {
    let bench = Bench::new();
    let recorder = bench.begin_with(clips_of(&bench, 2), setup(SOUND));
    let mut source = Source::new(100);
    source.feed(&recorder, 60);
    recorder.commit().unwrap();
    let clip = recorder.clip();
    let (locked, is_locked) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let vault = bench.test.vault.clone();
    let storage = thread::spawn(move || {
        vault.write(|_| {
            locked.send(()).unwrap();
            may_go_on.recv().unwrap();
            Ok(())
        })
    });
    is_locked.recv().unwrap();
    // Several clips' worth. If anything waited here, this test would never end.
    source.feed(&recorder, 300);
    assert_eq!(recorder.clip(), clip);
    go_on.send(()).unwrap();
    storage.join().unwrap().unwrap();
    recorder.stop().unwrap();
    check_chain(&bench, 6);
    bench.check_content(0..300, 100, 0..source.frame);
}

#[test]
fn another_configuration_begins_another_clip() {
    const OTHER: &[u8] = &[
        0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00,
        0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60, 0, 0, 0, 1,
        0x68, 0xef, 0xbc, 0xb0,
    ];
    let bench = Bench::new();
    let recorder = bench.begin();
    let mut source = Source::new(100);
    source.feed(&recorder, 60);
    // The same once more is nothing.
    recorder.configure(setup(SOUND)).unwrap();
    source.feed(&recorder, 80);
    let mut other = setup(SOUND).as_ref().clone();
    other.video = Some(VideoConfig::new(OTHER, Rotation::None).unwrap());
    let other = Arc::new(other);
    recorder.configure(Arc::clone(&other)).unwrap();
    // Pictures of the new configuration from 80 on; the next key picture is 100.
    for number in 80..125 {
        let pressure = feed_picture(&recorder, number, 100).unwrap();
        assert_eq!(pressure == Pressure::Dropped, number < 100);
    }
    for number in source.frame..source.frame + 20 {
        let _ = feed_frame(&recorder, number).unwrap();
    }
    // And back again.
    recorder.configure(setup(SOUND)).unwrap();
    for number in 125..150 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.stop().unwrap();
    check_chain(&bench, 3);
    bench.check_content((0..80).chain(100..150), 100, 0..source.frame + 20);
    let dropped: u64 = bench
        .events()
        .iter()
        .map(|event| match event {
            Event::SamplesDropped { count, .. } => *count,
            _ => 0,
        })
        .sum();
    assert_eq!(dropped, 20);
    // What each clip says of itself.
    let names = bench.clips();
    let holds = |at: usize, sps: &[u8]| bench.open(&names[at]).windows(8).any(|w| w == &sps[4..12]);
    assert!(holds(0, CONFIG) && !holds(0, OTHER));
    assert!(holds(1, OTHER) && !holds(1, CONFIG));
    assert!(holds(2, CONFIG) && !holds(2, OTHER));
}

/// Sound of another sampling rate goes on without a break: it waits for the clip it can be in.
#[test]
fn other_sound_waits_for_the_next_picture() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let mut source = Source::new(100);
    source.feed(&recorder, 60);
    let frames = source.frame;
    recorder.configure(setup(OTHER_SOUND)).unwrap();
    source.feed(&recorder, 100);
    recorder.stop().unwrap();
    check_chain(&bench, 2);
    bench.check_content(0..100, 100, 0..source.frame);
    let names = bench.clips();
    assert_eq!(bench.content(&names[0]).0.len(), 75);
    assert_eq!(bench.content(&names[0]).1.len() as i64, frames);
    // And if no picture comes any more, the end comes.
    let bench = Bench::new();
    let recorder = bench.begin();
    Source::new(100).feed(&recorder, 60);
    recorder.configure(setup(OTHER_SOUND)).unwrap();
    for number in frames..frames + 10 {
        let _ = feed_frame(&recorder, number).unwrap();
    }
    recorder.stop().unwrap();
    check_chain(&bench, 2);
    bench.check_content(0..60, 100, 0..frames + 10);
}

/// Before there is anything of a track, its configuration can still be put right.
#[test]
fn a_configuration_that_nothing_used_costs_no_clip() {
    let bench = Bench::new();
    let recorder = bench.begin_with(bench.plan(), sound_alone());
    for number in 0..5 {
        let _ = feed_frame(&recorder, number).unwrap();
    }
    recorder.configure(setup(SOUND)).unwrap();
    recorder.position().unwrap();
    let mut turned = setup(SOUND).as_ref().clone();
    turned.video = Some(VideoConfig::new(CONFIG, Rotation::Half).unwrap());
    recorder.configure(Arc::new(turned)).unwrap();
    for number in 0..50 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.stop().unwrap();
    check_chain(&bench, 1);
    bench.check_content(0..50, 100, 0..5);
}

#[test]
fn a_clip_is_sealed_early() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let mut source = Source::new(100);
    source.feed(&recorder, 40);
    recorder.seal_early().unwrap();
    source.feed(&recorder, 90);
    recorder.stop().unwrap();
    check_chain(&bench, 2);
    bench.check_content(0..90, 100, 0..source.frame);
    let names = bench.clips();
    assert_eq!(bench.content(&names[0]).0.len(), 50);
    assert_eq!(recorder.seal_early(), Err(Error::RecordingEnded));
}

/// Invariants 1 and 6, killed between any two steps from one clip to the next.
#[test]
fn killed_between_two_clips() {
    for step in ["finished", "begun", "sealed"] {
        let bench = Bench::new();
        let recorder = bench.begin_with(clips_of(&bench, 3), setup(SOUND));
        let mut source = Source::new(500);
        source.feed(&recorder, 74);
        let committed = recorder.commit().unwrap();
        recorder.die_at(step);
        source.feed(&recorder, 85);
        let first = recorder.clip();
        recorder.stop().unwrap();
        drop(recorder);
        let report = recover(&bench.test.vault).unwrap();
        let names = bench.clips();
        assert_eq!(names.len(), if step == "finished" { 1 } else { 2 });
        assert_eq!(names[0], first);
        assert!(report.failed.is_empty() && report.live.is_empty());
        // Everything up to the cut had been committed before the next clip was begun.
        assert!(bench.row::<u32>(&first, "fragments") >= committed.fragment);
        bench.check_sealed(&first, step != "sealed");
        assert_eq!(bench.content(&first).0.len(), 75);
        if let Some(second) = names.get(1) {
            bench.check_sealed(second, true);
            assert!(bench.open(second).is_empty());
            assert_eq!(bench.row::<String>(second, "reason"), "no-media");
            assert_eq!(previous(&bench)[1].as_ref(), Some(&first));
        }
    }
}

/// The next clip cannot be begun: the recording fails and says so, what was recorded is sealed.
#[test]
fn the_next_clip_cannot_begin() {
    let bench = Bench::new();
    let (recorder, events) = bench.begin_told(clips_of(&bench, 2));
    Source::new(500).feed(&recorder, 50);
    recorder.commit().unwrap();
    let clip = recorder.clip();
    let folder = bench.test.vault.folder().evidence();
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    let _ = feed_picture(&recorder, 50, 500).unwrap();
    let error = recorder.commit().unwrap_err();
    fs::rename(&away, &folder).unwrap();
    assert_eq!(error, Error::Io(std::io::ErrorKind::NotFound));
    assert_eq!(feed_picture(&recorder, 51, 500).unwrap_err(), error);
    assert_eq!(recorder.stop().unwrap_err(), error);
    drop(recorder);
    check_chain(&bench, 1);
    assert_eq!(bench.content(&clip).0.len(), 50);
    let last = events.iter().last();
    assert_eq!(last, Some(RecordingEvent::Ended { error: Some(error) }));
    assert_eq!(recover(&bench.test.vault).unwrap(), Recovery::default());
}

/// Several cameras at once, in one vault: each recording is whole.
#[test]
fn recordings_at_the_same_time() {
    let bench = Bench::new();
    let recorders: Vec<Recorder> = (0..3)
        .map(|number| {
            let mut plan = clips_of(&bench, 2);
            plan.origin.recording = format!("rec-{number}");
            let setup = if number == 2 {
                sound_alone()
            } else {
                setup(SOUND)
            };
            bench.begin_with(plan, setup)
        })
        .collect();
    thread::scope(|scope| {
        for (number, recorder) in recorders.iter().enumerate() {
            scope.spawn(move || {
                for frame in 0..47 * 5 {
                    let _ = feed_frame(recorder, frame).unwrap();
                }
                if number < 2 {
                    Bench::feed(recorder, 0, 5, 300);
                }
                recorder.stop().unwrap();
            });
        }
    });
    let mut began = Vec::new();
    for event in bench.events() {
        if let Event::RecordingBegan {
            clip, recording, ..
        } = event
        {
            bench.check_sealed(&clip, false);
            began.push(recording);
        }
    }
    for (number, clips) in [(0, 3), (1, 3), (2, 3)] {
        let of = format!("rec-{number}");
        let count = began.iter().filter(|recording| **recording == of).count();
        assert_eq!(count, clips, "{of}");
    }
}
