//! Taking in bytes. What is acknowledged was synced to the file before, and the file before the
//! database, so a power cut at any point loses only what nobody was told is here.

use std::{fs::File, io, os::unix::fs::FileExt as _, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use custos_protocol::hash::Hash;
use futures_util::StreamExt as _;

use super::{expiry, locks, locks::Held, too_large};
use crate::{
    api::error::ApiError,
    app::Shared,
    store::{self, uploads::UploadRow},
};

/// Bytes gathered before they are written.
const BATCH: usize = 1 << 20;
/// Bytes after which a long request's progress is made durable.
const COMMIT_EVERY: u64 = 16 << 20;
/// A sender that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// The same once another request waits: what a broken connection still delivers is taken in.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How long a request waits for the one before it to let go.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// One request's bytes for one upload.
pub(super) struct Append {
    pub(super) app: Shared,
    pub(super) upload: UploadRow,
    /// The upload's length, if it is known by now.
    pub(super) length: Option<u64>,
    pub(super) checksum: Option<Hash>,
    pub(super) held: Held,
}

/// Where an upload stands after a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    pub(super) offset: u64,
    pub(super) expires_ms: i64,
    pub(super) complete: bool,
}

/// Why reading the body ended.
enum End {
    Complete,
    /// The connection broke, went silent, or another request wants the upload.
    Cut,
    TooLong,
}

impl Append {
    /// Runs to its end even if the connection is gone: hyper drops a handler whose peer left, and
    /// received bytes must not be lost with it.
    pub(super) async fn run(self, body: Body) -> Result<Progress, ApiError> {
        tokio::spawn(self.take(body))
            .await
            .map_err(|_| ApiError::internal())?
    }

    async fn take(mut self, body: Body) -> Result<Progress, ApiError> {
        let start = self.upload.offset();
        let file = self.open(start).await?;
        let mut writer = Writer {
            file: Arc::new(file),
            at: start,
            hasher: self
                .checksum
                .map(|_| ring::digest::Context::new(&ring::digest::SHA256)),
        };
        let mut committed = start;
        let end = self.receive(body, &mut writer, &mut committed).await?;
        if let Some(expected) = self.checksum {
            return self.finish_checked(end, writer, &expected).await;
        }
        match end {
            End::Complete => self.commit(&writer).await,
            End::Cut => {
                self.commit(&writer).await?;
                Err(locks::locked())
            }
            End::TooLong => Err(too_large()),
        }
    }

    async fn receive(
        &mut self,
        body: Body,
        writer: &mut Writer,
        committed: &mut u64,
    ) -> Result<End, ApiError> {
        let limit = self.length.unwrap_or(self.app.config.max_upload);
        let mut stream = body.into_data_stream();
        let mut batch = Vec::new();
        let mut gathered = 0;
        let mut silence = SILENCE;
        let end = loop {
            let frame = tokio::select! {
                frame = tokio::time::timeout(silence, stream.next()) => frame,
                () = self.held.wanted(), if silence == SILENCE => {
                    silence = LAST_WORDS;
                    continue;
                }
            };
            let bytes = match frame {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(None) => break End::Complete,
                Ok(Some(Err(_))) | Err(_) => break End::Cut,
            };
            gathered += bytes.len();
            if writer.at + gathered as u64 > limit {
                return Ok(End::TooLong);
            }
            batch.push(bytes);
            if gathered >= BATCH {
                writer
                    .write(std::mem::take(&mut batch))
                    .await
                    .map_err(storage)?;
                gathered = 0;
                // With a checksum nothing counts before all of it is there.
                if self.checksum.is_none() && writer.at - *committed >= COMMIT_EVERY {
                    *committed = self.commit(writer).await?.offset;
                }
            }
        };
        writer.write(batch).await.map_err(storage)?;
        Ok(end)
    }

    async fn finish_checked(
        &self,
        end: End,
        mut writer: Writer,
        expected: &Hash,
    ) -> Result<Progress, ApiError> {
        // Every other end leaves the acknowledged offset as it was; the next request cuts the
        // file back to it.
        match end {
            End::Complete if writer.digest() == Some(*expected) => self.commit(&writer).await,
            End::Complete => Err(ApiError::new(
                StatusCode::from_u16(460).expect("a status in range"),
                "checksum-mismatch",
                "The bytes do not have the checksum that was sent with them.",
            )),
            End::Cut => Err(locks::locked()),
            End::TooLong => Err(too_large()),
        }
    }

    async fn open(&self, durable: u64) -> Result<File, ApiError> {
        let (objects, id) = (self.app.objects.clone(), self.upload.id.clone());
        let opened = blocking(move || objects.open_upload(&id, durable)).await;
        match opened {
            Ok(file) => Ok(file),
            Err(_) => Err(self.fail().await),
        }
    }

    /// File first, then database.
    async fn commit(&self, writer: &Writer) -> Result<Progress, ApiError> {
        let file = writer.file.clone();
        if blocking(move || file.sync_data()).await.is_err() {
            // After a failed sync the kernel may have dropped the bytes: asking again would get
            // a success that means nothing.
            return Err(self.fail().await);
        }
        let (expires_ms, offset) = (expiry(&self.app), writer.at);
        let (id, length) = (&self.upload.id, self.length);
        let mut tx = self.app.store.write().await?;
        if !store::uploads::advance(&mut tx, id, offset, length, expires_ms).await? {
            // A newer upload of the same clip has replaced it meanwhile.
            return Err(ApiError::not_found());
        }
        tx.commit().await?;
        Ok(Progress {
            offset,
            expires_ms,
            complete: self.length == Some(offset),
        })
    }

    /// The upload ends here: acknowledged bytes are gone or may be.
    async fn fail(&self) -> ApiError {
        tracing::error!(upload = self.upload.id, "bytes could not be made durable");
        let failed = async {
            let mut tx = self.app.store.write().await?;
            store::uploads::fail(&mut tx, &self.upload.id).await?;
            tx.commit().await
        };
        match failed.await {
            Ok(()) => storage_failed(),
            Err(error) => error.into(),
        }
    }
}

/// Writes in order, and hashes on the way where a checksum was sent.
struct Writer {
    file: Arc<File>,
    at: u64,
    hasher: Option<ring::digest::Context>,
}

impl Writer {
    async fn write(&mut self, batch: Vec<Bytes>) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let (file, mut at, mut hasher) = (self.file.clone(), self.at, self.hasher.take());
        (self.at, self.hasher) = blocking(move || {
            for bytes in &batch {
                file.write_all_at(bytes, at)?;
                at += bytes.len() as u64;
                if let Some(hasher) = &mut hasher {
                    hasher.update(bytes);
                }
            }
            Ok((at, hasher))
        })
        .await?;
        Ok(())
    }

    fn digest(&mut self) -> Option<Hash> {
        Hash::from_slice(self.hasher.take()?.finish().as_ref()).ok()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn storage_failed() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "storage-failed",
        "The bytes could not be kept; begin another upload.",
    )
}

fn storage(error: io::Error) -> ApiError {
    tracing::error!(kind = %error.kind(), "writing an upload");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "storage-full",
            "The station has no room left.",
        ),
        _ => storage_failed(),
    }
}
