//! Lists that work without the station: stolen plates, wanted persons. A list says of one exact
//! number whether it is on it; itself it discloses nothing, for its entries are keyed hashes and
//! the key goes to terminals alone, apart from what is signed.

use ring::{digest, hmac};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::query::{Registry, Subject};
use crate::{
    hash::{Hash, base64_decode, base64_encode},
    id,
    note::Note,
    statement::{self, Statement, StatementError},
    trust::{ROLE_DEVICE, TrustSet},
};

/// Bytes of an entry: HMAC-SHA256, cut. At 250,000 entries a number that is not on the list meets
/// one by chance once in 10^33.
pub const ENTRY: usize = 16;
/// Most entries of a list.
pub const MAX_ENTRIES: usize = 250_000;

/// What is signed of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupList {
    pub suite: u16,
    /// Its name, a word: versions are counted for each.
    pub list: String,
    pub registry: Registry,
    /// Only grows.
    pub version: u64,
    pub time_ms: i64,
    /// Says nothing any more from then on.
    pub expires_ms: i64,
    /// SHA-256 of the key's 32 bytes.
    pub key_sha256: Hash,
    pub count: u64,
    /// SHA-256 of the entries.
    pub entries_sha256: Hash,
}

impl Statement for LookupList {
    const TYPE: &'static str = "custos.lookup-list/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// What entries are made with. It does not go into what is signed, nor into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct ListKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ListKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ListKey(..)")
    }
}

impl ListKey {
    /// # Errors
    /// [`NoRandom`](crate::key::NoRandom).
    pub fn fresh() -> Result<Self, crate::key::NoRandom> {
        let mut key = Zeroizing::new([0; 32]);
        crate::key::random(key.as_mut())?;
        Ok(Self(key))
    }

    /// From base64.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(base64_decode(text)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// base64. A secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base64_encode(self.0.as_ref()))
    }

    fn hash(&self) -> Hash {
        Hash::of(self.0.as_ref())
    }

    fn entry(&self, subject: &Subject) -> [u8; ENTRY] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref());
        let text = [
            subject.registry.as_str().as_bytes(),
            b"\0",
            subject.key.as_bytes(),
        ];
        let tag = hmac::sign(&key, &text.concat());
        let mut entry = [0; ENTRY];
        entry.copy_from_slice(&tag.as_ref()[..ENTRY]);
        entry
    }
}

/// A list whole, as the station hands it to a terminal.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListFile {
    /// A [`LookupList`], signed.
    pub note: String,
    /// base64 of 32 bytes. A secret.
    pub key: String,
    /// base64 of the entries, in rising order.
    pub entries: String,
}

impl std::fmt::Debug for ListFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ListFile({} characters)", self.entries.len())
    }
}

/// A list that verified.
#[derive(Debug, Clone)]
pub struct OpenList {
    pub list: LookupList,
    key: ListKey,
    entries: Vec<u8>,
}

/// Why a list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Key or entries are not those that were signed, or not in their form.
    #[error("the list is not the one that was signed")]
    Altered,
}

/// Makes a list of these subjects, to be signed: the statement, and entries in base64. `None`
/// where there are too many, or one is of another registry.
pub fn make(
    mut list: LookupList,
    key: &ListKey,
    subjects: &[Subject],
) -> Option<(LookupList, String)> {
    let same = subjects.iter().all(|s| s.registry == list.registry);
    if !same || subjects.len() > MAX_ENTRIES || !id::is_safe(&list.list) {
        return None;
    }
    let mut entries: Vec<_> = subjects.iter().map(|s| key.entry(s)).collect();
    entries.sort_unstable();
    entries.dedup();
    list.count = entries.len() as u64;
    let entries = entries.concat();
    list.key_sha256 = key.hash();
    list.entries_sha256 = Hash::of(&entries);
    Some((list, base64_encode(&entries)))
}

impl ListFile {
    /// Verifies it: signed by one person of role `device` and nobody else, key and entries those of
    /// the statement.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn open(&self, trust: &TrustSet) -> Result<OpenList, ListError> {
        let note: Note = self.note.parse().map_err(StatementError::from)?;
        let keys = trust.people.iter().filter(|p| p.has_role(ROLE_DEVICE));
        let list: LookupList = statement::open(&note, keys.map(|p| &p.key), 1)?;
        let key = ListKey::from_text(&self.key).filter(|key| key.hash() == list.key_sha256);
        let entries = base64_decode(&self.entries);
        let entries = entries.filter(|entries| {
            let hash = digest::digest(&digest::SHA256, entries);
            let count = usize::try_from(list.count)
                .ok()
                .filter(|n| *n <= MAX_ENTRIES);
            let rising = entries
                .chunks_exact(ENTRY)
                .zip(entries.chunks_exact(ENTRY).skip(1))
                .all(|(a, b)| a < b);
            hash.as_ref() == list.entries_sha256.as_bytes()
                && count.is_some_and(|count| entries.len() == count * ENTRY)
                && rising
        });
        match (key, entries, id::is_safe(&list.list)) {
            (Some(key), Some(entries), true) => Ok(OpenList { list, key, entries }),
            _ => Err(ListError::Altered),
        }
    }
}

impl OpenList {
    /// Whether exactly this is on it.
    pub fn has(&self, subject: &Subject) -> bool {
        has(&self.entries, &self.key, subject)
    }

    /// The key in base64 and the entries, to keep.
    pub fn parts(&self) -> (Zeroizing<String>, &[u8]) {
        (self.key.to_text(), &self.entries)
    }
}

/// Whether exactly this is among entries of an open list.
pub fn has(entries: &[u8], key: &ListKey, subject: &Subject) -> bool {
    let wanted = key.entry(subject);
    let (entries, _) = entries.as_chunks::<ENTRY>();
    entries.binary_search(&wanted).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::SigningKey,
        note::Signer,
        suite,
        trust::{Person, ROLE_EVIDENCE, Roots},
    };

    fn signer(seed: u8) -> Signer {
        let name = TrustSet::person_key_name("a.example", &format!("p{seed}"));
        Signer::new(&name, SigningKey::from_seed(&[seed; 32])).unwrap()
    }

    fn trust() -> TrustSet {
        let person = |seed, role: &str| Person {
            name: format!("p{seed}"),
            key: signer(seed).verifier(),
            roles: vec![role.to_owned()],
        };
        TrustSet {
            suite: suite::CURRENT,
            version: 1,
            agency: "a.example".to_owned(),
            time_ms: 1,
            roots: Roots {
                keys: Vec::new(),
                threshold: 1,
            },
            registrar: Vec::new(),
            witness: Vec::new(),
            storage: Vec::new(),
            policy: Vec::new(),
            people: vec![person(1, ROLE_DEVICE), person(2, ROLE_EVIDENCE)],
            recipients: Vec::new(),
        }
    }

    fn car(plate: &str) -> Subject {
        Subject::parse(Registry::Vehicle, plate).unwrap()
    }

    fn draft(name: &str) -> LookupList {
        LookupList {
            suite: suite::CURRENT,
            list: name.to_owned(),
            registry: Registry::Vehicle,
            version: 1,
            time_ms: 1,
            expires_ms: 2,
            key_sha256: Hash::of(b""),
            count: 0,
            entries_sha256: Hash::of(b""),
        }
    }

    fn file(by: u8) -> ListFile {
        let key = ListKey::fresh().unwrap();
        let cars = [car("京A12345"), car("京A54321"), car("京a·12345")];
        let (list, entries) = make(draft("stolen"), &key, &cars).unwrap();
        assert_eq!(list.count, 2);
        ListFile {
            note: statement::sign(&list, &[&signer(by)]).unwrap().to_string(),
            key: key.to_text().to_string(),
            entries,
        }
    }

    #[test]
    fn a_list_says_of_one_number_whether_it_is_on_it() {
        let open = file(1).open(&trust()).unwrap();
        assert!(open.has(&car("京A12345")) && open.has(&car("京A54321")));
        assert!(!open.has(&car("京A12346")));
        let case = Subject {
            registry: Registry::Case,
            ..car("京A12345")
        };
        assert!(!open.has(&case));
        // Two lists of the same cars have nothing in common.
        assert_ne!(file(1).entries, file(1).entries);
    }

    #[test]
    fn a_list_that_was_not_signed_like_this_is_none() {
        assert!(matches!(
            file(2).open(&trust()),
            Err(ListError::Statement(_))
        ));
        let good = file(1);
        let other = file(1);
        let spoilt = [
            ListFile {
                key: other.key.clone(),
                ..good.clone()
            },
            ListFile {
                entries: other.entries.clone(),
                ..good.clone()
            },
            ListFile {
                entries: good.entries[..good.entries.len() / 2].to_owned(),
                ..good.clone()
            },
            ListFile {
                key: "AAAA".to_owned(),
                ..good.clone()
            },
            ListFile {
                entries: String::new(),
                ..good
            },
        ];
        for file in spoilt {
            assert_eq!(file.open(&trust()).unwrap_err(), ListError::Altered);
        }
        let key = ListKey::fresh().unwrap();
        assert!(make(draft("../x"), &key, &[]).is_none());
        let mixed = [Subject::parse(Registry::Case, "A-1").unwrap()];
        assert!(make(draft("stolen"), &key, &mixed).is_none());
    }
}
