//! Signed notes (C2SP signed-note): a text, a blank line, and signature lines
//! `— <name> <base64(key id || signature)>`. Go's `sumdb/note` reads and writes the same.

use std::{fmt, str::FromStr};

mod keys;

pub use keys::{Algorithm, Signer, Verifier};
use keys::{cosignature_time, valid_name};

use crate::hash::{base64_decode, base64_encode};

/// Why a note, key or signature was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("not a well-formed signed note")]
    Malformed,
    #[error("not a well-formed note key")]
    MalformedKey,
    #[error("a signature by {0} does not verify")]
    BadSignature(String),
    #[error("no signature by {0}")]
    Missing(String),
    #[error("a signature line by a key that was not expected")]
    Unexpected,
    /// A cosigner's key signs checkpoints, with a time, and nothing else.
    #[error("the key is for another kind of signature")]
    OtherAlgorithm,
    #[error("the same key signed twice")]
    Repeated,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: u32,
    /// What follows the key id: 64 bytes of Ed25519, or 8 of time and 64 of Ed25519.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// The time (Unix seconds) of a cosignature.
    pub fn time(&self) -> Option<u64> {
        cosignature_time(&self.bytes)
    }
}

/// A signed note. `Display` gives the exact bytes, `FromStr` takes only the canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Longest note taken in: bounds the work on untrusted input (sumdb/note has the same limit).
pub const MAX_NOTE: usize = 1_000_000;
const MAX_SIGNATURES: usize = 100;

impl Note {
    /// Signs `text`, which ends with a newline and holds no control characters but newlines.
    pub fn sign(text: &str, signers: &[&Signer]) -> Result<Self, NoteError> {
        if !valid_text(text) {
            return Err(NoteError::Malformed);
        }
        let signatures = signers
            .iter()
            .map(|s| s.sign_text(text))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature line over the same text.
    pub fn add_signature(&mut self, signer: &Signer) -> Result<(), NoteError> {
        self.add(signer.sign_text(&self.text)?);
        Ok(())
    }

    pub(crate) fn add(&mut self, signature: Signature) {
        self.signatures
            .retain(|s| (&s.name, s.key_id) != (&signature.name, signature.key_id));
        self.signatures.push(signature);
    }

    /// Drops the lines of all other keys.
    pub(crate) fn keep_lines_of(&mut self, keys: &[Verifier]) {
        self.signatures.retain(|line| {
            keys.iter()
                .any(|key| key.key_id() == line.key_id && key.name() == line.name)
        });
    }

    /// The signature line of `verifier`, verified.
    ///
    /// # Errors
    /// [`NoteError::Missing`] or [`NoteError::BadSignature`].
    pub fn signature_of(&self, verifier: &Verifier) -> Result<&Signature, NoteError> {
        let id = verifier.key_id();
        let line = self
            .signatures
            .iter()
            .find(|s| s.key_id == id && s.name == verifier.name())
            .ok_or_else(|| NoteError::Missing(verifier.name().to_owned()))?;
        if !verifier.check(&self.text, &line.bytes) {
            return Err(NoteError::BadSignature(verifier.name().to_owned()));
        }
        Ok(line)
    }

    /// Those of `known` that signed. As signed-note asks: lines of unknown keys are passed over,
    /// a wrong signature by a known key fails the note.
    pub fn verify<'k>(
        &self,
        known: impl IntoIterator<Item = &'k Verifier>,
    ) -> Result<Vec<&'k Verifier>, NoteError> {
        let mut signed = Vec::new();
        for verifier in known {
            match self.signature_of(verifier) {
                Ok(_) if !signed.contains(&verifier) => signed.push(verifier),
                Ok(_) | Err(NoteError::Missing(_)) => {}
                Err(bad) => return Err(bad),
            }
        }
        Ok(signed)
    }

    /// As [`Note::verify`], but a line of any other key is an error: nothing in the note is left
    /// unverified.
    pub fn verify_strict<'k>(
        &self,
        known: impl IntoIterator<Item = &'k Verifier>,
    ) -> Result<Vec<&'k Verifier>, NoteError> {
        let signed = self.verify(known)?;
        if signed.len() != self.signatures.len() {
            return Err(NoteError::Unexpected);
        }
        Ok(signed)
    }
}

fn valid_text(text: &str) -> bool {
    text.ends_with('\n')
        && text.len() <= MAX_NOTE
        && !text.chars().any(|c| c.is_control() && c != '\n')
        // A blank line followed by a signature look-alike would make two readings possible.
        && !text.contains("\n\n\u{2014} ")
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let mut bytes = signature.key_id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&signature.bytes);
            writeln!(f, "\u{2014} {} {}", signature.name, base64_encode(&bytes))?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(input: &str) -> Result<Self, NoteError> {
        if input.len() > MAX_NOTE {
            return Err(NoteError::Malformed);
        }
        let split = input.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = (&input[..=split], &input[split + 2..]);
        if !valid_text(text) || !lines.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        let mut signatures = Vec::new();
        for line in lines.lines() {
            let signature = parse_signature(line).ok_or(NoteError::Malformed)?;
            let same = |s: &Signature| s.name == signature.name && s.key_id == signature.key_id;
            if signatures.iter().any(same) {
                return Err(NoteError::Repeated);
            }
            signatures.push(signature);
            if signatures.len() > MAX_SIGNATURES {
                return Err(NoteError::Malformed);
            }
        }
        let note = Self {
            text: text.to_owned(),
            signatures,
        };
        if note.to_string() != input {
            return Err(NoteError::Malformed);
        }
        Ok(note)
    }
}

fn parse_signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = base64_decode(encoded)?;
    if !valid_name(name) || bytes.len() < 5 {
        return None;
    }
    let (id, rest) = bytes.split_at(4);
    Some(Signature {
        name: name.to_owned(),
        key_id: u32::from_be_bytes(id.try_into().ok()?),
        bytes: rest.to_vec(),
    })
}

#[cfg(test)]
mod tests;
