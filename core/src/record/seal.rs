//! The age v1 writer: plaintext in, sealed 64 KiB chunks out, hashed on the way (C2SP age.md,
//! "Payload"; ChaCha20-Poly1305 in STREAM chunks).
//!
//! The life of a file is in the types. [`begin`] gives a [`Sealer`], which takes plaintext and
//! seals every chunk that is known not to be the last. [`Sealer::close`] turns it into a
//! [`LastChunk`], which can do one thing only: be sealed. What a crash left behind comes back as
//! a [`LastChunk`] as well ([`LastChunk::of_torn_file`]), never as a [`Sealer`]: a torn file is
//! completed, never continued, so that no nonce is used for two different chunks.

use std::io::{self, IoSlice, Write};

use custos_protocol::clip::{CHUNK, ClipDigest, ClipTree, SEALED_CHUNK};
use custos_protocol::hash::Hash;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::{Zeroize, Zeroizing};

pub use super::age_header::{PayloadKey, Recipient};

/// Bytes of a chunk's Poly1305 tag.
pub(super) const TAG: usize = SEALED_CHUNK - CHUNK;

/// Why something could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a file needs at least one recipient")]
    NoRecipient,
    #[error("not an age X25519 recipient (age1…)")]
    BadRecipient,
    #[error("the system gives no random numbers")]
    Random,
    #[error("what is kept of the unfinished file does not fit together")]
    BadRemains,
    #[error("the sealed bytes could not be written")]
    Write(#[from] io::Error),
}

/// A file that has just begun.
#[derive(Debug)]
pub struct Begun {
    /// What the file starts with: the age header and the 16-byte payload nonce (leaf 0 of the
    /// clip tree). The caller writes it.
    pub header: Vec<u8>,
    /// The key to keep while the file is unfinished.
    pub key: PayloadKey,
    /// Takes the plaintext.
    pub sealer: Sealer,
}

/// Begins a file that each of `recipients` can open.
///
/// # Errors
/// [`SealError::NoRecipient`], [`SealError::BadRecipient`] (a low-order public key),
/// [`SealError::Random`].
pub fn begin(recipients: &[Recipient]) -> Result<Begun, SealError> {
    let (header, key) = super::age_header::make(recipients)?;
    let sealer = Sealer {
        cipher: key.cipher(),
        chunks: 0,
        buffer: Buffer::new(),
        tree: ClipTree::new(&header),
    };
    Ok(Begun {
        header,
        key,
        sealer,
    })
}

/// Chunks written with one call: 2 MiB, well within the system's limit of slices.
const GROUP: usize = 32;

/// The chunk that is being filled: room for the plaintext and its tag, used over and over.
struct Buffer {
    bytes: Box<[u8]>,
    filled: usize,
}

impl Buffer {
    fn new() -> Self {
        Self {
            bytes: vec![0; SEALED_CHUNK].into_boxed_slice(),
            filled: 0,
        }
    }

    fn plaintext(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Takes as much of `data` as there is room for and returns the rest.
    fn take<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let (now, later) = data.split_at(data.len().min(CHUNK - self.filled));
        self.bytes[self.filled..self.filled + now.len()].copy_from_slice(now);
        self.filled += now.len();
        later
    }

    /// Seals what is there, in place, and hands the sealed chunk out; the buffer is empty then.
    fn seal(&mut self, cipher: &LessSafeKey, number: u64, last: bool) -> &[u8] {
        let (plaintext, rest) = self.bytes.split_at_mut(self.filled);
        rest[..TAG].copy_from_slice(&seal(cipher, number, last, plaintext));
        let length = self.filled + TAG;
        self.filled = 0;
        &self.bytes[..length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// Seals a stream of plaintext in one reused buffer.
///
/// A full chunk is held back until another byte arrives, because only the last chunk of a file
/// carries the final flag. So [`Sealer::tail`] has between 0 and 65,536 bytes, and 0 only at the
/// very beginning.
pub struct Sealer {
    cipher: LessSafeKey,
    /// Chunks that have been sealed: the number of the one being filled.
    chunks: u64,
    buffer: Buffer,
    tree: ClipTree,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("chunks", &self.chunks)
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// Takes plaintext; each chunk that it completes is sealed, hashed and written to `out`.
    ///
    /// # Errors
    /// [`SealError::Write`]. The file is lost then: what was sealed must not be sealed again.
    pub fn push(&mut self, mut data: &[u8], out: &mut impl Write) -> Result<(), SealError> {
        while !data.is_empty() {
            if self.buffer.filled == CHUNK {
                self.seal_buffer(out)?;
            }
            data = self.buffer.take(data);
        }
        Ok(())
    }

    /// As [`Sealer::push`], and faster: whole chunks are sealed where they are, so that `data`
    /// is not plaintext afterwards.
    ///
    /// # Errors
    /// [`SealError::Write`], as there.
    pub fn push_in_place(
        &mut self,
        mut data: &mut [u8],
        out: &mut impl Write,
    ) -> Result<(), SealError> {
        if self.buffer.filled > 0 {
            let left = self.buffer.take(data).len();
            data = data.split_at_mut(data.len() - left).1;
            if data.is_empty() {
                return Ok(());
            }
            self.seal_buffer(out)?;
        }
        // The last byte stays behind: nobody knows yet whether its chunk is the last one.
        let whole = data.len().saturating_sub(1) / CHUNK;
        let (chunks, rest) = data.split_at_mut(whole * CHUNK);
        for group in chunks.chunks_mut(GROUP * CHUNK) {
            self.seal_group(group, out)?;
        }
        self.buffer.take(rest);
        Ok(())
    }

    /// Seals whole chunks where they are and writes them with one call: chunks are no multiple
    /// of a page, so that each call of its own would touch a page twice.
    fn seal_group(&mut self, group: &mut [u8], out: &mut impl Write) -> Result<(), SealError> {
        let mut tags = [[0; TAG]; GROUP];
        for (chunk, tag) in group.chunks_mut(CHUNK).zip(&mut tags) {
            *tag = seal(&self.cipher, self.chunks, false, chunk);
            self.chunks += 1;
            self.tree
                .push_hash(&Hash::of_parts(&[chunk, tag]), SEALED_CHUNK as u64);
        }
        let mut slices: Vec<IoSlice<'_>> = group
            .chunks(CHUNK)
            .zip(&tags)
            .flat_map(|(chunk, tag)| [IoSlice::new(chunk), IoSlice::new(tag)])
            .collect();
        Ok(write_all_vectored(out, &mut slices)?)
    }

    fn seal_buffer(&mut self, out: &mut impl Write) -> Result<(), SealError> {
        let sealed = self.buffer.seal(&self.cipher, self.chunks, false);
        self.chunks += 1;
        self.tree.push(sealed);
        Ok(out.write_all(sealed)?)
    }

    /// Chunks sealed so far; each has 65,552 bytes in the file.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Bytes of plaintext taken so far.
    pub fn position(&self) -> u64 {
        self.chunks * CHUNK as u64 + self.buffer.filled as u64
    }

    /// The plaintext that waits for its chunk to be completed.
    pub fn tail(&self) -> &[u8] {
        self.buffer.plaintext()
    }

    /// The tree over the header and the chunks sealed so far.
    pub fn tree(&self) -> &ClipTree {
        &self.tree
    }

    /// No more plaintext will come.
    ///
    /// Whoever can be killed between this and the end of the file first keeps [`Sealer::tail`]
    /// where [`LastChunk::of_torn_file`] will take it from: then the last chunk, sealed once
    /// more after the crash, is the same to the bit.
    pub fn close(self) -> LastChunk {
        LastChunk {
            cipher: self.cipher,
            number: self.chunks,
            buffer: self.buffer,
            tree: self.tree,
        }
    }
}

/// The end of a file: it can only be sealed.
pub struct LastChunk {
    cipher: LessSafeKey,
    number: u64,
    buffer: Buffer,
    tree: ClipTree,
}

impl std::fmt::Debug for LastChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastChunk")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl LastChunk {
    /// What is left to do for a file whose writer died: `tree` covers its header and its
    /// committed chunks, `tail` is the committed plaintext after them.
    ///
    /// # Errors
    /// [`SealError::BadRemains`] if the tail is too long, or missing where there must be one.
    pub fn of_torn_file(key: &PayloadKey, tree: ClipTree, tail: &[u8]) -> Result<Self, SealError> {
        let number = tree.digest().chunks;
        if tail.len() > CHUNK || (tail.is_empty() && number > 0) {
            return Err(SealError::BadRemains);
        }
        let mut buffer = Buffer::new();
        buffer.take(tail);
        Ok(Self {
            cipher: key.cipher(),
            number,
            buffer,
            tree,
        })
    }

    /// Seals the last chunk, writes it to `out` and gives the digest of the whole file.
    ///
    /// # Errors
    /// [`SealError::Write`].
    pub fn complete(mut self, out: &mut impl Write) -> Result<ClipDigest, SealError> {
        let sealed = self.buffer.seal(&self.cipher, self.number, true);
        self.tree.push(sealed);
        out.write_all(sealed)?;
        Ok(self.tree.digest())
    }
}

/// Seals a chunk where it is; gives its tag.
fn seal(cipher: &LessSafeKey, number: u64, last: bool, chunk: &mut [u8]) -> [u8; TAG] {
    let tag = cipher
        .seal_in_place_separate_tag(nonce(number, last), Aad::empty(), chunk)
        .expect("64 KiB are within the limits of the cipher");
    let mut bytes = [0; TAG];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// Writes all of the slices, in one call if the system takes them.
fn write_all_vectored(out: &mut impl Write, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !slices.is_empty() {
        match out.write_vectored(slices) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The STREAM nonce: 11 bytes of chunk number, big endian, and the final flag.
pub(super) fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// A copy of a tail that is erased when dropped.
pub(crate) fn keep_tail(tail: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(tail.to_vec())
}

#[cfg(test)]
mod tests;
