//! What the terminal lives on: storage and charge.

use custos_protocol::policy::Policy;

use super::Terminal;
use crate::{
    Result,
    device::{Forecast, battery, state, storage},
};

impl Terminal {
    /// What can still be recorded.
    ///
    /// # Errors
    /// Storage errors.
    pub fn forecast(&self) -> Result<Forecast> {
        let free_bytes = self.vault.free_bytes()?;
        self.vault.read(|c| storage::forecast(c, free_bytes))
    }

    /// The shell says how far the battery is charged, as often as it changes. At the policy's
    /// level it is journalled, once, until the charge has recovered by five points, and the clips
    /// that are being recorded are sealed; the recordings go on in new ones. Gives whether that
    /// was just now.
    ///
    /// # Errors
    /// Storage errors.
    pub fn battery(&self, percent: u32) -> Result<bool> {
        let crossed = battery::charge_is(&self.vault, percent)?;
        if crossed {
            for camera in self.running.cameras() {
                // One that does not record has nothing to seal.
                let _ = camera.seal_early();
            }
        }
        Ok(crossed)
    }

    /// The policy in force: what a shell has to obey.
    ///
    /// # Errors
    /// Storage errors.
    pub fn policy(&self) -> Result<Policy> {
        self.vault.read(state::policy)
    }
}
