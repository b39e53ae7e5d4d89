//! PATCH: bytes at an offset.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{
    METHOD_OVERRIDE, UPLOAD_OFFSET,
    append::{Append, PATIENCE},
    headers, is_offset_stream, number, own, put_expiry, status, terminate, too_large,
};
use crate::{
    api::{error::ApiError, extract::Name},
    app::Shared,
    auth::TerminalAuth,
};

/// Appends bytes. They are durable when the answer comes; of a request that is cut, what arrived
/// is kept, unless it had a checksum.
#[utoipa::path(
    patch, path = "/v1/files/{id}", tag = "tus", security(("session" = [])),
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header),
        ("Upload-Offset" = u64, Header),
        ("Upload-Length" = Option<u64>, Header),
        ("Upload-Checksum" = Option<String>, Header),
    ),
    request_body(content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Taken", headers(
            ("Upload-Offset" = u64), ("Upload-Expires" = String))),
        (status = 404, description = "not-found"),
        (status = 409, description = "upload-offset, upload-length"),
        (status = 410, description = "upload-expired, upload-failed"),
        (status = 413, description = "too-large"),
        (status = 415, description = "content-type"),
        (status = 423, description = "locked"),
        (status = 460, description = "checksum-mismatch"),
        (status = 507, description = "storage-full"),
    )
)]
pub(super) async fn patch(
    State(app): State<Shared>,
    who: TerminalAuth,
    Name(id): Name,
    request_headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    own(&mut *app.store.read().await?, &who, &id).await?;
    if !is_offset_stream(&request_headers) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-type",
            "Content-Type must be application/offset+octet-stream.",
        ));
    }
    let offset = headers::offset(&request_headers)?;
    let declared = headers::length(&request_headers, app.config.max_upload)?;
    let checksum = headers::checksum(&request_headers)?;
    let held = app.locks.hold(&id, PATIENCE).await?;
    let upload = own(&mut *app.store.read().await?, &who, &id).await?;
    if offset != upload.offset() {
        return Err(ApiError::conflict(
            "upload-offset",
            "The upload is at another offset.",
        ));
    }
    let length = match (upload.length(), declared) {
        (Some(known), Some(declared)) if known != declared => {
            return Err(ApiError::conflict(
                "upload-length",
                "The upload's length is fixed.",
            ));
        }
        (known, declared) => known.or(declared),
    };
    if length.is_some_and(|length| length < offset) {
        return Err(ApiError::conflict(
            "upload-length",
            "The upload is longer already.",
        ));
    }
    // Told beforehand where possible, so that nothing is written in vain.
    let announced = request_headers.get(header::CONTENT_LENGTH);
    let announced: Option<u64> = announced.and_then(|n| n.to_str().ok()?.parse().ok());
    let room = length.unwrap_or(app.config.max_upload) - offset;
    if announced.is_some_and(|announced| announced > room) {
        return Err(too_large());
    }
    let progress = Append {
        app,
        upload,
        length,
        checksum,
        held,
    }
    .run(body)
    .await?;
    let mut answer = HeaderMap::new();
    answer.insert(UPLOAD_OFFSET, number(progress.offset));
    put_expiry(&mut answer, progress.complete, progress.expires_ms);
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}

/// The same requests for clients that can only POST (protocol, "X-HTTP-Method-Override").
#[utoipa::path(
    post, path = "/v1/files/{id}", tag = "tus", security(("session" = [])),
    params(
        ("id" = String, Path),
        ("Tus-Resumable" = String, Header),
        ("X-HTTP-Method-Override" = String, Header, description = "PATCH, HEAD or DELETE"),
    ),
    responses((status = 405, description = "method-not-allowed"))
)]
pub(super) async fn overridden(
    state: State<Shared>,
    who: TerminalAuth,
    name: Name,
    request_headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let method = request_headers
        .get(METHOD_OVERRIDE)
        .and_then(|method| method.to_str().ok());
    match method {
        Some("PATCH") => patch(state, who, name, request_headers, body).await,
        Some("HEAD") => status::head(state, who, name).await,
        Some("DELETE") => terminate::delete(state, who, name).await,
        _ => Err(ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This cannot be done here.",
        )),
    }
}
