//! Uploads by tus 1.0 (<https://tus.io/protocols/resumable-upload>): core, creation,
//! creation-defer-length, checksum (SHA-256).
//!
//! A clip leaves while it is being recorded: its length is declared at the end. Only whole chunks
//! that are committed are sent, so nothing that was sent is ever written differently.

use custos_protocol::hash::{Hash, base64_encode};
use reqwest::{Method, Response, StatusCode};

use super::station::{Station, accepted};
use crate::{Error, Result};

const VERSION: &str = "1.0.0";

/// How far an upload is at the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) offset: u64,
    /// None while it is deferred.
    pub(crate) length: Option<u64>,
}

/// What became of a request on an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    Ok(T),
    /// The station does not have this upload any more.
    Gone,
    /// It has another number of bytes than we assumed.
    Offset,
    /// The bytes changed on their way (status 460).
    Checksum,
}

/// Creates an upload for a clip; gives its path, or `None` where the station holds the clip
/// already and only the receipt is missing.
///
/// # Errors
/// As [`Station::call`]; [`Error::StationProtocol`] for a location on another host.
pub(crate) async fn create(
    station: &mut Station,
    clip: &str,
    length: Option<u64>,
) -> Result<Option<String>> {
    let request = station
        .request(Method::POST, "/v1/files")
        .header("Tus-Resumable", VERSION)
        .header(
            "Upload-Metadata",
            format!("clip {}", base64_encode(clip.as_bytes())),
        );
    let request = match length {
        Some(length) => request.header("Upload-Length", length),
        None => request.header("Upload-Defer-Length", "1"),
    };
    let response = station.call(request).await?;
    if response.status() == StatusCode::CONFLICT {
        return Ok(None);
    }
    let response = accepted(response)?;
    let location = header(&response, "location").ok_or(Error::StationProtocol)?;
    station.http().own_path(location).map(Some)
}

/// Asks how far an upload is.
///
/// # Errors
/// As [`Station::call`].
pub(crate) async fn head(station: &mut Station, path: &str) -> Result<Answer<Remote>> {
    let request = station
        .request(Method::HEAD, path)
        .header("Tus-Resumable", VERSION);
    let response = station.call(request).await?;
    if is_gone(response.status()) {
        return Ok(Answer::Gone);
    }
    let response = accepted(response)?;
    let offset = number(&response, "upload-offset").ok_or(Error::StationProtocol)?;
    Ok(Answer::Ok(Remote {
        offset,
        length: number(&response, "upload-length"),
    }))
}

/// Sends bytes from `offset` on, and the final length once it is known; gives the new offset.
///
/// # Errors
/// As [`Station::call`].
pub(crate) async fn patch(
    station: &mut Station,
    path: &str,
    offset: u64,
    bytes: Vec<u8>,
    length: Option<u64>,
) -> Result<Answer<u64>> {
    let end = offset + bytes.len() as u64;
    let request = station
        .request(Method::PATCH, path)
        .header("Tus-Resumable", VERSION)
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Offset", offset)
        .header("Upload-Checksum", format!("sha256 {}", Hash::of(&bytes)));
    let request = match length {
        Some(length) => request.header("Upload-Length", length),
        None => request,
    };
    let response = station.call(request.body(bytes)).await?;
    match response.status() {
        status if is_gone(status) => return Ok(Answer::Gone),
        StatusCode::CONFLICT => return Ok(Answer::Offset),
        status if status.as_u16() == 460 => return Ok(Answer::Checksum),
        _ => {}
    }
    let response = accepted(response)?;
    match number(&response, "upload-offset") {
        Some(offset) if offset == end => Ok(Answer::Ok(offset)),
        _ => Err(Error::StationProtocol),
    }
}

fn is_gone(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN
    )
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

fn number(response: &Response, name: &str) -> Option<u64> {
    header(response, name)?.parse().ok()
}
