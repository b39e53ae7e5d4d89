//! Samples in movie fragments (ISO/IEC 14496-12 §8.8).

use std::collections::HashMap;

use mp4_atom::{Tfdt, Tfhd, Trex, Trun};

use super::CameraError;
use super::boxes::{children, decode, decode_child, need};
use super::table::SampleRef;

/// More samples than this are in no fragment.
const MOST_SAMPLES: usize = 1 << 20;

/// `sample_is_non_sync_sample` (§8.8.3.1).
const NOT_SYNC: u32 = 0x0001_0000;

/// What is carried from fragment to fragment.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    defaults: HashMap<u32, Trex>,
    /// Decoding time at which a track goes on, where no `tfdt` says.
    next_dts: HashMap<u32, i64>,
}

impl Fragments {
    /// From the content of `mvex`.
    pub(super) fn new(mvex: &[u8]) -> Result<Self, CameraError> {
        let mut defaults = HashMap::new();
        for (_, body) in children(mvex).filter(|(kind, _)| kind == b"trex") {
            let trex: Trex = decode(body)?;
            defaults.insert(trex.track_id, trex);
        }
        Ok(Self {
            defaults,
            next_dts: HashMap::new(),
        })
    }

    /// Says where the samples in `moov` end, if there are any.
    pub(super) fn follow(&mut self, track: u32, dts: i64) {
        self.next_dts.entry(track).or_insert(dts);
    }

    /// The samples of a `moof`, by track; `start` is where the box begins, `length` that of the
    /// file.
    pub(super) fn read(
        &mut self,
        moof: &[u8],
        start: u64,
        length: u64,
    ) -> Result<Vec<(u32, Vec<SampleRef>)>, CameraError> {
        let mut found = Vec::new();
        // Without a base of its own, data goes on where that of the track before it ended.
        let mut base = start;
        for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
            let (track, samples, end) = self.read_track(traf, start, base, length)?;
            base = end;
            found.push((track, samples));
        }
        Ok(found)
    }

    fn read_track(
        &mut self,
        traf: &[u8],
        moof: u64,
        base: u64,
        length: u64,
    ) -> Result<(u32, Vec<SampleRef>, u64), CameraError> {
        let tfhd: Tfhd = need(traf)?;
        let trex = self
            .defaults
            .get(&tfhd.track_id)
            .cloned()
            .unwrap_or_default();
        let description = tfhd
            .sample_description_index
            .unwrap_or(trex.default_sample_description_index);
        if description > 1 {
            return Err(CameraError::Unsupported("its codec configuration changes"));
        }
        let default_duration = tfhd
            .default_sample_duration
            .unwrap_or(trex.default_sample_duration);
        let default_size = tfhd.default_sample_size.unwrap_or(trex.default_sample_size);
        let default_flags = tfhd
            .default_sample_flags
            .unwrap_or(trex.default_sample_flags);
        let base = match tfhd.base_data_offset {
            Some(offset) => offset,
            None if tfhd.default_base_is_moof => moof,
            None => base,
        };
        let mut dts = match decode_child::<Tfdt>(traf)? {
            Some(tfdt) => i64::try_from(tfdt.base_media_decode_time)
                .map_err(|_| CameraError::Broken("a time is out of range"))?,
            None => self.next_dts.get(&tfhd.track_id).copied().unwrap_or(0),
        };

        let mut samples = Vec::new();
        let mut at = base;
        for (_, body) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let trun: Trun = decode(body)?;
            if let Some(offset) = trun.data_offset {
                at = base
                    .checked_add_signed(i64::from(offset))
                    .ok_or(CameraError::Broken("a sample is out of range"))?;
            }
            for entry in &trun.samples {
                let size = entry.size.unwrap_or(default_size);
                // A count without sizes costs nothing to write: the file bounds it.
                if samples.len() >= MOST_SAMPLES || (size == 0 && entry.size.is_none()) {
                    return Err(CameraError::Broken("a fragment has too many samples"));
                }
                if at.saturating_add(u64::from(size)) > length {
                    // The file ends here. What is before this is sound.
                    return Ok((tfhd.track_id, samples, at));
                }
                let flags = entry.flags.unwrap_or(default_flags);
                samples.push(SampleRef {
                    offset: at,
                    size,
                    dts,
                    composition: entry.cts.unwrap_or(0),
                    key: flags & NOT_SYNC == 0,
                });
                at += u64::from(size);
                dts = dts
                    .checked_add(i64::from(entry.duration.unwrap_or(default_duration)))
                    .ok_or(CameraError::Broken("a time is out of range"))?;
            }
        }
        self.next_dts.insert(tfhd.track_id, dts);
        Ok((tfhd.track_id, samples, at))
    }
}
