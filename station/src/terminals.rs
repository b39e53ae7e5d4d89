//! The register of terminals, as staff see it.

use custos_protocol::{api::TerminalInfo, note::Verifier};

use crate::{
    api::error::ApiError,
    app::App,
    store::{
        self, Conn,
        enrolment::TerminalRow,
        journals::{self, Log},
        uint,
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
