//! What an AudioSpecificConfig says.

use super::super::bits::Bits;
use super::super::mux::MuxError;

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

    proptest! {
        #[test]
        fn any_bytes_are_taken(data: Vec<u8>) {
            let _ = AudioConfig::new(&data);
        }
    }
}
