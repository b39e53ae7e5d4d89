//! What a verification has shown and what it cannot show, in words.

use std::fmt;

use crate::{civil, hash::Hash, journal::ClockTrust};

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
    /// Every byte of a copy is as it was when its maker signed.
    Copy {
        /// Of the disclosure.
        id: String,
        length: u64,
        clip: String,
        maker: String,
        time_ms: i64,
    },
    /// Somebody else let it go, to whom and for what.
    Approved {
        recipient: String,
        purpose: String,
        requester: String,
        approver: String,
        time_ms: i64,
    },
    /// The file that a copy was made of; what follows is about it.
    Original {
        clip: String,
        length: u64,
        root: Hash,
    },
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
    /// That a copy shows what its original shows, but for what was taken out.
    Likeness { maker: String },
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
            Self::Copy {
                id,
                length,
                clip,
                maker,
                time_ms,
            } => write!(
                f,
                "the file is, bit for bit, the copy of {clip} that {maker} made and signed at {} \
                 as {id}: {length} bytes",
                utc(*time_ms)
            ),
            Self::Approved {
                recipient,
                purpose,
                requester,
                approver,
                time_ms,
            } => write!(
                f,
                "{requester} asked for it, for {recipient} ({purpose}), and {approver} approved \
                 that at {}",
                utc(*time_ms)
            ),
            Self::Original { clip, length, root } => write!(
                f,
                "of the original {clip}, a sealed file of {length} bytes with the root {root}:"
            ),
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
            Self::Likeness { maker } => write!(
                f,
                "that the copy shows what the original shows, but for what was taken out: {maker} \
                 says so; the original is sealed, and the agency can show it"
            ),
        }
    }
}

/// `2026-11-22T02:18:29Z` (RFC 3339, UTC) of Unix milliseconds.
pub fn utc(time_ms: i64) -> String {
    let seconds = time_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil::date(days);
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
