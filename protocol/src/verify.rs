//! Checks a receipt, and a clip against it, offline: with the trust set and nothing else.

use std::{fmt, io::Read};

use crate::{
    certificate::Certificate,
    checkpoint::cosigned_at,
    clip::{self, ClipDigest, ClipError},
    hash::Hash,
    journal::{ClockTrust, Entry, Event, Sealed},
    merkle::leaf_hash,
    note::{Note, NoteError, Verifier},
    proof::{TlogProof, TlogProofError},
    receipt::Receipt,
    statement::{self, StatementError},
    stored::Stored,
    trust::{TrustError, TrustFile, TrustSet},
};

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

/// Something that a verification has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proved {
    /// Every byte of the file is as it was when it was sealed.
    Bytes {
        clip: String,
        length: u64,
        root: Hash,
    },
    /// The agency's registrar enrolled the terminal whose journal names the file.
    Terminal {
        terminal: String,
        epoch: u32,
        agency: String,
    },
    /// The seal entry: whose recording, when by the terminal's clock.
    Entry {
        index: u64,
        officer: Option<String>,
        case: String,
        began_ms: i64,
        ended_ms: i64,
        clock: ClockTrust,
    },
    /// The witness countersigned a journal that holds the entry.
    ExistedBefore { cosigned_s: u64, journal_size: u64 },
    /// The station held the whole file durably.
    Stored { time_ms: i64 },
}

/// Something that no check here can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotProved {
    /// Whether the trust set is the agency's: its fingerprint is to be compared.
    TrustSetOrigin { agency: String, fingerprint: Hash },
    /// What the pictures show; the content is encrypted and was not opened.
    Content,
    /// That the scene was not staged, and who held the terminal.
    Scene,
    /// The exact time of recording: only the order, and the time of countersigning.
    ExactTime,
    /// That nothing else was recorded.
    Completeness,
    /// The file ends at its last committed fragment; what followed was lost in a crash.
    AfterRecovery,
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
    let VerifiedReceipt {
        certificate,
        entry,
        sealed,
        stored,
        ..
    } = receipt;
    vec![
        Proved::Bytes {
            clip: sealed.clip.clone(),
            length: stored.digest.length,
            root: stored.digest.root,
        },
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

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes { clip, length, root } => write!(
                f,
                "the file is, bit for bit, {clip} as it was sealed: {length} bytes, root {root}"
            ),
            Self::Terminal {
                terminal,
                epoch,
                agency,
            } => write!(
                f,
                "it was sealed by terminal {terminal} (enrolment {epoch}), which {agency} enrolled"
            ),
            Self::Entry {
                index,
                officer,
                case,
                began_ms,
                ended_ms,
                clock,
            } => {
                let officer = officer.as_deref().unwrap_or("nobody");
                let clock = match clock {
                    ClockTrust::Station => "set by the station",
                    ClockTrust::Carried => "set by the station before its last restart",
                    ClockTrust::None => "never compared with the station's",
                };
                write!(
                    f,
                    "entry {index} of the terminal's journal names officer {officer} and case \
                     {case}, begun {} and ended {} by its clock ({clock})",
                    utc(*began_ms),
                    utc(*ended_ms)
                )
            }
            Self::ExistedBefore {
                cosigned_s,
                journal_size,
            } => write!(
                f,
                "it existed no later than {}: the station then countersigned the journal with \
                 {journal_size} entries, this one among them",
                utc(i64::try_from(*cosigned_s).map_or(i64::MAX, |s| s.saturating_mul(1000)))
            ),
            Self::Stored { time_ms } => {
                write!(
                    f,
                    "the station held the whole file durably at {}",
                    utc(*time_ms)
                )
            }
        }
    }
}

impl fmt::Display for NotProved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrustSetOrigin { agency, fingerprint } => write!(
                f,
                "that the trust set is really that of {agency}: compare the fingerprint of its \
                 root keys, {fingerprint}, with one from another source"
            ),
            Self::Content => f.write_str("what the recording shows: it is encrypted and was not opened"),
            Self::Scene => f.write_str("that the scene was not staged, or who held the terminal"),
            Self::ExactTime => f.write_str(
                "the exact time of recording, beyond the order of entries and the countersigning",
            ),
            Self::Completeness => f.write_str("that nothing else was recorded"),
            Self::AfterRecovery => f.write_str(
                "what followed the last committed fragment: the recording was cut off and recovered",
            ),
        }
    }
}

/// `2026-11-22T02:18:29Z` (RFC 3339, UTC) of Unix milliseconds.
pub fn utc(time_ms: i64) -> String {
    let seconds = time_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1970-01-01 to a civil date: the proleptic Gregorian calendar counted from
    // 1 March of year 0, in eras of 400 years (146,097 days).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn dates() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_795_313_909_999), "2026-11-22T02:18:29Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
    }
}
