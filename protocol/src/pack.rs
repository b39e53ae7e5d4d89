//! A law pack: a file of laws that works offline, and the signed statement about it; and a delta,
//! which makes a newer pack of one.
//!
//! The statement stands behind the last byte of what it speaks of, in the same file
//! (docs/FORMATS.md, "Law packs"). Who may sign is said by the trust set: a person with the role
//! [`ROLE_PACK`].

use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    id,
    note::{Note, Verifier},
    statement::{self, Statement, StatementError},
    trust::{ROLE_PACK, TrustSet},
};

/// What a pack is, and which bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackManifest {
    pub suite: u16,
    /// Which pack: 1 to 64 letters, digits, `-`, `_`, `.`; versions are counted for each.
    pub pack: String,
    /// Only grows.
    pub version: u64,
    pub time_ms: i64,
    /// Bytes of the database, which the file begins with.
    pub length: u64,
    /// SHA-256 of these.
    pub sha256: Hash,
    pub laws: u64,
    /// Texts of these laws, of different dates.
    pub versions: u64,
    pub articles: u64,
}

impl Statement for PackManifest {
    const TYPE: &'static str = "custos.law-pack/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl PackManifest {
    /// The manifest, signed by somebody who may sign packs. The bytes are compared by whoever
    /// reads them.
    ///
    /// # Errors
    /// [`StatementError`]: not a manifest, or nobody of that role signed it.
    pub fn open(note: &Note, trust: &TrustSet) -> Result<Self, StatementError> {
        let manifest: Self = statement::open(note, editors(trust), 1)?;
        manifest.check()
    }

    /// The manifest, its signatures not checked.
    ///
    /// # Errors
    /// [`StatementError`]: not a manifest.
    pub fn read_unverified(note: &Note) -> Result<Self, StatementError> {
        statement::read_unverified::<Self>(note)?.check()
    }

    fn check(self) -> Result<Self, StatementError> {
        if id::is_safe(&self.pack) {
            Ok(self)
        } else {
            Err(StatementError::Malformed)
        }
    }
}

/// What makes one pack into a newer one, and which bytes say how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackDelta {
    pub suite: u16,
    /// Which pack, as in [`PackManifest`].
    pub pack: String,
    /// The pack that it is for: its version and the SHA-256 of its database.
    pub from_version: u64,
    pub from_sha256: Hash,
    /// The pack that it gives.
    pub version: u64,
    pub time_ms: i64,
    /// Bytes of that pack's whole file, and their SHA-256.
    pub result_length: u64,
    pub result_sha256: Hash,
    /// Bytes of the changes, which the file begins with, and their SHA-256.
    pub length: u64,
    pub sha256: Hash,
}

impl Statement for PackDelta {
    const TYPE: &'static str = "custos.law-pack-delta/v1";

    fn suite(&self) -> u16 {
        self.suite
    }
}

impl PackDelta {
    /// The statement, signed by somebody who may sign packs. The bytes are compared by whoever
    /// reads them.
    ///
    /// # Errors
    /// [`StatementError`]: not such a statement, or nobody of that role signed it.
    pub fn open(note: &Note, trust: &TrustSet) -> Result<Self, StatementError> {
        let delta: Self = statement::open(note, editors(trust), 1)?;
        delta.check()
    }

    /// The statement, its signatures not checked.
    ///
    /// # Errors
    /// [`StatementError`]: not such a statement.
    pub fn read_unverified(note: &Note) -> Result<Self, StatementError> {
        statement::read_unverified::<Self>(note)?.check()
    }

    fn check(self) -> Result<Self, StatementError> {
        if id::is_safe(&self.pack) && self.version > self.from_version {
            Ok(self)
        } else {
            Err(StatementError::Malformed)
        }
    }
}

/// Who may sign packs.
fn editors(trust: &TrustSet) -> Vec<&Verifier> {
    let people = trust.people.iter();
    people
        .filter(|person| person.has_role(ROLE_PACK))
        .map(|person| &person.key)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use super::*;
    use crate::{
        key::SigningKey,
        note::{NoteError, Signer},
        suite,
        trust::{Person, ROLE_DEVICE, Roots},
    };

    fn signer(seed: u8) -> Signer {
        let name = TrustSet::person_key_name("a.example", &format!("p{seed}"));
        Signer::new(&name, SigningKey::from_seed(&[seed; 32])).unwrap()
    }

    fn person(seed: u8, role: &str) -> Person {
        Person {
            name: format!("p{seed}"),
            key: signer(seed).verifier(),
            roles: vec![role.to_owned()],
        }
    }

    fn manifest(pack: &str) -> PackManifest {
        PackManifest {
            suite: suite::CURRENT,
            pack: pack.to_owned(),
            version: 3,
            time_ms: 1,
            length: 4,
            sha256: Hash::of(b"data"),
            laws: 1,
            versions: 1,
            articles: 1,
        }
    }

    fn trust() -> TrustSet {
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
            people: vec![person(1, ROLE_PACK), person(2, ROLE_DEVICE)],
            recipients: Vec::new(),
        }
    }

    #[test]
    fn only_people_of_the_role_sign() {
        let trust = trust();
        let by = |seed| statement::sign(&manifest("laws"), &[&signer(seed)]).unwrap();
        assert_eq!(PackManifest::open(&by(1), &trust).unwrap().version, 3);
        for other in [2, 3] {
            assert_eq!(
                PackManifest::open(&by(other), &trust),
                Err(StatementError::Note(NoteError::Unexpected))
            );
        }
        let odd = statement::sign(&manifest("../laws"), &[&signer(1)]).unwrap();
        assert_eq!(
            PackManifest::open(&odd, &trust),
            Err(StatementError::Malformed)
        );
    }

    #[test]
    fn a_delta_leads_forward_and_is_signed_as_packs_are() {
        let trust = trust();
        let delta = |from_version, seed| {
            let delta = PackDelta {
                suite: suite::CURRENT,
                pack: "laws".to_owned(),
                from_version,
                from_sha256: Hash::of(b"old"),
                version: 3,
                time_ms: 1,
                result_length: 4,
                result_sha256: Hash::of(b"data"),
                length: 2,
                sha256: Hash::of(b"da"),
            };
            statement::sign(&delta, &[&signer(seed)]).unwrap()
        };
        assert_eq!(PackDelta::open(&delta(2, 1), &trust).unwrap().version, 3);
        for from in [3, 4] {
            assert_eq!(
                PackDelta::open(&delta(from, 1), &trust),
                Err(StatementError::Malformed)
            );
        }
        assert_eq!(
            PackDelta::open(&delta(2, 2), &trust),
            Err(StatementError::Note(NoteError::Unexpected))
        );
        // Neither statement passes for the other.
        assert!(PackManifest::open(&delta(2, 1), &trust).is_err());
        let whole = statement::sign(&manifest("laws"), &[&signer(1)]).unwrap();
        assert!(PackDelta::open(&whole, &trust).is_err());
    }
}
