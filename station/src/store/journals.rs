//! Replicated journals: entries, tree nodes, the latest cosigned checkpoint, seals.

use std::{cell::Cell, collections::HashMap};

use custos_protocol::{
    clip::ClipDigest,
    hash::Hash,
    merkle::{Node, NodeReader},
};

use super::{Conn, DbError, int, uint};

/// Which journal: a terminal's of one enrolment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log<'a> {
    pub(crate) terminal: &'a str,
    pub(crate) epoch: u32,
}

/// How far a journal is held.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Head {
    pub(crate) size: i64,
    pub(crate) checkpoint: String,
}

pub(crate) async fn head(conn: &mut Conn, log: Log<'_>) -> Result<Option<Head>, DbError> {
    sqlx::query_as("SELECT size, checkpoint FROM journals WHERE terminal = ? AND epoch = ?")
        .bind(log.terminal)
        .bind(i64::from(log.epoch))
        .fetch_optional(conn)
        .await
}

pub(crate) async fn set_head(
    conn: &mut Conn,
    log: Log<'_>,
    size: u64,
    checkpoint: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO journals (terminal, epoch, size, checkpoint, updated_ms)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (terminal, epoch) DO UPDATE
         SET size = excluded.size, checkpoint = excluded.checkpoint,
             updated_ms = excluded.updated_ms",
    )
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(int(size))
    .bind(checkpoint)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn add_entry(
    conn: &mut Conn,
    log: Log<'_>,
    seq: u64,
    raw: &str,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO entries (terminal, epoch, seq, raw) VALUES (?, ?, ?, ?)")
        .bind(log.terminal)
        .bind(i64::from(log.epoch))
        .bind(int(seq))
        .bind(raw)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn entry(
    conn: &mut Conn,
    log: Log<'_>,
    seq: u64,
) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("SELECT raw FROM entries WHERE terminal = ? AND epoch = ? AND seq = ?")
        .bind(log.terminal)
        .bind(i64::from(log.epoch))
        .bind(int(seq))
        .fetch_optional(conn)
        .await
}

/// Entries from one on.
pub(crate) async fn entries(
    conn: &mut Conn,
    log: Log<'_>,
    from: u64,
    limit: u32,
) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar(
        "SELECT raw FROM entries WHERE terminal = ? AND epoch = ? AND seq >= ?
         ORDER BY seq LIMIT ?",
    )
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(int(from))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await
}

pub(crate) async fn add_node(conn: &mut Conn, log: Log<'_>, node: &Node) -> Result<(), DbError> {
    sqlx::query("INSERT INTO nodes (terminal, epoch, level, idx, hash) VALUES (?, ?, ?, ?, ?)")
        .bind(log.terminal)
        .bind(i64::from(log.epoch))
        .bind(i64::from(node.level))
        .bind(int(node.index))
        .bind(node.hash.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

async fn node(
    conn: &mut Conn,
    log: Log<'_>,
    level: u8,
    index: u64,
) -> Result<Option<Hash>, DbError> {
    let bytes: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT hash FROM nodes WHERE terminal = ? AND epoch = ? AND level = ? AND idx = ?",
    )
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(i64::from(level))
    .bind(int(index))
    .fetch_optional(conn)
    .await?;
    Ok(bytes.and_then(|bytes| Hash::from_slice(&bytes).ok()))
}

/// Nodes in memory, and which one was asked for in vain.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    known: HashMap<(u8, u64), Hash>,
    wanted: Cell<Option<(u8, u64)>>,
}

/// A node that [`Nodes`] does not hold yet.
#[derive(Debug)]
pub(crate) struct NotLoaded;

impl NodeReader for Nodes {
    type Error = NotLoaded;

    fn node(&self, level: u8, index: u64) -> Result<Hash, NotLoaded> {
        self.known.get(&(level, index)).copied().ok_or_else(|| {
            self.wanted.set(Some((level, index)));
            NotLoaded
        })
    }
}

impl Nodes {
    pub(crate) fn insert(&mut self, node: &Node) {
        self.known.insert((node.level, node.index), node.hash);
    }

    /// Runs `compute`, fetching what it asks for until it has all it needs: a tree is walked
    /// synchronously, a database is not. At most some 64 nodes for a root or a proof.
    pub(crate) async fn with<T>(
        &mut self,
        conn: &mut Conn,
        log: Log<'_>,
        compute: impl Fn(&Self) -> Result<T, NotLoaded>,
    ) -> Result<T, DbError> {
        loop {
            if let Ok(value) = compute(self) {
                return Ok(value);
            }
            let (level, index) = self.wanted.take().ok_or(DbError::RowNotFound)?;
            let hash = node(conn, log, level, index)
                .await?
                .ok_or(DbError::RowNotFound)?;
            self.known.insert((level, index), hash);
        }
    }
}

/// What a journal says about a sealed clip.
#[derive(Debug)]
pub(crate) struct Seal {
    pub(crate) seq: u64,
    pub(crate) digest: ClipDigest,
}

/// Notes a seal; a later one of the same clip changes nothing.
pub(crate) async fn add_seal(
    conn: &mut Conn,
    log: Log<'_>,
    clip: &str,
    seq: u64,
    digest: &ClipDigest,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO seals (terminal, epoch, clip, seq, digest) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(clip)
    .bind(int(seq))
    .bind(super::evidence::digest_text(digest))
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn seal(
    conn: &mut Conn,
    log: Log<'_>,
    clip: &str,
) -> Result<Option<Seal>, DbError> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT seq, digest FROM seals WHERE terminal = ? AND epoch = ? AND clip = ?",
    )
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(clip)
    .fetch_optional(conn)
    .await?;
    row.map(|(seq, digest)| {
        let digest = super::evidence::digest_from(&digest)?;
        Ok(Seal {
            seq: uint(seq),
            digest,
        })
    })
    .transpose()
}
