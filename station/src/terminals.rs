//! The register of terminals, as staff see it.

use custos_protocol::{
    api::{JournalPage, TerminalInfo},
    note::Verifier,
};

use crate::{
    api::error::ApiError,
    app::App,
    clock::now_ms,
    store::{
        self, Conn,
        enrolment::TerminalRow,
        journals::{self, Log},
        records, uint,
    },
};

pub(crate) async fn list(app: &App) -> Result<Vec<TerminalInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let rows = store::enrolment::terminals(&mut conn).await?;
    let mut infos = Vec::with_capacity(rows.len());
    for row in rows {
        infos.push(info(&mut conn, row).await?);
    }
    Ok(infos)
}

pub(crate) async fn show(app: &App, id: &str) -> Result<TerminalInfo, ApiError> {
    let mut conn = app.store.read().await?;
    let row = store::enrolment::terminal(&mut conn, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    info(&mut conn, row).await
}

/// Entries handed out at once.
const ENTRIES: u32 = 1_000;

/// A terminal's journal from an entry on; that somebody read it is durable before it is answered.
pub(crate) async fn journal(
    app: &App,
    who: &str,
    id: &str,
    from: u64,
) -> Result<JournalPage, ApiError> {
    let mut tx = app.store.write().await?;
    let row = store::enrolment::terminal(&mut tx, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let epoch = u32::try_from(row.epoch).map_err(|_| ApiError::internal())?;
    let terminal = row.terminal.as_str();
    let log = Log { terminal, epoch };
    let head = journals::head(&mut tx, log).await?;
    let entries = journals::entries(&mut tx, log, from, ENTRIES).await?;
    records::audit(&mut tx, who, "journal-read", terminal, now_ms()).await?;
    tx.commit().await?;
    let (size, checkpoint) = head.map_or((0, None), |h| (uint(h.size), Some(h.checkpoint)));
    Ok(JournalPage {
        terminal: row.terminal,
        epoch,
        size,
        from,
        entries,
        checkpoint,
    })
}

async fn info(conn: &mut Conn, row: TerminalRow) -> Result<TerminalInfo, ApiError> {
    let epoch = u32::try_from(row.epoch).map_err(|_| ApiError::internal())?;
    let journal_key: Verifier = row.journal_key.parse().map_err(|_| ApiError::internal())?;
    let head = journals::head(
        conn,
        Log {
            terminal: &row.terminal,
            epoch,
        },
    )
    .await?;
    let evidence = store::evidence::count(conn, &row.terminal).await?;
    Ok(TerminalInfo {
        id: row.terminal,
        epoch,
        model: row.model,
        enrolled_ms: row.enrolled_ms,
        last_seen_ms: Some(row.contact_ms),
        journal_size: head.map_or(0, |head| uint(head.size)),
        evidence,
        journal_key,
    })
}
