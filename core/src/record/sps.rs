//! H.264's sequence parameter set (ITU-T H.264 §7.3.2.1.1): picture size, and how far pictures
//! are reordered.

use super::annexb::unescape;
use super::bits::Bits;

/// What the recorder needs of an SPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `seq_parameter_set_id`.
    pub id: u32,
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
    /// `separate_colour_plane_flag`.
    pub separate_planes: bool,
    /// Bits of `frame_num`.
    pub frame_num_bits: u32,
    /// How slices say where a picture is in output order.
    pub order: PictureOrder,
    /// `frame_mbs_only_flag`: there are no fields.
    pub frames_only: bool,
    /// Width in pixels after cropping.
    pub width: u16,
    /// Height in pixels after cropping.
    pub height: u16,
    /// How many pictures may precede one in decoding order and follow it in output order;
    /// `None` where the stream does not say.
    pub reorder: Option<u32>,
    /// Duration of a frame as a fraction of a second, where the stream says.
    pub frame_time: Option<FrameTime>,
}

/// `pic_order_cnt_type` and what belongs to it (§8.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureOrder {
    /// 0: slices have the lower bits of a counter, so many.
    Counter { bits: u32 },
    /// 1: from `frame_num`, by a cycle of differences.
    Cycle {
        /// `delta_pic_order_always_zero_flag`.
        always_zero: bool,
        /// `offset_for_non_ref_pic`, `offset_for_top_to_bottom_field`.
        non_reference: i64,
        top_to_bottom: i64,
        /// `offset_for_ref_frame`.
        cycle: Vec<i64>,
    },
    /// 2: pictures are shown as they are decoded.
    Decoding,
}

/// How long a picture lasts: a fraction of a second between 1 ms and 10 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTime {
    pub units: u64,
    pub scale: u64,
}

impl FrameTime {
    /// `None` for what no camera does.
    pub(super) fn new(units: u64, scale: u64) -> Option<Self> {
        let it = Self { units, scale };
        (scale > 0 && (1_000..=10_000_000).contains(&it.after_us(1))).then_some(it)
    }

    /// How long so many pictures last, in µs, rounded.
    pub fn after_us(self, pictures: u64) -> u64 {
        let us = u128::from(self.units) * u128::from(pictures) * 2_000_000;
        let scale = u128::from(self.scale);
        u64::try_from((us + scale) / (scale * 2)).unwrap_or(u64::MAX)
    }
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
        let id = bits.golomb().filter(|id| *id <= 31)?;
        let chroma = Chroma::parse(&mut bits, profile)?;
        let frame_num_bits = bits.golomb().filter(|n| *n <= 12)? + 4;
        let order = picture_order(&mut bits)?;
        bits.golomb()?; // max_num_ref_frames
        bits.flag()?; // gaps_in_frame_num_value_allowed_flag
        let (width, height, frames_only) = picture_size(&mut bits, &chroma)?;
        let (reorder, frame_time) = if bits.flag()? {
            vui(&mut bits).unwrap_or_default()
        } else {
            Default::default()
        };
        // Without B slices (§A.2.1), or without reordering whatever there is (§8.2.1.3).
        let reorder = if profile == 66 || order == PictureOrder::Decoding {
            Some(0)
        } else {
            reorder
        };
        Some(Self {
            id,
            profile,
            constraints,
            level,
            chroma_format: chroma.format,
            bit_depth_luma: chroma.luma,
            bit_depth_chroma: chroma.chroma,
            separate_planes: chroma.separate_planes,
            frame_num_bits,
            order,
            frames_only,
            width,
            height,
            reorder,
            frame_time,
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

fn picture_order(bits: &mut Bits<'_>) -> Option<PictureOrder> {
    match bits.golomb()? {
        0 => Some(PictureOrder::Counter {
            bits: bits.golomb().filter(|n| *n <= 12)? + 4,
        }),
        1 => Some(PictureOrder::Cycle {
            always_zero: bits.flag()?,
            non_reference: bits.signed_golomb()?,
            top_to_bottom: bits.signed_golomb()?,
            cycle: (0..bits.golomb().filter(|n| *n <= 255)?)
                .map(|_| bits.signed_golomb())
                .collect::<Option<_>>()?,
        }),
        2 => Some(PictureOrder::Decoding),
        _ => None,
    }
}

/// Width, height, and `frame_mbs_only_flag`.
fn picture_size(bits: &mut Bits<'_>, chroma: &Chroma) -> Option<(u16, u16, bool)> {
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
    Some((
        u16::try_from(width).ok()?,
        u16::try_from(height).ok()?,
        frames_only,
    ))
}

/// Annex E.1.1: `max_num_reorder_frames` and the frame's duration.
fn vui(bits: &mut Bits<'_>) -> Option<(Option<u32>, Option<FrameTime>)> {
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
    let mut frame_time = None;
    if bits.flag()? {
        let units = u64::from(bits.take(32)?);
        let scale = u64::from(bits.take(32)?);
        bits.flag()?; // fixed_frame_rate_flag
        // A frame has two fields, and time counts fields (E.2.1).
        frame_time = FrameTime::new(units * 2, scale);
    }
    Some((reorder(bits), frame_time))
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

    fn frame_us(sps: &Sps) -> Option<u64> {
        sps.frame_time.map(|t| t.after_us(1))
    }

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
            (sps.extended(), sps.reorder, frame_us(&sps)),
            (true, Some(0), Some(33_333))
        );

        let sps = Sps::parse(&hex(HIGH_720)).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
        assert_eq!((sps.reorder, frame_us(&sps)), (Some(2), Some(40_000)));

        let sps = Sps::parse(&hex(BASELINE_480)).unwrap();
        assert_eq!(
            (sps.width, sps.height, sps.profile, sps.extended()),
            (640, 480, 66, false)
        );
        assert_eq!((sps.reorder, frame_us(&sps)), (Some(0), Some(33_333)));
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
