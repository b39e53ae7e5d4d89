//! Access rules: published by staff, fetched by terminals.

use axum::extract::State;
use custos_protocol::{
    api::{ErrorBody, NoteBody, RulesInfo},
    trust::ROLE_DEVICE,
};

use super::{Text, error::ApiError, extract::Json};
use crate::{
    app::Shared,
    auth::{PersonAuth, TerminalAuth},
    rules,
};

/// The access rules in force, a signed note.
#[utoipa::path(
    get, path = "/v1/rules", tag = "terminal", security(("session" = [])),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ErrorBody, description = "not-found: none were published"),
    )
)]
pub(crate) async fn in_force(
    State(app): State<Shared>,
    _who: TerminalAuth,
) -> Result<Text, ApiError> {
    rules::in_force(&app).await.map(Text)
}

/// Access rules, signed by device management, or signed by one person more. Role: device.
#[utoipa::path(
    post, path = "/v1/admin/rules", tag = "admin", security(("session" = [])),
    request_body = NoteBody,
    responses(
        (status = 200, body = RulesInfo),
        (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "rules-version"),
        (status = 422, body = ErrorBody,
            description = "rules-signature, rules-range, rules-invalid"),
    )
)]
pub(crate) async fn publish(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(body): Json<NoteBody>,
) -> Result<Json<RulesInfo>, ApiError> {
    who.need(ROLE_DEVICE)?;
    rules::publish(&app, &who, &body.note).await.map(Json)
}

/// Access rules that were published or wait for signatures, the newest first, at most 100.
#[utoipa::path(
    get, path = "/v1/admin/rules", tag = "admin", security(("session" = [])),
    responses((status = 200, body = Vec<RulesInfo>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    _who: PersonAuth,
) -> Result<Json<Vec<RulesInfo>>, ApiError> {
    rules::list(&app).await.map(Json)
}
