//! Changes that more than one person signs, as signed notes.

use super::{Conn, DbError, int};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ChangeRow {
    pub(crate) id: String,
    pub(crate) note: String,
    /// Signatures still wanted; 0: it was made.
    pub(crate) missing: i64,
}

pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<ChangeRow>, DbError> {
    sqlx::query_as("SELECT id, note, missing FROM change WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// The newest first, at most 100.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<ChangeRow>, DbError> {
    sqlx::query_as("SELECT id, note, missing FROM change ORDER BY updated_ms DESC, id LIMIT 100")
        .fetch_all(conn)
        .await
}

/// Writes a change that was not made yet.
pub(crate) async fn put(
    conn: &mut Conn,
    id: &str,
    note: &str,
    missing: u64,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT OR REPLACE INTO change (id, note, missing, updated_ms) VALUES (?, ?, ?, ?)",
    )
    .bind(id)
    .bind(note)
    .bind(int(missing))
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}
