//! What a `trak` says: which codec, how time runs, how the picture is turned.

use custos_core::record::{Rotation, Track, VideoCodec};
use mp4_atom::{Avcc, Elst, Esds, Hvcc, Mdhd, Tkhd};

use super::boxes::{child, children, decode, decode_child, need};
use super::table::{SampleRef, Table};
use super::{AudioInfo, CameraError, VideoInfo};

/// Fixed parts of sample entries before the boxes in them (§12.1.3, §12.2.3).
const VISUAL_ENTRY: usize = 78;
const AUDIO_ENTRY: usize = 28;

/// A track that can be recorded.
#[derive(Debug)]
pub(super) struct TrackInfo {
    pub(super) id: u32,
    pub(super) codec: Codec,
    pub(super) time: Timing,
    pub(super) table: Table,
    /// Length in the track's ticks, as stated.
    pub(super) duration: u64,
}

#[derive(Debug)]
pub(super) enum Codec {
    Video { info: VideoInfo, length_size: u8 },
    Audio(AudioInfo),
}

impl Codec {
    pub(super) fn track(&self) -> Track {
        match self {
            Self::Video { .. } => Track::Video,
            Self::Audio(_) => Track::Audio,
        }
    }
}

/// From a track's ticks to the time that the tracks share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    timescale: u32,
    /// The edit list as a shift: the time in the media that is presented at zero …
    media_start: i64,
    /// … and how much later than zero, in µs.
    delay_us: i64,
}

impl Timing {
    pub(super) fn us(&self, ticks: i64) -> i64 {
        let scale = i128::from(self.timescale);
        let ticks = i128::from(ticks) - i128::from(self.media_start);
        let us = (ticks * 2_000_000 + scale).div_euclid(scale * 2) + i128::from(self.delay_us);
        us.clamp(i128::from(i64::MIN / 2), i128::from(i64::MAX / 2)) as i64
    }

    pub(super) fn pts_us(&self, sample: &SampleRef) -> i64 {
        self.us(sample.dts.saturating_add(sample.composition))
    }

    /// How long so many ticks are, in µs.
    pub(super) fn length_us(&self, ticks: u64) -> i64 {
        let us = u128::from(ticks) * 1_000_000 / u128::from(self.timescale);
        i64::try_from(us).unwrap_or(i64::MAX)
    }
}

/// Reads the content of a `trak`; `None` if it is neither video nor audio.
///
/// Edit lists only shift time: everything that was recorded is evidence, whether it is played or
/// not.
pub(super) fn parse(trak: &[u8], movie_timescale: u32) -> Result<Option<TrackInfo>, CameraError> {
    let Some(mdia) = child(trak, b"mdia") else {
        return Ok(None);
    };
    // `hdlr`: version and flags, four bytes, the handler.
    let handler = child(mdia, b"hdlr").and_then(|body| body.get(8..12));
    if !matches!(handler, Some(b"vide" | b"soun")) {
        return Ok(None);
    }
    let tkhd: Tkhd = need(trak)?;
    let mdhd: Mdhd = need(mdia)?;
    let stbl = child(mdia, b"minf")
        .and_then(|minf| child(minf, b"stbl"))
        .ok_or(CameraError::Broken("a track has no sample table"))?;
    let codec = sample_entry(stbl, rotation(&tkhd))?;
    if mdhd.timescale == 0 {
        return Err(CameraError::Broken("a track has no timescale"));
    }
    let mut time = Timing {
        timescale: mdhd.timescale,
        media_start: 0,
        delay_us: 0,
    };
    if let Some(edits) = child(trak, b"edts")
        .map(decode_child::<Elst>)
        .transpose()?
        .flatten()
    {
        apply_edits(&mut time, &edits, movie_timescale);
    }
    let table = Table::new(stbl)?;
    Ok(Some(TrackInfo {
        id: tkhd.track_id,
        codec,
        time,
        table,
        duration: mdhd.duration,
    }))
}

/// §8.6.6: empty edits delay the track, the first real one says where the media begins.
fn apply_edits(time: &mut Timing, edits: &Elst, movie_timescale: u32) {
    let mut delay = 0u64;
    for edit in &edits.entries {
        match edit.media_time {
            None => delay = delay.saturating_add(edit.segment_duration),
            Some(start) => {
                time.media_start = i64::try_from(start).unwrap_or(0);
                break;
            }
        }
    }
    if movie_timescale > 0 {
        let us = u128::from(delay) * 1_000_000 / u128::from(movie_timescale);
        time.delay_us = i64::try_from(us).unwrap_or(0);
    }
}

/// The rotation in a track's matrix; what is none, is none.
fn rotation(tkhd: &Tkhd) -> Rotation {
    let m = &tkhd.matrix;
    match [m.a, m.b, m.c, m.d].map(i32::signum) {
        [0, 1, -1, 0] => Rotation::Quarter,
        [-1, 0, 0, -1] => Rotation::Half,
        [0, -1, 1, 0] => Rotation::ThreeQuarters,
        _ => Rotation::None,
    }
}

fn sample_entry(stbl: &[u8], rotation: Rotation) -> Result<Codec, CameraError> {
    let entries = child(stbl, b"stsd")
        .and_then(|body| body.get(8..))
        .ok_or(CameraError::Broken("a track has no sample description"))?;
    let (kind, body) = children(entries)
        .next()
        .ok_or(CameraError::Broken("a track has no sample description"))?;
    match &kind {
        b"avc1" | b"avc3" => h264_entry(body, rotation),
        b"hvc1" | b"hev1" => h265_entry(body, rotation),
        b"mp4a" => audio_entry(body),
        b"encv" | b"enca" => Err(CameraError::Unsupported("it is encrypted")),
        b"av01" => Err(CameraError::Unsupported(
            "its video is AV1, not H.264 or H.265",
        )),
        b"vp08" | b"vp09" => Err(CameraError::Unsupported(
            "its video is VP8 or VP9, not H.264 or H.265",
        )),
        b"mp4v" => Err(CameraError::Unsupported(
            "its video is MPEG-4 Part 2, not H.264 or H.265",
        )),
        b"samr" | b"sawb" => Err(CameraError::Unsupported("its audio is AMR, not AAC-LC")),
        _ => Err(CameraError::Unsupported(
            "its codecs are not H.264 or H.265 and AAC-LC",
        )),
    }
}

fn h264_entry(body: &[u8], rotation: Rotation) -> Result<Codec, CameraError> {
    let boxes = body.get(VISUAL_ENTRY..).unwrap_or_default();
    let avcc: Avcc = need(boxes)?;
    let sps = avcc.sequence_parameter_sets.iter();
    let sets = sps.chain(&avcc.picture_parameter_sets);
    Ok(Codec::Video {
        info: VideoInfo::new(annex_b(sets), rotation)?,
        length_size: avcc.length_size,
    })
}

fn h265_entry(body: &[u8], rotation: Rotation) -> Result<Codec, CameraError> {
    let boxes = body.get(VISUAL_ENTRY..).unwrap_or_default();
    let hvcc: Hvcc = need(boxes)?;
    let sets = hvcc.arrays.iter().flat_map(|array| &array.nalus);
    // Other NAL units than parameter sets may stand there; they are not taken over.
    let sets = sets.filter(|unit| VideoCodec::H265.is_parameter_set(unit));
    Ok(Codec::Video {
        info: VideoInfo::new(annex_b(sets), rotation)?,
        length_size: hvcc.length_size_minus_one + 1,
    })
}

fn annex_b<'a>(units: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let framed = units.map(|unit| [&[0, 0, 0, 1], unit.as_slice()].concat());
    framed.collect::<Vec<_>>().concat()
}

fn audio_entry(body: &[u8]) -> Result<Codec, CameraError> {
    // QuickTime's versions 1 and 2 have more fields before the boxes.
    let more = match body.get(8..10) {
        Some([0, 1]) => 16,
        Some([0, 2]) => 36,
        _ => 0,
    };
    let boxes = body.get(AUDIO_ENTRY + more..).unwrap_or_default();
    let esds = child(boxes, b"esds")
        .or_else(|| child(boxes, b"wave").and_then(|wave| child(wave, b"esds")))
        .ok_or(CameraError::Broken("an audio track has no description"))?;
    let esds: Esds = decode(esds)?;
    let decoder = esds.es_desc.dec_config;
    // ISO/IEC 14496-3, and the AAC profiles of ISO/IEC 13818-7.
    if !matches!(decoder.object_type_indication, 0x40 | 0x66..=0x68) {
        return Err(CameraError::Unsupported("its audio is not AAC-LC"));
    }
    let config = decoder.dec_specific.ok_or(CameraError::Unsupported(
        "its audio has no AudioSpecificConfig",
    ))?;
    Ok(Codec::Audio(AudioInfo::new(config.raw)?))
}
