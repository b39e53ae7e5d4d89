//! One evidence file and its row in the vault: begun, committed piece by piece, sealed.
//!
//! What is durable when, is decided here and nowhere else. The order of every step is such that
//! a kill between any two of them leaves something that recovery can complete.

use std::fs::{File, OpenOptions, TryLockError};
use std::sync::Arc;

use custos_protocol::id;
use custos_protocol::journal::Event;
use rusqlite::{Transaction, params};

use super::ending::{Ending, Links, NO_MEDIA, complete_after};
use super::mux::{Coding, Fragment};
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

/// How far a clip is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Committed {
    /// Fragments that survive any kill and power cut from now on.
    pub fragment: u32,
    /// Time at which the last of them ends, in µs from the clip's beginning.
    pub end_us: i64,
}

/// How a clip begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning<'a> {
    pub(super) origin: &'a Origin,
    pub(super) recipients: &'a [Recipient],
    /// The clip that it follows without a gap.
    pub(super) previous: Option<&'a str>,
    /// How much of its media was before the press of the button.
    pub(super) pre_event_us: i64,
    /// So long ago was its first sample.
    pub(super) ago_us: i64,
}

/// What is noted beside the fragments at the next commit, most of it in the journal.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// An entry with the clip tree so far is due.
    pub(super) progress: bool,
    /// Samples whose time had to be moved since the last note.
    pub(super) repaired: u64,
    /// Samples that had to be dropped since the last note.
    pub(super) dropped: u64,
    /// The storage runs out.
    pub(super) storage: Option<Event>,
    /// What the tracks are, which is settled with the first fragment.
    pub(super) coding: Option<Coding>,
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        !self.progress && self.repaired + self.dropped == 0 && self.storage.is_none()
    }
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
    /// Nothing in it is half-written.
    sound: bool,
}

impl Beginning<'_> {
    fn event(&self, clip: &str) -> Event {
        Event::RecordingBegan {
            clip: clip.to_owned(),
            recording: self.origin.recording.clone(),
            media: self.origin.media.to_owned(),
            case: self.origin.case.clone(),
            recipients: self.recipients.iter().map(ToString::to_string).collect(),
            previous: self.previous.map(str::to_owned),
            pre_event_us: self.pre_event_us,
        }
    }
}

impl Clip {
    /// Begins a file: header durable, then the row and the journal entry in one transaction.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoRandom`].
    pub(super) fn begin(vault: Arc<Vault>, beginning: &Beginning<'_>) -> Result<Self> {
        let Beginning {
            origin, recipients, ..
        } = *beginning;
        let clip = id::fresh("clip")?;
        let begun = seal::begin(recipients)?;
        let file = create(&vault, &clip, &begun.header)?;
        let tree = begun.sealer.tree().to_bytes();
        let began_ms = vault.write(|tx| {
            let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
            let began_ms = context.time.time_ms - beginning.ago_us / 1_000;
            journal::append(tx, &context, beginning.event(&clip))?;
            tx.execute(
                "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state,
                                       began_ms, payload_key, header_length, tail, tree,
                                       previous, pre_event_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'recording', ?7, ?8, ?9, x'', ?10, ?11, ?12)",
                params![
                    clip,
                    origin.recording,
                    origin.officer,
                    origin.duty,
                    origin.case,
                    origin.media,
                    began_ms,
                    begun.key.as_bytes(),
                    begun.header.len() as u64,
                    tree,
                    beginning.previous,
                    beginning.pre_event_us,
                ],
            )?;
            Ok(began_ms)
        })?;
        Ok(Self {
            vault,
            origin: origin.clone(),
            clip,
            file,
            sealer: begun.sealer,
            began_ms,
            committed: Committed::default(),
            sound: true,
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
        self.sound = false;
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
        now.fragment += fragments.len() as u32;
        // With B-frames a fragment that was ended on demand can reach beyond the one after it.
        for fragment in fragments.iter() {
            now.end_us = now.end_us.max(fragment.end_us);
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
            if let Some(coding) = &notes.coding {
                tx.execute(
                    "UPDATE evidence SET codecs = ?2, rotation = ?3 WHERE clip = ?1",
                    (&self.clip, &coding.codecs, coding.rotation),
                )?;
            }
            self.note(tx, notes, now)
        })?;
        (self.committed, self.sound) = (now, true);
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
        events.extend(notes.storage.clone());
        if events.is_empty() {
            return Ok(());
        }
        let context = JournalContext::duty(tx, &self.origin.officer, &self.origin.duty)?;
        for event in events {
            journal::append(tx, &context, event)?;
        }
        Ok(())
    }

    /// Writes an entry of the recording's duty.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn journal(&self, event: Event) -> Result<()> {
        self.vault.write(|tx| {
            let context = JournalContext::duty(tx, &self.origin.officer, &self.origin.duty)?;
            journal::append(tx, &context, event).map(drop)
        })
    }

    /// Brings the file to its end; gives its length. Everything in it must be committed: then
    /// whoever is killed in here leaves what recovery seals to the very same bytes.
    ///
    /// # Errors
    /// Storage errors; the clip is dealt with as by [`Clip::give_up`] then.
    pub(super) fn seal(self) -> Result<u64> {
        let Self {
            vault,
            origin,
            clip,
            mut file,
            sealer,
            began_ms,
            committed,
            ..
        } = self;
        let result = sealer
            .close()
            .complete(&mut file)
            .map_err(Error::from)
            .and_then(|digest| {
                file.sync_all().map_err(|_| Error::SyncFailed)?;
                let end = Ending {
                    clip: &clip,
                    origin: &origin,
                    began_ms,
                    ended_ms: None,
                    committed,
                    digest,
                    recovered: false,
                    links: Links::default(),
                    reason: (committed.fragment == 0).then_some(NO_MEDIA),
                };
                vault.write(|tx| end.write(tx))?;
                Ok(digest.length)
            });
        result.or_else(|error| {
            drop(file);
            complete_after(&vault, &clip, &origin, &error)?;
            Err(error)
        })
    }

    /// Ends the clip where it stands after an error. If the storage allows it, it is sealed with
    /// what was committed; else its key stays, so that recovery can do that later.
    ///
    /// # Errors
    /// What keeps it from being sealed.
    pub(super) fn give_up(self, error: &Error) -> Result<u64> {
        if self.sound {
            return self.seal();
        }
        let Self {
            vault,
            origin,
            clip,
            file,
            ..
        } = self;
        // With its lock, which recovery will want.
        drop(file);
        complete_after(&vault, &clip, &origin, error)
    }
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
