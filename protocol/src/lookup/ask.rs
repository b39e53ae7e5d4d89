//! One look-up as it is asked, journalled and answered.
//!
//! The order is the law (T5.1c): the terminal's journal has a `lookup-asked` entry that is durable,
//! and the station holds it, before anything is asked; what the entry says is what is decided and
//! what an auditor reads, and the request adds only what the journal must not tell: the subject.

use serde::{Deserialize, Serialize};

use super::{
    pattern::MIN_LITERALS,
    query::{Field, MAX_RECORDS, MAX_TEXT, Record, Registry, Subject},
};
use crate::hash::{Hash, base64_decode, base64_encode};

/// What a look-up serves, as a word that registers can be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// Who somebody is who was stopped or addressed.
    Identity,
    Traffic,
    /// A case is being looked into.
    Inquiry,
    /// Somebody called or complained.
    Complaint,
    /// Somebody is in danger or missing.
    Rescue,
    Other,
}

impl Reason {
    pub const ALL: [Self; 6] = [
        Self::Identity,
        Self::Traffic,
        Self::Inquiry,
        Self::Complaint,
        Self::Rescue,
        Self::Other,
    ];

    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Traffic => "traffic",
            Self::Inquiry => "inquiry",
            Self::Complaint => "complaint",
            Self::Rescue => "rescue",
            Self::Other => "other",
        }
    }
}

/// Why somebody asks: the category, and what it is in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    pub reason: Reason,
    /// At most [`MAX_TEXT`] characters; may be empty, but not with [`Reason::Other`].
    pub text: String,
}

/// Why a purpose is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PurposeError {
    #[error("a purpose needs a category or words")]
    Missing,
    #[error("a purpose has at most 200 characters")]
    Length,
    /// Journals are read by people who need not know of whom they speak.
    #[error("a purpose does not name who or what is asked about")]
    NamesSubject,
}

impl PurposeError {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "purpose-missing",
            Self::Length => "purpose-length",
            Self::NamesSubject => "purpose-names-subject",
        }
    }
}

impl Purpose {
    /// Reads `category`, `category: words` (with either colon) or words alone, which are
    /// [`Reason::Other`].
    ///
    /// # Errors
    /// [`PurposeError`].
    pub fn parse(text: &str) -> Result<Self, PurposeError> {
        let text = text.trim();
        let (head, rest) = text.split_once([':', '：']).unwrap_or((text, ""));
        let category = Reason::ALL.into_iter().find(|r| r.as_str() == head.trim());
        let purpose = match category {
            Some(reason) => Self {
                reason,
                text: rest.trim().to_owned(),
            },
            None => Self {
                reason: Reason::Other,
                text: text.to_owned(),
            },
        };
        purpose.check().map(|()| purpose)
    }

    /// # Errors
    /// [`PurposeError::Missing`], [`PurposeError::Length`].
    pub fn check(&self) -> Result<(), PurposeError> {
        if self.text.chars().count() > MAX_TEXT || self.text.chars().any(char::is_control) {
            return Err(PurposeError::Length);
        }
        if self.reason == Reason::Other && self.text.trim().is_empty() {
            return Err(PurposeError::Missing);
        }
        Ok(())
    }

    /// # Errors
    /// [`PurposeError::NamesSubject`] where the words hold what is asked about.
    pub fn check_for(&self, subject: &Subject) -> Result<(), PurposeError> {
        self.check()?;
        // Cases and devices are nobody; a purpose may well name the case.
        if matches!(subject.registry, Registry::Case | Registry::Device) {
            return Ok(());
        }
        let text = super::plain(&self.text);
        // A resident number of before 1999 has neither the century nor the check character.
        let old = match (
            subject.registry,
            subject.key.get(..6),
            subject.key.get(8..17),
        ) {
            (Registry::Person, Some(area), Some(rest)) => Some(format!("{area}{rest}")),
            _ => None,
        };
        let part = |run: &str| run.chars().count() >= MIN_LITERALS && text.contains(run);
        if subject.is_pattern() && subject.literal_runs().any(part) {
            return Err(PurposeError::NamesSubject);
        }
        if text.contains(&subject.key) || old.is_some_and(|old| text.contains(&old)) {
            return Err(PurposeError::NamesSubject);
        }
        Ok(())
    }
}

/// 16 random bytes, one use each: without them nobody finds the subject of a journal's entry by
/// trying all numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// # Errors
    /// [`NoRandom`](crate::key::NoRandom).
    pub fn fresh() -> Result<Self, crate::key::NoRandom> {
        let mut bytes = [0; 16];
        crate::key::random(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What the journal says of a subject: SHA-256 of `custos lookup subject v1`, a zero byte, the
    /// salt, the registry's word, a zero byte, the key.
    pub fn commit(&self, subject: &Subject) -> Hash {
        let parts: [&[u8]; 5] = [
            b"custos lookup subject v1\0",
            &self.0,
            subject.registry.as_str().as_bytes(),
            b"\0",
            subject.key.as_bytes(),
        ];
        Hash::of(&parts.concat())
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl std::fmt::Display for Salt {
    /// base64
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base64_encode(&self.0))
    }
}

/// Not the base64 of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the base64 of 16 bytes")]
pub struct BadSalt;

impl std::str::FromStr for Salt {
    type Err = BadSalt;

    fn from_str(text: &str) -> Result<Self, BadSalt> {
        let bytes = base64_decode(text).ok_or(BadSalt)?;
        bytes.try_into().map(Self).map_err(|_| BadSalt)
    }
}

/// `POST /v1/lookups`
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupRequest {
    /// As the entry names it.
    pub lookup: String,
    /// Of the `lookup-asked` entry, in the journal that the station holds.
    pub seq: u64,
    pub subject: Subject,
    /// What the entry's commitment was made with, base64.
    pub salt: String,
}

impl std::fmt::Debug for LookupRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LookupRequest({}, seq {})", self.lookup, self.seq)
    }
}

/// What the station answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookupReply {
    pub lookup: String,
    /// The commitment of the question that is answered, base64.
    pub subject: String,
    /// Masked for the role of who asked; empty: nothing is known.
    pub records: Vec<Record>,
    pub time_ms: i64,
    /// Of a pattern: it fits more than these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl std::fmt::Debug for LookupReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "LookupReply({}, {} records)",
            self.lookup,
            self.records.len()
        )
    }
}

/// Longest value of an answer, in bytes, and most fields of a record.
const MAX_VALUE: usize = 4 << 10;
const MAX_FIELDS: usize = 64;

impl LookupReply {
    /// Whether this answers that question, and is of a size that an answer can have.
    pub fn answers(&self, lookup: &str, commitment: &Hash) -> bool {
        let fits = |field: &Field| field.name.len() <= 64 && field.value.len() <= MAX_VALUE;
        self.lookup == lookup
            && self.subject == commitment.to_string()
            && self.records.len() <= MAX_RECORDS
            && self
                .records
                .iter()
                .all(|record| record.fields.len() <= MAX_FIELDS && record.fields.iter().all(fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicle(typed: &str) -> Subject {
        Subject::parse(Registry::Vehicle, typed).unwrap()
    }

    #[test]
    fn a_purpose_is_a_category_words_or_both() {
        let parsed = |text: &str| {
            Purpose::parse(text).map(|purpose| (purpose.reason.as_str(), purpose.text))
        };
        assert_eq!(parsed("traffic"), Ok(("traffic", String::new())));
        assert_eq!(
            parsed(" inquiry： 118 号案 "),
            Ok(("inquiry", "118 号案".to_owned()))
        );
        assert_eq!(
            parsed("现场核查：驾驶人"),
            Ok(("other", "现场核查：驾驶人".to_owned()))
        );
        assert_eq!(parsed("  "), Err(PurposeError::Missing));
        assert_eq!(parsed("other"), Err(PurposeError::Missing));
        assert_eq!(parsed("other: \u{3000}"), Err(PurposeError::Missing));
        assert_eq!(parsed(&"长".repeat(201)), Err(PurposeError::Length));
        assert_eq!(parsed("a\nb"), Err(PurposeError::Length));
    }

    /// The journal tells why, not of whom; in whatever writing somebody puts it there.
    #[test]
    fn a_purpose_does_not_name_the_subject() {
        let subject = vehicle("京A12345");
        for text in ["查 京A12345", "车牌京ａ·12345的车主"] {
            let purpose = Purpose::parse(text).unwrap();
            assert_eq!(
                purpose.check_for(&subject),
                Err(PurposeError::NamesSubject),
                "{text}"
            );
        }
        let purpose = Purpose::parse("查 京A99999").unwrap();
        assert_eq!(purpose.check_for(&subject), Ok(()));
        let part = Subject::pattern(Registry::Vehicle, "京A12?45*").unwrap();
        let purpose = Purpose::parse("查 京Ａ12 开头的车").unwrap();
        assert_eq!(purpose.check_for(&part), Err(PurposeError::NamesSubject));
        let purpose = Purpose::parse("查 45 路旁的车").unwrap();
        assert_eq!(purpose.check_for(&part), Ok(()));
        let case = Subject::parse(Registry::Case, "A-1").unwrap();
        assert_eq!(
            Purpose::parse("inquiry: A-1").unwrap().check_for(&case),
            Ok(())
        );
        let person = Subject::parse(Registry::Person, "11010519491231002X").unwrap();
        let old = Purpose::parse("旧号 110105491231002").unwrap();
        assert_eq!(old.check_for(&person), Err(PurposeError::NamesSubject));
    }

    #[test]
    fn a_commitment_is_of_one_subject_in_one_registry() {
        let salt = Salt::from_bytes([7; 16]);
        let subject = vehicle("京A12345");
        let commitment = salt.commit(&subject);
        assert_eq!(commitment, salt.commit(&vehicle("京a·12345")));
        assert_ne!(commitment, salt.commit(&vehicle("京A12346")));
        assert_ne!(commitment, Salt::from_bytes([8; 16]).commit(&subject));
        let case = Subject {
            registry: Registry::Case,
            ..subject
        };
        assert_ne!(commitment, salt.commit(&case));
        assert_eq!(salt.to_string().parse(), Ok(salt));
        assert_eq!("AAAA".parse::<Salt>(), Err(BadSalt));
    }

    #[test]
    fn an_answer_is_to_one_question_and_not_too_large() {
        let commitment = Salt::from_bytes([7; 16]).commit(&vehicle("京A12345"));
        let reply = LookupReply {
            lookup: "lookup-1".to_owned(),
            subject: commitment.to_string(),
            records: vec![Record::default()],
            time_ms: 1,
            more: false,
        };
        assert!(reply.answers("lookup-1", &commitment));
        assert!(!reply.answers("lookup-2", &commitment));
        let other = Salt::from_bytes([8; 16]).commit(&vehicle("京A12345"));
        assert!(!reply.answers("lookup-1", &other));
        let many = LookupReply {
            records: vec![Record::default(); MAX_RECORDS + 1],
            ..reply.clone()
        };
        assert!(!many.answers("lookup-1", &commitment));
        let field = |value: String| Field {
            name: "note".to_owned(),
            what: super::super::mask::Personal::Other,
            value,
        };
        let long = Record {
            fields: vec![field("x".repeat(MAX_VALUE + 1))],
        };
        let long = LookupReply {
            records: vec![long],
            ..reply
        };
        assert!(!long.answers("lookup-1", &commitment));
    }
}
