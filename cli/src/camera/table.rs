//! The samples of a track by its sample table (ISO/IEC 14496-12 §8.5 to §8.7), one at a time:
//! the run-length tables are walked, never expanded.

use mp4_atom::{Co64, Ctts, Stco, Stsc, Stss, Stsz, StszSamples, Stts};

use super::CameraError;
use super::boxes::{decode_child, need};

/// Where a sample lies, and when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleRef {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// Decoding time in the track's ticks.
    pub(super) dts: i64,
    /// Presentation minus decoding time.
    pub(super) composition: i64,
    pub(super) key: bool,
}

/// A walk through a sample table.
#[derive(Debug)]
pub(super) struct Table {
    times: Walk<u32>,
    compositions: Option<Walk<i64>>,
    sizes: StszSamples,
    chunks: Chunks,
    /// Numbers of sync samples, from 1; `None`: every sample is one.
    sync: Option<Vec<u32>>,
    sync_at: usize,
    /// Samples given out.
    given: u32,
    dts: i64,
}

impl Table {
    /// From the content of `stbl`.
    pub(super) fn new(stbl: &[u8]) -> Result<Self, CameraError> {
        let stts: Stts = need(stbl)?;
        let ctts: Option<Ctts> = decode_child(stbl)?;
        let stsz: Stsz = need(stbl)?;
        let stss: Option<Stss> = decode_child(stbl)?;
        let times = stts
            .entries
            .iter()
            .map(|e| (e.sample_count, e.sample_delta))
            .collect();
        let compositions = ctts.map(|c| {
            // Offsets above 31 bits are negative ones in a box of the wrong version.
            let signed = |offset: i64| {
                if offset > i64::from(i32::MAX) {
                    offset - (1 << 32)
                } else {
                    offset
                }
            };
            Walk::new(
                c.entries
                    .iter()
                    .map(|e| (e.sample_count, signed(e.sample_offset)))
                    .collect(),
            )
        });
        Ok(Self {
            times: Walk::new(times),
            compositions,
            sizes: stsz.samples,
            chunks: Chunks::new(stbl)?,
            sync: stss.map(|s| s.entries),
            sync_at: 0,
            given: 0,
            dts: 0,
        })
    }

    /// How many samples the table has.
    pub(super) fn len(&self) -> u32 {
        match &self.sizes {
            StszSamples::Identical { count, .. } => *count,
            StszSamples::Different { sizes } => u32::try_from(sizes.len()).unwrap_or(u32::MAX),
        }
    }

    /// The decoding time at which what follows the table begins.
    pub(super) fn end(&self) -> i64 {
        self.dts
    }

    pub(super) fn next(&mut self) -> Result<Option<SampleRef>, CameraError> {
        if self.given >= self.len() {
            return Ok(None);
        }
        let size = match &self.sizes {
            StszSamples::Identical { size, .. } => *size,
            StszSamples::Different { sizes } => sizes[self.given as usize],
        };
        let offset = self.chunks.place(size)?;
        self.given += 1;
        let dts = self.dts;
        let step = self
            .times
            .next()
            .ok_or(CameraError::Broken("samples without a time"))?;
        self.dts = dts
            .checked_add(i64::from(step))
            .ok_or(CameraError::Broken("a time is out of range"))?;
        let composition = self.compositions.as_mut().and_then(Walk::next).unwrap_or(0);
        Ok(Some(SampleRef {
            offset,
            size,
            dts,
            composition,
            key: self.is_sync(),
        }))
    }

    fn is_sync(&mut self) -> bool {
        let Some(sync) = &self.sync else { return true };
        while sync
            .get(self.sync_at)
            .is_some_and(|number| *number < self.given)
        {
            self.sync_at += 1;
        }
        sync.get(self.sync_at) == Some(&self.given)
    }
}

/// A run-length table. Its last value goes on where it is too short.
#[derive(Debug)]
struct Walk<T> {
    runs: Vec<(u32, T)>,
    at: usize,
    used: u32,
    last: Option<T>,
}

impl<T: Copy> Walk<T> {
    fn new(runs: Vec<(u32, T)>) -> Self {
        Self {
            runs,
            at: 0,
            used: 0,
            last: None,
        }
    }

    fn next(&mut self) -> Option<T> {
        while let Some((count, value)) = self.runs.get(self.at) {
            if self.used < *count {
                self.used += 1;
                self.last = Some(*value);
                break;
            }
            self.at += 1;
            self.used = 0;
        }
        self.last
    }
}

/// Where chunks lie and how many samples are in each.
#[derive(Debug)]
struct Chunks {
    offsets: Offsets,
    /// First chunk (from 1) and samples in each chunk from there on.
    runs: Vec<(u32, u32)>,
    run: usize,
    /// The current chunk, from 1; 0 before the first.
    chunk: u32,
    /// Samples left in it, and where the next one lies.
    left: u32,
    next: u64,
}

#[derive(Debug)]
enum Offsets {
    Short(Vec<u32>),
    Long(Vec<u64>),
}

impl Offsets {
    fn get(&self, index: u32) -> Option<u64> {
        match self {
            Self::Short(list) => list.get(index as usize).map(|o| u64::from(*o)),
            Self::Long(list) => list.get(index as usize).copied(),
        }
    }
}

impl Chunks {
    fn new(stbl: &[u8]) -> Result<Self, CameraError> {
        let stsc: Stsc = need(stbl)?;
        if stsc.entries.iter().any(|e| e.sample_description_index > 1) {
            return Err(CameraError::Unsupported("its codec configuration changes"));
        }
        let runs: Vec<(u32, u32)> = stsc
            .entries
            .iter()
            .map(|e| (e.first_chunk, e.samples_per_chunk))
            .collect();
        if runs.first().is_some_and(|r| r.0 != 1) || runs.windows(2).any(|w| w[0].0 >= w[1].0) {
            return Err(CameraError::Broken("its chunks are out of order"));
        }
        let offsets = match decode_child::<Stco>(stbl)? {
            Some(stco) => Offsets::Short(stco.entries),
            None => Offsets::Long(need::<Co64>(stbl)?.entries),
        };
        Ok(Self {
            offsets,
            runs,
            run: 0,
            chunk: 0,
            left: 0,
            next: 0,
        })
    }

    /// Where the next sample lies.
    fn place(&mut self, size: u32) -> Result<u64, CameraError> {
        const LOST: CameraError = CameraError::Broken("samples without a chunk");
        // An empty chunk holds nothing; each step passes one, and there are finitely many.
        while self.left == 0 {
            self.next = self.offsets.get(self.chunk).ok_or(LOST)?;
            self.chunk += 1;
            while self
                .runs
                .get(self.run + 1)
                .is_some_and(|r| r.0 <= self.chunk)
            {
                self.run += 1;
            }
            self.left = self.runs.get(self.run).ok_or(LOST)?.1;
        }
        self.left -= 1;
        let place = self.next;
        self.next = place
            .checked_add(u64::from(size))
            .ok_or(CameraError::Broken("a sample is out of range"))?;
        Ok(place)
    }
}
