//! Photos: checked, and sealed as they are, byte for byte.

use std::io::Cursor;

use custos_protocol::id;
use image::{ImageFormat, ImageReader, Limits};
use rusqlite::params;

use super::clip::{Committed, Origin, create};
use super::ending::{Ending, Links};
use super::seal::{self, Recipient};
use crate::vault::Vault;
use crate::{Error, Result};

/// Bytes of the largest photo taken.
pub const MAX_PHOTO: usize = 64 << 20;

/// Pixels on a side of the largest photo taken.
const MAX_SIDE: u32 = 20_000;

/// Memory that decoding a photo may take.
const MAX_DECODED: u64 = 1 << 30;

/// Seals a JPEG as a piece of evidence of its own and returns its id. When this returns, file,
/// row and journal entry are durable.
///
/// # Errors
/// [`Error::Media`] for what is not a whole JPEG of a sensible size, storage errors.
pub(crate) fn seal_photo(
    vault: &Vault,
    origin: &Origin,
    recipients: &[Recipient],
    jpeg: &[u8],
) -> Result<String> {
    check(jpeg)?;
    let clip = id::fresh("clip")?;
    let begun = seal::begin(recipients)?;
    let header_length = begun.header.len() as u64;
    let mut sealer = begun.sealer;
    let mut file = create(vault, &clip, &begun.header)?;
    sealer.push(jpeg, &mut file)?;
    let digest = sealer.close().complete(&mut file)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    // Until here nobody knows of the file: after a kill it goes to the quarantine, and the
    // shell, which got no answer, still has the photo.
    vault.write(|tx| {
        let now = crate::clock::now(tx)?.time_ms;
        tx.execute(
            "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                   began_ms, header_length, committed_chunks)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'sealed', ?7, ?8, ?9)",
            params![
                clip,
                origin.recording,
                origin.officer,
                origin.duty,
                origin.case,
                origin.media,
                now,
                header_length,
                digest.chunks,
            ],
        )?;
        Ending {
            clip: &clip,
            origin,
            began_ms: now,
            ended_ms: Some(now),
            committed: Committed::default(),
            digest,
            recovered: false,
            links: Links::default(),
            reason: None,
        }
        .write(tx)
    })?;
    Ok(clip)
}

/// Decodes the picture, within limits: what no viewer will open is no evidence.
fn check(jpeg: &[u8]) -> Result<()> {
    if jpeg.len() > MAX_PHOTO {
        return Err(Error::Media("photo-too-large"));
    }
    let mut reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    match reader.decode() {
        Ok(_) => Ok(()),
        Err(image::ImageError::Limits(_)) => Err(Error::Media("photo-too-large")),
        Err(_) => Err(Error::Media("not-a-jpeg")),
    }
}
