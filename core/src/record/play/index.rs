//! Where the fragments of a clip lie, which of them a range of time needs, and how a player is
//! told (`sidx`, ISO/IEC 14496-12 §8.16.3).

use std::ops::Range;

use rusqlite::Connection;

use super::boxes;
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

/// Where a player may go: the first fragment, and each that decoding can begin at.
fn entries(places: &[Place]) -> impl Iterator<Item = bool> {
    places.iter().enumerate().map(|(n, p)| n == 0 || p.sync)
}

/// From when on everything that is presented is in a fragment or behind it: times for a track
/// that a player goes by. Neighbours overlap, and who goes to a time before this needs the one
/// before.
fn settled(places: &[Place]) -> Vec<i64> {
    let mut over = i64::MIN;
    let mut times = Vec::with_capacity(places.len());
    for place in places {
        times.push(place.begin_us.max(over));
        over = over.max(place.end_us);
    }
    times
}

/// The indexes over fragments that follow them at once, one for each of `tracks`, the leading one
/// first: FFmpeg looks for the sound's place by times of an index of the sound, and without one
/// (up to version 5.1) takes the picture's ticks for the sound's.
///
/// There is one reference for each fragment, which says whether decoding can begin there. (Several
/// fragments in one reference would be allowed; but FFmpeg's demuxer, after a seek, goes from the
/// first fragment of a reference to the next reference and leaves out what is between.) Few players
/// ask for that before they go somewhere, and decode what refers to nothing they have. So a
/// fragment that decoding cannot begin at is said to last no time, and the one before it so much
/// longer: nobody is led there.
///
/// `moved_us` is what the fragments' times are less than the places say; `delay_us`, how much
/// later than they are decoded pictures are shown. `None` for what no index can express: more
/// than 65,535 fragments, one of 2 GiB.
pub(super) fn indexes(
    places: &[Place],
    tracks: &[&boxes::TrackInfo],
    moved_us: i64,
    delay_us: i64,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // FFmpeg asks for the sound of the time at which the key picture that it found is decoded,
    // and has to be led to the same fragment.
    let before_us = delay_us.saturating_add(ROUNDING_US);
    for (number, track) in tracks.iter().enumerate() {
        let times = if number == 0 {
            settled(places)
        } else {
            let times = places.iter().map(|p| p.begin_us);
            times.map(|us| us.saturating_sub(before_us)).collect()
        };
        // All of them have the same size.
        let before = tracks.len() - 1 - number;
        let sidx = sidx(places, &times, track, moved_us)?;
        let first_offset = (before * sidx.len()) as u64;
        let start = out.len();
        out.extend(sidx);
        out[start + FIRST_OFFSET..][..8].copy_from_slice(&first_offset.to_be_bytes());
    }
    Some(out)
}

/// More than a tick of any track.
const ROUNDING_US: i64 = 1_000;

/// Where `first_offset` stands in a `sidx` of version 1.
const FIRST_OFFSET: usize = 28;

/// One index, right in front of the fragments.
fn sidx(
    places: &[Place],
    times: &[i64],
    track: &boxes::TrackInfo,
    moved_us: i64,
) -> Option<Vec<u8>> {
    let ticks = |us: i64| timeline::to_ticks(us.saturating_sub(moved_us), track.timescale).max(0);
    let earliest = u64::try_from(ticks(*times.first()?)).ok()?;
    // A subsegment lasts until the next one that a player may go to begins.
    let mut next = ticks(places.iter().map(|p| p.end_us).max()?);
    let mut durations = vec![0; places.len()];
    let entries: Vec<bool> = entries(places).collect();
    for number in (0..places.len()).rev().filter(|n| entries[*n]) {
        let begin = ticks(times[number]);
        durations[number] = u32::try_from(next.saturating_sub(begin).max(0)).ok()?;
        next = next.min(begin);
    }

    let mut out = vec![0; 8]; // size and type, at last
    out.extend(0x0100_0000_u32.to_be_bytes()); // version 1: times of 64 bits
    out.extend(track.id.to_be_bytes());
    out.extend(track.timescale.to_be_bytes());
    out.extend(earliest.to_be_bytes());
    out.extend(0_u64.to_be_bytes()); // the first one follows this box
    out.extend(0_u16.to_be_bytes());
    out.extend(u16::try_from(places.len()).ok()?.to_be_bytes());
    for (place, duration) in places.iter().zip(durations) {
        let bytes = u32::try_from(place.length).ok()?;
        // The highest bit says that it is an index and no fragment.
        let bytes = (bytes < 1 << 31).then_some(bytes)?;
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

    fn track(id: u32, timescale: u32) -> boxes::TrackInfo {
        let mut track = boxes::TrackInfo::default();
        (track.id, track.timescale) = (id, timescale);
        track
    }

    /// Bytes, duration in ticks, and whether decoding can begin there.
    fn told(sidx: &mp4_atom::Sidx) -> Vec<(u32, u32, (bool, u8))> {
        let references = sidx.references.iter().map(|r| {
            let access = (r.starts_with_sap, r.sap_type);
            (r.referenced_size, r.subsegment_duration, access)
        });
        references.collect()
    }

    fn decode(
        places: &[Place],
        tracks: &[&boxes::TrackInfo],
        moved_us: i64,
        delay_us: i64,
    ) -> Vec<mp4_atom::Sidx> {
        use mp4_atom::{Decode as _, Sidx};
        let bytes = indexes(places, tracks, moved_us, delay_us).unwrap();
        let mut rest = bytes.as_slice();
        let mut list = Vec::new();
        while !rest.is_empty() {
            list.push(Sidx::decode(&mut rest).unwrap());
            // What follows up to the fragments.
            assert_eq!(list.last().unwrap().first_offset, rest.len() as u64);
        }
        list
    }

    /// Nobody is led to a fragment that decoding cannot begin at.
    #[test]
    fn each_fragment_has_its_reference_and_time_leads_to_those_with_a_key_frame() {
        let list = decode(&clip(), &[&track(1, 90_000), &track(2, 48_000)], 0, 79_000);
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].reference_id, list[0].timescale), (1, 90_000));
        assert_eq!(list[0].earliest_presentation_time, 0);
        // Up to 2 s there are pictures in fragment 1, up to 3.01 s in fragment 2.
        assert_eq!(
            told(&list[0]),
            [
                (100, 180_000, (true, 1)),
                (100, 0, (false, 0)),
                (100, 90_900, (true, 1)),
                (100, 89_100, (true, 1)),
            ]
        );
        assert_eq!((list[1].reference_id, list[1].timescale), (2, 48_000));
        assert_eq!(
            told(&list[1]),
            [
                // Its picture at 1.99 s, or what is heard then, is decoded 0.08 s earlier.
                (100, 91_680, (true, 1)),
                (100, 0, (false, 0)),
                (100, 48_480, (true, 1)),
                (100, 51_840, (true, 1)),
            ]
        );
    }

    /// What is before the first key frame is there to be shown; and the last fragment's end is
    /// the end, whatever it is.
    #[test]
    fn the_beginning_and_the_end_are_those_of_the_fragments() {
        let blind = [
            place(0, 40_000, 1_000_000, false),
            place(1, 1_000_000, 2_000_000, false),
            place(2, 2_000_000, 3_000_000, true),
            place(3, 3_000_000, 4_000_000, false),
        ];
        for (places, expected) in [
            (&blind[..], &[1_960, 0, 2_000, 0][..]),
            (&blind[..2], &[1_960, 0]),
        ] {
            let list = decode(places, &[&track(1, 1_000)], 0, 0);
            assert_eq!(list[0].earliest_presentation_time, 40);
            let durations: Vec<_> = told(&list[0]).iter().map(|r| r.1).collect();
            assert_eq!(durations, expected);
        }
        let list = decode(&blind[2..], &[&track(1, 1_000)], 2_000_000, 0);
        assert_eq!(list[0].earliest_presentation_time, 0);
        // With B-frames the one before may reach beyond the next one's beginning, or its end.
        let long = [
            place(0, 0, 1_500_000, true),
            place(1, 900_000, 1_400_000, true),
            place(2, 1_450_000, 2_000_000, true),
        ];
        let list = decode(&long, &[&track(1, 1_000)], 0, 0);
        let durations: Vec<_> = told(&list[0]).iter().map(|r| r.1).collect();
        assert_eq!(durations, [1_500, 0, 500]);
    }

    #[test]
    fn what_no_index_can_say_has_none() {
        let many = |count: i64| -> Vec<_> {
            (0..count)
                .map(|n| place(n as u64, n * 250_000, (n + 1) * 250_000, true))
                .collect()
        };
        let indexes = |places: &[Place]| indexes(places, &[&track(2, 48_000)], 0, 0);
        assert!(indexes(&many(65_535)).is_some());
        assert!(indexes(&many(65_536)).is_none());
        let mut large = many(2);
        large[0].length = 1 << 31;
        assert!(indexes(&large).is_none());
        let mut long = many(2);
        long[1].end_us = 1 << 50;
        assert!(indexes(&long).is_none());
        assert!(indexes(&[]).is_none());
    }
}
