//! Disclosures: who signed which step, as signed notes.

use super::{Conn, DbError};

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct DisclosureRow {
    pub(crate) id: String,
    pub(crate) clip: String,
    pub(crate) requester: String,
    pub(crate) request: String,
    pub(crate) approver: Option<String>,
    pub(crate) approval: Option<String>,
    pub(crate) refused_by: Option<String>,
    pub(crate) refusal: Option<String>,
    pub(crate) maker: Option<String>,
    pub(crate) disclosure: Option<String>,
    pub(crate) expires_ms: i64,
    pub(crate) updated_ms: i64,
}

/// Writes the row, the present one of that name included.
pub(crate) async fn put(conn: &mut Conn, row: &DisclosureRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT OR REPLACE INTO disclosures
         (id, clip, requester, request, approver, approval, refused_by, refusal, maker, disclosure,
          expires_ms, updated_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.clip)
    .bind(&row.requester)
    .bind(&row.request)
    .bind(&row.approver)
    .bind(&row.approval)
    .bind(&row.refused_by)
    .bind(&row.refusal)
    .bind(&row.maker)
    .bind(&row.disclosure)
    .bind(row.expires_ms)
    .bind(row.updated_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<DisclosureRow>, DbError> {
    sqlx::query_as("SELECT * FROM disclosures WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// The latest change first, at most 1,000.
pub(crate) async fn list(conn: &mut Conn) -> Result<Vec<DisclosureRow>, DbError> {
    sqlx::query_as("SELECT * FROM disclosures ORDER BY updated_ms DESC, id DESC LIMIT 1000")
        .fetch_all(conn)
        .await
}
