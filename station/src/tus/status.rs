//! HEAD: how far an upload has got.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{
    UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, append::PATIENCE, number,
    own, put_expiry,
};
use crate::{
    api::{error::ApiError, extract::Name},
    app::Shared,
    auth::TerminalAuth,
};

/// Durable bytes of an upload. A request still under way on a dead connection is ended first, so
/// that the offset does not move afterwards.
#[utoipa::path(
    head, path = "/v1/files/{id}", tag = "tus", security(("session" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses(
        (status = 200, description = "Its state in headers", headers(
            ("Upload-Offset" = u64), ("Upload-Length" = u64), ("Upload-Expires" = String))),
        (status = 404, description = "not-found"),
        (status = 410, description = "upload-expired, upload-failed"),
        (status = 423, description = "locked"),
    )
)]
pub(super) async fn head(
    State(app): State<Shared>,
    who: TerminalAuth,
    Name(id): Name,
) -> Result<Response, ApiError> {
    own(&mut *app.store.read().await?, &who, &id).await?;
    let _held = app.locks.hold(&id, PATIENCE).await?;
    let upload = own(&mut *app.store.read().await?, &who, &id).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(UPLOAD_OFFSET, number(upload.offset()));
    match upload.length() {
        Some(length) => headers.insert(UPLOAD_LENGTH, number(length)),
        None => headers.insert(UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if !upload.metadata.is_empty()
        && let Ok(metadata) = HeaderValue::from_str(&upload.metadata)
    {
        headers.insert(UPLOAD_METADATA, metadata);
    }
    put_expiry(&mut headers, upload.is_complete(), upload.expires_ms);
    Ok((StatusCode::OK, headers).into_response())
}
