//! Text notes: evidence like any other.

use rusqlite::{Connection, OptionalExtension as _};

use super::{EvidenceItem, Officer};
use crate::{
    Error, Result,
    record::{
        ending::Links,
        whole::{self, Whole},
    },
};

/// Bytes of the longest note.
pub const MAX_NOTE: usize = 64 << 10;

/// Media type of a note.
const MEDIA: &str = "text/plain; charset=utf-8";

impl Officer {
    /// Seals a text under the duty's case, byte for byte; `about` names one of the officer's own
    /// recordings or clips that it speaks of.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`]; [`Error::Media`] `empty-note` or `note-too-long`;
    /// [`Error::UnknownClip`] for what it would be about; [`Error::Full`], storage errors.
    pub fn note(&self, text: &str, about: Option<&str>) -> Result<EvidenceItem> {
        if text.trim().is_empty() {
            return Err(Error::Media("empty-note"));
        }
        if text.len() > MAX_NOTE {
            return Err(Error::Media("note-too-long"));
        }
        let mut start = self.start()?;
        start.origin.media = MEDIA;
        if let Some(about) = about {
            let recording = self.vault.read(|c| recording_of(c, &self.officer, about))?;
            recording.ok_or(Error::UnknownClip)?;
        }
        self.make_room(&start, text.len())?;
        let note = Whole {
            origin: &start.origin,
            links: Links {
                about: about.map(str::to_owned),
                ..Links::default()
            },
            recipients: &start.recipients,
            plaintext: text.as_bytes(),
        };
        let done = whole::seal(&self.vault, &note, |_, _| Ok(()))?;
        self.item(&done.clip)
    }
}

/// The recording of that name, or the one that the clip of that name is of (that a sheet of that
/// name is about); another officer's is as unknown as one that does not exist.
///
/// # Errors
/// Storage errors.
pub(super) fn recording_of(
    connection: &Connection,
    officer: &str,
    name: &str,
) -> Result<Option<String>> {
    let find = |sql: &str| {
        connection
            .prepare_cached(sql)?
            .query_row((name, officer), |row| row.get(0))
            .optional()
    };
    let by_clip = "SELECT iif(media = 'application/json', about, recording) FROM evidence
                   WHERE clip = ?1 AND officer = ?2";
    let by_name = "SELECT recording FROM evidence WHERE recording = ?1 AND officer = ?2 LIMIT 1";
    Ok(match find(by_clip)? {
        Some(recording) => Some(recording),
        None => find(by_name)?,
    })
}
