//! Any sequence of samples into the muxer; what comes out is walked box by box and has every
//! sample that was taken, to the bit.

#![no_main]

use custos_core::record::{
    AudioConfig, Fragment, MuxError, Muxer, Rotation, Track, VideoCodec, VideoConfig,
    mux::MAX_SAMPLE,
};
use custos_fuzz::{
    given::{self, Given},
    input::Input,
    samples::{Call, Calls},
    walk::walk,
};
use libfuzzer_sys::fuzz_target;

/// Lengths of a fragment, in µs: the policy's bounds, and what is far outside.
const TARGETS: [i64; 6] = [1_000_000, 250_000, 4_000_000, 0, i64::MAX, 20_000];

#[derive(Default)]
struct Output {
    file: Vec<u8>,
    fragments: u32,
    samples: u32,
}

impl Output {
    fn take(&mut self, muxer: &mut Muxer, fragment: Option<Fragment>, recycle: bool) {
        let Some(mut fragment) = fragment else { return };
        let bytes = fragment.parts().concat();
        assert_eq!(bytes.len(), fragment.bytes());
        assert_eq!(bytes, fragment.parts_mut().concat());
        assert!(bytes[fragment.init_bytes + 4..].starts_with(b"moof"));
        self.file.extend(bytes);
        self.fragments += 1;
        self.samples += fragment.samples;
        assert_eq!(fragment.number, self.fragments);
        assert!(fragment.samples > 0);
        assert!((0..fragment.end_us).contains(&fragment.begin_us));
        assert_eq!(fragment.init_bytes > 0, self.fragments == 1);
        if recycle {
            muxer.recycle(fragment);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let Some(first) = input.u8() else { return };
    let target_us = TARGETS[usize::from(first & 0x7f) % TARGETS.len()];
    let recycle = first & 0x80 == 0;
    let mut muxer = Muxer::new(target_us);
    let (mut given, mut output) = (Given::default(), Output::default());
    let (mut video, mut audio) = (false, false);
    for call in Calls::of(input) {
        let fragment = match call {
            Call::ConfigureVideo { annex_b, quarters } => {
                let rotation = Rotation::from_degrees(i32::from(quarters) * 90).expect("quarters");
                let Ok(config) = VideoConfig::new(&annex_b, rotation) else {
                    continue;
                };
                let hevc = config.codec() == VideoCodec::H265;
                if muxer.configure_video(config).is_ok() {
                    given.configure(&annex_b, hevc);
                    video = true;
                }
                continue;
            }
            Call::ConfigureAudio { config } => {
                let Ok(config) = AudioConfig::new(&config) else {
                    continue;
                };
                audio |= muxer.configure_audio(config).is_ok();
                continue;
            }
            Call::Video { pts_us, key, data } => {
                match muxer.push(Track::Video, pts_us, key, &data) {
                    Ok(fragment) => {
                        given.video(pts_us, key, &data);
                        fragment
                    }
                    Err(MuxError::SampleTooLarge) => {
                        assert!(data.len() > MAX_SAMPLE);
                        continue;
                    }
                    Err(MuxError::NotConfigured) => {
                        assert!(!video);
                        continue;
                    }
                    Err(MuxError::BadSample) => {
                        assert!(given::units(&data).is_empty());
                        continue;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            Call::Audio { pts_us, data } => match muxer.push(Track::Audio, pts_us, true, &data) {
                Ok(fragment) => {
                    given.audio(pts_us, &data);
                    fragment
                }
                Err(MuxError::SampleTooLarge) => {
                    assert!(data.len() > MAX_SAMPLE);
                    continue;
                }
                Err(MuxError::NotConfigured) => {
                    assert!(!audio);
                    continue;
                }
                Err(MuxError::BadSample) => {
                    assert!(data.is_empty());
                    continue;
                }
                Err(other) => panic!("{other}"),
            },
            Call::Flush => muxer.flush().expect("a fragment"),
            Call::Other(what) if what & 1 == 0 => muxer.finish().expect("a fragment"),
            Call::Other(_) => continue,
        };
        output.take(&mut muxer, fragment, recycle);
    }
    let last = muxer.finish().expect("a fragment");
    output.take(&mut muxer, last, recycle);
    assert!(muxer.finish().expect("nothing").is_none());

    if output.fragments == 0 {
        assert!(given.video.is_empty() && given.audio.is_empty());
        return;
    }
    let movie = walk(&output.file).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(movie.fragments, output.fragments);
    given
        .check(&movie)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(output.samples as usize, given.count(&movie));
    if muxer.repaired() == 0 {
        given
            .check_times(&movie)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    // However the times jump, a power cut costs no more than some fragments' length. Pictures that
    // go back may be reordered ones, by up to five seconds.
    let target_us = target_us.clamp(10_000, 60_000_000);
    for track in movie.tracks.values() {
        let back = track.samples.windows(2).any(|w| w[1].pts < w[0].pts);
        let most = 3 * target_us + if back { 5_000_000 } else { 0 };
        let longest = given::longest_us(track);
        assert!(longest <= most, "{longest} µs in a fragment of {target_us}");
    }
});
