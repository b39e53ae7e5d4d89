//! A disk that runs full, for real: a small tmpfs under the terminal's folder. The recording ends
//! sealed and playable, nothing that is not confirmed goes, and everything else goes on.
//!
//! Needs to mount; skipped where it may not.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use custos_tests::{
    process::{Said, done, sample, say},
    scene::{Scene, text},
    tmpfs::Tmpfs,
};
use serde_json::{Value, json};

const RESERVE: u64 = 6 << 20;

/// A terminal on duty on a disk of 20 MiB, of which 6 are the reserve.
fn small() -> Option<(Scene, Tmpfs)> {
    let scene = Scene::station();
    let disk = Tmpfs::mount(PathBuf::from(scene.path("terminal")), "size=20m")?;
    publish(&scene, &[&format!("storage.reserve_bytes={RESERVE}")]);
    scene.provision("terminal", &scene.station.url.clone());
    done(scene.terminal(&["duty", "begin", "--case", "A-1"]));
    Some((scene, disk))
}

fn publish(scene: &Scene, settings: &[&str]) {
    let mut arguments = vec!["policy", "publish"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    done(scene.admin(&arguments));
}

fn record(scene: &Scene, times: &str) -> Said {
    let media = sample().display().to_string();
    let arguments = [
        "record",
        "--media",
        &media,
        "--repeat",
        times,
        "--station-offline",
    ];
    say(scene.terminal(&arguments))
}

fn of<'a>(said: &'a Said, event: &str) -> Vec<&'a Value> {
    said.lines
        .iter()
        .filter(|line| line["event"] == event)
        .collect()
}

fn refused(said: &Said) {
    assert_eq!(
        (said.code, said.error()),
        (Some(4), "storage-full"),
        "{said:?}"
    );
}

fn status(scene: &Scene) -> Value {
    done(scene.terminal(&["status"])).last().clone()
}

fn files(scene: &Scene) -> usize {
    let folder = Path::new(&scene.path("terminal")).join("evidence");
    fs::read_dir(folder).unwrap().count()
}

/// It opens, and a player without mercy finds nothing to say.
fn plays(scene: &Scene, clip: &str) {
    let file = Path::new(&scene.path("terminal")).join(format!("evidence/{clip}.age"));
    let plain = scene.path("plain.mp4");
    fs::write(&plain, scene.open(&file)).unwrap();
    let Ok(played) = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i", &plain, "-f", "null", "-"])
        .output()
    else {
        eprintln!("not played: ffmpeg is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&played.stderr).into_owned();
    assert!(played.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_recording_on_a_full_disk_ends_sealed_and_everything_else_goes_on() {
    let Some((scene, _disk)) = small() else {
        return;
    };
    let full = record(&scene, "1000");
    refused(&full);
    let (warnings, sealed) = (of(&full, "storage-low"), of(&full, "sealed"));
    assert!(warnings.len() >= 2, "{warnings:?}");
    assert_eq!(warnings[0]["level"], "warning");
    assert_eq!(warnings.last().unwrap()["level"], "full");
    assert_eq!(sealed.len(), 1, "{full:?}");
    let clip = text(&sealed[0]["clip"]);
    let item = scene.item(&clip);
    assert_eq!(item["state"], "sealed");
    let acknowledged = of(&full, "committed").len();
    assert_eq!(item["fragments"], json!(acknowledged));
    plays(&scene, &clip);

    // The reserve is there for what has to go on: half of it at least. The database's log was
    // room in use as well, until the process that recorded closed it.
    let before = status(&scene);
    let free = before["free_bytes"].as_u64().unwrap();
    assert!(
        (RESERVE / 2 - (1 << 20)..RESERVE + (4 << 20)).contains(&free),
        "{before}"
    );
    assert_eq!(before["minutes_left"], 0);
    // Something else takes that room.
    let over = usize::try_from(free.saturating_sub(RESERVE)).unwrap();
    fs::write(scene.path("terminal/ballast"), vec![7; over]).unwrap();
    let had = files(&scene);
    refused(&record(&scene, "1"));
    let photo = sample().with_file_name("photo.jpg").display().to_string();
    refused(&say(scene.terminal(&["photo", "--media", &photo])));
    assert_eq!(files(&scene), had, "refused before there is a file");
    done(scene.terminal(&["list"]));
    done(scene.terminal(&["mark", &clip]));
    // What is not confirmed stays, and it can be confirmed.
    assert_eq!(done(scene.terminal(&["purge"])).last()["clips"], json!([]));
    publish(
        &scene,
        &["local_retention_days=0", "storage.keep_marked=false"],
    );
    done(scene.terminal(&["sync"]));
    assert_eq!(scene.item(&clip)["state"], "confirmed");
    let reclaimable = status(&scene)["reclaimable_bytes"].as_u64();
    assert_eq!(reclaimable, item["bytes"].as_u64());
}

/// What is confirmed and past its retention makes room by itself, and a recording goes on over
/// it; what is marked does not.
#[test]
fn what_may_go_makes_room_while_it_is_recorded() {
    let Some((scene, _disk)) = small() else {
        return;
    };
    let clip = |said: &Said| text(&of(said, "sealed")[0]["clip"]);
    let (old, marked) = (clip(&record(&scene, "20")), clip(&record(&scene, "10")));
    done(scene.terminal(&["mark", &marked]));
    assert_eq!(
        scene.sync().last()["confirmed"].as_array().unwrap().len(),
        2
    );
    publish(&scene, &["local_retention_days=0"]);
    scene.sync();
    let full = record(&scene, "1000");
    refused(&full);
    let list = done(scene.terminal(&["list"]));
    let left: Vec<_> = list.lines.iter().map(|item| text(&item["clip"])).collect();
    assert_eq!(left, [marked, clip(&full)], "{old} went");
    plays(&scene, &left[1]);
    // More than there was room for beside the old one.
    let bytes = of(&full, "sealed")[0]["bytes"].as_u64().unwrap();
    assert!(bytes > 10 << 20, "{bytes}");
}

/// Neither room for the question in the journal nor an answer; with room again, it answers.
#[test]
fn a_look_up_that_cannot_be_journalled_is_none() {
    let Some((scene, _disk)) = small() else {
        return;
    };
    let cars = scene.path("cars.csv");
    fs::write(&cars, "plate,stolen\n京A12345,no\n").unwrap();
    let station = scene.station.dir().display().to_string();
    let import = [
        "station",
        "import",
        "--dir",
        &station,
        "--registry",
        "vehicle",
        &cars,
    ];
    done(import);
    let key = scene.path("ada.key");
    done(scene.admin(&["person", "add", "ada", "--role", "auditor", "-o", &key]));
    let asked = || {
        let url = &scene.station.url;
        done(["audit", "lookups", "--station", url, "--key", &key])
            .lines
            .len()
    };
    let ask = ["lookup", "vehicle", "京A12345", "--reason", "traffic"];
    done(scene.terminal(&ask));
    assert_eq!(asked(), 1);

    let ballast = Path::new(&scene.path("terminal")).join("ballast");
    let full = fs::write(&ballast, vec![1; 20 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    refused(&say(scene.terminal(&ask)));
    assert_eq!(asked(), 1, "nobody was asked");
    fs::remove_file(&ballast).unwrap();
    let found = done(scene.terminal(&ask));
    assert_eq!(found.last()["records"], json!([{ "stolen": "no" }]));
    assert_eq!(asked(), 2);
}
