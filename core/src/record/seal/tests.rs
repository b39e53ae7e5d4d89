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

/// A writer that takes a little at a time.
struct Trickle(Vec<u8>);

impl Write for Trickle {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = data.len().min(1 + self.0.len() % 40_000);
        self.0.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn sealing_in_place_gives_the_same_file() {
    let (ids, recipients) = identities(1);
    // The last one is more than is written with one call.
    let group = GROUP * CHUNK + 2;
    for size in [
        1, 65_535, 65_536, 65_537, 131_072, 131_073, 1_000_000, group,
    ] {
        for step in [1000, 65_535, 65_536, 65_537, 200_000, group] {
            let plain = pattern(size);
            let Begun {
                header, mut sealer, ..
            } = begin(&recipients).unwrap();
            let mut file = Trickle(header);
            for part in plain.clone().chunks_mut(step) {
                sealer.push_in_place(part, &mut file).unwrap();
                assert!(!sealer.tail().is_empty());
            }
            let digest = sealer.close().complete(&mut file).unwrap();
            assert!(open(&file.0, &ids[0]) == plain, "{size} {step}");
            assert_eq!(
                digest,
                custos_protocol::clip::digest(file.0.as_slice()).unwrap()
            );
        }
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
