//! The terminal's folder: what lies where, and files that are there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
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

    /// Law packs: published texts, not encrypted. A wipe leaves them.
    pub(crate) fn laws(&self) -> PathBuf {
        self.root.join("laws")
    }

    /// Creates the folder of law packs.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`], [`Error::SyncFailed`].
    pub(crate) fn create_laws(&self) -> Result<()> {
        create_private_dir(&self.laws())
    }

    /// Creates the folders, readable by this user alone, and makes their names durable.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Full`], [`Error::SyncFailed`].
    pub(crate) fn create(&self) -> Result<()> {
        create_private_dir(&self.root)?;
        // Whoever made the folder for us a moment ago may not have synced its name.
        match sync_dir(parent(&self.root)) {
            // Not ours to open, as on systems that keep programs apart.
            Err(Error::Io(ErrorKind::PermissionDenied)) => {}
            other => other?,
        }
        for path in [self.keys(), self.evidence(), self.quarantine()] {
            create_private_dir(&path)?;
        }
        sync_dir(&self.root)
    }
}

/// Creates a folder, and those above it that are missing, readable by this user alone; their
/// names are durable when this returns, but for that of one that was there.
///
/// # Errors
/// [`Error::Io`], [`Error::Full`], [`Error::SyncFailed`].
pub(crate) fn create_private_dir(path: &Path) -> Result<()> {
    let mut missing = Vec::new();
    let mut at = path;
    while !at.try_exists()? {
        missing.push(at);
        at = parent(at);
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)?;
    for made in missing {
        sync_dir(parent(made))?;
    }
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
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The folder that holds a name; for a relative path of one name, the current one.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
