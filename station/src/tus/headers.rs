//! The protocol's request headers. Wrong ones are refused, never guessed at.

use axum::http::{HeaderMap, HeaderName, StatusCode};
use custos_protocol::{
    hash::{Hash, base64_decode},
    id,
};

use super::{
    UPLOAD_CHECKSUM, UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, too_large,
};
use crate::api::error::ApiError;

const METADATA_LENGTH: usize = 4096;

/// A header that may be given once; `None` when absent.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str());
    match (value, values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(ApiError::bad_request(
            "A header is repeated or is not plain text.",
        )),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, ApiError> {
    let Some(value) = text(headers, name)? else {
        return Ok(None);
    };
    // u64's own parser would take a plus sign.
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits => Ok(Some(number)),
        _ => Err(ApiError::bad_request(
            "Upload-Offset and Upload-Length are decimal numbers.",
        )),
    }
}

/// Upload-Offset, which a PATCH must have.
pub(super) fn offset(headers: &HeaderMap) -> Result<u64, ApiError> {
    number(headers, &UPLOAD_OFFSET)?
        .ok_or_else(|| ApiError::bad_request("Upload-Offset is missing."))
}

/// Upload-Length, at most `max`.
pub(super) fn length(headers: &HeaderMap, max: u64) -> Result<Option<u64>, ApiError> {
    match number(headers, &UPLOAD_LENGTH)? {
        Some(length) if length > max => Err(too_large()),
        length => Ok(length),
    }
}

/// The length of an upload to be created: known, or deferred (`None`). One of the two headers
/// must be there, not both.
pub(super) fn length_or_deferred(headers: &HeaderMap, max: u64) -> Result<Option<u64>, ApiError> {
    match (length(headers, max)?, text(headers, &UPLOAD_DEFER_LENGTH)?) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        _ => Err(ApiError::bad_request(
            "Either Upload-Length or Upload-Defer-Length: 1 is needed, and not both.",
        )),
    }
}

/// Upload-Metadata as it came, and the clip it names. Some clients send the header empty.
pub(super) fn metadata(headers: &HeaderMap) -> Result<(String, Option<String>), ApiError> {
    let bad = || ApiError::bad_request("Upload-Metadata is not what tus says it is.");
    let whole = text(headers, &UPLOAD_METADATA)?.unwrap_or_default();
    if whole.len() > METADATA_LENGTH {
        return Err(bad());
    }
    if whole.trim().is_empty() {
        return Ok((String::new(), None));
    }
    let mut keys = Vec::new();
    let mut clip = None;
    for pair in whole.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let value = base64_decode(value).ok_or_else(bad)?;
        if key.is_empty() || keys.contains(&key) {
            return Err(bad());
        }
        keys.push(key);
        if key == "clip" {
            let name = String::from_utf8(value)
                .ok()
                .filter(|name| id::is_safe(name));
            clip = Some(name.ok_or_else(bad)?);
        }
    }
    Ok((whole.to_owned(), clip))
}

/// Upload-Checksum: the SHA-256 that the request's body must have.
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Hash>, ApiError> {
    let Some(value) = text(headers, &UPLOAD_CHECKSUM)? else {
        return Ok(None);
    };
    let (algorithm, digest) = value
        .split_once(' ')
        .ok_or_else(|| ApiError::bad_request("Upload-Checksum is malformed."))?;
    if algorithm != "sha256" {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "checksum-algorithm",
            "Tus-Checksum-Algorithm names the algorithms that are known here.",
        ));
    }
    digest
        .parse()
        .map(Some)
        .map_err(|_| ApiError::bad_request("Upload-Checksum is malformed."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("value"))])
    }

    #[test]
    fn metadata_forms() {
        let of = |value: &str| metadata(&with(UPLOAD_METADATA, value));
        assert_eq!(
            metadata(&HeaderMap::new()).expect("absent"),
            (String::new(), None)
        );
        assert_eq!(of("").expect("empty").1, None);
        assert_eq!(of("is_confidential").expect("no value").1, None);
        assert_eq!(
            of("a YQ==,clip Y2xpcC0x").expect("two").1.as_deref(),
            Some("clip-1")
        );
        for bad in ["clip", "clip !", "a YQ==,a YQ==", ",", "clip Li4veA=="] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert!(of(&format!("a {}", "A".repeat(METADATA_LENGTH))).is_err());
    }

    #[test]
    fn numbers_and_lengths() {
        for bad in ["", "+1", "-1", "1.0", "0x1", "18446744073709551616", " 1"] {
            assert!(offset(&with(UPLOAD_OFFSET, bad)).is_err(), "{bad:?}");
        }
        assert_eq!(offset(&with(UPLOAD_OFFSET, "7")).expect("offset"), 7);
        assert_eq!(
            length(&with(UPLOAD_LENGTH, "7"), 7).expect("length"),
            Some(7)
        );
        let large = length(&with(UPLOAD_LENGTH, "8"), 7).expect_err("large");
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(length_or_deferred(&HeaderMap::new(), 7).is_err());
        assert!(length_or_deferred(&with(UPLOAD_DEFER_LENGTH, "0"), 7).is_err());
        assert_eq!(
            length_or_deferred(&with(UPLOAD_DEFER_LENGTH, "1"), 7).expect("deferred"),
            None
        );
    }

    #[test]
    fn checksums() {
        let of = |value: &str| checksum(&with(UPLOAD_CHECKSUM, value));
        let good = format!("sha256 {}", Hash::of(b"x"));
        assert_eq!(of(&good).expect("checksum"), Some(Hash::of(b"x")));
        for bad in [
            "sha256",
            "sha256 x",
            "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "",
        ] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
