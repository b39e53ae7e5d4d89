//! A provisioned vault in a temporary folder, for this crate's unit tests.

use std::sync::Arc;

use custos_protocol::{key::SigningKey, note::Signer};

use super::{Draft, Folder, SoftwareKeySource, Vault};

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
