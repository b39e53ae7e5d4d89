//! The whole way against a real station: provision, duty, record, upload, receipt.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::{fs::File, io::Read as _, time::Duration};

use common::{OFFICER, PIN, Scene, kinds, media, pin, states};
use custos_core::{Error, EvidenceState, RecordingSpec, Secret, State};
use custos_protocol::{
    metadata::{Description, TrackPoint},
    verify,
};

#[test]
fn from_a_ticket_to_a_confirmed_receipt() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    assert_eq!(terminal.status().unwrap().state, State::OnDuty);

    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 2);
    recording.mark("half-way").unwrap();
    let clip = recording.stop().unwrap();
    let photo = officer.photo(&media::photo()).unwrap();
    assert_eq!(clip.state, EvidenceState::Sealed);
    assert_eq!(clip.marked, 1);
    assert_eq!(recording.stop(), Err(Error::RecordingEnded));

    let report = terminal.sync_once().unwrap();
    // The marked one leaves first.
    assert_eq!(report.confirmed, [clip.clip.clone(), photo.clip.clone()]);
    assert_eq!(report.waiting, 0);
    let length = clip.length.unwrap() + photo.length.unwrap();
    assert_eq!(report.uploaded_bytes, length, "every byte was sent once");
    let items = officer.evidence().unwrap();
    assert_eq!(states(&items), [EvidenceState::Confirmed; 2]);

    // What the terminal hands out verifies with nothing but the protocol crate.
    let out = scene.dir.path().join("out");
    let export = officer.export(&clip.clip, &out).unwrap();
    let receipt = std::fs::read_to_string(export.receipt.unwrap()).unwrap();
    let trust = std::fs::read_to_string(export.trust).unwrap();
    let verified = verify::verify_clip(File::open(&export.clip).unwrap(), &receipt, &trust);
    assert!(verified.verified(), "{:?}", verified.error);
    // And the agency's key opens it.
    let key = std::fs::read_to_string(scene.dir.path().join("station/keys/agency.key")).unwrap();
    let line = key
        .lines()
        .find(|l| l.starts_with("AGE-SECRET-KEY-"))
        .unwrap();
    let identity: age::x25519::Identity = line.parse().unwrap();
    let file = std::io::BufReader::new(File::open(&export.clip).unwrap());
    let decryptor = age::Decryptor::new_buffered(file).unwrap();
    let mut plain = Vec::new();
    decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(&plain[4..8], b"ftyp");

    // The station's time is known now, and the journal is with the station.
    let status = terminal.status().unwrap();
    assert_eq!(
        status.time.trust,
        custos_protocol::journal::ClockTrust::Station
    );
    terminal.sync_once().unwrap();
    let status = terminal.status().unwrap();
    assert_eq!(status.journal_cosigned, status.journal_size);
    let ended = officer.end_duty().unwrap();
    assert_eq!(states(&ended), [EvidenceState::Confirmed; 2]);
    assert_eq!(
        officer
            .start_recording(RecordingSpec::default())
            .unwrap_err(),
        Error::NoDuty
    );
    assert!(kinds(&terminal).contains(&"exported".to_owned()));
}

/// Uploading does not wait for the end: committed chunks leave while the rest is recorded.
#[test]
fn a_clip_leaves_while_it_is_recorded() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let sync = terminal.start_sync().unwrap();
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 3);
    let committed = recording.commit().unwrap();
    assert!(committed.fragment > 0);
    let clip = recording.clip().unwrap();
    let uploaded = || {
        let items = terminal.evidence().unwrap();
        items.iter().find(|item| item.clip == clip).unwrap().clone()
    };
    wait_for("bytes at the station", || uploaded().uploaded > 0);
    assert_eq!(uploaded().state, EvidenceState::Recording);
    assert_eq!(uploaded().uploaded % 65_552, header(&scene, &clip) % 65_552);
    recording.stop().unwrap();
    wait_for("the receipt", || {
        uploaded().state == EvidenceState::Confirmed
    });
    let report = sync.stop().unwrap();
    assert_eq!(report.confirmed, [clip]);
}

/// Bytes before the first chunk.
fn header(scene: &Scene, clip: &str) -> u64 {
    let path = scene
        .terminal_dir("t-1")
        .join(format!("evidence/{clip}.age"));
    let mut file = File::open(path).unwrap();
    custos_protocol::clip::read_header(&mut file).unwrap().len() as u64
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..300 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited in vain for {what}");
}

#[test]
fn a_restart_finds_everything() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let photo = officer.photo(&media::photo()).unwrap();
    drop((terminal, officer));
    let terminal = scene.open("t-1").unwrap();
    assert_eq!(
        states(&terminal.evidence().unwrap()),
        [EvidenceState::Sealed]
    );
    let officer = terminal.unlock(OFFICER, &Secret::from(PIN)).unwrap();
    assert_eq!(officer.begin_duty("other"), Err(Error::DutyOpen));
    assert_eq!(terminal.sync_once().unwrap().confirmed, [photo.clip]);
}

/// Clips follow each other without a gap where the policy says that one ends.
#[test]
fn a_long_recording_becomes_several_clips() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let policy = scene.admin.get(&scene.runtime, "/v1/admin/people");
    assert!(policy.is_array());
    let mut policy = custos_protocol::policy::Policy::initial(1);
    (policy.version, policy.clip_max_s) = (2, 10);
    let body = serde_json::to_value(&policy).unwrap();
    scene.admin.post(&scene.runtime, "/v1/admin/policy", &body);
    terminal.sync_once().unwrap();
    assert_eq!(terminal.status().unwrap().policy_version, 2);

    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    let (_, units) = media::video();
    let times = 25 * 25 / units.len() + 1;
    media::record(&recording, times);
    let last = recording.stop().unwrap();
    let items = officer.evidence().unwrap();
    assert!(items.len() >= 2, "{items:?}");
    assert!(items.iter().all(|item| item.recording == last.recording));
    assert!(items.iter().all(|item| item.state == EvidenceState::Sealed));
    assert_eq!(terminal.sync_once().unwrap().confirmed.len(), items.len());
}

/// On a shared terminal nobody sees or exports another's evidence.
#[test]
fn officers_see_their_own_alone() {
    let scene = Scene::new();
    let terminal = scene
        .try_provision("t-1", &scene.ticket("t-1", &["wang", "li"]))
        .unwrap();
    terminal.enrol_officer("wang", &pin()).unwrap();
    terminal
        .enrol_officer("li", &Secret::from("991277"))
        .unwrap();
    assert_eq!(
        terminal.enrol_officer("zhao", &pin()),
        Err(Error::OfficerNotAllowed)
    );
    let wang = terminal.unlock("wang", &pin()).unwrap();
    let li = terminal.unlock("li", &Secret::from("991277")).unwrap();
    assert!(matches!(
        terminal.unlock("li", &pin()),
        Err(Error::WrongPin { .. })
    ));
    wang.begin_duty("a").unwrap();
    let photo = wang.photo(&media::photo()).unwrap();
    assert!(li.evidence().unwrap().is_empty());
    let out = scene.dir.path().join("out");
    assert_eq!(li.export(&photo.clip, &out), Err(Error::UnknownClip));
    assert_eq!(li.mark(&photo.clip, "x"), Err(Error::UnknownClip));
    assert!(!out.exists());
}

#[test]
fn a_personal_terminal_belongs_to_the_first_who_enrols() {
    let scene = Scene::new();
    let terminal = scene
        .try_provision("t-1", &scene.ticket("t-1", &[]))
        .unwrap();
    terminal.enrol_officer("wang", &pin()).unwrap();
    assert_eq!(
        terminal.enrol_officer("li", &pin()),
        Err(Error::OfficerNotAllowed)
    );
    assert_eq!(
        terminal.enrol_officer("wang", &pin()),
        Err(Error::OfficerExists)
    );
    assert_eq!(
        terminal.enrol_officer("../x", &pin()),
        Err(Error::OfficerNotAllowed)
    );
}

/// Invariant 2: no plaintext of evidence and no personal data is ever on disk, while recording
/// as well as after it.
#[test]
fn nothing_on_the_disk_is_plain() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("terminal-needle");
    let dir = scene.terminal_dir("terminal-needle");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 1);
    recording.mark("label-needle").unwrap();
    recording.commit().unwrap();
    recording
        .describe(&Description {
            remarks: Some("remarks-needle".to_owned()),
            ..Description::default()
        })
        .unwrap();
    recording
        .place(&TrackPoint {
            time_ms: 1_795_313_909_000,
            latitude: 39.905_489_123,
            longitude: 116.391_297,
            accuracy_m: 4.5,
            altitude_m: None,
            speed_mps: None,
            bearing_deg: None,
        })
        .unwrap();
    let photo = media::photo();
    let original = officer.photo(&photo).unwrap();
    let small = officer.thumbnail(&original.clip).unwrap().unwrap();
    officer.note("note-needle", None).unwrap();
    let (config, units) = media::video();
    let middle = |bytes: &[u8]| bytes[bytes.len() / 2..][..16].to_vec();
    let needles = [
        b"2026-0042".to_vec(),
        b"label-needle".to_vec(),
        b"terminal-needle".to_vec(),
        PIN.as_bytes().to_vec(),
        b"\"officer\"".to_vec(),
        b"ftyp".to_vec(),
        b"moof".to_vec(),
        b"SQLite format".to_vec(),
        b"AGE-SECRET-KEY".to_vec(),
        config[5..].to_vec(),
        middle(&units[0].1),
        middle(&photo),
        middle(&small),
        b"note-needle".to_vec(),
        b"remarks-needle".to_vec(),
        b"39.905489123".to_vec(),
        b"custos-sheet".to_vec(),
    ];
    let scan = || {
        for file in files(&dir) {
            let bytes = std::fs::read(&file).unwrap();
            for needle in &needles {
                let found = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!found, "{} holds {needle:?}", file.display());
            }
        }
    };
    scan();
    recording.stop().unwrap();
    terminal.sync_once().unwrap();
    scan();
    drop((terminal, officer));
    scan();
}

fn files(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}

/// Nor in an error's text: no PIN, no name, no path.
#[test]
fn errors_do_not_repeat_what_was_typed() {
    let scene = Scene::new();
    let (terminal, _officer) = scene.on_duty("t-1");
    let secret = Secret::from("771177needle");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    let errors = [
        terminal.unlock(OFFICER, &secret).unwrap_err(),
        terminal.unlock("officer-needle", &secret).unwrap_err(),
        terminal
            .enrol_officer("officer-needle", &secret)
            .unwrap_err(),
        terminal.apply_directive("needle").unwrap_err(),
        scene.open("no-needle-here").unwrap_err(),
    ];
    for error in errors {
        assert!(
            !format!("{error} {error:?} {}", error.code()).contains("needle"),
            "{error:?}"
        );
    }
}
