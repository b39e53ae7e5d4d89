//! Evidence files that are not, bit for bit, what was sealed and stored.

use custos_protocol::{
    clip::{self, ClipError, SEALED_CHUNK},
    verify::{Proved, Report, VerifyError, verify_clip},
};

use super::flipped;
use crate::fixture::{Evidence, World};

fn verify(world: &World, file: &[u8], of: &Evidence) -> Report {
    let receipt = world.parts(of).to_text();
    verify_clip(file, &receipt, &world.agency.trust_file())
}

#[test]
fn the_genuine_ones_verify() {
    let world = World::new();
    for evidence in [&world.photo, &world.video] {
        let report = verify(&world, &evidence.file, evidence);
        assert!(report.verified(), "{:?}", report.error);
        let bytes = Proved::Bytes {
            clip: evidence.clip.into(),
            length: evidence.file.len() as u64,
            root: evidence.digest.root,
        };
        assert!(report.proved.contains(&bytes));
        assert_eq!(report.proved.len(), 5);
        assert!(report.not_proved.len() >= 5, "it says what it cannot show");
    }
}

#[test]
fn every_flipped_bit_of_a_file() {
    let world = World::new();
    let (receipt, trust) = (
        world.parts(&world.photo).to_text(),
        world.agency.trust_file(),
    );
    for bit in 0..world.photo.file.len() * 8 {
        let file = flipped(&world.photo.file, bit);
        let report = verify_clip(file.as_slice(), &receipt, &trust);
        assert!(!report.verified(), "bit {bit}");
        assert!(report.proved.is_empty(), "a failure proves nothing");
    }
}

#[test]
fn flipped_bits_of_a_longer_file() {
    let world = World::new();
    let file = &world.video.file;
    let edges = [0, 1, 2].map(|chunk| file.len() - 1_000 - chunk * SEALED_CHUNK);
    let near = edges.iter().flat_map(|edge| edge - 2..edge + 2);
    for byte in near
        .chain((0..file.len()).step_by(997))
        .chain([file.len() - 1])
    {
        let changed = flipped(file, byte * 8 + byte % 8);
        assert_ne!(
            clip::digest(changed.as_slice()).ok(),
            Some(world.video.digest),
            "{byte}"
        );
    }
}

#[test]
fn cut_lengthened_and_rearranged() {
    let world = World::new();
    let file = &world.video.file;
    let (header, body) = file.split_at(file.len() - 2 * SEALED_CHUNK - 1_000);
    let chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    let of = |parts: &[&[u8]]| [&[header], parts].concat().concat();
    let zeroed = vec![0; SEALED_CHUNK];
    let cases = [
        ("header alone", of(&[])),
        ("cut after the first chunk", of(&chunks[..1])),
        ("cut after the second chunk", of(&chunks[..2])),
        ("cut by one byte", file[..file.len() - 1].to_vec()),
        ("chunks swapped", of(&[chunks[1], chunks[0], chunks[2]])),
        ("first chunk dropped", of(&chunks[1..])),
        ("middle chunk dropped", of(&[chunks[0], chunks[2]])),
        (
            "chunk repeated",
            of(&[chunks[0], chunks[0], chunks[1], chunks[2]]),
        ),
        ("chunk zeroed", of(&[chunks[0], &zeroed, chunks[2]])),
        (
            "last chunk zeroed",
            of(&[chunks[0], chunks[1], &zeroed[..1_000]]),
        ),
        ("a byte appended", [file.as_slice(), b"\0"].concat()),
        ("a chunk appended", [file.as_slice(), &zeroed].concat()),
        ("the file twice", [file.as_slice(), file].concat()),
        ("another clip's file", world.photo.file.clone()),
        ("another header", [&world.photo.file[..300], body].concat()),
        ("nothing", Vec::new()),
    ];
    for (what, changed) in cases {
        let report = verify(&world, &changed, &world.video);
        assert!(
            matches!(
                report.error,
                Some(VerifyError::Clip(_) | VerifyError::Length { .. } | VerifyError::Digest)
            ),
            "{what}: {:?}",
            report.error
        );
    }
}

#[test]
fn a_header_without_end_costs_no_memory() {
    let lines = std::io::Read::chain(&b"age-encryption.org/v1\n"[..], std::io::repeat(b'\n'));
    assert!(matches!(clip::digest(lines), Err(ClipError::NotAge)));
}
