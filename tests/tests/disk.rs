//! The disk that loses data, itself: what it must keep, what it must be able to lose, and that
//! SQLite and locks work on it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use custos_tests::disk::{Disk, Errno, Image, Op, Plan, unavailable};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn can_mount() -> bool {
    match unavailable() {
        None => true,
        Some(why) => {
            eprintln!("skipped: {why}");
            false
        }
    }
}

/// What is in the root folder after power cuts with many seeds: `name=contents`, joined.
fn outcomes(image: &Image) -> BTreeSet<String> {
    (0..300)
        .map(|seed| listing(&image.after_cut(seed)))
        .collect()
}

fn listing(image: &Image) -> String {
    let files: Vec<String> = image
        .list()
        .into_iter()
        .map(|(path, contents)| match path.strip_suffix('/') {
            Some(folder) => folder.to_owned(),
            None => format!("{path}={}", String::from_utf8_lossy(&contents)),
        })
        .collect();
    files.join(" ")
}

fn sync_dir(path: &Path) {
    File::open(path).unwrap().sync_all().unwrap();
}

#[test]
fn what_was_synced_with_its_name_stays_and_nothing_else_must() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let mut file = File::create(disk.path().join("a")).unwrap();
    file.write_all(b"one").unwrap();
    // Neither contents nor name; then the contents alone; then both.
    assert!(outcomes(&disk.image()).is_superset(&strings(&["", "a=", "a=one", "a=\0\0\0"])));
    file.sync_data().unwrap();
    assert_eq!(outcomes(&disk.image()), strings(&["", "a=one"]));
    sync_dir(disk.path());
    assert_eq!(outcomes(&disk.image()), strings(&["a=one"]));
    file.write_all(b"two").unwrap();
    let torn = outcomes(&disk.image());
    assert!(torn.is_superset(&strings(&["a=one", "a=onetwo", "a=one\0\0\0"])));
    // A rename is one change: the file is always there under one of the names.
    file.sync_data().unwrap();
    fs::rename(disk.path().join("a"), disk.path().join("b")).unwrap();
    assert_eq!(outcomes(&disk.image()), strings(&["a=onetwo", "b=onetwo"]));
    sync_dir(disk.path());
    fs::remove_file(disk.path().join("b")).unwrap();
    assert_eq!(outcomes(&disk.image()), strings(&["", "b=onetwo"]));
    assert_eq!(listing(&disk.image().durable_alone()), "b=onetwo");
    assert_eq!(listing(&disk.image()), "");
}

fn strings(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn sectors_land_in_any_order() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let mut file = File::create(disk.path().join("a")).unwrap();
    file.write_all(&[b'0'; 8192]).unwrap();
    file.sync_all().unwrap();
    sync_dir(disk.path());
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[b'1'; 8192]).unwrap();
    let landed = |at: usize, contents: &str| contents.as_bytes()[2 + at] == b'1';
    let outcomes = outcomes(&disk.image());
    let pages: BTreeSet<_> = outcomes
        .iter()
        .map(|contents| (landed(0, contents), landed(8191, contents)))
        .collect();
    assert_eq!(pages.len(), 4, "each page with and without the other");
    assert!(outcomes.iter().any(|c| landed(0, c) != landed(512, c)));
    assert!(outcomes.iter().all(|c| landed(0, c) == landed(511, c)));
}

#[test]
fn names_in_a_folder_whose_own_name_is_lost_are_lost() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let dir = disk.path().join("d");
    fs::create_dir(&dir).unwrap();
    File::create(dir.join("f")).unwrap().sync_all().unwrap();
    sync_dir(&dir);
    assert_eq!(outcomes(&disk.image()), strings(&["", "d d/f="]));
    sync_dir(disk.path());
    let after = Disk::mount(&disk.image().durable_alone()).unwrap();
    assert!(after.path().join("d/f").exists());
}

/// Linux forgets what an fsync could not write: the next one succeeds without it.
#[test]
fn a_failed_sync_loses_what_it_was_for() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let mut file = File::create(disk.path().join("a")).unwrap();
    sync_dir(disk.path());
    file.write_all(b"one").unwrap();
    disk.arm(Plan::Fail {
        at: 1,
        errno: Errno::Io,
    });
    assert!(file.sync_all().is_err());
    assert_eq!(disk.struck().unwrap().op, Op::Sync);
    file.sync_all().unwrap();
    assert_eq!(listing(&disk.image()), "a=one");
    assert_eq!(outcomes(&disk.image()), strings(&["a="]));
    // What is written to the same page later takes the whole page along.
    file.write_all(b"two").unwrap();
    file.sync_all().unwrap();
    assert_eq!(outcomes(&disk.image()), strings(&["a=onetwo"]));
}

#[test]
fn faults_strike_once_or_stay() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let path = |name: &str| disk.path().join(name);
    disk.arm(Plan::Nothing);
    let mut file = File::create(path("a")).unwrap();
    file.write_all(b"x").unwrap();
    file.set_len(10).unwrap();
    file.sync_all().unwrap();
    fs::rename(path("a"), path("b")).unwrap();
    fs::create_dir(path("d")).unwrap();
    fs::remove_dir(path("d")).unwrap();
    sync_dir(disk.path());
    let ops: Vec<Op> = disk.sites().iter().map(|site| site.op).collect();
    use Op::{Create, MakeDir, Remove, Rename, Resize, Sync, SyncDir, Write};
    assert_eq!(
        ops,
        [
            Create, Write, Resize, Sync, Rename, MakeDir, Remove, SyncDir
        ]
    );

    let errno = |result: std::io::Result<()>| result.unwrap_err().raw_os_error().unwrap();
    disk.arm(Plan::Fail {
        at: 2,
        errno: Errno::NoSpace,
    });
    file.write_all(b"x").unwrap();
    assert_eq!(errno(file.write_all(b"x")), ENOSPC);
    file.write_all(b"x").unwrap();
    disk.arm(Plan::Full { from: 1 });
    assert_eq!(errno(file.write_all(b"x")), ENOSPC);
    assert_eq!(errno(file.write_all(b"x")), ENOSPC);
    assert!(File::create(path("c")).is_err());
    fs::remove_file(path("b")).unwrap();
    disk.arm(Plan::Nothing);
    file.write_all(b"x").unwrap();

    disk.arm(Plan::Cut { at: 2, done: true });
    File::create(path("c")).unwrap();
    assert_eq!(errno(fs::create_dir(path("d"))), EIO);
    assert!(file.write_all(b"x").is_err() && file.sync_all().is_err());
    assert_eq!(listing(&disk.image()), "c= d");
}

#[test]
fn locks_hold() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let path = disk.path().join("a");
    let file = File::create(&path).unwrap();
    file.try_lock().unwrap();
    let other = OpenOptions::new().write(true).open(&path).unwrap();
    assert!(matches!(
        other.try_lock(),
        Err(fs::TryLockError::WouldBlock)
    ));
    drop(file);
    other.try_lock().unwrap();
}

/// Two connections in WAL mode, which share a mapped file. What was committed survives any cut.
#[test]
fn sqlite_keeps_what_it_committed() {
    if !can_mount() {
        return;
    }
    let disk = Disk::mount(&Image::empty()).unwrap();
    let open = |disk: &Disk| {
        let connection = rusqlite::Connection::open(disk.path().join("db")).unwrap();
        let mode: String = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        connection
            .pragma_update(None, "synchronous", "FULL")
            .unwrap();
        connection
    };
    let count = |connection: &rusqlite::Connection| -> u64 {
        connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap()
    };
    let (writer, reader) = (open(&disk), open(&disk));
    writer
        .execute_batch("CREATE TABLE t (x BLOB) STRICT")
        .unwrap();
    sync_dir(disk.path());
    for n in 1..=40 {
        writer
            .execute("INSERT INTO t VALUES (zeroblob(?1))", [n * 500])
            .unwrap();
        assert_eq!(count(&reader), n);
        let after = Disk::mount(&disk.image().after_cut(n)).unwrap();
        let connection = open(&after);
        let found = count(&connection);
        assert!(found == n, "{found} of {n} rows are left");
        let sound: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }
}
