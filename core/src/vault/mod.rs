//! The vault: keys, the encrypted database, the officers' slots, and the wipe.
//!
//! # Layout
//!
//! - [`key_source`]: where the key-encryption key lives; `keys`: what is derived from the master key
//! - `database`, `sqlcipher`, `migrations`, `wal`: SQLCipher; [`Vault::write`] and [`Vault::read`] are the only ways in
//! - [`officer`]: PIN slots; `secret`: the PIN itself
//! - [`wipe`]: keys first, then files
//! - `folder`: what lies where

mod database;
mod folder;
pub(crate) mod key_source;
mod keys;
mod migrations;
pub(crate) mod officer;
mod secret;
mod sqlcipher;
#[cfg(test)]
pub(crate) mod testing;
mod wal;
pub(crate) mod wipe;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use custos_protocol::key::SigningKey;
use rusqlite::{Connection, Transaction};

pub(crate) use self::folder::{Folder, parent, remove_file, sync_dir};
use self::{database::Database, keys::MasterKey};
pub use self::{
    key_source::{KeySource, SoftwareKeySource},
    secret::Secret,
};
use crate::{Error, Result};

/// An open vault.
#[derive(Debug)]
pub(crate) struct Vault {
    folder: Folder,
    source: Arc<dyn KeySource>,
    master: MasterKey,
    journal_key: SigningKey,
    database: Database,
    #[cfg(test)]
    pub(crate) disk: testing::Disk,
    recalls: AtomicU64,
}

/// A vault that does not exist yet: its keys do, in memory, so that provisioning can prove
/// possession before anything is on disk.
#[derive(Debug)]
pub(crate) struct Draft {
    master: MasterKey,
    journal_key: SigningKey,
}

impl Draft {
    pub(crate) fn make() -> Result<Self> {
        let master = MasterKey::make()?;
        let journal_key = master.derive_journal_key();
        Ok(Self {
            master,
            journal_key,
        })
    }

    pub(crate) fn journal_key(&self) -> &SigningKey {
        &self.journal_key
    }

    /// Makes the vault, filled by `fill` in one transaction. Until the last step, storing the
    /// wrapped master key, the folder holds no terminal; so whatever interrupts this leaves
    /// nothing half-provisioned.
    ///
    /// # Errors
    /// [`Error::AlreadyProvisioned`], storage errors, what `fill` returned.
    pub(crate) fn create(
        self,
        folder: Folder,
        source: Arc<dyn KeySource>,
        fill: impl FnOnce(&Transaction<'_>) -> Result<()>,
    ) -> Result<Vault> {
        if folder.master().try_exists()? {
            return Err(Error::AlreadyProvisioned);
        }
        // A wipe that was cut short ends first, and its mark goes before anything new comes: a
        // mark beside a new vault would have the next start destroy it.
        wipe::resume(&folder, source.as_ref())?;
        folder.create()?;
        remove_file(&folder.wiped())?;
        set_aside_leftovers(&folder)?;
        source.create()?;
        let database = Database::create(&folder.database(), &self.master.derive_database_key())?;
        database.write(fill)?;
        sync_dir(folder.root())?;
        if let Err(error) = self.master.store(&folder, source.as_ref()) {
            // It may have its name already; but whoever is told of a failure finds no terminal.
            let _ = remove_file(&folder.master());
            return Err(error);
        }
        let Self {
            master,
            journal_key,
        } = self;
        Ok(Vault {
            folder,
            source,
            master,
            journal_key,
            database,
            #[cfg(test)]
            disk: testing::Disk::default(),
            recalls: AtomicU64::new(0),
        })
    }
}

impl Vault {
    /// Opens the vault of a provisioned terminal. Never deletes or recreates anything.
    ///
    /// # Errors
    /// [`Error::NotProvisioned`], [`Error::Wiped`], [`Error::WrongKey`], [`Error::NewerSchema`],
    /// [`Error::Damaged`], storage errors.
    pub(crate) fn open(dir: &Path, source: Arc<dyn KeySource>) -> Result<Self> {
        let folder = Folder::at(dir);
        let master = MasterKey::load(&folder, source.as_ref())?;
        // Provisioning may have been killed between the key's name and its sync. A terminal that
        // was opened once is there after a power cut.
        sync_dir(&folder.keys())?;
        let database = Database::open(&folder.database(), &master.derive_database_key())?;
        let journal_key = master.derive_journal_key();
        Ok(Self {
            folder,
            source,
            master,
            journal_key,
            database,
            #[cfg(test)]
            disk: testing::Disk::default(),
            recalls: AtomicU64::new(0),
        })
    }

    /// See [`Database::write`]: one durable transaction. Not reentrant.
    ///
    /// # Errors
    /// [`Error::Wiped`] when another process wiped this terminal meanwhile; else as there.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.refuse_if_wiped()?;
        self.database.write(work)
    }

    /// See [`Database::read`]: one consistent state.
    ///
    /// # Errors
    /// [`Error::Wiped`] when another process wiped this terminal meanwhile; else as there.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.refuse_if_wiped()?;
        self.database.read(work)
    }

    /// Has everybody who was let in ask again whether that still holds.
    pub(crate) fn recall(&self) {
        self.recalls.fetch_add(1, Ordering::AcqRel);
    }

    /// How often that happened: what was allowed at another count has to be asked again.
    pub(crate) fn recalls(&self) -> u64 {
        self.recalls.load(Ordering::Acquire)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Bytes of the vault's file system that this program may still use.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn free_bytes(&self) -> Result<u64> {
        #[cfg(test)]
        if let Some(free) = self.disk.free(&self.folder)? {
            return Ok(free);
        }
        let space = rustix::fs::statvfs(self.folder.root()).map_err(std::io::Error::from)?;
        if space.f_blocks == 0 {
            // It does not say how large it is, as some over FUSE do: it gets full by error alone.
            return Ok(u64::MAX);
        }
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    pub(crate) fn key_source(&self) -> &dyn KeySource {
        self.source.as_ref()
    }

    /// The key that signs this terminal's journal, answers and acknowledgements.
    pub(crate) fn journal_key(&self) -> &SigningKey {
        &self.journal_key
    }

    /// The age recipient of what is sealed to the terminal itself.
    pub(crate) fn recipient(&self) -> Result<String> {
        Ok(self.master.derive_identity()?.to_public().to_string())
    }

    fn refuse_if_wiped(&self) -> Result<()> {
        // An open file outlives its name: without this, a second process would go on writing
        // evidence into a vault that the wipe has removed.
        if self.folder.wiped().try_exists()? {
            Err(Error::Wiped)
        } else {
            Ok(())
        }
    }
}

/// A database without a master key is what an interrupted provisioning leaves: nobody can open
/// it. It is set aside, not deleted: no path that opens or creates a vault deletes one.
fn set_aside_leftovers(folder: &Folder) -> Result<()> {
    let name = custos_protocol::id::fresh("vault")?;
    for suffix in ["", "-wal", "-shm"] {
        let mut from = folder.database().into_os_string();
        from.push(suffix);
        if Path::new(&from).try_exists()? {
            std::fs::rename(
                &from,
                folder.quarantine().join(format!("{name}.db{suffix}")),
            )?;
        }
    }
    Ok(())
}
