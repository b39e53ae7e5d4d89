mod sequences;

use mp4_atom::{Decode, Header, Moof, Moov};
use proptest::prelude::*;

use super::super::codec::Rotation;
use super::super::timeline::to_us;
use super::*;

mod long;

/// 1280x720 at 25 pictures a second, two of which may be reordered.
const HIGH: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00,
    0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60, 0, 0, 0, 1, 0x68, 0xef,
    0xbc, 0xb0,
];
const AAC: &[u8] = &[0x11, 0x90];
const IDR: &[u8] = &[0, 0, 0, 1, 0x65, 0x88, 0x84];
const SLICE: &[u8] = &[0, 0, 0, 1, 0x41, 0x9a];

fn muxer() -> Muxer {
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_video(VideoConfig::new(HIGH, Rotation::None).unwrap())
        .unwrap();
    muxer
        .configure_audio(AudioConfig::new(AAC).unwrap())
        .unwrap();
    muxer
}

/// What is in a fragment: `moov` if it begins with one, and `moof`; the sizes must fit.
fn read(fragment: &Fragment) -> (Option<Moov>, Moof) {
    let bytes = fragment.parts().concat();
    assert_eq!(bytes.len(), fragment.bytes());
    let mut rest = bytes.as_slice();
    let mut moov = None;
    loop {
        let header = Header::decode(&mut &*rest).unwrap();
        if header.kind == mp4_atom::FourCC::new(b"moof") {
            break;
        }
        if header.kind == mp4_atom::FourCC::new(b"moov") {
            moov = Some(Moov::decode(&mut rest).unwrap());
        } else {
            rest = &rest[header.size.unwrap() + 8..];
        }
    }
    let before = rest.len();
    let moof = Moof::decode(&mut rest).unwrap();
    let head = before - rest.len() + 8;
    let mdat = Header::decode(&mut rest).unwrap();
    assert_eq!(mdat.size, Some(rest.len()));
    // Each run lies behind the one before it, and together they are the data.
    let mut at = head;
    for traf in &moof.traf {
        for trun in &traf.trun {
            assert_eq!(trun.data_offset, Some(at as i32));
            at += trun
                .samples
                .iter()
                .map(|s| s.size.unwrap() as usize)
                .sum::<usize>();
        }
    }
    assert_eq!(at, head + rest.len());
    (moov, moof)
}

/// Decoding times and presentation times of a track in a fragment, and where it ends.
fn times(moof: &Moof, track: u32) -> Option<(Vec<(i64, i64)>, i64)> {
    let traf = moof.traf.iter().find(|t| t.tfhd.track_id == track)?;
    let mut dts = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
    let mut list = Vec::new();
    for sample in &traf.trun[0].samples {
        list.push((dts, dts + sample.cts.unwrap_or(0)));
        let duration = sample
            .duration
            .or(traf.tfhd.default_sample_duration)
            .unwrap();
        assert!(duration > 0);
        dts += i64::from(duration);
    }
    Some((list, dts))
}

#[test]
fn fragments_end_at_the_target_and_better_at_a_key_frame() {
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_video(VideoConfig::new(HIGH, Rotation::None).unwrap())
        .unwrap();
    let mut ends = Vec::new();
    for picture in 0..100i64 {
        // A key frame every 20 pictures: 0.8 s, near enough.
        let key = picture % 20 == 0 && picture < 50;
        let data = if key { IDR } else { SLICE };
        if let Some(fragment) = muxer
            .push(Track::Video, picture * 40_000, key, data)
            .unwrap()
        {
            ends.push((picture, fragment.samples));
        }
    }
    assert_eq!(ends, [(20, 20), (40, 20), (65, 25), (90, 25)]);
    assert_eq!(muxer.finish().unwrap().unwrap().samples, 10);
    assert!(muxer.finish().unwrap().is_none());
}

/// Key frames a little more than two seconds apart: every one of them begins a fragment, though
/// fragments are one second long, and all-intra video is not cut at every picture.
#[test]
fn fragments_and_key_frames_do_not_get_out_of_step() {
    let ends = |keys_apart: i64| {
        let mut muxer = Muxer::new(1_000_000);
        let config = VideoConfig::new(HIGH, Rotation::None).unwrap();
        muxer.configure_video(config).unwrap();
        let mut fragments = Vec::new();
        for picture in 0..600 {
            let key = picture % keys_apart == 0;
            let unit = if key { IDR } else { SLICE };
            fragments.extend(
                muxer
                    .push(Track::Video, picture * 40_000, key, unit)
                    .unwrap(),
            );
        }
        fragments.extend(muxer.finish().unwrap());
        fragments
    };
    let fragments = ends(52);
    let begins = fragments.iter().filter(|f| f.sync).count();
    assert_eq!(begins, 600_usize.div_ceil(52));
    assert!(fragments.len() <= 3 * begins, "{}", fragments.len());
    assert!(ends(1).len() <= 33, "{}", ends(1).len());
}

#[test]
fn both_tracks_are_moved_alike() {
    let mut muxer = muxer();
    // The sound begins 100 ms before the picture, at a negative time.
    for frame in 0..20 {
        muxer
            .push(
                Track::Audio,
                -150_000 + frame * 1_024_000 / 48,
                true,
                &[1, 2],
            )
            .unwrap();
    }
    for picture in 0..5 {
        muxer
            .push(Track::Video, -50_000 + picture * 40_000, picture == 0, IDR)
            .unwrap();
    }
    let fragment = muxer.finish().unwrap().unwrap();
    let (moov, moof) = read(&fragment);
    assert_eq!(moov.unwrap().trak.len(), 2);
    let video = times(&moof, VIDEO_TRACK).unwrap().0;
    let audio = times(&moof, AUDIO_TRACK).unwrap().0;
    assert_eq!(audio[0].1, 0);
    // 100 ms.
    assert!((video[0].1 - 9000).abs() <= 1, "{video:?}");
}

#[test]
fn sound_that_comes_late_is_waited_for() {
    let mut muxer = muxer();
    for picture in 0..40 {
        assert!(
            muxer
                .push(Track::Video, picture * 40_000, false, SLICE)
                .unwrap()
                .is_none()
        );
    }
    muxer.push(Track::Audio, 10_000, true, &[1]).unwrap();
    let fragment = muxer
        .push(Track::Video, 40 * 40_000, false, SLICE)
        .unwrap()
        .unwrap();
    assert_eq!(read(&fragment).1.traf.len(), 2);
}

#[test]
fn sound_alone_makes_fragments() {
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_audio(AudioConfig::new(AAC).unwrap())
        .unwrap();
    let mut fragments = 0;
    for frame in 0..470i64 {
        let pts = frame * 1_024_000 / 48;
        fragments += u32::from(
            muxer
                .push(Track::Audio, pts, true, &[7; 100])
                .unwrap()
                .is_some(),
        );
    }
    assert_eq!(fragments, 9);
}

#[test]
fn parameter_sets_in_band_make_an_avc3() {
    for (in_band, expected) in [(false, "avc1"), (true, "avc3")] {
        let mut muxer = Muxer::new(1_000_000);
        muxer
            .configure_video(VideoConfig::new(HIGH, Rotation::Quarter).unwrap())
            .unwrap();
        let unit = if in_band {
            [HIGH, IDR].concat()
        } else {
            IDR.to_vec()
        };
        muxer.push(Track::Video, 0, true, &unit).unwrap();
        let moov = read(&muxer.finish().unwrap().unwrap()).0.unwrap();
        let track = &moov.trak[0];
        let kind = match &track.mdia.minf.stbl.stsd.codecs[0] {
            mp4_atom::Codec::Avc1(entry) => {
                assert_eq!((entry.visual.width, entry.visual.height), (1280, 720));
                "avc1"
            }
            mp4_atom::Codec::Avc3(_) => "avc3",
            other => panic!("{other:?}"),
        };
        assert_eq!(kind, expected);
        assert_eq!(
            (track.tkhd.matrix.b, track.tkhd.matrix.c),
            (0x1_0000, -0x1_0000)
        );
    }
}

/// 1280x720 by x265, Main, two pictures reordered.
const HEVC: &[u8] = &[
    0, 0, 0, 1, 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00,
    0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0x95, 0x98, 0x09, 0, 0, 0, 1, 0x42, 0x01, 0x01, 0x01,
    0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0xa0, 0x02,
    0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0xc0, 0x5a, 0x02, 0x00, 0x00, 0x03, 0x00,
    0x02, 0x00, 0x00, 0x03, 0x00, 0x32, 0x10, 0, 0, 0, 1, 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40,
];

fn hevc_slice(kind: u8) -> Vec<u8> {
    vec![0, 0, 0, 1, kind << 1, 1, 0xaf, 9]
}

#[test]
fn h265_has_its_own_entries_and_flags() {
    for (in_band, expected) in [(false, "hvc1"), (true, "hev1")] {
        let mut muxer = Muxer::new(1_000_000);
        muxer
            .configure_video(VideoConfig::new(HEVC, Rotation::None).unwrap())
            .unwrap();
        // IDR, CRA, RASL, RADL, and one that is none of these.
        for (picture, kind) in [19, 21, 8, 6, 1].into_iter().enumerate() {
            let sets = if in_band { HEVC } else { &[] };
            let unit = [sets, &hevc_slice(kind)].concat();
            let pts_us = picture as i64 * 40_000;
            muxer.push(Track::Video, pts_us, false, &unit).unwrap();
        }
        let (moov, moof) = read(&muxer.finish().unwrap().unwrap());
        let (kind, size) = match &moov.unwrap().trak[0].mdia.minf.stbl.stsd.codecs[0] {
            mp4_atom::Codec::Hvc1(e) => ("hvc1", (e.visual.width, e.visual.height)),
            mp4_atom::Codec::Hev1(e) => ("hev1", (e.visual.width, e.visual.height)),
            other => panic!("{other:?}"),
        };
        assert_eq!((kind, size), (expected, (1280, 720)));
        let samples = &moof.traf[0].trun[0].samples;
        let flags: Vec<u32> = samples.iter().filter_map(|s| s.flags).collect();
        let other = 0x0101_0000;
        assert_eq!(
            flags,
            [
                0x0200_0000,
                0x0200_0000,
                other | 1 << 26,
                other | 3 << 26,
                other
            ]
        );
    }
}

/// Where the sample entry does not allow for parameter sets in samples, copies of what it has
/// are left out, and only those.
#[test]
fn sets_that_come_late_are_not_said_twice() {
    let mut muxer = Muxer::new(1_000_000);
    muxer
        .configure_video(VideoConfig::new(HIGH, Rotation::None).unwrap())
        .unwrap();
    muxer.push(Track::Video, 0, true, IDR).unwrap();
    assert!(muxer.flush().unwrap().is_some());
    let other: &[u8] = &[0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80];
    for (picture, unit) in [[HIGH, IDR].concat(), [other, IDR].concat()]
        .iter()
        .enumerate()
    {
        let pts_us = 40_000 * (picture as i64 + 1);
        muxer.push(Track::Video, pts_us, true, unit).unwrap();
    }
    let (_, moof) = read(&muxer.finish().unwrap().unwrap());
    let samples = &moof.traf[0].trun[0].samples;
    let sizes: Vec<u32> = samples.iter().filter_map(|s| s.size).collect();
    assert_eq!(sizes, [7, 15]);
}

#[test]
fn the_position_is_that_of_the_file() {
    let mut muxer = muxer();
    assert_eq!(muxer.position_us(), 0);
    muxer.push(Track::Audio, 4_980_000, true, &[1]).unwrap();
    for (at, pts) in [5_000_000, 5_080_000, i64::MAX, 5_160_000]
        .into_iter()
        .enumerate()
    {
        muxer.push(Track::Video, pts, at == 0, IDR).unwrap();
    }
    assert_eq!(muxer.position_us(), 180_000);
    assert!(muxer.flush().unwrap().is_some());
    // Two pictures may be reordered: the first one is shown 80 ms after the file's beginning.
    assert_eq!(muxer.position_us(), 240_000);
    muxer.push(Track::Video, 5_200_000, false, SLICE).unwrap();
    assert_eq!(muxer.position_us(), 280_000);
}

#[test]
fn what_is_refused() {
    let mut muxer = Muxer::new(1_000_000);
    assert_eq!(
        muxer.push(Track::Video, 0, true, IDR).unwrap_err(),
        MuxError::NotConfigured
    );
    assert_eq!(
        muxer.push(Track::Audio, 0, true, &[1]).unwrap_err(),
        MuxError::NotConfigured
    );
    let video = VideoConfig::new(HIGH, Rotation::None).unwrap();
    muxer.configure_video(video.clone()).unwrap();
    assert_eq!(
        muxer.push(Track::Video, 0, true, &[1, 2]).unwrap_err(),
        MuxError::BadSample
    );
    let large = vec![0; MAX_SAMPLE + 1];
    assert_eq!(
        muxer.push(Track::Video, 0, true, &large).unwrap_err(),
        MuxError::SampleTooLarge
    );
    muxer.push(Track::Video, 0, true, IDR).unwrap();
    muxer.configure_video(video).unwrap();
    let turned = VideoConfig::new(HIGH, Rotation::Half).unwrap();
    assert_eq!(
        muxer.configure_video(turned).unwrap_err(),
        MuxError::ConfigTooLate
    );
    assert!(muxer.flush().unwrap().is_some());
    let audio = AudioConfig::new(AAC).unwrap();
    assert_eq!(
        muxer.configure_audio(audio).unwrap_err(),
        MuxError::ConfigTooLate
    );
}

/// Pictures in decoding order with one or two B-frames, committed after each single one.
#[test]
fn a_forced_end_anywhere_keeps_every_time() {
    for every in 1..8usize {
        let mut muxer = Muxer::new(1_000_000);
        muxer
            .configure_video(VideoConfig::new(HIGH, Rotation::None).unwrap())
            .unwrap();
        let order = [0i64, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11];
        let (mut got, mut end) = (Vec::new(), 0);
        let mut take = |fragment: Option<Fragment>| {
            let Some(fragment) = fragment else { return };
            let (list, until) = times(&read(&fragment).1, VIDEO_TRACK).unwrap();
            assert!(list[0].0 >= end, "fragments of {every}");
            end = until;
            got.extend(list);
        };
        for (at, picture) in order.iter().enumerate() {
            take(
                muxer
                    .push(Track::Video, picture * 40_000, at == 0, SLICE)
                    .unwrap(),
            );
            if at % every == 0 {
                take(muxer.flush().unwrap());
            }
        }
        take(muxer.finish().unwrap());
        let first = got[0].1;
        for ((dts, pts), picture) in got.into_iter().zip(order) {
            assert_eq!(pts - first, picture * 3600);
            assert!(dts <= pts, "fragments of {every}: {dts} > {pts}");
        }
    }
}

proptest! {
    /// Whatever times come: every box fits, decoding times rise, fragments do not overlap, and
    /// no sample is lost.
    #[test]
    fn any_times_make_sound_fragments(
        samples in prop::collection::vec(
            (any::<bool>(), prop_oneof![
                8 => 0..20_000_000i64,
                1 => any::<i64>(),
                1 => -3_000_000..0i64,
            ], 0..40u8, any::<bool>()),
            1..200,
        ),
    ) {
        let mut muxer = muxer();
        let (mut given, mut taken) = (0, 0);
        let mut end = [0i64; 2];
        let mut check = |fragment: Option<Fragment>| {
            let Some(fragment) = fragment else { return };
            let (moov, moof) = read(&fragment);
            assert_eq!(moov.is_some(), fragment.number == 1);
            for (track, end) in [VIDEO_TRACK, AUDIO_TRACK].into_iter().zip(&mut end) {
                let Some((list, until)) = times(&moof, track) else { continue };
                assert!(list[0].0 >= *end, "{} < {end}", list[0].0);
                *end = until;
                taken += list.len();
            }
        };
        for (video, pts, flush, key) in samples {
            given += 1;
            let (track, data) = if video { (Track::Video, SLICE) } else { (Track::Audio, SLICE) };
            check(muxer.push(track, pts, key, data).unwrap());
            if flush == 0 {
                check(muxer.flush().unwrap());
            }
        }
        check(muxer.finish().unwrap());
        prop_assert_eq!(given, taken);
    }
}
