//! The sequence parameter set (ITU-T H.264 §7.3.2.1.1): picture size, and how far pictures are
//! reordered.

use super::bits::Bits;

/// What the recorder needs of an SPS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: u8,
    /// `profile_compatibility`: the constraint flags.
    pub constraints: u8,
    /// `level_idc`.
    pub level: u8,
    /// `chroma_format_idc`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format: u8,
    pub bit_depth_luma: u8,
    pub bit_depth_chroma: u8,
    /// Width in pixels after cropping.
    pub width: u16,
    /// Height in pixels after cropping.
    pub height: u16,
    /// How many pictures may precede one in decoding order and follow it in output order;
    /// `None` where the stream does not say.
    pub reorder: Option<u32>,
    /// Duration of a frame in µs, where the stream says.
    pub frame_us: Option<u32>,
}

impl Sps {
    /// Reads a NAL unit of type 7, header byte included. `None` if it is not one, is cut short
    /// in what comes before the picture size, or has no possible size.
    pub fn parse(unit: &[u8]) -> Option<Self> {
        let body = unescape(unit);
        let (&header, body) = body.split_first()?;
        if header & 0x1f != super::annexb::NAL_SPS {
            return None;
        }
        let [profile, constraints, level] = *body.first_chunk::<3>()?;
        let mut bits = Bits::new(&body[3..]);
        bits.golomb()?; // seq_parameter_set_id
        let chroma = Chroma::parse(&mut bits, profile)?;
        bits.golomb()?; // log2_max_frame_num_minus4
        skip_picture_order(&mut bits)?;
        bits.golomb()?; // max_num_ref_frames
        bits.flag()?; // gaps_in_frame_num_value_allowed_flag
        let (width, height) = picture_size(&mut bits, &chroma)?;
        let (reorder, frame_us) = if bits.flag()? {
            vui(&mut bits).unwrap_or_default()
        } else {
            Default::default()
        };
        // The profiles without B slices (§A.2.1).
        let reorder = if profile == 66 { Some(0) } else { reorder };
        Some(Self {
            profile,
            constraints,
            level,
            chroma_format: chroma.format,
            bit_depth_luma: chroma.luma,
            bit_depth_chroma: chroma.chroma,
            width,
            height,
            reorder,
            frame_us,
        })
    }

    /// Profiles whose `avcC` carries chroma format and bit depths (ISO/IEC 14496-15 §5.3.3.1.2).
    pub(crate) fn extended(&self) -> bool {
        matches!(
            self.profile,
            100 | 110 | 122 | 144 | 244 | 44 | 83 | 86 | 118 | 128
        )
    }
}

/// Takes the emulation prevention bytes out (§7.4.1).
fn unescape(unit: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        body.push(byte);
    }
    body
}

struct Chroma {
    format: u8,
    separate_planes: bool,
    luma: u8,
    chroma: u8,
}

impl Chroma {
    fn parse(bits: &mut Bits<'_>, profile: u8) -> Option<Self> {
        let mut it = Self {
            format: 1,
            separate_planes: false,
            luma: 8,
            chroma: 8,
        };
        if !matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            return Some(it);
        }
        it.format = u8::try_from(bits.golomb()?).ok().filter(|f| *f <= 3)?;
        it.separate_planes = it.format == 3 && bits.flag()?;
        it.luma = u8::try_from(bits.golomb()?).ok().filter(|d| *d <= 6)? + 8;
        it.chroma = u8::try_from(bits.golomb()?).ok().filter(|d| *d <= 6)? + 8;
        bits.flag()?; // qpprime_y_zero_transform_bypass_flag
        if bits.flag()? {
            for list in 0..if it.format == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Some(it)
    }
}

/// §7.3.2.1.1.1
fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed_golomb()? + 256).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.golomb()? {
        0 => {
            bits.golomb()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            bits.flag()?;
            bits.signed_golomb()?;
            bits.signed_golomb()?;
            for _ in 0..bits.golomb().filter(|n| *n <= 255)? {
                bits.signed_golomb()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

fn picture_size(bits: &mut Bits<'_>, chroma: &Chroma) -> Option<(u16, u16)> {
    let width = bits.golomb()?.checked_add(1)?.checked_mul(16)?;
    let map_units = bits.golomb()?.checked_add(1)?;
    let frames_only = bits.flag()?;
    let fields = if frames_only { 1 } else { 2 };
    if !frames_only {
        bits.flag()?; // mb_adaptive_frame_field_flag
    }
    let height = map_units.checked_mul(16)?.checked_mul(fields)?;
    bits.flag()?; // direct_8x8_inference_flag
    let (mut crop_x, mut crop_y) = (0u32, 0u32);
    if bits.flag()? {
        // Equations 7-19 to 7-22.
        let (unit_x, unit_y) = match (chroma.separate_planes, chroma.format) {
            (false, 1) => (2, 2 * fields),
            (false, 2) => (2, fields),
            _ => (1, fields),
        };
        crop_x = bits
            .golomb()?
            .checked_add(bits.golomb()?)?
            .checked_mul(unit_x)?;
        crop_y = bits
            .golomb()?
            .checked_add(bits.golomb()?)?
            .checked_mul(unit_y)?;
    }
    let width = width.checked_sub(crop_x).filter(|w| *w > 0)?;
    let height = height.checked_sub(crop_y).filter(|h| *h > 0)?;
    Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?))
}

/// Annex E.1.1: `max_num_reorder_frames` and the frame's duration.
fn vui(bits: &mut Bits<'_>) -> Option<(Option<u32>, Option<u32>)> {
    if bits.flag()? && bits.take(8)? == 255 {
        bits.skip(32)?; // sar_width, sar_height
    }
    if bits.flag()? {
        bits.flag()?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.skip(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            bits.skip(24)?; // colour description
        }
    }
    if bits.flag()? {
        bits.golomb()?;
        bits.golomb()?; // chroma sample locations
    }
    let mut frame_us = None;
    if bits.flag()? {
        let units = u64::from(bits.take(32)?);
        let scale = u64::from(bits.take(32)?);
        bits.flag()?; // fixed_frame_rate_flag
        // A frame has two fields, and time counts fields (E.2.1).
        frame_us = (units * 2_000_000)
            .checked_div(scale)
            .and_then(|us| u32::try_from(us).ok());
    }
    let frame_us = frame_us.filter(|us| (1_000..=10_000_000).contains(us));
    Some((reorder(bits), frame_us))
}

fn reorder(bits: &mut Bits<'_>) -> Option<u32> {
    let nal_hrd = bits.flag()?;
    if nal_hrd {
        skip_hrd(bits)?;
    }
    let vcl_hrd = bits.flag()?;
    if vcl_hrd {
        skip_hrd(bits)?;
    }
    if nal_hrd || vcl_hrd {
        bits.flag()?; // low_delay_hrd_flag
    }
    bits.flag()?; // pic_struct_present_flag
    if !bits.flag()? {
        return None; // no bitstream restriction
    }
    bits.flag()?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        bits.golomb()?;
    }
    bits.golomb().filter(|n| *n <= 16)
}

/// E.1.2
fn skip_hrd(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.golomb().filter(|n| *n <= 31)? + 1;
    bits.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..count {
        bits.golomb()?;
        bits.golomb()?;
        bits.flag()?;
    }
    bits.skip(20)
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

    /// 1920x1080 High, by x264: 1088 coded lines of which eight are cropped; no B-frames.
    const HIGH_1080: &str = "67640028acb403c0113f2e0220000003002000000781e30654";
    /// 1280x720 at 25 frames a second with two B-frames in a row and a pyramid.
    const HIGH_720: &str = "6764001facd9405005bb011000000300100000030320f1831960";
    const BASELINE_480: &str = "6742c01eda0280f6c044000003000400000300f03c58ba80";

    #[test]
    fn size_depth_reordering_and_rate() {
        let sps = Sps::parse(&hex(HIGH_1080)).unwrap();
        assert_eq!(
            (sps.width, sps.height, sps.profile, sps.level),
            (1920, 1080, 100, 40)
        );
        assert_eq!(
            (sps.chroma_format, sps.bit_depth_luma, sps.bit_depth_chroma),
            (1, 8, 8)
        );
        assert_eq!(
            (sps.extended(), sps.reorder, sps.frame_us),
            (true, Some(0), Some(33_333))
        );

        let sps = Sps::parse(&hex(HIGH_720)).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
        assert_eq!((sps.reorder, sps.frame_us), (Some(2), Some(40_000)));

        let sps = Sps::parse(&hex(BASELINE_480)).unwrap();
        assert_eq!(
            (sps.width, sps.height, sps.profile, sps.extended()),
            (640, 480, 66, false)
        );
        assert_eq!((sps.reorder, sps.frame_us), (Some(0), Some(33_333)));
    }

    #[test]
    fn what_is_no_sps() {
        let good = hex(HIGH_1080);
        assert!(Sps::parse(&[]).is_none());
        assert!(Sps::parse(&[0x68, 1, 2, 3, 4, 5, 6]).is_none());
        for length in 0..10 {
            assert!(Sps::parse(&good[..length]).is_none(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(mut data: Vec<u8>) {
            if let Some(first) = data.first_mut() {
                *first = 0x67;
            }
            Sps::parse(&data);
        }
    }
}
