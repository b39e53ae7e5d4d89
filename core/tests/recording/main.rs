//! Cameras as a shell meets them: the buffer before the press, the press, the time after it,
//! muting, reminders, and what the terminal itself does to running recordings.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod camera;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/demux.rs"]
mod demux;

use std::sync::mpsc;

use camera::{Camera, PICTURE_US, content};
use common::{Scene, kinds};
use custos_core::{
    Error, EvidenceItem, EvidenceState, Mode, RecordingEvent, RecordingPhase, RecordingSpec,
    Terminal, record::Track,
};
use custos_protocol::{
    journal::{Entry, Event},
    policy::MuteRule,
};

fn events(terminal: &Terminal) -> Vec<(i64, Event)> {
    let raw = terminal.journal(0).unwrap();
    let entries = raw.iter().map(|raw| Entry::from_raw(raw).unwrap());
    entries
        .map(|entry| (entry.time_ms, entry.event().unwrap()))
        .collect()
}

fn began(terminal: &Terminal, clip: &str) -> (i64, i64) {
    let of = |(time_ms, event)| match event {
        Event::RecordingBegan {
            clip: began,
            pre_event_us,
            ..
        } if began == clip => Some((time_ms, pre_event_us)),
        _ => None,
    };
    events(terminal).into_iter().find_map(of).unwrap()
}

fn sealed(item: &EvidenceItem) {
    assert_eq!(item.state, EvidenceState::Sealed);
}

#[test]
fn the_press_keeps_what_was_before_it() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.publish(&terminal, |policy| policy.recording.pre_event_s = 5);
    let recording = officer.standby(RecordingSpec::default()).unwrap();
    assert_eq!(recording.phase(), RecordingPhase::Standby);
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 230);
    assert!(terminal.evidence().unwrap().is_empty(), "nothing is stored");
    assert_eq!(recording.stop(), Err(Error::RecordingEnded));
    assert_eq!(recording.mark("x"), Err(Error::RecordingEnded));

    recording.begin().unwrap();
    let clip = recording.clip().unwrap();
    assert_eq!(recording.phase(), RecordingPhase::Recording);
    // Pressing it again changes nothing.
    recording.begin().unwrap();
    assert_eq!(recording.clip().unwrap(), clip);
    camera.feed(&recording, 60);
    let item = recording.stop().unwrap();
    sealed(&item);
    // Whole groups of 50 pictures within five seconds of picture 229: from 150 on.
    let (pictures, sound) = content(&scene, &clip);
    assert!(pictures == camera.stored(150..290), "{}", pictures.len());
    // The policy keeps no sound of the time before.
    assert_eq!(sound, (230..290).collect::<Vec<_>>());
    let (pressed_ms, pre_event_us) = began(&terminal, &clip);
    assert_eq!(pre_event_us, 79 * PICTURE_US);
    assert_eq!(item.began_ms, pressed_ms - pre_event_us / 1_000);

    // It buffers again, and what was recorded is not recorded once more.
    assert_eq!(recording.phase(), RecordingPhase::Standby);
    camera.feed(&recording, 30);
    recording.begin().unwrap();
    camera.feed(&recording, 10);
    let next = recording.finish().unwrap();
    assert_ne!(next.recording, item.recording);
    let (pictures, _) = content(&scene, &next.clip);
    assert!(pictures == camera.stored(300..330), "{}", pictures.len());
    drop(recording);
    assert!(terminal.sync_once().unwrap().confirmed.len() == 2);
}

#[test]
fn the_sound_before_the_press_is_kept_where_the_policy_says_so() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.publish(&terminal, |p| p.recording.pre_event_audio = true);
    let recording = officer.standby(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 60);
    recording.begin().unwrap();
    camera.feed(&recording, 10);
    let item = recording.finish().unwrap();
    let (pictures, sound) = content(&scene, &item.clip);
    assert!(pictures == camera.stored(0..70));
    // The frame that came just before the first picture was not kept: nothing was, before it.
    assert_eq!(sound, (1..70).collect::<Vec<_>>());
}

/// A press that fails leaves the buffer as it was.
#[test]
fn a_refused_press_loses_nothing() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.end_duty().unwrap();
    let recording = officer.standby(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 70);
    assert_eq!(recording.begin(), Err(Error::NoDuty));
    officer.begin_duty("B-2").unwrap();
    // The evidence folder is gone for a moment: no file can be made.
    let folder = scene.terminal_dir("t-1").join("evidence");
    let away = folder.with_extension("away");
    std::fs::rename(&folder, &away).unwrap();
    assert!(matches!(recording.begin(), Err(Error::Io(_))));
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!(recording.phase(), RecordingPhase::Standby);
    camera.feed(&recording, 10);
    recording.begin().unwrap();
    let item = recording.finish().unwrap();
    assert!(content(&scene, &item.clip).0 == camera.stored(0..80));
    assert_eq!(terminal.evidence().unwrap().len(), 1);
}

/// The button is pressed in the middle of a group that is in no buffer: its pictures are told,
/// not kept.
#[test]
fn without_a_buffer_it_begins_with_the_next_key_picture() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.publish(&terminal, |policy| policy.recording.pre_event_s = 0);
    let recording = officer.standby(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 30);
    recording.begin().unwrap();
    camera.feed(&recording, 40);
    let item = recording.finish().unwrap();
    assert!(content(&scene, &item.clip).0 == camera.stored(50..70));
    let dropped = events(&terminal).into_iter().find_map(|(_, e)| match e {
        Event::SamplesDropped { count, .. } => Some(count),
        _ => None,
    });
    assert_eq!(dropped, Some(20));
    assert_eq!(began(&terminal, &item.clip).1, 0);
}

#[test]
fn it_goes_on_after_the_stop() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.publish(&terminal, |policy| policy.recording.post_event_s = 2);
    let (sender, told) = mpsc::channel();
    let spec = RecordingSpec {
        events: Some(sender),
        ..RecordingSpec::default()
    };
    let recording = officer.standby(spec).unwrap();
    let mut camera = Camera::new(&recording);
    recording.begin().unwrap();
    camera.feed(&recording, 40);
    let item = recording.stop().unwrap();
    assert_eq!(item.state, EvidenceState::Recording);
    assert_eq!(recording.phase(), RecordingPhase::Ending);
    // Asked once more it says the same; pressed, it goes on.
    assert_eq!(recording.stop().unwrap().clip, item.clip);
    recording.begin().unwrap();
    assert_eq!(recording.phase(), RecordingPhase::Recording);
    camera.feed(&recording, 60);
    recording.stop().unwrap();
    // The last was picture 99: 149 is two seconds later, and no more in it.
    camera.feed(&recording, 70);
    let ended = told
        .iter()
        .find(|event| matches!(event, RecordingEvent::Ended { .. }));
    assert_eq!(ended, Some(RecordingEvent::Ended { error: None }));
    assert_eq!(recording.phase(), RecordingPhase::Standby);
    let item = recording.finish().unwrap();
    sealed(&item);
    assert!(content(&scene, &item.clip).0 == camera.stored(0..149));
    assert_eq!(recording.finish(), Err(Error::RecordingEnded));
    let of_button = |kind: &String| kind.starts_with("stop-");
    let kinds: Vec<String> = kinds(&terminal).into_iter().filter(of_button).collect();
    assert_eq!(
        kinds,
        ["stop-requested", "stop-withdrawn", "stop-requested"]
    );
    // The next press finds what came after the end.
    recording.begin().unwrap();
    let next = recording.finish().unwrap_or_else(|error| panic!("{error}"));
    assert!(content(&scene, &next.clip).0 == camera.stored(150..170));
}

#[test]
fn muting_is_the_policys_and_in_the_journal() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    assert_eq!(recording.mute(true), Err(Error::PolicyForbids));
    recording.finish().unwrap();
    scene.publish(&terminal, |policy| {
        (policy.recording.mute, policy.clip_max_s) = (MuteRule::Toggle, 10);
    });
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 240);
    let first = recording.clip().unwrap();
    recording.mute(true).unwrap();
    recording.mute(true).unwrap();
    // Into the next clip.
    camera.feed(&recording, 60);
    recording.mute(false).unwrap();
    camera.feed(&recording, 40);
    let item = recording.finish().unwrap();
    assert_ne!(item.clip, first);
    assert_eq!(content(&scene, &first).1, (0..240).collect::<Vec<_>>());
    assert_eq!(
        content(&scene, &item.clip).1,
        (300..340).collect::<Vec<_>>()
    );
    let pictures = [&first, &item.clip]
        .map(|clip| content(&scene, clip).0)
        .concat();
    assert!(pictures == camera.stored(0..340));
    let muted: Vec<_> = events(&terminal)
        .into_iter()
        .filter_map(|(_, event)| match event {
            Event::SoundMuted { clip, at_us } => Some((true, clip, at_us)),
            Event::SoundRestored { clip, at_us } => Some((false, clip, at_us)),
            _ => None,
        })
        .collect();
    let restored = (300 - 250) as i64 * PICTURE_US - PICTURE_US;
    let wanted = [
        (true, first, 239 * PICTURE_US),
        (false, item.clip, restored),
    ];
    assert_eq!(muted, wanted);
}

/// The sample before the press may begin a clip that nobody has heard of: the mark says where it
/// is, and so does a commit.
#[test]
fn a_mark_at_the_edge_of_two_clips_is_where_it_says() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.publish(&terminal, |policy| policy.clip_max_s = 10);
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    let mut told = Vec::new();
    for last in [250, 251, 500, 501] {
        camera.feed(&recording, last - camera.next);
        let marked = recording.mark(&last.to_string()).unwrap();
        assert_eq!(recording.clip().unwrap(), marked.clip);
        told.push((marked.clip, marked.at_us, last.to_string()));
    }
    // Picture 750 is the last of these, and the first of its clip.
    camera.feed(&recording, 751 - camera.next);
    let committed = recording.commit().unwrap();
    let item = recording.finish().unwrap();
    assert_eq!(committed.clip, item.clip);
    assert_eq!((committed.fragment, item.fragments), (1, 1));

    let marks = |event| match event {
        Event::Mark { clip, at_us, label } => Some((clip, at_us, label)),
        _ => None,
    };
    let written: Vec<_> = events(&terminal)
        .into_iter()
        .filter_map(|(_, event)| marks(event))
        .collect();
    assert_eq!(written, told);
    let at: Vec<_> = told.iter().map(|(_, at_us, _)| *at_us).collect();
    let end = 249 * PICTURE_US;
    assert_eq!(at, [end, 0, end, 0]);
    let clips = terminal.evidence().unwrap();
    let marked = clips.iter().map(|item| (&item.clip, item.marked));
    let count = |clip| told.iter().filter(|(of, ..)| of == clip).count();
    for (clip, marked) in marked {
        assert_eq!(marked as usize, count(clip), "{clip}");
    }
    assert_ne!(told[0].0, told[1].0);
}

/// A lock keeps people out and ends nobody's evidence; a wipe ends everything.
#[test]
fn a_lock_lets_it_go_on_and_a_wipe_does_not() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let standby = officer.standby(RecordingSpec::default()).unwrap();
    let (mut camera, mut other) = (Camera::new(&recording), Camera::new(&standby));
    camera.feed(&recording, 30);
    other.feed(&standby, 60);
    scene.order("t-1", "lock", &[&scene.admin.person]);
    terminal.sync_once().unwrap();
    camera.feed(&recording, 30);
    assert_eq!(standby.begin(), Err(Error::Locked));
    assert_eq!(
        officer.standby(RecordingSpec::default()).unwrap_err(),
        Error::Locked
    );
    assert!(recording.commit().unwrap().fragment > 0);
    let clip = recording.clip().unwrap();
    assert!(content(&scene, &recording.finish().unwrap().clip).0 == camera.stored(0..60));

    scene.order("t-1", "unlock", &[&scene.admin.person]);
    terminal.sync_once().unwrap();
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    assert_ne!(recording.clip().unwrap(), clip);
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 30);
    let second = scene.admin.register(&scene.runtime, "second");
    scene.order("t-1", "wipe", &[&scene.admin.person, &second]);
    let _ = terminal.sync_once();
    assert!(matches!(recording.commit(), Err(Error::Wiped)));
    assert_eq!(camera.step(&recording), Err(Error::Wiped));
    assert_eq!(recording.finish(), Err(Error::Wiped));
    assert_eq!(standby.begin(), Err(Error::Wiped));
}

/// A low battery seals what there is; the recording goes on.
#[test]
fn a_low_battery_seals_early() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let _standby = officer.standby(RecordingSpec::default()).unwrap();
    let mut camera = Camera::new(&recording);
    camera.feed(&recording, 60);
    assert!(terminal.battery(5).unwrap());
    camera.feed(&recording, 60);
    let item = recording.finish().unwrap();
    let items = officer.evidence().unwrap();
    assert_eq!(items.len(), 2);
    items.iter().for_each(sealed);
    assert!(items.iter().all(|i| i.recording == item.recording));
    assert!(content(&scene, &item.clip).0 == camera.stored(100..120));
}

#[test]
fn a_sleeping_terminal_has_no_buffer() {
    let scene = Scene::new();
    let (_terminal, officer) = scene.on_duty("t-1");
    officer.set_mode(Mode::Sleep, true).unwrap();
    assert_eq!(
        officer.standby(RecordingSpec::default()).unwrap_err(),
        Error::Asleep
    );
}

#[test]
fn what_cannot_be_taken_is_refused_in_standby_too() {
    let scene = Scene::new();
    let (_terminal, officer) = scene.on_duty("t-1");
    let recording = officer.standby(RecordingSpec::default()).unwrap();
    let refused = |track, data: &[u8]| recording.append(track, 0, true, data).unwrap_err();
    let unit = [0, 0, 0, 1, 0x65, 1];
    assert_eq!(
        refused(Track::Video, &unit),
        Error::Media("track-not-configured")
    );
    Camera::new(&recording);
    assert_eq!(
        refused(Track::Video, b"nothing"),
        Error::Media("bad-sample")
    );
    let large = vec![1; (16 << 20) + 1];
    assert_eq!(
        refused(Track::Video, &large),
        Error::Media("sample-too-large")
    );
}
