//! Access rules: every version that was handed in, as signed notes.

use super::{Conn, DbError, int, uint};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct RulesRow {
    pub(crate) version: i64,
    pub(crate) note: String,
    /// Signatures still wanted; 0: in force, or was.
    pub(crate) missing: i64,
}

/// The version in force; 0: none was published.
pub(crate) async fn version(conn: &mut Conn) -> Result<u64, DbError> {
    let version: i64 =
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM rules WHERE missing = 0")
            .fetch_one(conn)
            .await?;
    Ok(uint(version))
}

pub(crate) async fn find(conn: &mut Conn, version: u64) -> Result<Option<RulesRow>, DbError> {
    sqlx::query_as("SELECT version, note, missing FROM rules WHERE version = ?")
        .bind(int(version))
        .fetch_optional(conn)
        .await
}

/// The newest first, at most 100.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<RulesRow>, DbError> {
    sqlx::query_as("SELECT version, note, missing FROM rules ORDER BY version DESC LIMIT 100")
        .fetch_all(conn)
        .await
}

/// Writes a version that is not in force yet.
pub(crate) async fn put(
    conn: &mut Conn,
    version: u64,
    note: &str,
    missing: u64,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT OR REPLACE INTO rules (version, note, missing, updated_ms) VALUES (?, ?, ?, ?)",
    )
    .bind(int(version))
    .bind(note)
    .bind(int(missing))
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(())
}
