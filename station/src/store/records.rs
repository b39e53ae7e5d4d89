//! The station's own registers: what staff did, and what should not have happened.

use super::journals::Log;
use super::{Conn, DbError};

/// What somebody did. `object` names a thing by its identifier, never by personal data.
pub(crate) async fn audit(
    conn: &mut Conn,
    who: &str,
    what: &str,
    object: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO audit (time_ms, who, what, object) VALUES (?, ?, ?, ?)")
        .bind(now_ms)
        .bind(who)
        .bind(what)
        .bind(object)
        .execute(conn)
        .await?;
    Ok(())
}

/// As [`audit`], with the grant by which it was allowed, or why it was not.
pub(crate) async fn audit_with(
    conn: &mut Conn,
    who: &str,
    what: &str,
    object: &str,
    detail: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO audit (time_ms, who, what, object, detail) VALUES (?, ?, ?, ?, ?)")
        .bind(now_ms)
        .bind(who)
        .bind(what)
        .bind(object)
        .bind(detail)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub(crate) id: i64,
    pub(crate) time_ms: i64,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) object: String,
    pub(crate) detail: Option<String>,
}

/// The latest first, those before `before`.
pub(crate) async fn audit_list(conn: &mut Conn, before: i64) -> Result<Vec<AuditRow>, DbError> {
    sqlx::query_as("SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1000")
        .bind(before)
        .fetch_all(conn)
        .await
}

/// Something that an honest terminal never does; `detail` is the evidence for it.
pub(crate) async fn alarm(
    conn: &mut Conn,
    log: Log<'_>,
    kind: &str,
    detail: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO alarms (time_ms, terminal, epoch, kind, detail) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(now_ms)
    .bind(log.terminal)
    .bind(i64::from(log.epoch))
    .bind(kind)
    .bind(detail)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AlarmRow {
    pub(crate) id: i64,
    pub(crate) time_ms: i64,
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) kind: String,
    pub(crate) detail: String,
}

/// The latest first, those before `before`.
pub(crate) async fn alarms(conn: &mut Conn, before: i64) -> Result<Vec<AlarmRow>, DbError> {
    sqlx::query_as("SELECT * FROM alarms WHERE id < ? ORDER BY id DESC LIMIT 1000")
        .bind(before)
        .fetch_all(conn)
        .await
}
