//! After a crash: every clip that was being recorded is brought to its end.
//!
//! A torn file is cut to its committed chunks and completed with the committed tail as its last
//! chunk. Being killed in here changes nothing: the next recovery writes the same bytes again.
//!
//! How long it takes does not depend on the clip's length: chunks were synced before the
//! transaction that counted them, so that the tree which came with it is that of the file. The
//! ends of the file are looked at all the same, and the whole of it where it is short or where a
//! storage error ended the recording. What a dying medium did in between shows when the clip is
//! uploaded: the station computes the tree of what it got.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom};

use custos_protocol::clip::{self, ClipTree, SEALED_CHUNK};
use rusqlite::{Connection, OptionalExtension as _};
use zeroize::Zeroize as _;

use super::clip::{Committed, Origin};
use super::ending::{Ending, Links, NO_MEDIA, mark_failed};
use super::seal::{LastChunk, PayloadKey, keep_tail};
use crate::vault::Vault;
use crate::{Error, Result};

/// Chunks at the end of a long file that are looked at: 4 MiB, some seconds of video.
const LAST_CHUNKS: u64 = 64;

/// What recovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Clips that were brought to their end.
    pub recovered: Vec<String>,
    /// Clips that a living process is recording.
    pub live: Vec<String>,
    /// Clips whose file is missing or damaged.
    pub failed: Vec<String>,
}

/// Completes what was left unfinished.
///
/// # Errors
/// Storage errors. What was completed before stays so.
pub(crate) fn recover(vault: &Vault) -> Result<Recovery> {
    let mut report = Recovery::default();
    for clip in vault.read(unfinished)? {
        match complete(vault, &clip)? {
            Outcome::Recovered(_) => report.recovered.push(clip),
            Outcome::Live => report.live.push(clip),
            Outcome::Failed => report.failed.push(clip),
            Outcome::Done => {}
        }
    }
    Ok(report)
}

/// What became of an unfinished clip.
pub(super) enum Outcome {
    /// It is sealed; bytes of its file.
    Recovered(u64),
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
    /// A storage error ended it: nothing about the file is believed.
    failed: bool,
}

impl Remains {
    fn load(connection: &Connection, clip: &str) -> Result<Option<Self>> {
        let remains = connection
            .query_row(
                "SELECT officer, duty, case_no, recording, media, began_ms, payload_key,
                        header_length, committed_chunks, tail, tree, fragments, end_us,
                        state = 'failed'
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
                        failed: row.get(13)?,
                    })
                },
            )
            .optional()?;
        Ok(remains)
    }

    /// Where a chunk begins in the file.
    fn position(&self, chunk: u64) -> u64 {
        self.header_length + chunk * SEALED_CHUNK as u64
    }

    fn last_chunk(&self, tree: ClipTree) -> Result<LastChunk> {
        let key = self.key.as_ref().ok_or(Error::Damaged)?;
        Ok(LastChunk::of_torn_file(key, tree, &self.tail)?)
    }
}

/// The media types that are recorded piece by piece.
pub(crate) fn media(stored: &str) -> &'static str {
    match stored {
        "audio/mp4" => "audio/mp4",
        _ => "video/mp4",
    }
}

/// Brings an unfinished clip to its end, if nobody is recording it.
///
/// # Errors
/// Storage errors.
pub(super) fn complete(vault: &Vault, clip: &str) -> Result<Outcome> {
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

    let end = remains.position(remains.chunks);
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
        links: Links::default(),
        reason: (remains.committed.fragment == 0).then_some(NO_MEDIA),
    };
    vault.write(|tx| ending.write(tx))?;
    Ok(Outcome::Recovered(digest.length))
}

/// The tree of the committed chunks, if the file holds them.
fn committed_tree(file: &mut File, remains: &Remains) -> Result<Option<ClipTree>> {
    let kept = match &remains.tree {
        Some(tree) if tree.digest().chunks == remains.chunks => tree,
        _ => return Ok(None),
    };
    if file.metadata()?.len() < remains.position(remains.chunks) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(SEALED_CHUNK, file);
    let header = match clip::read_header(&mut reader) {
        Ok(header) if header.len() as u64 == remains.header_length => header,
        Ok(_) | Err(clip::ClipError::NotAge | clip::ClipError::Truncated) => return Ok(None),
        Err(clip::ClipError::Io(error)) => return Err(error.into()),
    };
    let whole = if remains.failed || remains.chunks <= LAST_CHUNKS {
        tree_of(&mut reader, &header, remains.chunks)?.digest() == kept.digest()
    } else {
        ends_are_whole(&mut reader, remains)?
    };
    Ok(whole.then(|| kept.clone()))
}

/// The tree over what is really in the file.
fn tree_of(reader: &mut impl Read, header: &[u8], chunks: u64) -> Result<ClipTree> {
    let mut tree = ClipTree::new(header);
    let mut chunk = vec![0; SEALED_CHUNK];
    for _ in 0..chunks {
        reader.read_exact(&mut chunk)?;
        tree.push(&chunk);
    }
    Ok(tree)
}

/// Whether the first and the last chunks are those that were sealed with this file's key.
fn ends_are_whole(reader: &mut (impl Read + Seek), remains: &Remains) -> Result<bool> {
    let key = remains.key.as_ref().ok_or(Error::Damaged)?;
    let mut chunk = vec![0; SEALED_CHUNK];
    for number in std::iter::once(0).chain(remains.chunks - LAST_CHUNKS..remains.chunks) {
        reader.seek(SeekFrom::Start(remains.position(number)))?;
        reader.read_exact(&mut chunk)?;
        if !key.opens(number, &mut chunk) {
            return Ok(false);
        }
    }
    chunk.zeroize();
    Ok(true)
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
