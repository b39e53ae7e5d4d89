//! After a crash: every clip that was being recorded is brought to its end.
//!
//! A torn file is cut to its committed chunks and completed with the committed tail as its last
//! chunk. Being killed in here changes nothing: the next recovery writes the same bytes again.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use custos_protocol::clip::{self, ClipTree, SEALED_CHUNK};
use custos_protocol::journal::Event;
use rusqlite::{Connection, OptionalExtension as _};

use super::clip::{Committed, Ending, Origin, mark_failed};
use super::seal::{LastChunk, PayloadKey, keep_tail};
use crate::journal::{self, JournalContext};
use crate::vault::{Vault, sync_dir};
use crate::{Error, Result};

/// A file without its final name belongs to a recording that is just beginning, for so long.
const BEGINNING: Duration = Duration::from_secs(60);

/// What recovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Clips that were brought to their end.
    pub recovered: Vec<String>,
    /// Clips that a living process is recording.
    pub live: Vec<String>,
    /// Clips whose file is missing or damaged.
    pub failed: Vec<String>,
    /// Files that the vault does not know: moved to `quarantine/` under these names.
    pub quarantined: Vec<String>,
}

/// Completes what was left unfinished, and sets unknown files aside.
///
/// # Errors
/// Storage errors. What was completed before stays so.
pub(crate) fn recover(vault: &Vault) -> Result<Recovery> {
    let mut report = Recovery::default();
    for clip in vault.read(unfinished)? {
        match complete(vault, &clip)? {
            Outcome::Recovered => report.recovered.push(clip),
            Outcome::Live => report.live.push(clip),
            Outcome::Failed => report.failed.push(clip),
            Outcome::Done => {}
        }
    }
    set_strangers_aside(vault, &mut report)?;
    Ok(report)
}

enum Outcome {
    Recovered,
    Live,
    Failed,
    /// Another process was faster.
    Done,
}

fn unfinished(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare("SELECT clip FROM evidence WHERE payload_key IS NOT NULL ORDER BY began_ms")?;
    let clips = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(clips)
}

/// What the vault kept of an unfinished clip.
struct Remains {
    origin: Origin,
    began_ms: i64,
    key: Option<PayloadKey>,
    header_length: u64,
    chunks: u64,
    tail: zeroize::Zeroizing<Vec<u8>>,
    tree: Option<ClipTree>,
    committed: Committed,
}

impl Remains {
    fn load(connection: &Connection, clip: &str) -> Result<Option<Self>> {
        let remains = connection
            .query_row(
                "SELECT officer, duty, case_no, recording, media, began_ms, payload_key,
                        header_length, committed_chunks, tail, tree, fragments, end_us
                 FROM evidence WHERE clip = ?1 AND payload_key IS NOT NULL",
                [clip],
                |row| {
                    let key: zeroize::Zeroizing<Vec<u8>> = zeroize::Zeroizing::new(row.get(6)?);
                    Ok(Self {
                        origin: Origin {
                            officer: row.get(0)?,
                            duty: row.get(1)?,
                            case: row.get(2)?,
                            recording: row.get(3)?,
                            media: media(&row.get::<_, String>(4)?),
                        },
                        began_ms: row.get(5)?,
                        key: PayloadKey::from_bytes(&key),
                        header_length: row.get(7)?,
                        chunks: row.get(8)?,
                        tail: keep_tail(row.get_ref(9)?.as_blob()?),
                        tree: ClipTree::from_bytes(row.get_ref(10)?.as_blob()?),
                        committed: Committed {
                            fragment: row.get(11)?,
                            end_us: row.get(12)?,
                        },
                    })
                },
            )
            .optional()?;
        Ok(remains)
    }

    fn last_chunk(&self, tree: ClipTree) -> Result<LastChunk> {
        let key = self.key.as_ref().ok_or(Error::Damaged)?;
        Ok(LastChunk::of_torn_file(key, tree, &self.tail)?)
    }
}

/// The media types that are recorded.
pub(crate) fn media(stored: &str) -> &'static str {
    match stored {
        "audio/mp4" => "audio/mp4",
        "image/jpeg" => "image/jpeg",
        _ => "video/mp4",
    }
}

fn complete(vault: &Vault, clip: &str) -> Result<Outcome> {
    let path = vault.folder().clip(clip);
    let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return give_up(vault, clip, "file-missing");
        }
        Err(error) => return Err(error.into()),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(Outcome::Live),
        Err(fs::TryLockError::Error(error)) => return Err(error.into()),
    }
    // Only now: whoever held the lock until a moment ago may have finished the clip.
    let Some(remains) = vault.read(|connection| Remains::load(connection, clip))? else {
        return Ok(Outcome::Done);
    };
    let Some(tree) = committed_tree(&mut file, &remains)? else {
        return give_up(vault, clip, "file-damaged");
    };
    let Ok(last) = remains.last_chunk(tree) else {
        return give_up(vault, clip, "file-damaged");
    };

    let end = remains.header_length + remains.chunks * SEALED_CHUNK as u64;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    let digest = last.complete(&mut file)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    let ended_ms = remains
        .began_ms
        .saturating_add(remains.committed.end_us / 1000);
    let ending = Ending {
        clip,
        origin: &remains.origin,
        began_ms: remains.began_ms,
        ended_ms: Some(ended_ms),
        committed: remains.committed,
        digest,
        recovered: true,
    };
    vault.write(|tx| ending.write(tx))?;
    Ok(Outcome::Recovered)
}

/// The tree over what is really in the file, if that is what was committed: after a sync that
/// failed, or on a dying medium, it may not be.
fn committed_tree(file: &mut File, remains: &Remains) -> Result<Option<ClipTree>> {
    let expected = match &remains.tree {
        Some(tree) if tree.digest().chunks == remains.chunks => tree.digest(),
        _ => return Ok(None),
    };
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(SEALED_CHUNK, file);
    let header = match clip::read_header(&mut reader) {
        Ok(header) if header.len() as u64 == remains.header_length => header,
        Ok(_) | Err(clip::ClipError::NotAge | clip::ClipError::Truncated) => return Ok(None),
        Err(clip::ClipError::Io(error)) => return Err(error.into()),
    };
    let mut tree = ClipTree::new(&header);
    let mut chunk = vec![0; SEALED_CHUNK];
    for _ in 0..remains.chunks {
        match reader.read_exact(&mut chunk) {
            Ok(()) => tree.push(&chunk),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((tree.digest() == expected).then_some(tree))
}

fn give_up(vault: &Vault, clip: &str, reason: &str) -> Result<Outcome> {
    vault.write(|tx| {
        let Some(remains) = Remains::load(tx, clip)? else {
            return Ok(Outcome::Done);
        };
        mark_failed(tx, clip, &remains.origin, reason, false)?;
        Ok(Outcome::Failed)
    })
}

/// Moves files that no row knows out of the evidence folder. They are never deleted.
fn set_strangers_aside(vault: &Vault, report: &mut Recovery) -> Result<()> {
    let evidence = vault.folder().evidence();
    for entry in fs::read_dir(&evidence)? {
        let entry = entry?;
        if is_known(vault, &entry.path())? || is_alive(&entry)? {
            continue;
        }
        // Asked again: a recording may have begun and ended between the two questions.
        if is_known(vault, &entry.path())? {
            continue;
        }
        let name = set_aside(vault, &entry.path())?;
        report.quarantined.push(name);
    }
    Ok(())
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
