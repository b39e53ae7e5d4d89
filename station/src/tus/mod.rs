//! Uploads by tus 1.0.0: core, creation, creation-with-upload, creation-defer-length, checksum
//! (sha256), expiration, termination.
//!
//! # Layout
//!
//! - `headers`: what the protocol says in headers, parsed strictly
//! - `create`, `status` (HEAD), `patch`, `terminate`, `options`: one request each
//! - `append`: taking in bytes and making them durable before they are acknowledged
//! - `locks`: one request at a time for an upload; a newer one takes over from a stuck one
//! - `sweep`: abandoned uploads go
//!
//! An upload that carries a clip's name (`Upload-Metadata: clip <base64>`) becomes evidence when
//! its receipt is asked for; one without is kept until it expires and is no evidence.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::error::ApiError,
    app::{App, Shared},
    auth::TerminalAuth,
    clock,
    store::{self, Conn, uploads::UploadRow},
};

mod append;
mod create;
mod headers;
mod locks;
mod options;
mod patch;
mod status;
mod sweep;
mod terminate;

pub(crate) use locks::Locks;
pub(crate) use sweep::{clear_strays, sweep};

pub(crate) const VERSION: &str = "1.0.0";
const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination";
const CHECKSUMS: &str = "sha256";
const PATH: &str = "/v1/files";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

pub(crate) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create::create, options::options))
        .routes(routes!(
            status::head,
            patch::patch,
            terminate::delete,
            options::options_of_upload,
            patch::overridden
        ))
        .layer(axum::middleware::from_fn(version))
}

/// Refuses other versions before anything else is looked at, and names ours in every answer
/// (protocol, "Tus-Resumable").
async fn version(request: Request, next: Next) -> Response {
    let asked = request.headers().get(TUS_RESUMABLE);
    let refused =
        request.method() != Method::OPTIONS && asked.is_none_or(|version| version != VERSION);
    let mut response = if refused {
        let error = ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "tus-version",
            "Tus-Resumable must be 1.0.0.",
        );
        let mut response = error.into_response();
        response
            .headers_mut()
            .insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        response
    } else {
        next.run(request).await
    };
    response
        .headers_mut()
        .insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// The caller's own upload. Another's is not there, as one that never was.
async fn own(conn: &mut Conn, who: &TerminalAuth, id: &str) -> Result<UploadRow, ApiError> {
    let upload = store::uploads::find(conn, id).await?;
    let upload = upload
        .filter(|upload| upload.terminal == who.id && upload.epoch == i64::from(who.epoch))
        .ok_or_else(ApiError::not_found)?;
    if upload.has_failed() {
        return Err(ApiError::new(
            StatusCode::GONE,
            "upload-failed",
            "The upload's bytes could not be kept; begin another.",
        ));
    }
    if !upload.is_complete() && upload.expires_ms <= clock::now_ms() {
        return Err(ApiError::new(
            StatusCode::GONE,
            "upload-expired",
            "The upload has expired.",
        ));
    }
    Ok(upload)
}

/// When an upload that receives nothing from now on may go.
fn expiry(app: &App) -> i64 {
    clock::now_ms().saturating_add(clock::millis(app.config.upload_expiry))
}

fn number(value: u64) -> HeaderValue {
    HeaderValue::from(value)
}

/// Upload-Expires, for an upload that is not finished.
fn put_expiry(headers: &mut HeaderMap, complete: bool, expires_ms: i64) {
    if !complete && let Ok(date) = HeaderValue::from_str(&clock::http_date(expires_ms)) {
        headers.insert(UPLOAD_EXPIRES, date);
    }
}

fn is_offset_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t == "application/offset+octet-stream")
}

const fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "The upload is larger than its length or than Tus-Max-Size.",
    )
}
