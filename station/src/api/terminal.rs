//! What a terminal asks for itself.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use custos_protocol::api::{
    DirectiveList, ErrorBody, JournalAppend, JournalReply, JournalState, NoteBody,
};
use serde::Deserialize;

use super::{
    Text,
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{app::Shared, auth::TerminalAuth, directives, journals, receipts};

/// How far the station holds the terminal's journal.
#[utoipa::path(
    get, path = "/v1/journal", tag = "terminal", security(("session" = [])),
    responses((status = 200, body = JournalState), (status = 401, body = ErrorBody))
)]
pub(crate) async fn journal(
    State(app): State<Shared>,
    who: TerminalAuth,
) -> Result<Json<JournalState>, ApiError> {
    journals::state(&app, &who).await.map(Json)
}

/// Appends entries and countersigns the checkpoint over them.
#[utoipa::path(
    post, path = "/v1/journal", tag = "terminal", security(("session" = [])),
    request_body = JournalAppend,
    responses(
        (status = 200, body = JournalReply),
        (status = 409, body = ErrorBody, description = "journal-position, journal-inconsistent"),
        (status = 422, body = ErrorBody, description = "journal-checkpoint, journal-entry"),
    )
)]
pub(crate) async fn append_journal(
    State(app): State<Shared>,
    who: TerminalAuth,
    Json(request): Json<JournalAppend>,
) -> Result<Json<JournalReply>, ApiError> {
    journals::append(&app, &who, request).await.map(Json)
}

/// Makes a complete upload evidence and gives its receipt; the same one however often.
#[utoipa::path(
    post, path = "/v1/clips/{clip}/receipt", tag = "terminal", security(("session" = [])),
    params(("clip" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ErrorBody, description = "not-found"),
        (status = 409, body = ErrorBody, description = "not-yet"),
        (status = 422, body = ErrorBody, description = "digest-mismatch"),
        (status = 500, body = ErrorBody, description = "storage-failed"),
    )
)]
pub(crate) async fn receipt(
    State(app): State<Shared>,
    who: TerminalAuth,
    Name(clip): Name,
) -> Result<Text, ApiError> {
    receipts::issue(app, who, clip).await.map(Text)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Poll {
    /// Sequence number of the last directive that the terminal has dealt with.
    #[serde(default)]
    after: u64,
    /// Seconds to wait for one, at most 60.
    #[serde(default)]
    wait: u32,
    /// `changes` of the answer before: another number now is answered at once.
    changes: Option<u64>,
}

/// Directives beyond `after` that are signed in full and not finished.
#[utoipa::path(
    get, path = "/v1/directives", tag = "terminal", security(("session" = [])), params(Poll),
    responses((status = 200, body = DirectiveList), (status = 401, body = ErrorBody))
)]
pub(crate) async fn directives(
    State(app): State<Shared>,
    who: TerminalAuth,
    Params(poll): Params<Poll>,
) -> Result<Json<DirectiveList>, ApiError> {
    let wait = Duration::from_secs(u64::from(poll.wait));
    directives::poll(&app, &who, poll.after, wait, poll.changes)
        .await
        .map(Json)
}

/// The terminal's signed word on a directive.
#[utoipa::path(
    post, path = "/v1/directives/{id}/ack", tag = "terminal", security(("session" = [])),
    params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 204, description = "Kept"),
        (status = 404, body = ErrorBody, description = "not-found"),
        (status = 409, body = ErrorBody, description = "directive-finished"),
        (status = 422, body = ErrorBody, description = "ack-unacceptable"),
    )
)]
pub(crate) async fn acknowledge(
    State(app): State<Shared>,
    who: TerminalAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<StatusCode, ApiError> {
    directives::acknowledge(&app, &who, &id, &body.note).await?;
    Ok(StatusCode::NO_CONTENT)
}
