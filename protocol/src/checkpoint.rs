//! Tree heads: C2SP tlog-checkpoint, signed by the log, countersigned by a witness (C2SP
//! tlog-cosignature, cosignature/v1).

use crate::{
    hash::Hash,
    note::{Note, NoteError, Signer, Verifier},
};

/// The body of a checkpoint: three lines, no extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: here `<agency>/terminal/<id>`, also the name of the key that signs it.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root of the first `size` entries.
    pub root: Hash,
}

/// A checkpoint that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("not a well-formed checkpoint")]
    Malformed,
    #[error("a checkpoint of another log")]
    OtherLog,
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Takes exactly the three lines that [`Checkpoint::to_text`] writes.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let mut line = || {
            lines
                .next()
                .filter(|l| !l.is_empty())
                .ok_or(CheckpointError::Malformed)
        };
        let (origin, size, root) = (line()?, line()?, line()?);
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| CheckpointError::Malformed)?,
            root: root.parse().map_err(|_| CheckpointError::Malformed)?,
        };
        if checkpoint.to_text() != text {
            return Err(CheckpointError::Malformed);
        }
        Ok(checkpoint)
    }

    /// Signed by the log itself, whose key carries the origin's name.
    pub fn sign(&self, log: &Signer) -> Result<Note, CheckpointError> {
        if log.name() != self.origin {
            return Err(CheckpointError::OtherLog);
        }
        Ok(Note::sign(&self.to_text(), &[log])?)
    }

    /// The checkpoint of a note that `log` signed.
    pub fn open(note: &Note, log: &Verifier) -> Result<Self, CheckpointError> {
        note.signature_of(log)?;
        let checkpoint = Self::from_text(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(CheckpointError::OtherLog);
        }
        Ok(checkpoint)
    }
}

/// Adds the witness's cosignature of `time` (Unix seconds). The caller has checked that the
/// checkpoint extends everything this witness cosigned before: that is what it states.
pub fn cosign(note: &mut Note, witness: &Signer, time: u64) {
    let signature = witness.cosign_text(note.text(), time);
    note.add(signature);
}

/// The time (Unix seconds) of the witness's cosignature, verified.
pub fn cosigned_at(note: &Note, witness: &Verifier) -> Result<u64, NoteError> {
    let signature = note.signature_of(witness)?;
    signature
        .time()
        .ok_or_else(|| NoteError::BadSignature(witness.name().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    // The example of C2SP tlog-cosignature's text; its body, without the keys behind it.
    const BODY: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_body_of_the_standards_example() {
        let checkpoint = Checkpoint::from_text(BODY).expect("checkpoint");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.to_text(), BODY);
        for bad in [
            BODY.replace("20852163", "020852163"),
            BODY.replace("20852163", "-1"),
            BODY.replace("20852163", "+1"),
            format!("{BODY}extension\n"),
            BODY.trim_end().to_owned(),
            BODY.replace("example.com/behind-the-sofa", ""),
            String::new(),
        ] {
            assert_eq!(
                Checkpoint::from_text(&bad),
                Err(CheckpointError::Malformed),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn signed_and_cosigned() {
        let log = Signer::new("a/terminal/t", SigningKey::from_seed(&[1; 32])).expect("log");
        let witness = Signer::cosigner("a/witness", SigningKey::from_seed(&[2; 32])).expect("w");
        let checkpoint = Checkpoint {
            origin: "a/terminal/t".into(),
            size: 3,
            root: Hash([7; 32]),
        };
        let mut note = checkpoint.sign(&log).expect("sign");
        cosign(&mut note, &witness, 1_700_000_000);
        cosign(&mut note, &witness, 1_700_000_001); // replaces, never repeats a key
        let note: Note = note.to_string().parse().expect("note");
        assert_eq!(
            Checkpoint::open(&note, &log.verifier()),
            Ok(checkpoint.clone())
        );
        assert_eq!(cosigned_at(&note, &witness.verifier()), Ok(1_700_000_001));
        assert_eq!(note.signatures().len(), 2);
        // The time is signed: another one does not verify.
        let mut moved = note.clone();
        let mut line = note
            .signature_of(&witness.verifier())
            .expect("line")
            .clone();
        line.bytes[7] ^= 1;
        moved.add(line);
        assert!(cosigned_at(&moved, &witness.verifier()).is_err());
        let other = Signer::new("a/terminal/u", SigningKey::from_seed(&[1; 32])).expect("log");
        assert_eq!(checkpoint.sign(&other), Err(CheckpointError::OtherLog));
        assert!(Checkpoint::open(&note, &other.verifier()).is_err());
    }
}
