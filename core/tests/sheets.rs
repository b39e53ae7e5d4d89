//! What is said of a recording, and where it was, becomes a sealed sheet; and bundles of it all.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use common::{OFFICER, Scene, media, pin};
use custos_core::{Error, EvidenceItem, ExportSpec, Officer, RecordingSpec};
use custos_protocol::{
    metadata::{Description, Participant, Sheet, SheetError, TrackPoint},
    verify,
};

fn open(scene: &Scene, file: &Path) -> Vec<u8> {
    let key = std::fs::read_to_string(scene.dir.path().join("station/keys/agency.key")).unwrap();
    let line = key.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
    let identity: age::x25519::Identity = line.unwrap().parse().unwrap();
    let mut plain = Vec::new();
    age::Decryptor::new_buffered(BufReader::new(File::open(file).unwrap()))
        .unwrap()
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

fn sheet(scene: &Scene, item: &EvidenceItem) -> Sheet {
    let file = scene
        .terminal_dir("t-1")
        .join(format!("evidence/{}.age", item.clip));
    Sheet::from_text(&String::from_utf8(open(scene, &file)).unwrap()).unwrap()
}

fn sheets(officer: &Officer) -> Vec<EvidenceItem> {
    let mut items = officer.evidence().unwrap();
    items.retain(|item| item.media == "application/json");
    items
}

fn point(time_ms: i64) -> TrackPoint {
    TrackPoint {
        time_ms,
        latitude: 39.905_489,
        longitude: 116.391_297,
        accuracy_m: 4.5,
        altitude_m: Some(44.5),
        speed_mps: None,
        bearing_deg: None,
    }
}

fn said(act: &str) -> Description {
    Description {
        act: Some(act.to_owned()),
        ..Description::default()
    }
}

fn somebody(name: &str) -> Description {
    Description {
        participants: Some(vec![Participant {
            role: "证人".to_owned(),
            name: name.to_owned(),
            number: None,
            remarks: None,
        }]),
        ..Description::default()
    }
}

#[test]
fn a_recordings_sheet_is_sealed_at_its_end_and_amended_later() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 1);
    let clip = recording.clip().unwrap();
    assert_eq!(recording.place(&point(1_000)), Ok(true));
    assert_eq!(recording.place(&point(1_400)), Ok(false), "too soon");
    assert_eq!(recording.place(&point(1_500)), Ok(true));
    assert_eq!(
        recording.place(&point(200)),
        Ok(true),
        "a clock that was put back"
    );
    let nowhere = TrackPoint {
        latitude: 91.0,
        ..point(9_000)
    };
    assert_eq!(
        recording.place(&nowhere),
        Err(Error::Description(SheetError::Range("latitude")))
    );
    recording.describe(&said("first words")).unwrap();
    // From the list, by whichever name.
    assert_eq!(officer.describe(&clip, &somebody("Needle")), Ok(None));
    recording.describe(&said("盘查")).unwrap();
    assert!(
        sheets(&officer).is_empty(),
        "nothing is sealed before the end"
    );

    let item = recording.stop().unwrap();
    let first = sheets(&officer).remove(0);
    assert_eq!(first.about.as_ref(), Some(&item.recording));
    let read = sheet(&scene, &first);
    assert_eq!(read.act.as_deref(), Some("盘查"));
    assert_eq!(read.participants.as_ref().unwrap()[0].name, "Needle");
    assert_eq!(
        read.track.iter().map(|p| p.time_ms).collect::<Vec<_>>(),
        [1_000, 1_500, 200]
    );
    assert_eq!((read.about, read.amends), (item.recording.clone(), None));
    assert_eq!(
        (read.officer.as_str(), read.case.as_str()),
        (OFFICER, "2026-0042")
    );
    assert_eq!(read.clips[0].clip, clip);
    assert_eq!(read.clips[0].ended_ms, item.ended_ms);

    // Said later, it is another sheet; nothing that was sealed changes.
    let second = officer
        .describe(&item.recording, &somebody("Other"))
        .unwrap()
        .unwrap();
    let third = officer
        .describe(&second.clip, &said("更正"))
        .unwrap()
        .unwrap();
    assert_eq!(second.amends.as_ref(), Some(&first.clip));
    assert_eq!(third.amends.as_ref(), Some(&second.clip));
    let read = sheet(&scene, &third);
    assert_eq!((read.participants, read.track), (None, vec![]));
    assert_eq!(sheet(&scene, &first).act.as_deref(), Some("盘查"));

    // Neither a name nor a place is in the journal, which everybody may read.
    for entry in terminal.journal(0).unwrap() {
        for needle in ["Needle", "39.905", "盘查"] {
            assert!(!entry.contains(needle), "{entry}");
        }
    }
    assert_eq!(terminal.sync_once().unwrap().confirmed.len(), 4);

    let refused = |about: &str, said: &Description| officer.describe(about, said).unwrap_err();
    assert_eq!(refused("clip-none", &said("x")), Error::UnknownClip);
    assert_eq!(
        refused(&clip, &Description::default()),
        Error::Description(SheetError::Length("description"))
    );
    assert_eq!(
        refused(&clip, &said("")),
        Error::Description(SheetError::Length("act"))
    );
    assert_eq!(recording.describe(&said("x")), Err(Error::RecordingEnded));
    assert_eq!(recording.place(&point(5_000)), Err(Error::RecordingEnded));
}

#[test]
fn nothing_said_no_sheet() {
    let scene = Scene::new();
    let (_terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 1);
    recording.stop().unwrap();
    assert_eq!(officer.evidence().unwrap().len(), 1);
    // Photos can be described too.
    let photo = officer.photo(&media::photo()).unwrap();
    let sealed = officer.describe(&photo.clip, &said("x")).unwrap().unwrap();
    assert_eq!(sealed.about.as_ref(), Some(&photo.recording));
    officer.end_duty().unwrap();
    officer.describe(&photo.clip, &said("y")).unwrap().unwrap();
}

#[test]
fn another_officers_recording_is_not_described() {
    let scene = Scene::new();
    let terminal = scene
        .try_provision("t-1", &scene.ticket("t-1", &["wang", "li"]))
        .unwrap();
    for name in ["wang", "li"] {
        terminal.enrol_officer(name, &pin()).unwrap();
    }
    let wang = terminal.unlock("wang", &pin()).unwrap();
    let li = terminal.unlock("li", &pin()).unwrap();
    wang.begin_duty("a").unwrap();
    let photo = wang.photo(&media::photo()).unwrap();
    assert_eq!(
        li.describe(&photo.clip, &said("x")),
        Err(Error::UnknownClip)
    );
    assert_eq!(
        li.describe(&photo.recording, &said("x")),
        Err(Error::UnknownClip)
    );
}

fn verified(dir: &Path, name: &str) -> bool {
    let text = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let file = File::open(dir.join(format!("{name}.age"))).unwrap();
    verify::verify_clip(file, &text(&format!("{name}.receipt")), &text("trust.json")).verified()
}

/// What belongs to a clip goes out with it, each with its receipt, under names of a template.
#[test]
fn a_bundle_has_what_belongs_to_the_clip() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 1);
    let said = Description {
        department: Some("一中队/东".to_owned()),
        ..said("盘查")
    };
    recording.describe(&said).unwrap();
    recording.mark("stop").unwrap();
    let clip = recording.stop().unwrap();
    let note = officer.note("see the clip", Some(&clip.clip)).unwrap();
    officer.note("of something else", None).unwrap();
    terminal.sync_once().unwrap();

    let out = scene.dir.path().join("out");
    let export = officer.export(&clip.clip, &out).unwrap();
    assert_eq!(export.clip, out.join(format!("{}.mp4.age", clip.clip)));
    let sheet = sheets(&officer).remove(0);
    let mut expected = vec![
        out.join(format!("{}.json.age", sheet.clip)),
        out.join(format!("{}.txt.age", note.clip)),
    ];
    expected.sort();
    let mut linked = export.linked.clone();
    linked.sort();
    assert_eq!(linked, expected);
    for name in [
        format!("{}.mp4", clip.clip),
        format!("{}.json", sheet.clip),
        format!("{}.txt", note.clip),
    ] {
        assert!(verified(&out, &name), "{name}");
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&export.manifest).unwrap()).unwrap();
    assert_eq!(manifest["format"], "custos-export/1");
    assert_eq!(manifest["item"]["clip"], clip.clip.as_str());
    assert_eq!(manifest["linked"].as_array().unwrap().len(), 2);
    // Once more into the same folder: the same files. Another file of that name is not touched.
    officer.export(&clip.clip, &out).unwrap();
    std::fs::write(&export.clip, "something else").unwrap();
    assert_eq!(officer.export(&clip.clip, &out), Err(Error::FileExists));
    assert_eq!(std::fs::read(&export.clip).unwrap(), b"something else");

    let spec = ExportSpec {
        zip: false,
        name: Some("{department}_{officer}_{kind}{imp}".parse().unwrap()),
    };
    let named = scene.dir.path().join("named");
    let export = officer.export_with(&clip.clip, &named, &spec).unwrap();
    assert_eq!(export.clip, named.join("一中队_东_wang_video_IMP.mp4.age"));
    let names: Vec<_> = files(&named);
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(
        names.iter().all(|name| !name.ends_with(".part")),
        "{names:?}"
    );
}

fn files(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The same evidence makes the same zip, which is there whole or not at all.
#[test]
fn a_bundle_as_a_zip() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let photo = officer.photo(&media::photo()).unwrap();
    officer.note("of the photo", Some(&photo.clip)).unwrap();
    terminal.sync_once().unwrap();
    let spec = ExportSpec {
        zip: true,
        name: None,
    };
    let path = |name: &str| scene.dir.path().join(name);
    let export = officer
        .export_with(&photo.clip, &path("a.zip"), &spec)
        .unwrap();
    assert_eq!(
        export.clip,
        path("a.zip").join(format!("{}.jpg.age", photo.clip))
    );
    officer
        .export_with(&photo.clip, &path("b.zip"), &spec)
        .unwrap();
    let bytes = |name: &str| std::fs::read(path(name)).unwrap();
    assert_eq!(bytes("a.zip"), bytes("b.zip"));
    assert_eq!(
        officer.export_with(&photo.clip, &path("a.zip"), &spec),
        Err(Error::FileExists)
    );
    let mut zip = zip::ZipArchive::new(File::open(path("a.zip")).unwrap()).unwrap();
    assert_eq!(zip.len(), 6);
    let mut plain = Vec::new();
    zip.by_name("trust.json")
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    assert!(plain.starts_with(b"{\"format\":\"custos-trust/1\""));

    // A file that is not what was sealed does not go out, and leaves nothing half-written.
    let evidence = scene
        .terminal_dir("t-1")
        .join(format!("evidence/{}.age", photo.clip));
    let mut damaged = std::fs::read(&evidence).unwrap();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    std::fs::write(&evidence, damaged).unwrap();
    let refused = officer.export_with(&photo.clip, &path("c.zip"), &spec);
    assert_eq!(refused, Err(Error::EvidenceDamaged));
    let out = path("out");
    assert_eq!(
        officer.export(&photo.clip, &out),
        Err(Error::EvidenceDamaged)
    );
    assert!(files(&out).is_empty(), "{:?}", files(&out));
    assert!(
        !files(scene.dir.path())
            .iter()
            .any(|name| name.starts_with("c.zip"))
    );
}
