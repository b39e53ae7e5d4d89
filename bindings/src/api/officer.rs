//! An unlocked officer: a duty and its evidence.

use std::{path::Path, sync::Arc};

use super::{
    reading::{self, ClipReader},
    recording::{Recording, RecordingSpec},
    records::{self, EvidenceItem},
    supplies::Mode,
};
use crate::error::ApiResult;

/// An officer who is present. Closing the object locks what is theirs.
#[derive(Debug, uniffi::Object)]
pub struct Officer(pub(super) custos_core::Officer);

impl Officer {
    pub(super) fn new(officer: custos_core::Officer) -> Arc<Self> {
        Arc::new(Self(officer))
    }
}

#[uniffi::export]
impl Officer {
    /// Begins a duty under a case number; its id.
    pub fn begin_duty(&self, case: String) -> ApiResult<String> {
        Ok(self.0.begin_duty(&case)?.to_string())
    }

    /// Ends it; its evidence, each with the state it is in.
    pub fn end_duty(&self) -> ApiResult<Vec<EvidenceItem>> {
        Ok(records::items(self.0.end_duty()?))
    }

    /// What the running duty recorded: a shell asks before ending a duty with unconfirmed items.
    pub fn duty_evidence(&self) -> ApiResult<Vec<EvidenceItem>> {
        Ok(records::items(self.0.duty_evidence()?))
    }

    /// The officer's own evidence.
    pub fn evidence(&self) -> ApiResult<Vec<EvidenceItem>> {
        Ok(records::items(self.0.evidence()?))
    }

    pub fn start_recording(&self, spec: RecordingSpec) -> ApiResult<Arc<Recording>> {
        Ok(Recording::new(self.0.start_recording(spec.try_into()?)?))
    }

    /// A camera that runs before the button is pressed: [`Recording::begin`] is the press.
    pub fn standby(&self, spec: RecordingSpec) -> ApiResult<Arc<Recording>> {
        Ok(Recording::new(self.0.standby(spec.try_into()?)?))
    }

    /// Seals a photo, a JPEG.
    pub fn photo(&self, jpeg: Vec<u8>) -> ApiResult<EvidenceItem> {
        Ok(self.0.photo(&jpeg)?.into())
    }

    /// Marks a clip as important: it uploads first.
    pub fn mark(&self, clip: String, label: String) -> ApiResult<()> {
        Ok(self.0.mark(&clip, &label)?)
    }

    /// Sorts a clip into a category of the policy.
    pub fn categorise(&self, clip: String, category: String) -> ApiResult<EvidenceItem> {
        Ok(self.0.categorise(&clip, &category)?.into())
    }

    /// Switches a mode on until the duty ends, or off.
    pub fn set_mode(&self, mode: Mode, on: bool) -> ApiResult<()> {
        Ok(self.0.set_mode(mode.into(), on)?)
    }

    /// Opens a clip, photo or note of the officer's own for viewing, from `from_us` of a clip to
    /// `to_us` or the end. The journal says so before there is a byte to see.
    pub fn open_clip(
        &self,
        clip: String,
        from_us: i64,
        to_us: Option<i64>,
    ) -> ApiResult<Arc<ClipReader>> {
        let range = reading::range(from_us, to_us)?;
        Ok(ClipReader::new(self.0.open_clip(&clip, range)?))
    }

    /// Writes clip, receipt and trust set to the folder `dir`, for an independent verifier.
    pub fn export_clip(&self, clip: String, dir: String) -> ApiResult<()> {
        self.0.export(&clip, Path::new(&dir))?;
        Ok(())
    }
}
