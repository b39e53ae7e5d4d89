//! What is said of a recording, and where it was: kept until its end, then sealed as a sheet.

use custos_access::Action;
use custos_protocol::metadata::{Description, SheetError, TrackPoint};

use super::{EvidenceItem, Officer, Recording, access, note};
use crate::{Error, Result, device::state, record::sheet};

impl Officer {
    /// Says who took part in one of the officer's own recordings, what was done, for which
    /// department; `about` names the recording, or a clip of it. What was said before and is left
    /// out now stays. While the recording runs this is kept, durable and encrypted; of one that
    /// has ended it is sealed at once, as a sheet that amends the one before, and given.
    ///
    /// # Errors
    /// [`Error::Description`], [`Error::UnknownClip`], [`Error::Locked`], storage errors.
    pub fn describe(&self, about: &str, said: &Description) -> Result<Option<EvidenceItem>> {
        check(said)?;
        let action = Action::EvidenceDescribe;
        access::require_named(&self.vault, &self.officer, action, about)?;
        let recording = self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            let recording = note::recording_of(tx, &self.officer, about)?;
            let recording = recording.ok_or(Error::UnknownClip)?;
            sheet::describe(tx, &recording, &self.recipients(tx)?, said)?;
            Ok(recording)
        })?;
        let sealed = sheet::seal(&self.vault, &recording)?;
        sealed.map(|done| self.item(&done.clip)).transpose()
    }
}

impl Recording {
    /// As [`Officer::describe`], of this recording.
    ///
    /// # Errors
    /// [`Error::Description`], [`Error::RecordingEnded`], storage errors.
    pub fn describe(&self, said: &Description) -> Result<()> {
        check(said)?;
        let start = self.camera.start()?;
        self.camera
            .vault()
            .write(|tx| sheet::describe(tx, &start.origin.recording, &start.recipients, said))
    }

    /// Where the terminal is now. Durable when this returns, so not for the camera's thread.
    /// `false`: not kept, because it is less than half a second after the last point, or the
    /// track has [`MAX_POINTS`].
    ///
    /// # Errors
    /// [`Error::Description`] for what is no place, [`Error::RecordingEnded`], storage errors.
    ///
    /// [`MAX_POINTS`]: custos_protocol::metadata::MAX_POINTS
    pub fn place(&self, point: &TrackPoint) -> Result<bool> {
        point.check().map_err(Error::Description)?;
        let start = self.camera.start()?;
        self.camera
            .vault()
            .write(|tx| sheet::place(tx, &start.origin.recording, &start.recipients, point))
    }
}

fn check(said: &Description) -> Result<()> {
    if said.is_empty() {
        return Err(Error::Description(SheetError::Length("description")));
    }
    said.check().map_err(Error::Description)
}
