//! The bytes of every serialized type, against the files in `testdata/golden`. They also are the
//! examples of docs/FORMATS.md.
//!
//! # Layout
//!
//! - `events`: journal entries; `bodies`: sheets and the bodies of the HTTP interface

mod bodies;
mod events;

use std::{fmt::Write as _, path::PathBuf};

use custos_protocol::{
    clip::ClipTree,
    directive::{Ack, Action, State},
    hash::{Hash, base64_encode},
    merkle::Frontier,
    note::{Signer, Verifier},
    session::{ChallengeAnswer, EnrolProof},
    statement, suite,
};
use serde::Serialize;

use crate::fixture::{Agency, START_MS, TERMINAL, World, disclosure::Disclosing, grant::Granting};

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
    let granting = Granting::of(agency);
    let disclosing = Disclosing::of(&world);
    let note = |note: Result<custos_protocol::note::Note, _>| note.expect("a note").to_string();
    vec![
        ("keys", keys(agency)),
        ("person-key", person_key(&agency.anna)),
        ("evidence-file", wrapped(&base64_encode(&world.photo.file))),
        ("clip-digest", line(&world.photo.digest)),
        ("clip-tree", clip_tree()),
        ("entry", format!("{}\n", photo.entry)),
        ("journal", terminal.entries.join("\n") + "\n"),
        ("events", events::events()),
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
        ("grant-application", granting.application.to_string()),
        ("grant-approval", granting.approval.to_string()),
        ("grant", granting.setting.to_string()),
        ("grant-revocation", granting.revocation().to_string()),
        ("disclosure-request", disclosing.request.to_string()),
        ("disclosure-approval", disclosing.approval.to_string()),
        ("disclosure-refusal", disclosing.refusal().to_string()),
        ("disclosure", disclosing.disclosure.to_string()),
        ("rules", granting.rules(2, &[&granting.carla]).to_string()),
        ("change", granting.change(&[&granting.carla]).to_string()),
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
        ("sheet", bodies::sheet(agency)),
        ("api", bodies::api(&world)),
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

#[test]
fn every_event_comes_back() {
    for event in events::all_events() {
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
