//! What a track's coding is called: the `codecs` parameter of RFC 6381, as browsers and manifests
//! have it.

use super::{AudioConfig, Parsed, VideoConfig};
use crate::record::hevc::ProfileTierLevel;

impl VideoConfig {
    /// Such as `avc1.64001f` or `hvc1.1.6.L93.90` (RFC 6381 §3.3; ISO/IEC 14496-15 annex E).
    /// `in_band`: as of a file whose samples carry parameter sets too.
    pub fn rfc6381(&self, in_band: bool) -> String {
        match &self.parsed {
            Parsed::H264(sps) => format!(
                "{}.{:02x}{:02x}{:02x}",
                if in_band { "avc3" } else { "avc1" },
                sps.profile,
                sps.constraints,
                sps.level
            ),
            Parsed::H265(sps) => {
                let entry = if in_band { "hev1" } else { "hvc1" };
                format!("{entry}.{}", hevc(&sps.general))
            }
        }
    }
}

fn hevc(general: &ProfileTierLevel) -> String {
    let space = ["", "A", "B", "C"][usize::from(general.space & 3)];
    // The flags are named in the reverse of their order in the stream.
    let compatibility = u32::from_be_bytes(general.compatibility).reverse_bits();
    let tier = if general.tier { 'H' } else { 'L' };
    let mut name = format!(
        "{space}{}.{compatibility:X}.{tier}{}",
        general.profile, general.level
    );
    let told = general.constraints.iter().rposition(|byte| *byte != 0);
    for byte in general.constraints.iter().take(told.map_or(0, |at| at + 1)) {
        name += &format!(".{byte:X}");
    }
    name
}

impl AudioConfig {
    /// `mp4a.40.2`, or that of HE-AAC (RFC 6381 §3.3).
    pub fn rfc6381(&self) -> String {
        // The object type is the first five bits of an AudioSpecificConfig; here one of 2, 5, 29.
        format!("mp4a.40.{}", self.raw.first().map_or(2, |byte| byte >> 3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hevc_profiles_are_named_as_the_standard_does() {
        let main = ProfileTierLevel {
            space: 0,
            tier: false,
            profile: 1,
            compatibility: [0x60, 0, 0, 0],
            constraints: [0x90, 0, 0, 0, 0, 0],
            level: 93,
        };
        assert_eq!(hevc(&main), "1.6.L93.90");
        let high = ProfileTierLevel {
            space: 1,
            tier: true,
            constraints: [0x90, 0, 0x10, 0, 0, 0],
            ..main
        };
        assert_eq!(hevc(&high), "A1.6.H93.90.0.10");
        let plain = ProfileTierLevel {
            constraints: [0; 6],
            ..main
        };
        assert_eq!(hevc(&plain), "1.6.L93");
    }

    #[test]
    fn sound_is_named_by_its_object_type() {
        let name = |config: &[u8]| AudioConfig::new(config).unwrap().rfc6381();
        assert_eq!(name(&[0x11, 0x90]), "mp4a.40.2");
        assert_eq!(name(&[0x2b, 0x11, 0x88, 0x00]), "mp4a.40.5");
    }
}
