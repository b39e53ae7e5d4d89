//! Named keys, public and private, as signed-note writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NoteError, Signature};
use crate::{
    hash::{Hash, base64_decode, base64_encode},
    key::{SigningKey, VerifyingKey},
};

/// Signature types of the signed-note registry that Custos uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: a timestamped Ed25519 cosignature of a checkpoint (C2SP tlog-cosignature).
    CosignatureV1,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::CosignatureV1 => 4,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Ed25519),
            4 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}

fn key_id(name: &str, algorithm: Algorithm, key: &VerifyingKey) -> u32 {
    let hash = Hash::of_parts(&[name.as_bytes(), b"\n", &[algorithm.byte()], &key.0]);
    u32::from_be_bytes([hash.0[0], hash.0[1], hash.0[2], hash.0[3]])
}

pub(super) fn valid_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control())
}

/// A named public key: `name+hash+base64(algorithm || key)`, the "vkey" of signed-note.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Verifier {
    name: String,
    algorithm: Algorithm,
    key: VerifyingKey,
}

impl Verifier {
    pub fn new(name: &str, algorithm: Algorithm, key: VerifyingKey) -> Result<Self, NoteError> {
        if !valid_name(name) {
            return Err(NoteError::MalformedKey);
        }
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            key,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    pub fn key_id(&self) -> u32 {
        key_id(&self.name, self.algorithm, &self.key)
    }

    /// For cosignatures: the time (Unix seconds) they speak of.
    pub(super) fn check(&self, text: &str, signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => self.key.verifies(text.as_bytes(), signature),
            Algorithm::CosignatureV1 => cosignature_time(signature).is_some_and(|time| {
                self.key
                    .verifies(cosigned_message(text, time).as_bytes(), &signature[8..])
            }),
        }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.algorithm.byte()];
        bytes.extend_from_slice(&self.key.0);
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.key_id(),
            base64_encode(&bytes)
        )
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({self})")
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, algorithm, key) = parse_key(text)?;
        let verifier = Self {
            name: name.to_owned(),
            algorithm,
            key: VerifyingKey(key),
        };
        // Comparing the whole text refuses a wrong hash and every second spelling of it.
        if verifier.to_string() != text {
            return Err(NoteError::MalformedKey);
        }
        Ok(verifier)
    }
}

/// `name+hash+base64(algorithm || 32 bytes)`, the hash not yet checked.
fn parse_key(text: &str) -> Result<(&str, Algorithm, [u8; 32]), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(_hash), Some(encoded)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(NoteError::MalformedKey);
    };
    let bytes = base64_decode(encoded).ok_or(NoteError::MalformedKey)?;
    let (&algorithm, key) = bytes.split_first().ok_or(NoteError::MalformedKey)?;
    let algorithm = Algorithm::from_byte(algorithm).ok_or(NoteError::MalformedKey)?;
    let key = key.try_into().map_err(|_| NoteError::MalformedKey)?;
    if !valid_name(name) {
        return Err(NoteError::MalformedKey);
    }
    Ok((name, algorithm, key))
}

impl Serialize for Verifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Verifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A named private key, `PRIVATE+KEY+name+hash+base64(algorithm || seed)` when written down, the
/// form of Go's `sumdb/note`.
#[derive(Debug)]
pub struct Signer {
    name: String,
    algorithm: Algorithm,
    key: SigningKey,
}

impl Signer {
    /// A signer of notes (0x01).
    pub fn new(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        Self::with_algorithm(name, Algorithm::Ed25519, key)
    }

    /// A cosigner of checkpoints (0x04).
    pub fn cosigner(name: &str, key: SigningKey) -> Result<Self, NoteError> {
        Self::with_algorithm(name, Algorithm::CosignatureV1, key)
    }

    fn with_algorithm(
        name: &str,
        algorithm: Algorithm,
        key: SigningKey,
    ) -> Result<Self, NoteError> {
        if !valid_name(name) {
            return Err(NoteError::MalformedKey);
        }
        Ok(Self {
            name: name.to_owned(),
            algorithm,
            key,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn verifier(&self) -> Verifier {
        Verifier {
            name: self.name.clone(),
            algorithm: self.algorithm,
            key: self.key.verifying_key(),
        }
    }

    /// The written form. A secret.
    pub fn to_private_text(&self) -> String {
        let mut bytes = vec![self.algorithm.byte()];
        bytes.extend_from_slice(self.key.seed());
        let id = self.verifier().key_id();
        let text = format!(
            "PRIVATE+KEY+{}+{id:08x}+{}",
            self.name,
            base64_encode(&bytes)
        );
        bytes.fill(0);
        text
    }

    pub fn from_private_text(text: &str) -> Result<Self, NoteError> {
        let rest = text
            .trim_end()
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(NoteError::MalformedKey)?;
        let (name, algorithm, seed) = parse_key(rest)?;
        let signer = Self::with_algorithm(name, algorithm, SigningKey::from_seed(&seed))?;
        if signer.to_private_text() != text.trim_end() {
            return Err(NoteError::MalformedKey);
        }
        Ok(signer)
    }

    /// Signs a note's text; a cosigner needs [`Signer::cosign`].
    pub(super) fn sign_text(&self, text: &str) -> Result<Signature, NoteError> {
        if self.algorithm != Algorithm::Ed25519 {
            return Err(NoteError::OtherAlgorithm);
        }
        Ok(self.signature(self.key.sign(text.as_bytes()).to_vec()))
    }

    /// The cosignature of a checkpoint's text at `time` (Unix seconds).
    pub(crate) fn cosign_text(&self, text: &str, time: u64) -> Signature {
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.key.sign(cosigned_message(text, time).as_bytes()));
        self.signature(bytes)
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature {
            name: self.name.clone(),
            key_id: self.verifier().key_id(),
            bytes,
        }
    }
}

/// C2SP tlog-cosignature, "Ed25519 signed message".
fn cosigned_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

pub(super) fn cosignature_time(signature: &[u8]) -> Option<u64> {
    if signature.len() != 72 {
        return None;
    }
    let time = u64::from_be_bytes(signature[..8].try_into().ok()?);
    (time < 1 << 63).then_some(time)
}
