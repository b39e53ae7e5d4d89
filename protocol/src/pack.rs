//! A law pack: a file of laws that works offline, and the signed statement about it.
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
        let people = trust.people.iter();
        let known: Vec<&Verifier> = people
            .filter(|person| person.has_role(ROLE_PACK))
            .map(|person| &person.key)
            .collect();
        let manifest: Self = statement::open(note, known, 1)?;
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

    #[test]
    fn only_people_of_the_role_sign() {
        let trust = TrustSet {
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
        };
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
}
