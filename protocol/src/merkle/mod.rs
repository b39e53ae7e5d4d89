//! Merkle trees of RFC 6962, section 2.1 (RFC 9162, section 2.1): incremental append over nodes
//! kept anywhere, inclusion and consistency proofs.
//!
//! # Layout
//!
//! - `tree`: hashing, [`NodeReader`], [`append`], [`root`]
//! - `proof`: making and checking proofs
//! - `frontier`: the right edge alone, for digests that need no proofs yet

mod frontier;
mod proof;
mod tree;

pub use frontier::Frontier;
pub use proof::{ProofError, consistency, inclusion, verify_consistency, verify_inclusion};
pub use tree::{MemoryTree, Node, NodeReader, append, leaf_hash, node_hash, root};
