//! Photos and notes through the façade, to a real station and back.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::io::{BufReader, Cursor, Read as _};

use common::{Scene, kinds, media, pin, states};
use custos_core::{Error, EvidenceState, MAX_NOTE, PhotoSpec, Secret, Terminal};
use custos_protocol::{
    journal::{Entry, Event, Sealed},
    policy::Policy,
};

/// The plaintext of an evidence file, by the agency's key.
fn open(scene: &Scene, terminal: &str, clip: &str) -> Vec<u8> {
    let key = std::fs::read_to_string(scene.dir.path().join("station/keys/agency.key")).unwrap();
    let line = key.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
    let identity: age::x25519::Identity = line.unwrap().parse().unwrap();
    let path = scene
        .terminal_dir(terminal)
        .join(format!("evidence/{clip}.age"));
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    let mut plain = Vec::new();
    age::Decryptor::new_buffered(file)
        .unwrap()
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

fn events(terminal: &Terminal) -> Vec<Event> {
    let raw = terminal.journal(0).unwrap();
    raw.iter()
        .filter_map(|raw| Entry::from_raw(raw).unwrap().event())
        .collect()
}

fn sealed(terminal: &Terminal, clip: &str) -> Sealed {
    events(terminal)
        .into_iter()
        .find_map(|event| match event {
            Event::Sealed(sealed) if sealed.clip == clip => Some(sealed),
            _ => None,
        })
        .unwrap()
}

fn size(jpeg: &[u8]) -> (u32, u32) {
    image::ImageReader::with_format(Cursor::new(jpeg), image::ImageFormat::Jpeg)
        .into_dimensions()
        .unwrap()
}

#[test]
fn a_photo_its_copy_and_its_thumbnail() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let jpeg = media::photo();
    // The policy of a new agency wants no copies; the officer may.
    assert_eq!(
        officer
            .photo_with(&jpeg, PhotoSpec::default())
            .unwrap()
            .copy,
        None
    );
    let mut policy = Policy::initial(1);
    (policy.version, policy.recording.watermark) = (2, true);
    let body = serde_json::to_value(&policy).unwrap();
    scene.admin.post(&scene.runtime, "/v1/admin/policy", &body);
    terminal.sync_once().unwrap();
    let without = PhotoSpec {
        watermark: Some(false),
    };
    assert_eq!(officer.photo_with(&jpeg, without).unwrap().copy, None);

    let photo = officer.photo_with(&jpeg, PhotoSpec::default()).unwrap();
    let (original, copy) = (photo.item, photo.copy.unwrap().unwrap());
    assert_eq!(open(&scene, "t-1", &original.clip), jpeg, "untouched");
    assert_eq!(copy.copy_of.as_ref(), Some(&original.clip));
    assert_ne!(copy.recording, original.recording);
    assert_eq!(sealed(&terminal, &copy.clip).copy_of, copy.copy_of);
    assert_eq!(sealed(&terminal, &original.clip).copy_of, None);
    let marked = open(&scene, "t-1", &copy.clip);
    let ((width, height), (wide, high)) = (size(&jpeg), size(&marked));
    assert_eq!(wide, width.max(wide));
    assert!(high > height, "{height} {high}");

    // Copies go the way of all evidence.
    let report = terminal.sync_once().unwrap();
    assert!(report.confirmed.contains(&copy.clip));
    assert_eq!(
        states(&officer.evidence().unwrap()),
        [EvidenceState::Confirmed; 4]
    );

    let small = officer.thumbnail(&original.clip).unwrap().unwrap();
    assert_eq!(size(&small).0.max(size(&small).1), 320);
    assert_eq!(officer.thumbnail(&copy.clip), Ok(None));
}

/// A thumbnail shows what the evidence shows: nobody sees it but the officer, and not before the
/// journal says so.
#[test]
fn thumbnails_are_the_officers_and_looking_is_journalled() {
    let scene = Scene::new();
    let terminal = scene
        .try_provision("t-1", &scene.ticket("t-1", &["wang", "li"]))
        .unwrap();
    terminal.enrol_officer("wang", &pin()).unwrap();
    let other = Secret::from("991277");
    terminal.enrol_officer("li", &other).unwrap();
    let wang = terminal.unlock("wang", &pin()).unwrap();
    let li = terminal.unlock("li", &other).unwrap();
    wang.begin_duty("a").unwrap();
    let (one, two) = (
        wang.photo(&media::photo()).unwrap().clip,
        wang.photo(&media::photo()).unwrap().clip,
    );
    let note = wang.note("no picture", None).unwrap().clip;
    assert_eq!(li.thumbnail(&one), Err(Error::UnknownClip));
    assert_eq!(wang.thumbnail("clip-none"), Err(Error::UnknownClip));
    assert_eq!(wang.thumbnail(&note), Ok(None));
    assert!(!kinds(&terminal).contains(&"previewed".to_owned()));

    let seen = wang.thumbnails(&[&one, &note, &two, &one]).unwrap();
    assert_eq!(seen.iter().filter(|s| s.is_some()).count(), 3);
    assert_eq!(seen[0], seen[3]);
    wang.thumbnails(&[&one]).unwrap();
    let previews = || -> Vec<Vec<String>> {
        let all = events(&terminal).into_iter();
        all.filter_map(|event| match event {
            Event::Previewed { clips } => Some(clips),
            _ => None,
        })
        .collect()
    };
    assert_eq!(previews(), [vec![one.clone(), two]], "once in a session");
    // Another session is another look.
    let again = terminal.unlock("wang", &pin()).unwrap();
    again.thumbnail(&one).unwrap();
    assert_eq!(previews().len(), 2);

    let lock = scene.order("t-1", "lock", &[&scene.admin.person]);
    terminal.sync_once().unwrap();
    assert_eq!(scene.directive_state(&lock), "done");
    assert_eq!(wang.thumbnail(&one), Err(Error::Locked));
    assert_eq!(wang.note("x", None), Err(Error::Locked));
}

#[test]
fn notes_are_evidence() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let photo = officer.photo(&media::photo()).unwrap();
    let text = "\u{feff}驾驶人拒绝配合\r\n第二行";
    let note = officer.note(text, Some(&photo.clip)).unwrap();
    assert_eq!(note.media, "text/plain; charset=utf-8");
    assert_eq!(note.about.as_ref(), Some(&photo.clip));
    assert_eq!(note.case, "2026-0042");
    assert_eq!(open(&scene, "t-1", &note.clip), text.as_bytes());
    assert_eq!(sealed(&terminal, &note.clip).about, note.about);
    officer
        .note("of the recording", Some(&photo.recording))
        .unwrap();
    officer.note("of nothing", None).unwrap();
    assert_eq!(terminal.sync_once().unwrap().confirmed.len(), 4);

    let long = "x".repeat(MAX_NOTE);
    officer.note(&long, None).unwrap();
    let refused = |text: &str| officer.note(text, None).unwrap_err();
    assert_eq!(refused(&(long + "x")), Error::Media("note-too-long"));
    assert_eq!(refused(""), Error::Media("empty-note"));
    assert_eq!(refused(" \n\t"), Error::Media("empty-note"));
    assert_eq!(
        officer.note("x", Some("clip-none")),
        Err(Error::UnknownClip)
    );
    officer.end_duty().unwrap();
    assert_eq!(officer.note("x", None), Err(Error::NoDuty));
}
