//! Trust sets and policies: every version ever published, as signed notes.

use super::{Conn, DbError, int, uint};

/// A published version.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) version: u64,
    pub(crate) note: String,
}

fn published(row: Option<(i64, String)>) -> Option<Published> {
    row.map(|(version, note)| Published {
        version: uint(version),
        note,
    })
}

pub(crate) async fn trust(conn: &mut Conn) -> Result<Option<Published>, DbError> {
    let row = sqlx::query_as("SELECT version, note FROM trust_sets ORDER BY version DESC LIMIT 1")
        .fetch_optional(conn)
        .await?;
    Ok(published(row))
}

pub(crate) async fn trust_version(
    conn: &mut Conn,
    version: u64,
) -> Result<Option<Published>, DbError> {
    let row = sqlx::query_as("SELECT version, note FROM trust_sets WHERE version = ?")
        .bind(int(version))
        .fetch_optional(conn)
        .await?;
    Ok(published(row))
}

pub(crate) async fn policy(conn: &mut Conn) -> Result<Option<Published>, DbError> {
    let row = sqlx::query_as("SELECT version, note FROM policies ORDER BY version DESC LIMIT 1")
        .fetch_optional(conn)
        .await?;
    Ok(published(row))
}

pub(crate) async fn add_trust(
    conn: &mut Conn,
    version: u64,
    note: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO trust_sets (version, note, created_ms) VALUES (?, ?, ?)")
        .bind(int(version))
        .bind(note)
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn add_policy(
    conn: &mut Conn,
    version: u64,
    note: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("INSERT INTO policies (version, note, created_ms) VALUES (?, ?, ?)")
        .bind(int(version))
        .bind(note)
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}
