//! Where the fragments of a clip lie, which of them a range of time needs, and how a player is
//! told (`sidx`, ISO/IEC 14496-12 §8.16.3).

use std::ops::Range;

use rusqlite::Connection;

use crate::Result;
use crate::record::timeline;

/// A fragment in the plaintext: a row of the table `fragment`. Times in µs from the clip's
/// beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) length: u64,
    /// Earliest presentation of any track.
    pub(crate) begin_us: i64,
    /// Latest end.
    pub(crate) end_us: i64,
    /// Decoding can begin here.
    pub(crate) sync: bool,
}

impl Place {
    pub(super) fn end(&self) -> u64 {
        self.position.saturating_add(self.length)
    }
}

/// The rows of a clip; none for one that is older than the table.
///
/// # Errors
/// Storage errors.
pub(crate) fn load(connection: &Connection, clip: &str) -> Result<Vec<Place>> {
    let mut statement = connection.prepare_cached(
        "SELECT position, length, begin_us, end_us, sync FROM fragment
         WHERE clip = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([clip], |row| {
        Ok(Place {
            position: row.get(0)?,
            length: row.get(1)?,
            begin_us: row.get(2)?,
            end_us: row.get(3)?,
            sync: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether these follow each other without a gap, to the end of a plaintext of `size` bytes.
pub(super) fn is_whole(places: &[Place], size: u64) -> bool {
    places.windows(2).all(|w| w[0].end() == w[1].position)
        && places.last().is_some_and(|last| last.end() == size)
}

/// The fragments that whoever decodes needs for what is presented in `[from_us, to_us)`: from
/// the last one that decoding can begin at, to the last one that begins before the end.
///
/// The times of neighbours may overlap: sound and picture are not cut at the same instant. So
/// what counts at the beginning is where a fragment *ends*: the one before the one that begins
/// at `from_us` may still hold pictures of it.
pub(super) fn needed(places: &[Place], from_us: i64, to_us: i64) -> Option<Range<usize>> {
    let first = places.iter().position(|p| p.end_us > from_us)?;
    let last = places.iter().rposition(|p| p.begin_us < to_us)?;
    if last < first {
        return None;
    }
    let begin = places[..=first].iter().rposition(|p| p.sync).unwrap_or(0);
    Some(begin..last + 1)
}

/// The index over fragments that follow it at once: one reference for each, which says whether
/// decoding can begin there. (Several fragments in one reference would be allowed; but FFmpeg's
/// demuxer, after a seek, goes from the first fragment of a reference to the next reference and
/// leaves out what is between.) `moved_us` is what the fragments' times are less than the places
/// say. `None` for what no index can express: more than 65,535 fragments, one of 2 GiB.
pub(super) fn sidx(places: &[Place], track: u32, timescale: u32, moved_us: i64) -> Option<Vec<u8>> {
    let ticks = |us: i64| timeline::to_ticks(us.saturating_sub(moved_us), timescale).max(0);
    let end = ticks(places.iter().map(|p| p.end_us).max()?);
    let begins = places.iter().map(|p| ticks(p.begin_us));
    let ends = begins.clone().skip(1).chain([end]);
    let earliest = u64::try_from(begins.clone().next()?).ok()?;

    let mut out = vec![0; 8]; // size and type, at last
    out.extend(0x0100_0000_u32.to_be_bytes()); // version 1: times of 64 bits
    out.extend(track.to_be_bytes());
    out.extend(timescale.to_be_bytes());
    out.extend(earliest.to_be_bytes());
    out.extend(0_u64.to_be_bytes()); // the first one follows this box
    out.extend(0_u16.to_be_bytes());
    out.extend(u16::try_from(places.len()).ok()?.to_be_bytes());
    for ((place, begin), end) in places.iter().zip(begins).zip(ends) {
        let bytes = u32::try_from(place.length).ok()?;
        // The highest bit says that it is an index and no fragment.
        let bytes = (bytes < 1 << 31).then_some(bytes)?;
        // A subsegment lasts until the next one begins.
        let duration = u32::try_from(end.saturating_sub(begin).max(0)).ok()?;
        // SAP type 1: the first picture in decoding order is the first one presented.
        let access = if place.sync { 0x9000_0000_u32 } else { 0 };
        out.extend(bytes.to_be_bytes());
        out.extend(duration.to_be_bytes());
        out.extend(access.to_be_bytes());
    }
    let size = u32::try_from(out.len()).ok()?;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out[4..8].copy_from_slice(b"sidx");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u64, begin_us: i64, end_us: i64, sync: bool) -> Place {
        Place {
            position: 1000 + number * 100,
            length: 100,
            begin_us,
            end_us,
            sync,
        }
    }

    fn clip() -> Vec<Place> {
        // Sound of the third second begins before its picture does.
        vec![
            place(0, 0, 1_020_000, true),
            place(1, 1_000_000, 2_000_000, false),
            place(2, 1_990_000, 3_010_000, true),
            place(3, 3_000_000, 4_000_000, true),
        ]
    }

    #[test]
    fn a_range_begins_where_decoding_can_and_ends_after_it() {
        let places = clip();
        let cases = [
            ((0, i64::MAX), Some(0..4)),
            ((0, 1), Some(0..1)),
            // Its pictures may be in the fragment before.
            ((1_010_000, 1_500_000), Some(0..2)),
            ((1_500_000, 1_600_000), Some(0..2)),
            // The picture of 1.995 s is in fragment 1, which needs fragment 0.
            ((1_995_000, 2_500_000), Some(0..3)),
            ((2_000_000, 2_500_000), Some(2..3)),
            ((3_005_000, 3_006_000), Some(2..4)),
            ((3_500_000, i64::MAX), Some(3..4)),
            ((4_000_000, i64::MAX), None),
            ((-5, 0), None),
        ];
        for ((from, to), expected) in cases {
            assert_eq!(needed(&places, from, to), expected, "{from} {to}");
        }
        assert_eq!(needed(&[], 0, 1), None);
        // Nothing to begin at: from the first on.
        let blind = vec![place(0, 0, 10, false), place(1, 10, 20, false)];
        assert_eq!(needed(&blind, 15, 16), Some(0..2));
    }

    #[test]
    fn rows_with_a_gap_are_not_believed() {
        let mut places = clip();
        assert!(is_whole(&places, 1400));
        assert!(!is_whole(&places, 1401));
        assert!(!is_whole(&[], 0));
        places.remove(1);
        assert!(!is_whole(&places, 1400));
    }

    #[test]
    fn each_fragment_has_its_reference() {
        use mp4_atom::{Decode as _, Sidx};
        let bytes = sidx(&clip(), 1, 90_000, 0).unwrap();
        let sidx = Sidx::decode(&mut bytes.as_slice()).unwrap();
        assert_eq!((sidx.reference_id, sidx.timescale), (1, 90_000));
        assert_eq!((sidx.earliest_presentation_time, sidx.first_offset), (0, 0));
        let told: Vec<_> = sidx
            .references
            .iter()
            .map(|r| {
                (
                    r.referenced_size,
                    r.subsegment_duration,
                    (r.starts_with_sap, r.sap_type),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (100, 90_000, (true, 1)),
                (100, 89_100, (false, 0)),
                (100, 90_900, (true, 1)),
                (100, 90_000, (true, 1)),
            ]
        );
    }

    #[test]
    fn what_no_index_can_say_has_none() {
        let many = |count: i64| -> Vec<_> {
            (0..count)
                .map(|n| place(n as u64, n * 250_000, (n + 1) * 250_000, true))
                .collect()
        };
        assert!(sidx(&many(65_535), 2, 48_000, 0).is_some());
        assert!(sidx(&many(65_536), 2, 48_000, 0).is_none());
        let mut large = many(2);
        large[0].length = 1 << 31;
        assert!(sidx(&large, 2, 48_000, 0).is_none());
        let mut long = many(2);
        long[1].begin_us = 1 << 50;
        assert!(sidx(&long, 2, 48_000, 0).is_none());
        assert!(sidx(&[], 2, 48_000, 0).is_none());
    }
}
