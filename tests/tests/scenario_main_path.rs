//! The main path as an officer, an administrator and an expert go it, through the program alone.

use custos_tests::{
    process::{custos, done, sample, say},
    scene::{Scene, text, verify_arguments},
};

/// Records the sample; the clip and its JSON lines.
fn record(scene: &Scene, more: &[&str]) -> (String, Vec<serde_json::Value>) {
    let media = sample().display().to_string();
    let mut arguments = vec!["record", "--media", &media];
    arguments.extend(more);
    let said = done(scene.terminal(&arguments));
    let sealed = said
        .lines
        .iter()
        .find(|l| l["event"] == "sealed")
        .expect("a sealed line");
    (text(&sealed["clip"]), said.lines.clone())
}

#[test]
fn from_samples_to_a_verified_receipt() {
    let mut scene = Scene::on_duty();
    let (clip, lines) = record(&scene, &["--station-offline"]);
    let committed: Vec<_> = lines.iter().filter(|l| l["event"] == "committed").collect();
    assert!(
        committed.len() >= 3,
        "four seconds have several fragments: {committed:?}"
    );
    assert_eq!(scene.item(&clip)["state"], "sealed");

    // A duty with something unconfirmed does not end well, and says which.
    let ended = say(scene.terminal(&["duty", "end"]));
    assert_eq!((ended.code, ended.error()), (Some(1), "unconfirmed"));

    done(scene.terminal(&["sync"]));
    assert_eq!(scene.item(&clip)["state"], "confirmed");
    assert_eq!(done(scene.terminal(&["list"])).lines.len(), 1);

    let ended = done(scene.terminal(&["duty", "end"]));
    assert_eq!(ended.last()["state"], "confirmed");
    assert_eq!(say(scene.terminal(&["duty", "end"])).error(), "no-duty");

    let bundle = scene.export_and_verify(&clip);
    let sealed = bundle.join(format!("{clip}.mp4.age"));
    assert_eq!(&scene.open(&sealed)[4..8], b"ftyp");

    // The administrator fetches the same bytes.
    let fetched = scene.path("fetched");
    done(scene.admin(&["evidence", "get", &clip, "-o", &fetched]));
    let from_station = std::fs::read(format!("{fetched}/{clip}.age")).expect("fetched");
    assert_eq!(from_station, std::fs::read(sealed).expect("exported"));

    assert_eq!(
        scene.station.terminate(),
        Some(0),
        "SIGTERM ends it cleanly"
    );
}

#[test]
fn a_changed_bit_is_not_verified_and_said_so() {
    let scene = Scene::on_duty();
    let (clip, _) = record(&scene, &[]);
    done(scene.terminal(&["sync"]));
    let bundle = scene.export_and_verify(&clip);
    for name in [
        format!("{clip}.mp4.age"),
        format!("{clip}.mp4.receipt"),
        "trust.json".to_owned(),
    ] {
        let path = bundle.join(&name);
        let whole = std::fs::read(&path).expect("exported");
        for position in [0, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut forged = whole.clone();
            forged[position] ^= 1;
            std::fs::write(&path, &forged).expect("writable");
            let said = say(verify_arguments(&bundle, &clip));
            assert_eq!(said.code, Some(1), "{name} {position}: {said:?}");
            assert_eq!(said.last()["verified"], false);
            assert!(!text(&said.last()["reason"]).is_empty());
            assert_eq!(said.error(), "not-verified");
        }
        std::fs::write(&path, &whole).expect("writable");
    }
    done(verify_arguments(&bundle, &clip));
}

#[test]
fn lock_unlock_and_a_wipe_by_two() {
    let scene = Scene::on_duty();
    record(&scene, &[]);
    let terminal = text(&done(scene.terminal(&["status"])).last()["terminal"]);

    let lock = done(scene.admin(&["directive", "lock", &terminal, "--reason", "lost"]));
    assert_eq!(lock.last()["state"], "queued");
    done(scene.terminal(&["sync"]));
    let refused = say(scene.terminal(&["list"]));
    assert_eq!((refused.code, refused.error()), (Some(5), "locked"));
    assert_eq!(done(scene.terminal(&["status"])).last()["state"], "locked");
    let shown = done(scene.admin(&["directive", "show", &text(&lock.last()["id"])]));
    assert_eq!(shown.last()["state"], "done");

    // The unlock comes as a file this time, and acts once.
    let unlock = done(scene.admin(&["directive", "unlock", &terminal, "--reason", "found"]));
    let file = scene.path("unlock.note");
    done(scene.admin(&[
        "directive",
        "export",
        &text(&unlock.last()["id"]),
        "-o",
        &file,
    ]));
    done(scene.terminal(&["apply", &file]));
    done(scene.terminal(&["list"]));
    let again = say(scene.terminal(&["apply", &file]));
    assert_eq!(again.code, Some(1), "a directive acts once: {again:?}");

    let second = scene.path("second.key");
    done(scene.admin(&["person", "add", "second", "-o", &second]));
    let wipe = done(scene.admin(&["directive", "wipe", &terminal, "--reason", "lost"]));
    let id = text(&wipe.last()["id"]);
    done(scene.terminal(&["sync"]));
    done(scene.terminal(&["list"]));
    // The same person again is not a second one.
    let twice = say(scene.admin(&["directive", "sign", &id]));
    assert!(
        twice.code == Some(1) || twice.last()["missing"] == 1,
        "{twice:?}"
    );
    let signed = done(scene.admin_as(&second, &["directive", "sign", &id]));
    assert_eq!(signed.last()["missing"], 0);
    done(scene.terminal(&["sync"]));
    let gone = say(scene.terminal(&["status"]));
    assert_ne!(gone.code, Some(0), "{gone:?}");
    let shown = done(scene.admin(&["directive", "show", &id]));
    assert_eq!(shown.last()["state"], "done");
}

#[test]
fn the_demo_leaves_what_it_promises() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("demo");
    let said = done(["demo", "--dir", &dir.display().to_string()]);
    assert!(said.lines.len() >= 9, "{:?}", said.lines);
    assert!(
        said.lines
            .iter()
            .all(|l| l["ok"] == true && l["ms"].is_number()),
        "{:?}",
        said.lines
    );
    let out = [
        "clip.mp4.age",
        "clip.mp4",
        "clip.receipt",
        "trust.json",
        "agency.key",
    ];
    let promised = out.iter().map(|name| format!("out/{name}"));
    for name in promised.chain(["station".to_owned(), "terminal".to_owned()]) {
        assert!(dir.join(&name).exists(), "{name}");
    }
    let again = custos(["demo", "--dir", &dir.display().to_string()])
        .output()
        .expect("runs");
    assert_eq!(
        again.status.code(),
        Some(2),
        "a folder with something in it is not touched"
    );
}
