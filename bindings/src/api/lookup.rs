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
    /// No record: nothing is known. `kept`: from an earlier question, as of `time_ms`.
    Records {
        lookup: String,
        records: Vec<LookupRecord>,
        time_ms: i64,
        kept: bool,
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

/// A question that waits for the station, or its answer for the officer.
#[derive(Debug, Clone, uniffi::Record)]
pub struct WaitingLookup {
    pub lookup: String,
    /// A word: person, vehicle, case, device.
    pub registry: String,
    /// Masked.
    pub subject: String,
    pub asked_ms: i64,
    pub answered: bool,
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
                // Only of a pattern, which is not asked for here.
                more: _,
            } => Self::Records {
                lookup,
                records: records.into_iter().map(record).collect(),
                time_ms,
                kept,
            },
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
        let purpose =
            Purpose::parse(&reason).map_err(|error| Error::Lookup(LookupFault::Purpose(error)))?;
        let found = self.0.look_up(registry.into(), &subject, &purpose)?;
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
        });
        Ok(waiting.collect())
    }

    /// The answer to a question that had to wait.
    pub fn waited_lookup(&self, lookup: String) -> ApiResult<LookupAnswer> {
        Ok(self.0.waited(&lookup)?.into())
    }
}
