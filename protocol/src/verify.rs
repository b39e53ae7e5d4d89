//! Checks a receipt, and a clip against it, offline: with the trust set and nothing else.

use std::io::{self, Read};

use crate::{
    certificate::Certificate,
    checkpoint::cosigned_at,
    clip::{self, ClipDigest, ClipError},
    disclosure::DisclosureError,
    journal::{Entry, Event, Sealed},
    merkle::leaf_hash,
    note::{Note, NoteError, Verifier},
    proof::{TlogProof, TlogProofError},
    receipt::Receipt,
    statement::{self, StatementError},
    stored::Stored,
    trust::{TrustError, TrustFile, TrustSet},
};

mod disclosure;
mod words;

pub use disclosure::{check_disclosure, copy_digest, verify_disclosure};
pub use words::{NotProved, Proved, utc};

/// Why something does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the trust set: {0}")]
    Trust(#[from] TrustError),
    #[error("the receipt is not well-formed")]
    Receipt,
    #[error("the terminal's certificate: {0}")]
    Certificate(StatementError),
    #[error("the journal entry in the receipt is not a seal entry")]
    Entry,
    #[error("the journal proof: {0}")]
    Proof(#[from] TlogProofError),
    #[error("the station's countersignature: {0}")]
    Cosignature(NoteError),
    #[error("the station's statement of storage: {0}")]
    Stored(StatementError),
    #[error("the parts of the receipt speak of different things: {0}")]
    Mismatch(&'static str),
    #[error("the receipt is for another {0}")]
    Other(&'static str),
    #[error("the file: {0}")]
    Clip(#[from] ClipError),
    #[error("the file has {actual} bytes, the receipt is for {expected}")]
    Length { expected: u64, actual: u64 },
    #[error("the file's bytes are not those that were sealed and stored")]
    Digest,
    #[error("the disclosure: {0}")]
    Disclosure(#[from] DisclosureError),
    #[error("the copy cannot be read: {0}")]
    Copy(io::ErrorKind),
    #[error("the file is not the copy that was made")]
    OtherCopy,
}

/// What a receipt says, once all of it has verified.
#[derive(Debug, Clone)]
pub struct VerifiedReceipt {
    pub certificate: Certificate,
    pub entry: Entry,
    pub sealed: Sealed,
    pub stored: Stored,
    /// When the witness cosigned the checkpoint, Unix seconds.
    pub cosigned_s: u64,
    /// Entries under that checkpoint.
    pub journal_size: u64,
}

/// What the holder of a clip expects a receipt to be for.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    pub terminal: &'a str,
    pub epoch: u32,
    pub journal_key: &'a Verifier,
    pub clip: &'a str,
    pub digest: ClipDigest,
}

/// Checks every signature and proof of a receipt, and that its parts belong together.
pub fn verify_receipt(text: &str, trust: &TrustSet) -> Result<VerifiedReceipt, VerifyError> {
    let receipt = Receipt::from_text(text).map_err(|_| VerifyError::Receipt)?;
    let certificate =
        Certificate::open(&receipt.certificate, trust).map_err(VerifyError::Certificate)?;
    let entry = Entry::from_raw(&receipt.entry).map_err(|_| VerifyError::Entry)?;
    let Some(Event::Sealed(sealed)) = entry.event() else {
        return Err(VerifyError::Entry);
    };

    let proof: TlogProof = receipt.proof.parse()?;
    let checkpoint = proof.verify(receipt.entry.as_bytes(), &certificate.journal_key)?;
    let cosigned_s = cosignature(&proof.checkpoint, &certificate.journal_key, trust)?;

    let note: Note = receipt
        .stored
        .parse()
        .map_err(|e: NoteError| VerifyError::Stored(e.into()))?;
    let stored: Stored = statement::open(&note, &trust.storage, 1).map_err(VerifyError::Stored)?;

    let origin = Certificate::origin(&trust.agency, &certificate.terminal, certificate.epoch);
    let same = [
        (
            "suite",
            [certificate.suite, entry.suite, stored.suite] == [receipt.suite; 3],
        ),
        ("journal", checkpoint.origin == origin),
        (
            "terminal",
            certificate.terminal == entry.terminal && entry.terminal == stored.terminal,
        ),
        ("enrolment", certificate.epoch == stored.epoch),
        (
            "entry",
            entry.seq == proof.index && stored.entry == proof.index,
        ),
        (
            "entry hash",
            stored.entry_hash == leaf_hash(receipt.entry.as_bytes()),
        ),
        ("clip", sealed.clip == stored.clip),
        ("digest", sealed.digest == stored.digest),
    ];
    if let Some((what, _)) = same.into_iter().find(|(_, same)| !same) {
        return Err(VerifyError::Mismatch(what));
    }
    let journal_size = checkpoint.size;
    Ok(VerifiedReceipt {
        certificate,
        entry,
        sealed,
        stored,
        cosigned_s,
        journal_size,
    })
}

/// The time of the countersignature by a witness of `trust`; no other line may stand there.
fn cosignature(note: &Note, log: &Verifier, trust: &TrustSet) -> Result<u64, VerifyError> {
    let known = trust.witness.iter().chain([log]);
    let signed = note
        .verify_strict(known)
        .map_err(VerifyError::Cosignature)?;
    let witness = signed.into_iter().find(|v| trust.witness.contains(v));
    let witness = witness.ok_or_else(|| {
        let name = trust.witness.first().map_or("a witness", |w| w.name());
        VerifyError::Cosignature(NoteError::Missing(name.to_owned()))
    })?;
    cosigned_at(note, witness).map_err(VerifyError::Cosignature)
}

impl VerifiedReceipt {
    /// Refuses a receipt that is genuine but for another clip, length or terminal.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), VerifyError> {
        let digest = self.stored.digest;
        let checks = [
            ("terminal", self.certificate.terminal == expected.terminal),
            ("enrolment", self.certificate.epoch == expected.epoch),
            (
                "journal",
                self.certificate.journal_key == *expected.journal_key,
            ),
            ("clip", self.stored.clip == expected.clip),
            ("length", digest.length == expected.digest.length),
            ("content", digest == expected.digest),
        ];
        match checks.into_iter().find(|(_, ok)| !ok) {
            Some((what, _)) => Err(VerifyError::Other(what)),
            None => Ok(()),
        }
    }
}

/// The outcome of checking a clip.
#[derive(Debug)]
pub struct Report {
    pub proved: Vec<Proved>,
    pub not_proved: Vec<NotProved>,
    /// The first thing that failed; `None`: the clip verified.
    pub error: Option<VerifyError>,
}

impl Report {
    pub fn verified(&self) -> bool {
        self.error.is_none()
    }
}

/// Checks an evidence file against its receipt and a trust file (`trust.json`).
pub fn verify_clip(file: impl Read, receipt: &str, trust_file: &str) -> Report {
    match try_verify_clip(file, receipt, trust_file) {
        Ok((proved, not_proved)) => Report {
            proved,
            not_proved,
            error: None,
        },
        Err(error) => Report {
            proved: Vec::new(),
            not_proved: Vec::new(),
            error: Some(error),
        },
    }
}

fn try_verify_clip(
    file: impl Read,
    receipt: &str,
    trust_file: &str,
) -> Result<(Vec<Proved>, Vec<NotProved>), VerifyError> {
    let trust = TrustFile::from_text(trust_file)?.open()?;
    let receipt = verify_receipt(receipt, &trust)?;
    let expected = receipt.stored.digest;
    let actual = clip::digest(file)?;
    if actual.length != expected.length {
        let (expected, actual) = (expected.length, actual.length);
        return Err(VerifyError::Length { expected, actual });
    }
    if actual != expected {
        return Err(VerifyError::Digest);
    }
    Ok((proved(&receipt, &trust), not_proved(&receipt, &trust)))
}

fn proved(receipt: &VerifiedReceipt, trust: &TrustSet) -> Vec<Proved> {
    let mut list = vec![Proved::Bytes {
        clip: receipt.sealed.clip.clone(),
        length: receipt.stored.digest.length,
        root: receipt.stored.digest.root,
    }];
    list.extend(of_original(receipt, trust));
    list
}

/// What a receipt shows of a file that need not be at hand.
fn of_original(receipt: &VerifiedReceipt, trust: &TrustSet) -> [Proved; 4] {
    let VerifiedReceipt {
        certificate,
        entry,
        sealed,
        stored,
        ..
    } = receipt;
    [
        Proved::Terminal {
            terminal: certificate.terminal.clone(),
            epoch: certificate.epoch,
            agency: trust.agency.clone(),
        },
        Proved::Entry {
            index: entry.seq,
            officer: entry.officer.clone(),
            case: sealed.case.clone(),
            began_ms: sealed.began_ms,
            ended_ms: sealed.ended_ms,
            clock: entry.clock,
        },
        Proved::ExistedBefore {
            cosigned_s: receipt.cosigned_s,
            journal_size: receipt.journal_size,
        },
        Proved::Stored {
            time_ms: stored.time_ms,
        },
    ]
}

fn not_proved(receipt: &VerifiedReceipt, trust: &TrustSet) -> Vec<NotProved> {
    let mut list = vec![
        NotProved::TrustSetOrigin {
            agency: trust.agency.clone(),
            fingerprint: trust.roots.fingerprint(),
        },
        NotProved::Content,
        NotProved::Scene,
        NotProved::ExactTime,
        NotProved::Completeness,
    ];
    if receipt.sealed.recovered {
        list.push(NotProved::AfterRecovery);
    }
    list
}
