//! The header of an age v1 file (C2SP age.md, "Header" and "X25519 recipient stanza").
//!
//! Only writing is done here, which needs nothing but ephemeral X25519 keys, which `ring` makes.
//! Reading is in `open`; what needs a long-lived identity is the `age` crate's.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bech32::{Bech32, Hrp};
use ring::aead::{self, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::seal::SealError;

/// Length of an age file key in bytes.
const FILE_KEY: usize = 16;
/// Length of the nonce that begins the payload, in bytes.
pub(crate) const PAYLOAD_NONCE: usize = 16;

/// The human-readable part of an age recipient.
const RECIPIENT_HRP: &str = "age";

/// Somebody who can open what is sealed: an X25519 public key, written `age1…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl FromStr for Recipient {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        // Bech32 allows all-upper-case too; age writes recipients in lower case only.
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(SealError::BadRecipient);
        }
        let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(text)
            .map_err(|_| SealError::BadRecipient)?;
        if checked.hrp().as_str() != RECIPIENT_HRP {
            return Err(SealError::BadRecipient);
        }
        let bytes: Vec<u8> = checked.byte_iter().collect();
        Ok(Self(bytes.try_into().map_err(|_| SealError::BadRecipient)?))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode::<Bech32>(Hrp::parse_unchecked(RECIPIENT_HRP), &self.0)
            .map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

/// The key of one file's payload: ChaCha20-Poly1305, 32 bytes, made for this file alone.
///
/// While a clip is being recorded it is kept in the vault (encrypted), so that a torn file can
/// be completed after a crash; once the clip is sealed it is erased there.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PayloadKey([u8; 32]);

impl PayloadKey {
    /// Takes a key back from where it was kept; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The raw key, for keeping it in the vault. Never write it anywhere else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of a file that was opened.
    pub(super) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(**key)
    }

    pub(crate) fn cipher(&self) -> LessSafeKey {
        chacha(&self.0)
    }

    /// Whether `sealed` is chunk `number`, not the last one, of this key's file. Leaves plaintext
    /// in it where it is.
    pub(crate) fn opens(&self, number: u64, sealed: &mut [u8]) -> bool {
        self.cipher()
            .open_in_place(super::seal::nonce(number, false), Aad::empty(), sealed)
            .is_ok()
    }
}

impl fmt::Debug for PayloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadKey(..)")
    }
}

/// A fresh header for `recipients`, up to and including the 16-byte payload nonce, and the
/// payload key that belongs to it.
pub(crate) fn make(recipients: &[Recipient]) -> Result<(Vec<u8>, PayloadKey), SealError> {
    if recipients.is_empty() {
        return Err(SealError::NoRecipient);
    }
    let random = SystemRandom::new();
    let mut file_key = Zeroizing::new([0u8; FILE_KEY]);
    random
        .fill(file_key.as_mut())
        .map_err(|_| SealError::Random)?;

    let mut header = Vec::with_capacity(256);
    header.extend_from_slice(b"age-encryption.org/v1\n");
    for recipient in recipients {
        wrap(&file_key, recipient, &random, &mut header)?;
    }
    header.extend_from_slice(b"---");
    let mac_key = derive(file_key.as_ref(), &[], b"header");
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, mac_key.as_ref()),
        &header,
    );
    header.extend_from_slice(b" ");
    header.extend_from_slice(STANDARD_NO_PAD.encode(mac.as_ref()).as_bytes());
    header.extend_from_slice(b"\n");

    let mut nonce = [0u8; PAYLOAD_NONCE];
    random.fill(&mut nonce).map_err(|_| SealError::Random)?;
    header.extend_from_slice(&nonce);
    let key = PayloadKey(*derive(file_key.as_ref(), &nonce, b"payload"));
    Ok((header, key))
}

/// One X25519 stanza: the file key, sealed under a key agreed with the recipient.
fn wrap(
    file_key: &[u8; FILE_KEY],
    recipient: &Recipient,
    random: &SystemRandom,
    header: &mut Vec<u8>,
) -> Result<(), SealError> {
    let secret = EphemeralPrivateKey::generate(&X25519, random).map_err(|_| SealError::Random)?;
    let share = secret.compute_public_key().map_err(|_| SealError::Random)?;
    let mut salt = [0u8; 64];
    salt[..32].copy_from_slice(share.as_ref());
    salt[32..].copy_from_slice(&recipient.0);
    // ring refuses an all-zero shared secret, as the specification asks.
    let wrap_key = agree_ephemeral(secret, &UnparsedPublicKey::new(&X25519, recipient.0), |s| {
        derive(s, &salt, b"age-encryption.org/v1/X25519")
    })
    .map_err(|_| SealError::BadRecipient)?;

    let mut body = file_key.to_vec();
    // The wrap key is used for this one message, so that a zero nonce is right here.
    chacha(&wrap_key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key([0; aead::NONCE_LEN]),
            Aad::empty(),
            &mut body,
        )
        .expect("sixteen bytes are within the limits of the cipher");
    header.extend_from_slice(b"-> X25519 ");
    header.extend_from_slice(STANDARD_NO_PAD.encode(share.as_ref()).as_bytes());
    header.extend_from_slice(b"\n");
    header.extend_from_slice(STANDARD_NO_PAD.encode(&body).as_bytes());
    header.extend_from_slice(b"\n");
    Ok(())
}

/// HKDF-SHA-256 with a 32-byte result.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    struct Length;
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Zeroizing::new([0u8; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length)
        .and_then(|okm| okm.fill(key.as_mut()))
        .expect("32 bytes are one block of HKDF-SHA-256");
    key
}

fn chacha(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(
        UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has the cipher's length"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_round_trip() {
        let text = age::x25519::Identity::generate().to_public().to_string();
        let recipient: Recipient = text.parse().unwrap();
        assert_eq!(recipient.to_string(), text);
    }

    #[test]
    fn bad_recipients_are_refused() {
        let good = age::x25519::Identity::generate().to_public().to_string();
        let mut flipped = good.clone().into_bytes();
        flipped[10] = if flipped[10] == b'q' { b'p' } else { b'q' };
        for bad in [
            "",
            "age1",
            "AGE-SECRET-KEY-1",
            &good[..good.len() - 1],
            &good.to_uppercase(),
            std::str::from_utf8(&flipped).unwrap(),
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ] {
            assert!(
                matches!(bad.parse::<Recipient>(), Err(SealError::BadRecipient)),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_low_order_recipient_is_refused() {
        assert!(matches!(
            make(&[Recipient([0; 32])]),
            Err(SealError::BadRecipient)
        ));
    }

    #[test]
    fn the_payload_key_does_not_print() {
        let (_, key) = make(&[age::x25519::Identity::generate()
            .to_public()
            .to_string()
            .parse()
            .unwrap()])
        .unwrap();
        assert_eq!(format!("{key:?}"), "PayloadKey(..)");
    }
}
