//! The wipe: the keys first, in a time that does not depend on how much is stored; then files.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use super::{Folder, KeySource, folder};
use crate::{Error, Result};

/// Destroys the terminal in `folder`. When this returns `Ok` nothing that the terminal wrote can
/// be opened with anything that was on it; the agency's own key still opens what is recovered
/// from the medium.
///
/// May be called again after any interruption, and on a folder that holds nothing.
///
/// # Errors
/// Storage and key source errors. The steps are ordered so that the first ones matter most, and
/// a failing one does not keep the later ones from being tried; the first error is returned.
pub(crate) fn wipe(folder: &Folder, source: &dyn KeySource) -> Result<()> {
    // Says that what follows is on purpose, so that an interrupted wipe is resumed and not taken
    // for damage. It is empty: it discloses that there was a terminal and nothing else.
    let marked = folder::write_private(&folder.wiped(), b"");
    // Constant time: two small objects, whatever the vault holds.
    let keys = destroy_keys(folder, source);
    let files = remove_files(folder);
    marked.and(keys).and(files)
}

/// Ends an interrupted wipe.
///
/// # Errors
/// As [`wipe`].
pub(crate) fn resume(folder: &Folder, source: &dyn KeySource) -> Result<()> {
    if folder.wiped().try_exists()? && holds_anything(folder)? {
        return wipe(folder, source);
    }
    Ok(())
}

fn destroy_keys(folder: &Folder, source: &dyn KeySource) -> Result<()> {
    let source = source.destroy();
    let master = overwrite_and_remove(&folder.master());
    source.and(master)
}

fn overwrite_and_remove(path: &Path) -> Result<()> {
    match fs::OpenOptions::new().write(true).open(path) {
        Ok(mut file) => {
            let length = usize::try_from(file.metadata()?.len())
                .unwrap_or(0)
                .min(64 * 1024);
            file.write_all(&vec![0; length])?;
            file.sync_all().map_err(|_| Error::SyncFailed)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    folder::remove_file(path)?;
    folder::sync_dir(folder::parent(path))
}

fn remove_files(folder: &Folder) -> Result<()> {
    let mut result = Ok(());
    for path in database_files(folder) {
        result = result.and(folder::remove_file(&path));
    }
    for dir in folders(folder) {
        result = result.and(empty(&dir));
    }
    result.and(folder::sync_dir(folder.root()))
}

fn database_files(folder: &Folder) -> [PathBuf; 3] {
    ["-wal", "-shm", ""].map(|suffix| {
        let mut path = folder.database().into_os_string();
        path.push(suffix);
        path.into()
    })
}

fn folders(folder: &Folder) -> [PathBuf; 3] {
    [folder.evidence(), folder.quarantine(), folder.keys()]
}

/// Removes the files of one folder of ours, and the folder. Nothing below it: we make no deeper
/// ones, and a wipe follows no links out of the terminal's folder.
fn empty(dir: &Path) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut result = Ok(());
    for entry in entries {
        result = result.and(folder::remove_file(&entry?.path()));
    }
    result?;
    fs::remove_dir(dir)?;
    Ok(())
}

fn holds_anything(folder: &Folder) -> Result<bool> {
    for path in database_files(folder).iter().chain(&folders(folder)) {
        if path.try_exists()? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
