//! What a shell is told when something does not work.
//!
//! A variant exists because a screen does something else for it: asks again, waits, calls for
//! help. `code` is the core's stable word, for registers and support, never to be matched on.
//! No variant carries user input, a secret, or another library's text.

use custos_core::{Error as CoreError, TicketFault, lookup::registry::LookupFault};

/// The only error of this library's functions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ApiError {
    // The terminal as such: another screen.
    #[error("the folder holds no terminal")]
    NotProvisioned,
    #[error("the folder holds a terminal already")]
    AlreadyProvisioned,
    #[error("the terminal was wiped")]
    Wiped,
    #[error("the agency locked the terminal")]
    Locked,

    // The ticket: scan again, or ask for another.
    #[error("not an enrolment ticket")]
    TicketMalformed,
    #[error("the ticket is used, expired or withdrawn")]
    TicketSpent { code: String },

    // Who is asking: type again, wait, or another person.
    #[error("wrong PIN, {remaining} attempts remain")]
    WrongPin { remaining: u32 },
    #[error("too many wrong PINs")]
    TooManyAttempts { retry_after_ms: i64 },
    #[error("the PIN is shorter than the policy allows")]
    PinTooShort,
    #[error("no such officer on this terminal")]
    UnknownOfficer,
    #[error("the officer is enrolled already")]
    OfficerExists,
    #[error("the terminal was not issued to this officer")]
    OfficerNotAllowed,

    // Duty and evidence.
    #[error("no duty has begun")]
    NoDuty,
    #[error("a duty has begun already")]
    DutyOpen,
    #[error("no such clip")]
    UnknownClip,
    #[error("the clip is not as far as that yet")]
    ClipNotReady { code: String },
    #[error("the evidence does not open")]
    EvidenceDamaged { code: String },
    #[error("nothing lies in that range of time")]
    EmptyRange,
    #[error("what was opened for viewing has ended")]
    ReaderClosed,
    #[error("the recording has ended")]
    RecordingEnded,
    #[error("the media cannot be recorded")]
    Media,

    // Look-ups: type again, or ask a superior, or later.
    #[error("what is asked about, or why, is not well-formed")]
    LookupMalformed { code: String },
    #[error("the look-up is not allowed")]
    LookupRefused { code: String },
    #[error("the registry does not answer")]
    RegistryDown,

    // The station: later, or an alarm.
    #[error("the station cannot be reached")]
    StationUnreachable,
    #[error("what the station says does not verify")]
    StationUntrusted { code: String },
    #[error("the station refused")]
    StationRefused { code: String },
    #[error("the directive does not act")]
    DirectiveRefused { code: String },

    // The device: free space, update, hand in.
    #[error("the storage is full")]
    StorageFull,
    #[error("the storage failed")]
    StorageFailed { code: String },
    #[error("the vault was written by a newer version")]
    NewerSchema,
    #[error("another program keeps the vault busy")]
    Busy,
    #[error("the device's key store does not open this vault")]
    KeysUnavailable { code: String },

    /// Whatever a shell has no other answer to.
    #[error("refused")]
    Refused { code: String },
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl From<CoreError> for ApiError {
    fn from(error: CoreError) -> Self {
        let code = error.code().to_owned();
        match error {
            CoreError::NotProvisioned => Self::NotProvisioned,
            CoreError::AlreadyProvisioned => Self::AlreadyProvisioned,
            CoreError::Wiped => Self::Wiped,
            CoreError::Locked => Self::Locked,
            CoreError::Ticket(TicketFault::Malformed) => Self::TicketMalformed,
            CoreError::Ticket(_) => Self::TicketSpent { code },
            CoreError::WrongPin { remaining } => Self::WrongPin { remaining },
            CoreError::TooManyAttempts { retry_after_ms } => {
                Self::TooManyAttempts { retry_after_ms }
            }
            CoreError::PinTooShort => Self::PinTooShort,
            CoreError::UnknownOfficer => Self::UnknownOfficer,
            CoreError::OfficerExists => Self::OfficerExists,
            CoreError::OfficerNotAllowed => Self::OfficerNotAllowed,
            CoreError::NoDuty => Self::NoDuty,
            CoreError::DutyOpen => Self::DutyOpen,
            CoreError::UnknownClip => Self::UnknownClip,
            CoreError::NotSealed | CoreError::NotConfirmed => Self::ClipNotReady { code },
            CoreError::Evidence(_) => Self::EvidenceDamaged { code },
            CoreError::EmptyRange => Self::EmptyRange,
            CoreError::ReaderClosed => Self::ReaderClosed,
            CoreError::RecordingEnded => Self::RecordingEnded,
            CoreError::Media(_) => Self::Media,
            CoreError::Lookup(LookupFault::Subject(_) | LookupFault::Purpose(_)) => {
                Self::LookupMalformed { code }
            }
            CoreError::Lookup(LookupFault::RegistryDown | LookupFault::RegistryFault) => {
                Self::RegistryDown
            }
            CoreError::Lookup(LookupFault::Foreign) => Self::StationUntrusted { code },
            CoreError::Lookup(_) => Self::LookupRefused { code },
            CoreError::Unreachable => Self::StationUnreachable,
            CoreError::StationIdentity
            | CoreError::CertificateInvalid
            | CoreError::TrustInvalid
            | CoreError::PolicyInvalid
            | CoreError::ListInvalid
            | CoreError::RulesInvalid
            | CoreError::Receipt(_)
            | CoreError::JournalDiverged
            | CoreError::StationProtocol => Self::StationUntrusted { code },
            CoreError::StationRefused { .. } | CoreError::UploadRejected | CoreError::PlainHttp => {
                Self::StationRefused { code }
            }
            CoreError::Directive(_) => Self::DirectiveRefused { code },
            CoreError::Full => Self::StorageFull,
            CoreError::Io(_)
            | CoreError::SyncFailed
            | CoreError::Damaged
            | CoreError::NoRandom
            | CoreError::Internal(_) => Self::StorageFailed { code },
            CoreError::NewerSchema { .. } => Self::NewerSchema,
            CoreError::Busy | CoreError::InUse => Self::Busy,
            CoreError::WrongKey | CoreError::KeySource => Self::KeysUnavailable { code },
            _ => Self::Refused { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_screen_acts_on_keeps_its_numbers() {
        assert_eq!(
            ApiError::from(CoreError::WrongPin { remaining: 3 }),
            ApiError::WrongPin { remaining: 3 }
        );
        assert_eq!(
            ApiError::from(CoreError::TooManyAttempts {
                retry_after_ms: 60_000
            }),
            ApiError::TooManyAttempts {
                retry_after_ms: 60_000
            }
        );
    }

    #[test]
    fn a_spent_ticket_is_not_a_malformed_one() {
        assert_eq!(
            ApiError::from(CoreError::Ticket(TicketFault::Malformed)),
            ApiError::TicketMalformed
        );
        for fault in [
            TicketFault::Expired,
            TicketFault::Used,
            TicketFault::Unknown,
        ] {
            let code = CoreError::Ticket(fault).code().to_owned();
            assert_eq!(
                ApiError::from(CoreError::Ticket(fault)),
                ApiError::TicketSpent { code }
            );
        }
    }

    #[test]
    fn no_text_of_the_core_leaves_with_an_error() {
        let error = ApiError::from(CoreError::Media("a word of the muxer"));
        assert!(!format!("{error} {error:?}").contains("muxer"));
    }
}
