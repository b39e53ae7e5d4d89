//! Registries: persons, vehicles, cases, devices, asked through the station.
//!
//! # Layout
//!
//! - [`LookUp`] and [`Known`]: what an officer gets, [`OfBatch`]: of several; [`LookupFault`]: why
//!   nothing
//! - `question`: one question, in the journal before it is anywhere else
//! - `connection`: to the station, kept open; `ask`: sends the journal, then the question
//! - `queue`: questions that wait for the station, and their answers; `kept`: answers at hand;
//!   `lists`: what is asked where the station cannot be
//!
//! The order is the law (T5.1c): the rules are asked; the question's entry is durable; the station
//! has it; the station decides again and asks; the outcome's entry is durable; only then there is
//! something to show. Where an entry cannot be written, the answer is withheld.

pub(crate) mod ask;
pub(crate) mod connection;
pub(crate) mod kept;
pub(crate) mod lists;
pub(crate) mod question;
pub(crate) mod queue;

use custos_protocol::lookup::{
    ask::PurposeError,
    query::{Record, SubjectError},
};

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// Its name in the journals.
    pub lookup: String,
    pub known: Known,
}

/// What is known, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Masked by the station for who asked; empty: nothing is known. `kept`: the officer had it at
    /// hand from an earlier question.
    Records {
        records: Vec<Record>,
        time_ms: i64,
        kept: bool,
        /// A pattern fits more than these.
        more: bool,
    },
    /// The station cannot be reached. What the terminal's own lists say meanwhile, and whether the
    /// question waits until it can.
    Offline { lists: Vec<Listed>, queued: bool },
}

/// What became of one number of several that were asked about in one call.
#[derive(Debug)]
pub struct OfBatch {
    /// Which it was of those that were typed, from 1.
    pub position: usize,
    /// Masked.
    pub subject: String,
    pub answer: crate::Result<LookUp>,
}

/// What a list says of one exact number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub list: String,
    pub on_it: bool,
    /// When the list was made.
    pub time_ms: i64,
}

/// A question that waits for the station, or its answer or refusal for the officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub lookup: String,
    pub registry: String,
    /// What was asked about, masked.
    pub subject: String,
    pub asked_ms: i64,
    /// Whether there is an answer.
    pub answered: bool,
    /// Why there will be none: the code of a [`LookupFault`].
    pub refused: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupFault {
    #[error(transparent)]
    Subject(SubjectError),
    #[error(transparent)]
    Purpose(PurposeError),
    /// The access rules of the terminal or of the station.
    #[error("the access rules do not allow this look-up")]
    Denied,
    /// One number could be asked about, but not several at once, or with wildcards, without a grant
    /// that is in force.
    #[error("to ask about several at once, or with wildcards, takes a grant that is in force")]
    NeedsGrant,
    #[error("at most 20 numbers at once")]
    BatchTooLarge,
    /// More than the work needs, as the agency's policy sees it.
    #[error("this look-up is more than the work needs, as the agency sees it")]
    Stopped,
    /// The station does not find the question in the journal, or had it before.
    #[error("the station does not have the question in the journal, or had it before")]
    NotJournalled,
    /// It waited too long, or the terminal's clock is wrong.
    #[error("the question is too old, or the clock is wrong")]
    TooOld,
    /// What the station answered is the answer to another question, or none.
    #[error("the station answered another question")]
    Foreign,
    /// The station reaches the registry's system just now as little as we do.
    #[error("the registry does not answer now")]
    RegistryDown,
    /// The registry's system refused, or answered something that is no answer.
    #[error("the registry gives no answer")]
    RegistryFault,
    /// The registry's system is not one that can be asked with wildcards.
    #[error("this registry is not asked with wildcards")]
    NoWildcards,
    /// No question of that name waits here for this officer.
    #[error("no question of that name waits here with an answer")]
    Unknown,
}

impl LookupFault {
    /// Why a question that waited was refused, by its word in the vault.
    pub(crate) fn of_waiting(code: &str) -> Option<Self> {
        let all = [
            Self::Denied,
            Self::NeedsGrant,
            Self::Stopped,
            Self::NotJournalled,
            Self::TooOld,
            Self::Foreign,
            Self::RegistryFault,
            Self::NoWildcards,
        ];
        all.into_iter().find(|fault| fault.code() == code)
    }

    /// Whether it may be otherwise with the next number.
    pub(crate) fn is_of_one_number(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::RegistryDown | Self::RegistryFault
        )
    }

    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Subject(error) => error.code(),
            Self::Purpose(error) => error.code(),
            Self::Denied => "lookup-denied",
            Self::NeedsGrant => "lookup-needs-grant",
            Self::BatchTooLarge => "lookup-batch-too-large",
            Self::Stopped => "lookup-stopped",
            Self::NotJournalled => "lookup-not-journalled",
            Self::TooOld => "lookup-too-old",
            Self::Foreign => "lookup-answer-foreign",
            Self::RegistryDown => "registry-down",
            Self::RegistryFault => "registry-fault",
            Self::NoWildcards => "registry-no-wildcards",
            Self::Unknown => "unknown-lookup",
        }
    }
}
