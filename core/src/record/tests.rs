//! The recorder against a real vault and real files: what was committed survives, what failed
//! stays failed, what recovery makes opens with `age`.

mod recovery;

use std::fs;
use std::io::Read as _;
use std::sync::mpsc;

use custos_protocol::clip;
use custos_protocol::journal::{Entry, Event};
use custos_protocol::metadata::{Sheet, TrackPoint};

use super::clip::{Committed, Links, Origin};
use super::codec::Rotation;
use super::mux::Track;
use super::recorder::{FRAGMENT_US, Pressure, Recorder};
use super::recover::recover;
use super::seal::Recipient;
use super::sheet;
use super::whole::{self, Whole};
use crate::vault::testing::TestVault;
use crate::{Error, journal};

/// 640x480, Baseline, with its PPS.
const CONFIG: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

struct Bench {
    test: TestVault,
    id: age::x25519::Identity,
}

impl Bench {
    fn new() -> Self {
        Self {
            test: TestVault::new(),
            id: age::x25519::Identity::generate(),
        }
    }

    fn recipients(&self) -> Vec<Recipient> {
        vec![self.id.to_public().to_string().parse().unwrap()]
    }

    fn origin(&self, media: &'static str) -> Origin {
        Origin {
            officer: "o-1".into(),
            duty: "duty-1".into(),
            case: "case 7".into(),
            recording: "rec-1".into(),
            media,
        }
    }

    fn begin(&self) -> Recorder {
        let vault = self.test.vault.clone();
        let recorder = Recorder::begin(
            vault,
            self.origin("video/mp4"),
            &self.recipients(),
            FRAGMENT_US,
            None,
        )
        .unwrap();
        recorder.configure_video(CONFIG, Rotation::None).unwrap();
        recorder.configure_audio(&[0x11, 0x90]).unwrap();
        recorder
    }

    /// `seconds` of media from second `from` on: 25 pictures of `size` bytes and 47 AAC frames.
    fn feed(recorder: &Recorder, from: i64, seconds: i64, size: usize) {
        for picture in from * 25..(from + seconds) * 25 {
            let key = picture % 25 == 0;
            let unit = [
                &[0, 0, 0, 1, if key { 0x65 } else { 0x41 }][..],
                &vec![0x9a; size],
            ]
            .concat();
            recorder.wait_for_room().unwrap();
            let pressure = recorder
                .append(Track::Video, picture * 40_000, key, &unit)
                .unwrap();
            assert_ne!(pressure, Pressure::Dropped);
        }
        for frame in from * 47..(from + seconds) * 47 {
            let pts = frame * 1_000_000 / 47;
            let _ = recorder
                .append(Track::Audio, pts, true, &[0x21; 300])
                .unwrap();
        }
    }

    fn sealed(&self, clip: &str) -> Vec<u8> {
        fs::read(self.test.vault.folder().clip(clip)).unwrap()
    }

    fn open(&self, clip: &str) -> Vec<u8> {
        let mut plain = Vec::new();
        age::Decryptor::new(self.sealed(clip).as_slice())
            .unwrap()
            .decrypt(std::iter::once(&self.id as &dyn age::Identity))
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    fn row<T: rusqlite::types::FromSql>(&self, clip: &str, column: &str) -> T {
        self.test
            .vault
            .read(|c| {
                let sql = format!("SELECT {column} FROM evidence WHERE clip = ?1");
                Ok(c.query_row(&sql, [clip], |row| row.get(0))?)
            })
            .unwrap()
    }

    fn events(&self) -> Vec<Event> {
        let raw = self
            .test
            .vault
            .read(|c| journal::entries(c, 0, 1000, 1 << 20))
            .unwrap();
        raw.iter()
            .map(|raw| Entry::from_raw(raw).unwrap().event().unwrap())
            .collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| event.to_parts().0)
            .collect()
    }

    /// The digest in the journal is that of the file, and the row says the same.
    fn check_sealed(&self, clip: &str, recovered: bool) {
        let digest = clip::digest(self.sealed(clip).as_slice()).unwrap();
        let sealed = self
            .events()
            .into_iter()
            .rev()
            .find_map(|event| match event {
                Event::Sealed(sealed) if sealed.clip == clip => Some(sealed),
                _ => None,
            });
        let sealed = sealed.unwrap();
        assert_eq!((sealed.digest, sealed.recovered), (digest, recovered));
        assert_eq!(self.row::<u64>(clip, "length"), digest.length);
        assert_eq!(self.row::<Vec<u8>>(clip, "root"), digest.root.as_bytes());
        for erased in ["payload_key", "tail", "tree"] {
            assert_eq!(self.row::<Option<Vec<u8>>>(clip, erased), None);
        }
    }
}

/// Fragments in a decrypted file: every box must be whole.
fn fragments(mut mp4: &[u8]) -> u32 {
    let mut count = 0;
    while !mp4.is_empty() {
        let size = u32::from_be_bytes(*mp4.first_chunk().unwrap()) as usize;
        count += u32::from(&mp4[4..8] == b"moof");
        mp4 = &mp4[size..];
    }
    count
}

#[test]
fn a_recording_is_sealed_and_opens() {
    let bench = Bench::new();
    let (sender, events) = mpsc::channel();
    let recorder = Recorder::begin(
        bench.test.vault.clone(),
        bench.origin("video/mp4"),
        &bench.recipients(),
        FRAGMENT_US,
        Some(sender),
    )
    .unwrap();
    recorder.configure_video(CONFIG, Rotation::None).unwrap();
    recorder.configure_audio(&[0x11, 0x90]).unwrap();
    Bench::feed(&recorder, 0, 5, 10_000);
    let clip = recorder.clip().to_owned();
    assert_eq!(bench.row::<String>(&clip, "state"), "recording");
    let end = recorder.stop().unwrap();
    assert_eq!(bench.row::<String>(&clip, "state"), "sealed");
    let told: Vec<Committed> = events.iter().collect();
    assert_eq!(told.last(), Some(&end));
    assert_eq!(told.len() as u32, end.fragment);
    assert!(end.end_us >= 5_000_000, "{end:?}");
    assert_eq!(fragments(&bench.open(&clip)), end.fragment);
    bench.check_sealed(&clip, false);
    assert_eq!(bench.kinds(), ["recording-began", "sealed"]);
}

/// Invariant 9: an error of the storage ends the recording; what was committed stays, and says so.
#[test]
fn a_storage_error_ends_the_recording() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 1000);
    let committed = recorder.commit().unwrap();
    let clip = recorder.clip().to_owned();
    // The row is gone from under the recorder: the next commit cannot be made.
    let forget = "UPDATE evidence SET payload_key = NULL WHERE clip = ?1";
    let key: Vec<u8> = bench.row(&clip, "payload_key");
    bench
        .test
        .vault
        .write(|tx| Ok(tx.execute(forget, [&clip])?))
        .unwrap();
    Bench::feed(&recorder, 2, 1, 1000);
    let error = recorder.commit().unwrap_err();
    assert_eq!(error, Error::UnknownClip);
    assert_eq!(
        recorder.append(Track::Audio, 0, true, &[1]).unwrap_err(),
        error
    );
    assert_eq!(recorder.commit().unwrap_err(), error);
    assert_eq!(recorder.committed(), committed);
    assert_eq!(recorder.stop().unwrap_err(), error);
    assert_eq!(bench.row::<String>(&clip, "state"), "failed");
    assert_eq!(bench.kinds(), ["recording-began", "recording-failed"]);
    // With the key still there, as it is after an error of the file, recovery completes it.
    let restore = "UPDATE evidence SET payload_key = ?2 WHERE clip = ?1";
    bench
        .test
        .vault
        .write(|tx| Ok(tx.execute(restore, (&clip, key))?))
        .unwrap();
    assert_eq!(
        recover(&bench.test.vault).unwrap().recovered,
        std::slice::from_ref(&clip)
    );
    assert_eq!(fragments(&bench.open(&clip)), committed.fragment);
    bench.check_sealed(&clip, true);
}

/// Invariant 2: nothing of what is recorded is on the disk in the clear.
#[test]
fn no_plaintext_is_on_the_disk() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 3, 2000);
    recorder.commit().unwrap();
    let check = || {
        let mut folders = vec![bench.test.dir.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                for needle in [&[0x9a; 24][..], &[0x21; 24], b"moof", b"mdat"] {
                    // Four letters may come up in ciphertext by chance; a run of them will not.
                    let hits = bytes.windows(needle.len()).filter(|w| *w == needle).count();
                    assert!(hits < 3, "{}", path.display());
                }
            }
        }
    };
    check();
    recorder.stop().unwrap();
    check();
}

#[test]
fn repaired_timestamps_are_in_the_journal() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 100);
    let unit = [0, 0, 0, 1, 0x41, 0x9a];
    for pts in [0, 0, i64::MIN, i64::MAX] {
        let _ = recorder.append(Track::Video, pts, false, &unit).unwrap();
    }
    recorder.stop().unwrap();
    assert!(
        bench
            .events()
            .iter()
            .any(|e| matches!(e, Event::TimestampsRepaired { count: 4, .. }))
    );
}

#[test]
fn samples_that_cannot_be_taken_do_not_end_the_recording() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let code = |result: crate::Result<Pressure>| match result.unwrap_err() {
        Error::Media(code) => code,
        other => panic!("{other}"),
    };
    assert_eq!(
        code(recorder.append(Track::Video, 0, true, b"no start code")),
        "bad-sample"
    );
    assert_eq!(
        code(recorder.append(Track::Audio, 0, true, b"")),
        "bad-sample"
    );
    let large = vec![0; super::mux::MAX_SAMPLE + 1];
    assert_eq!(
        code(recorder.append(Track::Audio, 0, true, &large)),
        "sample-too-large"
    );
    Bench::feed(&recorder, 0, 1, 100);
    let clip = recorder.clip().to_owned();
    assert_eq!(recorder.stop().unwrap().fragment, 1);
    bench.check_sealed(&clip, false);
}

#[test]
fn what_is_there_at_once_is_sealed_as_it_is() {
    let bench = Bench::new();
    let origin = bench.origin("text/plain; charset=utf-8");
    let whole = Whole {
        origin: &origin,
        links: Links {
            about: Some("rec-0".into()),
            ..Links::default()
        },
        recipients: &bench.recipients(),
        plaintext: "\u{feff}你好\r\n".as_bytes(),
    };
    let clip = whole::seal(&bench.test.vault, &whole, |_, _| Ok(()))
        .unwrap()
        .clip;
    assert_eq!(bench.open(&clip), whole.plaintext);
    bench.check_sealed(&clip, false);
    assert_eq!(bench.row::<String>(&clip, "media"), origin.media);
    assert_eq!(bench.row::<String>(&clip, "about"), "rec-0");
    assert!(
        bench
            .events()
            .iter()
            .any(|e| matches!(e, Event::Sealed(s) if s.about.as_deref() == Some("rec-0")))
    );

    // What fails beside it takes it along.
    let count = bench.events().len();
    let files = || {
        fs::read_dir(bench.test.vault.folder().evidence())
            .unwrap()
            .count()
    };
    let before = files();
    let refused = whole::seal(&bench.test.vault, &whole, |_, _| Err(Error::NoDuty));
    assert_eq!(refused.unwrap_err(), Error::NoDuty);
    assert_eq!((bench.events().len(), files()), (count, before));
}

/// What was said of a recording, and where it was, up to the last point that was kept, is sealed
/// after a crash as it would have been without.
#[test]
fn a_crash_leaves_a_sheet() {
    let bench = Bench::new();
    let vault = &bench.test.vault;
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 100);
    recorder.commit().unwrap();
    let point = |time_ms| TrackPoint {
        time_ms,
        latitude: 39.905_489,
        longitude: 116.391_297,
        accuracy_m: 4.5,
        altitude_m: None,
        speed_mps: None,
        bearing_deg: None,
    };
    for time_ms in [1_000, 2_000] {
        vault
            .write(|tx| sheet::place(tx, "rec-1", &bench.recipients(), &point(time_ms)))
            .unwrap();
    }
    let sheets = || -> Vec<String> {
        let sql = "SELECT clip FROM evidence WHERE about = 'rec-1'";
        vault
            .read(|c| {
                let mut statement = c.prepare(sql)?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .unwrap()
    };
    let kept = || -> u32 {
        let sql = "SELECT (SELECT count(*) FROM draft) + (SELECT count(*) FROM track_point)";
        vault
            .read(|c| Ok(c.query_row(sql, [], |row| row.get(0))?))
            .unwrap()
    };
    assert!(
        sheet::seal(vault, "rec-1").unwrap().is_none(),
        "it still runs"
    );
    let clip = recorder.clip().to_owned();
    recorder.kill();
    sheet::seal_all(vault).unwrap();
    assert!(sheets().is_empty(), "its clip is not complete");
    assert_eq!(kept(), 3);

    recover(vault).unwrap();
    sheet::seal_all(vault).unwrap();
    sheet::seal_all(vault).unwrap();
    let found = sheets();
    assert_eq!(
        (found.len(), kept()),
        (1, 0),
        "once, and then it is kept no longer"
    );
    let text = String::from_utf8(bench.open(&found[0])).unwrap();
    let read = Sheet::from_text(&text).unwrap();
    assert_eq!(read.track, [point(1_000), point(2_000)]);
    assert_eq!(
        (read.clips.len(), read.clips[0].clip.as_str()),
        (1, clip.as_str())
    );
    bench.check_sealed(&found[0], false);
}

/// Playback finds by these rows what it decrypts: together they are the file, from the first
/// `moof` to its end, and times follow each other.
#[test]
fn every_fragment_has_its_place() {
    let bench = Bench::new();
    let recorder = bench.begin();
    for second in 0..4 {
        Bench::feed(&recorder, second, 1, 40_000);
    }
    recorder.stop().unwrap();
    let plain = bench.open(recorder.clip());
    let places: Vec<(usize, usize, i64, i64, bool)> = bench
        .test
        .vault
        .read(|c| {
            let mut statement = c.prepare(
                "SELECT position, length, begin_us, end_us, sync FROM fragment
                 WHERE clip = ?1 ORDER BY number",
            )?;
            let rows = statement.query_map([recorder.clip()], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .unwrap();
    assert!(places.len() >= 4, "{places:?}");
    let moov = plain.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let size = u32::from_be_bytes(plain[moov..moov + 4].try_into().unwrap()) as usize;
    let (mut at, mut time) = (moov + size, 0);
    for (position, length, begin_us, end_us, sync) in places {
        assert_eq!(position, at);
        assert_eq!(&plain[position + 4..position + 8], b"moof");
        assert!(sync && begin_us == time && end_us > begin_us, "{begin_us}");
        (at, time) = (position + length, begin_us + 1_000_000);
    }
    assert_eq!(at, plain.len());
}
