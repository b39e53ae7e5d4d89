//! Hashing, and a tree whose complete subtrees are kept as nodes `(level, index)`: the node at
//! level `l`, index `i` covers the leaves `i << l .. (i + 1) << l` and never changes.

use std::convert::Infallible;

use crate::hash::Hash;

/// RFC 6962: `SHA-256(0x00 || leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], leaf])
}

/// RFC 6962: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], &left.0, &right.0])
}

/// A stored hash of a complete subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub level: u8,
    pub index: u64,
    pub hash: Hash,
}

/// Where the nodes of complete subtrees are kept.
pub trait NodeReader {
    type Error;

    /// The node at `level`, `index`; asked only for complete subtrees of the tree in question.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The nodes that adding `leaf` to a tree of `size` leaves makes, lowest first; the caller stores
/// them. Reads at most one node a level.
pub fn append<R: NodeReader>(size: u64, leaf: Hash, reader: &R) -> Result<Vec<Node>, R::Error> {
    let mut nodes = vec![Node {
        level: 0,
        index: size,
        hash: leaf,
    }];
    let (mut level, mut index, mut hash) = (0, size, leaf);
    while index & 1 == 1 {
        hash = node_hash(&reader.node(level, index - 1)?, &hash);
        level += 1;
        index >>= 1;
        nodes.push(Node { level, index, hash });
    }
    Ok(nodes)
}

/// The root of the first `size` leaves; of none, SHA-256 of nothing.
pub fn root<R: NodeReader>(size: u64, reader: &R) -> Result<Hash, R::Error> {
    if size == 0 {
        return Ok(Hash::of(b""));
    }
    subtree(0, size, reader)
}

/// The hash of the leaves `from..to`, where `from` is a multiple of the next power of two.
pub(super) fn subtree<R: NodeReader>(from: u64, to: u64, reader: &R) -> Result<Hash, R::Error> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return reader.node(level as u8, from >> level);
    }
    let middle = from + split(count);
    Ok(node_hash(
        &subtree(from, middle, reader)?,
        &subtree(middle, to, reader)?,
    ))
}

/// The largest power of two smaller than `count` (at least 2).
pub(super) fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// A tree in memory, all its nodes kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub fn push(&mut self, leaf: Hash) {
        let nodes = append(self.size(), leaf, self).unwrap_or_else(|never| match never {});
        for node in nodes {
            let level = usize::from(node.level);
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(node.hash);
        }
    }

    pub fn root(&self) -> Hash {
        root(self.size(), self).unwrap_or_else(|never| match never {})
    }
}

impl NodeReader for MemoryTree {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[usize::from(level)][index as usize])
    }
}
