//! One evidence file and its row in the vault: begun, committed piece by piece, sealed.
//!
//! What is durable when, is decided here and nowhere else. The order of every step is such that
//! a kill between any two of them leaves something that recovery can complete.

use std::fs::{File, OpenOptions, TryLockError};
use std::sync::Arc;

use custos_protocol::clip::ClipDigest;
use custos_protocol::id;
use custos_protocol::journal::{Event, Sealed};
use rusqlite::{Transaction, params};

use super::mux::Fragment;
use super::seal::{self, Recipient, SealError, Sealer};
use crate::journal::{self, JournalContext};
use crate::vault::{Vault, sync_dir};
use crate::{Error, Result};

/// Whose evidence it is, and what kind.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) officer: String,
    pub(crate) duty: String,
    pub(crate) case: String,
    /// Clips of one recording share it.
    pub(crate) recording: String,
    /// Media type of the plaintext.
    pub(crate) media: &'static str,
}

/// What other evidence an item belongs to. Kept in the row and said in its seal entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Links {
    /// The photo that this one shows with a watermark.
    pub(crate) copy_of: Option<String>,
    /// The recording or clip that a note or a sheet speaks of.
    pub(crate) about: Option<String>,
    /// The sheet that this sheet adds to.
    pub(crate) amends: Option<String>,
}

/// How far a clip is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Committed {
    /// Fragments that survive any kill and power cut from now on.
    pub fragment: u32,
    /// Time at which the last of them ends, in µs from the recording's beginning.
    pub end_us: i64,
}

/// What the journal is told of at the next commit.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// An entry with the clip tree so far is due.
    pub(super) progress: bool,
    /// Samples whose time had to be moved since the last note.
    pub(super) repaired: u64,
    /// Samples that had to be dropped since the last note.
    pub(super) dropped: u64,
}

/// A row of the table `fragment`.
struct Place {
    number: u32,
    position: u64,
    length: u64,
    begin_us: i64,
    end_us: i64,
    sync: bool,
}

impl Place {
    /// Of a fragment whose bytes begin at `position` of the plaintext.
    fn of(fragment: &Fragment, position: u64) -> Self {
        let before = fragment.init_bytes as u64;
        Self {
            number: fragment.number,
            position: position + before,
            length: fragment.bytes() as u64 - before,
            begin_us: fragment.begin_us,
            end_us: fragment.end_us,
            sync: fragment.sync,
        }
    }
}

/// An evidence file that is being written.
#[derive(Debug)]
pub(super) struct Clip {
    vault: Arc<Vault>,
    origin: Origin,
    clip: String,
    /// Holds the exclusive lock by which other processes know that the clip is alive.
    file: File,
    sealer: Sealer,
    began_ms: i64,
    committed: Committed,
}

impl Clip {
    /// Begins a file: header durable, then the row and the journal entry in one transaction.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoRandom`].
    pub(super) fn begin(
        vault: Arc<Vault>,
        origin: Origin,
        recipients: &[Recipient],
    ) -> Result<Self> {
        let clip = id::fresh("clip")?;
        let begun = seal::begin(recipients)?;
        let file = create(&vault, &clip, &begun.header)?;
        let tree = begun.sealer.tree().to_bytes();
        let began_ms = vault.write(|tx| {
            let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
            let entry = journal::append(
                tx,
                &context,
                Event::RecordingBegan {
                    clip: clip.clone(),
                    recording: origin.recording.clone(),
                    media: origin.media.to_owned(),
                    case: origin.case.clone(),
                    recipients: recipients.iter().map(ToString::to_string).collect(),
                    previous: None,
                    pre_event_us: 0,
                },
            )?;
            tx.execute(
                "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                       began_ms, payload_key, header_length, tail, tree)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'recording', ?7, ?8, ?9, x'', ?10)",
                params![
                    clip,
                    origin.recording,
                    origin.officer,
                    origin.duty,
                    origin.case,
                    origin.media,
                    entry.time_ms,
                    begun.key.as_bytes(),
                    begun.header.len() as u64,
                    tree,
                ],
            )?;
            Ok(entry.time_ms)
        })?;
        Ok(Self {
            vault,
            origin,
            clip,
            file,
            sealer: begun.sealer,
            began_ms,
            committed: Committed::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.clip
    }

    pub(super) fn committed(&self) -> Committed {
        self.committed
    }

    /// Makes fragments durable: full chunks in the file, synced; then, in one transaction, the
    /// rest of the plaintext and where the file stands. An error is fatal for the clip: what was
    /// sealed is not sealed again, what failed to sync is not trusted again (invariants 6, 9).
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn commit(
        &mut self,
        fragments: &mut [Fragment],
        notes: &Notes,
    ) -> Result<Committed> {
        let before = self.sealer.chunks();
        let mut places = Vec::with_capacity(fragments.len());
        for fragment in fragments.iter_mut() {
            places.push(Place::of(fragment, self.sealer.position()));
            for part in fragment.parts_mut() {
                self.sealer.push_in_place(part, &mut self.file)?;
            }
        }
        if self.sealer.chunks() > before {
            self.file.sync_data().map_err(|_| Error::SyncFailed)?;
        }
        let mut now = self.committed;
        if let Some(last) = fragments.last() {
            now.fragment += fragments.len() as u32;
            now.end_us = now.end_us.max(last.end_us);
        }
        self.vault.write(|tx| {
            let changed = tx
                .prepare_cached(
                    "UPDATE evidence SET committed_chunks = ?2, tail = ?3, tree = ?4,
                                         fragments = ?5, end_us = ?6
                     WHERE clip = ?1 AND payload_key IS NOT NULL",
                )?
                .execute(params![
                    self.clip,
                    self.sealer.chunks(),
                    self.sealer.tail(),
                    self.sealer.tree().to_bytes(),
                    now.fragment,
                    now.end_us,
                ])?;
            if changed != 1 {
                return Err(Error::UnknownClip);
            }
            self.index(tx, &places)?;
            self.note(tx, notes, now)
        })?;
        self.committed = now;
        Ok(now)
    }

    /// Where the fragments lie: what playback looks up.
    fn index(&self, tx: &Transaction<'_>, places: &[Place]) -> Result<()> {
        let mut insert = tx.prepare_cached(
            "INSERT INTO fragment (clip, number, position, length, begin_us, end_us, sync)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for place in places {
            insert.execute(params![
                self.clip,
                place.number,
                place.position,
                place.length,
                place.begin_us,
                place.end_us,
                place.sync,
            ])?;
        }
        Ok(())
    }

    fn note(&self, tx: &Transaction<'_>, notes: &Notes, now: Committed) -> Result<()> {
        let mut events = Vec::new();
        if notes.repaired > 0 {
            events.push(Event::TimestampsRepaired {
                clip: self.clip.clone(),
                count: notes.repaired,
            });
        }
        if notes.dropped > 0 {
            events.push(Event::SamplesDropped {
                clip: self.clip.clone(),
                count: notes.dropped,
            });
        }
        if notes.progress {
            events.push(Event::RecordingProgress {
                clip: self.clip.clone(),
                digest: self.sealer.tree().digest(),
                fragments: now.fragment,
                end_us: now.end_us,
            });
        }
        if events.is_empty() {
            return Ok(());
        }
        let context = JournalContext::duty(tx, &self.origin.officer, &self.origin.duty)?;
        for event in events {
            journal::append(tx, &context, event)?;
        }
        Ok(())
    }

    /// Brings the file to its end. Everything in it must be committed: then whoever is killed
    /// in here leaves what recovery seals to the very same bytes.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn seal(mut self) -> Result<()> {
        let digest = self.sealer.close().complete(&mut self.file)?;
        self.file.sync_all().map_err(|_| Error::SyncFailed)?;
        let end = Ending {
            clip: &self.clip,
            origin: &self.origin,
            began_ms: self.began_ms,
            ended_ms: None,
            committed: self.committed,
            digest,
            recovered: false,
            links: Links::default(),
        };
        self.vault.write(|tx| end.write(tx))
    }

    /// Ends the clip where it stands after an error. Its key stays, so that what was committed
    /// can be completed by recovery, once the storage works again.
    pub(super) fn fail(self, error: &Error) {
        // If this fails too, the row still says that it is being recorded: recovery takes it.
        let _ = self
            .vault
            .write(|tx| mark_failed(tx, &self.clip, &self.origin, error.code(), true));
    }
}

/// The end of a clip: row and journal entry, in one transaction.
pub(super) struct Ending<'a> {
    pub(super) clip: &'a str,
    pub(super) origin: &'a Origin,
    pub(super) began_ms: i64,
    /// When it ended, if that is not now.
    pub(super) ended_ms: Option<i64>,
    pub(super) committed: Committed,
    pub(super) digest: ClipDigest,
    pub(super) recovered: bool,
    pub(super) links: Links,
}

impl Ending<'_> {
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<()> {
        let context = JournalContext::duty(tx, &self.origin.officer, &self.origin.duty)?;
        let ended_ms = self.ended_ms.unwrap_or(context.time.time_ms);
        if self.recovered {
            let event = Event::Recovered {
                clip: self.clip.to_owned(),
                fragments: self.committed.fragment,
                end_us: self.committed.end_us,
            };
            journal::append(tx, &context, event)?;
        }
        let sealed = Sealed {
            clip: self.clip.to_owned(),
            recording: self.origin.recording.clone(),
            media: self.origin.media.to_owned(),
            case: self.origin.case.clone(),
            began_ms: self.began_ms,
            ended_ms,
            duration_us: self.committed.end_us,
            fragments: self.committed.fragment,
            digest: self.digest,
            recovered: self.recovered,
            copy_of: self.links.copy_of.clone(),
            about: self.links.about.clone(),
            amends: self.links.amends.clone(),
        };
        let entry = journal::append(tx, &context, Event::Sealed(sealed))?;
        let changed = tx.execute(
            "UPDATE evidence SET state = ?2, reason = NULL, ended_ms = ?3, length = ?4, root = ?5,
                                 seal_seq = ?6, payload_key = NULL, tail = NULL, tree = NULL
             WHERE clip = ?1 AND seal_seq IS NULL",
            params![
                self.clip,
                if self.recovered {
                    "recovered"
                } else {
                    "sealed"
                },
                ended_ms,
                self.digest.length,
                self.digest.root.as_bytes(),
                entry.seq,
            ],
        )?;
        if changed == 1 {
            Ok(())
        } else {
            Err(Error::UnknownClip)
        }
    }
}

/// Records that a clip could not be brought to its end. `keep_key`: recovery will try.
pub(super) fn mark_failed(
    tx: &Transaction<'_>,
    clip: &str,
    origin: &Origin,
    reason: &str,
    keep_key: bool,
) -> Result<()> {
    let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
    let event = Event::RecordingFailed {
        clip: clip.to_owned(),
        reason: reason.to_owned(),
    };
    journal::append(tx, &context, event)?;
    tx.execute(
        "UPDATE evidence SET state = 'failed', reason = ?2, ended_ms = coalesce(ended_ms, ?3),
                             payload_key = iif(?4, payload_key, NULL)
         WHERE clip = ?1 AND seal_seq IS NULL",
        params![clip, reason, context.time.time_ms, keep_key],
    )?;
    Ok(())
}

/// Makes the file: locked before it has its name, and durable with its header when this returns.
pub(super) fn create(vault: &Vault, clip: &str, header: &[u8]) -> Result<File> {
    use std::io::Write as _;
    let path = vault.folder().clip(clip);
    let aside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&aside)?;
    let result = (|| {
        file.try_lock().map_err(lock_error)?;
        file.write_all(header)?;
        file.sync_all().map_err(|_| Error::SyncFailed)?;
        std::fs::rename(&aside, &path)?;
        sync_dir(&vault.folder().evidence())
    })();
    match result {
        Ok(()) => Ok(file),
        Err(error) => {
            // It holds nothing but a header, and no row knows it.
            let _ = std::fs::remove_file(&aside);
            Err(error)
        }
    }
}

pub(super) fn lock_error(error: TryLockError) -> Error {
    match error {
        TryLockError::WouldBlock => Error::InUse,
        TryLockError::Error(error) => error.into(),
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Random => Self::NoRandom,
            SealError::Write(error) => error.into(),
            SealError::BadRemains => Self::Damaged,
            SealError::NoRecipient | SealError::BadRecipient => {
                Self::Internal("the recipients of a recording are valid")
            }
        }
    }
}
