//! Photos of an officer, and the small pictures of them that a list shows.

use std::{collections::BTreeSet, io::Read as _, sync::PoisonError};

use age::Decryptor;
use custos_access::Action;
use custos_protocol::journal::Event;
use rusqlite::OptionalExtension as _;

use super::{EvidenceItem, Officer, access, evidence};
use crate::{
    Error, Result,
    device::state::{self, Device},
    record::{
        ending::Links,
        photo::{self, Watermark, picture},
        whole::{self, Done, Whole},
    },
};

/// Most thumbnails of one call: their journal entry has at most 64 KiB.
const MAX_THUMBNAILS: usize = 500;

/// How a photo is taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct PhotoSpec {
    /// Whether a copy with a watermark is made; `None`: as the policy says.
    pub watermark: Option<bool>,
}

/// A photo that was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// The original, byte for byte.
    pub item: EvidenceItem,
    /// The copy with a watermark where one was to be made. If that failed, the original is sealed
    /// all the same: taking the photo again would only double it.
    pub copy: Option<Result<EvidenceItem>>,
}

impl Officer {
    /// Seals a photo (JPEG), as [`Officer::photo_with`] does by the policy.
    ///
    /// # Errors
    /// As there.
    pub fn photo(&self, jpeg: &[u8]) -> Result<EvidenceItem> {
        Ok(self.photo_with(jpeg, PhotoSpec::default())?.item)
    }

    /// Seals a photo (JPEG) with a thumbnail, then a copy with a watermark if that is wanted.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`], [`Error::Media`], [`Error::Full`], storage errors: nothing is sealed.
    pub fn photo_with(&self, jpeg: &[u8], spec: PhotoSpec) -> Result<Photo> {
        let mut start = self.start()?;
        start.origin.media = photo::MEDIA;
        let own = self.recipient()?;
        self.make_room(&start, jpeg.len())?;
        let (policy, device) = self
            .vault
            .read(|c| Ok((state::policy(c)?, Device::load(c)?)))?;
        picture::with(jpeg, |picture| {
            let small = whole::seal_small(&picture.thumbnail()?, &[own])?;
            let original = Whole {
                origin: &start.origin,
                links: Links::default(),
                recipients: &start.recipients,
                plaintext: jpeg,
            };
            let done = whole::seal(&self.vault, &original, |tx, clip| {
                let insert = "INSERT INTO thumbnail (clip, sealed) VALUES (?1, ?2)";
                tx.execute(insert, (clip, &small))?;
                Ok(())
            })?;
            let item = self.item(&done.clip)?;
            let copy = spec
                .watermark
                .unwrap_or(policy.recording.watermark)
                .then(|| {
                    let watermark = Watermark {
                        time_ms: done.time_ms,
                        utc_offset_min: policy.utc_offset_min,
                        clock: done.clock,
                        officer: &self.officer,
                        terminal: &device.terminal,
                        case: &item.case,
                        original: &done.clip,
                    };
                    self.seal_copy(&watermark.copy(picture)?, &done)
                });
            Ok(Photo { item, copy })
        })
    }

    fn seal_copy(&self, jpeg: &[u8], original: &Done) -> Result<EvidenceItem> {
        let mut start = self.start()?;
        start.origin.media = photo::MEDIA;
        self.make_room(&start, jpeg.len())?;
        let copy = Whole {
            origin: &start.origin,
            links: Links {
                copy_of: Some(original.clip.clone()),
                ..Links::default()
            },
            recipients: &start.recipients,
            plaintext: jpeg,
        };
        let done = whole::seal(&self.vault, &copy, |_, _| Ok(()))?;
        self.item(&done.clip)
    }

    /// The thumbnail of one of the officer's own photos, as [`Officer::thumbnails`] gives it.
    ///
    /// # Errors
    /// As there.
    pub fn thumbnail(&self, clip: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.thumbnails(&[clip])?.pop().flatten())
    }

    /// Thumbnails of the officer's own photos: JPEGs with at most 320 pixels on a side, upright;
    /// `None` for what has none. They are sealed to the officer alone, and looking at them is
    /// journalled before the first is opened, once for each since the PIN was entered.
    ///
    /// # Errors
    /// [`Error::UnknownClip`], [`Error::Locked`], storage errors; [`Error::Internal`] for more
    /// than 500.
    pub fn thumbnails(&self, clips: &[&str]) -> Result<Vec<Option<Vec<u8>>>> {
        if clips.len() > MAX_THUMBNAILS {
            return Err(Error::Internal("at most 500 thumbnails are asked for"));
        }
        access::require(&self.vault, &self.officer, Action::EvidencePreview, clips)?;
        let mut previewed = self
            .previewed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sealed = self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            let mut found = Vec::with_capacity(clips.len());
            let mut first_seen = BTreeSet::new();
            for clip in clips {
                evidence::find(tx, &self.officer, clip)?;
                let sealed: Option<Vec<u8>> = tx
                    .prepare_cached("SELECT sealed FROM thumbnail WHERE clip = ?1")?
                    .query_row([clip], |row| row.get(0))
                    .optional()?;
                if sealed.is_some() && !previewed.contains(*clip) {
                    first_seen.insert((*clip).to_owned());
                }
                found.push(sealed);
            }
            if !first_seen.is_empty() {
                let clips = first_seen.iter().cloned().collect();
                self.journal(tx, Event::Previewed { clips })?;
            }
            Ok((found, first_seen))
        });
        let (sealed, mut first_seen) = sealed?;
        previewed.append(&mut first_seen);
        drop(previewed);
        let open = |sealed: Option<Vec<u8>>| sealed.map(|file| self.open_small(&file)).transpose();
        sealed.into_iter().map(open).collect()
    }

    /// Opens what [`whole::seal_small`] sealed to this officer.
    fn open_small(&self, file: &[u8]) -> Result<Vec<u8>> {
        let mut plaintext = Vec::new();
        let identity: &dyn age::Identity = self.identity.age();
        Decryptor::new_buffered(file)
            .and_then(|decryptor| decryptor.decrypt(std::iter::once(identity)))
            .map_err(|_| Error::Damaged)?
            .read_to_end(&mut plaintext)
            .map_err(|_| Error::Damaged)?;
        Ok(plaintext)
    }
}
