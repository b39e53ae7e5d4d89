//! OPTIONS: what this server can do (protocol, "OPTIONS").

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};

use super::{CHECKSUMS, EXTENSIONS, TUS_VERSION, VERSION, number};
use crate::app::Shared;

const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");

/// Version, extensions, largest size and checksum algorithms, in headers.
#[utoipa::path(
    options, path = "/v1/files", tag = "tus",
    responses((status = 204, description = "In headers", headers(
        ("Tus-Version" = String), ("Tus-Extension" = String), ("Tus-Max-Size" = u64),
        ("Tus-Checksum-Algorithm" = String))))
)]
pub(super) async fn options(State(app): State<Shared>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    headers.insert(TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS));
    headers.insert(TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(CHECKSUMS));
    headers.insert(TUS_MAX_SIZE, number(app.config.max_upload));
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// As for `/v1/files`.
#[utoipa::path(
    options, path = "/v1/files/{id}", tag = "tus",
    params(("id" = String, Path)),
    responses((status = 204, description = "In headers, as for /v1/files"))
)]
pub(super) async fn options_of_upload(state: State<Shared>) -> Response {
    options(state).await
}
