//! Who vouches for a journal's checkpoint.

use custos_protocol::{
    checkpoint::cosign,
    note::{Note, NoteError, Signer},
    verify::VerifyError,
};

use super::receipt::refused;
use crate::fixture::{AGENCY, World, seeded};

/// A cosigning key with the agency's own witness name.
fn stranger() -> Signer {
    let key = custos_protocol::key::SigningKey::from_seed(&[240; 32]);
    Signer::cosigner(&format!("{AGENCY}/witness"), key).expect("a name")
}

#[test]
fn cosignatures() {
    let world = World::new();
    let trust = world.agency.trust();
    let genuine = world.parts(&world.photo);
    let with = |checkpoint: Note| {
        let mut parts = genuine.clone();
        parts.proof.checkpoint = checkpoint;
        refused(&parts, &trust)
    };
    let size = world.terminal.tree.size();
    let bare = world
        .terminal
        .checkpoint(size)
        .sign(&world.terminal.key)
        .expect("own origin");
    let missing = VerifyError::Cosignature(NoteError::Missing(format!("{AGENCY}/witness")));
    assert_eq!(with(bare.clone()).to_string(), missing.to_string());

    let mut by_stranger = bare.clone();
    cosign(&mut by_stranger, &stranger(), 1);
    assert!(matches!(
        with(by_stranger.clone()),
        VerifyError::Cosignature(NoteError::Unexpected)
    ));

    let mut with_stranger = genuine.proof.checkpoint.clone();
    cosign(&mut with_stranger, &stranger(), 1);
    assert!(matches!(
        with(with_stranger),
        VerifyError::Cosignature(NoteError::Unexpected)
    ));

    // The witness's key, but a plain signature without a time, under the witness's name.
    let plain = seeded(&format!("{AGENCY}/witness"), 4);
    let mut untimed = bare.clone();
    untimed.add_signature(&plain).expect("a key of notes");
    assert!(matches!(
        with(untimed),
        VerifyError::Cosignature(NoteError::Unexpected)
    ));

    // A cosignature of an earlier, smaller tree under the later checkpoint.
    let earlier = world
        .terminal
        .cosigned(world.earlier, &world.agency.witness);
    let line = earlier
        .to_string()
        .lines()
        .last()
        .expect("a line")
        .to_owned();
    let moved: Note = format!("{bare}{line}\n").parse().expect("a note");
    assert!(matches!(
        with(moved),
        VerifyError::Cosignature(NoteError::BadSignature(_))
    ));

    // Cosigned, but not signed by the journal.
    let text = bare.text().to_owned();
    let line = genuine
        .proof
        .checkpoint
        .to_string()
        .lines()
        .last()
        .expect("a line")
        .to_owned();
    let unsigned: Note = format!("{text}\n{line}\n").parse().expect("a note");
    assert!(matches!(with(unsigned), VerifyError::Proof(_)));
    // The earlier checkpoint does not hold the entry.
    assert!(matches!(with(earlier), VerifyError::Proof(_)));
}
