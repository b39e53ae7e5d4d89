//! The terminal's folder: what lies where, and files that are there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Paths inside a terminal's folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The SQLCipher database.
    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("vault.db")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The master key, wrapped by the key source. Its presence is what "provisioned" means.
    pub(crate) fn master(&self) -> PathBuf {
        self.keys().join("master")
    }

    /// An empty file that a wipe leaves: what is missing was destroyed on purpose.
    pub(crate) fn wiped(&self) -> PathBuf {
        self.root.join("wiped")
    }

    /// Sealed clips, `<clip>.age`.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// The file of one clip.
    pub(crate) fn clip(&self, clip: &str) -> PathBuf {
        self.evidence().join(format!("{clip}.age"))
    }

    /// What recovery could not make sense of; kept, never deleted.
    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// Creates the folders, readable by this user alone.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`].
    pub(crate) fn create(&self) -> Result<()> {
        for path in [
            self.root.clone(),
            self.keys(),
            self.evidence(),
            self.quarantine(),
        ] {
            create_private_dir(&path)?;
        }
        sync_dir(&self.root)
    }
}

fn create_private_dir(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)?;
    Ok(())
}

/// Writes a file that only this user may read, so that after a power cut it is there whole or
/// not at all: written aside, synced, renamed, and the folder synced.
///
/// # Errors
/// [`Error::Full`], [`Error::Io`], [`Error::SyncFailed`].
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    drop(file);
    fs::rename(&aside, path)?;
    sync_dir(parent(path))
}

/// Makes the names in a folder durable.
///
/// # Errors
/// [`Error::SyncFailed`]: the folder's latest changes may be lost.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path)?.sync_all().map_err(|_| Error::SyncFailed)
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}
