//! What other systems know of persons, vehicles, cases and devices, asked through connectors.
//!
//! # Layout
//!
//! - [`Connector`]: one system that can be asked; [`Unanswered`]: why it did not say
//! - `table`: the embedded default, filled from CSV; `database`: or from another SQLite database
//! - `http`: a system behind HTTP and JSON, over `tls`
//! - `breaker`: one that is down is left alone for a while
//! - `config`: which of them is asked for what, and how answers are masked
//! - `watched`: who is asked about out of curiosity
//!
//! Who may ask what, and the journal's entry before anything is asked, are not decided here.

use std::{future::Future, pin::Pin};

use custos_protocol::lookup::query::{Record, Subject};

mod breaker;
mod config;
pub(crate) mod database;
mod http;
mod table;
mod tls;
mod watched;

use breaker::Breaker;
pub(crate) use config::Registries;
use http::{Http, HttpConfig};
pub(crate) use table::{ImportError, Table};

/// Name of the field that has the number, where a pattern was asked for.
pub(crate) const KEY: &str = "key";

/// Why there is no answer. That nothing is known is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("the registry cannot be reached")]
    Unreachable,
    #[error("the registry took too long")]
    TooSlow,
    #[error("the registry is left alone for a while, because it failed again and again")]
    Resting,
    #[error("the registry refused to answer")]
    Refused,
    #[error("the registry's answer is too large")]
    TooLarge,
    #[error("the registry is not asked with wildcards")]
    NoWildcards,
    #[error("the registry's answer is none, or one to another question")]
    Nonsense,
}

impl Unanswered {
    /// A stable word.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "registry-unreachable",
            Self::TooSlow => "registry-too-slow",
            Self::Resting => "registry-resting",
            Self::Refused => "registry-refused",
            Self::TooLarge => "registry-answer-too-large",
            Self::NoWildcards => "registry-no-wildcards",
            Self::Nonsense => "registry-answer-nonsense",
        }
    }

    /// Whether the same question may do better in a moment.
    pub(crate) fn is_passing(self) -> bool {
        matches!(self, Self::Unreachable | Self::TooSlow)
    }
}

pub(crate) type Answer<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Record>, Unanswered>> + Send + 'a>>;

/// A system that can be asked about a subject.
pub(crate) trait Connector: Send + Sync {
    /// What it knows; empty where it knows nothing. At most [`MAX_RECORDS`]; of a pattern one more,
    /// where it fits more.
    ///
    /// [`MAX_RECORDS`]: custos_protocol::lookup::query::MAX_RECORDS
    fn ask<'a>(&'a self, subject: &'a Subject) -> Answer<'a>;
}
