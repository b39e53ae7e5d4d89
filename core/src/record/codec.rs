//! Codec configuration as an encoder hands it over: H.264 or H.265 parameter sets in Annex-B
//! form, an AudioSpecificConfig for AAC. Checked here, once, before the first sample.

use mp4_atom::{Avc1, Avc3, Avcc, AvccExt, Codec, Hev1, Hvc1, HvcCArray, Hvcc, Visual};

use super::annexb;
use super::hevc::{self, HevcSps};
use super::mux::MuxError;
use super::sps::{FrameTime, Sps};

mod audio;
mod rfc6381;

pub use audio::AudioConfig;

/// How pictures are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// ITU-T H.264, AVC.
    H264,
    /// ITU-T H.265, HEVC.
    H265,
}

impl VideoCodec {
    /// The codec of parameter sets in Annex-B form: that whose SPS is there; `None` if neither's
    /// is, or both.
    ///
    /// The first byte of an H.264 SPS is odd, and that of every NAL unit in H.265's base layer
    /// even, so that one is never taken for the other.
    pub fn of_parameter_sets(annex_b: &[u8]) -> Option<Self> {
        let mut found = None;
        for unit in annexb::nal_units(annex_b) {
            let codec = if annexb::nal_type(unit) == annexb::NAL_SPS {
                Self::H264
            } else if hevc::nal_type(unit) == Some(hevc::NAL_SPS) {
                Self::H265
            } else {
                continue;
            };
            if found.is_some_and(|before| before != codec) {
                return None;
            }
            found = Some(codec);
        }
        found
    }

    /// Whether a NAL unit is a VPS, SPS or PPS.
    pub fn is_parameter_set(self, unit: &[u8]) -> bool {
        match self {
            Self::H264 => matches!(annexb::nal_type(unit), annexb::NAL_SPS | annexb::NAL_PPS),
            Self::H265 => {
                matches!(
                    hevc::nal_type(unit),
                    Some(hevc::NAL_VPS | hevc::NAL_SPS | hevc::NAL_PPS)
                )
            }
        }
    }

    /// Its name in words and in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        }
    }
}

/// How a player has to turn the picture, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    #[default]
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Rotation {
    /// From degrees; anything but multiples of 90 is `None`.
    pub fn from_degrees(degrees: i32) -> Option<Self> {
        match degrees.rem_euclid(360) {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }

    pub fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }
}

/// The video track's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoConfig {
    /// Of H.265 alone.
    vps: Vec<Vec<u8>>,
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
    parsed: Parsed,
    pub(crate) rotation: Rotation,
}

/// What the first SPS says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Parsed {
    H264(Sps),
    H265(HevcSps),
}

impl VideoConfig {
    /// Reads the parameter sets out of `annex_b`: SPS and PPS of H.264 (Android: `csd-0` and
    /// `csd-1`, one after the other), or VPS, SPS and PPS of H.265 (Android: `csd-0`).
    ///
    /// # Errors
    /// [`MuxError::BadVideoConfig`] if one of them is missing, or an SPS is not readable.
    pub fn new(annex_b: &[u8], rotation: Rotation) -> Result<Self, MuxError> {
        let config = match VideoCodec::of_parameter_sets(annex_b) {
            Some(VideoCodec::H264) => Self::h264(annex_b, rotation),
            Some(VideoCodec::H265) => Self::h265(annex_b, rotation),
            None => None,
        };
        config.ok_or(MuxError::BadVideoConfig)
    }

    fn h264(annex_b: &[u8], rotation: Rotation) -> Option<Self> {
        // The counts have five and eight bits in avcC.
        let of_type = |kind, most| collect(annex_b, most, |u| annexb::nal_type(u) == kind);
        let sps = of_type(annexb::NAL_SPS, 31)?;
        Some(Self {
            parsed: Parsed::H264(Sps::parse(&sps[0])?),
            vps: Vec::new(),
            sps,
            pps: of_type(annexb::NAL_PPS, 255)?,
            rotation,
        })
    }

    fn h265(annex_b: &[u8], rotation: Rotation) -> Option<Self> {
        // As many as there are ids (ITU-T H.265 §7.4.3).
        let of_type = |kind, most| collect(annex_b, most, |u| hevc::nal_type(u) == Some(kind));
        let sps = of_type(hevc::NAL_SPS, 16)?;
        Some(Self {
            parsed: Parsed::H265(HevcSps::parse(&sps[0])?),
            vps: of_type(hevc::NAL_VPS, 16)?,
            sps,
            pps: of_type(hevc::NAL_PPS, 64)?,
            rotation,
        })
    }

    pub fn codec(&self) -> VideoCodec {
        match self.parsed {
            Parsed::H264(_) => VideoCodec::H264,
            Parsed::H265(_) => VideoCodec::H265,
        }
    }

    /// Width and height in pixels, before rotation.
    pub fn size(&self) -> (u16, u16) {
        match &self.parsed {
            Parsed::H264(sps) => (sps.width, sps.height),
            Parsed::H265(sps) => (sps.width, sps.height),
        }
    }

    /// How many pictures may precede one in decoding order and follow it in output order;
    /// `None` where the stream does not say.
    pub fn reorder(&self) -> Option<u32> {
        match &self.parsed {
            Parsed::H264(sps) => sps.reorder,
            Parsed::H265(sps) => Some(sps.reorder),
        }
    }

    /// Duration of a picture, where the stream says.
    pub fn frame_time(&self) -> Option<FrameTime> {
        match &self.parsed {
            Parsed::H264(sps) => sps.frame_time,
            Parsed::H265(sps) => sps.frame_time,
        }
    }

    /// Whether it has this very parameter set.
    pub(crate) fn holds(&self, set: &[u8]) -> bool {
        let mut all = self.vps.iter().chain(&self.sps).chain(&self.pps);
        all.any(|known| known == set)
    }

    /// The sample entry. `in_band`: samples carry parameter sets too, which only `avc3` and
    /// `hev1` allow (ISO/IEC 14496-15 §5.4.2.1.1, §8.4.1.1.1).
    pub(crate) fn sample_entry(&self, in_band: bool) -> Codec {
        let (width, height) = self.size();
        let visual = Visual {
            data_reference_index: 1,
            width,
            height,
            ..Default::default()
        };
        match (&self.parsed, in_band) {
            (Parsed::H264(sps), false) => Codec::from(Avc1 {
                visual,
                avcc: self.avcc(sps),
                ..Default::default()
            }),
            (Parsed::H264(sps), true) => Codec::from(Avc3 {
                visual,
                avcc: self.avcc(sps),
                ..Default::default()
            }),
            (Parsed::H265(sps), false) => Codec::from(Hvc1 {
                visual,
                hvcc: self.hvcc(sps, true),
                ..Default::default()
            }),
            (Parsed::H265(sps), true) => Codec::from(Hev1 {
                visual,
                hvcc: self.hvcc(sps, false),
                ..Default::default()
            }),
        }
    }

    /// ISO/IEC 14496-15 §5.3.3.1.
    fn avcc(&self, sps: &Sps) -> Avcc {
        Avcc {
            configuration_version: 1,
            avc_profile_indication: sps.profile,
            profile_compatibility: sps.constraints,
            avc_level_indication: sps.level,
            length_size: 4,
            sequence_parameter_sets: self.sps.clone(),
            picture_parameter_sets: self.pps.clone(),
            ext: sps.extended().then(|| AvccExt {
                chroma_format: sps.chroma_format,
                bit_depth_luma: sps.bit_depth_luma,
                bit_depth_chroma: sps.bit_depth_chroma,
                sequence_parameter_sets_ext: Vec::new(),
            }),
        }
    }

    /// ISO/IEC 14496-15 §8.3.3.1. `complete`: there are no parameter sets anywhere else. Frame
    /// rates and how pictures are cut up for threads stay at zero, "unknown".
    fn hvcc(&self, sps: &HevcSps, complete: bool) -> Hvcc {
        let general = &sps.general;
        let array = |nal_unit_type, sets: &[Vec<u8>]| HvcCArray {
            completeness: complete,
            nal_unit_type,
            nalus: sets.to_vec(),
        };
        Hvcc {
            general_profile_space: general.space,
            general_tier_flag: general.tier,
            general_profile_idc: general.profile,
            general_profile_compatibility_flags: general.compatibility,
            general_constraint_indicator_flags: general.constraints,
            general_level_idc: general.level,
            min_spatial_segmentation_idc: sps.segmentation,
            chroma_format_idc: sps.chroma_format,
            bit_depth_luma_minus8: sps.bit_depth_luma - 8,
            bit_depth_chroma_minus8: sps.bit_depth_chroma - 8,
            num_temporal_layers: sps.sub_layers,
            temporal_id_nested: sps.nested,
            length_size_minus_one: 3,
            arrays: vec![
                array(hevc::NAL_VPS, &self.vps),
                array(hevc::NAL_SPS, &self.sps),
                array(hevc::NAL_PPS, &self.pps),
            ],
            ..Hvcc::new()
        }
    }
}

/// The units that `wanted` picks, if there are as many as the configuration has room for.
fn collect(annex_b: &[u8], most: usize, wanted: impl Fn(&[u8]) -> bool) -> Option<Vec<Vec<u8>>> {
    let mut sets: Vec<Vec<u8>> = Vec::new();
    for unit in annexb::nal_units(annex_b).filter(|unit| wanted(unit)) {
        if !sets.iter().any(|known| known == unit) {
            sets.push(unit.to_vec());
        }
    }
    let fits = (1..=most).contains(&sets.len())
        && sets.iter().all(|set| set.len() <= usize::from(u16::MAX));
    fits.then_some(sets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 1280x720 by x265, Main, and its VPS and PPS.
    const HEVC: [&[u8]; 3] = [
        &[
            0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00,
            0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0x95, 0x98, 0x09,
        ],
        &[
            0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00,
            0x00, 0x03, 0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93,
            0x2b, 0xc0, 0x5a, 0x02, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x32,
            0x10,
        ],
        &[0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40],
    ];

    fn annex_b(units: &[&[u8]]) -> Vec<u8> {
        let framed = units.iter().map(|unit| [&[0, 0, 0, 1], *unit].concat());
        framed.collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_codec_is_that_of_the_sps() {
        let avc: [&[u8]; 2] = [
            &[0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44],
            &[0x68, 0xce, 0x3c, 0x80],
        ];
        let codec = |units: &[&[u8]]| VideoCodec::of_parameter_sets(&annex_b(units));
        assert_eq!(codec(&avc), Some(VideoCodec::H264));
        assert_eq!(codec(&HEVC), Some(VideoCodec::H265));
        assert_eq!(codec(&[avc[1]]), None);
        assert_eq!(codec(&[avc[0], avc[1], HEVC[0], HEVC[1], HEVC[2]]), None);

        let config = VideoConfig::new(&annex_b(&HEVC), Rotation::None).unwrap();
        assert_eq!(
            (config.codec(), config.size()),
            (VideoCodec::H265, (1280, 720))
        );
        assert_eq!(config.reorder(), Some(2));
        for missing in 0..3 {
            let mut units = HEVC.to_vec();
            units.remove(missing);
            assert!(VideoConfig::new(&annex_b(&units), Rotation::None).is_err());
        }
    }

    /// ISO/IEC 14496-15 §8.3.3.1.2, against what ffmpeg's muxer writes for the same stream.
    #[test]
    fn hvcc_is_what_others_write() {
        let config = VideoConfig::new(&annex_b(&HEVC), Rotation::None).unwrap();
        let Codec::Hvc1(entry) = config.sample_entry(false) else {
            panic!("not hvc1");
        };
        let mut bytes = Vec::new();
        mp4_atom::Encode::encode(&entry.hvcc, &mut bytes).unwrap();
        let head = [
            1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0,
            0x0f, 3, 0xa0, 0, 1, 0, 24,
        ];
        assert_eq!(&bytes[8..8 + head.len()], head);
        let Codec::Hev1(entry) = config.sample_entry(true) else {
            panic!("not hev1");
        };
        assert!(entry.hvcc.arrays.iter().all(|array| !array.completeness));
    }

    #[test]
    fn video_configs_need_both_sets() {
        let sps = [
            &[0, 0, 0, 1][..],
            &[0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0xc0, 0x44],
        ]
        .concat();
        assert!(matches!(
            VideoConfig::new(&sps, Rotation::None),
            Err(MuxError::BadVideoConfig)
        ));
        assert!(matches!(
            VideoConfig::new(&[], Rotation::None),
            Err(MuxError::BadVideoConfig)
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(data: Vec<u8>) {
            let _ = VideoConfig::new(&data, Rotation::None);
        }
    }
}
