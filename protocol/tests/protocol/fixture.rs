//! An agency, a terminal and their evidence, the same bytes in every run: fixed seeds, fixed
//! times, a journal of every day's entries, and receipts as a station makes them. Other test
//! programs include this file by its path and use a part of it.
#![allow(dead_code, unreachable_pub)]

use custos_protocol::{
    certificate::Certificate,
    checkpoint::{Checkpoint, cosign},
    clip::{self, ClipDigest, SEALED_CHUNK},
    directive::{Action, Directive},
    hash::Hash,
    journal::{ClockTrust, Entry, Event, Sealed},
    key::SigningKey,
    merkle::{MemoryTree, consistency, inclusion, leaf_hash, root},
    note::{Note, Signer, Verifier},
    policy::Policy,
    proof::TlogProof,
    receipt::Receipt,
    statement,
    stored::Stored,
    suite,
    ticket::{Ticket, TicketParts},
    trust::{Person, ROLE_DEVICE, ROLE_DIRECTIVE, ROLE_EVIDENCE, Roots, TrustFile, TrustSet},
};

/// 2026-11-22T02:18:29Z.
pub const START_MS: i64 = 1_795_313_909_000;
pub const AGENCY: &str = "custos.local";
pub const TERMINAL: &str = "cam-07";
pub const OFFICER: &str = "100234";
pub const PHOTO: &str = "clip-01jz8w3c5x0f3c1m6q2v9r4t7y";
pub const CLIP: &str = "clip-01jz8w4m2e9k7d5h8n1p3s6v0b";
/// The recipient of `testdata/sample/agency.key`.
pub const RECIPIENT: &str = "age1zqq8twaq54at7emadv07trld44ys5ndj0409206vc7fjy9qj8vtsj2auvh";
pub const OFFICER_RECIPIENT: &str =
    "age1ukd43rl72rgx7h0erzslrczd6jvquu69ce068k6eygvle3tasyws3yz8uv";

/// The keys of an agency. Its seeds count up from `base`.
pub struct Agency {
    pub name: String,
    pub root: Signer,
    pub second_root: Signer,
    pub registrar: Signer,
    pub witness: Signer,
    pub storage: Signer,
    pub policy: Signer,
    /// May sign directives.
    pub anna: Signer,
    /// May sign directives.
    pub bert: Signer,
    /// Has every role but that one.
    pub carla: Signer,
}

pub fn seeded(name: &str, seed: u8) -> Signer {
    Signer::new(name, SigningKey::from_seed(&[seed; 32])).expect("a name")
}

impl Agency {
    pub fn new(name: &str, base: u8) -> Self {
        let key = |role: &str, seed: u8| seeded(&format!("{name}/{role}"), base + seed);
        let witness = SigningKey::from_seed(&[base + 4; 32]);
        Self {
            name: name.to_owned(),
            root: key("root", 1),
            second_root: key("root-2", 2),
            registrar: key("registrar", 3),
            witness: Signer::cosigner(&format!("{name}/witness"), witness).expect("a name"),
            storage: key("storage", 5),
            policy: key("policy", 6),
            anna: key("person/anna", 7),
            bert: key("person/bert", 8),
            carla: key("person/carla", 9),
        }
    }

    pub fn custos() -> Self {
        Self::new(AGENCY, 0)
    }

    pub fn roots(&self) -> Roots {
        Roots {
            keys: vec![self.root.verifier()],
            threshold: 1,
        }
    }

    pub fn trust(&self) -> TrustSet {
        let person = |key: &Signer, roles: &[&str]| Person {
            name: key.name().rsplit('/').next().expect("a name").to_owned(),
            key: key.verifier(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        };
        TrustSet {
            suite: suite::CURRENT,
            version: 1,
            agency: self.name.clone(),
            time_ms: START_MS,
            roots: self.roots(),
            registrar: vec![self.registrar.verifier()],
            witness: vec![self.witness.verifier()],
            storage: vec![self.storage.verifier()],
            policy: vec![self.policy.verifier()],
            people: vec![
                person(&self.anna, &[ROLE_DIRECTIVE, ROLE_DEVICE]),
                person(&self.bert, &[ROLE_DIRECTIVE]),
                person(&self.carla, &[ROLE_DEVICE, ROLE_EVIDENCE]),
            ],
            recipients: vec![RECIPIENT.to_owned()],
        }
    }

    pub fn trust_note(&self) -> Note {
        statement::sign(&self.trust(), &[&self.root]).expect("a note")
    }

    /// `trust.json`.
    pub fn trust_file(&self) -> String {
        TrustFile::new(&self.trust_note().to_string()).to_text()
    }

    pub fn policy(&self) -> Policy {
        Policy::initial(START_MS)
    }

    pub fn ticket(&self) -> Ticket {
        Ticket::new(TicketParts {
            agency: self.name.clone(),
            station: "https://station.example:8443".into(),
            pin: Some(Hash::of(b"a public key in DER").to_string()),
            terminal: TERMINAL.into(),
            epoch: 1,
            token: Hash::of(b"a secret that works once").to_string(),
            officers: vec![OFFICER.into()],
            expires_ms: START_MS + 86_400_000,
            roots: self.roots(),
        })
    }

    pub fn directive(&self, action: Action, seq: u64) -> Directive {
        Directive {
            suite: suite::CURRENT,
            id: format!("directive-01jz8w5n4f6g8h0j2k4m6n8p{seq:02}"),
            terminal: TERMINAL.into(),
            epoch: 1,
            seq,
            action,
            reason: "reported lost".into(),
            issued_ms: START_MS + 100_000,
            expires_ms: START_MS + 700_000_000,
        }
    }

    /// As a station does it: the seal entry's proof under a cosigned checkpoint, and "stored".
    pub fn receipt(&self, terminal: &Terminal, entry: u64, digest: ClipDigest) -> Parts {
        let raw = terminal.entries[entry as usize].clone();
        let clip = match Entry::from_raw(&raw).expect("an entry").event() {
            Some(Event::Sealed(sealed)) => sealed.clip,
            _ => String::new(),
        };
        let stored = Stored {
            suite: suite::CURRENT,
            clip,
            terminal: terminal.id.clone(),
            epoch: terminal.epoch,
            digest,
            entry,
            entry_hash: leaf_hash(raw.as_bytes()),
            time_ms: START_MS + 62_000,
        };
        Parts {
            certificate: statement::sign(&terminal.certificate(), &[&self.registrar])
                .expect("a note")
                .to_string(),
            entry: raw,
            proof: terminal.proof(entry, &self.witness),
            stored: statement::sign(&stored, &[&self.storage])
                .expect("a note")
                .to_string(),
        }
    }
}

/// A receipt taken apart, to be put together wrongly.
#[derive(Clone)]
pub struct Parts {
    pub certificate: String,
    pub entry: String,
    pub proof: TlogProof,
    pub stored: String,
}

impl Parts {
    pub fn to_text(&self) -> String {
        Receipt::new(
            self.certificate.clone(),
            self.entry.clone(),
            self.proof.to_string(),
            self.stored.clone(),
        )
        .to_text()
    }
}

/// A terminal's journal.
pub struct Terminal {
    pub id: String,
    pub epoch: u32,
    pub key: Signer,
    pub entries: Vec<String>,
    pub tree: MemoryTree,
}

impl Terminal {
    pub fn new(agency: &str, id: &str, epoch: u32, seed: u8) -> Self {
        Self {
            id: id.to_owned(),
            epoch,
            key: seeded(&Certificate::origin(agency, id, epoch), seed),
            entries: Vec::new(),
            tree: MemoryTree::new(),
        }
    }

    pub fn append(&mut self, duty: Option<&str>, event: &Event) -> u64 {
        let seq = self.tree.size();
        let (kind, body) = event.to_parts();
        let entry = Entry {
            suite: suite::CURRENT,
            seq,
            time_ms: START_MS + 1_000 * seq as i64,
            clock: ClockTrust::Station,
            terminal: self.id.clone(),
            officer: duty.map(|_| OFFICER.to_owned()),
            duty: duty.map(str::to_owned),
            kind,
            body,
        };
        self.append_raw(entry.to_raw());
        seq
    }

    pub fn append_raw(&mut self, raw: String) {
        self.tree.push(leaf_hash(raw.as_bytes()));
        self.entries.push(raw);
    }

    pub fn certificate(&self) -> Certificate {
        Certificate {
            suite: suite::CURRENT,
            terminal: self.id.clone(),
            epoch: self.epoch,
            journal_key: self.key.verifier(),
            model: "Custos One".into(),
            time_ms: START_MS,
        }
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint {
            origin: self.key.name().to_owned(),
            size,
            root: root(size, &self.tree).unwrap_or_else(|never| match never {}),
        }
    }

    /// The checkpoint of the first `size` entries, signed and cosigned 60 s after the start.
    pub fn cosigned(&self, size: u64, witness: &Signer) -> Note {
        let mut note = self.checkpoint(size).sign(&self.key).expect("own origin");
        cosign(&mut note, witness, START_MS as u64 / 1000 + 60);
        note
    }

    pub fn proof(&self, entry: u64, witness: &Signer) -> TlogProof {
        let size = self.tree.size();
        TlogProof {
            index: entry,
            hashes: inclusion(entry, size, &self.tree).unwrap_or_else(|never| match never {}),
            checkpoint: self.cosigned(size, witness),
        }
    }

    pub fn consistency(&self, old: u64) -> Vec<Hash> {
        consistency(old, self.tree.size(), &self.tree).unwrap_or_else(|never| match never {})
    }
}

/// A recorded thing: its file, and where its seal entry stands.
pub struct Evidence {
    pub clip: &'static str,
    pub file: Vec<u8>,
    pub digest: ClipDigest,
    pub entry: u64,
}

/// An agency with one terminal at the end of its first duty: a photo and a video.
pub struct World {
    pub agency: Agency,
    pub terminal: Terminal,
    /// A real age file, opened by `testdata/sample/agency.key`: a JPEG of 16 by 16 pixels.
    pub photo: Evidence,
    /// A file in the shape of age with chunks of 65,552, 65,552 and 1,000 bytes that nobody can
    /// open; digests and receipts look at no more than the shape.
    pub video: Evidence,
    /// Size of the journal at the earlier of two checkpoints.
    pub earlier: u64,
}

/// A header and nonce in the shape of age, and chunks of the given lengths.
pub fn age_shaped(chunks: &[usize]) -> Vec<u8> {
    let mut file = b"age-encryption.org/v1\n-> X25519 ".to_vec();
    file.extend([b'A'; 43]);
    file.push(b'\n');
    file.extend([b'B'; 43]);
    file.extend(b"\n--- ");
    file.extend([b'C'; 43]);
    file.push(b'\n');
    file.extend([0x5a; clip::NONCE]);
    for (number, length) in chunks.iter().enumerate() {
        file.extend((0..*length).map(|byte| (byte * 7 + number * 31 + byte / 251) as u8));
    }
    file
}

fn sealed(clip: &str, media: &str, duration_us: i64, digest: ClipDigest) -> Event {
    Event::Sealed(Sealed {
        clip: clip.into(),
        recording: clip.replace("clip", "recording"),
        media: media.into(),
        case: "2026-0815".into(),
        began_ms: START_MS + 5_000,
        ended_ms: START_MS + 5_000 + duration_us / 1000,
        duration_us,
        fragments: u32::from(duration_us > 0) * 2,
        digest,
        recovered: false,
    })
}

impl World {
    pub fn new() -> Self {
        Self::of(Agency::custos(), Terminal::new(AGENCY, TERMINAL, 1, 101))
    }

    pub fn of(agency: Agency, mut terminal: Terminal) -> Self {
        let photo = include_bytes!("../../testdata/sample/photo.age").to_vec();
        let video = age_shaped(&[SEALED_CHUNK, SEALED_CHUNK, 1_000]);
        let of_photo = clip::digest(photo.as_slice()).expect("an age file");
        let of_video = clip::digest(video.as_slice()).expect("an age file");
        let duty = Some("duty-01jz8w2a1b3c5d7e9f1g3h5j7k");
        let began = |clip: &str, media: &str| Event::RecordingBegan {
            clip: clip.into(),
            recording: clip.replace("clip", "recording"),
            media: media.into(),
            case: "2026-0815".into(),
            recipients: vec![RECIPIENT.into(), OFFICER_RECIPIENT.into()],
        };
        let provisioned = Event::Provisioned {
            epoch: terminal.epoch,
            model: "Custos One".into(),
            trust_version: 1,
            policy_version: 1,
        };
        let enrolled = Event::OfficerEnrolled {
            officer: OFFICER.into(),
            recipient: OFFICER_RECIPIENT.into(),
        };
        let mark = Event::Mark {
            clip: CLIP.into(),
            at_us: 900_000,
            label: "stop".into(),
        };
        terminal.append(None, &provisioned);
        terminal.append(None, &enrolled);
        terminal.append(duty, &Event::Unlocked {});
        let case = "2026-0815".to_owned();
        terminal.append(duty, &Event::DutyBegan { case });
        let earlier = terminal.tree.size();
        terminal.append(duty, &began(PHOTO, "image/jpeg"));
        let photo_entry = terminal.append(duty, &sealed(PHOTO, "image/jpeg", 0, of_photo));
        terminal.append(duty, &began(CLIP, "video/mp4"));
        terminal.append(duty, &mark);
        let video_entry = terminal.append(duty, &sealed(CLIP, "video/mp4", 2_000_000, of_video));
        terminal.append(duty, &Event::DutyEnded { unconfirmed: 2 });
        Self {
            agency,
            terminal,
            photo: Evidence {
                clip: PHOTO,
                file: photo,
                digest: of_photo,
                entry: photo_entry,
            },
            video: Evidence {
                clip: CLIP,
                file: video,
                digest: of_video,
                entry: video_entry,
            },
            earlier,
        }
    }

    pub fn parts(&self, of: &Evidence) -> Parts {
        self.agency.receipt(&self.terminal, of.entry, of.digest)
    }

    pub fn journal_key(&self) -> Verifier {
        self.terminal.key.verifier()
    }
}
