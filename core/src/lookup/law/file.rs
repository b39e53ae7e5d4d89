//! The file of a pack: a SQLite database, the signed note about it, the note's length in four
//! bytes (big-endian), and [`PACK`]. SQLite does not look past its own last page. A delta ends
//! alike, with [`DELTA`].

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
};

use custos_protocol::{
    hash::Hash,
    note::{MAX_NOTE, Note},
    pack::{PackDelta, PackManifest},
};

use crate::{Error, Result, error::PackFault};

/// What a pack ends with.
pub(crate) const PACK: &[u8; 14] = b"custos-pack/1\n";
/// What a delta ends with.
pub(crate) const DELTA: &[u8; 14] = b"custos-diff/1\n";

pub(crate) fn trailer(note: &str, magic: &[u8; 14]) -> Vec<u8> {
    let length = u32::try_from(note.len()).unwrap_or(u32::MAX);
    [note.as_bytes(), &length.to_be_bytes(), magic].concat()
}

/// Whether the file ends as a delta does.
///
/// # Errors
/// Storage errors.
pub(crate) fn is_delta(file: &mut File) -> Result<bool> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut end = [0; DELTA.len()];
    let Some(at) = size.checked_sub(end.len() as u64) else {
        return Ok(false);
    };
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut end)?;
    Ok(end == *DELTA)
}

/// The note of a pack and what it says, its signatures not checked. The manifest's length is that
/// of what stands before the note.
///
/// # Errors
/// [`PackFault::Malformed`]; storage errors.
pub(crate) fn read_note(file: &mut File) -> Result<(Note, PackManifest)> {
    let malformed = || Error::Pack(PackFault::Malformed);
    let (note, begin) = note_at_end(file, PACK)?;
    let manifest = PackManifest::read_unverified(&note).map_err(|_| malformed())?;
    if manifest.length != begin {
        return Err(malformed());
    }
    Ok((note, manifest))
}

/// The note of a delta and what it says, as [`read_note`].
///
/// # Errors
/// [`PackFault::Malformed`]; storage errors.
pub(crate) fn read_delta(file: &mut File) -> Result<(Note, PackDelta)> {
    let malformed = || Error::Pack(PackFault::Malformed);
    let (note, begin) = note_at_end(file, DELTA)?;
    let delta = PackDelta::read_unverified(&note).map_err(|_| malformed())?;
    if delta.length != begin {
        return Err(malformed());
    }
    Ok((note, delta))
}

/// The note in front of `magic` at the end, and where it begins.
fn note_at_end(file: &mut File, magic: &[u8; 14]) -> Result<(Note, u64)> {
    let malformed = || Error::Pack(PackFault::Malformed);
    let size = file.seek(SeekFrom::End(0))?;
    let mut end = [0; 4 + PACK.len()];
    let head = size.checked_sub(end.len() as u64).ok_or_else(malformed)?;
    file.seek(SeekFrom::Start(head))?;
    file.read_exact(&mut end)?;
    let (length, found) = end.split_at(4);
    let length = u32::from_be_bytes(length.try_into().map_err(|_| malformed())?);
    if found != magic || length as usize > MAX_NOTE {
        return Err(malformed());
    }
    let begin = head.checked_sub(u64::from(length)).ok_or_else(malformed)?;
    file.seek(SeekFrom::Start(begin))?;
    let mut note = vec![0; length as usize];
    file.read_exact(&mut note)?;
    let note = String::from_utf8(note).map_err(|_| malformed())?;
    let note: Note = note.parse().map_err(|_| malformed())?;
    Ok((note, begin))
}

/// Length and SHA-256 of a file from its beginning, or of the part that ends at `length`.
pub(crate) fn digest(file: &mut File, length: Option<u64>) -> Result<(u64, Hash)> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 1 << 18];
    let (mut done, limit) = (0, length.unwrap_or(u64::MAX));
    while done < limit {
        let most = usize::try_from(limit - done).map_or(buffer.len(), |l| l.min(buffer.len()));
        let read = file.read(&mut buffer[..most])?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
        done += read as u64;
    }
    let hash = Hash::from_slice(digest.finish().as_ref());
    Ok((
        done,
        hash.map_err(|_| Error::Internal("SHA-256 has 32 bytes"))?,
    ))
}
