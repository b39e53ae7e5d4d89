//! The recorder against a real vault and real files: what was committed survives, what failed
//! stays failed, what recovery makes opens with `age`.

mod bench;
mod clips;
#[path = "../../tests/common/demux.rs"]
mod demux;
mod ending;
mod recovery;

use std::fs;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use custos_protocol::clip;
use custos_protocol::journal::{Entry, Event};
use custos_protocol::metadata::{Sheet, TrackPoint};

use self::bench::Bench;
use super::clip::{Clip, Notes, Origin};
use super::codec::{AudioConfig, Rotation, VideoConfig};
use super::ending::Links;
use super::events::{FragmentCommitted, RecordingEvent};
use super::mux::{Muxer, Track};
use super::plan::{PROGRESS, Plan};
use super::recorder::Recorder;
use super::recover::{Recovery, recover};
use super::samples::{Pool, Queue, Sample, Setup};
use super::seal::Recipient;
use super::shared::Pressure;
use super::sheet;
use super::whole::{self, Whole};
use crate::vault::testing::TestVault;
use crate::{Error, Result, journal};

/// 640x480, Baseline, with its PPS.
const CONFIG: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

/// AAC-LC, 48 kHz, stereo; and 44.1 kHz.
const SOUND: &[u8] = &[0x11, 0x90];
const OTHER_SOUND: &[u8] = &[0x12, 0x10];

const PICTURE_US: i64 = 40_000;

fn setup(sound: &[u8]) -> Arc<Setup> {
    Arc::new(Setup {
        video: Some(VideoConfig::new(CONFIG, Rotation::None).unwrap()),
        audio: AudioConfig::new(sound).ok(),
    })
}

fn sound_alone() -> Arc<Setup> {
    Arc::new(Setup {
        video: None,
        audio: Some(AudioConfig::new(SOUND).unwrap()),
    })
}

fn append(
    recorder: &Recorder,
    track: Track,
    pts_us: i64,
    key: bool,
    data: &[u8],
) -> Result<Pressure> {
    recorder.append(&Sample {
        track,
        pts_us,
        key,
        data,
    })
}

/// A picture that looks like no other.
fn picture(number: i64, size: usize) -> Vec<u8> {
    let key = number % 25 == 0;
    let mut unit = vec![0, 0, 0, 1, if key { 0x65 } else { 0x41 }];
    // No byte is zero, so that there is no start code.
    unit.extend(
        number
            .to_be_bytes()
            .iter()
            .flat_map(|b| [b >> 4 | 0x80, b & 15 | 0x80]),
    );
    unit.resize(unit.len() + size, 0x9a);
    unit
}

/// A picture as it is in a file: a length instead of a start code.
fn stored(unit: &[u8]) -> Vec<u8> {
    let unit = &unit[4..];
    [&(unit.len() as u32).to_be_bytes(), unit].concat()
}

fn feed_picture(recorder: &Recorder, number: i64, size: usize) -> Result<Pressure> {
    let unit = picture(number, size);
    append(
        recorder,
        Track::Video,
        number * PICTURE_US,
        number % 25 == 0,
        &unit,
    )
}

fn frame(number: i64) -> [u8; 300] {
    let mut frame = [0x21; 300];
    frame[..8].copy_from_slice(&number.to_be_bytes());
    frame
}

/// A frame of 1024 samples at 48 kHz.
fn feed_frame(recorder: &Recorder, number: i64) -> Result<Pressure> {
    let pts_us = number * 64_000 / 3;
    append(recorder, Track::Audio, pts_us, true, &frame(number))
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
    let (recorder, events) = bench.begin_told(bench.plan());
    Bench::feed(&recorder, 0, 5, 10_000);
    let clip = recorder.clip();
    assert_eq!(bench.row::<String>(&clip, "state"), "recording");
    let end = recorder.stop().unwrap();
    assert_eq!(bench.row::<String>(&clip, "state"), "sealed");
    drop(recorder);
    let mut told: Vec<RecordingEvent> = events.iter().collect();
    assert_eq!(told.pop(), Some(RecordingEvent::Ended { error: None }));
    let bytes = bench.row(&clip, "length");
    let clip_sealed = RecordingEvent::Sealed {
        clip: clip.clone(),
        bytes,
    };
    assert_eq!(told.pop(), Some(clip_sealed));
    let last = FragmentCommitted {
        clip: clip.clone(),
        fragment: end.fragment,
        end_us: end.end_us,
    };
    assert_eq!(told.last(), Some(&RecordingEvent::Committed(last)));
    assert_eq!(told.len() as u32, end.fragment);
    assert!(end.end_us >= 5_000_000, "{end:?}");
    assert_eq!(fragments(&bench.open(&clip)), end.fragment);
    bench.check_content(0..125, 10_000, 0..235);
    bench.check_sealed(&clip, false);
    let began = bench.kinds();
    assert_eq!(began.first().unwrap(), "recording-began");
    assert_eq!(began.last().unwrap(), "sealed");
}

/// What was told of each fragment is what the clip's row and seal say of all of them.
#[test]
fn a_clip_ends_with_the_fragment_that_reaches_farthest() {
    let bench = Bench::new();
    let plan = bench.plan();
    let mut clip = Clip::begin(bench.test.vault.clone(), &plan.first(0)).unwrap();
    let mut muxer = Muxer::new(plan.fragment_us);
    let config = VideoConfig::new(CONFIG, Rotation::None).unwrap();
    muxer.configure_video(config).unwrap();
    let mut both = [2_000_000, 1_960_000].map(|end_us| {
        let unit = [0, 0, 0, 1, 0x65, 0x9a];
        muxer.push(Track::Video, end_us, true, &unit).unwrap();
        let mut fragment = muxer.flush().unwrap().unwrap();
        fragment.end_us = end_us;
        fragment
    });
    let committed = clip.commit(&mut both, &Notes::default()).unwrap();
    assert_eq!((committed.fragment, committed.end_us), (2, 2_000_000));
    assert_eq!(bench.row::<i64>(clip.name(), "end_us"), 2_000_000);
}

/// Invariant 9: an error of the storage ends the recording; what was committed stays, and says so.
#[test]
fn a_storage_error_ends_the_recording() {
    let bench = Bench::new();
    let recorder = bench.begin();
    Bench::feed(&recorder, 0, 2, 1000);
    let committed = recorder.commit().unwrap();
    let clip = recorder.clip();
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
    assert_eq!(feed_frame(&recorder, 0).unwrap_err(), error);
    assert_eq!(recorder.commit().unwrap_err(), error);
    assert_eq!(recorder.committed(), committed);
    assert_eq!(recorder.stop().unwrap_err(), error);
    assert_eq!(bench.row::<String>(&clip, "state"), "failed");
    let kinds = ["recording-began", "recording-progress", "recording-failed"];
    assert_eq!(bench.kinds(), kinds);
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
        let _ = append(&recorder, Track::Video, pts, false, &unit).unwrap();
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
    let code = |track, data: &[u8]| match append(&recorder, track, 0, true, data).unwrap_err() {
        Error::Media(code) => code,
        other => panic!("{other}"),
    };
    assert_eq!(code(Track::Video, b"no start code"), "bad-sample");
    assert_eq!(code(Track::Video, &[0; 100]), "bad-sample");
    assert_eq!(code(Track::Audio, b""), "bad-sample");
    let large = vec![0; super::mux::MAX_SAMPLE + 1];
    assert_eq!(code(Track::Audio, &large), "sample-too-large");
    assert_eq!(code(Track::Video, &large), "sample-too-large");
    Bench::feed(&recorder, 0, 1, 100);
    let clip = recorder.clip();
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
    let clip = recorder.clip();
    let plain = bench.open(&clip);
    let places: Vec<(usize, usize, i64, i64, bool)> = bench
        .test
        .vault
        .read(|c| {
            let mut statement = c.prepare(
                "SELECT position, length, begin_us, end_us, sync FROM fragment
                 WHERE clip = ?1 ORDER BY number",
            )?;
            let rows = statement.query_map([&clip], |row| {
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
