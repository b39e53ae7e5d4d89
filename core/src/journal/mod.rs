//! The terminal's journal: a transparency log of its own, kept in the vault.
//!
//! # Layout
//!
//! - `append`: an entry, in the transaction of what it describes
//! - `checkpoint`: signed tree heads, those the station countersigned, and proofs

mod append;
mod checkpoint;

#[cfg(test)]
pub(crate) use self::append::Nodes;
pub(crate) use self::{
    append::{JournalContext, append, entries, size},
    checkpoint::{cosigned, sign_checkpoint, store_cosigned, verify_cosigned},
};
