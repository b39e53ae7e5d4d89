//! What every recording begins with: whose it is, to whom it is sealed, how it is cut.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use custos_protocol::id;

use super::clip::{Committed, Origin};
use super::photo::seal_photo;
use super::recorder::Recorder;
use super::seal::Recipient;
use crate::vault::Vault;
use crate::{Error, Result};

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) officer: String,
    pub(crate) duty: String,
    pub(crate) case_no: String,
    /// `age1…`; each of them can open what is recorded.
    pub(crate) recipients: Vec<String>,
    pub(crate) fragment_ms: u32,
    /// Where one clip ends and the next begins.
    #[expect(dead_code, reason = "a recording is one clip as yet")]
    pub(crate) clip_max_s: u32,
    #[expect(dead_code, reason = "a recording is one clip as yet")]
    pub(crate) clip_max_bytes: u64,
}

impl Start {
    fn origin(&self, media: &'static str) -> Result<Origin> {
        Ok(Origin {
            officer: self.officer.clone(),
            duty: self.duty.clone(),
            case: self.case_no.clone(),
            recording: id::fresh("rec")?,
            media,
        })
    }

    fn recipients(&self) -> Result<Vec<Recipient>> {
        let parsed = self.recipients.iter().map(|text| text.parse());
        parsed.collect::<Result<Vec<_>, _>>().map_err(|_| Error::TrustInvalid)
    }
}

/// Begins a recording of `media` (`video/mp4`, `audio/mp4`); `events` is told of each fragment
/// once it is durable.
///
/// # Errors
/// [`Error::TrustInvalid`] for recipients that are none, storage errors.
pub(crate) fn record(
    vault: Arc<Vault>,
    start: &Start,
    media: &'static str,
    events: Option<Sender<Committed>>,
) -> Result<Recorder> {
    let fragment_us = i64::from(start.fragment_ms) * 1000;
    Recorder::begin(vault, start.origin(media)?, &start.recipients()?, fragment_us, events)
}

/// Seals a JPEG and returns the id of the evidence.
///
/// # Errors
/// [`Error::Media`], [`Error::TrustInvalid`], storage errors.
pub(crate) fn photo(vault: &Vault, start: &Start, jpeg: &[u8]) -> Result<String> {
    seal_photo(vault, &start.origin("image/jpeg")?, &start.recipients()?, jpeg)
}
