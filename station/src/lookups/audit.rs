//! Who asked about whom, when, and why, at all terminals. Reading it is itself in the register.

use custos_access::{Action, Resource};
use custos_protocol::{
    api::{LookupAudit, LookupAuditItem},
    lookup::query::Subject,
};

use crate::{
    access,
    api::error::ApiError,
    app::App,
    auth::PersonAuth,
    clock::now_ms,
    store::{
        lookups::{self, LookupRow, Wanted},
        records,
    },
};

/// The look-ups of an auditor's question, the latest first, at most 1,000.
///
/// # Errors
/// 403 `forbidden`; 400 for a subject that is none.
pub(crate) async fn search(
    app: &App,
    who: &PersonAuth,
    request: LookupAudit,
) -> Result<Vec<LookupAuditItem>, ApiError> {
    let now = now_ms();
    let about = request.officer.as_deref().unwrap_or("");
    let resource = Resource::Journal {
        officer: request.officer.clone(),
    };
    access::require(app, who, Action::LookupAudit, resource, about).await?;
    let mac = match &request.subject {
        Some(subject) if !subject.is_sound() => {
            return Err(ApiError::bad_request("The subject is not well-formed."));
        }
        subject => subject.as_ref().map(|subject| mac(app, subject)),
    };
    // Before anything is shown: whoever audits is seen, too.
    let mut tx = app.store.write().await?;
    records::audit(&mut tx, &who.name, "lookups-read", about, now).await?;
    tx.commit().await?;
    let wanted = Wanted {
        officer: request.officer.as_deref(),
        terminal: request.terminal.as_deref(),
        subject_mac: mac.as_deref(),
        since_ms: request.since_ms,
        before_ms: request.before_ms,
        noticed: request.noticed,
    };
    let rows = lookups::search(&mut *app.store.read().await?, &wanted).await?;
    Ok(rows.into_iter().map(item).collect())
}

fn mac(app: &App, subject: &Subject) -> Vec<u8> {
    lookups::mac(&app.lookup_key, subject.registry.as_str(), &subject.key)
}

fn item(row: LookupRow) -> LookupAuditItem {
    LookupAuditItem {
        lookup: row.lookup,
        terminal: row.terminal,
        epoch: u32::try_from(row.epoch).unwrap_or(u32::MAX),
        seq: row.seq.unsigned_abs(),
        officer: row.officer,
        duty: row.duty,
        case: row.case_no,
        registry: row.registry,
        subject: row.subject,
        reason: row.reason,
        text: row.words,
        asked_ms: row.asked_ms,
        outcome: row.outcome,
        noticed: row.noticed.split_whitespace().map(str::to_owned).collect(),
        records: u32::try_from(row.records).unwrap_or(u32::MAX),
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        batch: Some(row.batch).filter(|name| !name.is_empty()),
        wildcard: row.wildcard,
        grant: Some(row.grant_id).filter(|id| !id.is_empty()),
    }
}
