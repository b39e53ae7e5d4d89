//! A provisioned vault in a temporary folder, for this crate's unit tests.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use custos_protocol::{key::SigningKey, note::Signer};

use super::{Draft, Folder, SoftwareKeySource, Vault};
use crate::Result;

/// A disk of a size that the test says, on which nothing lies but evidence; the real one until
/// it says so.
#[derive(Debug, Default)]
pub(crate) struct Disk(AtomicU64);

impl Disk {
    pub(crate) fn is_of(&self, bytes: u64) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    pub(super) fn free(&self, folder: &Folder) -> Result<Option<u64>> {
        let size = self.0.load(Ordering::SeqCst);
        if size == 0 {
            return Ok(None);
        }
        let mut used = 0;
        for entry in std::fs::read_dir(folder.evidence())? {
            used += entry?.metadata()?.len();
        }
        Ok(Some(size.saturating_sub(used)))
    }
}

#[derive(Debug)]
pub(crate) struct TestVault {
    pub(crate) vault: Arc<Vault>,
    pub(crate) dir: tempfile::TempDir,
}

impl TestVault {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("terminal");
        let source = Arc::new(SoftwareKeySource::in_folder(&root));
        let vault = Draft::make()
            .unwrap()
            .create(Folder::at(&root), source, |tx| {
                tx.execute(
                    "INSERT INTO terminal (id, terminal, agency, epoch, model, station, officers,
                                           certificate, trust_version, policy_version)
                     VALUES (1, 't-1', 'custos.test', 1, 'desktop', 'http://127.0.0.1:1', '[]',
                             '', 1, 1)",
                    [],
                )?;
                Ok(())
            })
            .unwrap();
        Self {
            vault: Arc::new(vault),
            dir,
        }
    }

    /// The journal's signer, as certified it would be.
    pub(crate) fn signer(&self) -> Signer {
        let key = SigningKey::from_seed(self.vault.journal_key().seed());
        Signer::new("custos.test/terminal/t-1/1", key).unwrap()
    }
}
