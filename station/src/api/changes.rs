//! Changes to people and policy that more than one person signs.

use axum::extract::State;
use custos_access::{Action, Resource};
use custos_protocol::{
    api::{ChangeInfo, ErrorBody, NoteBody},
    change::Changed,
};

use super::{error::ApiError, extract::Json};
use crate::{access, app::Shared, auth::PersonAuth, changes};

/// A change to people or policy, signed by device management, or signed by one person more; it is
/// made with the last signature that the policy wants (`access.people_signers`). By the access
/// rules: `person-register` or `settings-publish`.
#[utoipa::path(
    post, path = "/v1/admin/changes", tag = "admin", security(("session" = [])),
    request_body = NoteBody,
    responses(
        (status = 200, body = ChangeInfo),
        (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody,
            description = "change-made, key-taken, last-administrator, policy-version"),
        (status = 422, body = ErrorBody,
            description = "change-signature, change-range, change-time"),
    )
)]
pub(crate) async fn hand_in(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(body): Json<NoteBody>,
) -> Result<Json<ChangeInfo>, ApiError> {
    let offered = changes::read(&body.note)?;
    let (action, about) = match offered.1.what {
        Changed::Person(_) => (Action::PersonRegister, "people"),
        Changed::Policy(_) => (Action::SettingsPublish, "policy"),
    };
    access::require(&app, &who, action, Resource::Agency {}, about).await?;
    changes::hand_in(&app, &who, offered, action)
        .await
        .map(Json)
}

/// Changes that were made or wait for signatures, the newest first, at most 100.
#[utoipa::path(
    get, path = "/v1/admin/changes", tag = "admin", security(("session" = [])),
    responses((status = 200, body = Vec<ChangeInfo>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    _who: PersonAuth,
) -> Result<Json<Vec<ChangeInfo>>, ApiError> {
    changes::list(&app).await.map(Json)
}
