//! Clearing away what nobody will finish (extension expiration).

use std::{collections::HashSet, time::Duration};

use crate::{
    api::error::ApiError,
    app::App,
    clock::now_ms,
    store::{self, uploads},
};

/// Removes expired uploads that nobody is writing to.
pub(crate) async fn sweep(app: &App) -> Result<(), ApiError> {
    let now = now_ms();
    let expired = uploads::expired(&mut *app.store.read().await?, now).await?;
    for id in expired {
        // One that somebody is busy with is not abandoned.
        let Ok(_held) = app.locks.hold(&id, Duration::from_millis(1)).await else {
            continue;
        };
        let mut tx = app.store.write().await?;
        // It may have received bytes since it was listed.
        if uploads::expired(&mut tx, now).await?.contains(&id) {
            store::uploads::remove(&mut tx, &id).await?;
            tx.commit().await?;
            app.objects
                .remove_upload(&id)
                .map_err(|_| ApiError::internal())?;
        }
    }
    Ok(())
}

/// At start: files of uploads that the database does not know, left by a crash between the two.
pub(crate) async fn clear_strays(app: &App) -> Result<(), ApiError> {
    let files = app
        .objects
        .upload_files()
        .map_err(|_| ApiError::internal())?;
    let mut conn = app.store.read().await?;
    let mut stray = HashSet::new();
    for id in files {
        if uploads::find(&mut conn, &id).await?.is_none() {
            stray.insert(id);
        }
    }
    for id in stray {
        app.objects
            .remove_upload(&id)
            .map_err(|_| ApiError::internal())?;
    }
    Ok(())
}
