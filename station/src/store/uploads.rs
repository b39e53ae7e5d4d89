//! Uploads under way.

use super::{Conn, DbError, int, uint};

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UploadRow {
    pub(crate) id: String,
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) clip: Option<String>,
    pub(crate) metadata: String,
    pub(crate) length: Option<i64>,
    pub(crate) received: i64,
    pub(crate) state: String,
    pub(crate) expires_ms: i64,
}

impl UploadRow {
    pub(crate) fn offset(&self) -> u64 {
        uint(self.received)
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length.map(uint)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.state == "complete"
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state == "failed"
    }
}

pub(crate) async fn add(conn: &mut Conn, row: &UploadRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO uploads
         (id, terminal, epoch, clip, metadata, length, received, state, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.terminal)
    .bind(row.epoch)
    .bind(&row.clip)
    .bind(&row.metadata)
    .bind(row.length)
    .bind(row.received)
    .bind(&row.state)
    .bind(row.expires_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<UploadRow>, DbError> {
    sqlx::query_as("SELECT * FROM uploads WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// A terminal's uploads of a clip, whatever their state.
pub(crate) async fn of_clip(
    conn: &mut Conn,
    terminal: &str,
    epoch: u32,
    clip: &str,
) -> Result<Vec<UploadRow>, DbError> {
    sqlx::query_as("SELECT * FROM uploads WHERE terminal = ? AND epoch = ? AND clip = ?")
        .bind(terminal)
        .bind(i64::from(epoch))
        .bind(clip)
        .fetch_all(conn)
        .await
}

/// How many uploads a terminal has open.
pub(crate) async fn count(conn: &mut Conn, terminal: &str) -> Result<u64, DbError> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM uploads WHERE terminal = ?")
        .bind(terminal)
        .fetch_one(conn)
        .await?;
    Ok(uint(count))
}

/// Records bytes that are durable already; `false` when the upload is no longer there to be
/// written to.
pub(crate) async fn advance(
    conn: &mut Conn,
    id: &str,
    received: u64,
    length: Option<u64>,
    expires_ms: i64,
) -> Result<bool, DbError> {
    let state = if length == Some(received) {
        "complete"
    } else {
        "open"
    };
    let done = sqlx::query(
        "UPDATE uploads SET received = ?1, length = ?2, state = ?3, expires_ms = ?4
         WHERE id = ?5 AND (state = 'open' OR state = 'complete' AND received = ?1)",
    )
    .bind(int(received))
    .bind(length.map(int))
    .bind(state)
    .bind(expires_ms)
    .bind(id)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An upload whose bytes could not be made durable ends here; the terminal begins another.
pub(crate) async fn fail(conn: &mut Conn, id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE uploads SET state = 'failed' WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn remove(conn: &mut Conn, id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM uploads WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Uploads that may go: abandoned before their end, or complete and of no clip. A complete
/// upload of a clip waits for its journal however long that takes.
pub(crate) async fn expired(conn: &mut Conn, now_ms: i64) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar(
        "SELECT id FROM uploads
         WHERE expires_ms <= ? AND (state <> 'complete' OR clip IS NULL) LIMIT 1000",
    )
    .bind(now_ms)
    .fetch_all(conn)
    .await
}
