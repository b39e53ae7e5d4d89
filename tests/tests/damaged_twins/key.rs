//! The key of a file's payload, as whoever holds an identity can have it (C2SP age.md, "The X25519
//! recipient type" and "Payload"). The `age` crate opens files and keeps keys to itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bech32::primitives::decode::CheckedHrpstring;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use x25519_dalek::{PublicKey, StaticSecret};

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let expanded = Salt::new(HKDF_SHA256, salt).extract(secret);
    let info = [info];
    expanded
        .expand(&info, Length)
        .unwrap()
        .fill(&mut key)
        .unwrap();
    key
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap())
}

/// A chunk under this key, with its tag.
pub(crate) fn seal(key: &[u8; 32], number: usize, last: bool, mut chunk: Vec<u8>) -> Vec<u8> {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut chunk)
        .unwrap();
    chunk
}

/// The payload key of the file that begins with `header` (payload nonce included), by the
/// identity in an `age-keygen` file.
pub(crate) fn of_payload(header: &[u8], key_file: &str) -> [u8; 32] {
    let line = key_file.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
    let line = line.unwrap().to_lowercase();
    let secret: Vec<u8> = CheckedHrpstring::new::<bech32::Bech32>(&line)
        .unwrap()
        .byte_iter()
        .collect();
    let secret = StaticSecret::from(<[u8; 32]>::try_from(secret).unwrap());
    let recipient = PublicKey::from(&secret);

    let (text, nonce) = header.split_at(header.len() - 16);
    let text = std::str::from_utf8(text).unwrap();
    let decode = |line: &str| STANDARD_NO_PAD.decode(line).unwrap();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(share) = line.strip_prefix("-> X25519 ") else {
            continue;
        };
        let share: [u8; 32] = decode(share).try_into().unwrap();
        let mut wrapped = decode(lines.next().unwrap());
        let shared = secret.diffie_hellman(&PublicKey::from(share));
        let salt = [share, recipient.to_bytes()].concat();
        let key = derive(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519");
        let zero = Nonce::assume_unique_for_key([0; 12]);
        if let Ok(file_key) = cipher(&key).open_in_place(zero, Aad::empty(), &mut wrapped) {
            return derive(file_key, nonce, b"payload");
        }
    }
    panic!("sealed to somebody else")
}
