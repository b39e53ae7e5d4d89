//! Laws on the terminal: everybody may look them up, and nothing of it is journalled, for it says
//! nothing of anybody.

use std::path::Path;

use custos_protocol::pack::PackManifest;

use super::Terminal;
use crate::{
    Result,
    lookup::law::{Pack, install},
};

impl Terminal {
    /// Verifies a law pack and puts it in place of the one that is installed.
    ///
    /// # Errors
    /// [`Error::Pack`](crate::Error::Pack): not signed by somebody of the role, altered, not newer
    /// than the one that is installed, which stays then; storage errors.
    pub fn install_laws(&self, file: &Path) -> Result<PackManifest> {
        install::install(&self.vault, file)
    }

    /// The installed law pack, open. Keep it: opening takes some milliseconds, searching less.
    ///
    /// # Errors
    /// [`Error::Pack`](crate::Error::Pack): none is installed, or the file is not the one that was;
    /// storage errors.
    pub fn laws(&self) -> Result<Pack> {
        install::open(&self.vault)
    }
}
