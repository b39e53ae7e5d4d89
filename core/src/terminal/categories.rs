//! An officer sorts evidence.

use custos_access::Action;

use super::{EvidenceItem, Officer, access, evidence};
use crate::{
    Result,
    device::{categories, state},
    journal::JournalContext,
};

impl Officer {
    /// Gives a clip of the officer's own a category of the policy: it says how long the clip
    /// stays, here and at the station. Another one takes the place of the one before.
    ///
    /// # Errors
    /// [`Error::UnknownClip`](crate::Error::UnknownClip),
    /// [`Error::UnknownCategory`](crate::Error::UnknownCategory),
    /// [`Error::Locked`](crate::Error::Locked), storage errors.
    pub fn categorise(&self, clip: &str, code: &str) -> Result<EvidenceItem> {
        access::require(&self.vault, &self.officer, Action::EvidenceMark, &[clip])?;
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            evidence::find(tx, &self.officer, clip)?;
            let context = JournalContext::officer(tx, &self.officer)?;
            categories::give(tx, &context, clip, code)?;
            evidence::find(tx, &self.officer, clip)
        })
    }
}
