//! Picture order count of H.264 (ITU-T H.264 §8.2.1).

use std::collections::HashMap;

use custos_core::record::annexb::{NAL_IDR, NAL_PPS, NAL_SPS, nal_type, nal_units, unescape};
use custos_core::record::bits::Bits;
use custos_core::record::sps::{PictureOrder, Sps};

use super::Place;

mod slice;

use slice::{Pps, Slice};

/// What is carried from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Counter {
    sps: HashMap<u32, Sps>,
    pps: HashMap<u32, Pps>,
    /// Counter of the last reference picture, upper and lower part (type 0).
    reference: (i64, i64),
    /// `FrameNumOffset` and `frame_num` of the last picture (types 1 and 2).
    frame: (i64, i64),
    /// The last picture, if it is a field that waits for the other one.
    first_field: Option<FirstField>,
}

#[derive(Debug)]
struct FirstField {
    bottom: bool,
    frame_num: u32,
    reference: bool,
}

impl Counter {
    /// Where the picture of an access unit is; `None` if its slice cannot be read.
    pub(super) fn place(&mut self, access_unit: &[u8]) -> Option<Place> {
        let mut found = None;
        for unit in nal_units(access_unit) {
            match nal_type(unit) {
                NAL_SPS => {
                    if let Some(sps) = Sps::parse(unit) {
                        self.sps.insert(sps.id, sps);
                    }
                }
                NAL_PPS => {
                    let body = unescape(unit);
                    if let Some(pps) = body.get(1..).and_then(|b| Pps::parse(&mut Bits::new(b))) {
                        self.pps.insert(pps.id, pps);
                    }
                }
                1 | 2 | NAL_IDR if found.is_none() => found = Some(self.picture(unit)?),
                _ => {}
            }
        }
        found
    }

    fn picture(&mut self, unit: &[u8]) -> Option<Place> {
        let slice = Slice::parse(unit, &self.sps, &self.pps)?;
        let sps = self.sps.get(&slice.sps)?;
        let (top, bottom) = match &sps.order {
            PictureOrder::Counter { bits } => {
                let (before, lower) = if slice.idr { (0, 0) } else { self.reference };
                let upper = upper_part(before, lower, slice.lsb, 1 << bits);
                if slice.reference {
                    self.reference = (upper, slice.lsb);
                }
                let at = upper + slice.lsb;
                (at, at + slice.deltas[0])
            }
            PictureOrder::Cycle { .. } | PictureOrder::Decoding => {
                let offset = self.frame_num_offset(&slice, 1 << sps.frame_num_bits);
                self.frame = (offset, i64::from(slice.frame_num));
                by_frame_num(&sps.order, &slice, offset)
            }
        };
        let order = match slice.field {
            None => top.min(bottom),
            Some(false) => top,
            Some(true) => bottom,
        };
        let second_field = self.is_second_field(&slice);
        self.first_field = match slice.field {
            Some(bottom) if !second_field => Some(FirstField {
                bottom,
                frame_num: slice.frame_num,
                reference: slice.reference,
            }),
            _ => None,
        };
        if slice.resets {
            // memory_management_control_operation 5: from here on the picture counts from zero.
            self.reference = (
                0,
                if slice.field == Some(true) {
                    0
                } else {
                    top - order
                },
            );
            self.frame = (0, 0);
        }
        Some(Place {
            order: if slice.resets { 0 } else { order },
            restarts: (slice.idr || slice.resets) && !second_field,
            second_field,
        })
    }

    /// Equation 8-6 (and 8-11).
    fn frame_num_offset(&self, slice: &Slice, most: i64) -> i64 {
        let (offset, last) = self.frame;
        if slice.idr {
            0
        } else if last > i64::from(slice.frame_num) {
            offset + most
        } else {
            offset
        }
    }

    /// §3.30, §3.31: the other field of a frame directly follows.
    fn is_second_field(&self, slice: &Slice) -> bool {
        let (Some(first), Some(bottom)) = (&self.first_field, slice.field) else {
            return false;
        };
        first.bottom != bottom
            && first.frame_num == slice.frame_num
            && !slice.idr
            && !slice.resets
            && (first.reference || !slice.reference)
    }
}

/// Equation 8-3: the upper part changes where the lower one wraps.
pub(super) fn upper_part(before: i64, before_lower: i64, lower: i64, most: i64) -> i64 {
    if lower < before_lower && before_lower - lower >= most / 2 {
        before + most
    } else if lower > before_lower && lower - before_lower > most / 2 {
        before - most
    } else {
        before
    }
}

/// Types 1 and 2 (§8.2.1.2, §8.2.1.3): top and bottom field.
fn by_frame_num(order: &PictureOrder, slice: &Slice, offset: i64) -> (i64, i64) {
    let number = offset + i64::from(slice.frame_num);
    let PictureOrder::Cycle {
        non_reference,
        top_to_bottom,
        cycle,
        ..
    } = order
    else {
        let at = 2 * number - i64::from(!slice.reference && number > 0);
        return (at, at);
    };
    let mut number = if cycle.is_empty() { 0 } else { number };
    if !slice.reference && number > 0 {
        number -= 1;
    }
    let mut at = 0;
    if number > 0 {
        let length = cycle.len() as i64;
        let whole: i64 = cycle.iter().sum();
        let in_cycle = (number - 1) % length;
        at = (number - 1) / length * whole;
        at += cycle.iter().take(in_cycle as usize + 1).sum::<i64>();
    }
    if !slice.reference {
        at += non_reference;
    }
    let top = at + slice.deltas[0];
    if slice.field == Some(true) {
        return (top, at + top_to_bottom + slice.deltas[0]);
    }
    (top, top + top_to_bottom + slice.deltas[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_part_follows_the_lower_one() {
        assert_eq!(upper_part(0, 0, 6, 64), 0);
        assert_eq!(upper_part(0, 60, 2, 64), 64);
        assert_eq!(upper_part(64, 2, 60, 64), 0);
        assert_eq!(upper_part(64, 30, 0, 64), 64);
    }

    fn slice(frame_num: u32, reference: bool) -> Slice {
        Slice {
            frame_num,
            reference,
            ..Slice::default()
        }
    }

    /// The example of type 1: I, then a reference picture every third, two others between.
    #[test]
    fn a_cycle_of_differences() {
        let order = PictureOrder::Cycle {
            always_zero: true,
            non_reference: -4,
            top_to_bottom: 1,
            cycle: vec![6],
        };
        let at = |n, reference| by_frame_num(&order, &slice(n, reference), 0);
        assert_eq!(at(0, true), (0, 1));
        assert_eq!(at(1, true), (6, 7));
        assert_eq!(at(2, false), (2, 3));
        assert_eq!(at(2, true), (12, 13));
    }

    #[test]
    fn as_decoded() {
        let at = |n, reference| by_frame_num(&PictureOrder::Decoding, &slice(n, reference), 16);
        assert_eq!(at(0, true), (32, 32));
        assert_eq!(at(1, false), (33, 33));
        assert_eq!(at(1, true), (34, 34));
    }
}
