//! Any sequence of calls to a camera: a real vault, real files, a buffer before the press of the
//! button, several clips. Every clip opens with the `age` crate and for the officer, and is a
//! sound movie; together they have every sample that was taken once, in order, and the journal
//! says how many are not there.

#![no_main]

use custos_core::{
    ClipRange, Error, EvidenceState, Officer, Recording, RecordingEvent, RecordingSpec,
    record::{AudioConfig, Pressure, Rotation, Track, VideoCodec, VideoConfig},
};
use custos_fuzz::{
    field::Field,
    given::{self, Given},
    input::Input,
    samples::{Call, Calls},
    sealed,
    walk::{Movie, Sample, walk, walk_view},
};
use custos_protocol::{
    clip,
    journal::{Entry, Event},
    policy::{MuteRule, Policy, RecordingPolicy, StoragePolicy},
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
        recording: RecordingPolicy {
            pre_event_s: 2,
            pre_event_max_bytes: 1 << 20,
            pre_event_audio: true,
            mute: MuteRule::Toggle,
            reminder_s: 0,
            ..RecordingPolicy::default()
        },
        storage: StoragePolicy {
            warn_minutes: Vec::new(),
            reserve_bytes: 1 << 20,
            ..StoragePolicy::default()
        },
        ..Policy::initial(0)
    })
});

fuzz_target!(init: LazyLock::force(&FIELD), |data: &[u8]| {
    let mut input = Input(data);
    if let Some(setup) = input.u8() {
        record(&FIELD, setup, Calls::of(input));
    }
});

/// A camera, and what it was given.
struct Session {
    camera: Recording,
    rotation: Rotation,
    given: Given,
    /// Where in `given` the button was pressed; `None`: not yet.
    pressed: Option<[usize; 2]>,
    muted: bool,
    /// Samples that were said to be dropped.
    dropped: u64,
}

impl Session {
    fn begin(officer: &Officer, setup: u8, spec: RecordingSpec) -> Self {
        let rotation = spec.rotation;
        let standby = setup & 2 == 2;
        let camera = if standby {
            officer.standby(spec)
        } else {
            officer.start_recording(spec)
        };
        Self {
            camera: camera.expect("on duty"),
            rotation,
            given: Given::default(),
            pressed: (!standby).then_some([0, 0]),
            muted: false,
            dropped: 0,
        }
    }

    fn call(&mut self, call: Call) {
        let recording = self.pressed.is_some();
        match call {
            Call::ConfigureVideo { annex_b, .. } => {
                let read = VideoConfig::new(&annex_b, self.rotation);
                assert_eq!(self.camera.configure_video(&annex_b).is_ok(), read.is_ok());
                if let Ok(read) = read {
                    let hevc = read.codec() == VideoCodec::H265;
                    self.given.configure(&annex_b, hevc);
                }
            }
            Call::ConfigureAudio { config } => {
                let taken = self.camera.configure_audio(&config).is_ok();
                assert_eq!(taken, AudioConfig::new(&config).is_ok());
            }
            Call::Video { pts_us, key, data } => {
                let result = self.camera.append(Track::Video, pts_us, key, &data);
                if self.took(result, || given::units(&data).is_empty()) {
                    self.given.video(pts_us, key, &data);
                }
            }
            Call::Audio { pts_us, data } => {
                let result = self.camera.append(Track::Audio, pts_us, true, &data);
                if self.took(result, || data.is_empty()) && !self.muted {
                    self.given.audio(pts_us, &data);
                }
            }
            Call::Flush if recording => {
                let committed = self.camera.commit().expect("a disk that works");
                assert!(committed.end_us >= 0);
            }
            Call::Other(what) => match what % 5 {
                0 if !recording => {
                    self.camera.begin().expect("on duty");
                    self.pressed = Some([self.given.video.len(), self.given.audio.len()]);
                }
                0 => self.camera.begin().expect("it records already"),
                1 if recording => self
                    .camera
                    .mark("here")
                    .map(drop)
                    .expect("a disk that works"),
                2 if recording => {
                    self.camera.mute(!self.muted).expect("by the policy");
                    self.muted = !self.muted;
                }
                3 if recording => self.camera.seal_early().expect("it runs"),
                _ => {}
            },
            Call::Flush => {}
        }
    }

    /// Whether a sample was taken; what is not is refused for a reason, and the recording goes on.
    fn took(&mut self, result: custos_core::Result<Pressure>, empty: impl Fn() -> bool) -> bool {
        match result {
            Ok(Pressure::Low) => true,
            Ok(Pressure::High) => {
                self.camera.wait_for_room().expect("a disk that works");
                true
            }
            Ok(Pressure::Dropped) => {
                self.dropped += 1;
                false
            }
            Err(Error::Media("bad-sample")) => {
                assert!(empty());
                false
            }
            Err(Error::Media(_)) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

fn record(field: &Field, setup: u8, calls: Calls<'_>) {
    let from = field.terminal.status().expect("a status").journal_size;
    let (sender, events) = mpsc::channel();
    let spec = RecordingSpec {
        audio_only: setup & 1 == 1,
        rotation: Rotation::from_degrees(i32::from(setup >> 6) * 90).expect("quarters"),
        events: Some(sender),
    };
    let mut session = Session::begin(&field.officer, setup, spec);
    calls.for_each(|call| session.call(call));
    let end = session.camera.finish();
    let Some(pressed) = session.pressed else {
        assert_eq!(end, Err(Error::RecordingEnded));
        return;
    };
    let last = end.expect("a disk that works");
    assert_eq!(last.state, EvidenceState::Sealed);
    assert_eq!(session.camera.finish(), Err(Error::RecordingEnded));
    let Session {
        given,
        dropped,
        camera,
        ..
    } = session;
    drop(camera);

    let events: Vec<_> = events.iter().collect();
    let journal: Vec<Event> = journal(field, from);
    let clips = clips(&journal);
    assert_eq!(clips.last(), Some(&last.clip));
    let movies: Vec<Movie> = clips
        .iter()
        .map(|clip| movie(field, clip, &journal, &events, setup & 4 == 4))
        .collect();
    let found = given
        .found(&movies)
        .unwrap_or_else(|error| panic!("{error}"));
    let told: u64 = journal
        .iter()
        .map(|event| match event {
            Event::SamplesDropped { count, .. } => *count,
            _ => 0,
        })
        .sum();
    missing(&given, &found, pressed, told - dropped.min(told));
    assert!(told >= dropped);
    for clip in clips {
        std::fs::remove_file(field.clip(&clip)).expect("a sealed clip");
    }
}

fn journal(field: &Field, mut from: u64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let entries = field.terminal.journal(from).expect("a vault that works");
        if entries.is_empty() {
            return events;
        }
        from += entries.len() as u64;
        events.extend(entries.iter().map(|raw| {
            let entry = Entry::from_raw(raw).expect("an entry");
            entry.event().expect("an event of ours")
        }));
    }
}

/// The clips in their order, each of which names the one before it.
fn clips(journal: &[Event]) -> Vec<String> {
    let mut clips = Vec::new();
    for event in journal {
        if let Event::RecordingBegan { clip, previous, .. } = event {
            assert_eq!(previous.as_ref(), clips.last());
            clips.push(clip.clone());
        }
    }
    clips
}

/// What is in a clip: the file, the journal and what the shell was told say the same.
fn movie(
    field: &Field,
    clip: &str,
    journal: &[Event],
    events: &[RecordingEvent],
    look: bool,
) -> Movie {
    let file = std::fs::read(field.clip(clip)).expect("a sealed clip");
    let plain = sealed::open(&file, 0).unwrap_or_else(|error| panic!("{error}"));
    let movie = if plain.is_empty() {
        Movie::default()
    } else {
        walk(&plain).unwrap_or_else(|error| panic!("{error}"))
    };
    let numbers = events.iter().filter_map(|event| match event {
        RecordingEvent::Committed(told) if told.clip == clip => Some(told.fragment),
        _ => None,
    });
    assert!(numbers.eq(1..=movie.fragments));
    let digest = clip::digest(file.as_slice()).expect("an evidence file");
    let sealed = journal.iter().find_map(|event| match event {
        Event::Sealed(sealed) if sealed.clip == clip => Some(sealed),
        _ => None,
    });
    let sealed = sealed.expect("a seal entry");
    assert_eq!(
        (sealed.digest, sealed.fragments, sealed.recovered),
        (digest, movie.fragments, false)
    );
    if look && movie.fragments > 0 {
        let reader = field
            .officer
            .open_clip(clip, ClipRange::WHOLE)
            .expect("an own clip");
        let mut shown = vec![0; usize::try_from(reader.size()).expect("it fits")];
        assert_eq!(reader.read_at(0, &mut shown), Ok(shown.len()));
        let seen = if shown == plain && has_pause(&movie) {
            walk(&shown)
        } else {
            walk_view(&shown)
        };
        let seen = seen.unwrap_or_else(|error| panic!("{error}"));
        assert!(seen.tracks == movie.tracks);
    }
    movie
}

/// Whether hours lie between two samples: then no index can say how long a fragment lasts, and
/// a player gets the clip as it is.
fn has_pause(movie: &Movie) -> bool {
    let times = || {
        movie.tracks.values().flat_map(|track| {
            let seconds = |sample: &Sample| sample.pts / i64::from(track.timescale);
            track.samples.iter().map(seconds)
        })
    };
    times().max().unwrap_or(0) - times().min().unwrap_or(0) > 10 * 3600
}

/// What was taken and is not there: from before the press, what is older than the first sample
/// that is there; after it, as many as the journal says.
fn missing(given: &Given, found: &[Vec<bool>; 2], pressed: [usize; 2], told: u64) {
    let mut most = 0;
    let mut least = 0;
    for ((taken, found), pressed) in [&given.video, &given.audio]
        .into_iter()
        .zip(found)
        .zip(pressed)
    {
        let (before, after) = found.split_at(pressed);
        let kept = before.iter().position(|found| *found).unwrap_or(pressed);
        assert!(
            before[kept..].iter().all(|found| *found),
            "a gap in the buffer"
        );
        // Sound is always a key.
        assert!(
            before[kept..].is_empty() || taken[kept].key,
            "the buffer begins where nobody can decode it"
        );
        for (taken, _) in taken[pressed..]
            .iter()
            .zip(after)
            .filter(|(_, found)| !**found)
        {
            most += 1;
            // Copies of parameter sets and nothing else may go without a word.
            least += u64::from(!taken.lean.is_empty());
        }
    }
    assert!(
        (least..=most).contains(&told),
        "{least} to {most} missing, {told} told"
    );
}
