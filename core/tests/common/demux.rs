//! What is in a fragmented MP4 file: its samples, in the order in which they lie there.

use mp4_atom::{Decode as _, Header, Moof, Moov};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Out {
    pub(crate) video: bool,
    /// µs from the file's beginning.
    pub(crate) pts_us: i64,
    pub(crate) data: Vec<u8>,
}

/// Every box must be whole, and the data all of it a sample's.
pub(crate) fn demux(mut file: &[u8]) -> Vec<Out> {
    let mut scales = Vec::new();
    let mut runs: Vec<(u32, i64, u32)> = Vec::new();
    let mut out = Vec::new();
    while !file.is_empty() {
        let size = u32::from_be_bytes(*file.first_chunk().unwrap()) as usize;
        let (mut this, rest) = file.split_at(size);
        file = rest;
        match &this[4..8] {
            b"moov" => {
                let moov = Moov::decode(&mut this).unwrap();
                let scale = |t: &mp4_atom::Trak| (t.tkhd.track_id, t.mdia.mdhd.timescale);
                scales = moov.trak.iter().map(scale).collect();
            }
            b"moof" => runs = places(&Moof::decode(&mut this).unwrap()),
            b"mdat" => {
                Header::decode(&mut this).unwrap();
                for (track, pts, size) in runs.drain(..) {
                    let scale = scales.iter().find(|s| s.0 == track).unwrap().1;
                    let (data, rest) = this.split_at(size as usize);
                    this = rest;
                    out.push(Out {
                        video: track == 1,
                        pts_us: (pts * 1_000_000 + i64::from(scale) / 2) / i64::from(scale),
                        data: data.to_vec(),
                    });
                }
                assert!(this.is_empty(), "{} bytes are nobody's", this.len());
            }
            _ => {}
        }
    }
    out
}

/// Track, presentation time and size of each sample.
fn places(moof: &Moof) -> Vec<(u32, i64, u32)> {
    let mut places = Vec::new();
    for traf in &moof.traf {
        let mut dts = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
        for sample in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
            let pts = dts + sample.cts.unwrap_or(0);
            let size = sample.size.or(traf.tfhd.default_sample_size);
            places.push((traf.tfhd.track_id, pts, size.unwrap()));
            let duration = sample.duration.or(traf.tfhd.default_sample_duration);
            dts += i64::from(duration.unwrap());
        }
    }
    places
}
