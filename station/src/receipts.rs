//! From a complete upload to evidence with a receipt: the bytes are read back from where they
//! are stored, compared with what the terminal's journal says of them, made durable, and only
//! then is it signed that they are.

use std::{fs::File, io, time::Duration};

use axum::http::StatusCode;
use custos_protocol::{
    clip::{self, ClipDigest, ClipError},
    id, merkle,
    note::Note,
    proof::TlogProof,
    receipt::Receipt,
    statement,
    stored::Stored,
    suite,
};

use crate::{
    api::error::ApiError,
    app::{App, Shared},
    auth::TerminalAuth,
    clock::now_ms,
    journals,
    store::{
        self, Conn, evidence,
        evidence::EvidenceRow,
        int,
        journals::{Log, Seal},
        uint,
        uploads::{self, UploadRow},
    },
};

/// Reading a large object back takes seconds; a second request for it waits.
const PATIENCE: Duration = Duration::from_secs(120);

/// The receipt of a clip. The same text however often it is asked for.
///
/// Runs to its end even if the connection is gone.
pub(crate) async fn issue(
    app: Shared,
    who: TerminalAuth,
    clip: String,
) -> Result<String, ApiError> {
    tokio::spawn(async move { issue_now(&app, &who, &clip).await })
        .await
        .map_err(|_| ApiError::internal())?
}

async fn issue_now(app: &App, who: &TerminalAuth, clip: &str) -> Result<String, ApiError> {
    if !id::is_safe(clip) {
        return Err(ApiError::not_found());
    }
    if let Some(receipt) = issued(app, who, clip).await? {
        return Ok(receipt);
    }
    // Under the clip's own name: also an upload that a newer one replaces has its turn.
    let _turn = app.locks.hold(&format!("clip {clip}"), PATIENCE).await?;
    if let Some(receipt) = issued(app, who, clip).await? {
        return Ok(receipt);
    }
    let log = Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    let (seal, upload) = {
        let mut conn = app.store.read().await?;
        let seal = store::journals::seal(&mut conn, log, clip).await?;
        let uploads = uploads::of_clip(&mut conn, &who.id, who.epoch, clip).await?;
        (seal, uploads.into_iter().find(UploadRow::is_complete))
    };
    let seal = seal.ok_or_else(|| not_yet("The journal does not speak of this clip yet."))?;
    let upload = upload.ok_or_else(|| not_yet("The upload of this clip is not complete."))?;
    let _held = app.locks.hold(&upload.id, PATIENCE).await?;
    match store_object(app, &upload.id, clip, seal.digest).await? {
        Storing::Stored => {}
        Storing::OtherBytes => {
            discard(app, &upload).await?;
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "digest-mismatch",
                "The bytes are not those that the journal sealed; upload them again.",
            ));
        }
        Storing::Failed => {
            // A sync that failed is not asked again about the same bytes.
            let mut tx = app.store.write().await?;
            uploads::fail(&mut tx, &upload.id).await?;
            tx.commit().await?;
            app.objects.forget(clip).ok();
            tracing::error!(clip, "an object could not be made durable");
            return Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "storage-failed",
                "The bytes could not be kept; upload them again.",
            ));
        }
    }
    let receipt = record(app, who, clip, &seal, &upload).await?;
    // The object has its own name by now; should this fail, the next start clears it away.
    app.objects.remove_upload(&upload.id).ok();
    Ok(receipt)
}

/// What was issued before. A clip of another terminal is not there.
async fn issued(app: &App, who: &TerminalAuth, clip: &str) -> Result<Option<String>, ApiError> {
    match evidence::find(&mut *app.store.read().await?, clip).await? {
        None => Ok(None),
        Some(row) if row.terminal == who.id && row.epoch == i64::from(who.epoch) => {
            Ok(Some(row.receipt))
        }
        Some(_) => Err(ApiError::not_found()),
    }
}

enum Storing {
    Stored,
    OtherBytes,
    Failed,
}

async fn store_object(
    app: &App,
    upload: &str,
    clip: &str,
    sealed: ClipDigest,
) -> Result<Storing, ApiError> {
    let (objects, upload, clip) = (app.objects.clone(), upload.to_owned(), clip.to_owned());
    let stored = tokio::task::spawn_blocking(move || {
        let Ok(file) = objects.open_for_storing(&upload, &clip) else {
            return Storing::Failed;
        };
        match read_back(&file) {
            Ok(Some(digest)) if digest == sealed => {}
            Ok(_) => return Storing::OtherBytes,
            Err(_) => return Storing::Failed,
        }
        match objects.store(&file, &upload, &clip) {
            Ok(()) => Storing::Stored,
            Err(_) => Storing::Failed,
        }
    });
    stored.await.map_err(|_| ApiError::internal())
}

/// The digest of the bytes as they are in the store; none if they are no age file.
fn read_back(file: &File) -> io::Result<Option<ClipDigest>> {
    let digest = clip::digest(io::BufReader::with_capacity(1 << 20, file));
    match digest {
        // A file that goes on after its last chunk has another length than its digest says.
        Ok(digest) => Ok((file.metadata()?.len() == digest.length).then_some(digest)),
        Err(ClipError::Io(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

async fn discard(app: &App, upload: &UploadRow) -> Result<(), ApiError> {
    let mut tx = app.store.write().await?;
    uploads::remove(&mut tx, &upload.id).await?;
    tx.commit().await?;
    app.objects
        .remove_upload(&upload.id)
        .map_err(|_| ApiError::internal())
}

/// Signs, and keeps what it signed, in one transaction.
async fn record(
    app: &App,
    who: &TerminalAuth,
    clip: &str,
    seal: &Seal,
    upload: &UploadRow,
) -> Result<String, ApiError> {
    let log = Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    let mut tx = app.store.write().await?;
    let row = store::enrolment::enrolment(&mut tx, &who.id, who.epoch).await?;
    let certificate = row.ok_or_else(ApiError::internal)?.certificate;
    let (entry, proof) = proof(&mut tx, log, seal.seq).await?;
    let stored = Stored {
        suite: suite::CURRENT,
        clip: clip.to_owned(),
        terminal: who.id.clone(),
        epoch: who.epoch,
        digest: seal.digest,
        entry: seal.seq,
        entry_hash: merkle::leaf_hash(entry.as_bytes()),
        time_ms: now_ms(),
    };
    let note = statement::sign(&stored, &[&app.keys.storage]).map_err(|_| ApiError::internal())?;
    let receipt = Receipt::new(certificate, entry, proof.to_string(), note.to_string()).to_text();
    let row = EvidenceRow {
        clip: clip.to_owned(),
        terminal: who.id.clone(),
        epoch: i64::from(who.epoch),
        seq: int(seal.seq),
        digest: evidence::digest_text(&seal.digest),
        stored_ms: stored.time_ms,
        receipt: receipt.clone(),
    };
    evidence::add(&mut tx, &row).await?;
    uploads::remove(&mut tx, &upload.id).await?;
    tx.commit().await?;
    Ok(receipt)
}

async fn proof(tx: &mut Conn, log: Log<'_>, index: u64) -> Result<(String, TlogProof), ApiError> {
    let head = store::journals::head(tx, log)
        .await?
        .ok_or_else(ApiError::internal)?;
    let entry = store::journals::entry(tx, log, index)
        .await?
        .ok_or_else(ApiError::internal)?;
    let hashes = journals::inclusion(tx, log, index, uint(head.size)).await?;
    let checkpoint: Note = head.checkpoint.parse().map_err(|_| ApiError::internal())?;
    Ok((
        entry,
        TlogProof {
            index,
            hashes,
            checkpoint,
        },
    ))
}

fn not_yet(message: &'static str) -> ApiError {
    ApiError::conflict("not-yet", message)
}
