use custos_protocol::{
    checkpoint::Checkpoint,
    journal::ClockTrust,
    merkle::{MemoryTree, leaf_hash, verify_consistency, verify_inclusion},
};

use super::*;
use crate::{
    journal::sign_checkpoint,
    vault::{Vault, testing::TestVault},
};

fn add(vault: &Vault, count: u32) {
    for label in 0..count {
        vault
            .write(|tx| {
                let event = Event::Mark {
                    clip: "clip-1".into(),
                    at_us: 0,
                    label: label.to_string(),
                };
                append(tx, &JournalContext::terminal(tx)?, event)
            })
            .unwrap();
    }
}

#[test]
fn the_tree_is_that_of_the_raw_entries() {
    let test = TestVault::new();
    let mut reference = MemoryTree::new();
    for size in 1..40_u64 {
        add(&test.vault, 1);
        let raw = test
            .vault
            .read(|c| entries(c, size - 1, 10, usize::MAX))
            .unwrap();
        assert_eq!(raw.len(), 1);
        let entry = Entry::from_raw(&raw[0]).unwrap();
        assert_eq!((entry.seq, entry.terminal.as_str()), (size - 1, "t-1"));
        assert_eq!(entry.clock, ClockTrust::None);
        reference.push(leaf_hash(raw[0].as_bytes()));
        let note = test
            .vault
            .read(|c| sign_checkpoint(c, &test.signer(), None))
            .unwrap();
        let checkpoint = Checkpoint::open(&note, &test.signer().verifier()).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root), (size, reference.root()));
    }
    test.vault
        .read(|c| {
            let new = merkle::root(39, &Nodes(c))?;
            for old in 1..=39 {
                let old_root = merkle::root(old, &Nodes(c))?;
                let path = merkle::consistency(old, 39, &Nodes(c))?;
                verify_consistency(old, 39, &old_root, &new, &path).unwrap();
                let leaf = Nodes(c).node(0, old - 1)?;
                let path = merkle::inclusion(old - 1, 39, &Nodes(c))?;
                verify_inclusion(&leaf, old - 1, 39, &new, &path).unwrap();
            }
            Ok(())
        })
        .unwrap();
}

/// Invariant 7: what was appended is never taken back by a transaction that fails later, and a
/// failed one leaves no gap.
#[test]
fn a_failed_transaction_leaves_no_entry() {
    let test = TestVault::new();
    add(&test.vault, 3);
    let failed: Result<()> = test.vault.write(|tx| {
        append(tx, &JournalContext::terminal(tx)?, Event::Unlocked {})?;
        Err(Error::NoDuty)
    });
    assert_eq!(failed, Err(Error::NoDuty));
    assert_eq!(test.vault.read(size).unwrap(), 3);
    add(&test.vault, 1);
    test.vault
        .read(|c| sign_checkpoint(c, &test.signer(), None))
        .unwrap();
}

#[test]
fn entries_come_in_portions() {
    let test = TestVault::new();
    add(&test.vault, 10);
    let get = |from, limit, bytes| {
        test.vault
            .read(|c| entries(c, from, limit, bytes))
            .unwrap()
            .len()
    };
    assert_eq!(get(0, 4, usize::MAX), 4);
    assert_eq!(get(8, 4, usize::MAX), 2);
    assert_eq!(get(10, 4, usize::MAX), 0);
    assert_eq!(get(0, 4, 1), 1);
}

/// Two handles, as two processes would have them, never give one number twice.
#[test]
fn concurrent_writers_share_one_sequence() {
    let test = TestVault::new();
    let folder = test.vault.folder().root().to_path_buf();
    let source = std::sync::Arc::new(crate::vault::SoftwareKeySource::in_folder(&folder));
    let other = Vault::open(&folder, source).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| add(&test.vault, 50));
        scope.spawn(|| add(&other, 50));
    });
    assert_eq!(test.vault.read(size).unwrap(), 100);
    let note = test
        .vault
        .read(|c| sign_checkpoint(c, &test.signer(), None))
        .unwrap();
    let checkpoint = Checkpoint::open(&note, &test.signer().verifier()).unwrap();
    let mut reference = MemoryTree::new();
    for raw in test
        .vault
        .read(|c| entries(c, 0, 1000, usize::MAX))
        .unwrap()
    {
        reference.push(leaf_hash(raw.as_bytes()));
    }
    assert_eq!(checkpoint.root, reference.root());
}
