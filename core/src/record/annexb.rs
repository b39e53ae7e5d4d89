//! H.264 and H.265 byte streams: from start codes (Annex B of both) to length fields (ISO/IEC
//! 14496-15 §5.3.3 and §8.3.3), at memory speed.

use memchr::memmem::Finder;

use super::codec::VideoCodec;
use super::hevc;

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

/// The type of an H.264 NAL unit; [`hevc::nal_type`] is H.265's.
pub fn nal_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |b| b & 0x1f)
}

/// Takes the emulation prevention bytes out (H.264 §7.4.1, H.265 §7.4.2).
pub fn unescape(unit: &[u8]) -> Vec<u8> {
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

/// What [`append_length_prefixed`] saw in an access unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// Bytes appended.
    pub length: usize,
    /// It carries parameter sets of its own, that were kept.
    pub parameter_sets: bool,
    /// Decoding can begin at its picture: IDR, and in H.265 CRA and BLA.
    pub random_access: bool,
    /// Its picture is presented before the random access picture that it follows.
    pub leading: Option<Leading>,
}

/// Leading pictures (ITU-T H.265 §3): what a decoder that begins at their random access picture
/// does with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// RADL: it shows them.
    Decodable,
    /// RASL: it skips them, because they refer to what came before.
    Skipped,
}

/// Appends an Annex-B access unit to `out` with a four-byte length before each NAL unit.
/// Parameter sets for which `drop` says so are left out.
///
/// A unit without any start code appends nothing.
pub fn append_length_prefixed(
    codec: VideoCodec,
    data: &[u8],
    out: &mut Vec<u8>,
    drop: impl Fn(&[u8]) -> bool,
) -> AccessUnit {
    let before = out.len();
    let mut seen = AccessUnit::default();
    for unit in nal_units(data) {
        if codec.is_parameter_set(unit) {
            if drop(unit) {
                continue;
            }
            seen.parameter_sets = true;
        }
        match codec {
            VideoCodec::H264 => seen.random_access |= nal_type(unit) == NAL_IDR,
            VideoCodec::H265 => seen.look_at_hevc(unit),
        }
        // Samples are limited to 16 MiB long before a length could fail to fit.
        out.extend_from_slice(&(unit.len() as u32).to_be_bytes());
        out.extend_from_slice(unit);
    }
    seen.length = out.len() - before;
    seen
}

impl AccessUnit {
    fn look_at_hevc(&mut self, unit: &[u8]) {
        match hevc::nal_type(unit) {
            Some(hevc::NAL_RADL_N | hevc::NAL_RADL_R) => self.leading = Some(Leading::Decodable),
            Some(hevc::NAL_RASL_N | hevc::NAL_RASL_R) => self.leading = Some(Leading::Skipped),
            Some(hevc::NAL_BLA_W_LP..=hevc::NAL_IRAP_LAST) => self.random_access = true,
            _ => {}
        }
    }
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
            for codec in [VideoCodec::H264, VideoCodec::H265] {
                let seen = append_length_prefixed(codec, data, &mut out, |_| false);
                assert_eq!(seen, AccessUnit::default());
            }
            assert!(out.is_empty());
        }
    }

    #[test]
    fn what_an_access_unit_holds() {
        let data = [0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 2];
        let mut out = vec![1];
        let seen = append_length_prefixed(VideoCodec::H264, &data, &mut out, |_| false);
        assert_eq!(
            seen,
            AccessUnit {
                length: 12,
                parameter_sets: true,
                random_access: true,
                leading: None,
            }
        );
        assert_eq!(out, [1, 0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 2]);

        out.clear();
        let seen = append_length_prefixed(VideoCodec::H264, &data, &mut out, |u| u == [0x67, 1]);
        assert_eq!((seen.length, seen.parameter_sets), (6, false));
        assert_eq!(out, [0, 0, 0, 2, 0x65, 2]);
    }

    #[test]
    fn what_an_access_unit_of_h265_holds() {
        let seen = |header: u8| {
            let data = [0, 0, 1, header << 1, 1, 9];
            append_length_prefixed(VideoCodec::H265, &data, &mut Vec::new(), |_| false)
        };
        for kind in 0..48 {
            let unit = seen(kind);
            assert_eq!(unit.length, 7);
            assert_eq!(unit.random_access, (16..=23).contains(&kind), "{kind}");
            assert_eq!(unit.parameter_sets, (32..=34).contains(&kind), "{kind}");
            let leading = match kind {
                6 | 7 => Some(Leading::Decodable),
                8 | 9 => Some(Leading::Skipped),
                _ => None,
            };
            assert_eq!(unit.leading, leading, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(data: Vec<u8>) {
            for codec in [VideoCodec::H264, VideoCodec::H265] {
                append_length_prefixed(codec, &data, &mut Vec::new(), |_| false);
            }
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
