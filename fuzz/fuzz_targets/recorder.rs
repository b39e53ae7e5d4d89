//! Any sequence of samples into a terminal's recorder: a real vault, real files, several clips.
//! Every clip opens with the `age` crate, is a sound movie, and together they have every sample
//! that was taken, once.

#![no_main]

use custos_core::{
    Error, EvidenceState, RecordingSpec,
    record::{AudioConfig, Pressure, Rotation, Track, VideoCodec, VideoConfig},
};
use custos_fuzz::{
    field::Field,
    given::{self, Given},
    input::Input,
    samples::{Call, Calls},
    sealed,
    walk::walk,
};
use custos_protocol::{
    clip,
    journal::{Entry, Event},
    policy::Policy,
};
use libfuzzer_sys::fuzz_target;
use std::sync::{LazyLock, mpsc};

/// One terminal for all inputs: unlocking alone takes seconds, by intent.
static FIELD: LazyLock<Field> = LazyLock::new(|| {
    Field::new(&Policy {
        fragment_ms: 250,
        // The shortest there is: long scripts become several clips.
        clip_max_s: 10,
        clip_max_bytes: 1 << 20,
        ..Policy::initial(0)
    })
});

fuzz_target!(
    init: LazyLock::force(&FIELD),
    |data: &[u8]| record(&FIELD, Input(data))
);

fn record(field: &Field, mut input: Input<'_>) {
    let Some(setup) = input.u8() else { return };
    let journal_from = field.terminal.status().expect("a status").journal_size;
    let (events, told) = mpsc::channel();
    let spec = RecordingSpec {
        audio_only: setup & 1 == 1,
        rotation: Rotation::from_degrees(i32::from(setup >> 6) * 90).expect("quarters"),
        events: Some(events),
    };
    let rotation = spec.rotation;
    let recording = field.officer.start_recording(spec).expect("on duty");
    let mut pictures = (Vec::new(), false);
    let mut clips = vec![(recording.clip().expect("it runs"), Given::default())];
    for call in Calls::of(input) {
        let appended = match call {
            Call::ConfigureVideo { annex_b, .. } => {
                if recording.configure_video(&annex_b).is_ok() {
                    let read = VideoConfig::new(&annex_b, rotation).expect("it was taken");
                    pictures = (annex_b, read.codec() == VideoCodec::H265);
                    configure(&mut clips, &pictures);
                }
                continue;
            }
            Call::ConfigureAudio { config } => {
                let configured = recording.configure_audio(&config);
                assert!(configured.is_err() || AudioConfig::new(&config).is_ok());
                continue;
            }
            Call::Video { pts_us, key, data } => {
                let result = recording.append(Track::Video, pts_us, key, &data);
                follow(&recording.clip().expect("it runs"), &mut clips, &pictures);
                let taken = took(&result, || given::units(&data).is_empty());
                if taken {
                    clips.last_mut().expect("one").1.video(pts_us, key, &data);
                }
                result
            }
            Call::Audio { pts_us, data } => {
                let result = recording.append(Track::Audio, pts_us, true, &data);
                follow(&recording.clip().expect("it runs"), &mut clips, &pictures);
                if took(&result, || data.is_empty()) {
                    clips.last_mut().expect("one").1.audio(pts_us, &data);
                }
                result
            }
            Call::Flush => {
                let committed = recording.commit().expect("a disk that works");
                assert!(committed.end_us >= 0);
                continue;
            }
            Call::Other(what) => {
                if what & 1 == 0 {
                    recording.mark("here").expect("a disk that works");
                }
                continue;
            }
        };
        if appended == Ok(Pressure::High) {
            recording.wait_for_room().expect("a disk that works");
        }
    }
    let last = recording.stop().expect("a disk that works");
    assert_eq!(
        (&last.clip, last.state),
        (&clips.last().expect("one").0, EvidenceState::Sealed)
    );
    assert_eq!(recording.stop(), Err(Error::RecordingEnded));
    drop(recording);

    let told: Vec<_> = told.iter().collect();
    let journal = field
        .terminal
        .journal(journal_from)
        .expect("a vault that works");
    for (clip, given) in &clips {
        let path = field.clip(clip);
        let file = std::fs::read(&path).expect("a sealed clip");
        std::fs::remove_file(&path).expect("a sealed clip");
        let plain = sealed::open(&file, 0).unwrap_or_else(|error| panic!("{error}"));
        let fragments = if given.video.is_empty() && given.audio.is_empty() {
            assert!(plain.is_empty());
            0
        } else {
            let movie = walk(&plain).unwrap_or_else(|error| panic!("{error}"));
            given
                .check(&movie)
                .unwrap_or_else(|error| panic!("{error}"));
            movie.fragments
        };
        // What the shell was told, what the journal says, and what there is, is one thing.
        let numbers = told.iter().filter(|t| t.clip == *clip).map(|t| t.fragment);
        assert!(numbers.eq(1..=fragments));
        let digest = clip::digest(file.as_slice()).expect("an evidence file");
        let sealed = journal.iter().rev().find_map(|raw| {
            match Entry::from_raw(raw).expect("an entry").event() {
                Some(Event::Sealed(sealed)) if sealed.clip == *clip => Some(sealed),
                _ => None,
            }
        });
        let sealed = sealed.expect("a seal entry");
        assert_eq!(
            (sealed.digest, sealed.fragments, sealed.recovered),
            (digest, fragments, false)
        );
    }
}

/// Notices that the next clip has begun, with the configuration of the last.
fn follow(current: &str, clips: &mut Vec<(String, Given)>, pictures: &(Vec<u8>, bool)) {
    if clips.last().is_none_or(|(clip, _)| clip != current) {
        clips.push((current.to_owned(), Given::default()));
        configure(clips, pictures);
    }
}

fn configure(clips: &mut [(String, Given)], (annex_b, hevc): &(Vec<u8>, bool)) {
    if let Some((_, given)) = clips.last_mut() {
        given.configure(annex_b, *hevc);
    }
}

/// Whether a sample was taken; what is not is refused for a reason, and the recording goes on.
fn took(result: &custos_core::Result<Pressure>, empty: impl Fn() -> bool) -> bool {
    match result {
        Ok(pressure) => *pressure != Pressure::Dropped,
        Err(Error::Media("bad-sample")) => {
            assert!(empty());
            false
        }
        Err(Error::Media(_)) => false,
        Err(other) => panic!("{other}"),
    }
}
