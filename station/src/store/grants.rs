//! Grants: who signed which step, as signed notes.

use super::{Conn, DbError, uint};

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct GrantRow {
    pub(crate) id: String,
    pub(crate) grantee: String,
    pub(crate) applicant: String,
    pub(crate) application: String,
    pub(crate) approver: Option<String>,
    pub(crate) approval: Option<String>,
    pub(crate) setter: Option<String>,
    pub(crate) setting: Option<String>,
    pub(crate) revoked_by: Option<String>,
    pub(crate) revocation: Option<String>,
    pub(crate) not_before_ms: i64,
    pub(crate) expires_ms: i64,
    pub(crate) updated_ms: i64,
}

/// Most grants of one person that are looked at, the last to expire first.
const MOST_OF_ONE: u32 = 64;
/// So long after its end a revocation is still handed out, and why somebody is denied is said.
const AFTERWARDS_MS: i64 = 30 * 24 * 3_600_000;

/// Writes the row, the present one of that name included.
pub(crate) async fn put(conn: &mut Conn, row: &GrantRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT OR REPLACE INTO grants
         (id, grantee, applicant, application, approver, approval, setter, setting, revoked_by,
          revocation, not_before_ms, expires_ms, updated_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.id)
    .bind(&row.grantee)
    .bind(&row.applicant)
    .bind(&row.application)
    .bind(&row.approver)
    .bind(&row.approval)
    .bind(&row.setter)
    .bind(&row.setting)
    .bind(&row.revoked_by)
    .bind(&row.revocation)
    .bind(row.not_before_ms)
    .bind(row.expires_ms)
    .bind(row.updated_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut Conn, id: &str) -> Result<Option<GrantRow>, DbError> {
    sqlx::query_as("SELECT * FROM grants WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// The latest change first, at most 1,000; everybody's, or those that a person is given.
pub(crate) async fn list(conn: &mut Conn, grantee: Option<&str>) -> Result<Vec<GrantRow>, DbError> {
    sqlx::query_as(
        "SELECT * FROM grants WHERE ?1 IS NULL OR grantee = ?1
         ORDER BY updated_ms DESC, id DESC LIMIT 1000",
    )
    .bind(grantee)
    .fetch_all(conn)
    .await
}

/// Those of one person that were set and have not ended long ago.
pub(crate) async fn set_for(
    conn: &mut Conn,
    grantee: &str,
    now_ms: i64,
) -> Result<Vec<GrantRow>, DbError> {
    sqlx::query_as(
        "SELECT * FROM grants WHERE grantee = ? AND setting IS NOT NULL AND expires_ms > ?
         ORDER BY expires_ms DESC LIMIT ?",
    )
    .bind(grantee)
    .bind(now_ms - AFTERWARDS_MS)
    .bind(i64::from(MOST_OF_ONE))
    .fetch_all(conn)
    .await
}

/// Those of one person that were revoked before they were set, too.
pub(crate) async fn revocations_for(
    conn: &mut Conn,
    grantee: &str,
    now_ms: i64,
) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar(
        "SELECT revocation FROM grants
         WHERE grantee = ? AND revocation IS NOT NULL AND expires_ms > ? ORDER BY id",
    )
    .bind(grantee)
    .bind(now_ms - AFTERWARDS_MS)
    .fetch_all(conn)
    .await
}

/// Counts up with each grant that is set, each that is revoked, and each version of the rules.
pub(crate) async fn changes(conn: &mut Conn) -> Result<u64, DbError> {
    let changes: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(setting) + count(revocation) FROM grants)
              + (SELECT coalesce(max(version), 0) FROM rules WHERE missing = 0)",
    )
    .fetch_one(conn)
    .await?;
    Ok(uint(changes))
}
