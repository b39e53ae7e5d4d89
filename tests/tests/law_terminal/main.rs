//! Laws on a terminal: what is installed was signed by the right person, is whole, and is never
//! older; whatever goes wrong on the way, the terminal answers from the old pack or the new one.
//! What an officer keeps is the officer's own.
//!
//! - here: installing; `shelf`: reading and keeping; `laws`: a terminal, and who makes packs for it

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod laws;
mod shelf;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use custos_tests::{
    process::{Running, done, say},
    tmpfs::Tmpfs,
};

use serde_json::Value;

use self::laws::{Laws, altered};

#[test]
fn only_the_right_pack_is_installed_and_the_old_one_answers_until_then() {
    let laws = Laws::new();
    assert_eq!(laws.asked(), Err("pack-missing".to_owned()));
    let five = laws.pack(5, 30, "editor");
    // Nobody's, or somebody's who may not; before there is one, and after.
    for _ in 0..2 {
        for person in ["nobody", "other"] {
            let file = laws.path(&format!("laws-6-{person}.pack"));
            if !Path::new(&file).is_file() {
                laws.pack(6, 30, person);
            }
            laws.refused(&file, "pack-signature");
        }
        if laws.asked().is_err() {
            laws.installed(&five);
        }
        assert_eq!(laws.asked(), Ok(5));
    }
    let seven = laws.pack(7, 30, "editor");
    laws.refused(&altered(&seven, |_| 5_000), "pack-altered");
    laws.refused(&altered(&seven, |length| length - 40), "pack-signature");
    laws.refused(&altered(&seven, |length| length - 3), "pack-malformed");
    let short = format!("{seven}.short");
    let bytes = fs::read(&seven).unwrap();
    for length in [0, 10, 4_096, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&short, &bytes[..length]).unwrap();
        laws.refused(&short, "pack-malformed");
    }
    laws.refused(&laws.named("other", 9, 5, "editor"), "pack-malformed");
    assert_eq!(laws.asked(), Ok(5));

    laws.installed(&seven);
    assert_eq!(laws.asked(), Ok(7));
    // Never back, nor the same again, nor another of the same number.
    laws.refused(&five, "pack-older");
    laws.refused(&seven, "pack-older");
    let rival = laws.path("laws-7-editor");
    fs::write(Path::new(&rival).join("b.md"), "# 乙法\n第一条 乙\n").unwrap();
    let other = laws.path("rival.pack");
    let key = laws.path("editor.key");
    done([
        "pack",
        "build",
        &rival,
        "-o",
        &other,
        "--version",
        "7",
        "--key",
        &key,
    ]);
    laws.refused(&other, "pack-older");
    assert_eq!(fs::read(laws.place()).unwrap(), bytes);
    // Nothing is left of what was refused.
    assert!(!laws.place().with_extension("new").exists());
}

#[test]
fn a_file_in_place_is_trusted_only_as_far_as_it_verifies() {
    let laws = Laws::new();
    let (five, six) = (laws.pack(5, 30, "editor"), laws.pack(6, 30, "editor"));
    laws.installed(&six);
    let put = |bytes: &[u8]| fs::write(laws.place(), bytes).unwrap();
    let good = fs::read(&six).unwrap();
    // Put there by hand: an older one, a stranger's, an altered one, none.
    put(&fs::read(&five).unwrap());
    assert_eq!(laws.asked(), Err("pack-older".to_owned()));
    put(&fs::read(laws.pack(8, 30, "nobody")).unwrap());
    assert_eq!(laws.asked(), Err("pack-signature".to_owned()));
    put(&fs::read(altered(&six, |_| 5_000)).unwrap());
    assert_eq!(laws.asked(), Err("pack-altered".to_owned()));
    // The very pack that is installed mends it; an older one does not.
    laws.refused(&five, "pack-older");
    laws.installed(&six);
    assert_eq!(laws.asked(), Ok(6));
    fs::remove_file(laws.place()).unwrap();
    assert_eq!(laws.asked(), Err("pack-missing".to_owned()));
    laws.installed(&six);
    assert_eq!(
        (laws.asked(), fs::read(laws.place()).unwrap()),
        (Ok(6), good)
    );
}

#[test]
fn a_delta_gives_the_new_pack_byte_for_byte() {
    let laws = Laws::new();
    let five = laws.pack(5, 400, "editor");
    let six = laws.pack(6, 420, "editor");
    let seven = laws.pack(7, 390, "editor");
    let delta = laws.delta(&five, &six, "editor");
    let next = laws.delta(&six, &seven, "editor");
    // Without the pack that it is for, it is nothing.
    laws.refused(&delta, "pack-base");
    laws.installed(&five);
    laws.refused(&next, "pack-base");
    for person in ["nobody", "other"] {
        laws.refused(&laws.delta(&five, &six, person), "pack-signature");
    }
    laws.refused(&altered(&delta, |_| 100), "pack-altered");
    laws.refused(&altered(&delta, |length| length - 40), "pack-signature");
    assert_eq!(laws.asked(), Ok(5));
    assert!(!laws.place().with_extension("new").exists());

    laws.installed(&delta);
    assert!(fs::read(laws.place()).unwrap() == fs::read(&six).unwrap());
    assert_eq!(laws.asked(), Ok(6));
    laws.refused(&delta, "pack-older");
    laws.refused(&five, "pack-older");
    laws.installed(&next);
    assert!(fs::read(laws.place()).unwrap() == fs::read(&seven).unwrap());
    assert_eq!(laws.asked(), Ok(7));

    // A base that is no longer what was installed gives no pack, and is not made worse.
    let eight = laws.pack(8, 400, "editor");
    let last = laws.delta(&seven, &eight, "editor");
    let damaged = fs::read(altered(&seven, |_| 4_500)).unwrap();
    fs::write(laws.place(), &damaged).unwrap();
    let said = laws.install(&last);
    assert_eq!(
        (said.code, said.error()),
        (Some(1), "pack-altered"),
        "{said:?}"
    );
    assert!(fs::read(laws.place()).unwrap() == damaged);
    laws.installed(&seven);
    laws.installed(&last);
    assert_eq!(laws.asked(), Ok(8));
}

#[test]
fn deltas_are_made_of_two_packs_in_order() {
    let laws = Laws::new();
    let (five, six) = (laws.pack(5, 30, "editor"), laws.pack(6, 30, "editor"));
    let other = laws.named("other", 9, 30, "editor");
    let out = laws.path("out.delta");
    let delta = |old: &str, new: &str| say(["pack", "delta", old, new, "-o", &out]);
    let not = altered(&six, |_| 5_000);
    for (old, new, error) in [
        (&six, &five, "pack-not-newer"),
        (&five, &five, "pack-not-newer"),
        (&five, &other, "pack-other-name"),
        (&five, &not, "pack-altered"),
        (&not, &six, "pack-not-newer"),
    ] {
        let said = delta(old, new);
        assert_eq!((said.code, said.error()), (Some(1), error), "{said:?}");
        assert!(!Path::new(&out).exists());
    }
    assert_eq!(delta(&five, "nowhere.pack").code, Some(2));
    let made = delta(&five, &six);
    assert_eq!(
        (made.code, &made.last()["from_version"]),
        (Some(0), &Value::from(5))
    );
    assert_eq!(delta(&five, &six).error(), "file-exists");
}

/// Every state that a crash between two steps of an installation leaves on the disk.
#[test]
fn a_crash_between_any_two_steps_leaves_the_old_pack_or_the_new_one() {
    let laws = Laws::new();
    let (five, six) = (laws.pack(5, 400, "editor"), laws.pack(6, 400, "editor"));
    let seven = laws.pack(7, 400, "editor");
    let delta = laws.delta(&five, &six, "editor");
    laws.installed(&five);
    let aside = laws.place().with_extension("new");
    let new = fs::read(&six).unwrap();
    // Half copied; whole, not verified; whole, and a stranger's.
    for bytes in [
        &new[..0],
        &new[..9_000],
        &new,
        &fs::read(laws.pack(9, 5, "nobody")).unwrap(),
    ] {
        fs::write(&aside, bytes).unwrap();
        assert_eq!(laws.asked(), Ok(5));
    }
    // It is in nobody's way.
    laws.installed(&delta);
    assert_eq!(laws.asked(), Ok(6));
    assert!(!aside.exists());
    // Renamed, and the vault does not know yet: twice, for the second process finds it known.
    fs::write(&aside, fs::read(&seven).unwrap()).unwrap();
    fs::rename(&aside, laws.place()).unwrap();
    assert_eq!((laws.asked(), laws.asked()), (Ok(7), Ok(7)));
    laws.refused(&six, "pack-older");
}

/// Killed for real, again and again, at moments that nobody chose.
#[test]
fn an_installer_that_is_killed_leaves_the_old_pack_or_the_new_one() {
    let laws = Laws::new();
    let mut have = 1;
    let mut old = laws.pack(1, 2_000, "editor");
    laws.installed(&old);
    let dir = laws.path("terminal");
    for round in 2..=9_u32 {
        let new = laws.pack(round, 2_000, "editor");
        let file = match round % 2 {
            0 if have == round - 1 => laws.delta(&old, &new, "editor"),
            _ => new.clone(),
        };
        let mut installer = Running::start(["terminal", "--dir", &dir, "laws", &file]);
        std::thread::sleep(Duration::from_millis(u64::from(round) * 7));
        installer.kill();
        let found = laws.asked();
        assert!(
            found == Ok(have) || found == Ok(round),
            "{found:?} of {have}, {round}"
        );
        // Whatever was left behind, the next installation goes through.
        if found == Ok(have) {
            laws.installed(&new);
        }
        assert_eq!(laws.asked(), Ok(round));
        (have, old) = (round, new);
    }
}

#[test]
fn a_full_disk_keeps_the_old_pack() {
    let mut disk = None;
    let laws =
        Laws::on(|scene| disk = Tmpfs::mount(PathBuf::from(scene.path("terminal")), "size=24m"));
    if disk.is_none() {
        return;
    }
    let (five, six) = (laws.pack(5, 400, "editor"), laws.pack(6, 9_000, "editor"));
    let delta = laws.delta(&five, &six, "editor");
    laws.installed(&five);
    let ballast = Path::new(&laws.path("terminal")).join("ballast");
    fs::write(&ballast, vec![1; free(&ballast) - (300 << 10)]).unwrap();
    assert!(fs::metadata(&six).unwrap().len() > 400 << 10);
    for file in [&six, &delta] {
        let said = laws.install(file);
        assert_eq!(
            (said.code, said.error()),
            (Some(4), "storage-full"),
            "{said:?}"
        );
        assert!(!laws.place().with_extension("new").exists());
        assert_eq!(laws.asked(), Ok(5));
    }
    fs::remove_file(&ballast).unwrap();
    laws.installed(&delta);
    assert_eq!(laws.asked(), Ok(6));
}

/// Bytes that are free where `path` lies.
fn free(path: &Path) -> usize {
    let folder = path.parent().unwrap();
    let said = Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(folder)
        .output();
    let said = String::from_utf8(said.unwrap().stdout).unwrap();
    said.lines().nth(1).unwrap().trim().parse().unwrap()
}
