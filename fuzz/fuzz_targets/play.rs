//! A clip as a player reads it: any range of any movie, which may also be damaged (and sealed all
//! the same). What a view shows is what the muxer wrote, whole fragments of it.

#![no_main]

use custos_core::{
    Error, EvidenceFault,
    record::{
        AudioConfig, ClipRange, Muxer, Rotation, Track, VideoConfig, open::Opened, play::View,
    },
};
use custos_fuzz::{
    input::Input,
    samples::{Call, Calls},
    sealed,
    walk::{Movie, Sample, walk, walk_view},
};
use libfuzzer_sys::fuzz_target;
use std::{io::Cursor, ops::Range};

/// Boxes of boxes.
const CONTAINERS: [&[u8; 4]; 8] = [
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf",
];

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (Some(setup), Some(from), Some(to), Some(damage)) =
        (input.u8(), input.u32(), input.u32(), input.piece())
    else {
        return;
    };
    let mut plain = movie(input);
    let damaged = spoil(&mut plain, Input(damage));
    let range = ClipRange {
        from_us: i64::from(from as i32) * 1000,
        to_us: (setup & 1 == 0).then_some(i64::from(to as i32) * 1000),
    };
    let file = sealed::seal(&plain);
    let open = || Opened::new(Cursor::new(&file), sealed::identity(0)).expect("just sealed");
    let mut whole = View::unindexed(open(), ClipRange::WHOLE).expect("any plaintext");
    assert!(read(&mut whole, 7_001) == plain);
    match View::unindexed(open(), range) {
        Ok(mut view) => {
            let shown = read(&mut view, 97 + usize::from(setup) * 50);
            parts(&mut view, &shown, to);
            if !damaged && view.span().is_some() {
                check(&view, &shown, &plain, range);
            }
        }
        Err(Error::EmptyRange) => {}
        Err(Error::Evidence(EvidenceFault::NotMedia)) => assert!(damaged || plain.is_empty()),
        Err(other) => panic!("{other}"),
    }
});

/// What the muxer makes of the calls.
fn movie(input: Input<'_>) -> Vec<u8> {
    let mut muxer = Muxer::new(250_000);
    let mut plain = Vec::new();
    for call in Calls::of(input) {
        let fragment = match call {
            Call::ConfigureVideo { annex_b, .. } => {
                if let Ok(config) = VideoConfig::new(&annex_b, Rotation::None) {
                    let _ = muxer.configure_video(config);
                }
                continue;
            }
            Call::ConfigureAudio { config } => {
                if let Ok(config) = AudioConfig::new(&config) {
                    let _ = muxer.configure_audio(config);
                }
                continue;
            }
            Call::Video { pts_us, key, data } => muxer.push(Track::Video, pts_us, key, &data),
            Call::Audio { pts_us, data } => muxer.push(Track::Audio, pts_us, true, &data),
            Call::Flush => muxer.flush(),
            Call::Other(_) => continue,
        };
        if let Ok(Some(fragment)) = fragment {
            plain.extend(fragment.parts().concat());
        }
        if plain.len() > 300_000 {
            break;
        }
    }
    let last = muxer.finish().expect("a fragment");
    plain.extend(last.map_or(Vec::new(), |fragment| fragment.parts().concat()));
    plain
}

/// Whether anything was changed.
fn spoil(plain: &mut Vec<u8>, mut damage: Input<'_>) -> bool {
    let before = plain.clone();
    let mut boxes = Vec::new();
    heads(plain, 0..plain.len(), &mut boxes);
    while let (Some(what), Some(at), Some(value)) = (damage.u8(), damage.u16(), damage.u32()) {
        let head = boxes.get(usize::from(at) % boxes.len().max(1));
        // Mostly in the heads of the first fragments, where the fields are.
        let at = usize::from(at) % plain.len().max(1);
        match what % 6 {
            0 => plain.truncate(at),
            1 => {
                if let Some(field) = plain.get_mut(at..at + 4) {
                    field.copy_from_slice(&value.to_be_bytes());
                }
            }
            2 => {
                if let Some(byte) = plain.get_mut(at) {
                    *byte ^= value as u8;
                }
            }
            3 => {
                let end = (at + (value as usize & 0xfff)).min(plain.len());
                drop(plain.drain(at..end));
            }
            // The size of a box, by a little; a field in it.
            4 => {
                if let Some(size) = head.and_then(|at| plain.get_mut(*at..)?.first_chunk_mut()) {
                    let more = i32::from(value as i16).cast_unsigned();
                    *size = u32::from_be_bytes(*size).wrapping_add(more).to_be_bytes();
                }
            }
            _ => {
                let field = head.map(|at| at + 8 + usize::from(what / 6) * 4);
                if let Some(field) = field.and_then(|at| plain.get_mut(at..at + 4)) {
                    field.copy_from_slice(&value.to_be_bytes());
                }
            }
        }
    }
    *plain != before
}

/// Where the boxes of a sound movie begin, with those in them.
fn heads(plain: &[u8], range: Range<usize>, found: &mut Vec<usize>) {
    let mut at = range.start;
    while let Some([size, kind]) = plain[at..range.end].first_chunk::<8>().map(|head| {
        let (size, kind) = head.split_at(4);
        [size, kind].map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")))
    }) {
        let end = at + size as usize;
        found.push(at);
        if CONTAINERS.contains(&&kind.to_be_bytes()) {
            heads(plain, at + 8..end, found);
        }
        at = end;
    }
}

/// All of a view, so many bytes at a time.
fn read(view: &mut View<Cursor<&Vec<u8>>>, step: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = vec![0; step];
    while let Ok(read @ 1..) = view.read_at(all.len() as u64, &mut buffer) {
        assert!(read == step || (all.len() + read) as u64 == view.size());
        all.extend_from_slice(&buffer[..read]);
    }
    assert!(all.len() as u64 <= view.size());
    all
}

/// Any part is the same as in the whole.
fn parts(view: &mut View<Cursor<&Vec<u8>>>, shown: &[u8], seed: u32) {
    if shown.len() as u64 != view.size() {
        return; // damaged further on
    }
    let mut buffer = vec![0; 300];
    for turn in 0..8_u32 {
        let at = seed.wrapping_mul(turn + 1).wrapping_add(turn * 77) as usize % (shown.len() + 50);
        let read = view
            .read_at(at as u64, &mut buffer)
            .expect("it was read before");
        let expected = shown.get(at..).unwrap_or_default();
        assert!(buffer[..read] == expected[..expected.len().min(300)]);
    }
    assert_eq!(
        view.read_at(u64::MAX, &mut buffer).expect("beyond the end"),
        0
    );
}

fn check(view: &View<Cursor<&Vec<u8>>>, shown: &[u8], plain: &[u8], range: ClipRange) {
    let movie = walk(plain).unwrap_or_else(|error| panic!("{error}"));
    let seen = walk_view(shown).unwrap_or_else(|error| panic!("{error}"));
    let span = view.span().expect("asked before");
    for (track, seen_track) in [(movie.video(), seen.video()), (movie.audio(), seen.audio())] {
        let (all, seen) = (Movie::samples(track), Movie::samples(seen_track));
        let Some(track) = track else { continue };
        // Samples in a row, each as it was, all moved alike.
        let us = |sample: &Sample, by_us: i64| {
            (i128::from(sample.pts) * 1_000_000 / i128::from(track.timescale)) as i64 + by_us
        };
        let first = seen.first().and_then(|first| {
            let same = |s: &Sample| {
                s.data == first.data && (us(s, 0) - us(first, span.from_us)).abs() <= 50
            };
            all.iter().position(same)
        });
        assert_eq!(first.is_none(), seen.is_empty());
        let first = first.unwrap_or(0);
        for (sample, seen) in all[first..].iter().zip(seen) {
            assert!(sample.data == seen.data && sample.sync == seen.sync);
            assert!((us(sample, 0) - us(seen, span.from_us)).abs() <= 50);
        }
        assert!(seen.len() <= all.len() - first);
        // What is presented in the range is there.
        let shown = if seen.is_empty() {
            0..0
        } else {
            first..first + seen.len()
        };
        for (at, sample) in all.iter().enumerate() {
            let wanted =
                us(sample, 0) > range.from_us && range.to_us.is_none_or(|to| us(sample, 0) < to);
            assert!(
                !wanted || shown.contains(&at),
                "a sample at {} is not shown",
                us(sample, 0)
            );
        }
    }
}
