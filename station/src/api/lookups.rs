//! Questions to registries, and who asked them.

use axum::extract::State;
use custos_access::{Action, Resource};
use custos_protocol::{
    api::{ErrorBody, ListVersion, LookupAudit, LookupAuditItem},
    lookup::{
        ask::{LookupReply, LookupRequest},
        list::ListFile,
    },
};

use super::{
    error::ApiError,
    extract::{Json, Name},
};
use crate::{
    access,
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

/// The lists that terminals can keep.
#[utoipa::path(
    get, path = "/v1/lists", tag = "terminal", security(("session" = [])),
    responses((status = 200, body = Vec<ListVersion>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn lists(
    State(app): State<Shared>,
    _who: TerminalAuth,
) -> Result<Json<Vec<ListVersion>>, ApiError> {
    lookups::lists::all(&app).await.map(Json)
}

/// One of them, with its key.
#[utoipa::path(
    get, path = "/v1/lists/{list}", tag = "terminal", security(("session" = [])),
    params(("list" = String, Path)),
    responses((status = 200, body = ListFile), (status = 404, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    _who: TerminalAuth,
    Name(name): Name,
) -> Result<Json<ListFile>, ApiError> {
    lookups::lists::one(&app, &name).await.map(Json)
}

/// Name and version of each list. Role: device.
#[utoipa::path(
    get, path = "/v1/admin/lists", tag = "admin", security(("session" = [])),
    responses((status = 200, body = Vec<ListVersion>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn published(
    State(app): State<Shared>,
    who: PersonAuth,
) -> Result<Json<Vec<ListVersion>>, ApiError> {
    let agency = Resource::Agency {};
    access::require(&app, &who, Action::SettingsPublish, agency, "lists").await?;
    lookups::lists::all(&app).await.map(Json)
}

/// Publishes a list, signed by whoever sends it or another person of role device.
#[utoipa::path(
    post, path = "/v1/admin/lists", tag = "admin", security(("session" = [])),
    request_body = ListFile,
    responses(
        (status = 200, body = ListVersion),
        (status = 409, body = ErrorBody, description = "list-version"),
        (status = 422, body = ErrorBody, description = "list-unacceptable"),
    )
)]
pub(crate) async fn publish(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(file): Json<ListFile>,
) -> Result<Json<ListVersion>, ApiError> {
    let agency = Resource::Agency {};
    access::require(&app, &who, Action::SettingsPublish, agency, "lists").await?;
    lookups::lists::publish(&app, &who.name, &file)
        .await
        .map(Json)
}
