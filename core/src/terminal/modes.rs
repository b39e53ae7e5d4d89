//! An officer switches the terminal's modes.

use super::{Officer, owner::open_duty};
use crate::{
    Error, Result,
    device::{Mode, mode, state},
    journal::JournalContext,
};

impl Officer {
    /// Switches a mode of the terminal on or off. When this returns it is journalled and stands
    /// in [`Status::modes`](super::Status::modes), which the shell obeys. A mode that is on ends
    /// with this officer's duty, with a policy that does not allow it, and sleep with whoever
    /// unlocks or records. What is being recorded goes on in either.
    ///
    /// # Errors
    /// [`Error::PolicyForbids`], [`Error::NoDuty`] (to switch one on), [`Error::Locked`], storage
    /// errors.
    pub fn set_mode(&self, mode: Mode, on: bool) -> Result<()> {
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            let context = JournalContext::officer(tx, &self.officer)?;
            if !on {
                return mode::end(tx, &context, mode);
            }
            let duty = open_duty(tx, &self.officer)?.ok_or(Error::NoDuty)?;
            mode::begin(tx, &context, mode, &duty.id, &state::policy(tx)?)
        })?;
        if mode == Mode::Sleep {
            self.running.sleep(on);
        }
        Ok(())
    }
}
