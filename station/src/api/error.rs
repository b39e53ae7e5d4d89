//! Refusals: a status, a stable word, a sentence. Never what the caller sent or what a library
//! said.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use custos_protocol::api::ErrorBody;

use crate::store::DbError;

#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: &'static str,
    size: Option<u64>,
    retry_after_s: Option<u64>,
    reason: Option<String>,
}

impl ApiError {
    pub(crate) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            size: None,
            retry_after_s: None,
            reason: None,
        }
    }

    pub(crate) const fn bad_request(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    pub(crate) const fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such thing here.",
        )
    }

    pub(crate) const fn conflict(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) const fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) const fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Begin a session first.",
        )
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The station has a fault.",
        )
    }

    pub(crate) fn with_size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Which rule, or what of a grant: a stable word, never what the caller sent.
    pub(crate) fn with_reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    pub(crate) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        // A database's error text can quote values: only its kind is logged.
        let kind = match &error {
            DbError::Database(error) => error.code().map_or_else(String::new, |c| c.into_owned()),
            DbError::Io(error) => error.kind().to_string(),
            DbError::PoolTimedOut => "pool timed out".to_owned(),
            DbError::PoolClosed => "closed".to_owned(),
            _ => "other".to_owned(),
        };
        tracing::error!(kind, "database");
        match error {
            // SQLITE_FULL
            DbError::Database(error) if error.code().as_deref() == Some("13") => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "storage-full",
                "The station has no room left.",
            ),
            DbError::PoolTimedOut | DbError::PoolClosed => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The station is busy or stopping; try again.",
            )
            .with_retry_after(5),
            _ => Self::internal(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            error: self.code.to_owned(),
            message: self.message.to_owned(),
            size: self.size,
            reason: self.reason,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
