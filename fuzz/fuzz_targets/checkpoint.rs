//! Tree heads and proofs as text: what parses prints to the same bytes, what a log signs opens.

#![no_main]

use custos_fuzz::fixture::{World, seeded};
use custos_protocol::{
    checkpoint::{Checkpoint, cosign, cosigned_at},
    key::SigningKey,
    note::{Note, Signer},
    proof::TlogProof,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static WORLD: LazyLock<World> = LazyLock::new(World::new);

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let log = WORLD.terminal.key.verifier();
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert_eq!(checkpoint.to_text(), text);
        if Signer::new(&checkpoint.origin, SigningKey::from_seed(&[7; 32])).is_ok() {
            signed(&checkpoint);
        }
    }
    if let Ok(note) = text.parse::<Note>() {
        if let Ok(checkpoint) = Checkpoint::open(&note, &log) {
            // Nobody but the log signs its heads: there are two of them in the world.
            let sizes = [WORLD.earlier, WORLD.terminal.tree.size()];
            assert!(sizes.contains(&checkpoint.size));
            assert_eq!(checkpoint, WORLD.terminal.checkpoint(checkpoint.size));
        }
        let _ = cosigned_at(&note, &WORLD.agency.witness.verifier());
    }
    if let Ok(proof) = text.parse::<TlogProof>() {
        assert_eq!(proof.to_string(), text);
        let entries = &WORLD.terminal.entries;
        for (index, entry) in entries.iter().enumerate() {
            if proof.verify(entry.as_bytes(), &log).is_ok() {
                assert_eq!(proof.index, index as u64);
            }
        }
        assert!(proof.verify(data, &log).is_err());
    }
});

fn signed(checkpoint: &Checkpoint) {
    let log = seeded(&checkpoint.origin, 7);
    let Ok(mut note) = checkpoint.sign(&log) else {
        return;
    };
    cosign(&mut note, &WORLD.agency.witness, checkpoint.size >> 1);
    let note: Note = note.to_string().parse().expect("a note");
    assert_eq!(
        Checkpoint::open(&note, &log.verifier()).as_ref(),
        Ok(checkpoint)
    );
    let time = cosigned_at(&note, &WORLD.agency.witness.verifier());
    assert_eq!(time, Ok(checkpoint.size >> 1));
}
