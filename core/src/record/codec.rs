//! Codec configuration as an encoder hands it over: H.264 parameter sets in Annex-B form, an
//! AudioSpecificConfig for AAC. Checked here, once, before the first sample.

use mp4_atom::{Avcc, AvccExt};

use super::annexb::{self, NAL_PPS, NAL_SPS};
use super::bits::Bits;
use super::mux::MuxError;
use super::sps::Sps;

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
    pub(crate) sps: Vec<Vec<u8>>,
    pub(crate) pps: Vec<Vec<u8>>,
    pub(crate) parsed: Sps,
    pub(crate) rotation: Rotation,
}

impl VideoConfig {
    /// Reads SPS and PPS out of `annex_b` (Android: `csd-0` and `csd-1`, one after the other).
    ///
    /// # Errors
    /// [`MuxError::BadVideoConfig`] if one of them is missing, or an SPS is not readable.
    pub fn new(annex_b: &[u8], rotation: Rotation) -> Result<Self, MuxError> {
        let of_type = |wanted| -> Vec<Vec<u8>> {
            let mut sets: Vec<Vec<u8>> = Vec::new();
            for unit in annexb::nal_units(annex_b).filter(|u| annexb::nal_type(u) == wanted) {
                if !sets.iter().any(|known| known == unit) {
                    sets.push(unit.to_vec());
                }
            }
            sets
        };
        let (sps, pps) = (of_type(NAL_SPS), of_type(NAL_PPS));
        let fits = |sets: &[Vec<u8>], most: usize| {
            (1..=most).contains(&sets.len())
                && sets.iter().all(|s| s.len() <= usize::from(u16::MAX))
        };
        // The counts have five and eight bits in avcC.
        if !fits(&sps, 31) || !fits(&pps, 255) {
            return Err(MuxError::BadVideoConfig);
        }
        let parsed = Sps::parse(&sps[0]).ok_or(MuxError::BadVideoConfig)?;
        Ok(Self {
            sps,
            pps,
            parsed,
            rotation,
        })
    }

    /// Width and height in pixels, before rotation.
    pub fn size(&self) -> (u16, u16) {
        (self.parsed.width, self.parsed.height)
    }

    /// ISO/IEC 14496-15 §5.3.3.1.
    pub(crate) fn avcc(&self) -> Avcc {
        let sps = &self.parsed;
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
}

/// The audio track's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioConfig {
    pub(crate) raw: Vec<u8>,
    /// Samples a second of the AAC core: the track's timescale.
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    /// Samples in a frame: 1024, or 960.
    pub(crate) frame: u32,
}

/// ISO/IEC 14496-3 table 1.18.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

impl AudioConfig {
    /// Reads an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1; Android: `csd-0` of the audio
    /// encoder).
    ///
    /// # Errors
    /// [`MuxError::UnsupportedAudio`] for anything but AAC-LC (plain, or the core of HE-AAC),
    /// [`MuxError::BadAudioConfig`] for what cannot be read.
    pub fn new(config: &[u8]) -> Result<Self, MuxError> {
        let mut bits = Bits::new(config);
        let object = object_type(&mut bits).ok_or(MuxError::BadAudioConfig)?;
        if !matches!(object, 2 | 5 | 29) {
            return Err(MuxError::UnsupportedAudio);
        }
        let (rate, channels, frame) =
            core_config(&mut bits, object).ok_or(MuxError::BadAudioConfig)?;
        if config.len() > 64 {
            return Err(MuxError::BadAudioConfig);
        }
        Ok(Self {
            raw: config.to_vec(),
            rate,
            channels,
            frame,
        })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    pub fn channels(&self) -> u16 {
        self.channels
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        object => Some(object),
    }
}

fn sampling_rate(bits: &mut Bits<'_>) -> Option<u32> {
    let rate = match bits.take(4)? {
        15 => bits.take(24)?,
        index => *RATES.get(index as usize)?,
    };
    (1..=192_000).contains(&rate).then_some(rate)
}

fn core_config(bits: &mut Bits<'_>, object: u32) -> Option<(u32, u16, u32)> {
    let rate = sampling_rate(bits)?;
    let channels = match bits.take(4)? {
        // 0: described in the stream itself. A sample entry has to say something.
        0 => 2,
        n @ 1..=6 => n as u16,
        7 => 8,
        _ => return None,
    };
    if object != 2 {
        // Explicit signalling of SBR or PS: the extension's rate, then the core's type.
        sampling_rate(bits)?;
        object_type(bits).filter(|core| *core == 2)?;
    }
    // GASpecificConfig begins with frameLengthFlag.
    let frame = if bits.flag()? { 960 } else { 1024 };
    Some((rate, channels, frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn audio_configs() {
        let of = |bytes: &[u8]| AudioConfig::new(bytes).map(|a| (a.rate, a.channels, a.frame));
        assert_eq!(of(&[0x11, 0x90]).unwrap(), (48_000, 2, 1024));
        assert_eq!(
            of(&[0x12, 0x08, 0x56, 0xe5, 0x00]).unwrap(),
            (44_100, 1, 1024)
        );
        assert_eq!(of(&[0x11, 0x8c]).unwrap(), (48_000, 1, 960));
        // HE-AAC, explicit: 24 kHz core, 48 kHz output.
        assert_eq!(of(&[0x2b, 0x11, 0x88, 0x00]).unwrap(), (24_000, 2, 1024));
        assert!(matches!(of(&[0xf8, 0xe0]), Err(MuxError::UnsupportedAudio)));
        assert!(matches!(of(&[]), Err(MuxError::BadAudioConfig)));
        assert!(matches!(of(&[0x11]), Err(MuxError::BadAudioConfig)));
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
            let _ = AudioConfig::new(&data);
            let _ = VideoConfig::new(&data, Rotation::None);
        }
    }
}
