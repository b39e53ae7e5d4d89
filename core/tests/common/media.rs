//! The sample that ships with the repository, as an encoder would hand it over.

use std::path::PathBuf;

use custos_core::{
    Recording,
    record::{
        Track,
        annexb::{NAL_IDR, NAL_PPS, NAL_SPS, nal_type, nal_units},
    },
};

const FRAME_US: i64 = 40_000;

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/media")
        .join(name);
    std::fs::read(path).unwrap()
}

pub(crate) fn photo() -> Vec<u8> {
    sample("photo.jpg")
}

/// Access units of the sample in decoding order, and whether each is a key frame; and the
/// parameter sets, Annex-B.
pub(crate) fn video() -> (Vec<u8>, Vec<(bool, Vec<u8>)>) {
    let stream = sample("sample.h264");
    let (mut config, mut units, mut pending) = (Vec::new(), Vec::new(), Vec::new());
    for nal in nal_units(&stream) {
        let framed = [&[0, 0, 0, 1], nal].concat();
        match nal_type(nal) {
            NAL_SPS | NAL_PPS if units.is_empty() => config.extend(framed),
            kind @ (1 | NAL_IDR) => {
                pending.extend(framed);
                units.push((kind == NAL_IDR, std::mem::take(&mut pending)));
            }
            _ => pending.extend(framed),
        }
    }
    (config, units)
}

/// Records the sample `times` over.
pub(crate) fn record(recording: &Recording, times: usize) {
    let (config, units) = video();
    recording.configure_video(&config).unwrap();
    let mut pts_us = 0;
    for _ in 0..times {
        for (key, unit) in &units {
            let _ = recording.append(Track::Video, pts_us, *key, unit).unwrap();
            recording.wait_for_room().unwrap();
            pts_us += FRAME_US;
        }
    }
}
