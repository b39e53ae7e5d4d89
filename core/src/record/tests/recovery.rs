//! What recovery makes of a recording that was killed, and of a folder that somebody touched.

use std::fs;

use super::super::recover::{Recovery, recover};
use super::super::sweep::sweep;
use super::{Bench, fragments};

/// Invariant 1: what `commit` acknowledged is there after a kill. Invariant 6: recovery completes
/// the file, and completing it once more would give the same bytes.
#[test]
fn a_killed_recording_keeps_what_was_committed() {
    for size in [10, 3000, 70_000] {
        let bench = Bench::new();
        let recorder = bench.begin();
        Bench::feed(&recorder, 0, 3, size);
        let committed = recorder.commit().unwrap();
        // Goes on; some of this may get committed, too.
        Bench::feed(&recorder, 3, 2, size);
        let clip = recorder.clip();
        recorder.kill();
        let report = recover(&bench.test.vault).unwrap();
        assert_eq!(
            report,
            Recovery {
                recovered: vec![clip.clone()],
                ..Recovery::default()
            }
        );
        let kept = fragments(&bench.open(&clip));
        assert!(kept >= committed.fragment && kept > 0);
        assert_eq!(kept, bench.row::<u32>(&clip, "fragments"));
        assert!(bench.row::<i64>(&clip, "end_us") >= committed.end_us);
        assert_eq!(bench.row::<String>(&clip, "state"), "recovered");
        bench.check_sealed(&clip, true);
        let kinds = [
            "recording-began",
            "recording-progress",
            "recovered",
            "sealed",
        ];
        assert_eq!(bench.kinds(), kinds);
        assert_eq!(recover(&bench.test.vault).unwrap(), Recovery::default());
    }
}

/// Killed between the end of the file and the transaction: recovery seals to the same bytes.
#[test]
fn recovery_after_the_last_chunk_gives_the_same_bytes() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 9000);
    recorder.commit().unwrap();
    let clip = recorder.clip();
    let row = bench
        .test
        .vault
        .read(|c| {
            Ok(c.query_row(
                "SELECT payload_key, tail, tree FROM evidence WHERE clip = ?1",
                [&clip],
                |r| {
                    Ok((
                        r.get::<_, Vec<u8>>(0)?,
                        r.get::<_, Vec<u8>>(1)?,
                        r.get::<_, Vec<u8>>(2)?,
                    ))
                },
            )?)
        })
        .unwrap();
    recorder.stop().unwrap();
    let sealed = bench.sealed(&clip);
    // Back to the state in which the transaction was missing.
    bench
        .test
        .vault
        .write(|tx| {
            tx.execute(
                "UPDATE evidence SET state = 'recording', payload_key = ?2, tail = ?3, tree = ?4,
                                     seal_seq = NULL, length = NULL, root = NULL WHERE clip = ?1",
                (&clip, row.0, row.1, row.2),
            )?;
            Ok(())
        })
        .unwrap();
    recover(&bench.test.vault).unwrap();
    assert!(bench.sealed(&clip) == sealed);
}

/// Killed before anything was committed: an empty file, but one that opens.
#[test]
fn a_recording_killed_at_once_is_an_empty_file() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let clip = recorder.clip();
    recorder.kill();
    recover(&bench.test.vault).unwrap();
    assert!(bench.open(&clip).is_empty());
    bench.check_sealed(&clip, true);
}

#[test]
fn a_living_recording_is_left_alone() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 1000);
    let clip = recorder.clip();
    let report = recover(&bench.test.vault).unwrap();
    assert_eq!(
        report,
        Recovery {
            live: vec![clip.clone()],
            ..Recovery::default()
        }
    );
    recorder.stop().unwrap();
    bench.check_sealed(&clip, false);
}

#[test]
fn a_damaged_or_missing_file_is_told() {
    for (damage, reason) in [
        (0, "file-missing"),
        (1, "file-damaged"),
        (2, "file-damaged"),
    ] {
        let bench = Bench::new();
        let recorder = bench.begin();
        Bench::feed(&recorder, 0, 2, 9000);
        recorder.commit().unwrap();
        let clip = recorder.clip();
        recorder.kill();
        let path = bench.test.vault.folder().clip(&clip);
        let mut bytes = fs::read(&path).unwrap();
        match damage {
            0 => fs::remove_file(&path).unwrap(),
            1 => fs::write(&path, &bytes[..bytes.len() / 2]).unwrap(),
            _ => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&path, &bytes).unwrap();
            }
        }
        let report = recover(&bench.test.vault).unwrap();
        assert_eq!(
            report,
            Recovery {
                failed: vec![clip.clone()],
                ..Recovery::default()
            }
        );
        assert_eq!(bench.row::<String>(&clip, "state"), "failed");
        assert_eq!(bench.row::<String>(&clip, "reason"), reason);
        let kinds = ["recording-began", "recording-progress", "recording-failed"];
        assert_eq!(bench.kinds(), kinds);
        assert_eq!(recover(&bench.test.vault).unwrap(), Recovery::default());
    }
}

#[test]
fn unknown_files_are_set_aside_and_kept() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let clip = recorder.clip();
    recorder.stop().unwrap();
    let folder = bench.test.vault.folder();
    fs::write(folder.evidence().join("found on the street.bin"), b"what").unwrap();
    fs::write(folder.clip("clip-unknown"), b"is this").unwrap();
    fs::write(folder.evidence().join("clip-new.new"), b"begins").unwrap();
    let quarantined = sweep(&bench.test.vault).unwrap();
    assert_eq!(quarantined.len(), 2);
    let mut kept: Vec<Vec<u8>> = quarantined
        .iter()
        .map(|name| fs::read(folder.quarantine().join(name)).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, [b"is this".to_vec(), b"what".to_vec()]);
    assert!(folder.clip(&clip).exists());
    assert_eq!(bench.kinds()[2..], ["quarantined", "quarantined"]);
}

/// A long clip is completed without reading all of it, and what a crash can have touched, its
/// ends, is looked at.
#[test]
fn a_long_file_is_looked_at_where_it_may_be_torn() {
    let seconds = 12;
    let killed = || {
        let bench = Bench::new();
        let recorder = bench.begin();
        for second in 0..seconds {
            Bench::feed(&recorder, second, 1, 20_000);
        }
        recorder.commit().unwrap();
        let clip = recorder.clip();
        recorder.kill();
        let (header, chunks): (usize, usize) = (
            bench.row(&clip, "header_length"),
            bench.row(&clip, "committed_chunks"),
        );
        assert!(chunks > 80, "{chunks} chunks");
        (bench, clip, header, chunks)
    };
    let state = |bench: &Bench, clip: &str| bench.row::<String>(clip, "state");
    let (bench, clip, ..) = killed();
    recover(&bench.test.vault).unwrap();
    assert_eq!(state(&bench, &clip), "recovered");
    bench.check_sealed(&clip, true);
    assert!(fragments(&bench.open(&clip)) >= 12);
    for of in [0usize, 40, 79] {
        let (bench, clip, header, chunks) = killed();
        let chunk = if of == 0 { 0 } else { chunks - 80 + of };
        let path = bench.test.vault.folder().clip(&clip);
        let mut bytes = fs::read(&path).unwrap();
        bytes[header + chunk * 65_552 + 1000] ^= 1;
        fs::write(&path, bytes).unwrap();
        recover(&bench.test.vault).unwrap();
        assert_eq!(state(&bench, &clip), "failed", "chunk {chunk} of {chunks}");
    }
    // After a storage error nothing is believed: damage anywhere is found.
    let (bench, clip, header, chunks) = killed();
    let path = bench.test.vault.folder().clip(&clip);
    let mut bytes = fs::read(&path).unwrap();
    bytes[header + (chunks - 70) * 65_552] ^= 1;
    fs::write(&path, bytes).unwrap();
    let failed = "UPDATE evidence SET state = 'failed', reason = 'storage-sync-failed'";
    bench
        .test
        .vault
        .write(|tx| Ok(tx.execute(failed, [])?))
        .unwrap();
    recover(&bench.test.vault).unwrap();
    assert_eq!(bench.row::<String>(&clip, "reason"), "file-damaged");
}
