//! Disclosures: steps that staff sign and hand in, and the register.

use axum::extract::State;
use custos_protocol::api::{DisclosureInfo, ErrorBody, NoteBody};

use super::{
    error::ApiError,
    extract::{Json, Name},
};
use crate::{
    app::Shared,
    auth::PersonAuth,
    disclosures::{self, Step},
};

/// A request for a copy, signed by a custodian of evidence. By the access rules:
/// `disclosure-request`.
#[utoipa::path(
    post, path = "/v1/admin/disclosures", tag = "disclosures", security(("session" = [])),
    request_body = NoteBody,
    responses(
        (status = 200, body = DisclosureInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "disclosure-exists"),
        (status = 422, body = ErrorBody, description = "disclosure-terms, disclosure-signature, \
            disclosure-other-signer, disclosure-wrong-role, disclosure-expired"),
    )
)]
pub(crate) async fn request(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(body): Json<NoteBody>,
) -> Result<Json<DisclosureInfo>, ApiError> {
    disclosures::take(&app, &who, Step::Request, None, &body.note)
        .await
        .map(Json)
}

/// An approval, signed by a superior. By the access rules: `disclosure-approve`.
#[utoipa::path(
    post, path = "/v1/admin/disclosures/{id}/approve", tag = "disclosures",
    security(("session" = [])), params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = DisclosureInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "disclosure-state"),
        (status = 422, body = ErrorBody, description = "disclosure-same-person, \
            disclosure-other-step, disclosure-signature, disclosure-other-signer, \
            disclosure-wrong-role, disclosure-expired"),
    )
)]
pub(crate) async fn approve(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<DisclosureInfo>, ApiError> {
    disclosures::take(&app, &who, Step::Approve, Some(&id), &body.note)
        .await
        .map(Json)
}

/// A refusal, signed by a superior, as long as no copy was made. By the access rules:
/// `disclosure-approve`.
#[utoipa::path(
    post, path = "/v1/admin/disclosures/{id}/refuse", tag = "disclosures",
    security(("session" = [])), params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = DisclosureInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "disclosure-state"),
        (status = 422, body = ErrorBody, description = "as for approve"),
    )
)]
pub(crate) async fn refuse(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<DisclosureInfo>, ApiError> {
    disclosures::take(&app, &who, Step::Refuse, Some(&id), &body.note)
        .await
        .map(Json)
}

/// What copy was made, signed by the custodian who made it; handed in before the copy goes
/// anywhere. By the access rules: `disclosure-make`.
#[utoipa::path(
    post, path = "/v1/admin/disclosures/{id}/make", tag = "disclosures",
    security(("session" = [])), params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = DisclosureInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "disclosure-state, disclosure-other-copy"),
        (status = 422, body = ErrorBody, description = "as for approve"),
    )
)]
pub(crate) async fn make(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<DisclosureInfo>, ApiError> {
    disclosures::take(&app, &who, Step::Make, Some(&id), &body.note)
        .await
        .map(Json)
}

/// The register of disclosures, the latest change first, at most 1,000; empty for who neither takes
/// part in them nor supervises.
#[utoipa::path(
    get, path = "/v1/admin/disclosures", tag = "disclosures", security(("session" = [])),
    responses((status = 200, body = Vec<DisclosureInfo>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    who: PersonAuth,
) -> Result<Json<Vec<DisclosureInfo>>, ApiError> {
    disclosures::list(&app, &who).await.map(Json)
}

/// One disclosure, with its steps as signed notes.
#[utoipa::path(
    get, path = "/v1/admin/disclosures/{id}", tag = "disclosures", security(("session" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = DisclosureInfo), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
) -> Result<Json<DisclosureInfo>, ApiError> {
    disclosures::show(&app, &who, &id).await.map(Json)
}
