//! Whatever is called in whatever order: what comes out is read by a reader that shares no code
//! with the muxer, and has every sample that was taken. A fuzzer does the same for longer
//! (`fuzz/fuzz_targets/mux.rs`).

use proptest::prelude::*;

use super::super::super::codec::Rotation;
use super::super::*;
use super::{AAC, HIGH};

#[allow(dead_code, unreachable_pub, reason = "the fuzz targets' own reader")]
#[path = "../../../../../fuzz/src/given.rs"]
mod given;
#[allow(dead_code, unreachable_pub, reason = "the fuzz targets' own reader")]
#[path = "../../../../../fuzz/src/walk.rs"]
mod walk;

/// 640x480 without B-frames.
const BASELINE: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x58, 0xba, 0x80, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

#[derive(Debug, Clone)]
enum Step {
    Video {
        us: i64,
        key: bool,
        size: usize,
    },
    Audio {
        us: i64,
        size: usize,
    },
    /// Time goes on, or back, for both tracks.
    Jump(i64),
    ConfigureVideo(bool),
    ConfigureAudio,
    Flush,
    Finish,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = || prop_oneof![20 => 0..300usize, 1 => 60_000..70_000usize];
    // Reordered as B-frames are, repeated, or anywhere.
    let near = || prop_oneof![12 => -120_000..120_000i64, 2 => Just(0), 1 => any::<i64>()];
    let step = prop_oneof![
        12 => (near(), any::<bool>(), size())
            .prop_map(|(us, key, size)| Step::Video { us, key, size }),
        12 => (near(), size()).prop_map(|(us, size)| Step::Audio { us, size }),
        4 => (0..400_000i64).prop_map(Step::Jump),
        1 => (-3_600_000_000..3_600_000_000i64).prop_map(Step::Jump),
        1 => any::<bool>().prop_map(Step::ConfigureVideo),
        1 => Just(Step::ConfigureAudio),
        2 => Just(Step::Flush),
        1 => Just(Step::Finish),
    ];
    // Mostly a recording that begins as one does.
    (any::<[bool; 3]>(), prop::collection::vec(step, 1..150)).prop_map(
        |([video, high, audio], mut steps)| {
            if audio {
                steps.insert(0, Step::ConfigureAudio);
            }
            if video || !audio {
                steps.insert(0, Step::ConfigureVideo(high));
            }
            steps
        },
    )
}

/// Takes the fragments, one after the other.
#[derive(Default)]
struct Output(Vec<u8>);

impl Output {
    fn take(&mut self, muxer: &mut Muxer, fragment: Option<Fragment>) {
        if let Some(fragment) = fragment {
            self.0.extend(fragment.parts().concat());
            muxer.recycle(fragment);
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_makes_a_sound_movie(
        steps in steps(),
        target_us in prop_oneof![Just(1_000_000), 250_000..4_000_000i64],
    ) {
        let mut muxer = Muxer::new(target_us);
        let (mut given, mut output) = (given::Given::default(), Output::default());
        let mut now = 0i64;
        for step in steps {
            let fragment = match step {
                Step::Jump(by) => {
                    now += by;
                    continue;
                }
                Step::ConfigureVideo(high) => {
                    let sets = if high { HIGH } else { BASELINE };
                    let config = VideoConfig::new(sets, Rotation::None).unwrap();
                    if muxer.configure_video(config).is_ok() {
                        given.configure(sets, false);
                    }
                    continue;
                }
                Step::ConfigureAudio => {
                    let _ = muxer.configure_audio(AudioConfig::new(AAC).unwrap());
                    continue;
                }
                Step::Flush => muxer.flush().unwrap(),
                Step::Finish => muxer.finish().unwrap(),
                Step::Video { us, key, size } => {
                    let pts = now.saturating_add(us);
                    let unit = [&[0, 0, 0, 1, if key { 0x65 } else { 0x41 }][..], &vec![7; size]].concat();
                    match muxer.push(Track::Video, pts, key, &unit) {
                        Ok(fragment) => {
                            given.video(pts, key, &unit);
                            fragment
                        }
                        Err(error) => {
                            prop_assert_eq!(error, MuxError::NotConfigured);
                            continue;
                        }
                    }
                }
                Step::Audio { us, size } => {
                    let (pts, frame) = (now.saturating_add(us), vec![9; size]);
                    match muxer.push(Track::Audio, pts, true, &frame) {
                        Ok(fragment) => {
                            given.audio(pts, &frame);
                            fragment
                        }
                        Err(MuxError::BadSample) => {
                            prop_assert_eq!(size, 0);
                            continue;
                        }
                        Err(error) => {
                            prop_assert_eq!(error, MuxError::NotConfigured);
                            continue;
                        }
                    }
                }
            };
            output.take(&mut muxer, fragment);
        }
        let last = muxer.finish().unwrap();
        output.take(&mut muxer, last);
        if output.0.is_empty() {
            prop_assert!(given.video.is_empty() && given.audio.is_empty());
            return Ok(());
        }
        let movie = walk::walk(&output.0).map_err(TestCaseError::fail)?;
        given.check(&movie).map_err(TestCaseError::fail)?;
        if muxer.repaired() == 0 {
            given.check_times(&movie).map_err(TestCaseError::fail)?;
        }
        // Pictures that go back may be reordered ones, by up to five seconds.
        for track in movie.tracks.values() {
            let back = track.samples.windows(2).any(|w| w[1].pts < w[0].pts);
            let most = 3 * target_us + if back { 5_000_000 } else { 0 };
            prop_assert!(given::longest_us(track) <= most);
        }
    }
}
