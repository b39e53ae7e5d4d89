use std::io::Cursor;

use age::x25519::Identity;
use proptest::prelude::*;

use super::*;
use crate::record::seal;

fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn sealed(identity: &Identity, data: &[u8]) -> Vec<u8> {
    let others = [Identity::generate(), Identity::generate()];
    let recipients: Vec<_> = [&others[0], identity, &others[1]]
        .map(|id| id.to_public().to_string().parse().unwrap())
        .into();
    let mut begun = seal::begin(&recipients).unwrap();
    let mut file = begun.header;
    begun.sealer.push(data, &mut file).unwrap();
    begun.sealer.close().complete(&mut file).unwrap();
    file
}

fn open(file: &[u8], identity: &Identity) -> Result<Opened<Cursor<Vec<u8>>>> {
    Opened::new(Cursor::new(file.to_vec()), identity)
}

fn fault<T>(result: Result<T>) -> EvidenceFault {
    match result {
        Err(Error::Evidence(fault)) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

/// All of the plaintext, or what kept it from being read.
fn all(file: &[u8], identity: &Identity) -> Result<Vec<u8>> {
    let mut opened = open(file, identity)?;
    let mut plain = vec![0; opened.size() as usize + 1];
    let read = opened.read_at(0, &mut plain)?;
    assert_eq!(read as u64, opened.size());
    plain.truncate(read);
    Ok(plain)
}

fn header_length(file: &[u8]) -> usize {
    custos_protocol::clip::read_header(&mut &*file)
        .unwrap()
        .len()
}

#[test]
fn every_length_opens() {
    let identity = Identity::generate();
    for length in [
        0,
        1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        7 * CHUNK + 12_345,
    ] {
        let data = plaintext(length);
        let file = sealed(&identity, &data);
        assert!(all(&file, &identity).unwrap() == data, "{length}");
        let mut opened = open(&file, &identity).unwrap();
        assert_eq!(opened.size(), length as u64);
        for beyond in [length as u64, length as u64 + 1, u64::MAX] {
            assert_eq!(opened.read_at(beyond, &mut [0; 9]), Ok(0), "{beyond}");
        }
        assert_eq!(opened.read_at(0, &mut []), Ok(0));
    }
}

#[test]
fn more_chunks_than_are_kept_are_read_in_any_order() {
    let identity = Identity::generate();
    let data = plaintext(9 * CHUNK + 5);
    let file = sealed(&identity, &data);
    let mut opened = open(&file, &identity).unwrap();
    for step in [1, 3, 7, 9] {
        for number in 0..20 {
            let at = (number * step % 10) * CHUNK;
            let mut buffer = [0; 40];
            let read = opened.read_at(at as u64, &mut buffer).unwrap();
            assert_eq!(&buffer[..read], &data[at..(at + 40).min(data.len())]);
        }
    }
    assert!(opened.cache.slots.len() <= KEPT);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_part_is_the_same_part(
        length in 0..5 * CHUNK,
        reads in prop::collection::vec((0..5 * CHUNK + 100, 0..2 * CHUNK), 1..20),
    ) {
        let identity = Identity::generate();
        let data = plaintext(length);
        let mut opened = open(&sealed(&identity, &data), &identity).unwrap();
        for (at, wanted) in reads {
            let mut buffer = vec![0xee; wanted];
            let read = opened.read_at(at as u64, &mut buffer).unwrap();
            let there = &data[at.min(length)..(at + wanted).min(length).max(at.min(length))];
            prop_assert_eq!(&buffer[..read], there);
        }
    }
}

#[test]
fn each_damage_has_its_name() {
    let identity = Identity::generate();
    let data = plaintext(3 * CHUNK + 1000);
    let file = sealed(&identity, &data);
    let start = header_length(&file);

    let stranger = Identity::generate();
    assert_eq!(fault(open(&file, &stranger)), EvidenceFault::OtherRecipient);
    // A bit of somebody else's stanza is covered by the MAC; one of ours hides the file key.
    // Another digit of base64, so that it still is a stanza.
    let mut bent = file.clone();
    bent[40] = if bent[40] == b'A' { b'B' } else { b'A' };
    assert_eq!(fault(open(&bent, &identity)), EvidenceFault::HeaderAltered);
    let mut bent = file.clone();
    bent[start - 16] ^= 1;
    assert_eq!(
        fault(open(&bent, &identity)),
        EvidenceFault::Altered,
        "the payload nonce makes the key"
    );

    let cuts = [
        (0, EvidenceFault::NotAge),
        (10, EvidenceFault::Truncated),
        (start - 17, EvidenceFault::Truncated),
        (start - 1, EvidenceFault::Truncated),
        (start, EvidenceFault::Truncated),
        (start + 5, EvidenceFault::Truncated),
        (start + SEALED_CHUNK, EvidenceFault::NoEnd),
        (start + SEALED_CHUNK + 16, EvidenceFault::Truncated),
        (start + 2 * SEALED_CHUNK, EvidenceFault::NoEnd),
        (start + 2 * SEALED_CHUNK + 500, EvidenceFault::Altered),
        (file.len() - 1, EvidenceFault::Altered),
    ];
    for (length, expected) in cuts {
        assert_eq!(
            fault(open(&file[..length], &identity)),
            expected,
            "{length}"
        );
    }

    let with = |more: &[u8]| [&file, more].concat();
    assert_eq!(fault(open(&with(&[0]), &identity)), EvidenceFault::Altered);
    let full = sealed(&identity, &plaintext(2 * CHUNK));
    for more in [1, 15, 16, 17, 1000, SEALED_CHUNK] {
        let long = [full.clone(), vec![7; more]].concat();
        assert_eq!(
            fault(open(&long, &identity)),
            EvidenceFault::Trailing,
            "{more}"
        );
    }
    let twice = [full.clone(), full[header_length(&full)..].to_vec()].concat();
    assert!(open(&twice, &identity).is_err());

    let wordy = [
        &b"age-encryption.org/v1\n-> X25519 "[..],
        &vec![b'a'; custos_protocol::clip::MAX_HEADER],
    ]
    .concat();
    assert_eq!(
        fault(open(&wordy, &identity)),
        EvidenceFault::HeaderTooLarge
    );
    for other in [
        &b"\0\0\0\x18ftypiso6"[..],
        b"age-encryption.org/v2\n",
        b"age-encryption.org/v1\n\n",
        b"age-encryption.org/v1\n---\n0123456789abcdef",
    ] {
        let long = [other, &[b'\n'; 100]].concat();
        assert!(
            matches!(
                fault(open(&long, &identity)),
                EvidenceFault::NotAge | EvidenceFault::Truncated
            ),
            "{other:?}"
        );
    }
}

/// A flipped bit costs the chunk that it is in and no other.
#[test]
fn what_is_whole_is_given_and_what_is_not_is_not() {
    let identity = Identity::generate();
    let data = plaintext(4 * CHUNK + 1000);
    let mut file = sealed(&identity, &data);
    let start = header_length(&file);
    file[start + SEALED_CHUNK + 77] ^= 0x10;
    let mut opened = open(&file, &identity).unwrap();
    let mut buffer = vec![0; CHUNK];
    for (number, whole) in [(0, true), (1, false), (2, true), (1, false), (3, true)] {
        let read = opened.read_at(number * CHUNK as u64, &mut buffer);
        if whole {
            assert_eq!(read, Ok(CHUNK));
            assert!(buffer == data[number as usize * CHUNK..][..CHUNK]);
        } else {
            assert_eq!(fault(read), EvidenceFault::Altered);
        }
    }
    // Across the border: nothing of the good part either, for nobody asked for less.
    assert!(opened.read_at(CHUNK as u64 - 10, &mut buffer).is_err());
}

#[test]
fn chunks_that_changed_places_do_not_open() {
    let identity = Identity::generate();
    let file = sealed(&identity, &plaintext(3 * CHUNK));
    let start = header_length(&file);
    let mut swapped = file.clone();
    let (first, second) = swapped[start..].split_at_mut(SEALED_CHUNK);
    first.swap_with_slice(&mut second[..SEALED_CHUNK]);
    assert_eq!(fault(all(&swapped, &identity)), EvidenceFault::Altered);
}

/// Somebody shortens the file under an open reader.
#[test]
fn a_file_cut_while_it_is_open_is_noticed() {
    let identity = Identity::generate();
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), sealed(&identity, &plaintext(9 * CHUNK))).unwrap();
    let mut opened = Opened::new(std::fs::File::open(path.path()).unwrap(), &identity).unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(path.path())
        .unwrap()
        .set_len(3 * SEALED_CHUNK as u64)
        .unwrap();
    assert_eq!(
        fault(opened.read_at(5 * CHUNK as u64, &mut [0; 10])),
        EvidenceFault::Truncated
    );
    assert_eq!(opened.read_at(0, &mut [0; 10]), Ok(10));
}

#[test]
fn it_does_not_print_what_it_holds() {
    let identity = Identity::generate();
    let mut opened = open(&sealed(&identity, b"needle"), &identity).unwrap();
    opened.read_at(0, &mut [0; 6]).unwrap();
    assert_eq!(format!("{opened:?}"), "Opened { chunks: 1, size: 6, .. }");
}
