//! C2SP tlog-proof: an entry's index, its inclusion proof, and the signed checkpoint, as text.

use std::{fmt, str::FromStr};

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    hash::Hash,
    merkle::{ProofError, leaf_hash, verify_inclusion},
    note::{Note, Verifier},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A self-contained proof that an entry is in a log. `Display` gives the standard's text,
/// `FromStr` takes only its canonical form without extra data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    pub index: u64,
    pub hashes: Vec<Hash>,
    pub checkpoint: Note,
}

/// A proof that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    #[error("not a well-formed tlog-proof")]
    Malformed,
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl TlogProof {
    /// Checks that `log` signed the checkpoint and that `entry` is in it at the index; gives the
    /// checkpoint. Cosignatures are the caller's to check.
    pub fn verify(&self, entry: &[u8], log: &Verifier) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let leaf = leaf_hash(entry);
        verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size,
            &checkpoint.root,
            &self.hashes,
        )?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(input: &str) -> Result<Self, TlogProofError> {
        let malformed = TlogProofError::Malformed;
        let (head, note) = input.split_once("\n\n").ok_or_else(|| malformed.clone())?;
        let mut lines = head.lines();
        if lines.next() != Some(HEADER) {
            return Err(malformed);
        }
        let index = lines
            .next()
            .and_then(|l| l.strip_prefix("index "))
            .and_then(|n| n.parse().ok());
        let hashes: Vec<Hash> = lines
            .take(65)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| malformed.clone())?;
        let proof = Self {
            index: index.ok_or_else(|| malformed.clone())?,
            hashes,
            checkpoint: note.parse().map_err(|_| malformed.clone())?,
        };
        if proof.to_string() != input {
            return Err(malformed);
        }
        Ok(proof)
    }
}
