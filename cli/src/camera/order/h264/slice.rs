//! A slice's header (ITU-T H.264 §7.3.3), as far as it says where its picture is, and the picture
//! parameter set (§7.3.2.2) without which it cannot be read.

use std::collections::HashMap;

use custos_core::record::annexb::{NAL_IDR, nal_type, unescape};
use custos_core::record::bits::Bits;
use custos_core::record::sps::{PictureOrder, Sps};

/// A header is not longer than this, however many operations and weights are in it.
const MOST_HEADER: usize = 4096;

/// What slices need of a PPS.
#[derive(Debug, Clone)]
pub(super) struct Pps {
    pub(super) id: u32,
    sps: u32,
    /// `bottom_field_pic_order_in_frame_present_flag`.
    bottom_order: bool,
    /// `num_ref_idx_l0_default_active_minus1` + 1, and of list 1.
    references: [u32; 2],
    weighted_pred: bool,
    weighted_bipred: u32,
    redundant: bool,
}

impl Pps {
    /// Behind the NAL unit's header byte.
    pub(super) fn parse(bits: &mut Bits<'_>) -> Option<Self> {
        let id = bits.golomb()?;
        let sps = bits.golomb()?;
        bits.flag()?; // entropy_coding_mode_flag
        let bottom_order = bits.flag()?;
        skip_slice_groups(bits)?;
        let references = [
            bits.golomb().filter(|n| *n < 32)? + 1,
            bits.golomb().filter(|n| *n < 32)? + 1,
        ];
        let weighted_pred = bits.flag()?;
        let weighted_bipred = bits.take(2)?;
        for _ in 0..3 {
            bits.signed_golomb()?; // initial quantisers
        }
        bits.skip(2)?; // deblocking_filter_control_present_flag, constrained_intra_pred_flag
        Some(Self {
            id,
            sps,
            bottom_order,
            references,
            weighted_pred,
            weighted_bipred,
            redundant: bits.flag()?,
        })
    }
}

fn skip_slice_groups(bits: &mut Bits<'_>) -> Option<()> {
    let groups = bits.golomb().filter(|n| *n < 8)?;
    if groups == 0 {
        return Some(());
    }
    match bits.golomb()? {
        0 => {
            for _ in 0..=groups {
                bits.golomb()?;
            }
        }
        2 => {
            for _ in 0..2 * groups {
                bits.golomb()?;
            }
        }
        3..=5 => {
            bits.flag()?;
            bits.golomb()?;
        }
        6 => {
            let size = u32::BITS - groups.leading_zeros();
            for _ in 0..=bits.golomb()? {
                bits.skip(size)?;
            }
        }
        _ => {}
    }
    Some(())
}

/// What a slice says about its picture.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub(super) sps: u32,
    pub(super) idr: bool,
    /// The picture is referred to: `nal_ref_idc` is not zero.
    pub(super) reference: bool,
    pub(super) frame_num: u32,
    /// `None`: a frame; else whether it is a bottom field.
    pub(super) field: Option<bool>,
    /// `pic_order_cnt_lsb`.
    pub(super) lsb: i64,
    /// `delta_pic_order_cnt_bottom`, or `delta_pic_order_cnt`.
    pub(super) deltas: [i64; 2],
    /// It has `memory_management_control_operation` 5.
    pub(super) resets: bool,
}

impl Slice {
    pub(super) fn parse(
        unit: &[u8],
        sps: &HashMap<u32, Sps>,
        pps: &HashMap<u32, Pps>,
    ) -> Option<Self> {
        let header = unescape(unit.get(..unit.len().min(MOST_HEADER))?);
        let (&first, body) = header.split_first()?;
        let mut bits = Bits::new(body);
        bits.golomb()?; // first_mb_in_slice
        let kind = bits.golomb()? % 5;
        let pps = pps.get(&bits.golomb()?)?;
        let sps = sps.get(&pps.sps)?;
        let mut slice = Self {
            sps: sps.id,
            idr: nal_type(unit) == NAL_IDR,
            reference: first & 0x60 != 0,
            ..Self::default()
        };
        if sps.separate_planes {
            bits.skip(2)?;
        }
        slice.frame_num = bits.take(sps.frame_num_bits)?;
        if !sps.frames_only && bits.flag()? {
            slice.field = Some(bits.flag()?);
        }
        if slice.idr {
            bits.golomb()?; // idr_pic_id
        }
        slice.read_order(&mut bits, sps, pps)?;
        // Partitions of a slice are never such a picture (§7.4.1.2.4), and what cannot be read
        // is none.
        if slice.reference && !slice.idr {
            slice.resets = resets(&mut bits, kind, sps, pps).unwrap_or(false);
        }
        Some(slice)
    }

    fn read_order(&mut self, bits: &mut Bits<'_>, sps: &Sps, pps: &Pps) -> Option<()> {
        let both = pps.bottom_order && self.field.is_none();
        match sps.order {
            PictureOrder::Counter { bits: size } => {
                self.lsb = i64::from(bits.take(size)?);
                if both {
                    self.deltas[0] = bits.signed_golomb()?;
                }
            }
            PictureOrder::Cycle {
                always_zero: false, ..
            } => {
                self.deltas[0] = bits.signed_golomb()?;
                if both {
                    self.deltas[1] = bits.signed_golomb()?;
                }
            }
            PictureOrder::Cycle { .. } | PictureOrder::Decoding => {}
        }
        Some(())
    }
}

/// Kinds of slices (table 7-6), modulo five.
const P: u32 = 0;
const B: u32 = 1;
const SP: u32 = 3;

/// Reads on to `dec_ref_pic_marking` (§7.3.3.3) of a reference picture that is no IDR picture.
fn resets(bits: &mut Bits<'_>, kind: u32, sps: &Sps, pps: &Pps) -> Option<bool> {
    if pps.redundant {
        bits.golomb()?;
    }
    if kind == B {
        bits.flag()?; // direct_spatial_mv_pred_flag
    }
    let lists = match kind {
        P | SP => 1,
        B => 2,
        _ => 0,
    };
    let mut references = pps.references;
    if lists > 0 && bits.flag()? {
        for list in &mut references[..lists] {
            *list = bits.golomb().filter(|n| *n < 32)? + 1;
        }
    }
    for _ in 0..lists {
        skip_modification(bits)?;
    }
    let weighted =
        pps.weighted_pred && matches!(kind, P | SP) || pps.weighted_bipred == 1 && kind == B;
    if weighted {
        skip_weights(bits, sps, &references[..lists])?;
    }
    if !bits.flag()? {
        return Some(false); // a sliding window
    }
    loop {
        match bits.golomb()? {
            0 => return Some(false),
            5 => return Some(true),
            3 => {
                bits.golomb()?;
                bits.golomb()?;
            }
            1 | 2 | 4 | 6 => {
                bits.golomb()?;
            }
            _ => return None,
        }
    }
}

/// §7.3.3.1
fn skip_modification(bits: &mut Bits<'_>) -> Option<()> {
    if bits.flag()? {
        while bits.golomb().filter(|n| *n <= 3)? != 3 {
            bits.golomb()?;
        }
    }
    Some(())
}

/// §7.3.3.2
fn skip_weights(bits: &mut Bits<'_>, sps: &Sps, lists: &[u32]) -> Option<()> {
    let colour = sps.chroma_format != 0 && !sps.separate_planes;
    bits.golomb()?; // luma_log2_weight_denom
    if colour {
        bits.golomb()?;
    }
    for _ in 0..lists.iter().sum() {
        for values in [2, 4].into_iter().take(if colour { 2 } else { 1 }) {
            if bits.flag()? {
                for _ in 0..values {
                    bits.signed_golomb()?;
                }
            }
        }
    }
    Some(())
}
