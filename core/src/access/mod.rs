//! Who may do what, as the vault keeps it: grants that verified, and the access rules in force.
//! What they say to an officer is `terminal::access`.

pub(crate) mod grants;
pub(crate) mod rules;

use custos_protocol::hash::Hash;
use rusqlite::Transaction;

use crate::Result;

/// Whether this is refused for the first time: what is offered at every synchronisation is
/// journalled once.
///
/// # Errors
/// Storage errors.
fn first_refusal(tx: &Transaction<'_>, offered: &str) -> Result<bool> {
    let sql = "INSERT OR IGNORE INTO access_refused (sha256) VALUES (?1)";
    let hash = Hash::of(offered.as_bytes());
    Ok(tx.execute(sql, [hash.as_bytes()])? == 1)
}
