//! The bytes of every serialized type, against the files in `testdata/golden`. They also are the
//! examples of docs/FORMATS.md.

use std::{fmt::Write as _, path::PathBuf};

use custos_protocol::{
    api,
    clip::{ClipDigest, ClipTree},
    directive::{Ack, Action, State},
    hash::{Hash, base64_encode},
    journal::{Event, Sealed},
    merkle::Frontier,
    note::{Signer, Verifier},
    session::{ChallengeAnswer, EnrolProof},
    statement, suite,
};
use serde::Serialize;

use crate::fixture::{
    Agency, CLIP, OFFICER, OFFICER_RECIPIENT, PHOTO, RECIPIENT, START_MS, TERMINAL, World,
};

pub(crate) fn regenerate() -> bool {
    std::env::var_os("CUSTOS_REGENERATE").is_some()
}

#[test]
fn every_byte_is_as_it_was() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let mut changed = Vec::new();
    let mut names = Vec::new();
    for (name, text) in examples() {
        let path = folder.join(format!("{name}.txt"));
        if regenerate() {
            std::fs::write(&path, &text).expect("written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            changed.push(name);
        }
        names.push(format!("{name}.txt"));
    }
    assert!(
        changed.is_empty(),
        "other bytes than in testdata/golden: {changed:?}; CUSTOS_REGENERATE=1 writes them anew"
    );
    for entry in std::fs::read_dir(folder).expect("testdata/golden") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name");
        assert!(names.contains(&name), "{name} belongs to no type");
    }
}

/// Name and exact text of every example.
pub(crate) fn examples() -> Vec<(&'static str, String)> {
    let world = World::new();
    let (agency, terminal) = (&world.agency, &world.terminal);
    let photo = world.parts(&world.photo);
    let size = terminal.tree.size();
    let lock = statement::sign(&agency.directive(Action::Lock, 5), &[&agency.anna]);
    let wipe = statement::sign(
        &agency.directive(Action::Wipe, 6),
        &[&agency.anna, &agency.bert],
    );
    let ack = Ack {
        suite: suite::CURRENT,
        directive: agency.directive(Action::Lock, 5).id,
        terminal: TERMINAL.into(),
        epoch: 1,
        seq: 5,
        state: State::Done,
        reason: None,
        time_ms: START_MS + 101_000,
    };
    let proof = EnrolProof {
        suite: suite::CURRENT,
        token_hash: Hash::of(agency.ticket().token.as_bytes()),
        journal_key: world.journal_key(),
    };
    let answer = |principal: &str| ChallengeAnswer {
        suite: suite::CURRENT,
        agency: agency.name.clone(),
        principal: principal.into(),
        nonce: base64_encode(&[0x5a; 32]),
    };
    let note = |note: Result<custos_protocol::note::Note, _>| note.expect("a note").to_string();
    vec![
        ("keys", keys(agency)),
        ("person-key", person_key(&agency.anna)),
        ("evidence-file", wrapped(&base64_encode(&world.photo.file))),
        ("clip-digest", line(&world.photo.digest)),
        ("clip-tree", clip_tree()),
        ("entry", format!("{}\n", photo.entry)),
        ("journal", terminal.entries.join("\n") + "\n"),
        ("events", events()),
        (
            "checkpoint",
            terminal
                .checkpoint(size)
                .sign(&terminal.key)
                .expect("signed")
                .to_string(),
        ),
        (
            "cosigned-checkpoint",
            terminal.cosigned(size, &agency.witness).to_string(),
        ),
        (
            "earlier-checkpoint",
            terminal
                .cosigned(world.earlier, &agency.witness)
                .to_string(),
        ),
        ("consistency", hashes(&terminal.consistency(world.earlier))),
        ("tlog-proof", photo.proof.to_string()),
        ("certificate", photo.certificate.clone()),
        ("stored", photo.stored.clone()),
        ("receipt", photo.to_text()),
        ("trust-set", agency.trust_note().to_string()),
        ("trust-file", agency.trust_file()),
        (
            "policy",
            note(statement::sign(&agency.policy(), &[&agency.policy])),
        ),
        ("directive", note(lock)),
        ("directive-wipe", note(wipe)),
        (
            "directive-ack",
            note(statement::sign(&ack, &[&terminal.key])),
        ),
        ("ticket", agency.ticket().to_text()),
        (
            "enrol-proof",
            note(statement::sign(&proof, &[&terminal.key])),
        ),
        (
            "challenge-answer",
            note(statement::sign(
                &answer("terminal:cam-07"),
                &[&terminal.key],
            )),
        ),
        (
            "challenge-answer-person",
            note(statement::sign(&answer("person:anna"), &[&agency.anna])),
        ),
        ("api", api_bodies(&world)),
    ]
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data") + "\n"
}

fn wrapped(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    bytes
        .chunks(76)
        .map(|line| line.iter().collect::<String>() + "\n")
        .collect()
}

fn hashes(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| format!("{hash}\n")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }) + "\n"
}

fn keys(agency: &Agency) -> String {
    let public = |key: &Signer| key.verifier();
    let list: [Verifier; 7] = [
        public(&agency.root),
        public(&agency.registrar),
        public(&agency.witness),
        public(&agency.storage),
        public(&agency.policy),
        public(&agency.anna),
        World::new().journal_key(),
    ];
    list.iter().map(|key| format!("{key}\n")).collect()
}

/// The file that a member of staff signs with. Its shape is the station's and the cli's.
fn person_key(person: &Signer) -> String {
    let quoted = |text: &str| serde_json::to_string(text).expect("a string");
    format!(
        "{{\"format\":\"custos-person-key/1\",\"person\":\"anna\",\"key\":{},\"pin\":{}}}\n",
        quoted(&person.to_private_text()),
        quoted(&Hash::of(b"a public key in DER").to_string()),
    )
}

/// What a vault keeps of unfinished trees.
fn clip_tree() -> String {
    let mut tree = ClipTree::new(b"header and nonce");
    for chunk in [b"one", b"two"] {
        tree.push(chunk);
    }
    let mut frontier = Frontier::new();
    for leaf in 0..7_u8 {
        frontier.push_data(&[leaf]);
    }
    hex(&tree.to_bytes()) + &hex(&frontier.to_bytes())
}

fn events() -> String {
    all_events()
        .iter()
        .map(|event| {
            let (kind, body) = event.to_parts();
            format!("{kind} {body}\n")
        })
        .collect()
}

fn all_events() -> Vec<Event> {
    let digest = ClipDigest {
        root: Hash::of(b"a root"),
        length: 131_633,
        chunks: 2,
    };
    let clip = || CLIP.to_owned();
    let directive = || "directive-01jz8w5n4f6g8h0j2k4m6n8p05".to_owned();
    vec![
        Event::Provisioned {
            epoch: 1,
            model: "Custos One".into(),
            trust_version: 1,
            policy_version: 1,
        },
        Event::OfficerEnrolled {
            officer: OFFICER.into(),
            recipient: OFFICER_RECIPIENT.into(),
        },
        Event::Unlocked {},
        Event::UnlockRefused {
            officer: OFFICER.into(),
            reason: "wrong-pin".into(),
        },
        Event::DutyBegan {
            case: "2026-0815".into(),
        },
        Event::DutyEnded { unconfirmed: 1 },
        Event::RecordingBegan {
            clip: clip(),
            recording: CLIP.replace("clip", "recording"),
            media: "video/mp4".into(),
            case: "2026-0815".into(),
            recipients: vec![RECIPIENT.into(), OFFICER_RECIPIENT.into()],
        },
        Event::RecordingProgress {
            clip: clip(),
            digest,
            fragments: 60,
            end_us: 60_000_000,
        },
        Event::Sealed(Sealed {
            clip: clip(),
            recording: CLIP.replace("clip", "recording"),
            media: "video/mp4".into(),
            case: "2026-0815".into(),
            began_ms: START_MS,
            ended_ms: START_MS + 60_000,
            duration_us: 60_000_000,
            fragments: 60,
            digest,
            recovered: false,
        }),
        Event::Recovered {
            clip: clip(),
            fragments: 60,
            end_us: 60_000_000,
        },
        Event::RecordingFailed {
            clip: clip(),
            reason: "storage".into(),
        },
        Event::Quarantined {
            name: "unknown.age".into(),
            length: 131_633,
        },
        Event::TimestampsRepaired {
            clip: clip(),
            count: 3,
        },
        Event::Mark {
            clip: clip(),
            at_us: 900_000,
            label: "stop".into(),
        },
        Event::Exported { clip: clip() },
        Event::Confirmed {
            clip: clip(),
            stored_ms: START_MS + 62_000,
        },
        Event::ReceiptRefused {
            clip: clip(),
            reason: "digest".into(),
        },
        Event::Purged {
            clip: clip(),
            digest,
        },
        Event::DirectiveReceived {
            id: directive(),
            seq: 5,
            action: "lock".into(),
        },
        Event::DirectiveExecuted {
            id: directive(),
            seq: 5,
            action: "lock".into(),
        },
        Event::DirectiveRefused {
            id: directive(),
            reason: "replayed".into(),
        },
        Event::TrustUpdated { version: 2 },
        Event::PolicyUpdated { version: 2 },
        Event::SecurityEvent {
            what: "clock-went-back".into(),
        },
    ]
}

/// One body a line, after the name of its type; notes are shortened to "…".
fn api_bodies(world: &World) -> String {
    let note = || "…".to_owned();
    let directive = world.agency.directive(Action::Lock, 5);
    let mut text = String::new();
    let mut add = |name: &str, body: serde_json::Value| {
        let _ = writeln!(text, "{name} {body}");
    };
    let json = |body: &dyn erased::Body| body.json();
    add(
        "ErrorBody",
        json(&api::ErrorBody {
            error: "journal-position".into(),
            message: "the station holds 7 entries of this journal".into(),
            size: Some(7),
        }),
    );
    add(
        "Info",
        json(&api::Info {
            agency: world.agency.name.clone(),
            suite: suite::CURRENT,
            time_ms: START_MS,
            trust_version: 1,
            policy_version: 1,
        }),
    );
    add(
        "EnrolRequest",
        json(&api::EnrolRequest {
            token: world.agency.ticket().token,
            model: "Custos One".into(),
            journal_key: world.journal_key(),
            proof: note(),
        }),
    );
    add(
        "EnrolResponse",
        json(&api::EnrolResponse {
            certificate: note(),
            trust: note(),
            policy: note(),
        }),
    );
    add(
        "ChallengeRequest",
        json(&api::ChallengeRequest {
            principal: format!("terminal:{TERMINAL}"),
        }),
    );
    add(
        "ChallengeResponse",
        json(&api::ChallengeResponse {
            nonce: base64_encode(&[0x5a; 32]),
            expires_ms: START_MS + 60_000,
        }),
    );
    add(
        "SessionRequest",
        json(&api::SessionRequest {
            principal: format!("terminal:{TERMINAL}"),
            answer: note(),
        }),
    );
    add(
        "SessionResponse",
        json(&api::SessionResponse {
            token: base64_encode(&[0xa5; 32]),
            expires_ms: START_MS + 3_600_000,
        }),
    );
    add(
        "JournalState",
        json(&api::JournalState {
            size: 7,
            checkpoint: Some(note()),
        }),
    );
    add(
        "JournalAppend",
        json(&api::JournalAppend {
            from: 7,
            entries: vec![world.terminal.entries[7].clone()],
            checkpoint: note(),
        }),
    );
    add(
        "JournalReply",
        json(&api::JournalReply { checkpoint: note() }),
    );
    add(
        "DirectiveList",
        json(&api::DirectiveList {
            directives: vec![api::DirectiveItem {
                id: directive.id.clone(),
                seq: 5,
                note: note(),
            }],
        }),
    );
    add("NoteBody", json(&api::NoteBody { note: note() }));
    add(
        "TicketRequest",
        json(&api::TicketRequest {
            terminal: Some(TERMINAL.into()),
            officers: vec![OFFICER.into()],
            valid_s: Some(86_400),
        }),
    );
    add(
        "TerminalInfo",
        json(&api::TerminalInfo {
            id: TERMINAL.into(),
            epoch: 1,
            model: "Custos One".into(),
            enrolled_ms: START_MS,
            last_seen_ms: None,
            journal_size: 11,
            evidence: 2,
            journal_key: world.journal_key(),
        }),
    );
    add(
        "DirectiveDraft",
        json(&api::DirectiveDraft {
            terminal: TERMINAL.into(),
            action: Action::Wipe,
            reason: "reported lost".into(),
            valid_s: None,
        }),
    );
    add(
        "DirectiveInfo",
        json(&api::DirectiveInfo {
            id: directive.id.clone(),
            terminal: TERMINAL.into(),
            epoch: 1,
            seq: 5,
            action: Action::Lock,
            state: State::Queued,
            reason: None,
            signed_by: vec!["anna".into()],
            missing: 0,
            expires_ms: directive.expires_ms,
            note: note(),
        }),
    );
    add(
        "PersonRequest",
        json(&api::PersonRequest {
            name: "anna".into(),
            key: world.agency.anna.verifier(),
            roles: vec!["directive".into(), "device".into()],
        }),
    );
    add(
        "EvidenceInfo",
        json(&api::EvidenceInfo {
            id: PHOTO.into(),
            terminal: TERMINAL.into(),
            epoch: 1,
            officer: Some(OFFICER.into()),
            case: "2026-0815".into(),
            media: "image/jpeg".into(),
            began_ms: START_MS,
            ended_ms: START_MS,
            length: 536,
            stored_ms: START_MS + 62_000,
        }),
    );
    add(
        "AuditItem",
        json(&api::AuditItem {
            id: "audit-01jz8w6q8r0s2t4v6w8x0y2z4a".into(),
            time_ms: START_MS,
            person: "anna".into(),
            action: "ticket".into(),
            subject: TERMINAL.into(),
        }),
    );
    text
}

/// Bodies of different types through one closure, each read back: what is written can be read.
mod erased {
    use serde::{Serialize, de::DeserializeOwned};

    pub(super) trait Body {
        fn json(&self) -> serde_json::Value;
    }

    impl<T: Serialize + DeserializeOwned> Body for T {
        fn json(&self) -> serde_json::Value {
            let written = serde_json::to_string(self).expect("plain data");
            let read: T = serde_json::from_str(&written).expect("read back");
            assert_eq!(serde_json::to_string(&read).expect("plain data"), written);
            serde_json::from_str(&written).expect("JSON")
        }
    }
}

#[test]
fn every_event_comes_back() {
    for event in all_events() {
        let (kind, body) = event.to_parts();
        let entry = custos_protocol::journal::Entry {
            suite: suite::CURRENT,
            seq: 0,
            time_ms: START_MS,
            clock: custos_protocol::journal::ClockTrust::None,
            terminal: TERMINAL.into(),
            officer: None,
            duty: None,
            kind,
            body,
        };
        let read = custos_protocol::journal::Entry::from_raw(&entry.to_raw()).expect("an entry");
        assert_eq!(read.event(), Some(event));
    }
}
