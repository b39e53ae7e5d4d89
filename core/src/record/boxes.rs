//! The boxes of a fragmented MP4 file (ISO/IEC 14496-12): what it begins with, and the head of
//! each fragment.

use mp4_atom::{
    Audio, Codec, Dinf, Dref, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Header, Matrix, Mdhd, Mdia,
    Mfhd, Minf, Moof, Moov, Mp4a, Mvex, Mvhd, Smhd, Stbl, Stco, Stsd, Tfdt, Tfhd, Tkhd, Traf, Trak,
    Trex, Trun, TrunEntry, Url, Vmhd, esds,
};

use super::annexb::Leading;
use super::codec::{AudioConfig, Rotation, VideoConfig};
use super::timeline::VIDEO_TIMESCALE;

pub(crate) const VIDEO_TRACK: u32 = 1;
pub(crate) const AUDIO_TRACK: u32 = 2;

/// Sample flags (§8.8.3.1): depends on no other; and: depends on others, is not a sync sample.
const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;
/// `is_leading`: a leading picture that cannot be decoded from the picture that it follows, and
/// one that can.
const LEADING_SKIPPED: u32 = 1 << 26;
const LEADING_DECODABLE: u32 = 3 << 26;

const BOX_HEADER: usize = 8;

/// `ftyp` and `moov` (§4.3, §8.2, with `mvex`, §8.8.1). `in_band`: samples carry parameter sets
/// of their own.
pub(crate) fn init_segment(
    video: Option<&VideoConfig>,
    audio: Option<&AudioConfig>,
    in_band: bool,
) -> Result<Vec<u8>, mp4_atom::Error> {
    let ftyp = Ftyp {
        // MediaInfo does not know `iso6` as a major brand.
        major_brand: FourCC::new(b"iso5"),
        minor_version: 0,
        compatible_brands: [b"iso5", b"iso6", b"mp41"].map(FourCC::new).to_vec(),
    };
    let trex = |track_id| Trex {
        track_id,
        default_sample_description_index: 1,
        ..Default::default()
    };
    let moov = Moov {
        mvhd: Mvhd {
            timescale: 1000,
            rate: FixedPoint::from(1),
            volume: FixedPoint::from(1),
            next_track_id: AUDIO_TRACK + 1,
            ..Default::default()
        },
        mvex: Some(Mvex {
            mehd: None,
            trex: [
                video.map(|_| trex(VIDEO_TRACK)),
                audio.map(|_| trex(AUDIO_TRACK)),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }),
        trak: [
            video.map(|v| video_track(v, in_band)),
            audio.map(audio_track),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..Default::default()
    };
    let mut out = Vec::with_capacity(1024);
    ftyp.encode(&mut out)?;
    moov.encode(&mut out)?;
    Ok(out)
}

fn video_track(config: &VideoConfig, in_band: bool) -> Trak {
    let (width, height) = config.size();
    Trak {
        tkhd: Tkhd {
            track_id: VIDEO_TRACK,
            enabled: true,
            in_movie: true,
            matrix: matrix(config.rotation, width, height),
            width: FixedPoint::from(width),
            height: FixedPoint::from(height),
            ..Default::default()
        },
        mdia: Mdia {
            mdhd: mdhd(VIDEO_TIMESCALE),
            hdlr: Hdlr {
                handler: FourCC::new(b"vide"),
                name: "Video".into(),
            },
            minf: Minf {
                vmhd: Some(Vmhd::default()),
                dinf: dinf(),
                stbl: stbl(config.sample_entry(in_band)),
                ..Default::default()
            },
        },
        ..Default::default()
    }
}

fn audio_track(config: &AudioConfig) -> Trak {
    let codec = Codec::from(Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: config.channels,
            sample_size: 16,
            // 16 bits; rates above are in the AudioSpecificConfig alone.
            sample_rate: FixedPoint::from(u16::try_from(config.rate).unwrap_or(0)),
        },
        esds: esds::Esds {
            es_desc: esds::EsDescriptor {
                es_id: 0, // §3.1.2 of ISO/IEC 14496-14: the lower bits of the track id, or zero
                dec_config: esds::DecoderConfig {
                    object_type_indication: 0x40, // ISO/IEC 14496-3
                    stream_type: 5,               // audio
                    dec_specific: Some(esds::DecoderSpecific {
                        raw: config.raw.clone(),
                        ..Default::default()
                    }),
                    ..Default::default()
                },
                ..Default::default()
            },
        },
        btrt: None,
        taic: None,
    });
    Trak {
        tkhd: Tkhd {
            track_id: AUDIO_TRACK,
            enabled: true,
            in_movie: true,
            volume: FixedPoint::from(1),
            ..Default::default()
        },
        mdia: Mdia {
            mdhd: mdhd(config.rate),
            hdlr: Hdlr {
                handler: FourCC::new(b"soun"),
                name: "Audio".into(),
            },
            minf: Minf {
                smhd: Some(Smhd::default()),
                dinf: dinf(),
                stbl: stbl(codec),
                ..Default::default()
            },
        },
        ..Default::default()
    }
}

fn mdhd(timescale: u32) -> Mdhd {
    Mdhd {
        timescale,
        language: "und".into(),
        ..Default::default()
    }
}

fn dinf() -> Dinf {
    Dinf {
        dref: Dref {
            entries: vec![Url::default().into()],
        },
    }
}

/// The sample table of a fragmented file: the description, and no samples.
fn stbl(codec: Codec) -> Stbl {
    Stbl {
        stsd: Stsd {
            codecs: vec![codec],
        },
        stco: Some(Stco::default()),
        ..Default::default()
    }
}

/// §8.3.2: the rotation, and the shift that brings the picture back into view.
fn matrix(rotation: Rotation, width: u16, height: u16) -> Matrix {
    const ONE: i32 = 0x1_0000;
    let fixed = |pixels: u16| i32::from(pixels).saturating_mul(ONE);
    let (a, b, c, d, x, y) = match rotation {
        Rotation::None => (ONE, 0, 0, ONE, 0, 0),
        Rotation::Quarter => (0, ONE, -ONE, 0, fixed(height), 0),
        Rotation::Half => (-ONE, 0, 0, -ONE, fixed(width), fixed(height)),
        Rotation::ThreeQuarters => (0, -ONE, ONE, 0, 0, fixed(width)),
    };
    Matrix {
        a,
        b,
        c,
        d,
        x,
        y,
        ..Default::default()
    }
}

/// A sample in a fragment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) size: u32,
    pub(crate) duration: u32,
    /// Presentation minus decoding time, in ticks.
    pub(crate) offset: i64,
    pub(crate) key: bool,
    pub(crate) leading: Option<Leading>,
}

impl Sample {
    fn flags(&self) -> u32 {
        let leading = match self.leading {
            None => 0,
            Some(Leading::Skipped) => LEADING_SKIPPED,
            Some(Leading::Decodable) => LEADING_DECODABLE,
        };
        leading | if self.key { SYNC } else { NOT_SYNC }
    }
}

/// One track's part of a fragment.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) track: u32,
    /// Decoding time of the first sample.
    pub(crate) start: u64,
    pub(crate) samples: &'a [Sample],
    /// Bytes of all samples.
    pub(crate) bytes: usize,
}

/// `moof` and the header of the `mdat` that follows; the data of the runs, one after the other,
/// is what the `mdat` holds.
pub(crate) fn fragment_head(sequence: u32, runs: &[Run<'_>]) -> Result<Vec<u8>, mp4_atom::Error> {
    // Offsets are fixed-size fields: the size of the box is known before their values are.
    let mut moof = Moof {
        mfhd: Mfhd {
            sequence_number: sequence,
        },
        traf: runs.iter().map(traf).collect(),
    };
    let mut head = Vec::with_capacity(1024);
    moof.encode(&mut head)?;
    let mut offset = head.len() + BOX_HEADER;
    for (traf, run) in moof.traf.iter_mut().zip(runs) {
        let fitting = i32::try_from(offset).map_err(|_| mp4_atom::Error::InvalidSize)?;
        for trun in &mut traf.trun {
            trun.data_offset = Some(fitting);
        }
        offset += run.bytes;
    }
    head.clear();
    moof.encode(&mut head)?;
    let data = runs.iter().map(|r| r.bytes).sum();
    Header {
        kind: FourCC::new(b"mdat"),
        size: Some(data),
    }
    .encode(&mut head)?;
    Ok(head)
}

fn traf(run: &Run<'_>) -> Traf {
    let reordered = run.samples.iter().any(|s| s.offset != 0);
    let video = run.track == VIDEO_TRACK;
    let duration = run.samples.first().map_or(0, |s| s.duration);
    let constant = run.samples.iter().all(|s| s.duration == duration);
    let entries: Vec<TrunEntry> = run
        .samples
        .iter()
        .map(|s| TrunEntry {
            duration: (!constant).then_some(s.duration),
            size: Some(s.size),
            flags: video.then(|| s.flags()),
            cts: reordered.then_some(s.offset),
        })
        .collect();
    Traf {
        tfhd: Tfhd {
            track_id: run.track,
            default_sample_duration: constant.then_some(duration),
            default_sample_flags: (!video).then_some(SYNC),
            default_base_is_moof: true,
            ..Default::default()
        },
        tfdt: Some(Tfdt {
            base_media_decode_time: run.start,
        }),
        trun: vec![Trun {
            data_offset: Some(0),
            samples: entries.into(),
        }],
        ..Default::default()
    }
}
