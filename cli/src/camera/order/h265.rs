//! Picture order count of H.265 (ITU-T H.265 §8.3.1).

use std::collections::HashMap;

use custos_core::record::annexb::{nal_units, unescape};
use custos_core::record::bits::Bits;
use custos_core::record::hevc::{
    HevcSps, NAL_BLA_W_LP, NAL_IRAP_LAST, NAL_PPS, NAL_RADL_N, NAL_RASL_R, NAL_SPS, nal_type,
};

use super::Place;
use super::h264::upper_part;

const NAL_BLA_N_LP: u8 = 18;
const NAL_IDR_W_RADL: u8 = 19;
const NAL_IDR_N_LP: u8 = 20;
/// After the end of a sequence, the next picture begins another one.
const NAL_END: [u8; 2] = [36, 37];

/// What a slice needs of a PPS (§7.3.2.3.1).
#[derive(Debug, Clone, Copy)]
struct Pps {
    id: u32,
    sps: u32,
    /// `output_flag_present_flag`.
    output_flag: bool,
    /// `num_extra_slice_header_bits`.
    extra_bits: u32,
}

impl Pps {
    fn parse(unit: &[u8]) -> Option<Self> {
        let body = unescape(unit.get(2..)?);
        let mut bits = Bits::new(&body);
        let (id, sps) = (bits.golomb()?, bits.golomb()?);
        bits.flag()?; // dependent_slice_segments_enabled_flag
        Some(Self {
            id,
            sps,
            output_flag: bits.flag()?,
            extra_bits: bits.take(3)?,
        })
    }
}

/// What is carried from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Counter {
    sps: HashMap<u32, HevcSps>,
    pps: HashMap<u32, Pps>,
    /// Counter of the last picture that all others may count from, upper and lower part.
    reference: (i64, i64),
    /// A sequence is going on.
    goes_on: bool,
}

impl Counter {
    /// Where the picture of an access unit is; `None` if its slice cannot be read.
    pub(super) fn place(&mut self, access_unit: &[u8]) -> Option<Place> {
        let mut found = None;
        for unit in nal_units(access_unit) {
            match nal_type(unit) {
                Some(NAL_SPS) => {
                    if let Some(sps) = HevcSps::parse(unit) {
                        self.sps.insert(sps.id, sps);
                    }
                }
                Some(NAL_PPS) => {
                    if let Some(pps) = Pps::parse(unit) {
                        self.pps.insert(pps.id, pps);
                    }
                }
                Some(kind @ 0..=31) if found.is_none() => found = Some(self.picture(unit, kind)),
                Some(kind) if NAL_END.contains(&kind) => self.goes_on = false,
                _ => {}
            }
        }
        found?
    }

    fn picture(&mut self, unit: &[u8], kind: u8) -> Option<Place> {
        let random_access = (NAL_BLA_W_LP..=NAL_IRAP_LAST).contains(&kind);
        // NoRaslOutputFlag: a CRA picture in the middle does not begin a sequence.
        let restarts = random_access
            && (!self.goes_on
                || (NAL_BLA_W_LP..=NAL_BLA_N_LP).contains(&kind)
                || matches!(kind, NAL_IDR_W_RADL | NAL_IDR_N_LP));
        self.goes_on = true;

        let lower = self.lower_part(unit, kind, random_access);
        let (lower, most) = lower?;
        let (before, before_lower) = self.reference;
        let upper = if restarts {
            0
        } else {
            upper_part(before, before_lower, lower, most)
        };
        let base_layer = unit.get(1).is_some_and(|b| b & 7 == 1);
        // Leading pictures, and those that nothing in their sub-layer refers to.
        let passing =
            (NAL_RADL_N..=NAL_RASL_R).contains(&kind) || kind < 16 && kind.is_multiple_of(2);
        if base_layer && !passing {
            self.reference = (upper, lower);
        }
        Some(Place {
            order: upper + lower,
            restarts,
            second_field: false,
        })
    }

    /// `slice_pic_order_cnt_lsb` of a first slice segment (§7.3.6.1), and what it is modulo.
    fn lower_part(&self, unit: &[u8], kind: u8, random_access: bool) -> Option<(i64, i64)> {
        let header = unescape(unit.get(2..unit.len().min(64))?);
        let mut bits = Bits::new(&header);
        bits.flag()?; // first_slice_segment_in_pic_flag
        if random_access {
            bits.flag()?; // no_output_of_prior_pics_flag
        }
        let pps = self.pps.get(&bits.golomb()?)?;
        let sps = self.sps.get(&pps.sps)?;
        let most = 1 << sps.order_bits;
        if matches!(kind, NAL_IDR_W_RADL | NAL_IDR_N_LP) {
            return Some((0, most));
        }
        bits.skip(pps.extra_bits)?;
        bits.golomb()?; // slice_type
        bits.skip(u32::from(pps.output_flag))?;
        bits.skip(if sps.separate_planes { 2 } else { 0 })?;
        Some((i64::from(bits.take(sps.order_bits)?), most))
    }
}
