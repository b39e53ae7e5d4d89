//! A copy for somebody outside, as a custodian and a superior go about it, and as its recipient
//! looks at it; through the program alone.

use std::{fs, path::Path, process::Command};

use custos_tests::{
    process::{Said, done, sample, say, workspace},
    scene::{Scene, text},
    tmpfs::Tmpfs,
};
use serde_json::Value;

struct Desk {
    scene: Scene,
    photo: String,
    video: String,
    identity: String,
}

impl Desk {
    /// A photo and a video at the station; eva keeps the evidence, emil is the superior.
    fn new() -> Self {
        let scene = Scene::on_duty();
        let photo = scene.path("held-upright.jpg");
        fs::write(&photo, with_exif()).expect("writable");
        let said = done(scene.terminal(&["photo", "--media", &photo]));
        let photo = text(&said.last()["clip"]);
        let media = sample().display().to_string();
        let said = done(scene.terminal(&["record", "--media", &media]));
        let sealed = said.lines.iter().find(|line| line["event"] == "sealed");
        let video = text(&sealed.expect("sealed")["clip"]);
        done(scene.terminal(&["sync"]));
        let identity = scene.station.dir().join("keys/agency.key");
        let desk = Self {
            photo,
            video,
            identity: identity.display().to_string(),
            scene,
        };
        for (name, role) in [
            ("eva", "evidence"),
            ("emil", "approver"),
            ("sue", "auditor"),
        ] {
            let key = desk.key(name);
            let add = ["person", "add", name, "--role", role, "-o", &key];
            done(desk.scene.admin(&add));
        }
        desk
    }

    fn key(&self, name: &str) -> String {
        self.scene.path(&format!("{name}.key"))
    }

    fn by(&self, name: &str, arguments: &[&str]) -> Said {
        let all: Vec<&str> = ["disclosure"]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        say(self.scene.admin_as(&self.key(name), &all))
    }

    /// Asked for and approved; its id.
    fn approved(&self, clip: &str, more: &[&str]) -> String {
        let mut ask = vec![
            "request",
            clip,
            "--to",
            "某区人民法院",
            "--purpose",
            "(2026) 815",
        ];
        ask.extend(more);
        let said = self.by("eva", &ask);
        assert_eq!(said.last()["state"], "requested", "{said:?}");
        let id = text(&said.last()["id"]);
        let said = self.by("emil", &["approve", &id]);
        assert_eq!(said.last()["state"], "approved", "{said:?}");
        id
    }

    fn make(&self, id: &str, folder: &str) -> Said {
        self.by(
            "eva",
            &["make", id, "--identity", &self.identity, "-o", folder],
        )
    }

    fn audited(&self, action: &str) -> usize {
        let said = done(self.scene.admin(&["audit"]));
        said.lines
            .iter()
            .filter(|line| line["action"] == action)
            .count()
    }
}

/// The photo as a phone that was held upright stores it (Exif 2.32, 4.6.4, tag 274: 6).
fn with_exif() -> Vec<u8> {
    let photo = fs::read(workspace().join("tests/media/photo.jpg")).expect("there");
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
    [&photo[..2], &[0xFF, 0xE1], &length, &exif, &photo[2..]].concat()
}

fn names(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = |e: std::io::Result<fs::DirEntry>| e.expect("an entry").file_name();
    let mut names: Vec<_> = entries
        .map(|e| name(e).into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

fn damage(path: &str) {
    let mut bytes = fs::read(path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("writable");
}

#[test]
fn a_photo_goes_out_marked_and_its_recipient_can_check_it() {
    let desk = Desk::new();
    let id = desk.approved(&desk.photo, &["--redact", "10,10,30x20"]);
    let folder = desk.scene.path("copy");
    let said = desk.make(&id, &folder);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.last()["state"], "made");
    let copy = format!("{folder}/{id}.jpg");
    assert_eq!(said.last()["file"], copy.as_str());
    let mut expected = vec![
        format!("{}.receipt", desk.photo),
        format!("{id}.disclosure.json"),
        format!("{id}.jpg"),
        "trust.json".to_owned(),
    ];
    expected.sort();
    assert_eq!(names(&folder), expected);

    // Nothing but pixels: the original has EXIF with a place, the copy none.
    let original = with_exif();
    let bytes = fs::read(&copy).expect("there");
    let has_exif = |jpeg: &[u8]| jpeg.windows(6).any(|w| w == b"Exif\0\0");
    assert!(has_exif(&original) && !has_exif(&bytes));
    decodes(&copy);

    let said = done(["verify", &folder]);
    assert_eq!(said.last()["verified"], true);
    let proved = said.last()["proved"].to_string();
    for word in [
        "某区人民法院",
        "emil approved",
        "eva",
        &desk.photo,
        "officer 100123",
    ] {
        assert!(proved.contains(word), "{word}: {proved}");
    }
    // Of the station's register: who asked, approved and made, once each.
    for step in [
        "disclosure-requested",
        "disclosure-approved",
        "disclosure-made",
    ] {
        assert_eq!(desk.audited(step), 1, "{step}");
    }
    let listed = desk.by("sue", &["list", "--state", "made"]);
    assert_eq!(listed.lines.len(), 1, "{listed:?}");

    // Not over what is there; elsewhere the same copy again, with what was signed first.
    assert_eq!(desk.make(&id, &folder).error(), "file-exists");
    let again = desk.scene.path("again");
    assert_eq!(desk.make(&id, &again).code, Some(0));
    for name in &expected {
        let read = |folder: &str| fs::read(Path::new(folder).join(name)).expect("there");
        assert_eq!(read(&folder), read(&again), "{name}");
    }
    assert_eq!(desk.audited("disclosure-made"), 1);

    // Another picture, another receipt, another agency's trust set, something missing.
    damage(&format!("{again}/{id}.jpg"));
    let said = say(["verify", &again]);
    assert_eq!((said.code, said.error()), (Some(1), "not-verified"));
    let foreign = desk.scene.path("foreign.json");
    done(Scene::station().admin(&["trust", "-o", &foreign]));
    let said = say(["verify", &folder, "--trust", &foreign]);
    assert_eq!((said.code, said.error()), (Some(1), "not-verified"));
    fs::remove_file(format!("{again}/{}.receipt", desk.photo)).expect("there");
    assert_eq!(say(["verify", &again]).error(), "not-verified");
}

#[test]
fn a_video_goes_out_as_it_was_recorded() {
    let desk = Desk::new();
    let refused = desk.by(
        "eva",
        &[
            "request",
            &desk.video,
            "--to",
            "x",
            "--purpose",
            "y",
            "--redact",
            "1,1,2x2",
        ],
    );
    assert_eq!(refused.error(), "disclosure-terms", "{refused:?}");
    let id = desk.approved(&desk.video, &["--days", "2"]);
    let folder = desk.scene.path("copy");
    assert_eq!(desk.make(&id, &folder).code, Some(0));
    let copy = fs::read(format!("{folder}/{id}.mp4")).expect("there");
    let bundle = desk.scene.path("bundle");
    done(desk.scene.terminal(&["export", &desk.video, "-o", &bundle]));
    let sealed = names(&bundle)
        .into_iter()
        .find(|name| name.ends_with(".age"));
    let sealed = Path::new(&bundle).join(sealed.expect("an age file"));
    assert_eq!(copy, desk.scene.open(&sealed));
    assert_eq!(done(["verify", &folder]).last()["verified"], true);
}

#[test]
fn nothing_leaves_without_the_word_of_another() {
    let desk = Desk::new();
    let (photo, folder) = (desk.photo.as_str(), desk.scene.path("copy"));
    let said = desk.by("eva", &["request", photo, "--to", "x", "--purpose", "y"]);
    let id = text(&said.last()["id"]);
    assert_eq!(desk.make(&id, &folder).error(), "disclosure-state");
    assert_eq!(
        desk.by("eva", &["approve", &id]).error(),
        "disclosure-wrong-role"
    );
    let said = desk.by("emil", &["refuse", &id, "--reason", "not needed"]);
    assert_eq!(said.last()["refuse_reason"], "not needed");
    assert_eq!(desk.make(&id, &folder).error(), "disclosure-state");
    assert_eq!(
        desk.by("sue", &["request", photo, "--to", "x", "--purpose", "y"])
            .code,
        Some(1)
    );

    // Approved: and a region that is not within the photo, a key that opens nothing.
    let id = desk.approved(photo, &["--redact", "0,0,99999x1"]);
    assert_eq!(desk.make(&id, &folder).error(), "region-outside");
    let id = desk.approved(photo, &[]);
    let own = desk.key("eva");
    let said = desk.by("eva", &["make", &id, "--identity", &own, "-o", &folder]);
    assert_eq!((said.code, said.error()), (Some(5), "wrong-identity"));
    // The superior has no part in making it.
    let said = desk.by(
        "emil",
        &["make", &id, "--identity", &desk.identity, "-o", &folder],
    );
    assert_eq!(said.code, Some(1), "{said:?}");
    // Of all that, nothing lies about, and no copy is on record.
    assert_eq!(names(&folder), Vec::<String>::new());
    assert_eq!(desk.audited("disclosure-made"), 0);
}

/// An operator who swaps the stored object for another sealed one: the copy is not made of it.
#[test]
fn an_original_that_is_not_what_was_approved() {
    let desk = Desk::new();
    let id = desk.approved(&desk.photo, &[]);
    let (mut photo, mut video) = (None, None);
    let objects = desk.scene.station.dir().join("objects");
    for shelf in fs::read_dir(objects).expect("there") {
        for object in fs::read_dir(shelf.expect("a shelf").path()).expect("there") {
            let path = object.expect("an object").path();
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let place = if name == desk.photo {
                &mut photo
            } else {
                &mut video
            };
            *place = Some(path);
        }
    }
    fs::copy(video.expect("held"), photo.expect("held")).expect("writable");
    let folder = desk.scene.path("copy");
    assert_eq!(desk.make(&id, &folder).error(), "disclosure-differs");
    assert_eq!(names(&folder), Vec::<String>::new());
    assert_eq!(desk.audited("disclosure-made"), 0);
}

/// A folder with room for less than all of it, at every size: nothing of it is there, or everything;
/// and once there is room it is the copy that was signed for first.
#[test]
fn a_folder_that_runs_full() {
    let desk = Desk::new();
    let id = desk.approved(&desk.photo, &[]);
    for pages in 1..200 {
        let at = desk.scene.folder.path().join(format!("small-{pages}"));
        let Some(_small) = Tmpfs::mount(at.clone(), &format!("size={}k", 4 * pages)) else {
            return;
        };
        let folder = at.join("copy").display().to_string();
        let said = desk.make(&id, &folder);
        if said.code == Some(0) {
            assert!(pages > 1, "the test has to see it full");
            assert_eq!(done(["verify", &folder]).last()["verified"], true);
            assert_eq!(desk.audited("disclosure-made"), 1);
            return;
        }
        assert_eq!((said.code, said.error()), (Some(4), "copy-not-written"));
        assert_eq!(names(&folder), Vec::<String>::new(), "{pages} pages");
    }
    panic!("800 KiB are not enough");
}

/// Other people's programs read it.
fn decodes(jpeg: &str) {
    let arguments = ["-v", "error", "-of", "json", "-show_streams", jpeg];
    match Command::new("ffprobe").args(arguments).output() {
        Ok(said) => {
            let said: Value = serde_json::from_slice(&said.stdout).expect("JSON");
            assert_eq!(said["streams"][0]["codec_name"], "mjpeg", "{said}");
        }
        Err(_) => eprintln!("skipped: ffprobe is not installed"),
    }
}
