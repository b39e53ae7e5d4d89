//! An agency with all its keys and one terminal of it, for unit tests: whatever a station would
//! sign can be signed here, rightly or wrongly.

use custos_protocol::{
    certificate::Certificate,
    checkpoint::cosign,
    clip::{self, ClipDigest},
    journal::{Entry, Event, Sealed},
    key::SigningKey,
    merkle,
    note::Signer,
    policy::Policy,
    proof::TlogProof,
    receipt::Receipt,
    statement,
    stored::Stored,
    suite,
    trust::{Person, ROLE_APPROVER, ROLE_DEVICE, ROLE_MANAGER, Roots, TrustSet},
};

use crate::{
    journal::{self, JournalContext},
    vault::{Vault, testing::TestVault},
};

const AGENCY: &str = "custos.test";

pub(crate) const DAY_MS: i64 = 86_400_000;

/// When the station stored what it gives receipts for.
pub(crate) const STORED_MS: i64 = 1_900_000_000_000;

#[derive(Debug)]
pub(crate) struct Agency {
    pub(crate) test: TestVault,
    pub(crate) root: Signer,
    pub(crate) registrar: Signer,
    pub(crate) witness: Signer,
    pub(crate) storage: Signer,
    pub(crate) policy: Signer,
    pub(crate) trust: TrustSet,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn signer(role: &str, seed: u8) -> Signer {
    Signer::new(&format!("{AGENCY}/{role}"), key(seed)).unwrap()
}

/// Who signs what, and the seed of the key: see [`Agency::with_people`].
const PEOPLE: [(&str, &str, u8); 4] = [
    ("dora", ROLE_MANAGER, 111),
    ("emil", ROLE_APPROVER, 112),
    ("carla", ROLE_DEVICE, 113),
    ("fred", ROLE_DEVICE, 114),
];

impl Agency {
    pub(crate) fn new() -> Self {
        Self::of(Vec::new())
    }

    /// With a manager, a superior, and two of device management.
    pub(crate) fn with_people() -> Self {
        let person = |(name, role, seed): (&str, &str, u8)| Person {
            name: name.to_owned(),
            key: signer(&format!("person/{name}"), seed).verifier(),
            roles: vec![role.to_owned()],
        };
        Self::of(PEOPLE.map(person).to_vec())
    }

    /// One of these.
    pub(crate) fn person(&self, name: &str) -> Signer {
        let (name, _, seed) = PEOPLE.into_iter().find(|p| p.0 == name).unwrap();
        signer(&format!("person/{name}"), seed)
    }

    fn of(people: Vec<Person>) -> Self {
        let test = TestVault::new();
        let (root, registrar) = (signer("root", 101), signer("registrar", 102));
        let (storage, policy) = (signer("storage", 103), signer("policy", 104));
        let witness = Signer::cosigner(&format!("{AGENCY}/witness"), key(105)).unwrap();
        let trust = TrustSet {
            suite: suite::CURRENT,
            version: 1,
            agency: AGENCY.to_owned(),
            time_ms: 0,
            roots: Roots {
                keys: vec![root.verifier()],
                threshold: 1,
            },
            registrar: vec![registrar.verifier()],
            witness: vec![witness.verifier()],
            storage: vec![storage.verifier()],
            policy: vec![policy.verifier()],
            people,
            recipients: Vec::new(),
        };
        let agency = Self {
            test,
            root,
            registrar,
            witness,
            storage,
            policy,
            trust,
        };
        let certificate = agency.certificate("t-1", 1, &agency.test.signer());
        let trust = statement::sign(&agency.trust, &[&agency.root])
            .unwrap()
            .to_string();
        let policy = Policy {
            local_retention_days: 7,
            ..Policy::initial(0)
        };
        let policy = statement::sign(&policy, &[&agency.policy])
            .unwrap()
            .to_string();
        agency
            .vault()
            .write(|tx| {
                tx.execute("UPDATE terminal SET certificate = ?1", [certificate])?;
                tx.execute(
                    "INSERT INTO trust_set (version, note) VALUES (1, ?1)",
                    [trust],
                )?;
                tx.execute(
                    "INSERT INTO policy (version, note) VALUES (1, ?1)",
                    [policy],
                )?;
                Ok(())
            })
            .unwrap();
        agency
    }

    /// The policy in force with a change to it.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Policy)) {
        self.vault()
            .write(|tx| {
                let mut policy = crate::device::state::policy(tx)?;
                policy.version += 1;
                change(&mut policy);
                policy.check().unwrap();
                let note = statement::sign(&policy, &[&self.policy]).unwrap();
                crate::sync::updates::take_policy(tx, &note.to_string())
            })
            .unwrap();
    }

    /// The next trust set, signed as is proper.
    pub(crate) fn take_trust(&self, next: &TrustSet) {
        let note = statement::sign(next, &[&self.root]).unwrap().to_string();
        self.vault()
            .write(|tx| crate::sync::updates::take_trust(tx, &note))
            .unwrap();
    }

    /// A slot that nobody can open.
    pub(crate) fn enrol(&self, officer: &str) {
        self.vault()
            .write(|tx| {
                tx.execute(
                    "INSERT INTO officer (officer, recipient, salt, memory_kib, passes, lanes,
                                          wrapped, enrolled_ms)
                     VALUES (?1, 'age1', x'', 8, 1, 1, x'', 0)",
                    [officer],
                )?;
                Ok(())
            })
            .unwrap();
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.test.vault
    }

    pub(crate) fn certificate(&self, terminal: &str, epoch: u32, log: &Signer) -> String {
        let certificate = Certificate {
            suite: suite::CURRENT,
            terminal: terminal.to_owned(),
            epoch,
            journal_key: log.verifier(),
            model: "desktop".to_owned(),
            time_ms: 0,
        };
        statement::sign(&certificate, &[&self.registrar])
            .unwrap()
            .to_string()
    }

    /// A sealed clip of ours: a file in the shape of an age file, its row and its seal entry.
    pub(crate) fn seal(&self, name: &str, body: usize) -> ClipDigest {
        let header = b"age-encryption.org/v1\n--- mac\n0123456789abcdef";
        let file = [header.as_slice(), &vec![7; body]].concat();
        let digest = clip::digest(file.as_slice()).unwrap();
        std::fs::write(self.vault().folder().clip(name), &file).unwrap();
        self.vault()
            .write(|tx| {
                let event = Event::Sealed(sealed(name, digest));
                let seq = journal::append(tx, &JournalContext::terminal(tx)?, event)?.seq;
                tx.execute(
                    "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                           began_ms, header_length, length, root, seal_seq)
                     VALUES (?1, 'rec-1', 'wang', 'duty-1', 'case', 'video/mp4', 'sealed', 0,
                             ?2, ?3, ?4, ?5)",
                    (
                        name,
                        header.len(),
                        digest.length,
                        digest.root.as_bytes(),
                        seq,
                    ),
                )?;
                Ok(())
            })
            .unwrap();
        digest
    }

    /// The receipt that an honest station gives for a clip of ours.
    pub(crate) fn receipt(&self, name: &str) -> Receipt {
        let log = self.test.signer();
        self.vault()
            .read(|c| {
                let (seq, digest) = seal_of(c, name);
                let size = journal::size(c)?;
                let nodes = journal::Nodes(c);
                let mut checkpoint = journal::sign_checkpoint(c, &log, None)?;
                cosign(&mut checkpoint, &self.witness, STORED_MS as u64 / 1_000);
                let hashes = merkle::inclusion(seq, size, &nodes)?;
                let entry = journal::entries(c, seq, 1, usize::MAX)?.remove(0);
                let proof = TlogProof {
                    index: seq,
                    hashes,
                    checkpoint,
                };
                let stored = self.stored(name, "t-1", digest, seq, &entry);
                let certificate = self.certificate("t-1", 1, &log);
                Ok(Receipt::new(certificate, entry, proof.to_string(), stored))
            })
            .unwrap()
    }

    pub(crate) fn stored(
        &self,
        clip: &str,
        terminal: &str,
        digest: ClipDigest,
        seq: u64,
        entry: &str,
    ) -> String {
        let stored = Stored {
            suite: suite::CURRENT,
            clip: clip.to_owned(),
            terminal: terminal.to_owned(),
            epoch: 1,
            digest,
            entry: seq,
            entry_hash: merkle::leaf_hash(entry.as_bytes()),
            time_ms: STORED_MS,
        };
        statement::sign(&stored, &[&self.storage])
            .unwrap()
            .to_string()
    }

    pub(crate) fn state(&self, clip: &str) -> String {
        self.vault()
            .read(|c| {
                let sql = "SELECT state FROM evidence WHERE clip = ?1";
                Ok(c.query_row(sql, [clip], |row| row.get(0))?)
            })
            .unwrap()
    }

    fn entries(&self) -> Vec<Entry> {
        let raw = self
            .vault()
            .read(|c| journal::entries(c, 0, 1_000, usize::MAX))
            .unwrap();
        raw.iter()
            .map(|raw| Entry::from_raw(raw).unwrap())
            .collect()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.entries().into_iter().map(|entry| entry.kind).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let entries = self.entries();
        entries.iter().map(|entry| entry.event().unwrap()).collect()
    }
}

pub(crate) fn sealed(clip: &str, digest: ClipDigest) -> Sealed {
    Sealed {
        clip: clip.to_owned(),
        recording: "rec-1".to_owned(),
        media: "video/mp4".to_owned(),
        case: "case".to_owned(),
        began_ms: 0,
        ended_ms: 1,
        duration_us: 1_000,
        fragments: 1,
        digest,
        recovered: false,
        copy_of: None,
        about: None,
        amends: None,
    }
}

fn seal_of(connection: &rusqlite::Connection, clip: &str) -> (u64, ClipDigest) {
    let own = crate::sync::receipts::Own::load(connection, clip)
        .unwrap()
        .unwrap();
    let sql = "SELECT seal_seq FROM evidence WHERE clip = ?1";
    (
        connection.query_row(sql, [clip], |row| row.get(0)).unwrap(),
        own.digest,
    )
}
