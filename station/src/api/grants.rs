//! Grants: steps that staff sign and hand in, the register, and what terminals get of it.

use axum::extract::State;
use custos_protocol::api::{ErrorBody, GrantDelivery, GrantInfo, NoteBody};
use serde::Deserialize;

use super::{
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{
    app::Shared,
    auth::{PersonAuth, TerminalAuth},
    grants::{self, Step},
};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// Names of the terminal's officers, between commas, at most 64.
    #[serde(default)]
    officers: String,
}

/// Grants of these officers that are set and have not expired, and revocations.
#[utoipa::path(
    get, path = "/v1/grants", tag = "terminal", security(("session" = [])), params(Of),
    responses((status = 200, body = GrantDelivery), (status = 401, body = ErrorBody))
)]
pub(crate) async fn deliver(
    State(app): State<Shared>,
    who: TerminalAuth,
    Params(of): Params<Of>,
) -> Result<Json<GrantDelivery>, ApiError> {
    grants::deliver(&app, &who, &of.officers).await.map(Json)
}

/// An application, signed by its applicant. By the access rules: `grant-apply`.
#[utoipa::path(
    post, path = "/v1/admin/grants", tag = "grants", security(("session" = [])),
    request_body = NoteBody,
    responses(
        (status = 200, body = GrantInfo),
        (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "grant-exists"),
        (status = 422, body = ErrorBody, description = "grant-terms, grant-signature, \
            grant-other-signer, grant-wrong-role, grant-expired"),
    )
)]
pub(crate) async fn apply(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(body): Json<NoteBody>,
) -> Result<Json<GrantInfo>, ApiError> {
    grants::take(&app, &who, Step::Apply, None, &body.note)
        .await
        .map(Json)
}

/// An approval, signed by the superior. By the access rules: `grant-approve`.
#[utoipa::path(
    post, path = "/v1/admin/grants/{id}/approve", tag = "grants", security(("session" = [])),
    params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = GrantInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "grant-state"),
        (status = 422, body = ErrorBody, description = "grant-same-person, grant-own, \
            grant-widened, grant-other-step, grant-terms, grant-signature, grant-other-signer, \
            grant-wrong-role, grant-expired"),
    )
)]
pub(crate) async fn approve(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<GrantInfo>, ApiError> {
    grants::take(&app, &who, Step::Approve, Some(&id), &body.note)
        .await
        .map(Json)
}

/// A setting, signed by device management: the grant holds. By the access rules: `grant-set`.
#[utoipa::path(
    post, path = "/v1/admin/grants/{id}/set", tag = "grants", security(("session" = [])),
    params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = GrantInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "grant-state"),
        (status = 422, body = ErrorBody, description = "as for approve"),
    )
)]
pub(crate) async fn set(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<GrantInfo>, ApiError> {
    grants::take(&app, &who, Step::Set, Some(&id), &body.note)
        .await
        .map(Json)
}

/// A revocation, at any step. By the access rules: `grant-revoke`.
#[utoipa::path(
    post, path = "/v1/admin/grants/{id}/revoke", tag = "grants", security(("session" = [])),
    params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = GrantInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "grant-state"),
        (status = 422, body = ErrorBody, description = "as for approve"),
    )
)]
pub(crate) async fn revoke(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<GrantInfo>, ApiError> {
    grants::take(&app, &who, Step::Revoke, Some(&id), &body.note)
        .await
        .map(Json)
}

/// The register of grants, the latest change first, at most 1,000; of who takes no part in grants
/// and supervises nothing, the own ones.
#[utoipa::path(
    get, path = "/v1/admin/grants", tag = "grants", security(("session" = [])),
    responses((status = 200, body = Vec<GrantInfo>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    who: PersonAuth,
) -> Result<Json<Vec<GrantInfo>>, ApiError> {
    grants::list(&app, &who).await.map(Json)
}

/// One grant, with its steps as signed notes.
#[utoipa::path(
    get, path = "/v1/admin/grants/{id}", tag = "grants", security(("session" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = GrantInfo), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
) -> Result<Json<GrantInfo>, ApiError> {
    grants::show(&app, &who, &id).await.map(Json)
}
