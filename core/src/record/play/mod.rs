//! A sealed clip as a player reads it: one file in which it can go anywhere at once.
//!
//! Players find their way in fragmented MP4 by a `sidx` before the first fragment, which a
//! recorder that never writes backwards cannot leave there. So a [`View`] puts it in front:
//! `ftyp` and `moov` with the duration in `mehd`, a `sidx` for each track, and then the fragments
//! as they were sealed, decrypted as they are asked for. A view of a range of time has the fragments of that
//! range alone, and its time begins with them.
//!
//! # Layout
//!
//! - here: [`View`]; `init`: what stands before the fragments; `moved`: times that begin anew
//! - `index`: which fragments, and `sidx`; `walk`: fragments of a clip that nobody indexed
//! - `boxes`: reading boxes

mod boxes;
mod index;
mod init;
mod moved;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{Read, Seek};
use std::ops::Range;

use zeroize::Zeroizing;

pub(crate) use self::index::{Place, load};
use self::init::Init;
use self::moved::Moved;
use super::open::Opened;
use crate::{Error, EvidenceFault, Result};

/// A range of time in a clip, in µs from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipRange {
    pub from_us: i64,
    /// `None`: to the end.
    pub to_us: Option<i64>,
}

impl ClipRange {
    /// All of it.
    pub const WHOLE: Self = Self {
        from_us: 0,
        to_us: None,
    };

    pub(crate) fn is_whole(self) -> bool {
        self.from_us <= 0 && self.to_us.is_none()
    }
}

impl Default for ClipRange {
    fn default() -> Self {
        Self::WHOLE
    }
}

/// What of a clip a view shows, in µs from the clip's beginning: time 0 of the view is `from_us`
/// of the clip. It holds whole fragments, so that it is no less than what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from_us: i64,
    pub to_us: i64,
}

/// See the module.
pub struct View<R> {
    file: Opened<R>,
    /// What stands before the fragments; nothing where the plaintext is given as it is.
    head: Zeroizing<Vec<u8>>,
    /// The part of the plaintext that follows.
    run: Range<u64>,
    moved: Option<Moved>,
    span: Option<Span>,
}

impl<R> std::fmt::Debug for View<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("file", &self.file)
            .field("run", &self.run)
            .field("span", &self.span)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> View<R> {
    /// The plaintext as it is: a photo, a note.
    pub fn plain(file: Opened<R>) -> Self {
        Self {
            run: 0..file.size(),
            file,
            head: Zeroizing::default(),
            moved: None,
            span: None,
        }
    }

    /// A clip of which nothing is known but the file: whole, it is given as it is; for a range,
    /// the heads of its fragments are read.
    ///
    /// # Errors
    /// As [`View::of`].
    pub fn unindexed(file: Opened<R>, range: ClipRange) -> Result<Self> {
        Self::of(file, Vec::new(), range)
    }

    /// A clip whose fragments lie at `places`. Where these do not fit the file, it is read as
    /// [`View::unindexed`] does.
    ///
    /// # Errors
    /// [`Error::EmptyRange`]; [`Error::Evidence`] with [`EvidenceFault::NotMedia`] where a range
    /// is asked for of what is no fragmented MP4, or as [`Opened::read_at`]; [`Error::Io`].
    pub(crate) fn of(
        mut file: Opened<R>,
        mut places: Vec<Place>,
        range: ClipRange,
    ) -> Result<Self> {
        let (from_us, to_us) = (range.from_us.max(0), range.to_us.unwrap_or(i64::MAX));
        if to_us <= from_us {
            return Err(Error::EmptyRange);
        }
        if !index::is_whole(&places, file.size()) {
            if range.is_whole() {
                return Ok(Self::plain(file));
            }
            places = walk::places(&mut file, to_us)?;
        }
        let needed = index::needed(&places, from_us, to_us).ok_or(Error::EmptyRange)?;
        let Some(init) = Init::read(&mut file, places[0].position)? else {
            if range.is_whole() {
                return Ok(Self::plain(file));
            }
            return Err(Error::Evidence(EvidenceFault::NotMedia));
        };
        let later = needed.start > 0;
        places.truncate(needed.end);
        places.drain(..needed.start);
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return Err(Error::EmptyRange);
        };
        let run = first.position..last.end();
        let delay_us = walk::delay_us(&mut file, &init, *first)?;
        let moved = if later {
            Some(Moved::new(&mut file, &init, places.clone())?)
        } else {
            None
        };
        let span = Span {
            from_us: moved.as_ref().map_or(0, Moved::by_us),
            to_us: places.iter().map(|p| p.end_us).max().unwrap_or(0),
        };
        let Some(head) = init.before(&places, span, delay_us) else {
            // More than an index can say: a player will have to look for itself.
            return Ok(Self::plain(file));
        };
        Ok(Self {
            file,
            head,
            run,
            moved,
            span: Some(span),
        })
    }

    /// Bytes of the view.
    pub fn size(&self) -> u64 {
        self.head.len() as u64 + (self.run.end - self.run.start)
    }

    /// What of the clip it shows; `None` where the plaintext is given as it is.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// Fills `buffer` with what stands at `position`; less only at the end, 0 beyond it. What
    /// `buffer` holds after an error is no result.
    ///
    /// # Errors
    /// As [`Opened::read_at`].
    pub fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize> {
        let head = self.head.len() as u64;
        let mut filled = 0;
        if position < head {
            let rest = &self.head[position as usize..];
            filled = rest.len().min(buffer.len());
            buffer[..filled].copy_from_slice(&rest[..filled]);
        }
        let Some(at) = position
            .checked_add(filled as u64)
            .and_then(|at| at.checked_sub(head))
            .and_then(|at| self.run.start.checked_add(at))
        else {
            return Ok(filled);
        };
        let left = self.run.end.saturating_sub(at);
        let wanted = (buffer.len() - filled).min(usize::try_from(left).unwrap_or(usize::MAX));
        let target = &mut buffer[filled..filled + wanted];
        let read = self.file.read_at(at, target)?;
        if let Some(moved) = &mut self.moved {
            moved.apply(&mut self.file, at, &mut target[..read])?;
        }
        Ok(filled + read)
    }
}
