//! Stored evidence. What leaves here is ciphertext; who asked for which object is kept.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use custos_access::{Action, NO_RULE, Resource};
use custos_protocol::{
    api::{ErrorBody, EvidenceInfo},
    id,
    journal::{Entry, Event},
    receipt::Receipt,
};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::{
    Text,
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{
    access::{self, Asker},
    app::{App, Shared},
    auth::PersonAuth,
    clock::now_ms,
    store::{
        evidence::{self, EvidenceRow},
        records,
    },
};

/// Read at a time when an object is sent.
const PIECE: usize = 256 << 10;
/// Objects looked at at a time, and most that are listed.
const PAGE: u32 = 1_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    terminal: Option<String>,
    /// Stored before this time; for the next page, `stored_ms` of the last item.
    before: Option<i64>,
    /// At most 1,000; 100 where absent.
    limit: Option<u32>,
}

/// Stored evidence, the latest first, as far as the access rules allow (`evidence-list`).
#[utoipa::path(
    get, path = "/v1/admin/evidence", tag = "evidence", security(("session" = [])), params(Which),
    responses((status = 200, body = Vec<EvidenceInfo>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    who: PersonAuth,
    Params(which): Params<Which>,
) -> Result<Json<Vec<EvidenceInfo>>, ApiError> {
    let subject = which.terminal.as_deref().unwrap_or("all").to_owned();
    let found = search(&app, &who, which).await?;
    if let Some(reason) = found.denied {
        let action = Action::EvidenceList;
        return Err(access::deny(&app, &who.name, action, "all", &reason).await?);
    }
    let mut tx = app.store.write().await?;
    let grants: Vec<_> = found.grants.into_iter().collect();
    let (what, now) = ("evidence-list", now_ms());
    if grants.is_empty() {
        records::audit(&mut tx, &who.name, what, &subject, now).await?;
    } else {
        let grants = grants.join(",");
        records::audit_with(&mut tx, &who.name, what, &subject, &grants, now).await?;
    }
    tx.commit().await?;
    Ok(Json(found.items))
}

#[derive(Debug, Default)]
struct Found {
    items: Vec<EvidenceInfo>,
    /// By which some of them are listed.
    grants: BTreeSet<String>,
    /// Why somebody who may list nothing may not.
    denied: Option<String>,
}

/// Looks on behind what may not be seen, so that a page is not empty for what others have stored.
async fn search(app: &App, who: &PersonAuth, which: Which) -> Result<Found, ApiError> {
    let limit = which.limit.unwrap_or(100).min(PAGE) as usize;
    let before = which.before.unwrap_or(i64::MAX);
    let mut conn = app.store.read().await?;
    let asker = Asker::load(app, &mut conn, who).await?;
    let whatever = asker.decide(Action::EvidenceList, nothing());
    let granted = asker.has_grant_for(Action::EvidenceList);
    let mut found = Found::default();
    let mut offset = 0;
    while found.items.len() < limit {
        let rows =
            evidence::list(&mut conn, which.terminal.as_deref(), before, PAGE, offset).await?;
        let last = rows.len() < PAGE as usize;
        for row in &rows {
            let item = info(row)?;
            let decision = asker.decide(Action::EvidenceList, resource(&item));
            if decision.is_allowed() {
                found.items.push(item);
                found.grants.extend(decision.grant);
            }
            if found.items.len() == limit {
                break;
            }
        }
        // Whoever has neither role nor grant does not make us read everything.
        if last || !(whatever.is_allowed() || granted) {
            break;
        }
        offset += PAGE;
    }
    if found.items.is_empty() && !whatever.is_allowed() && !granted {
        found.denied = Some(whatever.reason);
    }
    Ok(found)
}

/// As the rules see it. The department stands in a sheet, which is sealed.
pub(crate) fn resource(item: &EvidenceInfo) -> Resource {
    Resource::Evidence {
        officer: item.officer.clone().unwrap_or_default(),
        department: String::new(),
        case: item.case.clone(),
        began_ms: item.began_ms,
        marked: false,
        held: false,
        requester: None,
    }
}

/// What is nobody's: for things that there are not.
pub(crate) fn nothing() -> Resource {
    Resource::Evidence {
        officer: String::new(),
        department: String::new(),
        case: String::new(),
        began_ms: 0,
        marked: false,
        held: false,
        requester: None,
    }
}

/// One object. By the access rules: `evidence-metadata`.
#[utoipa::path(
    get, path = "/v1/admin/evidence/{clip}", tag = "evidence", security(("session" = [])),
    params(("clip" = String, Path)),
    responses(
        (status = 200, body = EvidenceInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(clip): Name,
) -> Result<Json<EvidenceInfo>, ApiError> {
    let actions = [Action::EvidenceMetadata];
    let row = find(&app, &who, &clip, "evidence-show", &actions).await?;
    info(&row).map(Json)
}

/// The object itself, an age file. By the access rules: `evidence-fetch`, or `evidence-export` by a
/// grant.
#[utoipa::path(
    get, path = "/v1/admin/evidence/{clip}/file", tag = "evidence", security(("session" = [])),
    params(("clip" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn file(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(clip): Name,
) -> Result<Response, ApiError> {
    let actions = [Action::EvidenceFetch, Action::EvidenceExport];
    let row = find(&app, &who, &clip, "evidence-file", &actions).await?;
    let file = tokio::fs::File::open(app.objects.object_path(&row.clip)).await;
    let file = file.map_err(|_| {
        tracing::error!(clip = row.clip, "a stored object cannot be opened");
        ApiError::internal()
    })?;
    let length = file
        .metadata()
        .await
        .map_err(|_| ApiError::internal())?
        .len();
    let name = format!("attachment; filename=\"{}.age\"", row.clip);
    let name = HeaderValue::from_str(&name).map_err(|_| ApiError::internal())?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::CONTENT_DISPOSITION, name),
    ];
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE));
    Ok((headers, body).into_response())
}

/// The receipt of an object. By the access rules: `evidence-metadata`.
#[utoipa::path(
    get, path = "/v1/admin/evidence/{clip}/receipt", tag = "evidence",
    security(("session" = [])), params(("clip" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn receipt(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(clip): Name,
) -> Result<Text, ApiError> {
    let actions = [Action::EvidenceMetadata];
    let row = find(&app, &who, &clip, "evidence-receipt", &actions).await?;
    Ok(Text(row.receipt))
}

/// The object's row, for who may do one of these with it; that it was asked for, or denied, is
/// durable before it is answered. Who may see nothing is not told what there is.
async fn find(
    app: &App,
    who: &PersonAuth,
    clip: &str,
    what: &str,
    actions: &[Action],
) -> Result<EvidenceRow, ApiError> {
    let (row, decision, action) = {
        let mut conn = app.store.read().await?;
        let asker = Asker::load(app, &mut conn, who).await?;
        let row = evidence::find(&mut conn, clip).await?;
        let it = row.as_ref().map(info).transpose()?;
        let it = it.as_ref().map_or_else(nothing, resource);
        let decided = actions.iter().map(|a| (asker.decide(*a, it.clone()), *a));
        let (mut yes, no): (Vec<_>, Vec<_>) = decided.partition(|(d, _)| d.is_allowed());
        // Of several denials the one that a rule speaks of.
        let named = no
            .iter()
            .position(|(d, _)| d.reason != NO_RULE)
            .unwrap_or(0);
        let first = if yes.is_empty() {
            no.into_iter().nth(named)
        } else {
            Some(yes.remove(0))
        };
        let (decision, action) = first.ok_or_else(ApiError::internal)?;
        (row, decision, action)
    };
    if !decision.is_allowed() {
        let about = if id::is_safe(clip) {
            clip
        } else {
            "unreadable"
        };
        return Err(access::deny(app, &who.name, action, about, &decision.reason).await?);
    }
    let row = row.ok_or_else(ApiError::not_found)?;
    let mut tx = app.store.write().await?;
    match decision.grant {
        Some(grant) => {
            records::audit_with(&mut tx, &who.name, what, &row.clip, &grant, now_ms()).await?;
        }
        None => records::audit(&mut tx, &who.name, what, &row.clip, now_ms()).await?,
    }
    tx.commit().await?;
    Ok(row)
}

/// What the seal entry says, which the receipt carries.
pub(crate) fn info(row: &EvidenceRow) -> Result<EvidenceInfo, ApiError> {
    let receipt = Receipt::from_text(&row.receipt).map_err(|_| ApiError::internal())?;
    let entry = Entry::from_raw(&receipt.entry).map_err(|_| ApiError::internal())?;
    let Some(Event::Sealed(sealed)) = entry.event() else {
        return Err(ApiError::internal());
    };
    Ok(EvidenceInfo {
        id: row.clip.clone(),
        terminal: row.terminal.clone(),
        epoch: u32::try_from(row.epoch).map_err(|_| ApiError::internal())?,
        officer: entry.officer,
        case: sealed.case,
        media: sealed.media,
        began_ms: sealed.began_ms,
        ended_ms: sealed.ended_ms,
        length: sealed.digest.length,
        stored_ms: row.stored_ms,
    })
}
