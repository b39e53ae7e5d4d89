//! Directives and what terminals said of them.

use super::{Conn, DbError, int, uint};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DirectiveRow {
    pub(crate) id: String,
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    /// The directive as JSON.
    pub(crate) draft: String,
    /// None until one person signed.
    pub(crate) note: Option<String>,
    /// Signatures still needed.
    pub(crate) missing: i64,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) expires_ms: i64,
    pub(crate) updated_ms: i64,
}

/// The next sequence number of an enrolment; drafts hold theirs from the beginning.
pub(crate) async fn next_seq(conn: &mut Conn, terminal: &str, epoch: u32) -> Result<u64, DbError> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT MAX(seq) FROM directives WHERE terminal = ? AND epoch = ?")
            .bind(terminal)
            .bind(i64::from(epoch))
            .fetch_one(conn)
            .await?;
    Ok(uint(last.unwrap_or(0)) + 1)
}

/// The highest number a terminal may have been given already: a lower one would be refused.
pub(crate) async fn released_seq(
    conn: &mut Conn,
    terminal: &str,
    epoch: u32,
) -> Result<u64, DbError> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(seq) FROM directives
         WHERE terminal = ? AND epoch = ? AND note IS NOT NULL AND missing = 0",
    )
    .bind(terminal)
    .bind(i64::from(epoch))
    .fetch_one(conn)
    .await?;
    Ok(uint(last.unwrap_or(0)))
}

pub(crate) async fn add_draft(conn: &mut Conn, row: &DirectiveRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO directives
         (id, terminal, epoch, seq, draft, note, missing, state, reason, expires_ms, updated_ms)
         VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.terminal)
    .bind(row.epoch)
    .bind(row.seq)
    .bind(&row.draft)
    .bind(row.missing)
    .bind(&row.state)
    .bind(&row.reason)
    .bind(row.expires_ms)
    .bind(row.updated_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<DirectiveRow>, DbError> {
    sqlx::query_as("SELECT * FROM directives WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

pub(crate) async fn set_note(
    conn: &mut Conn,
    id: &str,
    note: &str,
    missing: u64,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("UPDATE directives SET note = ?, missing = ?, updated_ms = ? WHERE id = ?")
        .bind(note)
        .bind(int(missing))
        .bind(now_ms)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn set_state(
    conn: &mut Conn,
    id: &str,
    state: &str,
    reason: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("UPDATE directives SET state = ?, reason = ?, updated_ms = ? WHERE id = ?")
        .bind(state)
        .bind(reason)
        .bind(now_ms)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// What a terminal should be given: signed in full, not finished, not expired before it was ever
/// fetched; in the order of their numbers.
pub(crate) async fn pending(
    conn: &mut Conn,
    terminal: &str,
    epoch: u32,
    after: u64,
    now_ms: i64,
) -> Result<Vec<DirectiveRow>, DbError> {
    sqlx::query_as(
        "SELECT * FROM directives
         WHERE terminal = ? AND epoch = ? AND seq > ? AND note IS NOT NULL AND missing = 0
           AND state NOT IN ('done', 'failed', 'refused')
           AND (state <> 'queued' OR expires_ms > ?)
         ORDER BY seq LIMIT 100",
    )
    .bind(terminal)
    .bind(i64::from(epoch))
    .bind(int(after))
    .bind(now_ms)
    .fetch_all(conn)
    .await
}

/// The latest first; drafts that nobody signed are left out.
pub(crate) async fn list(
    conn: &mut Conn,
    terminal: Option<&str>,
) -> Result<Vec<DirectiveRow>, DbError> {
    sqlx::query_as(
        "SELECT * FROM directives WHERE note IS NOT NULL AND (?1 IS NULL OR terminal = ?1)
         ORDER BY updated_ms DESC, id DESC LIMIT 1000",
    )
    .bind(terminal)
    .fetch_all(conn)
    .await
}

/// Directives that nobody fetched in time have failed; drafts that nobody signed go.
pub(crate) async fn expire(conn: &mut Conn, now_ms: i64) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE directives SET state = 'failed', reason = 'expired', updated_ms = ?1
         WHERE state = 'queued' AND note IS NOT NULL AND expires_ms <= ?1",
    )
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Keeps an acknowledgement; a repeated one changes nothing.
pub(crate) async fn add_ack(
    conn: &mut Conn,
    directive: &str,
    state: &str,
    note: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO acks (directive, state, note, received_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(directive)
    .bind(state)
    .bind(note)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}

/// The acknowledgements of a directive, in the order they came.
pub(crate) async fn acks(conn: &mut Conn, directive: &str) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar("SELECT note FROM acks WHERE directive = ? ORDER BY received_ms, rowid")
        .bind(directive)
        .fetch_all(conn)
        .await
}
