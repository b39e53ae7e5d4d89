//! Sessions. Tokens and nonces are known by their hashes alone.

use custos_protocol::hash::Hash;

use super::{Conn, DbError};

/// Who a session belongs to.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// 0 for a person.
    pub(crate) epoch: i64,
    pub(crate) expires_ms: i64,
}

/// Begins a session; `false` when the nonce was answered before.
pub(crate) async fn add(
    conn: &mut Conn,
    token: &Hash,
    nonce: &Hash,
    session: &SessionRow,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO sessions (token_hash, nonce_hash, kind, name, epoch, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (nonce_hash) DO NOTHING",
    )
    .bind(token.as_bytes().as_slice())
    .bind(nonce.as_bytes().as_slice())
    .bind(&session.kind)
    .bind(&session.name)
    .bind(session.epoch)
    .bind(session.expires_ms)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The session of a token, while it lasts. A terminal's ends with its enrolment.
pub(crate) async fn find(
    conn: &mut Conn,
    token: &Hash,
    now_ms: i64,
) -> Result<Option<SessionRow>, DbError> {
    sqlx::query_as(
        "SELECT kind, name, epoch, expires_ms FROM sessions s
         WHERE token_hash = ? AND expires_ms > ?
           AND (kind = 'person' OR epoch =
                (SELECT MAX(epoch) FROM terminals WHERE terminal = s.name))",
    )
    .bind(token.as_bytes().as_slice())
    .bind(now_ms)
    .fetch_optional(conn)
    .await
}

pub(crate) async fn sweep(conn: &mut Conn, now_ms: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE expires_ms <= ?")
        .bind(now_ms)
        .execute(conn)
        .await?;
    Ok(())
}
