//! What encoders hand over before and inside samples: Annex-B streams, parameter sets,
//! AudioSpecificConfigs. A configuration that is taken makes a file.

#![no_main]

use custos_core::record::{
    AudioConfig, MuxError, Muxer, Rotation, Track, VideoCodec, VideoConfig,
    annexb::{append_length_prefixed, nal_units},
    hevc::{self, HevcSps},
    sps::Sps,
};
use custos_fuzz::{
    given::{self, Given},
    walk::walk,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    match kind % 5 {
        0 => annex_b(data, kind & 0x40 != 0),
        1 => sps(data),
        2 => audio(data),
        3 => video(data, kind / 5 % 4),
        _ => hevc_sps(data),
    }
});

fn annex_b(data: &[u8], hevc: bool) {
    let units = given::units(data);
    assert_eq!(nal_units(data).collect::<Vec<_>>(), units);
    for unit in &units {
        assert_eq!(hevc::nal_type(unit), given::hevc_type(unit));
    }
    let codec = if hevc {
        VideoCodec::H265
    } else {
        VideoCodec::H264
    };
    // As if the stream began with its configuration: with the copies, and without.
    let mut expected = Given::default();
    expected.configure(data, hevc);
    expected.video(0, false, data);
    let taken = &expected.video[0];
    for (drops, wanted) in [(false, &taken.data), (true, &taken.lean)] {
        let mut out = b"before".to_vec();
        let seen = append_length_prefixed(codec, data, &mut out, |_| drops);
        assert_eq!(out.strip_prefix(b"before"), Some(&wanted[..]));
        assert_eq!((seen.length, seen.random_access), (wanted.len(), taken.key));
        let sets = units.iter().any(|unit| given::is_set(unit, hevc));
        assert_eq!(seen.parameter_sets, sets && !drops);
    }
}

fn hevc_sps(data: &[u8]) {
    let Some(sps) = HevcSps::parse(data) else {
        return;
    };
    assert_eq!(given::hevc_type(data), Some(33));
    assert!(sps.width > 0 && sps.height > 0 && sps.chroma_format <= 3);
    assert!((8..=15).contains(&sps.bit_depth_luma) && (8..=15).contains(&sps.bit_depth_chroma));
    assert!((1..=7).contains(&sps.sub_layers) && sps.reorder < sps.buffered && sps.buffered <= 16);
    assert!((4..=16).contains(&sps.order_bits) && sps.id <= 15);
}

fn sps(data: &[u8]) {
    let Some(sps) = Sps::parse(data) else { return };
    assert_eq!(data[0] & 0x1f, 7);
    assert!(sps.width > 0 && sps.height > 0 && sps.chroma_format <= 3);
    assert!((8..=14).contains(&sps.bit_depth_luma) && (8..=14).contains(&sps.bit_depth_chroma));
    assert!(sps.reorder.is_none_or(|n| n <= 16));
}

fn audio(data: &[u8]) {
    let Ok(config) = AudioConfig::new(data) else {
        return;
    };
    assert!((1..=192_000).contains(&config.rate()) && (1..=8).contains(&config.channels()));
    let rate = config.rate();
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_audio(config.clone())
        .expect("nothing before it");
    muxer.configure_audio(config).expect("the same once more");
    let mut given = Given::default();
    for frame in 0..3 {
        muxer
            .push(Track::Audio, frame * 21_333, true, b"frame")
            .expect("a frame");
        given.audio(frame * 21_333, b"frame");
    }
    let movie = finish(muxer, &given);
    let track = movie.audio().expect("a track");
    assert_eq!((track.timescale, &track.codec), (rate, b"mp4a"));
    // The configuration stands in the file as it came.
    assert!(track.entry.windows(data.len()).any(|w| w == data));
}

fn video(data: &[u8], quarters: u8) {
    let rotation = Rotation::from_degrees(i32::from(quarters) * 90).expect("quarters");
    let config = match VideoConfig::new(data, rotation) {
        Ok(config) => config,
        Err(error) => {
            assert_eq!(error, MuxError::BadVideoConfig);
            return;
        }
    };
    let ((width, height), hevc) = (config.size(), config.codec() == VideoCodec::H265);
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_video(config.clone())
        .expect("nothing before it");
    muxer.configure_video(config).expect("the same once more");
    let mut given = Given::default();
    given.configure(data, hevc);
    let units: [&[u8]; 2] = if hevc {
        [b"\0\0\0\x01\x26\x01IDR", b"\0\0\x01\x02\x01slice"]
    } else {
        [b"\0\0\0\x01\x65IDR", b"\0\0\x01\x41slice"]
    };
    for (picture, unit) in units.into_iter().enumerate() {
        let pts_us = picture as i64 * 40_000;
        muxer
            .push(Track::Video, pts_us, false, unit)
            .expect("a picture");
        given.video(pts_us, false, unit);
    }
    let movie = finish(muxer, &given);
    let track = movie.video().expect("a track");
    let codec = if hevc { b"hvc1" } else { b"avc1" };
    assert_eq!((track.timescale, &track.codec), (90_000, codec));
    // ISO/IEC 14496-12, 12.1.3: the size is 32 bytes into the sample entry.
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    assert_eq!(track.entry[32..36], size);
    for set in &given.sets {
        assert!(track.entry.windows(set.len()).any(|w| w == *set));
    }
}

fn finish(mut muxer: Muxer, given: &Given) -> custos_fuzz::walk::Movie {
    let fragment = muxer.finish().expect("a fragment").expect("it has samples");
    let movie = walk(&fragment.parts().concat()).unwrap_or_else(|error| panic!("{error}"));
    given
        .check(&movie)
        .unwrap_or_else(|error| panic!("{error}"));
    movie
}
