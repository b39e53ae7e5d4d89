//! A recording whose system calls fail, or that is killed in one of them: whatever was told
//! committed is there afterwards, opens, and the vault goes on.
//!
//! Needs `strace`, which injects the faults; skipped where it is missing or not allowed.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::path::Path;
use std::process::{Command, Stdio};

use custos_tests::process::{Said, done, program, sample};
use custos_tests::scene::{Scene, text};
use serde_json::Value;

/// Whether faults can be injected here; says if not.
fn can_inject() -> bool {
    let works = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=fsync:error=EIO",
            "true",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: strace is not installed, or may not trace");
    }
    works
}

/// Runs the program with a fault in its system calls. Calls are counted in each thread.
fn with_fault(fault: &str, arguments: Vec<String>) -> Said {
    let calls = fault.split(':').next().unwrap_or_default();
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args([
            "-e",
            &format!("trace={calls}"),
            "-e",
            &format!("inject={fault}"),
        ])
        .arg(program())
        .args(arguments)
        .args(["--json", "--lang", "en"])
        .stdin(Stdio::null())
        .output()
        .expect("strace runs");
    // A killed program may have been in the middle of a line.
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.truncate(said.rfind('\n').map_or(0, |at| at + 1));
    Said {
        code: output.status.code(),
        lines: said
            .lines()
            .map(|l| serde_json::from_str(l).expect("JSON alone"))
            .collect(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn record(scene: &Scene) -> Vec<String> {
    let media = sample().display().to_string();
    scene.terminal(&[
        "record",
        "--media",
        &media,
        "--repeat",
        "3",
        "--station-offline",
    ])
}

/// The clip and the last fragment that was told committed.
fn acknowledged(said: &Said) -> Option<(String, u64)> {
    let mut committed = said
        .lines
        .iter()
        .rev()
        .filter(|line| line["event"] == "committed");
    committed
        .next()
        .map(|line| (text(&line["clip"]), line["fragment"].as_u64().unwrap()))
}

/// Opens the terminal, which recovers what is unfinished, and checks every clip in it.
fn check(scene: &Scene, fault: &str, said: &Said) {
    let list = done(scene.terminal(&["list"]));
    let items: Vec<&Value> = list
        .lines
        .iter()
        .filter(|line| line["clip"].is_string())
        .collect();
    for item in &items {
        let (clip, state) = (text(&item["clip"]), text(&item["state"]));
        assert!(
            matches!(state.as_str(), "sealed" | "recovered"),
            "{fault}: {item}"
        );
        let file = Path::new(&scene.path("terminal")).join(format!("evidence/{clip}.age"));
        let fragments = fragments(&scene.open(&file));
        assert_eq!(
            item["fragments"].as_u64(),
            Some(fragments),
            "{fault}: {item}"
        );
    }
    if let Some((clip, fragment)) = acknowledged(said) {
        let item = items.iter().find(|item| item["clip"] == clip.as_str());
        let item = item.unwrap_or_else(|| panic!("{fault}: {clip} is lost"));
        assert!(
            item["fragments"].as_u64().unwrap() >= fragment,
            "{fault}: {item}"
        );
    }
}

/// Fragments in a decrypted file, every box of which must be whole.
fn fragments(mut mp4: &[u8]) -> u64 {
    let mut count = 0;
    while !mp4.is_empty() {
        let size = u32::from_be_bytes(*mp4.first_chunk().expect("a box")) as usize;
        count += u64::from(&mp4[4..8] == b"moof");
        mp4 = &mp4[size..];
    }
    count
}

/// Invariants 1 and 6: killed in any call that makes something durable.
#[test]
fn killed_in_any_call() {
    if !can_inject() {
        return;
    }
    let scene = Scene::on_duty();
    // Which call of a thread is which depends on how fast the machine is: a fragment more or less
    // goes into one commit.
    let calls = [("fdatasync", 1..=6), ("fsync", 1..=2), ("rename", 1..=1)];
    let faults: Vec<String> = calls
        .into_iter()
        .flat_map(|(call, times)| times.map(move |n| (call, n)))
        .chain([("pwrite64", 9), ("pwrite64", 20), ("write,writev", 2)])
        .map(|(call, n)| format!("{call}:signal=KILL:when={n}"))
        .collect();
    let mut killed = 0;
    for fault in &faults {
        let said = with_fault(fault, record(&scene));
        killed += usize::from(said.code != Some(0));
        check(&scene, fault, &said);
    }
    assert!(
        killed * 2 > faults.len(),
        "only {killed} of {} faults struck",
        faults.len()
    );
}

/// Invariant 6: killed while a torn file is being completed, again and again.
#[test]
fn killed_in_recovery() {
    if !can_inject() {
        return;
    }
    let scene = Scene::on_duty();
    // The fewer calls, the more surely it strikes; the later, the more is committed.
    let said = (1..=6)
        .rev()
        .map(|n| with_fault(&format!("fdatasync:signal=KILL:when={n}"), record(&scene)))
        .find(|said| said.code != Some(0))
        .expect("a recording syncs");
    for fault in ["ftruncate", "write", "fsync", "pwrite64", "fdatasync"] {
        let fault = format!("{fault}:signal=KILL:when=1");
        with_fault(&fault, scene.terminal(&["list"]));
    }
    check(&scene, "recovery", &said);
    let first = done(scene.terminal(&["list"])).lines;
    assert_eq!(done(scene.terminal(&["list"])).lines, first);
}

/// Invariant 9: a sync that fails ends the recording as failed, whatever comes after it works.
#[test]
fn a_sync_that_fails_is_fatal_for_the_clip() {
    if !can_inject() {
        return;
    }
    let scene = Scene::on_duty();
    let mut failed = 0;
    for n in [1, 2, 3, 5] {
        let fault = format!("fdatasync:error=EIO:when={n}");
        let said = with_fault(&fault, record(&scene));
        if said.code != Some(0) {
            failed += 1;
            assert_eq!(said.code, Some(4), "{fault}: {said:?}");
            assert_eq!(said.error(), "storage-sync-failed", "{fault}: {said:?}");
        }
        check(&scene, &fault, &said);
    }
    assert!(failed > 1, "only {failed} faults struck");
}

#[test]
fn a_full_disk_is_told() {
    if !can_inject() {
        return;
    }
    let scene = Scene::on_duty();
    for n in [10, 40] {
        let fault = format!("pwrite64:error=ENOSPC:when={n}+");
        let said = with_fault(&fault, record(&scene));
        if said.code != Some(0) {
            assert_eq!(
                (said.code, said.error()),
                (Some(4), "storage-full"),
                "{fault}: {said:?}"
            );
        }
        check(&scene, &fault, &said);
    }
}
