//! Tickets and terminals.

use custos_protocol::hash::Hash;

use super::{Conn, DbError};

/// A ticket as the station keeps it.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct TicketRow {
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) expires_ms: i64,
    pub(crate) used_ms: Option<i64>,
}

pub(crate) async fn add_ticket(
    conn: &mut Conn,
    token_hash: &Hash,
    ticket: &TicketRow,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO tickets (token_hash, terminal, epoch, created_ms, expires_ms)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(token_hash.as_bytes().as_slice())
    .bind(&ticket.terminal)
    .bind(ticket.epoch)
    .bind(now_ms)
    .bind(ticket.expires_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn ticket(
    conn: &mut Conn,
    token_hash: &Hash,
) -> Result<Option<TicketRow>, DbError> {
    sqlx::query_as("SELECT terminal, epoch, expires_ms, used_ms FROM tickets WHERE token_hash = ?")
        .bind(token_hash.as_bytes().as_slice())
        .fetch_optional(conn)
        .await
}

pub(crate) async fn use_ticket(
    conn: &mut Conn,
    token_hash: &Hash,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("UPDATE tickets SET used_ms = ? WHERE token_hash = ? AND used_ms IS NULL")
        .bind(now_ms)
        .bind(token_hash.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// One enrolment of a terminal.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct TerminalRow {
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) journal_key: String,
    pub(crate) model: String,
    pub(crate) certificate: String,
    pub(crate) enrolled_ms: i64,
    pub(crate) contact_ms: i64,
}

/// The terminal as it is enrolled now.
pub(crate) async fn terminal(conn: &mut Conn, name: &str) -> Result<Option<TerminalRow>, DbError> {
    sqlx::query_as("SELECT * FROM terminals WHERE terminal = ? ORDER BY epoch DESC LIMIT 1")
        .bind(name)
        .fetch_optional(conn)
        .await
}

/// One enrolment, past or present.
pub(crate) async fn enrolment(
    conn: &mut Conn,
    name: &str,
    epoch: u32,
) -> Result<Option<TerminalRow>, DbError> {
    sqlx::query_as("SELECT * FROM terminals WHERE terminal = ? AND epoch = ?")
        .bind(name)
        .bind(i64::from(epoch))
        .fetch_optional(conn)
        .await
}

/// All terminals as they are enrolled now, by name.
pub(crate) async fn terminals(conn: &mut Conn) -> Result<Vec<TerminalRow>, DbError> {
    sqlx::query_as(
        "SELECT t.* FROM terminals t
         WHERE epoch = (SELECT MAX(epoch) FROM terminals WHERE terminal = t.terminal)
         ORDER BY terminal LIMIT 10000",
    )
    .fetch_all(conn)
    .await
}

pub(crate) async fn add_terminal(conn: &mut Conn, row: &TerminalRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO terminals
         (terminal, epoch, journal_key, model, certificate, enrolled_ms, contact_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.terminal)
    .bind(row.epoch)
    .bind(&row.journal_key)
    .bind(&row.model)
    .bind(&row.certificate)
    .bind(row.enrolled_ms)
    .bind(row.contact_ms)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn touch(
    conn: &mut Conn,
    name: &str,
    epoch: u32,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("UPDATE terminals SET contact_ms = ? WHERE terminal = ? AND epoch = ?")
        .bind(now_ms)
        .bind(name)
        .bind(i64::from(epoch))
        .execute(conn)
        .await?;
    Ok(())
}
