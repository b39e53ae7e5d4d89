//! The digest of an evidence file: an RFC 6962 tree over the chunks of its ciphertext, so that a
//! part can be proved without the rest.
//!
//! The file is age v1 (C2SP age.md): a text header, a 16-byte payload nonce, then chunks of at
//! most 65,552 bytes (64 KiB and a 16-byte tag). Leaf 0 is the SHA-256 of header and nonce, leaf
//! `n` that of chunk `n`; the tree is over these 32-byte values.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::{hash::Hash, merkle::Frontier};

/// Plaintext bytes of a full chunk.
pub const CHUNK: usize = 64 * 1024;
/// Bytes of a full chunk in the file: with the Poly1305 tag.
pub const SEALED_CHUNK: usize = CHUNK + 16;
/// Bytes of the payload nonce that follows the header.
pub const NONCE: usize = 16;
/// Longest header taken in; ours have some 300 bytes.
pub const MAX_HEADER: usize = 64 * 1024;

/// What an evidence file is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipDigest {
    /// Root of the clip tree.
    pub root: Hash,
    /// Bytes of the file.
    pub length: u64,
    /// Chunks after the header.
    pub chunks: u64,
}

/// The clip tree as it grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipTree {
    frontier: Frontier,
    length: u64,
}

impl ClipTree {
    /// Begins with the header: everything before the first chunk, nonce included.
    pub fn new(header: &[u8]) -> Self {
        let mut frontier = Frontier::new();
        frontier.push_data(Hash::of(header).as_bytes());
        Self {
            frontier,
            length: header.len() as u64,
        }
    }

    /// Adds the next chunk as it stands in the file.
    pub fn push(&mut self, chunk: &[u8]) {
        self.push_hash(&Hash::of(chunk), chunk.len() as u64);
    }

    /// Adds the next chunk by its SHA-256 and length.
    pub fn push_hash(&mut self, chunk: &Hash, length: u64) {
        self.frontier.push_data(chunk.as_bytes());
        self.length += length;
    }

    pub fn digest(&self) -> ClipDigest {
        ClipDigest {
            root: self.frontier.root(),
            length: self.length,
            chunks: self.frontier.size() - 1,
        }
    }

    /// For keeping an unfinished tree: length (8 bytes, big endian), then the frontier.
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            &self.length.to_be_bytes(),
            self.frontier.to_bytes().as_slice(),
        ]
        .concat()
    }

    /// What [`ClipTree::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let frontier = Frontier::from_bytes(rest).filter(|f| f.size() > 0)?;
        Some(Self {
            frontier,
            length: u64::from_be_bytes(*length),
        })
    }
}

/// A file that is not an age file in shape.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    #[error("not an age file")]
    NotAge,
    #[error("the file ends inside its header or inside a chunk's tag")]
    Truncated,
    #[error("the file could not be read")]
    Io(#[from] io::Error),
}

/// Reads an evidence file from its start to its end and gives its digest. Memory: one chunk.
pub fn digest(mut file: impl Read) -> Result<ClipDigest, ClipError> {
    let header = read_header(&mut file)?;
    let mut tree = ClipTree::new(&header);
    let mut chunk = vec![0; SEALED_CHUNK];
    loop {
        let length = read_full(&mut file, &mut chunk)?;
        if length == 0 {
            break;
        }
        if length <= 16 && tree.digest().chunks > 0 || length < 16 {
            return Err(ClipError::Truncated);
        }
        tree.push(&chunk[..length]);
        if length < SEALED_CHUNK {
            break;
        }
    }
    if tree.digest().chunks == 0 {
        return Err(ClipError::Truncated);
    }
    Ok(tree.digest())
}

/// Reads the header of an age file: up to and with the line that begins with `---`, and the
/// payload nonce.
pub fn read_header(file: &mut impl Read) -> Result<Vec<u8>, ClipError> {
    let mut header = Vec::with_capacity(1024);
    let mut line = 0;
    loop {
        let mut byte = [0];
        if read_full(file, &mut byte)? == 0 {
            return Err(if header.is_empty() {
                ClipError::NotAge
            } else {
                ClipError::Truncated
            });
        }
        header.push(byte[0]);
        if header.len() > MAX_HEADER {
            return Err(ClipError::NotAge);
        }
        if byte[0] != b'\n' {
            continue;
        }
        if line == 0 && header != b"age-encryption.org/v1\n" {
            return Err(ClipError::NotAge);
        }
        if header[line..].starts_with(b"---") {
            break;
        }
        line = header.len();
    }
    let start = header.len();
    header.resize(start + NONCE, 0);
    if read_full(file, &mut header[start..])? < NONCE {
        return Err(ClipError::Truncated);
    }
    Ok(header)
}

fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(chunks: &[usize]) -> Vec<u8> {
        let mut bytes =
            b"age-encryption.org/v1\n-> X25519 a\nb\n--- mac\n0123456789abcdef".to_vec();
        for (number, length) in chunks.iter().enumerate() {
            bytes.extend(std::iter::repeat_n(number as u8, *length));
        }
        bytes
    }

    #[test]
    fn digest_is_the_tree_over_header_and_chunks() {
        let bytes = file(&[SEALED_CHUNK, SEALED_CHUNK, 100]);
        let header = bytes.len() - 2 * SEALED_CHUNK - 100;
        let mut tree = ClipTree::new(&bytes[..header]);
        for chunk in bytes[header..].chunks(SEALED_CHUNK) {
            tree.push(chunk);
        }
        assert_eq!(ClipTree::from_bytes(&tree.to_bytes()).as_ref(), Some(&tree));
        let digest = digest(bytes.as_slice()).expect("digest");
        assert_eq!(digest, tree.digest());
        assert_eq!((digest.length, digest.chunks), (bytes.len() as u64, 3));
    }

    #[test]
    fn what_is_not_an_age_file() {
        assert!(matches!(digest(&b""[..]), Err(ClipError::NotAge)));
        assert!(matches!(
            digest(&b"mp4 or so\n"[..]),
            Err(ClipError::NotAge)
        ));
        assert!(matches!(
            digest(&[b'a'; 100_000][..]),
            Err(ClipError::NotAge)
        ));
        let whole = file(&[SEALED_CHUNK, 17]);
        for length in 23..file(&[]).len() {
            assert!(
                matches!(digest(&whole[..length]), Err(ClipError::Truncated)),
                "{length}"
            );
        }
        assert!(matches!(
            digest(file(&[]).as_slice()),
            Err(ClipError::Truncated)
        ));
        assert!(matches!(
            digest(file(&[15]).as_slice()),
            Err(ClipError::Truncated)
        ));
        assert!(matches!(
            digest(file(&[SEALED_CHUNK, 16]).as_slice()),
            Err(ClipError::Truncated)
        ));
        assert!(
            digest(file(&[16]).as_slice()).is_ok(),
            "an empty plaintext has one bare tag"
        );
    }
}
