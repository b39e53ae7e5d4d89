//! What recovery makes of a recording that was killed, and of a folder that somebody touched.

use std::fs;

use super::super::recover::{Recovery, recover};
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
        let clip = recorder.clip().to_owned();
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
        assert_eq!(bench.kinds(), ["recording-began", "recovered", "sealed"]);
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
    let clip = recorder.clip().to_owned();
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
    let clip = recorder.clip().to_owned();
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
    let clip = recorder.clip().to_owned();
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
        let clip = recorder.clip().to_owned();
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
        assert_eq!(bench.kinds(), ["recording-began", "recording-failed"]);
        assert_eq!(recover(&bench.test.vault).unwrap(), Recovery::default());
    }
}

#[test]
fn unknown_files_are_set_aside_and_kept() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let clip = recorder.clip().to_owned();
    recorder.stop().unwrap();
    let folder = bench.test.vault.folder();
    fs::write(folder.evidence().join("found on the street.bin"), b"what").unwrap();
    fs::write(folder.clip("clip-unknown"), b"is this").unwrap();
    fs::write(folder.evidence().join("clip-new.new"), b"begins").unwrap();
    let report = recover(&bench.test.vault).unwrap();
    assert_eq!(report.quarantined.len(), 2);
    let mut kept: Vec<Vec<u8>> = report
        .quarantined
        .iter()
        .map(|name| fs::read(folder.quarantine().join(name)).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, [b"is this".to_vec(), b"what".to_vec()]);
    assert!(folder.clip(&clip).exists());
    assert_eq!(bench.kinds()[2..], ["quarantined", "quarantined"]);
}
