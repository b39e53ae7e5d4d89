//! Stored evidence. What leaves here is ciphertext; who asked for which object is kept.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use custos_protocol::{
    api::{ErrorBody, EvidenceInfo},
    journal::{Entry, Event},
    receipt::Receipt,
    trust::ROLE_EVIDENCE,
};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::{
    Text,
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{
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

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    terminal: Option<String>,
    /// Stored before this time; for the next page, `stored_ms` of the last item.
    before: Option<i64>,
    /// At most 1,000; 100 where absent.
    limit: Option<u32>,
}

/// Stored evidence, the latest first. Role: evidence.
#[utoipa::path(
    get, path = "/v1/admin/evidence", tag = "evidence", security(("session" = [])), params(Which),
    responses((status = 200, body = Vec<EvidenceInfo>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    who: PersonAuth,
    Params(which): Params<Which>,
) -> Result<Json<Vec<EvidenceInfo>>, ApiError> {
    who.need(ROLE_EVIDENCE)?;
    let limit = which.limit.unwrap_or(100).min(1000);
    let before = which.before.unwrap_or(i64::MAX);
    let mut tx = app.store.write().await?;
    let rows = evidence::list(&mut tx, which.terminal.as_deref(), before, limit).await?;
    let subject = which.terminal.as_deref().unwrap_or("all");
    records::audit(&mut tx, &who.name, "evidence-list", subject, now_ms()).await?;
    tx.commit().await?;
    rows.into_iter()
        .map(info)
        .collect::<Result<_, _>>()
        .map(Json)
}

/// One object. Role: evidence.
#[utoipa::path(
    get, path = "/v1/admin/evidence/{clip}", tag = "evidence", security(("session" = [])),
    params(("clip" = String, Path)),
    responses((status = 200, body = EvidenceInfo), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(clip): Name,
) -> Result<Json<EvidenceInfo>, ApiError> {
    let row = find(&app, &who, &clip, "evidence-show").await?;
    info(row).map(Json)
}

/// The object itself, an age file. Role: evidence.
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
    let row = find(&app, &who, &clip, "evidence-file").await?;
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

/// The receipt of an object. Role: evidence.
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
    Ok(Text(
        find(&app, &who, &clip, "evidence-receipt").await?.receipt,
    ))
}

/// The object's row; that it was asked for is durable before it is answered.
async fn find(
    app: &App,
    who: &PersonAuth,
    clip: &str,
    what: &str,
) -> Result<EvidenceRow, ApiError> {
    who.need(ROLE_EVIDENCE)?;
    let mut tx = app.store.write().await?;
    let row = evidence::find(&mut tx, clip)
        .await?
        .ok_or_else(ApiError::not_found)?;
    records::audit(&mut tx, &who.name, what, &row.clip, now_ms()).await?;
    tx.commit().await?;
    Ok(row)
}

/// What the seal entry says, which the receipt carries.
fn info(row: EvidenceRow) -> Result<EvidenceInfo, ApiError> {
    let receipt = Receipt::from_text(&row.receipt).map_err(|_| ApiError::internal())?;
    let entry = Entry::from_raw(&receipt.entry).map_err(|_| ApiError::internal())?;
    let Some(Event::Sealed(sealed)) = entry.event() else {
        return Err(ApiError::internal());
    };
    Ok(EvidenceInfo {
        id: row.clip,
        terminal: row.terminal,
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
