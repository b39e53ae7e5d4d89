//! Looking at evidence on the terminal, against a real station: what a directive does to it.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::{Scene, kinds, media};
use custos_core::{ClipRange, Error, EvidenceState, RecordingSpec};

#[test]
fn a_lock_and_a_wipe_end_what_is_open() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 2);
    let clip = recording.stop().unwrap().clip;

    let reader = officer.open_clip(&clip, ClipRange::WHOLE).unwrap();
    let read = |reader: &custos_core::ClipReader| {
        let mut byte = [0; 1];
        reader.read_at(reader.size() - 1, &mut byte)
    };
    assert_eq!(read(&reader), Ok(1));
    assert_eq!(kinds(&terminal).last().unwrap(), "viewed");

    let person = &scene.admin.person;
    scene.order("t-1", "lock", &[person]);
    terminal.sync_once().unwrap();
    assert_eq!(read(&reader), Err(Error::Locked));
    assert_eq!(
        officer.open_clip(&clip, ClipRange::WHOLE).unwrap_err(),
        Error::Locked
    );
    scene.order("t-1", "unlock", &[person]);
    terminal.sync_once().unwrap();
    assert_eq!(read(&reader), Err(Error::ReaderClosed));

    // Confirmed evidence is still there to be seen, until it is purged.
    let items = officer.evidence().unwrap();
    assert_eq!(items[0].state, EvidenceState::Confirmed);
    let reader = officer.open_clip(&clip, ClipRange::WHOLE).unwrap();
    assert_eq!(read(&reader), Ok(1));

    let second = scene.admin.register(&scene.runtime, "second");
    scene.order("t-1", "wipe", &[person, &second]);
    assert!(terminal.sync_once().unwrap().wiped);
    assert_eq!(read(&reader), Err(Error::Wiped));
}
