//! Times that begin anew: the decoding times of the fragments of a range (`tfdt`, ISO/IEC
//! 14496-12 §8.8.12), less the time of the first. Players differ in what they make of a file
//! that begins in the middle; some believe the times and wait, some ignore them.

use std::io::{Read, Seek};

use super::boxes;
use super::index::Place;
use super::init::Init;
use super::walk;
use crate::record::open::Opened;
use crate::record::timeline;
use crate::{Error, EvidenceFault, Result};

/// How far B-frames may reach back.
const REORDER_US: i64 = 5_000_000;

/// What is written over the plaintext of some fragments, found as they are read.
#[derive(Debug)]
pub(super) struct Moved {
    by_us: i64,
    tracks: Vec<boxes::TrackInfo>,
    places: Vec<Place>,
    /// Of each place, once it was looked at.
    patches: Vec<Option<Vec<Patch>>>,
}

/// Bytes in the place of others.
#[derive(Debug, Clone, Copy)]
struct Patch {
    /// In the plaintext.
    position: u64,
    bytes: [u8; 8],
    /// How many of them, from the end.
    length: usize,
}

impl Moved {
    /// Moves fragments so that the earliest decoding time becomes the beginning. A track's times
    /// rise, so that those of its first fragment count: nearly always of the first of all, but
    /// where a clock was set, a track may come later with an earlier time.
    pub(super) fn new<R: Read + Seek>(
        file: &mut Opened<R>,
        init: &Init,
        places: Vec<Place>,
    ) -> Result<Self> {
        let mut moved = Self {
            by_us: i64::MAX,
            tracks: init.tracks.clone(),
            patches: vec![None; places.len()],
            places,
        };
        let mut unseen: Vec<u32> = moved.tracks.iter().map(|track| track.id).collect();
        for number in 0..moved.places.len() {
            if unseen.is_empty() {
                break;
            }
            // A picture is decoded no longer than that before it is shown.
            let earliest = moved.places[number].begin_us.saturating_sub(REORDER_US);
            if number > 0 && earliest >= moved.by_us {
                continue;
            }
            for part in moved.parts(file, number)? {
                let time = i128::from(part.time) * 1_000_000 / i128::from(part.track.timescale);
                moved.by_us = moved.by_us.min(i64::try_from(time).unwrap_or(i64::MAX));
                unseen.retain(|id| *id != part.track.id);
            }
        }
        Ok(moved)
    }

    pub(super) fn by_us(&self) -> i64 {
        self.by_us
    }

    /// Writes what belongs there over `plain`, which was read at `position`.
    pub(super) fn apply<R: Read + Seek>(
        &mut self,
        file: &mut Opened<R>,
        position: u64,
        plain: &mut [u8],
    ) -> Result<()> {
        let end = position + plain.len() as u64;
        let first = self.places.partition_point(|p| p.end() <= position);
        for number in first..self.places.len() {
            if self.places[number].position >= end {
                break;
            }
            for patch in self.patches(file, number)? {
                for (at, byte) in (patch.position..).zip(&patch.bytes[8 - patch.length..]) {
                    if (position..end).contains(&at) {
                        plain[(at - position) as usize] = *byte;
                    }
                }
            }
        }
        Ok(())
    }

    fn patches<R: Read + Seek>(&mut self, file: &mut Opened<R>, number: usize) -> Result<&[Patch]> {
        if self.patches[number].is_none() {
            let start = self.places[number].position;
            let patches = self.parts(file, number)?.into_iter().map(|part| {
                let back = timeline::to_ticks(self.by_us, part.track.timescale);
                let time = part.time.saturating_sub(back.unsigned_abs());
                Patch {
                    position: start + part.time_at as u64,
                    bytes: time.to_be_bytes(),
                    length: part.time_bytes,
                }
            });
            self.patches[number] = Some(patches.collect());
        }
        Ok(self.patches[number].as_deref().unwrap_or_default())
    }

    fn parts<R: Read + Seek>(
        &self,
        file: &mut Opened<R>,
        number: usize,
    ) -> Result<Vec<boxes::Part>> {
        let place = self.places[number];
        let moof = walk::moof(file, place.position, place.length)?;
        boxes::parts(&moof, &self.tracks).ok_or(Error::Evidence(EvidenceFault::NotMedia))
    }
}
