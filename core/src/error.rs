//! What can go wrong, as the caller has to act on it.
//!
//! Rules: a variant exists because somebody acts differently on it; none carries a secret, user
//! input, or another library's text. [`Error::code`] is a stable word for programs,
//! [`Error::class`] says which of four things a person can do about it.

use std::io;

use custos_protocol::metadata::SheetError;

use crate::lookup::registry::LookupFault;

mod fault;

pub use fault::{DirectiveFault, EvidenceFault, PackFault, ReceiptFault, TicketFault};

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a person can do about an [`Error`]; the command line's exit codes follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request was understood and refused: it must change, or the situation must.
    Refused,
    /// The station, or one that proves to be it, does not answer: try again later.
    Unreachable,
    /// The storage is full, failing, damaged, or newer than this program.
    Storage,
    /// A credential is wrong or missing, or the terminal is locked.
    Credential,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // Life cycle.
    #[error("this folder holds no provisioned terminal")]
    NotProvisioned,
    #[error("this terminal was wiped")]
    Wiped,
    #[error("this folder already holds a provisioned terminal")]
    AlreadyProvisioned,
    #[error("the terminal is locked by a directive of its agency")]
    Locked,

    // Provisioning and what the station says.
    #[error("the ticket cannot be used: {0}")]
    Ticket(TicketFault),
    #[error("the station's certificate for this terminal does not verify")]
    CertificateInvalid,
    #[error("the trust set does not verify against the one before it")]
    TrustInvalid,
    #[error("the policy does not verify against the trust set")]
    PolicyInvalid,
    #[error("a list of the station does not verify, or is not newer")]
    ListInvalid,
    #[error("the access rules are refused, or do not fit this program")]
    RulesInvalid,
    #[error("the receipt is refused: {0}")]
    Receipt(ReceiptFault),
    #[error("the directive is refused: {0}")]
    Directive(DirectiveFault),
    #[error("the station holds a journal of this terminal that is not a prefix of ours")]
    JournalDiverged,
    #[error("the station did not get the bytes that were sealed; the upload starts again")]
    UploadRejected,
    #[error("a clip's file on this terminal is not what was sealed")]
    EvidenceDamaged,
    #[error("the station refuses the request (HTTP status {status})")]
    StationRefused { status: u16 },
    #[error("the station answered something that is not in its protocol")]
    StationProtocol,
    #[error("the station cannot be reached")]
    Unreachable,
    #[error("who answers at the station's address is not the station of the ticket")]
    StationIdentity,
    #[error("plain HTTP is allowed on the loopback interface only")]
    PlainHttp,

    // Officers.
    #[error("no such officer on this terminal")]
    UnknownOfficer,
    #[error("the officer is already enrolled on this terminal")]
    OfficerExists,
    #[error("the officer is not one this terminal was issued to")]
    OfficerNotAllowed,
    #[error("the PIN is shorter than the policy allows")]
    PinTooShort,
    #[error("wrong PIN; {remaining} attempts remain")]
    WrongPin { remaining: u32 },
    #[error("too many wrong PINs; try again in {} s", .retry_after_ms.div_euclid(1000) + 1)]
    TooManyAttempts { retry_after_ms: i64 },
    #[error("the key does not open this vault")]
    WrongKey,
    #[error("the key source of this device failed")]
    KeySource,

    // Duty and evidence.
    #[error("no duty has begun")]
    NoDuty,
    #[error("a duty has already begun")]
    DutyOpen,
    #[error("no such clip")]
    UnknownClip,
    #[error("the policy has no such category")]
    UnknownCategory,
    #[error("the clip is not sealed yet")]
    NotSealed,
    #[error("the clip is not confirmed by the station yet")]
    NotConfirmed,
    #[error("the evidence cannot be opened: {0}")]
    Evidence(EvidenceFault),
    #[error("nothing of the clip lies in that range of time")]
    EmptyRange,
    #[error("who opened the clip has left, or the terminal was locked since")]
    ReaderClosed,
    #[error("the recording has ended")]
    RecordingEnded,
    #[error("the media cannot be recorded: {0}")]
    Media(&'static str),
    #[error("the agency's policy does not allow it")]
    PolicyForbids,
    #[error("the terminal sleeps")]
    Asleep,
    #[error("the description cannot be taken: {0}")]
    Description(SheetError),
    #[error("a file of that name is there already, with other content")]
    FileExists,

    // Look-ups.
    #[error("the law pack: {0}")]
    Pack(PackFault),
    #[error("{0}")]
    Lookup(LookupFault),

    // Storage.
    #[error("the storage is full")]
    Full,
    #[error("the storage failed: {0}")]
    Io(io::ErrorKind),
    #[error("a write could not be made durable; this object is not written to again")]
    SyncFailed,
    #[error("the vault is damaged")]
    Damaged,
    #[error("the vault has schema {found}; this program knows up to {known}")]
    NewerSchema { found: u32, known: u32 },
    #[error("another program keeps the vault busy")]
    Busy,
    #[error("the file is in use by another program")]
    InUse,
    #[error("the system's random generator failed")]
    NoRandom,
    #[error("an internal invariant does not hold: {0}")]
    Internal(&'static str),
}

impl Error {
    /// A stable kebab-case word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotProvisioned => "not-provisioned",
            Self::Wiped => "wiped",
            Self::AlreadyProvisioned => "already-provisioned",
            Self::Locked => "locked",
            Self::Ticket(TicketFault::Malformed) => "ticket-malformed",
            Self::Ticket(TicketFault::Expired) => "ticket-expired",
            Self::Ticket(TicketFault::Used) => "ticket-used",
            Self::Ticket(TicketFault::Unknown) => "ticket-unknown",
            Self::CertificateInvalid => "certificate-invalid",
            Self::TrustInvalid => "trust-invalid",
            Self::PolicyInvalid => "policy-invalid",
            Self::ListInvalid => "list-invalid",
            Self::RulesInvalid => "rules-invalid",
            Self::Receipt(ReceiptFault::Invalid) => "receipt-invalid",
            Self::Receipt(ReceiptFault::OtherClip) => "receipt-other-clip",
            Self::Receipt(ReceiptFault::OtherBytes) => "receipt-other-bytes",
            Self::Receipt(ReceiptFault::OtherTerminal) => "receipt-other-terminal",
            Self::Directive(fault) => match fault {
                DirectiveFault::Signature => "directive-signature",
                DirectiveFault::Threshold => "directive-threshold",
                DirectiveFault::Addressee => "directive-addressee",
                DirectiveFault::Epoch => "directive-epoch",
                DirectiveFault::Sequence => "directive-sequence",
                DirectiveFault::Expired => "directive-expired",
                DirectiveFault::Unknown => "directive-unknown",
            },
            Self::JournalDiverged => "journal-diverged",
            Self::UploadRejected => "upload-rejected",
            Self::EvidenceDamaged => "evidence-damaged",
            Self::StationRefused { .. } => "station-refused",
            Self::StationProtocol => "station-protocol",
            Self::Unreachable => "station-unreachable",
            Self::StationIdentity => "station-identity",
            Self::PlainHttp => "plain-http",
            Self::UnknownOfficer => "unknown-officer",
            Self::OfficerExists => "officer-exists",
            Self::OfficerNotAllowed => "officer-not-allowed",
            Self::PinTooShort => "pin-too-short",
            Self::WrongPin { .. } => "wrong-pin",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::WrongKey => "wrong-key",
            Self::KeySource => "key-source",
            Self::NoDuty => "no-duty",
            Self::DutyOpen => "duty-open",
            Self::UnknownClip => "unknown-clip",
            Self::UnknownCategory => "unknown-category",
            Self::NotSealed => "not-sealed",
            Self::NotConfirmed => "not-confirmed",
            Self::Evidence(fault) => match fault {
                EvidenceFault::NotAge => "evidence-not-age",
                EvidenceFault::HeaderTooLarge => "evidence-header-too-large",
                EvidenceFault::HeaderAltered => "evidence-header-altered",
                EvidenceFault::OtherRecipient => "evidence-other-recipient",
                EvidenceFault::Truncated => "evidence-truncated",
                EvidenceFault::NoEnd => "evidence-no-end",
                EvidenceFault::Trailing => "evidence-trailing",
                EvidenceFault::Altered => "evidence-altered",
                EvidenceFault::NotMedia => "evidence-not-media",
            },
            Self::EmptyRange => "empty-range",
            Self::ReaderClosed => "reader-closed",
            Self::RecordingEnded => "recording-ended",
            Self::Media(_) => "media",
            Self::PolicyForbids => "policy-forbids",
            Self::Asleep => "asleep",
            Self::Description(_) => "bad-description",
            Self::FileExists => "file-exists",
            Self::Pack(fault) => match fault {
                PackFault::Source => "pack-source",
                PackFault::Malformed => "pack-malformed",
                PackFault::Signature => "pack-signature",
                PackFault::Altered => "pack-altered",
                PackFault::Older => "pack-older",
                PackFault::Missing => "pack-missing",
                PackFault::Base => "pack-base",
                PackFault::Full => "bookmarks-full",
                PackFault::UnknownLaw => "unknown-law",
                PackFault::UnknownArticle => "unknown-article",
                PackFault::Date => "bad-date",
            },
            Self::Lookup(fault) => fault.code(),
            Self::Full => "storage-full",
            Self::Io(_) => "storage-failed",
            Self::SyncFailed => "storage-sync-failed",
            Self::Damaged => "vault-damaged",
            Self::NewerSchema { .. } => "newer-schema",
            Self::Busy => "vault-busy",
            Self::InUse => "in-use",
            Self::NoRandom => "no-random",
            Self::Internal(_) => "internal",
        }
    }

    /// Which of four things a person can do about it.
    pub fn class(&self) -> Class {
        match self {
            Self::Unreachable | Self::StationIdentity | Self::Lookup(LookupFault::RegistryDown) => {
                Class::Unreachable
            }
            Self::Full
            | Self::Io(_)
            | Self::SyncFailed
            | Self::Damaged
            | Self::EvidenceDamaged
            | Self::NewerSchema { .. }
            | Self::Busy
            | Self::NoRandom
            | Self::Internal(_) => Class::Storage,
            Self::Evidence(EvidenceFault::OtherRecipient) => Class::Credential,
            Self::Evidence(_) => Class::Storage,
            Self::Locked
            | Self::ReaderClosed
            | Self::UnknownOfficer
            | Self::WrongPin { .. }
            | Self::TooManyAttempts { .. }
            | Self::WrongKey
            | Self::KeySource => Class::Credential,
            _ => Class::Refused,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::Io(kind),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::SystemIoFailure) => match error.sqlite_error().map(|e| e.extended_code)
            {
                Some(rusqlite::ffi::SQLITE_IOERR_FSYNC | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC) => {
                    Self::SyncFailed
                }
                _ => Self::Io(io::ErrorKind::Other),
            },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Io(io::ErrorKind::PermissionDenied)
            }
            Some(ErrorCode::CannotOpen) => Self::Io(io::ErrorKind::NotFound),
            _ => Self::Internal("a statement of the vault's own failed"),
        }
    }
}

impl From<custos_protocol::key::NoRandom> for Error {
    fn from(_: custos_protocol::key::NoRandom) -> Self {
        Self::NoRandom
    }
}
