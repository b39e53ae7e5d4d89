//! A question to a registry, and its answer, as terminal and station exchange them.

use serde::{Deserialize, Serialize};

use super::{
    mask::{self, Personal, Shown},
    plate::Plate,
    resident::ResidentId,
};

/// Most records in an answer: who needs more asks more narrowly.
pub const MAX_RECORDS: usize = 20;
/// Most subjects that are asked about in one call, by a grant for that.
pub const MAX_BATCH: usize = 20;
/// Longest text of a subject or a purpose, in characters.
pub const MAX_TEXT: usize = 200;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Registry {
    Person,
    Vehicle,
    /// Cases and past records.
    Case,
    Device,
}

impl Registry {
    pub const ALL: [Self; 4] = [Self::Person, Self::Vehicle, Self::Case, Self::Device];

    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Vehicle => "vehicle",
            Self::Case => "case",
            Self::Device => "device",
        }
    }
}

/// Not the word of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not person, vehicle, case or device")]
pub struct BadRegistry;

impl std::str::FromStr for Registry {
    type Err = BadRegistry;

    fn from_str(word: &str) -> Result<Self, BadRegistry> {
        let mut all = Self::ALL.into_iter();
        all.find(|registry| registry.as_str() == word)
            .ok_or(BadRegistry)
    }
}

/// A subject in the one form in which it is asked for and compared.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subject {
    pub registry: Registry,
    /// A resident number, a plate, a case's or a device's number.
    pub key: String,
}

/// Why a text is no subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SubjectError {
    #[error(transparent)]
    Resident(#[from] super::resident::ResidentIdError),
    #[error(transparent)]
    Plate(#[from] super::plate::PlateError),
    #[error("a number has 1 to 200 characters")]
    Length,
    #[error("a number is whole and one, or at least 4 characters of a plate's or a case's")]
    Wildcard,
}

impl SubjectError {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Resident(error) => error.code(),
            Self::Plate(error) => error.code(),
            Self::Length => "subject-length",
            Self::Wildcard => "subject-wildcard",
        }
    }
}

impl Subject {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// [`SubjectError`]: nothing may be asked then.
    pub fn parse(registry: Registry, typed: &str) -> Result<Self, SubjectError> {
        if typed.contains(['*', '?', '%', ',', ';', '，', '；', '＊', '？', '％']) {
            return Err(SubjectError::Wildcard);
        }
        let key = match registry {
            Registry::Person => typed.parse::<ResidentId>()?.as_str().to_owned(),
            Registry::Vehicle => typed.parse::<Plate>()?.as_str().to_owned(),
            Registry::Case | Registry::Device => {
                let key = super::plain(typed);
                if !(1..=MAX_TEXT).contains(&key.chars().count()) {
                    return Err(SubjectError::Length);
                }
                key
            }
        };
        Ok(Self { registry, key })
    }

    /// What may be shown beside others of whom or what it is.
    pub fn masked(&self) -> String {
        match self.registry {
            Registry::Vehicle => mask::plate(&self.key),
            _ => mask::number(&self.key),
        }
    }

    /// Whether it still is what [`Subject::parse`] makes: what arrives from elsewhere may not be.
    pub fn is_sound(&self) -> bool {
        Self::parse(self.registry, &self.key).is_ok_and(|subject| subject == *self)
    }
}

/// It is personal: what is logged by accident is masked.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Subject({}, {})",
            self.registry.as_str(),
            mask::number(&self.key)
        )
    }
}

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Field {
    /// A stable word: `name`, `owner`, `wanted` …
    pub name: String,
    pub what: Personal,
    pub value: String,
}

/// What a registry knows of one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    pub fields: Vec<Field>,
}

impl Record {
    /// What is left of it for somebody who sees so much of each kind of field.
    #[must_use]
    pub fn masked(&self, shown: impl Fn(&Field) -> Shown) -> Self {
        let fields = self.fields.iter().filter_map(|field| {
            let value = mask::show(shown(field), field.what, &field.value)?;
            Some(Field {
                value,
                ..field.clone()
            })
        });
        Self {
            fields: fields.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_and_in_one_form() {
        let parse = Subject::parse;
        let vehicle = parse(Registry::Vehicle, "京a·12345").unwrap();
        assert_eq!(vehicle.key, "京A12345");
        assert!(vehicle.is_sound());
        let other = Subject {
            key: "京a·12345".to_owned(),
            ..vehicle
        };
        assert!(!other.is_sound());
        for many in [
            "京A*",
            "京A1234?",
            "京A12345,京A12346",
            "%",
            "京A12345；京A12346",
        ] {
            let error = parse(Registry::Vehicle, many).unwrap_err();
            assert_eq!(error.code(), "subject-wildcard", "{many}");
        }
        assert_eq!(
            parse(Registry::Case, " ").unwrap_err().code(),
            "subject-length"
        );
        let wrong = parse(Registry::Person, "110105194912310021").unwrap_err();
        assert_eq!(wrong.code(), "id-check");
        let said = format!(
            "{:?}",
            parse(Registry::Person, "11010519491231002X").unwrap()
        );
        assert!(!said.contains("19491231"), "{said}");
    }

    #[test]
    fn a_record_keeps_what_may_be_seen() {
        let field = |name: &str, what, value: &str| Field {
            name: name.to_owned(),
            what,
            value: value.to_owned(),
        };
        let record = Record {
            fields: vec![
                field("owner", Personal::Name, "张三"),
                field("phone", Personal::Phone, "13812341234"),
                field("stolen", Personal::Other, "no"),
            ],
        };
        let shown = |field: &Field| match field.name.as_str() {
            "owner" => Shown::Masked,
            "stolen" => Shown::Full,
            _ => Shown::Hidden,
        };
        let left = record.masked(shown);
        let left: Vec<_> = left.fields.iter().map(|f| (&*f.name, &*f.value)).collect();
        assert_eq!(left, [("owner", "张*"), ("stolen", "no")]);
    }
}
