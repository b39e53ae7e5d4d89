//! Questions to registries, and who asked them.

use axum::extract::State;
use custos_protocol::{
    api::{ErrorBody, LookupAudit, LookupAuditItem},
    lookup::ask::{LookupReply, LookupRequest},
};

use super::{error::ApiError, extract::Json};
use crate::{
    app::Shared,
    auth::{PersonAuth, TerminalAuth},
    lookups,
};

/// Asks a registry. The terminal's journal, as it is held here, has the question already.
#[utoipa::path(
    post, path = "/v1/lookups", tag = "terminal", security(("session" = [])),
    request_body = LookupRequest,
    responses(
        (status = 200, body = LookupReply),
        (status = 403, body = ErrorBody, description = "lookup-denied, lookup-stopped"),
        (status = 409, body = ErrorBody,
         description = "lookup-not-journalled, lookup-repeated, lookup-too-old"),
        (status = 424, body = ErrorBody,
         description = "registry-unreachable, registry-too-slow, registry-resting, \
                        registry-refused, registry-answer-too-large, registry-answer-nonsense"),
    )
)]
pub(crate) async fn ask(
    State(app): State<Shared>,
    who: TerminalAuth,
    Json(request): Json<LookupRequest>,
) -> Result<Json<LookupReply>, ApiError> {
    lookups::answer(&app, &who, request).await.map(Json)
}

/// Who asked about whom, when, and why; the latest first, at most 1,000. Whom it is about stands in
/// the body, for addresses are logged. Roles: supervisor, auditor.
#[utoipa::path(
    post, path = "/v1/admin/lookups", tag = "admin", security(("session" = [])),
    request_body = LookupAudit,
    responses((status = 200, body = Vec<LookupAuditItem>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn audit(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(request): Json<LookupAudit>,
) -> Result<Json<Vec<LookupAuditItem>>, ApiError> {
    lookups::audit::search(&app, &who, request).await.map(Json)
}
