//! Proofs against trees: whatever indices, sizes and hashes are claimed, nothing is proved but
//! what is so. And the trees and frontiers that a vault keeps as bytes.

#![no_main]

use custos_fuzz::input::Input;
use custos_protocol::{
    clip::ClipTree,
    hash::Hash,
    merkle::{
        Frontier, MemoryTree, consistency, inclusion, leaf_hash, root, verify_consistency,
        verify_inclusion,
    },
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const LEAVES: u64 = 600;

static TREE: LazyLock<MemoryTree> = LazyLock::new(|| {
    let mut tree = MemoryTree::new();
    for leaf in 0..LEAVES {
        tree.push(leaf_hash(&leaf.to_be_bytes()));
    }
    tree
});

fn never<T>(value: Result<T, std::convert::Infallible>) -> T {
    value.unwrap_or_else(|never| match never {})
}

/// The path changed as the input says.
fn mangle(path: &mut Vec<Hash>, input: &mut Input<'_>) {
    while let Some(what) = input.u8() {
        let at = usize::from(input.u8().unwrap_or(0));
        match what % 6 {
            0 if !path.is_empty() => {
                let at = at % path.len();
                path[at].0[usize::from(what) % 32] ^= 1 << (what / 32);
            }
            1 if !path.is_empty() => drop(path.remove(at % path.len())),
            2 => path.insert(at % (path.len() + 1), leaf_hash(&(at as u64).to_be_bytes())),
            3 if path.len() > 1 => {
                let at = at % (path.len() - 1);
                path.swap(at, at + 1);
            }
            4 => path.push(never(root(at as u64 % (LEAVES + 1), &*TREE))),
            _ => {}
        }
        if path.len() > 70 {
            return;
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let Some(kind) = input.u8() else { return };
    if kind & 1 == 0 {
        proofs(&mut input);
    } else {
        kept(input.0);
    }
});

fn proofs(input: &mut Input<'_>) {
    let (Some(a), Some(b), Some(c), Some(d)) = (input.u16(), input.u16(), input.u16(), input.u16())
    else {
        return;
    };
    // The truth, and what is claimed of it.
    let [size, claimed_size] = [a, b].map(|n| u64::from(n) % (LEAVES + 1));
    let (index, claimed) = (u64::from(c), u64::from(d) % (LEAVES + 1));
    let whole = never(root(claimed_size, &*TREE));
    if size > 0 {
        let leaf = leaf_hash(&(index % size).to_be_bytes());
        let mut path = never(inclusion(index % size, size, &*TREE));
        mangle(&mut path, &mut input.clone());
        if verify_inclusion(&leaf, claimed, claimed_size, &whole, &path).is_ok() {
            assert_eq!(claimed, index % size);
            assert_eq!(path, never(inclusion(claimed, claimed_size, &*TREE)));
        } else {
            let honest = claimed == index % size && claimed < claimed_size;
            assert!(!honest || path != never(inclusion(claimed, claimed_size, &*TREE)));
        }
    }
    let old = index % (size + 1);
    let mut path = never(consistency(old, size, &*TREE));
    mangle(&mut path, input);
    let before = never(root(claimed, &*TREE));
    let proved = verify_consistency(claimed, claimed_size, &before, &whole, &path).is_ok();
    let so = claimed <= claimed_size && path == never(consistency(claimed, claimed_size, &*TREE));
    assert_eq!(proved, so);
    // The later tree does not become the earlier one.
    let swapped = verify_consistency(claimed, claimed_size, &whole, &before, &path);
    assert!(swapped.is_err() || claimed == claimed_size);
}

fn kept(bytes: &[u8]) {
    if let Some(mut frontier) = Frontier::from_bytes(bytes) {
        assert_eq!(frontier.to_bytes(), bytes);
        let size = frontier.size();
        let _ = frontier.root();
        frontier.push_data(b"leaf");
        assert_eq!(frontier.size(), size + 1);
        assert_eq!(
            Frontier::from_bytes(&frontier.to_bytes()).is_some(),
            size + 1 != u64::MAX
        );
    }
    if let Some(mut tree) = ClipTree::from_bytes(bytes) {
        assert_eq!(tree.to_bytes(), bytes);
        let before = tree.digest();
        // A file of more than 8 EiB is none: the length of a real one does not overflow.
        if before.length < u64::MAX - 4 {
            tree.push(b"more");
            let after = tree.digest();
            assert_eq!(
                (after.length, after.chunks),
                (before.length + 4, before.chunks + 1)
            );
        }
    }
}
