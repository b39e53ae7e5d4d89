//! The age v1 writer: plaintext in, sealed 64 KiB chunks out, hashed on the way (C2SP age.md,
//! "Payload"; ChaCha20-Poly1305 in STREAM chunks).
//!
//! The life of a file is in the types. [`begin`] gives a [`Sealer`], which takes plaintext and
//! seals every chunk that is known not to be the last. [`Sealer::close`] turns it into a
//! [`LastChunk`], which can do one thing only: be sealed. What a crash left behind comes back as
//! a [`LastChunk`] as well ([`LastChunk::of_torn_file`]), never as a [`Sealer`]: a torn file is
//! completed, never continued, so that no nonce is used for two different chunks.

use std::io::{self, Write};

use custos_protocol::clip::{CHUNK, ClipDigest, ClipTree, SEALED_CHUNK};
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::{Zeroize, Zeroizing};

pub use super::age_header::{PayloadKey, Recipient};

/// Bytes of a chunk's Poly1305 tag.
const TAG: usize = SEALED_CHUNK - CHUNK;

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
        let tag = cipher
            .seal_in_place_separate_tag(nonce(number, last), Aad::empty(), plaintext)
            .expect("64 KiB are within the limits of the cipher");
        rest[..TAG].copy_from_slice(tag.as_ref());
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
                let sealed = self.buffer.seal(&self.cipher, self.chunks, false);
                self.chunks += 1;
                self.tree.push(sealed);
                out.write_all(sealed)?;
            }
            data = self.buffer.take(data);
        }
        Ok(())
    }

    /// Chunks sealed so far; each has 65,552 bytes in the file.
    pub fn chunks(&self) -> u64 {
        self.chunks
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

/// The STREAM nonce: 11 bytes of chunk number, big endian, and the final flag.
fn nonce(number: u64, last: bool) -> Nonce {
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
mod tests {
    use std::collections::HashSet;
    use std::io::Read;

    use super::*;

    fn identities(count: usize) -> (Vec<age::x25519::Identity>, Vec<Recipient>) {
        let ids: Vec<_> = (0..count)
            .map(|_| age::x25519::Identity::generate())
            .collect();
        let recipients = ids
            .iter()
            .map(|i| i.to_public().to_string().parse().unwrap())
            .collect();
        (ids, recipients)
    }

    fn open(file: &[u8], id: &age::x25519::Identity) -> Vec<u8> {
        let mut plain = Vec::new();
        age::Decryptor::new(file)
            .unwrap()
            .decrypt(std::iter::once(id as &dyn age::Identity))
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
    }

    fn seal(plain: &[u8], recipients: &[Recipient], step: usize) -> (Vec<u8>, ClipDigest) {
        let Begun {
            header: mut file,
            mut sealer,
            ..
        } = begin(recipients).unwrap();
        for part in plain.chunks(step) {
            sealer.push(part, &mut file).unwrap();
        }
        let digest = sealer.close().complete(&mut file).unwrap();
        (file, digest)
    }

    #[test]
    fn the_age_crate_opens_every_size_for_every_recipient() {
        let (ids, recipients) = identities(3);
        let sizes = [
            0,
            1,
            65_535,
            65_536,
            65_537,
            131_072,
            131_073,
            5 * 1024 * 1024 + 7,
        ];
        for size in sizes {
            let plain = pattern(size);
            let (file, digest) = seal(&plain, &recipients, 10_007);
            for id in &ids {
                assert!(open(&file, id) == plain, "{size} bytes");
            }
            assert_eq!(
                digest,
                custos_protocol::clip::digest(file.as_slice()).unwrap()
            );
            assert_eq!(digest.length, file.len() as u64);
        }
    }

    #[test]
    fn how_the_plaintext_is_cut_changes_nothing() {
        let (ids, recipients) = identities(1);
        let plain = pattern(200_000);
        for step in [1, 65_535, 65_536, 65_537, 200_000] {
            assert!(
                open(&seal(&plain, &recipients, step).0, &ids[0]) == plain,
                "{step}"
            );
        }
    }

    #[test]
    fn a_stranger_cannot_open() {
        let (_, recipients) = identities(2);
        let (file, _) = seal(b"secret", &recipients, 6);
        let stranger = age::x25519::Identity::generate();
        let opened = age::Decryptor::new(file.as_slice())
            .unwrap()
            .decrypt(std::iter::once(&stranger as &dyn age::Identity));
        assert!(opened.is_err());
        assert!(!file.windows(6).any(|w| w == b"secret"));
    }

    #[test]
    fn a_full_chunk_is_held_back() {
        let (_, recipients) = identities(1);
        let mut begun = begin(&recipients).unwrap();
        let mut out = Vec::new();
        begun.sealer.push(&pattern(CHUNK), &mut out).unwrap();
        assert_eq!(
            (begun.sealer.chunks(), begun.sealer.tail().len(), out.len()),
            (0, CHUNK, 0)
        );
        begun.sealer.push(b"x", &mut out).unwrap();
        assert_eq!((begun.sealer.chunks(), begun.sealer.tail()), (1, &b"x"[..]));
        assert_eq!(out.len(), SEALED_CHUNK);
    }

    /// Invariant 6: at whatever point the writer dies, the completed file opens, holds exactly
    /// what was committed, and completing it twice gives the same bytes.
    #[test]
    fn a_torn_file_is_completed_from_what_was_committed() {
        let (ids, recipients) = identities(1);
        for committed in [0, 1, 65_535, 65_536, 65_537, 300_000] {
            let plain = pattern(committed + 100_000);
            let Begun {
                header,
                key,
                mut sealer,
            } = begin(&recipients).unwrap();
            let mut chunks = Vec::new();
            sealer.push(&plain[..committed], &mut chunks).unwrap();
            let (tree, tail) = (sealer.tree().to_bytes(), keep_tail(sealer.tail()));
            let kept = chunks.len();
            // Goes on, and dies: these chunks were sealed but never committed.
            sealer.push(&plain[committed..], &mut chunks).unwrap();
            drop(sealer);

            let complete = || {
                let mut file = [header.as_slice(), &chunks[..kept]].concat();
                let key = PayloadKey::from_bytes(key.as_bytes()).unwrap();
                let tree = ClipTree::from_bytes(&tree).unwrap();
                let last = LastChunk::of_torn_file(&key, tree, &tail).unwrap();
                let digest = last.complete(&mut file).unwrap();
                assert_eq!(
                    digest,
                    custos_protocol::clip::digest(file.as_slice()).unwrap()
                );
                file
            };
            let file = complete();
            assert!(open(&file, &ids[0]) == plain[..committed]);
            assert!(complete() == file);
        }
    }

    #[test]
    fn remains_that_do_not_fit_are_refused() {
        let (_, recipients) = identities(1);
        let Begun {
            key, mut sealer, ..
        } = begin(&recipients).unwrap();
        sealer.push(&pattern(CHUNK + 1), &mut io::sink()).unwrap();
        let tree = || sealer.tree().clone();
        assert!(LastChunk::of_torn_file(&key, tree(), &[]).is_err());
        assert!(LastChunk::of_torn_file(&key, tree(), &pattern(CHUNK + 1)).is_err());
        assert!(LastChunk::of_torn_file(&key, tree(), &pattern(CHUNK)).is_ok());
    }

    /// Invariant 6: no nonce is used for two different chunks, over a life with a crash in it.
    #[test]
    fn nonces_are_unique() {
        let mut seen = HashSet::new();
        for number in (0..100_000).chain([u64::from(u32::MAX), u64::MAX]) {
            for last in [false, true] {
                assert!(seen.insert(*nonce(number, last).as_ref()));
            }
        }
    }

    /// Invariant 6, over what is written rather than over the nonces: equal plaintext at each
    /// position must give unequal ciphertext everywhere, in the torn and in the completed file.
    #[test]
    fn equal_plaintext_never_gives_equal_chunks() {
        let (_, recipients) = identities(1);
        let Begun {
            key, mut sealer, ..
        } = begin(&recipients).unwrap();
        let mut chunks = Vec::new();
        sealer.push(&vec![7; 3 * CHUNK], &mut chunks).unwrap();
        let (tree, tail) = (sealer.tree().clone(), keep_tail(sealer.tail()));
        sealer.push(&vec![7; 5 * CHUNK], &mut chunks).unwrap();
        LastChunk::of_torn_file(&key, tree, &tail)
            .unwrap()
            .complete(&mut chunks)
            .unwrap();
        let mut seen = HashSet::new();
        for chunk in chunks.chunks(SEALED_CHUNK) {
            assert!(seen.insert(chunk.to_vec()));
        }
        assert_eq!(seen.len(), 8);
    }
}
