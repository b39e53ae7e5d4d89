//! Photos, notes, sheets and bundles through the program alone.

use std::{fs, io::Write as _, path::Path, process::Command, slice::from_ref};

use custos_tests::{
    process::{Running, done, sample, say, workspace},
    scene::{Scene, text},
};
use serde_json::Value;

fn photo() -> String {
    workspace()
        .join("tests/media/photo.jpg")
        .display()
        .to_string()
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_bundle_is_verified_whole() {
    let scene = Scene::on_duty();
    let taken = done(scene.terminal(&["photo", "--media", &photo(), "--watermark"]));
    let (original, copy) = (text(&taken.lines[0]["clip"]), text(&taken.lines[1]["clip"]));
    assert_eq!(taken.lines[1]["copy_of"], original.as_str());
    let noted = done(scene.terminal(&["note", "看照片", "--about", &original]));
    let note = text(&noted.last()["clip"]);
    let file = scene.path("description.json");
    fs::write(
        &file,
        r#"{"act": "盘查", "participants": [{"role": "证人", "name": "王某"}]}"#,
    )
    .expect("writable");
    let described = done(scene.terminal(&["describe", &original, "--file", &file]));
    let sheet = text(&described.last()["clip"]);
    assert_eq!(described.last()["media"], "application/json");
    let small = scene.path("small.jpg");
    done(scene.terminal(&["thumbnail", &original, "-o", &small]));
    assert!(
        fs::read(&small)
            .expect("written")
            .starts_with(&[0xFF, 0xD8])
    );
    assert_eq!(
        say(scene.terminal(&["thumbnail", &note, "-o", &small])).error(),
        "no-thumbnail"
    );

    // Before the station confirmed: exported, and not verified.
    let early = scene.path("early");
    done(scene.terminal(&["export", &original, "-o", &early]));
    let said = say(["verify", &early]);
    assert_eq!((said.code, said.error()), (Some(1), "not-verified"));
    assert!(
        said.lines
            .iter()
            .take(4)
            .all(|line| line["verified"] == false),
        "{said:?}"
    );

    done(scene.terminal(&["sync"]));
    let folder = scene.path("bundle");
    let exported = done(scene.terminal(&["export", &original, "-o", &folder]));
    assert_eq!(exported.last()["linked"].as_array().map(Vec::len), Some(3));
    let expected = |stem: &str, more: &[&str]| -> Vec<String> {
        let all = ["age", "receipt"].iter().chain(more);
        all.map(|e| format!("{stem}.{e}")).collect()
    };
    let mut all = expected(&format!("{original}.jpg"), &["manifest.json"]);
    all.extend(expected(&format!("{copy}.jpg"), &[]));
    all.extend(expected(&format!("{note}.txt"), &[]));
    all.extend(expected(&format!("{sheet}.json"), &[]));
    all.push("trust.json".to_owned());
    all.sort();
    assert_eq!(names(&folder), all);
    let zip = scene.path("bundle.zip");
    let zipped = done(scene.terminal(&["export", &original, "-o", &zip, "--zip"]));
    assert_eq!(zipped.last()["zip"], zip.as_str());
    for bundle in [&folder, &zip] {
        let said = done(["verify", bundle]);
        assert_eq!(said.lines.len(), 4, "{said:?}");
        assert!(
            said.lines.iter().all(|line| line["verified"] == true),
            "{said:?}"
        );
        assert!(
            said.lines
                .iter()
                .all(|line| line["proved"].as_array().is_some_and(|p| p.len() == 5))
        );
    }
    let trust = format!("{folder}/trust.json");
    done(["verify", &zip, "--trust", &trust]);
    let again = say(scene.terminal(&["export", &original, "-o", &zip, "--zip"]));
    assert_eq!((again.code, again.error()), (Some(1), "file-exists"));

    // Whoever unpacks it finds the same.
    match Command::new("unzip").args(["-q", "-t", &zip]).status() {
        Ok(status) => assert!(status.success(), "unzip -t"),
        Err(_) => eprintln!("skipped: unzip is not installed"),
    }

    // A changed bit, a missing file, another agency's trust set.
    damage(Path::new(&format!("{folder}/{note}.txt.age")));
    let said = say(["verify", &folder]);
    assert_eq!((said.code, said.error()), (Some(1), "not-verified"));
    let bad: Vec<&Value> = said
        .lines
        .iter()
        .filter(|l| l["verified"] == false)
        .collect();
    assert_eq!(bad.len(), 1, "{said:?}");
    assert_eq!(bad[0]["file"], format!("{note}.txt.age"));
    damage(Path::new(&zip));
    assert_eq!(say(["verify", &zip]).code, Some(1));
    fs::remove_file(format!("{folder}/{note}.txt.age")).expect("there");
    let said = say(["verify", &folder]);
    assert!(
        said.lines
            .iter()
            .any(|l| l["file"] == format!("{note}.txt.age")),
        "{said:?}"
    );
    assert_eq!(said.code, Some(1));
    let other = Scene::station();
    let foreign = other.path("trust.json");
    done(other.admin(&["trust", "-o", &foreign]));
    assert_eq!(say(["verify", &folder, "--trust", &foreign]).code, Some(1));
    let empty = scene.path("empty");
    fs::create_dir(&empty).expect("created");
    assert_eq!(say(["verify", &empty]).error(), "not-verified");
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("writable");
}

/// One entry of a zip: local header and what goes into the directory (APPNOTE.TXT, 4.3.7, 4.3.12).
fn entry(zip: &mut Vec<u8>, name: &str, data: &[u8], method: u8) -> Vec<u8> {
    let offset = u32::try_from(zip.len()).expect("small").to_le_bytes();
    let length = u32::try_from(data.len()).expect("small").to_le_bytes();
    let name_length = u16::try_from(name.len()).expect("short").to_le_bytes();
    let common = [
        &[20, 0, 0, 0, method, 0, 0, 0, 33, 0][..],
        &crc32(data).to_le_bytes(),
        &length,
        &length,
        &name_length,
        &[0, 0],
    ]
    .concat();
    zip.extend(b"PK\x03\x04");
    zip.extend(&common);
    zip.extend(name.as_bytes());
    zip.extend(data);
    [
        b"PK\x01\x02\x14\0",
        common.as_slice(),
        &[0; 10],
        &offset,
        name.as_bytes(),
    ]
    .concat()
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

fn zip_of(path: &str, mut body: Vec<u8>, directory: &[Vec<u8>]) {
    let start = u32::try_from(body.len()).expect("small").to_le_bytes();
    let count = u16::try_from(directory.len()).expect("few").to_le_bytes();
    let directory = directory.concat();
    let length = u32::try_from(directory.len()).expect("small").to_le_bytes();
    body.extend(directory);
    body.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &count,
            &count,
            &length,
            &start,
            &[0, 0],
        ]
        .concat(),
    );
    fs::File::create(path)
        .and_then(|mut file| file.write_all(&body))
        .expect("writable");
}

/// Zips that are none of ours are not looked into, and nothing of them is written anywhere.
#[test]
fn hostile_zips() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.zip").display().to_string();
    let refused = |body: Vec<u8>, directory: &[Vec<u8>]| {
        zip_of(&path, body, directory);
        let said = say(["verify", &path]);
        (said.code, said.error().to_owned())
    };
    let not_a_bundle = (Some(1), "not-a-bundle".to_owned());
    let not_verified = (Some(1), "not-verified".to_owned());
    let mut body = Vec::new();
    let good = entry(&mut body, "a.age", b"x", 0);
    assert_eq!(
        refused(body.clone(), from_ref(&good)),
        not_verified,
        "a zip, and no evidence"
    );
    for name in ["../a.age", "/a.age", "d/a.age", "d\\a.age", ".hidden"] {
        let mut body = Vec::new();
        let one = entry(&mut body, name, b"x", 0);
        assert_eq!(refused(body, &[one]), not_a_bundle, "{name}");
    }
    // The same name twice: which of them another program shows is its own choice.
    let mut twice = body.clone();
    let second = entry(&mut twice, "a.age", b"y", 0);
    assert_eq!(
        refused(twice.clone(), &[good.clone(), second.clone()]),
        not_a_bundle
    );
    assert_eq!(
        refused(twice.clone(), from_ref(&good)),
        not_a_bundle,
        "hidden behind"
    );
    assert_eq!(refused(twice, &[second]), not_a_bundle, "hidden before");
    let mut deflated = Vec::new();
    let one = entry(&mut deflated, "a.age", b"x", 8);
    assert_eq!(refused(deflated, &[one]), not_a_bundle);
    // Two names for the same bytes.
    let mut other = good.clone();
    other[46] = b'b';
    assert_eq!(refused(body.clone(), &[good.clone(), other]), not_a_bundle);
    // Longer than the file.
    let mut long = good.clone();
    for at in [20, 24] {
        long[at..at + 4].copy_from_slice(&0xFFFF_0000_u32.to_le_bytes());
    }
    assert_eq!(refused(body, &[long]), not_a_bundle);
    assert_eq!(names(&folder.path().display().to_string()), ["x.zip"]);
}

/// What is said while another process records is sealed after that process was killed.
#[test]
fn a_killed_recording_leaves_its_sheet() {
    let scene = Scene::on_duty();
    let media = sample().display().to_string();
    let mut recording = Running::start(scene.terminal(&[
        "record",
        "--media",
        &media,
        "--realtime",
        "--repeat",
        "100",
        "--station-offline",
    ]));
    let clip = loop {
        let line = recording.line().expect("a line");
        if line["event"] == "committed" {
            break text(&line["clip"]);
        }
    };
    let said = done(scene.terminal(&[
        "describe",
        &clip,
        "--act",
        "check",
        "--participant",
        "witness:W",
    ]));
    assert_eq!(said.last()["event"], "described");
    recording.kill();
    let items = done(scene.terminal(&["list"])).lines;
    let of = |media: &str| items.iter().find(|i| i["media"] == media).expect("there");
    assert_eq!(of("video/mp4")["state"], "recovered");
    let sheet = of("application/json");
    assert_eq!(sheet["about"], of("video/mp4")["recording"]);
    let file = format!(
        "{}/evidence/{}.age",
        scene.path("terminal"),
        text(&sheet["clip"])
    );
    let sheet: Value = serde_json::from_slice(&scene.open(Path::new(&file))).expect("JSON");
    assert_eq!(
        (sheet["act"].as_str(), sheet["format"].as_str()),
        (Some("check"), Some("custos-sheet/1"))
    );
    assert_eq!(sheet["participants"][0]["name"], "W");
    assert_eq!(sheet["clips"][0]["clip"], clip.as_str());
}

#[test]
fn what_is_refused_has_a_name() {
    let scene = Scene::on_duty();
    let refused = |arguments: &[&str], code: i32, error: &str| {
        let said = say(scene.terminal(arguments));
        assert_eq!((said.code, said.error()), (Some(code), error), "{said:?}");
        assert!(!text(&said.last()["next"]).is_empty());
    };
    refused(&["note", " "], 1, "media");
    refused(&["note", "x", "--about", "clip-none"], 1, "unknown-clip");
    refused(&["note", "--file", "no-such-file"], 2, "file-not-found");
    refused(&["note"], 2, "usage");
    let long = scene.path("long.txt");
    fs::write(&long, "x".repeat(65_537)).expect("writable");
    refused(&["note", "--file", &long], 1, "media");
    fs::write(&long, [0xFF, 0xFE]).expect("writable");
    refused(&["note", "--file", &long], 1, "media");
    let taken = done(scene.terminal(&["photo", "--media", &photo()]));
    assert_eq!(taken.lines.len(), 1, "no copy unless somebody wants one");
    let clip = text(&taken.last()["clip"]);
    refused(&["describe", &clip], 1, "bad-description");
    refused(&["describe", &clip, "--act", ""], 1, "bad-description");
    refused(&["describe", &clip, "--participant", "nobody"], 2, "usage");
    refused(&["describe", "clip-none", "--act", "x"], 1, "unknown-clip");
    fs::write(&long, "{\"pin\": 1}").expect("writable");
    refused(&["describe", &clip, "--file", &long], 1, "bad-description");
    let out = scene.path("out");
    refused(
        &["export", &clip, "-o", &out, "--name", "{pin}"],
        2,
        "usage",
    );
    assert!(!Path::new(&out).exists());
    done(scene.terminal(&["export", &clip, "-o", &out, "--name", "{officer}/{kind}{n}"]));
    assert!(
        names(&out).contains(&"100123_photo001.jpg.age".to_owned()),
        "{:?}",
        names(&out)
    );
}
