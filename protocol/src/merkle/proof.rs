//! Inclusion and consistency proofs (RFC 6962, 2.1.1 and 2.1.2), checked by the algorithms of
//! RFC 9162, 2.1.3.2 and 2.1.4.2.

use super::tree::{NodeReader, node_hash, split, subtree};
use crate::hash::Hash;

/// A proof that does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the proof is not of the right length")]
    Length,
    #[error("the index or size is out of range")]
    Range,
    #[error("the proof leads to another root")]
    Root,
}

/// The hashes that lead from leaf `index` to the root of the first `size` leaves, lowest first.
///
/// # Panics
/// Unless `index < size`: asking for a leaf that is not there is a bug of the caller.
pub fn inclusion<R: NodeReader>(index: u64, size: u64, reader: &R) -> Result<Vec<Hash>, R::Error> {
    assert!(index < size, "a leaf of the tree");
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(subtree(middle, to, reader)?);
            to = middle;
        } else {
            path.push(subtree(from, middle, reader)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The hashes that show the first `old` leaves to be a prefix of the first `new`.
///
/// # Panics
/// Unless `old <= new`.
pub fn consistency<R: NodeReader>(old: u64, new: u64, reader: &R) -> Result<Vec<Hash>, R::Error> {
    assert!(old <= new, "a tree only grows");
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(path);
    }
    let (mut from, mut to, mut whole) = (0, new, true);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(subtree(middle, to, reader)?);
            to = middle;
        } else {
            path.push(subtree(from, middle, reader)?);
            from = middle;
            whole = false;
        }
    }
    // The verifier knows the old root, so it is left out where the old tree is one subtree.
    if !whole {
        path.push(subtree(from, old, reader)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that `leaf` (a leaf hash) is leaf `index` of the tree of `size` leaves with `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// Checks that the tree of `old` leaves with `old_root` is a prefix of that of `new` leaves with
/// `new_root`. The empty tree is a prefix of every tree, by an empty proof.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Range);
    }
    if old == new || old == 0 {
        let empty = Hash::of(b"");
        let same = if old == new {
            old_root == new_root && (old > 0 || *old_root == empty)
        } else {
            *old_root == empty
        };
        return match (path.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut hashes = path.iter();
    let first = if old.is_power_of_two() {
        old_root
    } else {
        hashes.next().ok_or(ProofError::Length)?
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frontier, MemoryTree, leaf_hash, root};
    use super::*;

    fn tree(size: u64) -> MemoryTree {
        let mut tree = MemoryTree::new();
        for leaf in 0..size {
            tree.push(leaf_hash(&leaf.to_be_bytes()));
        }
        tree
    }

    #[test]
    fn all_proofs_of_small_trees() {
        let tree = tree(70);
        let mut frontier = Frontier::new();
        for size in 0..=70 {
            let whole = root(size, &tree).expect("nodes");
            assert_eq!(frontier.root(), whole);
            assert_eq!(
                Frontier::from_bytes(&frontier.to_bytes()).as_ref(),
                Some(&frontier)
            );
            for index in 0..size {
                let leaf = leaf_hash(&index.to_be_bytes());
                let path = inclusion(index, size, &tree).expect("nodes");
                assert_eq!(verify_inclusion(&leaf, index, size, &whole, &path), Ok(()));
                // Another index, another size, a cut, longer or flipped path: refused.
                assert!(verify_inclusion(&leaf, index + 1, size, &whole, &path).is_err());
                if let Some((_, shorter)) = path.split_last() {
                    assert!(verify_inclusion(&leaf, index, size, &whole, shorter).is_err());
                }
                let longer = [path.as_slice(), &[leaf]].concat();
                assert!(verify_inclusion(&leaf, index, size, &whole, &longer).is_err());
                assert!(verify_inclusion(&whole, index, size, &leaf, &path).is_err() || size == 1);
            }
            for old in 0..=size {
                let before = root(old, &tree).expect("nodes");
                let path = consistency(old, size, &tree).expect("nodes");
                assert_eq!(
                    verify_consistency(old, size, &before, &whole, &path),
                    Ok(())
                );
                if old != size {
                    let swapped = verify_consistency(old, size, &whole, &before, &path);
                    assert!(swapped.is_err(), "{old} {size}");
                }
            }
            frontier.push(leaf_hash(&size.to_be_bytes()));
        }
        assert_eq!(Frontier::from_bytes(&[0; 7]), None);
        assert_eq!(Frontier::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 1]), None);
    }
}
