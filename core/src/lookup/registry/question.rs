//! One question: decided and in the journal before it is anywhere else.

use custos_protocol::{
    hash::Hash,
    id,
    journal::Event,
    lookup::{
        ask::{LookupRequest, Purpose, Salt},
        query::Subject,
    },
};
use rusqlite::{Row, Transaction};

use crate::{
    Error, Result,
    journal::{self, JournalContext},
    vault::Vault,
};

/// By what it is allowed, where one number alone would not be enough.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    /// One name for all that is asked in one call.
    pub(crate) batch: Option<String>,
    pub(crate) wildcard: bool,
    pub(crate) grant: Option<String>,
}

/// A question whose entry is durable.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) lookup: String,
    pub(crate) officer: String,
    /// Of its entry.
    pub(crate) seq: u64,
    pub(crate) subject: Subject,
    pub(crate) salt: Salt,
    pub(crate) asked_ms: i64,
}

impl Question {
    /// Journals a question, in the caller's transaction.
    ///
    /// # Errors
    /// Storage errors; [`Error::NoRandom`].
    pub(crate) fn journal(
        tx: &Transaction<'_>,
        officer: &str,
        case: &str,
        subject: Subject,
        purpose: &Purpose,
        by: Allowance,
    ) -> Result<Self> {
        let salt = Salt::fresh()?;
        let lookup = id::fresh("lookup")?;
        let event = Event::LookupAsked {
            lookup: lookup.clone(),
            registry: subject.registry,
            subject: salt.commit(&subject),
            case: case.to_owned(),
            reason: purpose.reason,
            text: purpose.text.clone(),
            batch: by.batch,
            wildcard: by.wildcard,
            grant: by.grant,
        };
        let at = journal::append(tx, &JournalContext::officer(tx, officer)?, event)?;
        Ok(Self {
            lookup,
            officer: officer.to_owned(),
            seq: at.seq,
            subject,
            salt,
            asked_ms: at.time_ms,
        })
    }

    /// The columns of a row that keeps a question, for [`Question::of_row`].
    pub(crate) const COLUMNS: &str = "lookup, officer, seq, registry, subject, salt, asked_ms";

    /// From a row that begins with [`Question::COLUMNS`]; `None` where it was not written by us.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn of_row(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let (registry, salt): (String, String) = (row.get(3)?, row.get(5)?);
        let (Ok(registry), Ok(salt)) = (registry.parse(), salt.parse()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            lookup: row.get(0)?,
            officer: row.get(1)?,
            seq: row.get(2)?,
            subject: Subject {
                registry,
                key: row.get(4)?,
            },
            salt,
            asked_ms: row.get(6)?,
        }))
    }

    /// What the journal says of the subject.
    pub(crate) fn commitment(&self) -> Hash {
        self.salt.commit(&self.subject)
    }

    pub(crate) fn request(&self) -> LookupRequest {
        LookupRequest {
            lookup: self.lookup.clone(),
            seq: self.seq,
            subject: self.subject.clone(),
            salt: self.salt.to_string(),
        }
    }

    /// Journals what came of it; durable when this returns.
    ///
    /// # Errors
    /// Storage errors: nothing may be shown then.
    pub(crate) fn settle(&self, vault: &Vault, outcome: &str, records: usize) -> Result<()> {
        vault.write(|tx| self.settle_in(tx, outcome, records))
    }

    /// The same, in the caller's transaction.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn settle_in(
        &self,
        tx: &Transaction<'_>,
        outcome: &str,
        records: usize,
    ) -> Result<()> {
        let event = Event::LookupAnswered {
            lookup: self.lookup.clone(),
            outcome: outcome.to_owned(),
            records: u32::try_from(records).unwrap_or(u32::MAX),
        };
        journal::append(tx, &JournalContext::officer(tx, &self.officer)?, event).map(drop)
    }

    /// Journals that it failed, by the error's code; gives the error back.
    pub(crate) fn failed(&self, vault: &Vault, error: Error) -> Error {
        match self.settle(vault, error.code(), 0) {
            Ok(()) => error,
            Err(storage) => storage,
        }
    }
}
