//! Bad input at every edge has a name, an exit code, and words that help.

use std::{
    fs,
    process::{Command, Stdio},
};

use custos_tests::{
    process::{Said, custos, done, program, sample, say, workspace},
    scene::{Scene, text},
};

fn refused(said: &Said, code: i32, error: &str) {
    assert_eq!((said.code, said.error()), (Some(code), error), "{said:?}");
    for field in ["message", "what_is_safe", "next"] {
        assert!(!text(&said.last()[field]).is_empty(), "{field}: {said:?}");
    }
}

#[test]
fn pins() {
    let scene = Scene::on_duty();
    let wrong = scene.path("wrong");
    fs::write(&wrong, "111111").expect("writable");
    let dir = scene.path("terminal");
    let with = |officer: &str, pin: &str| {
        say([
            "terminal",
            "--dir",
            &dir,
            "--officer",
            officer,
            "--pin-file",
            pin,
            "list",
        ])
    };
    refused(&with("999999", &wrong), 5, "unknown-officer");
    refused(&with("100123", "no-such-file"), 2, "file-not-found");
    for _ in 0..4 {
        refused(&with("100123", &wrong), 5, "wrong-pin");
    }
    assert_eq!(with("100123", &wrong).code, Some(5));
    // Locked out: now even the right PIN waits.
    refused(&with("100123", &scene.path("pin")), 5, "too-many-attempts");

    let short = scene.path("short");
    fs::write(&short, "12").expect("writable");
    scene.provision("other", &scene.station.url);
    let other = scene.path("other");
    let begin = [
        "terminal",
        "--dir",
        &other,
        "--officer",
        "1",
        "--pin-file",
        &short,
    ];
    let said = say(begin.iter().chain(&["duty", "begin", "--case", "c"]));
    refused(&said, 1, "pin-too-short");
}

#[test]
fn tickets() {
    let scene = Scene::station();
    let url = scene.station.url.clone();
    let ticket = scene.ticket("ticket", &url, &[]);
    let provision = |dir: &str, ticket: &str| {
        say([
            "terminal",
            "--dir",
            &scene.path(dir),
            "provision",
            "--ticket",
            ticket,
        ])
    };
    assert_eq!(provision("a", &ticket).code, Some(0));
    refused(&provision("b", &ticket), 1, "ticket-used");
    refused(
        &provision("a", &scene.ticket("t2", &url, &[])),
        1,
        "already-provisioned",
    );
    let expired = scene.ticket("expired", &url, &["--valid-hours", "0"]);
    refused(&provision("b", &expired), 1, "ticket-expired");
    let garbage = scene.path("garbage");
    fs::write(&garbage, "{}").expect("writable");
    refused(&provision("b", &garbage), 1, "ticket-malformed");
    // Nothing half-provisioned is left.
    refused(
        &say(["terminal", "--dir", &scene.path("b"), "status"]),
        1,
        "not-provisioned",
    );
}

#[test]
fn a_station_that_is_not_there() {
    let mut scene = Scene::on_duty();
    let ticket = scene.ticket("ticket", &scene.station.url, &[]);
    scene.station.kill();
    refused(&scene.sync(), 3, "station-unreachable");
    refused(
        &say(scene.admin(&["terminal", "list"])),
        3,
        "station-unreachable",
    );
    let said = say([
        "terminal",
        "--dir",
        &scene.path("b"),
        "provision",
        "--ticket",
        &ticket,
    ]);
    refused(&said, 3, "station-unreachable");
}

#[test]
fn ports_and_folders_taken() {
    let scene = Scene::station();
    let address = scene.station.url.trim_start_matches("https://");
    let other = scene.path("other");
    let run = |dir: &str, listen: &str| say(["station", "run", "--dir", dir, "--listen", listen]);
    refused(&run(&other, address), 1, "port-taken");
    refused(
        &run(&scene.path("station"), "127.0.0.1:0"),
        1,
        "station-in-use",
    );
    let open = [
        "station",
        "run",
        "--dir",
        &other,
        "--listen",
        "0.0.0.0:0",
        "--plain-http",
    ];
    refused(&say(open), 1, "plain-http-not-loopback");
    let s3 = [
        "station",
        "run",
        "--dir",
        &other,
        "--objects",
        "s3://bucket",
    ];
    refused(&say(s3), 2, "unsupported-backend");
}

#[test]
fn vaults_with_a_wrong_key_or_damage() {
    let scene = Scene::on_duty();
    scene.provision("other", &scene.station.url);
    let kek = |dir: &str| format!("{}/keys/kek", scene.path(dir));
    let own = fs::read(kek("terminal")).expect("the software key");
    fs::copy(kek("other"), kek("terminal")).expect("copied");
    refused(&say(scene.terminal(&["status"])), 5, "wrong-key");
    fs::write(kek("terminal"), own).expect("restored");
    done(scene.terminal(&["status"]));

    let database = format!("{}/vault.db", scene.path("terminal"));
    let mut broken = fs::read(&database).expect("the vault");
    let length = broken.len().min(8192);
    for byte in &mut broken[..length] {
        *byte ^= 0x55;
    }
    fs::write(&database, &broken).expect("writable");
    let said = say(scene.terminal(&["status"]));
    assert!(matches!(said.code, Some(4 | 5)), "{said:?}");
    let after = fs::read(&database).expect("still there");
    assert_eq!(after[..length], broken[..length], "never recreated");
}

#[test]
fn media_that_is_none() {
    let scene = Scene::on_duty();
    let record =
        |file: &str| say(scene.terminal(&["record", "--media", file, "--station-offline"]));
    refused(&record("no-such-file.mp4"), 2, "file-not-found");
    let text_file = scene.path("text.mp4");
    fs::write(&text_file, "this is not a film").expect("writable");
    assert_eq!(record(&text_file).code, Some(1));
    let whole = fs::read(sample()).expect("the sample");
    let cut = scene.path("cut.mp4");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("writable");
    assert_eq!(
        record(&cut).code,
        Some(1),
        "half a file is told, whatever of it was kept"
    );
    let jpeg = workspace()
        .join("tests/media/photo.jpg")
        .display()
        .to_string();
    assert_eq!(record(&jpeg).code, Some(1));
    done(scene.terminal(&["photo", "--media", &jpeg]));
    refused(
        &say(scene.terminal(&["photo", "--media", &text_file])),
        1,
        "media",
    );
    // The tables without the samples they speak of: nothing is recorded of that.
    let moov = whole
        .windows(4)
        .rposition(|w| w == b"moov")
        .expect("a moov");
    let tables = scene.path("tables.mp4");
    fs::write(&tables, &whole[moov - 4..]).expect("writable");
    let before = done(scene.terminal(&["list"])).lines.len();
    refused(&record(&tables), 1, "broken-media");
    assert_eq!(done(scene.terminal(&["list"])).lines.len(), before);
    // The vault is none the worse for it.
    done(scene.terminal(&["sync"]));
    for item in done(scene.terminal(&["list"])).lines {
        assert_eq!(item["state"], "confirmed", "{item}");
    }
}

#[test]
fn usage() {
    refused(&say(["terminal", "list"]), 2, "missing-argument");
    refused(&say(["verify", "a"]), 2, "usage");
    refused(&say(["nonsense"]), 2, "usage");
    let missing = say([
        "verify",
        "no-clip",
        "--receipt",
        "no-receipt",
        "--trust",
        "no-trust",
    ]);
    refused(&missing, 2, "file-not-found");
}

/// `custos … | head`: whoever has read enough is not told of a failed storage.
#[test]
fn a_reader_that_has_had_enough_is_told_nothing() {
    let scene = Scene::on_duty();
    let mut child = custos(scene.terminal(&["status"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_status_in_chinese_has_no_english_words() {
    let scene = Scene::on_duty();
    let said = Command::new(program())
        .args(scene.terminal(&["status"]))
        .args(["--lang", "zh"])
        .output()
        .expect("it runs");
    let said = String::from_utf8(said.stdout).expect("UTF-8");
    assert!(said.contains("执勤中") && said.contains("日志"), "{said}");
    for word in ["enrolment", "last contact", "policy", "evidence"] {
        assert!(!said.contains(word), "{said}");
    }
}
