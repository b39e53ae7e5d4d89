//! What is stored for good: one row an object, with its receipt.

use custos_protocol::clip::ClipDigest;

use super::{Conn, DbError};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EvidenceRow {
    pub(crate) clip: String,
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    pub(crate) digest: String,
    pub(crate) stored_ms: i64,
    pub(crate) receipt: String,
}

pub(crate) fn digest_text(digest: &ClipDigest) -> String {
    serde_json::to_string(digest).expect("a digest is plain data")
}

pub(crate) fn digest_from(text: &str) -> Result<ClipDigest, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::RowNotFound)
}

pub(crate) async fn find(conn: &mut Conn, clip: &str) -> Result<Option<EvidenceRow>, DbError> {
    sqlx::query_as("SELECT * FROM evidence WHERE clip = ?")
        .bind(clip)
        .fetch_optional(conn)
        .await
}

pub(crate) async fn add(conn: &mut Conn, row: &EvidenceRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO evidence (clip, terminal, epoch, seq, digest, stored_ms, receipt)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.clip)
    .bind(&row.terminal)
    .bind(row.epoch)
    .bind(row.seq)
    .bind(&row.digest)
    .bind(row.stored_ms)
    .bind(&row.receipt)
    .execute(conn)
    .await?;
    Ok(())
}

/// The latest first, all of one terminal's or everybody's, before a time.
pub(crate) async fn list(
    conn: &mut Conn,
    terminal: Option<&str>,
    before_ms: i64,
    limit: u32,
    offset: u32,
) -> Result<Vec<EvidenceRow>, DbError> {
    sqlx::query_as(
        "SELECT * FROM evidence WHERE (?1 IS NULL OR terminal = ?1) AND stored_ms < ?2
         ORDER BY stored_ms DESC, clip DESC LIMIT ?3 OFFSET ?4",
    )
    .bind(terminal)
    .bind(before_ms)
    .bind(i64::from(limit))
    .bind(i64::from(offset))
    .fetch_all(conn)
    .await
}

/// How many objects of a terminal are stored.
pub(crate) async fn count(conn: &mut Conn, terminal: &str) -> Result<u64, DbError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM evidence WHERE terminal = ?")
        .bind(terminal)
        .fetch_one(conn)
        .await?;
    Ok(super::uint(count))
}
