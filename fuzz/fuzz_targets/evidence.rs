//! Arbitrary evidence files into what reads them, and damage of every kind to good ones: it is
//! noticed, and no byte that was not sealed is ever read.

#![no_main]

use custos_core::{Error, EvidenceFault, record::open::Opened};
use custos_fuzz::{input::Input, sealed};
use custos_protocol::clip::{self, CHUNK, ClipError, SEALED_CHUNK};
use libfuzzer_sys::fuzz_target;
use std::{
    io::{self, Cursor, Read},
    sync::LazyLock,
};

/// Plaintexts of good files: short, one chunk, just over one, and several.
const SIZES: [usize; 5] = [0, 300, CHUNK, CHUNK + 1, 2 * CHUNK + 20_000];

static GOOD: LazyLock<Vec<(Vec<u8>, Vec<u8>)>> = LazyLock::new(|| {
    SIZES
        .iter()
        .map(|size| {
            let plain: Vec<u8> = (0..*size).map(|at| (at * 13 + at / 253) as u8).collect();
            (sealed::seal(&plain), plain)
        })
        .collect()
});

/// A reader that gives a little at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = self.1 * 31 % 4099 + 1;
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    match input.u8() {
        None => {}
        Some(which) if which & 1 == 0 => any_file(input.0),
        Some(which) => damaged(&GOOD[usize::from(which >> 1) % SIZES.len()], input),
    }
});

fn any_file(file: &[u8]) {
    let digest = clip::digest(file);
    let again = clip::digest(Trickle(file, 1));
    assert_eq!(format!("{digest:?}"), format!("{again:?}"));
    let mut rest = file;
    match clip::read_header(&mut rest) {
        Ok(header) => {
            assert_eq!([header.as_slice(), rest].concat(), file);
            assert!(header.starts_with(b"age-encryption.org/v1\n"));
        }
        Err(_) => assert!(digest.is_err()),
    }
    if let Ok(digest) = &digest {
        assert_eq!(digest.length, file.len() as u64);
        assert!(digest.chunks > 0);
    }
    // What `age` opens is an evidence file in shape: `verify` speaks of it.
    for reader in 0..sealed::READERS {
        let opened = sealed::open(file, reader);
        if opened.is_ok() {
            assert!(digest.is_ok(), "{digest:?}");
        }
        same(file, reader, opened);
    }
}

/// Our own reader opens what `age` opens, says the same, and nothing of anything else.
fn same(file: &[u8], reader: usize, by_age: Result<Vec<u8>, String>) {
    let mut ours = match Opened::new(Cursor::new(file), sealed::identity(reader)) {
        Ok(opened) => opened,
        Err(Error::Evidence(EvidenceFault::NotAge)) if by_age.is_ok() => {
            return assert!(is_of_old(file), "a file that `age` opens");
        }
        Err(Error::Evidence(_)) => return assert!(by_age.is_err()),
        Err(other) => panic!("{other}"),
    };
    let mut plain = vec![0; usize::try_from(ours.size()).expect("it fits")];
    match (ours.read_at(0, &mut plain), by_age) {
        (Ok(read), Ok(by_age)) => {
            assert_eq!(read, plain.len());
            assert!(plain == by_age);
        }
        (Err(Error::Evidence(_)), Err(_)) => {}
        (ours, by_age) => panic!("{ours:?}, {:?}", by_age.map(|plain| plain.len())),
    }
}

/// Whether a stanza's body ends without the shorter line that C2SP's age.md demands ("Recipient
/// stanza"). The `age` crate takes such headers, which early versions of it wrote; we do not.
fn is_of_old(file: &[u8]) -> bool {
    let lines: Vec<&[u8]> = file.split(|byte| *byte == b'\n').collect();
    let end = lines.iter().position(|line| line.starts_with(b"---"));
    lines[..=end.unwrap_or(0)].windows(2).any(|pair| {
        let begins = |line: &[u8]| line.starts_with(b"-> ") || line.starts_with(b"---");
        (pair[0].starts_with(b"-> ") || pair[0].len() == 64) && begins(pair[1])
    })
}

fn damaged((file, plain): &(Vec<u8>, Vec<u8>), mut input: Input<'_>) {
    let digest = clip::digest(file.as_slice()).expect("a good file");
    let start = clip::read_header(&mut file.as_slice()).map_or(0, |header| header.len());
    let mut bad = file.clone();
    while let Some(what) = input.u8() {
        let (Some(at), Some(length)) = (input.u32(), input.u16()) else {
            break;
        };
        // From the front, or from the end.
        let length = usize::from(length).min(bad.len());
        let at = at as usize % (bad.len() - length + 1);
        let range = at..at + length;
        match what % 8 {
            0 if length > 0 => bad[at] ^= 1 << (what / 32),
            1 => bad.truncate(at),
            2 => bad[range].fill(0),
            3 => bad[range].fill(what),
            4 => drop(bad.drain(range)),
            5 => {
                let piece = bad[range].to_vec();
                bad.extend(piece);
            }
            6 => {
                let piece = bad[range].to_vec();
                bad.splice(at..at, piece);
            }
            // The file ends with a chunk, or lacks one.
            7 => {
                let from = start + at / SEALED_CHUNK * SEALED_CHUNK;
                let to = (from + SEALED_CHUNK).min(bad.len());
                if length & 1 == 0 {
                    bad.truncate(to);
                } else if from < to {
                    drop(bad.drain(from..to));
                }
            }
            _ => {}
        }
        if bad.is_empty() || bad.len() > 2 * file.len() {
            break;
        }
    }
    let found = clip::digest(bad.as_slice());
    let opened = sealed::open(&bad, 0);
    if bad == *file {
        assert!(matches!(found, Ok(found) if found == digest) && opened.as_ref() == Ok(plain));
        return;
    }
    match found {
        Ok(found) => assert_ne!(found, digest),
        Err(ClipError::Io(error)) => panic!("{error}"),
        Err(ClipError::NotAge | ClipError::Truncated) => {}
    }
    // `age` sees to the end of its own format; whatever it lets pass says the same.
    if let Ok(opened) = &opened {
        assert!(opened == plain);
    }
    same(&bad, 0, opened);
    // Whoever reads a part gets what was sealed there, or nothing.
    let Ok(mut ours) = Opened::new(Cursor::new(&bad), sealed::identity(0)) else {
        return;
    };
    // Its end was seen, so that its length is no guess.
    assert_eq!(ours.size(), plain.len() as u64);
    let mut part = vec![0; 40_000];
    for at in (0..ours.size()).step_by(30_011) {
        if let Ok(read) = ours.read_at(at, &mut part) {
            assert_eq!(
                Some(&part[..read]),
                plain.get(at as usize..at as usize + read)
            );
        }
    }
}
