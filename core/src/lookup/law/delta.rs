//! A delta: what makes one pack into a newer one, byte for byte, in a fraction of its size.
//!
//! The file is a string of changes, the signed note about them, and the end that `file` describes.
//! Each change says where the next bytes of the new pack come from: copied from the old database, or
//! written out. A change begins with a LEB128 number: how many bytes times two, plus one if they are
//! copied. Then, for a copy, how far from the end of the copy before they begin in the old one
//! (LEB128, doubled, minus one if it is backwards); else the bytes themselves.
//!
//! A pack is always rebuilt whole, and a law that is added moves everything behind it: so places are
//! found by content, at any offset, and nothing is assumed about what SQLite does with its pages.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write},
    path::Path,
};

use custos_protocol::{
    hash::Hash,
    note::Signer,
    pack::{PackDelta, PackManifest},
    statement, suite,
    trust::TrustSet,
};

use super::{file, pack};
use crate::{Error, Result, error::PackFault};

/// Bytes that are looked up by their content.
const BLOCK: usize = 32;
/// So many bytes that go on as before are worth a change of their own.
const SHORT: usize = 12;

fn malformed() -> Error {
    Error::Pack(PackFault::Malformed)
}

/// Writes the delta that makes `new` of `old` to `output`, which must not exist and is there whole
/// or not at all. What it says, and how many bytes it has.
///
/// # Errors
/// [`PackFault::Malformed`], [`PackFault::Altered`]: not two packs of one name;
/// [`PackFault::Older`]: `new` is not newer; [`Error::FileExists`]; storage errors.
pub fn make_delta(
    old: &Path,
    new: &Path,
    output: &Path,
    time_ms: i64,
    signer: &Signer,
) -> Result<(PackDelta, u64)> {
    if output.try_exists()? {
        return Err(Error::FileExists);
    }
    let (from, old) = read(old)?;
    let (to, new) = read(new)?;
    if from.pack != to.pack {
        return Err(malformed());
    }
    if to.version <= from.version {
        return Err(Error::Pack(PackFault::Older));
    }
    let base = usize::try_from(from.length)
        .ok()
        .and_then(|length| old.get(..length));
    let changes = changes(base.ok_or_else(malformed)?, &new);
    let delta = PackDelta {
        suite: suite::CURRENT,
        pack: to.pack,
        from_version: from.version,
        from_sha256: from.sha256,
        version: to.version,
        time_ms,
        result_length: new.len() as u64,
        result_sha256: Hash::of(&new),
        length: changes.len() as u64,
        sha256: Hash::of(&changes),
    };
    let note = statement::sign(&delta, &[signer]).map_err(|_| malformed())?;
    let trailer = file::trailer(&note.to_string(), file::DELTA);
    let aside = output.with_extension("building");
    let written = write(&aside, &[&changes, &trailer]);
    if let Err(error) = written {
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    fs::rename(&aside, output)?;
    crate::vault::sync_dir(crate::vault::parent(output))?;
    Ok((delta, (changes.len() + trailer.len()) as u64))
}

fn write(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all().map_err(|_| Error::SyncFailed)
}

/// A pack whose database is what its manifest says; who signed it is not looked at.
fn read(path: &Path) -> Result<(PackManifest, Vec<u8>)> {
    let manifest = pack::manifest(path)?;
    let bytes = fs::read(path)?;
    let length = usize::try_from(manifest.length).map_err(|_| malformed())?;
    let database = bytes.get(..length).ok_or_else(malformed)?;
    if Hash::of(database) != manifest.sha256 {
        return Err(Error::Pack(PackFault::Altered));
    }
    Ok((manifest, bytes))
}

/// What a delta says of itself, without verifying it; nothing, if the file does not end as one.
///
/// # Errors
/// [`PackFault::Malformed`]; storage errors.
pub(crate) fn statement_of(path: &Path) -> Result<Option<PackDelta>> {
    let mut file = File::open(path)?;
    if !file::is_delta(&mut file)? {
        return Ok(None);
    }
    Ok(Some(file::read_delta(&mut file)?.1))
}

/// Writes to `to` what `delta` makes of the pack in `base`. Nothing of the changes is looked at
/// before their signature and digest are. The caller verifies the pack that comes out.
///
/// # Errors
/// [`PackFault::Signature`], [`PackFault::Altered`]: of the delta, or `base` is not what it is for;
/// [`PackFault::Malformed`]; storage errors.
pub(crate) fn apply(base: &Path, delta: &Path, trust: &TrustSet, to: &mut File) -> Result<()> {
    let mut changes = File::open(delta)?;
    let (note, _) = file::read_delta(&mut changes)?;
    let says = PackDelta::open(&note, trust).map_err(|_| Error::Pack(PackFault::Signature))?;
    let (length, sha256) = file::digest(&mut changes, Some(says.length))?;
    if (length, sha256) != (says.length, says.sha256) {
        return Err(Error::Pack(PackFault::Altered));
    }
    changes.seek(SeekFrom::Start(0))?;
    let limit = pack::manifest(base)?.length;
    let base = BufReader::with_capacity(1 << 16, File::open(base)?);
    let changes = BufReader::new(changes.take(says.length));
    let mut out = BufWriter::with_capacity(1 << 18, to);
    let written = patch(base, limit, changes, says.result_length, &mut out)?;
    out.flush()?;
    drop(out);
    if written != says.result_length {
        return Err(Error::Pack(PackFault::Altered));
    }
    Ok(())
}

/// Carries the changes out; how many bytes that gave, never more than `most`.
fn patch<B: Read + io::Seek>(
    mut base: BufReader<B>,
    limit: u64,
    mut changes: impl Read,
    most: u64,
    out: &mut impl Write,
) -> Result<u64> {
    let (mut done, mut at) = (0u64, 0u64);
    while let Some(head) = number(&mut changes)? {
        let length = head >> 1;
        if length == 0 || most - done < length {
            return Err(malformed());
        }
        if head & 1 == 1 {
            let step = number(&mut changes)?.ok_or_else(malformed)?;
            let step = (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
            let from = at.checked_add_signed(step).ok_or_else(malformed)?;
            let end = from.checked_add(length).ok_or_else(malformed)?;
            if end > limit {
                return Err(malformed());
            }
            base.seek_relative(step)?;
            take(&mut base, length, out)?;
            at = end;
        } else {
            take(&mut changes, length, out)?;
        }
        done += length;
    }
    Ok(done)
}

fn take(from: &mut impl Read, length: u64, out: &mut impl Write) -> Result<()> {
    if io::copy(&mut from.take(length), out)? == length {
        Ok(())
    } else {
        Err(malformed())
    }
}

/// The next LEB128 number; none at the end.
fn number(from: &mut impl Read) -> Result<Option<u64>> {
    let mut value = 0;
    for shift in 0..9 {
        let mut byte = [0];
        if from.read(&mut byte)? == 0 {
            return if shift == 0 {
                Ok(None)
            } else {
                Err(malformed())
            };
        }
        value |= u64::from(byte[0] & 0x7f) << (7 * shift);
        if byte[0] & 0x80 == 0 {
            return Ok(Some(value));
        }
    }
    Err(malformed())
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Where blocks of the old pack lie, by their content: the last of those that are alike.
struct Blocks<'o> {
    old: &'o [u8],
    /// Number of a block plus one; 0 is none.
    slots: Vec<u32>,
}

impl<'o> Blocks<'o> {
    fn of(old: &'o [u8]) -> Self {
        let blocks = old.len() / BLOCK;
        let mut slots = vec![0; (blocks * 2 + 1).next_power_of_two()];
        let mask = slots.len() - 1;
        for (at, block) in old.chunks_exact(BLOCK).enumerate() {
            slots[hash(block) & mask] = u32::try_from(at + 1).unwrap_or(0);
        }
        Self { old, slots }
    }

    /// Where these bytes, a block of them, lie in the old pack.
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        let slot = self.slots[hash(bytes) & (self.slots.len() - 1)];
        let at = (slot as usize).checked_sub(1)? * BLOCK;
        (self.old.get(at..at + BLOCK) == Some(bytes)).then_some(at)
    }
}

/// Only has to spread: what is found is compared.
fn hash(block: &[u8]) -> usize {
    let (words, _) = block.as_chunks::<8>();
    let mixed = words.iter().fold(0u64, |sum, word| {
        (sum ^ u64::from_le_bytes(*word))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    });
    (mixed ^ mixed >> 32) as usize
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn changes(old: &[u8], new: &[u8]) -> Vec<u8> {
    let blocks = Blocks::of(old);
    let mut out = Vec::new();
    // Where what is written out begins, and where the old pack went on after the last copy.
    let (mut literal, mut after, mut at) = (0, 0, 0);
    while at + SHORT <= new.len() {
        let straight = after + (at - literal);
        let goes_on = old.get(straight..straight + SHORT) == new.get(at..at + SHORT);
        let from = if goes_on {
            Some(straight)
        } else {
            new.get(at..at + BLOCK).and_then(|block| blocks.find(block))
        };
        let Some(from) = from else {
            at += 1;
            continue;
        };
        let before = old[..from].iter().rev().zip(new[literal..at].iter().rev());
        let back = before.take_while(|(a, b)| a == b).count();
        let (from, begin) = (from - back, at - back);
        let length = common(&old[from..], &new[begin..]);
        write_out(&mut out, &new[literal..begin]);
        put(&mut out, (length as u64) << 1 | 1);
        let step = from as i64 - after as i64;
        put(&mut out, (step << 1 ^ step >> 63).cast_unsigned());
        after = from + length;
        at = begin + length;
        literal = at;
    }
    write_out(&mut out, &new[literal..]);
    out
}

fn write_out(out: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() {
        put(out, (bytes.len() as u64) << 1);
        out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use std::io::Cursor;

    use super::*;

    fn patched(old: &[u8], changes: &[u8], most: u64) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let base = BufReader::with_capacity(64, Cursor::new(old));
        let done = patch(base, old.len() as u64, changes, most, &mut out)?;
        assert_eq!(done, out.len() as u64);
        Ok(out)
    }

    /// Bytes that repeat nowhere, from a seed.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            (state >> 56) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn any_pair_comes_back_the_same() {
        let old = noise(1, 40_000);
        let moved = [&old[20_000..], &noise(2, 77), &old[..20_000]].concat();
        let mut spotted = old.clone();
        spotted.iter_mut().step_by(97).for_each(|b| *b ^= 1);
        for (new, most) in [
            (old.clone(), 50),
            (moved, 200),
            (spotted, 4_000),
            ([&old[..9], &old[9..]].concat(), 50),
            (old[3..].to_vec(), 50),
            (noise(3, 10_000), 10_050),
            (Vec::new(), 0),
            (vec![0; 5], 10),
            (old.repeat(3), 100),
        ] {
            let changes = changes(&old, &new);
            assert!(changes.len() <= most, "{} of {most}", changes.len());
            assert!(patched(&old, &changes, new.len() as u64).unwrap() == new);
        }
        assert!(patched(&[], &changes(&[], &old), 1 << 20).unwrap() == old);
    }

    #[test]
    fn changes_that_are_none_are_refused() {
        let old = noise(1, 100);
        let copy = |length: u64, step: u64| {
            let mut out = Vec::new();
            put(&mut out, length << 1 | 1);
            put(&mut out, step);
            out
        };
        assert_eq!(patched(&old, &copy(100, 0), 100).unwrap(), old);
        for bad in [
            copy(101, 0), // past the end
            copy(1, 200), // begins there
            copy(1, 1),   // before the beginning
            copy(0, 0),   // nothing, for ever
            copy(u64::MAX >> 8, 0),
            copy(50, u64::MAX >> 8),
            copy(60, 0).repeat(2), // more than is expected
            vec![10, 1, 2],        // ends early
            vec![0x80],
            vec![3],
            vec![0xff; 20],
        ] {
            assert_eq!(
                patched(&old, &bad, 100),
                Err(Error::Pack(PackFault::Malformed)),
                "{bad:?}"
            );
        }
    }
}
