//! The register of disclosures (T7.2). Each step is signed where its person sits; the station
//! checks what comes back under the trust set and the access rules, and keeps it. It makes no copy,
//! and could not: what it holds is ciphertext.
//!
//! # Layout
//!
//! - here: what the register holds
//! - `steps`: taking a step in

mod steps;

use custos_protocol::{
    api::{DisclosureInfo, DisclosureState},
    disclosure::{DisclosureRefusal, DisclosureRequest},
    note::Note,
    statement,
    trust::{ROLE_APPROVER, ROLE_AUDITOR, ROLE_EVIDENCE, ROLE_SUPERVISOR},
};

pub(crate) use self::steps::{Step, take};
use crate::{
    api::error::ApiError,
    app::App,
    auth::PersonAuth,
    clock::now_ms,
    store::disclosures::{self, DisclosureRow},
};

/// All of them, the latest change first; for who takes part in disclosures or supervises.
pub(crate) async fn list(app: &App, who: &PersonAuth) -> Result<Vec<DisclosureInfo>, ApiError> {
    if !sees(who) {
        return Ok(Vec::new());
    }
    let mut conn = app.store.read().await?;
    let (rows, now) = (disclosures::list(&mut conn).await?, now_ms());
    rows.into_iter().map(|row| info(row, now)).collect()
}

pub(crate) async fn show(
    app: &App,
    who: &PersonAuth,
    id: &str,
) -> Result<DisclosureInfo, ApiError> {
    let mut conn = app.store.read().await?;
    let row = disclosures::find(&mut conn, id).await?;
    let row = row.filter(|_| sees(who)).ok_or_else(ApiError::not_found)?;
    info(row, now_ms())
}

fn sees(who: &PersonAuth) -> bool {
    let roles = [ROLE_EVIDENCE, ROLE_APPROVER, ROLE_SUPERVISOR, ROLE_AUDITOR];
    roles.iter().any(|role| who.has(role))
}

fn state(row: &DisclosureRow, now_ms: i64) -> DisclosureState {
    match row {
        row if row.disclosure.is_some() => DisclosureState::Made,
        row if row.refusal.is_some() => DisclosureState::Refused,
        row if now_ms >= row.expires_ms => DisclosureState::Expired,
        row if row.approval.is_some() => DisclosureState::Approved,
        _ => DisclosureState::Requested,
    }
}

fn info(row: DisclosureRow, now_ms: i64) -> Result<DisclosureInfo, ApiError> {
    let asked: DisclosureRequest = read(&row.request)?;
    let refusal = row.refusal.as_deref();
    let refused: Option<DisclosureRefusal> = refusal.map(read).transpose()?;
    Ok(DisclosureInfo {
        state: state(&row, now_ms),
        id: row.id,
        clip: row.clip,
        media: asked.media,
        recipient: asked.recipient,
        purpose: asked.purpose,
        regions: asked.regions,
        requester: row.requester,
        approver: row.approver,
        refused_by: row.refused_by,
        refuse_reason: refused.map(|refusal| refusal.reason),
        maker: row.maker,
        expires_ms: row.expires_ms,
        request: row.request,
        approval: row.approval,
        refusal: row.refusal,
        disclosure: row.disclosure,
    })
}

/// A statement that verified before it was kept.
fn read<T: statement::Statement>(note: &str) -> Result<T, ApiError> {
    let note: Note = note.parse().map_err(|_| ApiError::internal())?;
    statement::read_unverified(&note).map_err(|_| ApiError::internal())
}
