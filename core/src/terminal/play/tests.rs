//! Who may see what, and that the journal knows it first.

use std::{fs, thread};

use custos_protocol::journal::Entry;

use super::*;
use crate::{Secret, Terminal, record::Track, terminal::RecordingSpec, testing::Agency};

/// 640x480, Baseline, with its PPS.
const CONFIG: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

const PICTURE: &[u8] = &[0, 0, 0, 1, 0x65, 7, 7, 7, 7];

struct Bench {
    agency: Agency,
    terminal: Terminal,
    officer: super::super::Officer,
    clip: String,
}

fn pin(of: &str) -> Secret {
    Secret::new(format!("{of}-482913"))
}

impl Bench {
    /// A terminal with an officer who recorded ten seconds.
    fn new() -> Self {
        let agency = Agency::new();
        let vault = agency.test.vault.clone();
        vault
            .write(|tx| {
                tx.execute("UPDATE terminal SET officers = '[\"wang\", \"li\"]'", [])?;
                Ok(())
            })
            .unwrap();
        let terminal = Terminal::of(vault);
        terminal.enrol_officer("wang", &pin("wang")).unwrap();
        let officer = terminal.unlock("wang", &pin("wang")).unwrap();
        officer.begin_duty("case 7").unwrap();
        let mut bench = Self {
            agency,
            terminal,
            officer,
            clip: String::new(),
        };
        let recording = bench.record();
        bench.clip = recording.stop().unwrap().clip;
        bench
    }

    fn record(&self) -> super::super::Recording {
        let recording = self
            .officer
            .start_recording(RecordingSpec::default())
            .unwrap();
        recording.configure_video(CONFIG).unwrap();
        for picture in 0..250_i64 {
            let key = picture % 25 == 0;
            let unit = [
                &[0, 0, 0, 1, if key { 0x65 } else { 0x41 }][..],
                &[picture as u8; 8000],
            ]
            .concat();
            recording.wait_for_room().unwrap();
            let pts_us = picture * 40_000;
            let _ = recording.append(Track::Video, pts_us, key, &unit).unwrap();
        }
        recording.commit().unwrap();
        recording
    }

    fn open(&self, range: ClipRange) -> Result<ClipReader> {
        self.officer.open_clip(&self.clip, range)
    }

    fn whole(&self) -> ClipReader {
        self.open(ClipRange::WHOLE).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.agency
            .vault()
            .write(|tx| Ok(tx.execute_batch(sql)?))
            .unwrap();
    }

    /// The views that the journal knows of: from and to.
    fn viewed(&self) -> Vec<(i64, Option<i64>)> {
        let raw = self.terminal.journal(0).unwrap();
        raw.iter()
            .filter_map(|raw| match Entry::from_raw(raw).unwrap().event().unwrap() {
                Event::Viewed {
                    clip,
                    from_us,
                    to_us,
                    grant: None,
                } => (clip == self.clip).then_some((from_us, to_us)),
                _ => None,
            })
            .collect()
    }
}

fn byte(reader: &ClipReader) -> Result<usize> {
    reader.read_at(reader.size() / 2, &mut [0; 1])
}

#[test]
fn readers_go_from_thread_to_thread() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let bench = Bench::new();
    let reader = bench.whole();
    shared(&reader);
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let reader = reader.clone();
            thread::spawn(move || {
                let mut bytes = vec![0; reader.size() as usize];
                for at in (number..bytes.len()).step_by(100_000) {
                    reader.read_at(at as u64, &mut [0; 3000]).unwrap();
                }
                reader.read_at(0, &mut bytes).unwrap();
                bytes
            })
        })
        .collect();
    let read: Vec<_> = readers.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(read.windows(2).all(|w| w[0] == w[1]));
    assert_eq!(&read[0][4..8], b"ftyp");
}

/// Invariant 4: the entry is durable before there is a byte to be had, and says what can be read.
#[test]
fn the_journal_knows_a_view_before_its_first_byte() {
    let bench = Bench::new();
    assert_eq!(bench.viewed(), []);
    let whole = bench.whole();
    assert_eq!(bench.viewed(), [(0, None)]);
    let part = bench
        .open(ClipRange {
            from_us: 3_500_000,
            to_us: Some(4_500_000),
        })
        .unwrap();
    assert_eq!(bench.viewed()[1..], [(3_000_000, Some(5_000_000))]);
    assert!(part.size() < whole.size() / 3);
    let open_end = ClipRange {
        from_us: 8_500_000,
        to_us: None,
    };
    bench.open(open_end).unwrap();
    assert_eq!(bench.viewed()[2..], [(8_000_000, Some(10_000_000))]);
    // Nothing that is refused is a view.
    let beyond = ClipRange {
        from_us: 60_000_000,
        to_us: None,
    };
    assert_eq!(bench.open(beyond).unwrap_err(), Error::EmptyRange);
    assert_eq!(bench.viewed().len(), 3);
}

/// Invariant 4: where the entry cannot be written, there is no byte.
#[test]
fn without_an_entry_there_is_no_reader() {
    let bench = Bench::new();
    bench.sql(
        "CREATE TRIGGER no_more BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    assert!(bench.open(ClipRange::WHOLE).is_err());
    assert_eq!(bench.viewed(), []);
    bench.sql("DROP TRIGGER no_more");
    bench.whole();
    assert_eq!(bench.viewed().len(), 1);
}

#[test]
fn what_is_not_there_to_be_seen() {
    let bench = Bench::new();
    bench.terminal.enrol_officer("li", &pin("li")).unwrap();
    let li = bench.terminal.unlock("li", &pin("li")).unwrap();
    let refused = |clip: &str| bench.officer.open_clip(clip, ClipRange::WHOLE).unwrap_err();
    let others = li.open_clip(&bench.clip, ClipRange::WHOLE);
    assert_eq!(others.unwrap_err(), Error::UnknownClip);
    assert_eq!(refused("clip-none"), Error::UnknownClip);
    assert_eq!(refused("../vault.db"), Error::UnknownClip);

    let recording = bench.record();
    let running = recording.clip().unwrap();
    assert_eq!(refused(&running), Error::NotSealed);
    recording.stop().unwrap();
    bench.officer.open_clip(&running, ClipRange::WHOLE).unwrap();
    bench.sql(&format!(
        "UPDATE evidence SET state = 'quarantined' WHERE clip = '{running}'"
    ));
    assert_eq!(refused(&running), Error::NotSealed);

    bench.sql("UPDATE evidence SET purged_ms = 1");
    assert_eq!(refused(&bench.clip), Error::UnknownClip);
    bench.sql("UPDATE evidence SET purged_ms = NULL; UPDATE terminal SET locked = 1");
    assert_eq!(refused(&bench.clip), Error::Locked);
    assert_eq!(bench.viewed(), []);
}

/// What the access rules deny: the officer learns nothing, the journal everything.
#[test]
fn a_denial_is_journalled_before_it_is_told() {
    let bench = Bench::new();
    bench.terminal.enrol_officer("li", &pin("li")).unwrap();
    let li = bench.terminal.unlock("li", &pin("li")).unwrap();
    let clip = bench.clip.as_str();
    let out = tempfile::tempdir().unwrap();
    let attempts = || {
        [
            li.open_clip(clip, ClipRange::WHOLE).map(drop),
            li.export(clip, out.path()).map(drop),
            li.mark(clip, "x"),
            li.thumbnails(&[clip]).map(drop),
        ]
    };
    for attempt in attempts() {
        assert_eq!(attempt, Err(Error::UnknownClip));
    }
    assert_eq!(li.evidence().unwrap(), []);
    let denied: Vec<_> = (bench.terminal.journal(0).unwrap().iter())
        .map(|raw| Entry::from_raw(raw).unwrap())
        .filter(|entry| entry.kind == "access-denied")
        .map(|entry| {
            assert_eq!(entry.officer.as_deref(), Some("li"));
            assert_eq!(entry.body["about"], clip);
            assert_eq!(entry.body["reason"], "no-rule");
            entry.body["action"].as_str().unwrap().to_owned()
        })
        .collect();
    let actions = [
        "evidence-play",
        "evidence-export",
        "evidence-mark",
        "evidence-preview",
    ];
    assert_eq!(denied, actions);
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    // The same answer is not given where it cannot be written down.
    bench.sql(
        "CREATE TRIGGER no_more BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    for attempt in attempts() {
        assert_ne!(attempt, Err(Error::UnknownClip));
        assert!(attempt.is_err());
    }
    // Own evidence is as it was.
    bench.sql("DROP TRIGGER no_more");
    assert_eq!(bench.officer.evidence().unwrap().len(), 1);
    bench.officer.export(clip, out.path()).unwrap();
}

/// A row that names another officer's file does not open it: the file is not sealed to them.
#[test]
fn a_changed_row_opens_nothing() {
    let bench = Bench::new();
    bench.terminal.enrol_officer("li", &pin("li")).unwrap();
    let li = bench.terminal.unlock("li", &pin("li")).unwrap();
    bench.sql("UPDATE evidence SET officer = 'li'");
    assert_eq!(
        li.open_clip(&bench.clip, ClipRange::WHOLE).unwrap_err(),
        Error::Evidence(EvidenceFault::OtherRecipient)
    );
    assert_eq!(bench.viewed(), []);
}

#[test]
fn a_lock_ends_what_is_open_and_an_unlock_does_not_bring_it_back() {
    let bench = Bench::new();
    let reader = bench.whole();
    let other = reader.clone();
    byte(&reader).unwrap();
    bench.sql("UPDATE terminal SET locked = 1");
    bench.agency.vault().recall();
    assert_eq!(byte(&reader), Err(Error::Locked));
    bench.sql("UPDATE terminal SET locked = 0");
    bench.agency.vault().recall();
    assert_eq!(byte(&reader), Err(Error::ReaderClosed));
    assert_eq!(byte(&other), Err(Error::ReaderClosed));
    byte(&bench.whole()).unwrap();
}

/// The same from another process, which cannot say so here: it is noticed a little later.
#[test]
fn a_lock_from_elsewhere_ends_what_is_open() {
    let bench = Bench::new();
    let reader = bench.whole();
    bench.sql("UPDATE terminal SET locked = 1");
    thread::sleep(STALE);
    assert_eq!(byte(&reader), Err(Error::Locked));

    bench.sql("UPDATE terminal SET locked = 0");
    let reader = bench.whole();
    let folder = bench.agency.vault().folder().clone();
    crate::vault::wipe::wipe(&folder, bench.agency.vault().key_source()).unwrap();
    thread::sleep(STALE);
    assert_eq!(byte(&reader), Err(Error::Wiped));
    assert!(reader.lock().view.is_none(), "key and plaintext are gone");
}

/// What a camera keeps from before the button is pressed goes when a sync learns of the wipe.
#[test]
fn a_wipe_from_elsewhere_empties_the_buffer() {
    let bench = Bench::new();
    let standby = bench.officer.standby(RecordingSpec::default()).unwrap();
    standby.configure_video(CONFIG).unwrap();
    let _ = standby.append(Track::Video, 0, true, PICTURE).unwrap();
    assert!(standby.camera.buffered() > 0);
    let folder = bench.agency.vault().folder().clone();
    crate::vault::wipe::wipe(&folder, bench.agency.vault().key_source()).unwrap();
    assert_eq!(bench.terminal.sync_once(), Err(Error::Wiped));
    assert_eq!(standby.camera.buffered(), 0);
    let _ = standby.append(Track::Video, 40_000, true, PICTURE);
    assert_eq!(standby.camera.buffered(), 0, "nothing follows");
}

#[test]
fn who_leaves_takes_what_was_open_along() {
    let bench = Bench::new();
    let again = bench.terminal.unlock("wang", &pin("wang")).unwrap();
    let second = again.clone();
    let reader = again.open_clip(&bench.clip, ClipRange::WHOLE).unwrap();
    drop(again);
    byte(&reader).unwrap();
    drop(second);
    assert_eq!(byte(&reader), Err(Error::ReaderClosed));
    assert!(reader.lock().view.is_none());
}

#[test]
fn a_damaged_file_says_how() {
    let bench = Bench::new();
    let path = bench.agency.vault().folder().clip(&bench.clip);
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        match bench.open(ClipRange::WHOLE).unwrap_err() {
            Error::Evidence(fault) => fault,
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&whole[..whole.len() - 1]), EvidenceFault::Truncated);
    assert_eq!(
        refused(&[&whole[..], b"x"].concat()),
        EvidenceFault::Trailing
    );
    let mut bent = whole.clone();
    *bent.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&bent), EvidenceFault::Altered);
    assert_eq!(bench.viewed(), [], "nothing was seen");

    let mut bent = whole.clone();
    bent[whole.len() / 2] ^= 1;
    fs::write(&path, &bent).unwrap();
    let reader = bench.whole();
    assert_eq!(byte(&reader), Err(Error::Evidence(EvidenceFault::Altered)));
    reader.read_at(0, &mut [0; 100]).unwrap();

    fs::remove_file(&path).unwrap();
    assert_eq!(
        bench.open(ClipRange::WHOLE).unwrap_err(),
        Error::Io(std::io::ErrorKind::NotFound)
    );
}

/// A vault from before the table `fragment`, or rows that do not fit the file.
#[test]
fn a_clip_without_rows_opens() {
    let bench = Bench::new();
    let part = ClipRange {
        from_us: 3_500_000,
        to_us: Some(4_500_000),
    };
    let all = |reader: &ClipReader| {
        let mut bytes = vec![0; reader.size() as usize];
        reader.read_at(0, &mut bytes).unwrap();
        bytes
    };
    let (indexed, whole) = (all(&bench.open(part).unwrap()), all(&bench.whole()));
    bench.sql("DELETE FROM fragment");
    assert!(all(&bench.open(part).unwrap()) == indexed);
    let plain = all(&bench.whole());
    assert!(plain.len() < whole.len(), "without the index");
    assert_eq!(
        bench.viewed()[2..],
        [(3_000_000, Some(5_000_000)), (0, None)]
    );
}

#[test]
fn a_photo_is_given_as_it_is() {
    let mut bench = Bench::new();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg)
        .encode(&[200; 32 * 16 * 3], 32, 16, image::ExtendedColorType::Rgb8)
        .unwrap();
    bench.clip = bench.officer.photo(&jpeg).unwrap().clip;
    let reader = bench
        .open(ClipRange {
            from_us: 5,
            to_us: Some(6),
        })
        .unwrap();
    assert_eq!((reader.media(), reader.span()), ("image/jpeg", None));
    let mut bytes = vec![0; reader.size() as usize];
    assert_eq!(reader.read_at(0, &mut bytes), Ok(jpeg.len()));
    assert_eq!(bytes, jpeg);
    assert_eq!(bench.viewed(), [(0, None)]);
}
