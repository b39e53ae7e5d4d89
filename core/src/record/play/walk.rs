//! The fragments of a clip that nobody indexed, found by reading the head of each: clips from
//! before the table `fragment`.

use std::io::{Read, Seek};

use zeroize::Zeroizing;

use super::boxes::{self, Part, TrackInfo};
use super::index::Place;
use super::init::{self, Init};
use crate::record::open::Opened;
use crate::{Error, EvidenceFault, Result};

/// A `moof` with more than this lists more samples than a fragment holds.
const MOST_MOOF: u64 = 16 << 20;

fn not_media() -> Error {
    Error::Evidence(EvidenceFault::NotMedia)
}

/// All fragments. The heads of those that begin at `to_us` or later are read as well: where a clock
/// was set, sound of an earlier time may lie behind a picture of a later one. But damage there does
/// not keep anybody from what is before it.
///
/// # Errors
/// [`Error::Evidence`], [`Error::Io`].
pub(super) fn places<R: Read + Seek>(file: &mut Opened<R>, to_us: i64) -> Result<Vec<Place>> {
    let mut at = first(file)?;
    let init = Init::read(file, at)?.ok_or_else(not_media)?;
    let mut places: Vec<Place> = Vec::new();
    let mut beyond = false;
    while at < file.size() {
        match next(file, at, &init.tracks) {
            Ok(place) => {
                beyond |= place.begin_us >= to_us;
                at = place.end();
                places.push(place);
            }
            Err(Error::Evidence(_)) if beyond => break,
            Err(error) => return Err(error),
        }
    }
    Ok(places)
}

/// The fragment at a place.
fn next<R: Read + Seek>(file: &mut Opened<R>, at: u64, tracks: &[TrackInfo]) -> Result<Place> {
    let moof = moof(file, at, u64::MAX)?;
    let parts = boxes::parts(&moof, tracks).ok_or_else(not_media)?;
    let data = at + moof.len() as u64;
    let (kind, length) = head(file, data)?;
    let end = data.checked_add(length).filter(|end| *end <= file.size());
    let end = end.filter(|_| kind == *b"mdat").ok_or_else(not_media)?;
    Ok(place(at, end - at, &parts, tracks.iter().any(|t| t.video)))
}

/// Where the first `moof` begins.
fn first<R: Read + Seek>(file: &mut Opened<R>) -> Result<u64> {
    let mut at = 0_u64;
    while at <= init::MOST {
        let (kind, length) = head(file, at)?;
        if kind == *b"moof" {
            return Ok(at);
        }
        at = at.checked_add(length).ok_or_else(not_media)?;
    }
    Err(not_media())
}

fn place(position: u64, length: u64, parts: &[Part], video: bool) -> Place {
    Place {
        position,
        length,
        begin_us: parts.iter().map(Part::begin_us).min().unwrap_or(0),
        end_us: parts.iter().map(Part::end_us).max().unwrap_or(0),
        // As the recorder has it: pictures alone decide, where a clip has any.
        sync: parts.iter().any(|p| p.track.video == video && p.sync),
    }
}

/// How much later than they are decoded pictures of a fragment are shown: what reordering needs.
///
/// # Errors
/// [`Error::Evidence`], [`Error::Io`].
pub(super) fn delay_us<R: Read + Seek>(
    file: &mut Opened<R>,
    init: &Init,
    place: Place,
) -> Result<i64> {
    let moof = moof(file, place.position, place.length)?;
    let parts = boxes::parts(&moof, &init.tracks).unwrap_or_default();
    let pictures = parts.iter().find(|part| part.track.video);
    Ok(pictures.map_or(0, boxes::Part::delay_us).max(0))
}

/// Type and size of the box at a place.
fn head<R: Read + Seek>(file: &mut Opened<R>, at: u64) -> Result<([u8; 4], u64)> {
    let mut bytes = [0; 16];
    let read = file.read_at(at, &mut bytes)?;
    let (kind, _, size) = boxes::head(&bytes[..read]).ok_or_else(not_media)?;
    Ok((kind, size))
}

/// The `moof` at a place, which has no more than `room` bytes.
///
/// # Errors
/// [`Error::Evidence`], [`Error::Io`].
pub(super) fn moof<R: Read + Seek>(
    file: &mut Opened<R>,
    at: u64,
    room: u64,
) -> Result<Zeroizing<Vec<u8>>> {
    let (kind, size) = head(file, at)?;
    let most = MOST_MOOF.min(room).min(file.size().saturating_sub(at));
    if kind != *b"moof" || size > most {
        return Err(not_media());
    }
    let mut bytes = Zeroizing::new(vec![0; size as usize]);
    let read = file.read_at(at, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}
