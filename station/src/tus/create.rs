//! POST: a new upload (extensions creation, creation-with-upload, creation-defer-length).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use custos_protocol::id;

use super::{
    PATH, UPLOAD_OFFSET,
    append::{Append, PATIENCE, Progress},
    expiry, headers, is_offset_stream, number, put_expiry,
};
use crate::{
    api::error::ApiError,
    app::{App, Shared},
    auth::TerminalAuth,
    store::{self, int, uploads::UploadRow},
};

/// Uploads that one terminal may have at a time.
const OPEN_UPLOADS: u64 = 1000;

/// Begins an upload. `Upload-Metadata: clip <base64 of the clip's id>` makes it evidence. A newer
/// upload of the same clip replaces an older one.
#[utoipa::path(
    post, path = "/v1/files", tag = "tus", security(("session" = [])),
    params(
        ("Tus-Resumable" = String, Header),
        ("Upload-Length" = Option<u64>, Header),
        ("Upload-Defer-Length" = Option<u8>, Header),
        ("Upload-Metadata" = Option<String>, Header),
        ("Upload-Checksum" = Option<String>, Header),
    ),
    responses(
        (status = 201, description = "Created; Location names it", headers(
            ("Location" = String), ("Upload-Expires" = String))),
        (status = 409, description = "already-stored"),
        (status = 412, description = "tus-version"),
        (status = 413, description = "too-large"),
    )
)]
pub(super) async fn create(
    State(app): State<Shared>,
    who: TerminalAuth,
    request_headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let length = headers::length_or_deferred(&request_headers, app.config.max_upload)?;
    let (metadata, clip) = headers::metadata(&request_headers)?;
    let checksum = headers::checksum(&request_headers)?;
    let with_upload = is_offset_stream(&request_headers);
    let upload = UploadRow {
        id: id::fresh("up").map_err(|_| ApiError::internal())?,
        terminal: who.id.clone(),
        epoch: i64::from(who.epoch),
        clip,
        metadata,
        length: length.map(int),
        received: 0,
        state: if length == Some(0) {
            "complete"
        } else {
            "open"
        }
        .to_owned(),
        expires_ms: expiry(&app),
    };
    let held = app.locks.hold(&upload.id, PATIENCE).await?;
    add(&app, &who, &upload).await?;
    let location = HeaderValue::from_str(&format!("{PATH}/{}", upload.id))
        .map_err(|_| ApiError::internal())?;
    let mut progress = Progress {
        offset: 0,
        expires_ms: upload.expires_ms,
        complete: upload.is_complete(),
    };
    if with_upload {
        progress = Append {
            app,
            upload,
            length,
            checksum,
            held,
        }
        .run(body)
        .await?;
    }
    let mut answer = HeaderMap::new();
    answer.insert(header::LOCATION, location);
    if with_upload {
        answer.insert(UPLOAD_OFFSET, number(progress.offset));
    }
    put_expiry(&mut answer, progress.complete, progress.expires_ms);
    Ok((StatusCode::CREATED, answer).into_response())
}

async fn add(app: &App, who: &TerminalAuth, upload: &UploadRow) -> Result<(), ApiError> {
    let (objects, id) = (app.objects.clone(), upload.id.clone());
    tokio::task::spawn_blocking(move || objects.create_upload(&id))
        .await
        .map_err(|_| ApiError::internal())?
        .map_err(|_| {
            ApiError::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "storage-full",
                "The station cannot begin an upload.",
            )
        })?;
    let mut tx = app.store.write().await?;
    let mut replaced = Vec::new();
    if let Some(clip) = &upload.clip {
        if let Some(stored) = store::evidence::find(&mut tx, clip).await? {
            app.objects.remove_upload(&upload.id).ok();
            return Err(
                match stored.terminal == who.id && stored.epoch == upload.epoch {
                    true => ApiError::conflict(
                        "already-stored",
                        "The clip is stored; ask for its receipt.",
                    ),
                    false => ApiError::conflict("clip-taken", "The clip's name is taken."),
                },
            );
        }
        replaced = store::uploads::of_clip(&mut tx, &who.id, who.epoch, clip).await?;
    }
    for old in &replaced {
        store::uploads::remove(&mut tx, &old.id).await?;
    }
    if store::uploads::count(&mut tx, &who.id).await? >= OPEN_UPLOADS {
        app.objects.remove_upload(&upload.id).ok();
        return Err(ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-uploads",
            "Finish or end other uploads first.",
        ));
    }
    store::uploads::add(&mut tx, upload).await?;
    tx.commit().await?;
    // A crash before these leaves files that the next start clears away.
    for old in replaced {
        app.objects.remove_upload(&old.id).ok();
    }
    Ok(())
}
