//! DELETE: the end of an upload that is not wanted (extension termination). Stored evidence is
//! not an upload any more: nothing here touches it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use super::{append::PATIENCE, own};
use crate::{
    api::{error::ApiError, extract::Name},
    app::Shared,
    auth::TerminalAuth,
    store,
};

/// Discards an upload.
#[utoipa::path(
    delete, path = "/v1/files/{id}", tag = "tus", security(("session" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "not-found"),
        (status = 423, description = "locked"),
    )
)]
pub(super) async fn delete(
    State(app): State<Shared>,
    who: TerminalAuth,
    Name(id): Name,
) -> Result<Response, ApiError> {
    own(&mut *app.store.read().await?, &who, &id).await?;
    let _held = app.locks.hold(&id, PATIENCE).await?;
    let mut tx = app.store.write().await?;
    own(&mut tx, &who, &id).await?;
    store::uploads::remove(&mut tx, &id).await?;
    tx.commit().await?;
    app.objects
        .remove_upload(&id)
        .map_err(|_| ApiError::internal())?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
