//! Files in the evidence folder that the vault does not know: what a crash left of a recording
//! that was just beginning, and what somebody else put there. They are set aside, never deleted.
//!
//! This reads the whole folder, so it is not part of opening a terminal.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use custos_protocol::journal::Event;
use rusqlite::OptionalExtension as _;

use crate::Result;
use crate::journal::{self, JournalContext};
use crate::vault::{Vault, sync_dir};

/// A file without its final name belongs to a recording that is just beginning, for so long.
const BEGINNING: Duration = Duration::from_secs(60);

/// Moves files that no row knows out of the evidence folder, and gives their names in
/// `quarantine/`.
///
/// # Errors
/// Storage errors. What was set aside before stays so.
pub(crate) fn sweep(vault: &Vault) -> Result<Vec<String>> {
    let known = names(vault)?;
    let mut quarantined = Vec::new();
    for entry in fs::read_dir(vault.folder().evidence())? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| known.contains(name)) || is_alive(&entry)? {
            continue;
        }
        // Asked again: a recording may have begun since, and even ended.
        if is_known(vault, &entry.path())? {
            continue;
        }
        quarantined.push(set_aside(vault, &entry.path())?);
    }
    Ok(quarantined)
}

/// The names of all files that there may be.
fn names(vault: &Vault) -> Result<HashSet<String>> {
    vault.read(|connection| {
        let mut statement =
            connection.prepare("SELECT clip || '.age' FROM evidence WHERE purged_ms IS NULL")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    })
}

fn is_known(vault: &Vault, path: &Path) -> Result<bool> {
    let (Some(clip), Some("age")) = (
        path.file_stem().and_then(OsStr::to_str),
        path.extension().and_then(OsStr::to_str),
    ) else {
        return Ok(false);
    };
    vault.read(|connection| {
        let known = connection
            .query_row("SELECT 1 FROM evidence WHERE clip = ?1", [clip], |_| Ok(()))
            .optional()?;
        Ok(known.is_some())
    })
}

/// Whether a living process is at the file: it holds the lock, or is about to take it.
fn is_alive(entry: &fs::DirEntry) -> Result<bool> {
    let metadata = match fs::symlink_metadata(entry.path()) {
        Ok(metadata) => metadata,
        // It got its final name, and its row will follow.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    if !metadata.is_file() {
        return Ok(false);
    }
    if entry.path().extension() == Some(OsStr::new("new")) {
        let age = metadata
            .modified()
            .ok()
            .and_then(|m| SystemTime::now().duration_since(m).ok());
        return Ok(age.is_none_or(|age| age < BEGINNING));
    }
    let file = match File::open(entry.path()) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        // What cannot be opened is nothing that this program made.
        Err(_) => return Ok(false),
    };
    Ok(matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

fn set_aside(vault: &Vault, path: &Path) -> Result<String> {
    let length = fs::symlink_metadata(path)?.len();
    // A name of our own, with as much of the old one as is harmless.
    let old: String = path
        .file_name()
        .map(OsStr::to_string_lossy)
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .take(80)
        .collect();
    let name = format!("{}-{old}", custos_protocol::id::fresh("file")?);
    vault.write(|tx| {
        let context = JournalContext::terminal(tx)?;
        journal::append(
            tx,
            &context,
            Event::Quarantined {
                name: name.clone(),
                length,
            },
        )?;
        fs::rename(path, vault.folder().quarantine().join(&name))?;
        sync_dir(&vault.folder().quarantine())?;
        sync_dir(&vault.folder().evidence())
    })?;
    Ok(name)
}
