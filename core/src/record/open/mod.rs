//! Evidence, opened: any part of an age v1 file without the rest (C2SP age.md, "Payload").
//!
//! An [`Opened`] file gives out no byte whose chunk did not authenticate, and believes its own
//! length only because the last chunk authenticated as the last one. The identity is used once,
//! for the header; what is kept is the key of this one file.

mod header;

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use custos_protocol::clip::{CHUNK, SEALED_CHUNK};
use ring::aead::Aad;
use zeroize::Zeroize as _;

use super::age_header::PayloadKey;
use super::seal::{TAG, nonce};
use crate::{Error, EvidenceFault, Result};

/// Chunks kept in the clear: a player goes back and forth between picture and sound of a
/// fragment, and both go forward.
const KEPT: usize = 4;

/// A sealed file, open for reading at any place.
pub struct Opened<R> {
    source: R,
    key: PayloadKey,
    /// Bytes before the first chunk.
    start: u64,
    chunks: u64,
    /// Bytes of plaintext.
    size: u64,
    cache: Cache,
}

impl<R> std::fmt::Debug for Opened<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("chunks", &self.chunks)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Opened<R> {
    /// Opens a file with the identity of one of its recipients. Reads its header and its last
    /// chunk, whatever its length.
    ///
    /// # Errors
    /// [`Error::Evidence`] with what is wrong with the file, [`Error::Io`].
    pub fn new(mut source: R, identity: &dyn age::Identity) -> Result<Self> {
        source.seek(SeekFrom::Start(0))?;
        let (key, start) = header::unwrap(&mut source, identity)?;
        let end = source.seek(SeekFrom::End(0))?;
        let sealed = end
            .checked_sub(start)
            .filter(|length| *length > 0)
            .ok_or(Error::Evidence(EvidenceFault::Truncated))?;
        let chunks = sealed.div_ceil(SEALED_CHUNK as u64);
        let last = sealed - (chunks - 1) * SEALED_CHUNK as u64;
        let mut opened = Self {
            source,
            key,
            start,
            chunks,
            size: (chunks - 1) * CHUNK as u64 + last.saturating_sub(TAG as u64),
            cache: Cache::default(),
        };
        // A last chunk without plaintext is that of an empty file and of no other.
        let least = if chunks == 1 { TAG } else { TAG + 1 };
        if last < least as u64 {
            return Err(Error::Evidence(opened.shape_of_end()?));
        }
        opened.chunk(chunks - 1)?;
        Ok(opened)
    }

    /// Bytes of plaintext.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `buffer` with what stands at `position`; less only at the end of the file, 0 beyond
    /// it. What `buffer` holds after an error is no result.
    ///
    /// # Errors
    /// [`Error::Evidence`] for a part that is not what was sealed, [`Error::Io`].
    pub fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = position.saturating_add(filled as u64);
            if at >= self.size {
                break;
            }
            let within = (at % CHUNK as u64) as usize;
            let plain = &self.chunk(at / CHUNK as u64)?[within..];
            let length = plain.len().min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&plain[..length]);
            filled += length;
        }
        Ok(filled)
    }

    /// The plaintext of a chunk.
    fn chunk(&mut self, number: u64) -> Result<&[u8]> {
        if let Some(slot) = self.cache.find(number) {
            return Ok(self.cache.plain(slot));
        }
        let slot = self.cache.oldest();
        let length = self.load(number, slot)?;
        match self.decrypt(number, number + 1 == self.chunks, slot, length) {
            Some(length) => {
                self.cache.keep(slot, number, length);
                Ok(self.cache.plain(slot))
            }
            None => Err(Error::Evidence(self.why_not(number)?)),
        }
    }

    /// Reads a chunk as it stands in the file into a slot, which holds no plaintext then; its
    /// length.
    fn load(&mut self, number: u64, slot: usize) -> Result<usize> {
        let position = self.start + number * SEALED_CHUNK as u64;
        let bytes = self.cache.sealed(slot);
        self.source.seek(SeekFrom::Start(position))?;
        let mut length = 0;
        while length < bytes.len() {
            match self.source.read(&mut bytes[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        // What was there when the file was opened may have been cut off or replaced since.
        if number + 1 < self.chunks && length < bytes.len() {
            return Err(Error::Evidence(EvidenceFault::Truncated));
        }
        Ok(length)
    }

    /// Decrypts what was loaded into a slot; the length of the plaintext, if it is authentic.
    fn decrypt(&mut self, number: u64, last: bool, slot: usize, length: usize) -> Option<usize> {
        let bytes = &mut self.cache.sealed(slot)[..length];
        let plain = self
            .key
            .cipher()
            .open_in_place(nonce(number, last), Aad::empty(), bytes)
            .ok()?;
        let expected = if number + 1 == self.chunks {
            self.size - number * CHUNK as u64
        } else {
            CHUNK as u64
        };
        (plain.len() as u64 == expected).then_some(plain.len())
    }

    /// Whether a chunk is authentic with this final flag, which it should not have.
    fn is(&mut self, number: u64, last: bool) -> Result<bool> {
        let slot = self.cache.oldest();
        let length = self.load(number, slot)?;
        let bytes = &mut self.cache.sealed(slot)[..length];
        let opened = self
            .key
            .cipher()
            .open_in_place(nonce(number, last), Aad::empty(), bytes);
        let authentic = opened.is_ok();
        bytes.zeroize();
        Ok(authentic)
    }

    /// Why a chunk does not open, as far as that can be told.
    fn why_not(&mut self, number: u64) -> Result<EvidenceFault> {
        if number + 1 < self.chunks {
            // It should be an inner chunk. Where it is the last one, the rest was put there.
            return Ok(if self.is(number, true)? {
                EvidenceFault::Trailing
            } else {
                EvidenceFault::Altered
            });
        }
        if self.is(number, false)? {
            return Ok(EvidenceFault::NoEnd);
        }
        if number > 0 && self.is(number - 1, true)? {
            return Ok(EvidenceFault::Trailing);
        }
        Ok(EvidenceFault::Altered)
    }

    /// What a last chunk says that is too short to be one.
    fn shape_of_end(&mut self) -> Result<EvidenceFault> {
        Ok(if self.chunks > 1 && self.is(self.chunks - 2, true)? {
            EvidenceFault::Trailing
        } else {
            EvidenceFault::Truncated
        })
    }
}

/// A few chunks of plaintext, erased when dropped; the one that was not used for longest makes
/// room.
#[derive(Default)]
struct Cache {
    slots: Vec<Slot>,
    clock: u64,
}

struct Slot {
    bytes: Box<[u8]>,
    /// Chunk number and bytes of plaintext; `None`: nothing authentic.
    holds: Option<(u64, usize)>,
    used: u64,
}

impl Cache {
    fn find(&mut self, number: u64) -> Option<usize> {
        let holds = |slot: &Slot| slot.holds.is_some_and(|(held, _)| held == number);
        let slot = self.slots.iter().position(holds)?;
        self.touch(slot);
        Some(slot)
    }

    fn plain(&self, slot: usize) -> &[u8] {
        let slot = &self.slots[slot];
        &slot.bytes[..slot.holds.map_or(0, |(_, length)| length)]
    }

    /// A slot to load into.
    fn oldest(&mut self) -> usize {
        if self.slots.len() < KEPT {
            self.slots.push(Slot {
                bytes: vec![0; SEALED_CHUNK].into_boxed_slice(),
                holds: None,
                used: 0,
            });
            return self.slots.len() - 1;
        }
        let oldest = self.slots.iter().enumerate().min_by_key(|(_, s)| s.used);
        oldest.map_or(0, |(slot, _)| slot)
    }

    /// The bytes of a slot, to be overwritten: what it held is forgotten.
    fn sealed(&mut self, slot: usize) -> &mut [u8] {
        let slot = &mut self.slots[slot];
        slot.holds = None;
        &mut slot.bytes
    }

    fn keep(&mut self, slot: usize, number: u64, length: usize) {
        self.slots[slot].holds = Some((number, length));
        self.touch(slot);
    }

    fn touch(&mut self, slot: usize) {
        self.clock += 1;
        self.slots[slot].used = self.clock;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests;
