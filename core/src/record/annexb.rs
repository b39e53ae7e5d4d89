//! H.264 byte streams: from start codes (ITU-T H.264 Annex B) to length fields (ISO/IEC
//! 14496-15 §5.3.3), at memory speed.

use memchr::memmem::Finder;

/// NAL unit types (ITU-T H.264 table 7-1) that are told apart here.
pub const NAL_IDR: u8 = 5;
pub const NAL_SPS: u8 = 7;
pub const NAL_PPS: u8 = 8;

/// The NAL units of an Annex-B stream, without start codes and trailing zero bytes.
///
/// Three- and four-byte start codes are taken; what precedes the first one is not a NAL unit
/// and is left out. Empty NAL units are skipped.
pub fn nal_units(data: &[u8]) -> NalUnits<'_> {
    let finder = Finder::new(&[0, 0, 1]);
    let start = finder.find(data).map(|at| at + 3);
    NalUnits {
        data,
        start,
        finder,
    }
}

/// See [`nal_units`].
#[derive(Debug)]
pub struct NalUnits<'a> {
    data: &'a [u8],
    /// Where the next NAL unit begins.
    start: Option<usize>,
    finder: Finder<'static>,
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let rest = &self.data[self.start?..];
            let end = self.finder.find(rest);
            self.start = end.map(|at| self.data.len() - rest.len() + at + 3);
            let unit = trim_zeros(&rest[..end.unwrap_or(rest.len())]);
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    }
}

/// A NAL unit never ends in a zero byte (§7.4.1): what is there belongs to the next start code
/// or is `trailing_zero_8bits`.
fn trim_zeros(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    &unit[..end]
}

/// The type of a NAL unit.
pub fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |b| b & 0x1f)
}

/// What [`append_length_prefixed`] saw in an access unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// Bytes appended.
    pub length: usize,
    /// It carries parameter sets of its own.
    pub parameter_sets: bool,
    /// It has a slice of an IDR picture.
    pub idr: bool,
}

/// Appends an Annex-B access unit to `out` with a four-byte length before each NAL unit.
///
/// A unit without any start code appends nothing.
pub fn append_length_prefixed(data: &[u8], out: &mut Vec<u8>) -> AccessUnit {
    let before = out.len();
    let mut seen = AccessUnit::default();
    for unit in nal_units(data) {
        match nal_type(unit) {
            NAL_SPS | NAL_PPS => seen.parameter_sets = true,
            NAL_IDR => seen.idr = true,
            _ => {}
        }
        // Samples are limited to 16 MiB long before a length could fail to fit.
        out.extend_from_slice(&(unit.len() as u32).to_be_bytes());
        out.extend_from_slice(unit);
    }
    seen.length = out.len() - before;
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(data: &[u8]) -> Vec<Vec<u8>> {
        nal_units(data).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn both_start_codes_and_trailing_zeros() {
        let data = [
            9, 9, 0, 0, 0, 1, 0x67, 5, 0, 0, 1, 0x68, 0, 0, 0, 0, 1, 0x65, 0, 3, 0, 0,
        ];
        assert_eq!(units(&data), [vec![0x67, 5], vec![0x68], vec![0x65, 0, 3]]);
    }

    #[test]
    fn nothing_where_there_is_nothing() {
        for data in [
            &b""[..],
            &[0],
            &[0, 0, 1],
            &[0, 0, 0, 1, 0, 0, 1, 0],
            &[1, 2, 3],
        ] {
            assert!(units(data).is_empty(), "{data:?}");
            let mut out = Vec::new();
            assert_eq!(append_length_prefixed(data, &mut out).length, 0);
        }
    }

    #[test]
    fn what_an_access_unit_holds() {
        let mut out = vec![1];
        let seen = append_length_prefixed(&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 2], &mut out);
        assert_eq!(
            seen,
            AccessUnit {
                length: 12,
                parameter_sets: true,
                idr: true
            }
        );
        assert_eq!(out, [1, 0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 2]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(data: Vec<u8>) {
            let mut out = Vec::new();
            append_length_prefixed(&data, &mut out);
        }

        #[test]
        fn units_come_back(
            list in prop::collection::vec((any::<bool>(), prop::collection::vec(1u8.., 1..40)), 0..20)
        ) {
            let mut stream = Vec::new();
            for (long, unit) in &list {
                stream.extend_from_slice(if *long { &[0, 0, 0, 1] } else { &[0, 0, 1] });
                stream.extend_from_slice(unit);
            }
            prop_assert_eq!(units(&stream), list.into_iter().map(|(_, u)| u).collect::<Vec<_>>());
        }
    }
}
