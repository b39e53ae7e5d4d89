//! How recordings end, and what is said while they run.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn it_goes_on_for_a_time_and_ends_by_itself() {
    let bench = Bench::new();
    let (recorder, events) = bench.begin_told(bench.plan());
    for number in 0..60 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.end_after(Some(Duration::from_secs(2))).unwrap();
    assert!(recorder.is_ending());
    // The last was at 59, so that 109 is the first that is not taken any more.
    for number in 60..109 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    for number in 109..115 {
        let error = feed_picture(&recorder, number, 100).unwrap_err();
        assert_eq!(error, Error::RecordingEnded);
    }
    // Nobody asked for more than that.
    let ended = events
        .iter()
        .find(|e| matches!(e, RecordingEvent::Ended { .. }));
    assert_eq!(ended, Some(RecordingEvent::Ended { error: None }));
    assert_eq!(bench.row::<String>(&recorder.clip(), "state"), "sealed");
    recorder.stop().unwrap();
    bench.check_content(0..109, 100, []);
}

#[test]
fn it_ends_by_the_clock_where_no_samples_come() {
    let bench = Bench::new();
    let (recorder, events) = bench.begin_told(bench.plan());
    for number in 0..10 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.end_after(Some(Duration::from_millis(1))).unwrap();
    let ended = events
        .iter()
        .find(|e| matches!(e, RecordingEvent::Ended { .. }));
    assert_eq!(ended, Some(RecordingEvent::Ended { error: None }));
    bench.check_content(0..10, 100, []);
    assert_eq!(recorder.running(), Err(Error::RecordingEnded));
}

#[test]
fn an_end_can_be_withdrawn() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let _ = feed_picture(&recorder, 0, 100).unwrap();
    recorder.end_after(Some(Duration::from_secs(1))).unwrap();
    recorder.end_after(None).unwrap();
    for number in 1..80 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.stop().unwrap();
    bench.check_content(0..80, 100, []);
}

/// A press of the button is evidence as well: a recording without a picture has an end and a
/// reason.
#[test]
fn a_recording_of_nothing_says_so() {
    let bench = Bench::new();
    let recorder = bench.begin();
    let clip = recorder.clip();
    assert_eq!(recorder.stop().unwrap().fragment, 0);
    bench.check_sealed(&clip, false);
    assert!(bench.open(&clip).is_empty());
    assert_eq!(bench.row::<String>(&clip, "reason"), "no-media");
    assert_eq!(bench.kinds(), ["recording-began", "sealed"]);
}

/// A source that falls silent leaves nothing behind that is not durable.
#[test]
fn silence_makes_durable_what_there_is() {
    let bench = Bench::new();
    let plan = Plan {
        fragment_us: 10_000,
        ..bench.plan()
    };
    let (recorder, events) = bench.begin_told(plan);
    let _ = feed_picture(&recorder, 0, 100).unwrap();
    assert!(matches!(events.recv(), Ok(RecordingEvent::Committed(_))));
    recorder.kill();
    recover(&bench.test.vault).unwrap();
    bench.check_content(0..1, 100, []);
}

/// How far the journal says that clips are: whole chunks, and where the last fragment ends.
fn told(bench: &Bench) -> Vec<(u64, i64)> {
    let told = |event| match event {
        Event::RecordingProgress { digest, end_us, .. } => Some((digest.chunks, end_us)),
        _ => None,
    };
    bench.events().into_iter().filter_map(told).collect()
}

/// The first commit is in the journal at once, and then every ten seconds: a terminal that is
/// stolen can be held to that much.
#[test]
fn the_journal_knows_how_far_a_clip_is() {
    let bench = Bench::new();
    let recorder = bench.begin();
    for second in 0..3 {
        Bench::feed(&recorder, second, 1, 20_000);
        recorder.commit().unwrap();
    }
    assert_eq!(told(&bench).len(), 1, "the next would be too early");
    assert!(told(&bench)[0].0 > 5);
    recorder.stop().unwrap();

    let bench = Bench::new();
    let plan = Plan {
        progress: Duration::ZERO,
        ..bench.plan()
    };
    let recorder = bench.begin_with(plan, setup(SOUND));
    for second in 0..3 {
        Bench::feed(&recorder, second, 1, 20_000);
        recorder.commit().unwrap();
    }
    assert!(told(&bench).len() >= 3);
    assert!(told(&bench).is_sorted());
}

/// Not even a source that falls silent keeps the journal from knowing what is committed.
#[test]
fn the_journal_is_told_in_time() {
    let bench = Bench::new();
    let plan = Plan {
        fragment_us: 10_000,
        progress: Duration::from_millis(500),
        ..bench.plan()
    };
    let recorder = bench.begin_with(plan, setup(&[]));
    let mut committed = 0;
    for number in 0..2 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
        committed = recorder.commit().unwrap().end_us;
    }
    let end = Instant::now() + Duration::from_secs(60);
    while told(&bench).last().unwrap().1 < committed {
        assert!(Instant::now() < end, "{:?}", told(&bench));
        std::thread::sleep(Duration::from_millis(20));
    }
    // And then there is nothing more to tell.
    let count = told(&bench).len();
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(told(&bench).len(), count);
}

#[test]
fn somebody_is_reminded() {
    let bench = Bench::new();
    let plan = Plan {
        reminder: Some(Duration::from_millis(20)),
        ..bench.plan()
    };
    let (recorder, events) = bench.begin_told(plan);
    for number in 0..50 {
        let _ = feed_picture(&recorder, number, 100).unwrap();
    }
    recorder.position().unwrap();
    let mut reminders = 0;
    while reminders < 3 {
        if let RecordingEvent::Reminder { clip, at_us } = events.recv().unwrap() {
            assert_eq!(clip, recorder.clip());
            assert!(at_us <= 49 * PICTURE_US);
            reminders += 1;
        }
    }
    recorder.stop().unwrap();
    let said = bench.kinds().iter().filter(|k| *k == "reminded").count();
    assert!(said >= 3);
}

/// Muted sound is not kept, in this clip and the next; the pictures go on.
#[test]
fn muted_sound_is_not_kept() {
    let bench = Bench::new();
    let plan = Plan {
        clip_max_us: 2_000_000,
        ..bench.plan()
    };
    let recorder = bench.begin_with(plan, setup(SOUND));
    let second = |second: i64| {
        for number in 0..25 {
            let _ = feed_picture(&recorder, second * 25 + number, 100).unwrap();
        }
        for number in 0..46 {
            let _ = feed_frame(&recorder, second * 47 + number).unwrap();
        }
    };
    second(0);
    recorder.mute(true);
    assert!(recorder.is_muted());
    (1..4).for_each(second);
    recorder.mute(false);
    second(4);
    recorder.stop().unwrap();
    assert_eq!(bench.clips().len(), 3);
    let frames = (0..46).chain(4 * 47..4 * 47 + 46);
    bench.check_content(0..125, 100, frames);
}

/// The storage stands still: samples wait, then they are dropped, the journal says how many, and
/// from the next key picture on it goes on.
#[test]
fn what_is_too_much_is_dropped_and_told() {
    const SIZE: usize = 1 << 20;
    let bench = Bench::new();
    let recorder = bench.begin_with(bench.plan(), setup(&[]));
    let _ = feed_picture(&recorder, 0, SIZE).unwrap();
    recorder.commit().unwrap();
    let (mut taken, mut high) = (1, 0);
    bench
        .test
        .vault
        .write(|_| {
            loop {
                match feed_picture(&recorder, taken, SIZE)? {
                    Pressure::Low => {}
                    Pressure::High => high += 1,
                    Pressure::Dropped => return Ok(()),
                }
                taken += 1;
            }
        })
        .unwrap();
    assert!(high > 20 && taken > 40, "{high} of {taken}");
    recorder.wait_for_room().unwrap();
    // In the middle of a group: nothing can be decoded before the next key picture.
    let key = (taken / 25 + 1) * 25;
    for number in taken + 1..key {
        let pressure = feed_picture(&recorder, number, SIZE).unwrap();
        assert_eq!(pressure, Pressure::Dropped);
    }
    for number in key..key + 5 {
        let _ = feed_picture(&recorder, number, SIZE).unwrap();
    }
    recorder.stop().unwrap();
    bench.check_content((0..taken).chain(key..key + 5), SIZE, []);
    let dropped: u64 = bench
        .events()
        .iter()
        .map(|event| match event {
            Event::SamplesDropped { count, .. } => *count,
            _ => 0,
        })
        .sum();
    assert_eq!(dropped as i64, key - taken);
}

/// A source that never gives a key picture again is recorded all the same.
#[test]
fn pictures_without_a_key_are_worth_more_than_none() {
    let bench = Bench::new();
    let recorder = Recorder::new(bench.plan(), Queue::new(setup(&[]), Pool::new(8)), false);
    recorder.begin(bench.test.vault.clone(), 0).unwrap();
    let unit = [0, 0, 0, 1, 0x41, 0x9a];
    let mut taken = 0;
    for number in 0..500 {
        let pressure = append(&recorder, Track::Video, number * PICTURE_US, false, &unit).unwrap();
        taken += usize::from(pressure != Pressure::Dropped);
    }
    recorder.stop().unwrap();
    assert_eq!(taken, 500 - 251);
    assert_eq!(bench.content(&recorder.clip()).0.len(), taken);
}

/// The file cannot be written: what was committed is sealed at once, and nobody is told success.
#[test]
fn what_was_committed_is_sealed_after_an_error() {
    let bench = Bench::new();
    let (recorder, events) = bench.begin_told(bench.plan());
    Bench::feed(&recorder, 0, 2, 20_000);
    let committed = recorder.commit().unwrap();
    let clip = recorder.clip();
    // A row in the way: the transaction of the next commit fails, after the file was written.
    let number = committed.fragment + 1;
    bench
        .test
        .vault
        .write(|tx| {
            tx.execute(
                "INSERT INTO fragment (clip, number, position, length, begin_us, end_us, sync)
                 VALUES (?1, ?2, 0, 0, 0, 0, 0)",
                (&clip, number),
            )?;
            Ok(())
        })
        .unwrap();
    Bench::feed(&recorder, 2, 2, 20_000);
    let error = recorder.commit().unwrap_err();
    assert_eq!(recorder.stop().unwrap_err(), error);
    assert_eq!(recorder.committed(), committed);
    drop(recorder);
    assert_eq!(bench.row::<String>(&clip, "state"), "recovered");
    assert_eq!(bench.row::<String>(&clip, "reason"), error.code());
    bench.check_sealed(&clip, true);
    assert_eq!(fragments(&bench.open(&clip)), committed.fragment);
    let kinds = bench.kinds();
    let last = &kinds[kinds.len() - 3..];
    assert_eq!(last, ["recording-failed", "recovered", "sealed"]);
    let told: Vec<_> = events.iter().collect();
    assert_eq!(
        told.last(),
        Some(&RecordingEvent::Ended { error: Some(error) })
    );
    let fragments_told = told
        .iter()
        .filter(|event| matches!(event, RecordingEvent::Committed(_)));
    assert_eq!(fragments_told.count() as u32, committed.fragment);
}

/// Whoever waits is told when the recording fails, and does not wait for ever.
#[test]
fn waiting_ends_with_the_recording() {
    let bench = Bench::new();
    let (recorder, events) = bench.begin_told(bench.plan());
    Bench::feed(&recorder, 0, 1, 100);
    bench
        .test
        .vault
        .write(|tx| Ok(tx.execute("UPDATE evidence SET payload_key = NULL", [])?))
        .unwrap();
    let begun = Instant::now();
    assert_eq!(recorder.commit(), Err(Error::UnknownClip));
    assert_eq!(recorder.position(), Err(Error::UnknownClip));
    assert_eq!(recorder.wait_for_room(), Err(Error::UnknownClip));
    assert_eq!(recorder.seal_early(), Err(Error::UnknownClip));
    assert!(begun.elapsed() < Duration::from_secs(60));
    drop(recorder);
    loop {
        match events.recv_timeout(Duration::from_secs(60)) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, RecvTimeoutError::Disconnected);
                break;
            }
        }
    }
}
