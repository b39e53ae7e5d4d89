//! Media files that were damaged before they came to us.

use std::fs;

use crate::through::{Bench, large_set, ours, record};

/// Cut anywhere, a file gives an error or what is sound, and what it gives can be sealed.
#[test]
fn truncated_files_end_in_an_error_or_in_what_is_sound() {
    let bench = Bench::new();
    let (cut, sealed) = (bench.dir.path().join("cut"), bench.dir.path().join("x.age"));
    let mut files = vec![
        ours("sample.mp4"),
        ours("sample.h264"),
        ours("sample-h265.mp4"),
        ours("sample.265"),
    ];
    if let Some(large) = large_set() {
        files.extend(
            [
                "mp4ff/v300_multiple_segments.mp4",
                "generated/gen_5s_480p30_baseline.mp4",
            ]
            .map(|name| large.join(name)),
        );
    }
    for file in files {
        let whole = fs::read(&file).unwrap();
        let all = record(&file, &sealed, bench.recipient).unwrap().samples;
        let lengths = (0..40).chain((0..40).map(|i| whole.len() * i / 40));
        for length in lengths {
            fs::write(&cut, &whole[..length]).unwrap();
            match record(&cut, &sealed, bench.recipient) {
                Ok(recorded) => assert!(recorded.samples <= all),
                Err(error) => assert_ne!(error.code(), "media-unreadable", "{length} bytes"),
            }
        }
    }
}

/// The same damage on every run: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }

    fn bend(&mut self, byte: u8, round: usize) -> u8 {
        [0, 0xff, 0x7f, 0x80, byte ^ 1 << (round % 8)][self.below(5)]
    }
}

/// Damaged anywhere in its tables, a file never brings the camera or the muxer down.
#[test]
fn damaged_files_are_survived() {
    let bench = Bench::new();
    let (bent, sealed) = (
        bench.dir.path().join("bent"),
        bench.dir.path().join("x.age"),
    );
    let mut files = vec![ours("sample.mp4"), ours("sample-h265.mp4")];
    if let Some(large) = large_set() {
        files.extend(
            [
                "mp4ff/v300_multiple_segments.mp4",
                "androidx-media/sample_fragmented_seekable_multiple_sidx.mp4",
                "mp4parse-rust/minimal.mp4",
                "mp4-rust/extended_audio_object_type.mp4",
            ]
            .map(|name| large.join(name)),
        );
    }
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for file in files {
        let whole = fs::read(&file).unwrap();
        let tables: Vec<usize> = ["moov", "moof"]
            .iter()
            .filter_map(|kind| whole.windows(4).position(|w| w == kind.as_bytes()))
            .collect();
        for round in 0..150 {
            let mut bytes = whole.clone();
            let start = tables[round % tables.len()];
            for _ in 0..=round % 4 {
                let at = start + random.below((bytes.len() - start).min(2000));
                bytes[at] = random.bend(bytes[at], round);
            }
            fs::write(&bent, &bytes).unwrap();
            let _ = record(&bent, &sealed, bench.recipient);
        }
    }
}

/// Likewise a raw stream, in its parameter sets and slices.
#[test]
fn damaged_streams_are_survived() {
    let bench = Bench::new();
    let (bent, sealed) = (
        bench.dir.path().join("bent"),
        bench.dir.path().join("x.age"),
    );
    let mut files = vec![ours("sample.h264"), ours("sample.265")];
    if let Some(large) = large_set() {
        files.push(large.join("openh264/Cisco_Adobe_PDF_sample_a_1024x768_CAVLC_Bframe_9.264"));
        files.push(large.join("generated/gen_5s_720p25_bf2.h264"));
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for file in files {
        let whole = fs::read(&file).unwrap();
        for round in 0..100 {
            let mut bytes = whole.clone();
            let near = if round % 2 == 0 { 100 } else { bytes.len() };
            for _ in 0..=round % 8 {
                let at = random.below(near);
                bytes[at] = random.bend(bytes[at], round);
            }
            fs::write(&bent, &bytes).unwrap();
            let _ = record(&bent, &sealed, bench.recipient);
        }
    }
}
