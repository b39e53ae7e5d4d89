//! Writing an entry. It happens in the caller's transaction: what is described and its
//! description become durable together or not at all.

use custos_protocol::{
    hash::Hash,
    journal::{Entry, Event},
    merkle::{self, NodeReader},
    suite,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::{
    Error, Result,
    clock::{self, Now},
};

/// When, and for whom.
#[derive(Debug, Clone)]
pub(crate) struct JournalContext {
    pub(crate) time: Now,
    pub(crate) officer: Option<String>,
    pub(crate) duty: Option<String>,
}

impl JournalContext {
    /// Now, and for nobody: what the terminal does by itself.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn terminal(connection: &Connection) -> Result<Self> {
        Ok(Self {
            time: clock::now(connection)?,
            officer: None,
            duty: None,
        })
    }

    /// Now, for an officer, within the officer's open duty if there is one.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn officer(connection: &Connection, officer: &str) -> Result<Self> {
        let duty = connection
            .query_row(
                "SELECT duty FROM duty WHERE officer = ?1 AND ended_ms IS NULL",
                [officer],
                |row| row.get(0),
            )
            .optional()?;
        Ok(Self {
            time: clock::now(connection)?,
            officer: Some(officer.to_owned()),
            duty,
        })
    }

    /// Now, for an officer and a duty that is known.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn duty(connection: &Connection, officer: &str, duty: &str) -> Result<Self> {
        Ok(Self {
            time: clock::now(connection)?,
            officer: Some(officer.to_owned()),
            duty: Some(duty.to_owned()),
        })
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) seq: u64,
    pub(crate) time_ms: i64,
}

/// Adds an entry to the journal's end.
///
/// # Errors
/// Storage errors; the caller's transaction must then not be committed.
pub(crate) fn append(
    tx: &Transaction<'_>,
    context: &JournalContext,
    event: Event,
) -> Result<Appended> {
    let seq = size(tx)?;
    let terminal = tx
        .prepare_cached("SELECT terminal FROM terminal")?
        .query_row([], |row| row.get(0))?;
    let (kind, body) = event.to_parts();
    let entry = Entry {
        suite: suite::CURRENT,
        seq,
        time_ms: context.time.time_ms,
        clock: context.time.trust,
        terminal,
        officer: context.officer.clone(),
        duty: context.duty.clone(),
        kind,
        body,
    };
    let raw = entry.to_raw();
    tx.prepare_cached("INSERT INTO journal (seq, entry) VALUES (?1, ?2)")?
        .execute((seq, &raw))?;
    let mut insert =
        tx.prepare_cached("INSERT INTO journal_node (level, idx, hash) VALUES (?1, ?2, ?3)")?;
    for node in merkle::append(seq, merkle::leaf_hash(raw.as_bytes()), &Nodes(tx))? {
        insert.execute((node.level, node.index, node.hash.as_bytes()))?;
    }
    Ok(Appended {
        seq,
        time_ms: entry.time_ms,
    })
}

/// Number of entries.
///
/// # Errors
/// Storage errors.
pub(crate) fn size(connection: &Connection) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(seq) + 1, 0) FROM journal")?
        .query_row([], |row| row.get(0))?)
}

/// The raw entries from `from` on, at most `limit` and at most about `bytes`, but one at least
/// where there is one.
///
/// # Errors
/// Storage errors.
pub(crate) fn entries(
    connection: &Connection,
    from: u64,
    limit: u32,
    bytes: usize,
) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare_cached("SELECT entry FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = statement.query((from, limit))?;
    let (mut entries, mut total) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let entry: String = row.get(0)?;
        total += entry.len();
        if total > bytes && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The stored nodes of the journal's tree.
pub(crate) struct Nodes<'c>(pub(crate) &'c Connection);

impl NodeReader for Nodes<'_> {
    type Error = Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash> {
        let bytes: Option<Vec<u8>> = self
            .0
            .prepare_cached("SELECT hash FROM journal_node WHERE level = ?1 AND idx = ?2")?
            .query_row((level, index), |row| row.get(0))
            .optional()?;
        Hash::from_slice(&bytes.ok_or(Error::Damaged)?).map_err(|_| Error::Damaged)
    }
}

#[cfg(test)]
mod tests;
