//! What stands before the fragments: `ftyp` and `moov`, and for a player `mehd` in it and a `sidx`
//! for each track after it.

use std::io::{Read, Seek};

use zeroize::Zeroizing;

use super::Span;
use super::boxes::{self, Found, TrackInfo};
use super::index::{self, Place};
use crate::Result;
use crate::record::open::Opened;

/// More than this stands before no first fragment.
pub(super) const MOST: u64 = 1 << 20;

/// `ftyp` and `moov` as they were sealed.
#[derive(Debug)]
pub(super) struct Init {
    bytes: Zeroizing<Vec<u8>>,
    moov: Found,
    /// Ticks a second of the movie's own clock.
    timescale: u32,
    pub(super) tracks: Vec<TrackInfo>,
}

impl Init {
    /// Reads what stands before `first`; `None` where that is no `moov`.
    pub(super) fn read<R: Read + Seek>(file: &mut Opened<R>, first: u64) -> Result<Option<Self>> {
        if first > MOST {
            return Ok(None);
        }
        let mut bytes = Zeroizing::new(vec![0; first as usize]);
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Self::parse(bytes))
    }

    pub(super) fn parse(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        let moov = boxes::within(&bytes, 0, bytes.len()).find(|b| b.kind == *b"moov")?;
        let timescale = boxes::timescale(&bytes, moov)?;
        let tracks = boxes::tracks(&bytes, moov)?;
        Some(Self {
            bytes,
            moov,
            timescale,
            tracks,
        })
    }

    /// The tracks, the one that a player goes by first: the picture's, where there is one.
    fn leading_first(&self) -> Vec<&TrackInfo> {
        let (video, others): (Vec<_>, Vec<_>) = self.tracks.iter().partition(|t| t.video);
        [video, others].concat()
    }

    /// All that a view of these fragments begins with. `delay_us`: how much later than they are
    /// decoded its pictures are shown.
    pub(super) fn before(
        &self,
        places: &[Place],
        span: Span,
        delay_us: i64,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let tracks = self.leading_first();
        let indexes = index::indexes(places, &tracks, span.from_us, delay_us)?;
        let mut head = self.with_duration(span.to_us.saturating_sub(span.from_us));
        head.extend_from_slice(&indexes);
        Some(head)
    }

    /// With the duration in `mehd` (§8.8.2), the first box of `mvex`, unless there is one. The
    /// durations elsewhere in `moov` are of the samples that it lists: none.
    fn with_duration(&self, duration_us: i64) -> Zeroizing<Vec<u8>> {
        let ticks = i128::from(duration_us.max(0)) * i128::from(self.timescale);
        let ticks = u32::try_from((ticks + 999_999) / 1_000_000).ok();
        let mvex = self.moov.child(&self.bytes, b"mvex");
        let mut head = self.bytes.clone();
        let (Some(ticks), Some(mvex)) = (ticks, mvex) else {
            return head;
        };
        let sizes = [self.moov, mvex].map(|found| self.grown(found));
        let there = mvex.child(&self.bytes, b"mehd").is_some();
        let ([Some(moov_size), Some(mvex_size)], false) = (sizes, there) else {
            return head;
        };
        head[self.moov.start..][..4].copy_from_slice(&moov_size.to_be_bytes());
        head[mvex.start..][..4].copy_from_slice(&mvex_size.to_be_bytes());
        let mut mehd = [0; MEHD as usize];
        mehd[..4].copy_from_slice(&MEHD.to_be_bytes());
        mehd[4..8].copy_from_slice(b"mehd");
        mehd[12..].copy_from_slice(&ticks.to_be_bytes());
        head.splice(mvex.body..mvex.body, mehd);
        head
    }

    /// The size of a box that takes in a `mehd`, where its head has room for no more than that.
    fn grown(&self, found: Found) -> Option<u32> {
        let size = u32::try_from(found.end - found.start).ok()?;
        (found.body - found.start == 8).then(|| size.checked_add(MEHD))?
    }
}

/// Bytes of a `mehd` of version 0.
const MEHD: u32 = 16;
