//! Whose signatures count: the trust set, signed by the agency's root keys and rotated as in TUF
//! (the old threshold and the new one sign, versions are consecutive).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    note::{Note, Verifier},
    statement::{self, Statement, StatementError},
};

/// Keys of which `threshold` have to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    pub keys: Vec<Verifier>,
    pub threshold: usize,
}

/// A member of staff whose signature counts for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub key: Verifier,
    /// What the person may sign or do, [`ROLE_DIRECTIVE`] and so on.
    pub roles: Vec<String>,
}

/// May sign directives.
pub const ROLE_DIRECTIVE: &str = "directive";
/// May issue tickets, register people and publish policy.
pub const ROLE_DEVICE: &str = "device";
/// May see and fetch stored evidence.
pub const ROLE_EVIDENCE: &str = "evidence";
/// May apply for grants, and uses them.
pub const ROLE_MANAGER: &str = "manager";
/// The superior: approves grants and disclosures.
pub const ROLE_APPROVER: &str = "approver";
/// May see metadata and journals, of all departments.
pub const ROLE_SUPERVISOR: &str = "supervisor";
/// May read what a supervisor reads, and change nothing.
pub const ROLE_AUDITOR: &str = "auditor";
/// Sees to devices, and to nothing else.
pub const ROLE_MAINTENANCE: &str = "maintenance";
/// May sign law packs.
pub const ROLE_PACK: &str = "pack";

/// Every role that a trust set can give. Officers stand in no trust set: they have a slot on a
/// terminal.
pub const ROLES: [&str; 9] = [
    ROLE_DIRECTIVE,
    ROLE_DEVICE,
    ROLE_EVIDENCE,
    ROLE_MANAGER,
    ROLE_APPROVER,
    ROLE_SUPERVISOR,
    ROLE_AUDITOR,
    ROLE_MAINTENANCE,
    ROLE_PACK,
];

/// All keys that verifiers of this agency go by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustSet {
    pub suite: u16,
    pub version: u64,
    pub agency: String,
    pub time_ms: i64,
    pub roots: Roots,
    /// Certify terminals.
    pub registrar: Vec<Verifier>,
    /// Cosign journals (cosignature/v1 keys).
    pub witness: Vec<Verifier>,
    /// State that bytes are durably stored.
    pub storage: Vec<Verifier>,
    /// Sign policies.
    pub policy: Vec<Verifier>,
    pub people: Vec<Person>,
    /// age recipients (`age1…`) to which all evidence is sealed.
    pub recipients: Vec<String>,
}

impl Statement for TrustSet {
    const TYPE: &'static str = "custos.trust-set/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

/// A trust set that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("not a well-formed trust file")]
    Malformed,
    #[error("the roots of the trust set are not those that were expected")]
    OtherRoots,
    #[error("trust set version {offered} does not follow version {known}")]
    Version { known: u64, offered: u64 },
    #[error("the trust set is of another agency")]
    OtherAgency,
    #[error(transparent)]
    Statement(#[from] StatementError),
}

impl Roots {
    fn check(&self, note: &Note) -> Result<(), TrustError> {
        let verified = note.verify(&self.keys).map_err(StatementError::from)?;
        // One key under two names is one key.
        let keys: HashSet<_> = verified.iter().map(|verifier| verifier.key()).collect();
        let signed = keys.len();
        if signed < self.threshold || self.threshold == 0 {
            let threshold = self.threshold;
            return Err(StatementError::Threshold { signed, threshold }.into());
        }
        Ok(())
    }

    /// What a person compares by eye or telephone: SHA-256 over the roots as JSON.
    pub fn fingerprint(&self) -> Hash {
        Hash::of(&serde_json::to_vec(self).expect("roots are plain data"))
    }
}

impl TrustSet {
    /// Opens a set that its own roots signed. Whether these roots are the agency's is for the
    /// caller to know: compare [`Roots::fingerprint`], or use [`TrustSet::open_pinned`]. Lines of
    /// other keys are passed over: after a rotation they are those of the former roots.
    pub fn open(note: &str) -> Result<Self, TrustError> {
        let note: Note = note.parse().map_err(StatementError::from)?;
        let set: Self = statement::read_unverified(&note)?;
        set.roots.check(&note)?;
        Ok(set)
    }

    /// Opens a first set under roots learnt from the enrolment ticket. If they have rotated since
    /// it was printed, they must have signed the set as well.
    pub fn open_pinned(note: &str, roots: &Roots) -> Result<Self, TrustError> {
        let set = Self::open(note)?;
        if set.roots == *roots {
            return Ok(set);
        }
        let note: Note = note.parse().map_err(StatementError::from)?;
        roots.check(&note).map_err(|_| TrustError::OtherRoots)?;
        Ok(set)
    }

    /// The set that follows this one: next version, same agency, signed by the threshold of the
    /// old roots and of the new ones.
    pub fn update(&self, note: &str) -> Result<Self, TrustError> {
        let note: Note = note.parse().map_err(StatementError::from)?;
        let next: Self = statement::read_unverified(&note)?;
        if next.agency != self.agency {
            return Err(TrustError::OtherAgency);
        }
        if self.version.checked_add(1) != Some(next.version) {
            return Err(TrustError::Version {
                known: self.version,
                offered: next.version,
            });
        }
        self.roots.check(&note)?;
        next.roots.check(&note)?;
        let known = self.roots.keys.iter().chain(&next.roots.keys);
        note.verify_strict(known).map_err(StatementError::from)?;
        Ok(next)
    }

    /// The people with this role who signed a note, each counted once. A line by any other key is
    /// an error.
    ///
    /// # Errors
    /// [`StatementError::Note`].
    pub fn signers(&self, note: &Note, role: &str) -> Result<Vec<String>, StatementError> {
        let allowed: Vec<&Person> = self.people.iter().filter(|p| p.has_role(role)).collect();
        let keys: Vec<&Verifier> = allowed.iter().map(|p| &p.key).collect();
        let signed = note.verify_strict(keys)?;
        let mut people: Vec<&Person> = Vec::new();
        for person in allowed.into_iter().filter(|p| signed.contains(&&p.key)) {
            // Two names for one key, or two keys of one person, are one person.
            let same = |p: &&Person| p.name == person.name || p.key.key() == person.key.key();
            if !people.iter().any(same) {
                people.push(person);
            }
        }
        Ok(people.into_iter().map(|p| p.name.clone()).collect())
    }

    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.name == name)
    }

    /// The name of the key of a person: `<agency>/person/<name>`.
    pub fn person_key_name(agency: &str, name: &str) -> String {
        format!("{agency}/person/{name}")
    }
}

impl Person {
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }
}

/// `trust.json`: a trust set as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustFile {
    format: TrustFormat,
    /// The signed note, whole.
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum TrustFormat {
    #[serde(rename = "custos-trust/1")]
    V1,
}

impl TrustFile {
    /// The file of a set, with the signature lines of the set's own roots alone: those of former
    /// roots, which mean nothing to who does not know these, would be bytes that nobody checks.
    pub fn new(note: &str) -> Self {
        let own = || {
            let mut own: Note = note.parse().ok()?;
            let set: TrustSet = statement::read_unverified(&own).ok()?;
            own.keep_lines_of(&set.roots.keys);
            Some(own.to_string())
        };
        Self {
            format: TrustFormat::V1,
            note: own().unwrap_or_else(|| note.to_owned()),
        }
    }

    /// The set, signed by its own roots and by nobody else: no byte of the file goes unchecked.
    pub fn open(&self) -> Result<TrustSet, TrustError> {
        let set = TrustSet::open(&self.note)?;
        let note: Note = self.note.parse().map_err(StatementError::from)?;
        note.verify_strict(&set.roots.keys)
            .map_err(StatementError::from)?;
        Ok(set)
    }

    /// One line of JSON and a newline.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("two strings") + "\n"
    }

    /// Takes only what [`TrustFile::to_text`] writes.
    pub fn from_text(text: &str) -> Result<Self, TrustError> {
        let file: Self = serde_json::from_str(text).map_err(|_| TrustError::Malformed)?;
        if file.to_text() != text {
            return Err(TrustError::Malformed);
        }
        Ok(file)
    }
}
