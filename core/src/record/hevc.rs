//! H.265 parameter sets (ITU-T H.265 §7.3.1 to §7.3.3): what a sample entry has to say, the
//! picture size, and how far pictures are reordered.

use super::annexb::{nal_units, unescape};
use super::bits::Bits;
use super::sps::FrameTime;

mod rps;
mod vui;

/// NAL unit types (ITU-T H.265 table 7-1) that are told apart here.
pub const NAL_RADL_N: u8 = 6;
pub const NAL_RADL_R: u8 = 7;
pub const NAL_RASL_N: u8 = 8;
pub const NAL_RASL_R: u8 = 9;
/// The first and the last type of a picture at which decoding can begin: BLA, IDR, CRA.
pub const NAL_BLA_W_LP: u8 = 16;
pub const NAL_IRAP_LAST: u8 = 23;
/// Of these the one whose leading pictures may refer to what came before it: an open GOP.
pub const NAL_CRA: u8 = 21;
pub const NAL_VPS: u8 = 32;
pub const NAL_SPS: u8 = 33;
pub const NAL_PPS: u8 = 34;

/// The type of a NAL unit of the base layer; `None` for other layers and for what is too short
/// to be one (§7.3.1.2).
pub fn nal_type(unit: &[u8]) -> Option<u8> {
    let [first, second, ..] = *unit else {
        return None;
    };
    let layer = (first & 1) << 5 | second >> 3;
    // nuh_temporal_id_plus1 is never zero, forbidden_zero_bit never one.
    (layer == 0 && second & 7 != 0 && first & 0x80 == 0).then_some(first >> 1)
}

/// Whether an access unit is a CRA picture. Where decoding begins with one, its leading pictures
/// that refer to what came before it (RASL) are not output (§8.1.3).
pub fn is_cra(annex_b: &[u8]) -> bool {
    let picture = nal_units(annex_b)
        .filter_map(nal_type)
        .find(|kind| *kind < NAL_VPS);
    picture == Some(NAL_CRA)
}

/// `profile_tier_level` (§7.3.3), as `hvcC` repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileTierLevel {
    /// `general_profile_space`, `general_tier_flag`, `general_profile_idc`.
    pub space: u8,
    pub tier: bool,
    pub profile: u8,
    pub compatibility: [u8; 4],
    pub constraints: [u8; 6],
    /// `general_level_idc`: thirty times the level.
    pub level: u8,
}

/// What the recorder needs of an SPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HevcSps {
    pub general: ProfileTierLevel,
    /// `sps_max_sub_layers_minus1` + 1.
    pub sub_layers: u8,
    /// `sps_temporal_id_nesting_flag`.
    pub nested: bool,
    /// `sps_seq_parameter_set_id`.
    pub id: u32,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    pub separate_planes: bool,
    pub bit_depth_luma: u8,
    pub bit_depth_chroma: u8,
    /// Width and height in pixels inside the conformance window.
    pub width: u16,
    pub height: u16,
    /// Bits of `slice_pic_order_cnt_lsb`.
    pub order_bits: u32,
    /// `sps_max_num_reorder_pics`: how many pictures may precede one in decoding order and
    /// follow it in output order.
    pub reorder: u32,
    /// `sps_max_dec_pic_buffering_minus1` + 1.
    pub buffered: u32,
    /// Duration of a picture, where the stream says.
    pub frame_time: Option<FrameTime>,
    /// `min_spatial_segmentation_idc`, 0 where the stream does not say.
    pub segmentation: u16,
}

impl HevcSps {
    /// Reads a NAL unit of type 33, header included. `None` if it is not one of the base layer,
    /// is cut short in what comes before the VUI, or has no possible size.
    pub fn parse(unit: &[u8]) -> Option<Self> {
        if nal_type(unit) != Some(NAL_SPS) {
            return None;
        }
        let body = unescape(&unit[2..]);
        let mut bits = Bits::new(&body);
        bits.skip(4)?; // sps_video_parameter_set_id
        let sub_layers = bits.take(3).filter(|n| *n <= 6)? + 1;
        let nested = bits.flag()?;
        let general = profile_tier_level(&mut bits, sub_layers)?;
        let id = bits.golomb().filter(|id| *id <= 15)?;
        let chroma_format = u8::try_from(bits.golomb()?).ok().filter(|f| *f <= 3)?;
        let separate_planes = chroma_format == 3 && bits.flag()?;
        let (width, height) = picture_size(&mut bits, chroma_format, separate_planes)?;
        let bit_depth_luma = u8::try_from(bits.golomb()?).ok().filter(|d| *d <= 7)? + 8;
        let bit_depth_chroma = u8::try_from(bits.golomb()?).ok().filter(|d| *d <= 7)? + 8;
        let order_bits = bits.golomb().filter(|n| *n <= 12)? + 4;
        let (buffered, reorder) = sub_layer_ordering(&mut bits, sub_layers)?;
        let vui = vui::after_ordering(&mut bits, order_bits, sub_layers).unwrap_or_default();
        Some(Self {
            general,
            sub_layers: sub_layers as u8,
            nested,
            id,
            chroma_format,
            separate_planes,
            bit_depth_luma,
            bit_depth_chroma,
            width,
            height,
            order_bits,
            reorder,
            buffered,
            frame_time: vui.frame_time,
            segmentation: vui.segmentation,
        })
    }
}

fn profile_tier_level(bits: &mut Bits<'_>, sub_layers: u32) -> Option<ProfileTierLevel> {
    let mut general = ProfileTierLevel {
        space: bits.take(2)? as u8,
        tier: bits.flag()?,
        profile: bits.take(5)? as u8,
        ..Default::default()
    };
    for byte in general
        .compatibility
        .iter_mut()
        .chain(&mut general.constraints)
    {
        *byte = bits.take(8)? as u8;
    }
    general.level = bits.take(8)? as u8;

    let mut present = [(false, false); 6];
    let more = sub_layers as usize - 1;
    for flags in &mut present[..more] {
        *flags = (bits.flag()?, bits.flag()?);
    }
    if more > 0 {
        bits.skip(2 * (8 - more as u32))?;
    }
    for (profile, level) in &present[..more] {
        bits.skip(if *profile { 88 } else { 0 })?;
        bits.skip(if *level { 8 } else { 0 })?;
    }
    Some(general)
}

fn picture_size(bits: &mut Bits<'_>, chroma: u8, separate_planes: bool) -> Option<(u16, u16)> {
    let (mut width, mut height) = (bits.golomb()?, bits.golomb()?);
    if bits.flag()? {
        // Equations 7-40 to 7-43 with table 6-1: the window is in chroma units.
        let (unit_x, unit_y) = match (separate_planes, chroma) {
            (false, 1) => (2, 2),
            (false, 2) => (2, 1),
            _ => (1, 1),
        };
        let mut cut = |unit: u32| {
            bits.golomb()?
                .checked_add(bits.golomb()?)?
                .checked_mul(unit)
        };
        width = width.checked_sub(cut(unit_x)?)?;
        height = height.checked_sub(cut(unit_y)?)?;
    }
    let side = |pixels: u32| u16::try_from(pixels).ok().filter(|p| *p > 0);
    Some((side(width)?, side(height)?))
}

/// `sps_max_dec_pic_buffering_minus1` + 1 and `sps_max_num_reorder_pics`, of all sub-layers.
fn sub_layer_ordering(bits: &mut Bits<'_>, sub_layers: u32) -> Option<(u32, u32)> {
    let told = if bits.flag()? { sub_layers } else { 1 };
    let mut last = (1, 0);
    for _ in 0..told {
        // A picture buffer holds at most 16 (§A.4.2).
        let buffered = bits.golomb().filter(|n| *n <= 15)? + 1;
        let reorder = bits.golomb().filter(|n| *n < buffered)?;
        bits.golomb()?; // sps_max_latency_increase_plus1
        last = (buffered, reorder);
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    /// 1280x720 by x265: Main, 25 pictures a second, B-pyramid.
    const MAIN_720: &str =
        "42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210";

    #[test]
    fn nal_types_are_those_of_the_base_layer() {
        assert_eq!(nal_type(&[0x40, 0x01]), Some(NAL_VPS));
        assert_eq!(nal_type(&[0x42, 0x01, 9]), Some(NAL_SPS));
        assert_eq!(nal_type(&[0x26, 0x01]), Some(19));
        // Another layer; no temporal id; the forbidden bit; too short. And H.264's SPS and PPS.
        for unit in [
            &[0x42, 0x09][..],
            &[0x43, 0x01],
            &[0x42, 0x00],
            &[0xc2, 0x01],
            &[0x42],
            &[],
            &[0x67, 0x42],
            &[0x68, 0xce, 0x38],
        ] {
            assert_eq!(
                nal_type(unit).filter(|t| (32..=34).contains(t)),
                None,
                "{unit:?}"
            );
        }
    }

    /// Everything that an SPS can have before its extensions, made by hand and read by ffmpeg's
    /// `trace_headers` alike: three sub-layers, 4:2:2 with 10 and 9 bits, scaling lists, PCM,
    /// predicted reference picture sets one of whose entries falls away, long-term pictures, and
    /// a VUI with both kinds of HRD parameters in front of its last fields.
    const FULL: &str = concat!(
        "42010522300000030090000003000003007bd0000200000300000300000300000300005d7823003c8801126529",
        "0cd1eb229899244b95d10ae885744294ae8857442ba214a57442ba215d10a52ba215d10ae8857442ba215d10ae",
        "8857442ba215d10ae8857442ba295d10ae8857442ba215d10ae8857442ba215d10ae8857442ba215d14ae88574",
        "42ba215d10ae8857442ba215d10ae8857442ba215d10ae8a62ba215d10ae8857442ba215d10ae8857442ba215d",
        "10ae8857442ba298ae8857442ba215d10ae8857442ba215d10ae8857442ba215d10ae8a62ba215d10ae8857442",
        "ba215d10ae8857442ba215d10ae8857442ba298ae8857442ba215d10ae8857442ba215d10ae8857442ba215d10",
        "ae8bbbd0adeab5d9af288d80be117fe00080007ea020203c7e000007d20001d4c1fb11051237bdfa007d2007d1",
        "0009c48005dc400fa800fa4001389000bb8801f4801f44002712001771003ea003e90004e24002ee249007d200",
        "7d10009c48005dc400fa400fa2001389000bb88803e9003e88004e24002ee2007d2007d10009c48005dc5004e6",
        "820104",
    );

    #[test]
    fn size_depth_reordering_and_rate() {
        let sps = HevcSps::parse(&hex(MAIN_720)).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
        assert_eq!((sps.general.profile, sps.general.level), (1, 93));
        assert_eq!((sps.buffered, sps.reorder, sps.sub_layers), (5, 2, 1));
        assert_eq!(
            sps.frame_time,
            Some(FrameTime {
                units: 1,
                scale: 25
            })
        );

        let sps = HevcSps::parse(&hex(FULL)).unwrap();
        assert_eq!((sps.id, sps.sub_layers, sps.nested), (3, 3, true));
        assert_eq!(
            sps.general,
            ProfileTierLevel {
                space: 0,
                tier: true,
                profile: 2,
                compatibility: [0x30, 0, 0, 0],
                constraints: [0x90, 0, 0, 0, 0, 0],
                level: 123,
            }
        );
        assert_eq!((sps.width, sps.height), (1920, 1088));
        assert_eq!((sps.chroma_format, sps.separate_planes), (2, false));
        assert_eq!((sps.bit_depth_luma, sps.bit_depth_chroma), (10, 9));
        assert_eq!((sps.order_bits, sps.buffered, sps.reorder), (10, 6, 3));
        assert_eq!(sps.segmentation, 77);
        assert_eq!(
            sps.frame_time,
            Some(FrameTime {
                units: 1001,
                scale: 60_000
            })
        );
    }

    #[test]
    fn what_is_no_sps() {
        let good = hex(MAIN_720);
        assert!(HevcSps::parse(&[]).is_none());
        assert!(HevcSps::parse(&[0x44, 1, 2, 3, 4, 5, 6]).is_none());
        for length in 0..24 {
            assert!(HevcSps::parse(&good[..length]).is_none(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(data: Vec<u8>) {
            HevcSps::parse(&[&[0x42, 0x01], data.as_slice()].concat());
        }

        #[test]
        fn any_end_is_taken(at in 3..420usize, data: Vec<u8>) {
            let mut unit = hex(FULL);
            unit.truncate(at);
            unit.extend(data);
            HevcSps::parse(&unit);
        }
    }
}
