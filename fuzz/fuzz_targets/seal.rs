//! The seal writer against the `age` crate, which opens what it wrote; and files torn at any
//! place, completed from what a vault would have kept.

#![no_main]

use custos_core::record::seal::{Begun, LastChunk, PayloadKey, Recipient, begin};
use custos_fuzz::{input::Input, sealed};
use custos_protocol::clip::{self, CHUNK, ClipTree, SEALED_CHUNK};
use libfuzzer_sys::fuzz_target;
use std::io::{self, Write};

/// Plaintext of one input: more chunks than are written with one call.
const MOST: usize = 36 * CHUNK;

/// A file that takes as much of each write as it likes.
struct Disk {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Disk {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = data.len().min(self.most);
        self.bytes.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a commit keeps, and the plaintext up to there.
struct Kept {
    key: [u8; 32],
    tree: Vec<u8>,
    tail: Vec<u8>,
    file: usize,
    plain: usize,
}

fn pattern(length: usize, number: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at * 31 + at / 251 + number * 97) as u8)
        .collect()
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (Some(setup), Some(most)) = (input.u8(), input.u16()) else {
        return;
    };
    let recipients: Vec<Recipient> = sealed::recipients()
        .into_iter()
        .take(1 + usize::from(setup % 2))
        .collect();
    let Begun {
        header,
        key,
        mut sealer,
    } = begin(&recipients).expect("recipients");
    let header_length = header.len();
    let mut disk = Disk {
        bytes: header,
        most: if setup & 2 == 0 {
            usize::MAX
        } else {
            1 + usize::from(most)
        },
    };
    let mut plain = Vec::new();
    let mut kept = Vec::new();
    while let Some(what) = input.u8() {
        if what % 4 == 3 {
            kept.push(Kept {
                key: *key.as_bytes(),
                tree: sealer.tree().to_bytes(),
                tail: sealer.tail().to_vec(),
                file: disk.bytes.len(),
                plain: plain.len(),
            });
            continue;
        }
        // Around the length of a chunk, or of many, or whatever.
        let length = match (what % 4, input.u8(), input.u8()) {
            (0, Some(high), Some(low)) => usize::from(u16::from_be_bytes([high, low])),
            (1, Some(chunks), Some(more)) => {
                (usize::from(chunks % 36) * CHUNK + usize::from(more)).saturating_sub(128)
            }
            (2, Some(low), Some(_)) => usize::from(low),
            _ => break,
        };
        if plain.len() + length > MOST {
            break;
        }
        let mut part = pattern(length, plain.len());
        plain.extend_from_slice(&part);
        if what & 4 == 0 {
            sealer.push(&part, &mut disk).expect("the disk takes all");
        } else {
            sealer
                .push_in_place(&mut part, &mut disk)
                .expect("the disk takes all");
        }
        // A chunk is held back until the next byte comes, and no longer.
        let tail = sealer.tail();
        assert!(plain.ends_with(tail) && tail.len() <= CHUNK);
        assert!(plain.is_empty() || !tail.is_empty());
        assert_eq!(sealer.chunks() as usize * CHUNK + tail.len(), plain.len());
        assert_eq!(
            disk.bytes.len(),
            header_length + sealer.chunks() as usize * SEALED_CHUNK
        );
    }
    let before_end = disk.bytes.clone();
    let digest = sealer
        .close()
        .complete(&mut disk)
        .expect("the disk takes all");
    check(&disk.bytes, &plain, digest, recipients.len());

    // Killed at a commit, with whatever of the later writes the disk has: all, none, or a part.
    for kept in kept.iter().rev().take(3) {
        let tree = ClipTree::from_bytes(&kept.tree).expect("own bytes");
        let key = PayloadKey::from_bytes(&kept.key).expect("a key");
        assert_eq!(tree.digest().length as usize, kept.file);
        let last = LastChunk::of_torn_file(&key, tree, &kept.tail).expect("own remains");
        let mut torn = Disk {
            bytes: before_end[..kept.file].to_vec(),
            most: disk.most,
        };
        let digest = last.complete(&mut torn).expect("the disk takes all");
        check(&torn.bytes, &plain[..kept.plain], digest, recipients.len());
        // A tail of another length than there can be is refused.
        let tree = || ClipTree::from_bytes(&kept.tree).expect("own bytes");
        assert!(LastChunk::of_torn_file(&key, tree(), &vec![0; CHUNK + 1]).is_err());
        let none = LastChunk::of_torn_file(&key, tree(), &[]);
        assert_eq!(none.is_ok(), tree().digest().chunks == 0);
    }
});

fn check(file: &[u8], plain: &[u8], digest: clip::ClipDigest, recipients: usize) {
    assert_eq!(clip::digest(file).expect("an age file"), digest);
    // Who opens a long one makes no difference, and takes long.
    let readers = if plain.len() > 4 * CHUNK {
        1
    } else {
        recipients
    };
    for reader in 0..readers {
        let opened = sealed::open(file, reader).unwrap_or_else(|error| panic!("{error}"));
        assert!(opened == plain, "{} bytes of {}", opened.len(), plain.len());
    }
}
