//! Arbitrary evidence files into what reads them, and damage of every kind to good ones: it is
//! noticed, and no byte that was not sealed is ever read.

#![no_main]

use custos_fuzz::{input::Input, sealed};
use custos_protocol::clip::{self, CHUNK, ClipError};
use libfuzzer_sys::fuzz_target;
use std::{
    io::{self, Read},
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
    if (0..sealed::READERS).any(|reader| sealed::open(file, reader).is_ok()) {
        assert!(digest.is_ok(), "{digest:?}");
    }
}

fn damaged((file, plain): &(Vec<u8>, Vec<u8>), mut input: Input<'_>) {
    let digest = clip::digest(file.as_slice()).expect("a good file");
    let mut bad = file.clone();
    while let Some(what) = input.u8() {
        let (Some(at), Some(length)) = (input.u32(), input.u16()) else {
            break;
        };
        // From the front, or from the end.
        let length = usize::from(length).min(bad.len());
        let at = at as usize % (bad.len() - length + 1);
        let range = at..at + length;
        match what % 7 {
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
    if let Ok(opened) = opened {
        assert!(opened == *plain);
    }
}
