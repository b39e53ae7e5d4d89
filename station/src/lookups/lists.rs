//! Lists for terminals: signed where the person sits, kept and handed on here.

use axum::http::StatusCode;
use custos_protocol::{api::ListVersion, lookup::list::ListFile};

use crate::{
    api::error::ApiError,
    app::{self, App},
    clock::now_ms,
    store::{int, lookups, records, uint},
};

/// Takes a list in, if it is newer than the one of its name.
///
/// # Errors
/// 422 `list-unacceptable`; 409 `list-version`.
pub(crate) async fn publish(
    app: &App,
    who: &str,
    file: &ListFile,
) -> Result<ListVersion, ApiError> {
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let list = file.open(&trust).map_err(|_| {
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "list-unacceptable",
            "The list is not signed by a person of role device, or not what was signed.",
        )
    })?;
    let list = list.list;
    let now = now_ms();
    let parts = (&*file.note, &*file.key, &*file.entries);
    if !lookups::put_list(&mut tx, &list.list, int(list.version), parts, now).await? {
        return Err(ApiError::conflict(
            "list-version",
            "A list of this name is there with this version or a newer one.",
        ));
    }
    records::audit(&mut tx, who, "list-published", &list.list, now).await?;
    tx.commit().await?;
    Ok(ListVersion {
        list: list.list,
        version: list.version,
    })
}

/// Every list.
///
/// # Errors
/// Storage errors.
pub(crate) async fn all(app: &App) -> Result<Vec<ListVersion>, ApiError> {
    let rows = lookups::lists(&mut *app.store.read().await?).await?;
    let lists = rows.into_iter().map(|(list, version)| ListVersion {
        list,
        version: uint(version),
    });
    Ok(lists.collect())
}

/// A list whole.
///
/// # Errors
/// 404.
pub(crate) async fn one(app: &App, name: &str) -> Result<ListFile, ApiError> {
    let row = lookups::list(&mut *app.store.read().await?, name).await?;
    let (note, key, entries) = row.ok_or_else(ApiError::not_found)?;
    Ok(ListFile { note, key, entries })
}
