//! Asking registries about a person, a vehicle, a case or a device.

use custos_core::{
    Error,
    lookup::registry::{self, Known, LookupFault},
};
use custos_protocol::lookup::{ask::Purpose, query};

use super::officer::Officer;
use crate::error::ApiResult;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Registry {
    /// By resident number.
    Person,
    /// By number plate.
    Vehicle,
    Case,
    Device,
}

impl From<Registry> for query::Registry {
    fn from(registry: Registry) -> Self {
        match registry {
            Registry::Person => Self::Person,
            Registry::Vehicle => Self::Vehicle,
            Registry::Case => Self::Case,
            Registry::Device => Self::Device,
        }
    }
}

/// One value of a record, as far as the officer may see it.
#[derive(Clone, uniffi::Record)]
pub struct LookupField {
    pub name: String,
    pub value: String,
}

/// The value is for the screen, not for a log.
impl std::fmt::Debug for LookupField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LookupField({})", self.name)
    }
}

/// What a registry knows of one subject.
#[derive(Debug, Clone, uniffi::Record)]
pub struct LookupRecord {
    pub fields: Vec<LookupField>,
}

/// What became of a question.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum LookupAnswer {
    /// No record: nothing is known. `kept`: from an earlier question, as of `time_ms`. `more`: a
    /// part of a number fits more than these.
    Records {
        lookup: String,
        records: Vec<LookupRecord>,
        time_ms: i64,
        kept: bool,
        more: bool,
    },
    /// The station cannot be reached. What lists on the terminal say meanwhile, and whether the
    /// question waits.
    Offline {
        lookup: String,
        lists: Vec<ListAnswer>,
        queued: bool,
    },
}

/// What a list says of one exact number.
#[derive(Debug, Clone, uniffi::Record)]
pub struct ListAnswer {
    pub list: String,
    pub on_it: bool,
    /// When the list was made.
    pub time_ms: i64,
}

/// What became of one number of several.
#[derive(Debug, Clone, uniffi::Record)]
pub struct LookupOfMany {
    /// Which of those that were typed, from 1.
    pub position: u32,
    /// Masked.
    pub subject: String,
    /// `None`: it failed, and `failed` is the code.
    pub answer: Option<LookupAnswer>,
    pub failed: Option<String>,
}

/// A question that waits for the station, or its answer or refusal for the officer.
#[derive(Debug, Clone, uniffi::Record)]
pub struct WaitingLookup {
    pub lookup: String,
    /// A word: person, vehicle, case, device.
    pub registry: String,
    /// Masked.
    pub subject: String,
    pub asked_ms: i64,
    pub answered: bool,
    /// Why there will be no answer: a code, as `LookupRefused` has it.
    pub refused: Option<String>,
}

impl From<registry::LookUp> for LookupAnswer {
    fn from(found: registry::LookUp) -> Self {
        let lookup = found.lookup;
        match found.known {
            Known::Offline { lists, queued } => Self::Offline {
                lookup,
                lists: lists.into_iter().map(Into::into).collect(),
                queued,
            },
            Known::Records {
                records,
                time_ms,
                kept,
                more,
            } => Self::Records {
                lookup,
                records: records.into_iter().map(record).collect(),
                time_ms,
                kept,
                more,
            },
        }
    }
}

impl From<registry::OfBatch> for LookupOfMany {
    fn from(one: registry::OfBatch) -> Self {
        let (answer, failed) = match one.answer {
            Ok(found) => (Some(found.into()), None),
            Err(error) => (None, Some(error.code().to_owned())),
        };
        Self {
            position: u32::try_from(one.position).unwrap_or(u32::MAX),
            subject: one.subject,
            answer,
            failed,
        }
    }
}

impl From<registry::Listed> for ListAnswer {
    fn from(said: registry::Listed) -> Self {
        Self {
            list: said.list,
            on_it: said.on_it,
            time_ms: said.time_ms,
        }
    }
}

fn purpose(reason: &str) -> Result<Purpose, Error> {
    Purpose::parse(reason).map_err(|error| Error::Lookup(LookupFault::Purpose(error)))
}

fn record(record: query::Record) -> LookupRecord {
    let fields = record.fields.into_iter();
    let fields = fields.map(|query::Field { name, value, .. }| LookupField { name, value });
    LookupRecord {
        fields: fields.collect(),
    }
}

#[uniffi::export]
impl Officer {
    /// Asks about one `subject`, as typed. `reason` is `identity`, `traffic`, `inquiry`,
    /// `complaint`, `rescue`, with words after a colon, or words alone; it goes into the journal,
    /// and so does not name the subject. Everything is in the journal before this returns.
    pub fn look_up(
        &self,
        registry: Registry,
        subject: String,
        reason: String,
    ) -> ApiResult<LookupAnswer> {
        let purpose = purpose(&reason)?;
        let found = self.0.look_up(registry.into(), &subject, &purpose)?;
        Ok(found.into())
    }

    /// Asks about several, at most 20, as `look_up` does about each: by a grant for `lookup-batch`.
    /// All are looked at before the first is asked; one that is there twice is asked about once.
    pub fn look_up_many(
        &self,
        registry: Registry,
        subjects: Vec<String>,
        reason: String,
    ) -> ApiResult<Vec<LookupOfMany>> {
        let purpose = purpose(&reason)?;
        let batch = self.0.look_up_batch(registry.into(), &subjects, &purpose)?;
        Ok(batch.map(Into::into).collect())
    }

    /// Asks with a part of a plate or of a case's number, `*` any characters and `?` one: by a grant
    /// for `lookup-wildcard`.
    pub fn look_up_pattern(
        &self,
        registry: Registry,
        pattern: String,
        reason: String,
    ) -> ApiResult<LookupAnswer> {
        let purpose = purpose(&reason)?;
        let found = self
            .0
            .look_up_pattern(registry.into(), &pattern, &purpose)?;
        Ok(found.into())
    }

    /// The officer's questions that wait for the station, and answers that wait for the officer.
    pub fn waiting_lookups(&self) -> ApiResult<Vec<WaitingLookup>> {
        let waiting = self.0.waiting()?.into_iter();
        let waiting = waiting.map(|waiting| WaitingLookup {
            lookup: waiting.lookup,
            registry: waiting.registry,
            subject: waiting.subject,
            asked_ms: waiting.asked_ms,
            answered: waiting.answered,
            refused: waiting.refused,
        });
        Ok(waiting.collect())
    }

    /// The answer to a question that had to wait; its refusal is thrown, once.
    pub fn waited_lookup(&self, lookup: String) -> ApiResult<LookupAnswer> {
        Ok(self.0.waited(&lookup)?.into())
    }
}
