//! A clip opened for viewing. Invariant 4: its journal entry is durable before its first byte is
//! given out; where the entry cannot be written, there is no reader.

use std::{
    fmt,
    fs::File,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use custos_protocol::journal::Event;

use super::{EvidenceState, evidence};
use crate::{
    Error, EvidenceFault, Result,
    device::state,
    journal::{self, JournalContext},
    record::{
        open::Opened,
        play::{self, ClipRange, Place, Span, View},
    },
    vault::{Vault, officer::Identity},
};

/// How old an answer to "may this still be seen?" may be. What happens in this process counts at
/// once; this is for a terminal that another process locked or wiped.
const STALE: Duration = Duration::from_millis(100);

/// An officer's own clip, decrypted piece by piece as it is read. Cheap to clone, and may be
/// used from any thread.
///
/// It keeps the payload key of this one clip and nothing of the officer's identity. It ends when
/// the terminal is locked or wiped, and when the last clone of the [`Officer`](super::Officer) who
/// opened it is dropped. Key and plaintext are erased with the last clone of the reader, or by the
/// first read that is refused.
#[derive(Clone)]
pub struct ClipReader {
    shared: Arc<Shared>,
}

struct Shared {
    vault: Arc<Vault>,
    media: String,
    size: u64,
    span: Option<Span>,
    state: Mutex<State>,
}

struct State {
    /// `None` once it may not be seen any more.
    view: Option<View<File>>,
    /// Whether the officer is still there.
    officer: Weak<Identity>,
    /// [`Vault::recalls`] and the time when it was last found that this may be seen.
    checked: (u64, Instant),
}

impl fmt::Debug for ClipReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClipReader")
            .field("size", &self.shared.size)
            .finish_non_exhaustive()
    }
}

impl ClipReader {
    /// Bytes of the view.
    pub fn size(&self) -> u64 {
        self.shared.size
    }

    /// Media type of the plaintext.
    pub fn media(&self) -> &str {
        &self.shared.media
    }

    /// What of the clip there is to see; `None` where all of it is given as it is.
    pub fn span(&self) -> Option<Span> {
        self.shared.span
    }

    /// Fills `buffer` with what stands at `position`; less only at the end, 0 beyond it. What
    /// `buffer` holds after an error is no result.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Wiped`], [`Error::ReaderClosed`]; [`Error::Evidence`] for a
    /// part that is not what was sealed; storage errors.
    pub fn read_at(&self, position: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut state = self.lock();
        if let Err(error) = self.may_be_seen(&mut state) {
            if matches!(error, Error::Locked | Error::Wiped | Error::ReaderClosed) {
                // Key and plaintext leave memory; an unlock does not bring them back.
                state.view = None;
            }
            return Err(error);
        }
        let view = state.view.as_mut().ok_or(Error::ReaderClosed)?;
        view.read_at(position, buffer)
    }

    fn may_be_seen(&self, state: &mut State) -> Result<()> {
        if state.officer.strong_count() == 0 {
            return Err(Error::ReaderClosed);
        }
        let (recalls, at) = state.checked;
        let now = (self.shared.vault.recalls(), Instant::now());
        if recalls != now.0 || now.1.saturating_duration_since(at) >= STALE {
            self.shared.vault.read(state::refuse_if_locked)?;
            state.checked = now;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves at most a cache without the chunk that was wanted.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proof that a view is journalled: nothing else makes one.
struct Viewed(());

impl Viewed {
    fn journal(
        vault: &Vault,
        officer: &str,
        clip: &str,
        span: Option<Span>,
        grant: Option<&str>,
    ) -> Result<Self> {
        vault.write(|tx| {
            // Asked again, in the transaction that says yes.
            state::refuse_if_locked(tx)?;
            evidence::find_allowed(tx, officer, clip, grant)?;
            let event = Event::Viewed {
                clip: clip.to_owned(),
                from_us: span.map_or(0, |span| span.from_us),
                to_us: span.map(|span| span.to_us),
                grant: grant.map(str::to_owned),
            };
            journal::append(tx, &JournalContext::officer(tx, officer)?, event).map(drop)
        })?;
        Ok(Self(()))
    }
}

/// What the vault says of a clip that may be opened.
struct Known {
    media: String,
    length: u64,
    places: Vec<Place>,
}

/// Opens a clip of the officer's own, or one that `grant` gives. What is wrong with the file is
/// found before anything is journalled, also that it is not sealed to this officer, which no grant
/// changes; what is journalled is all that can be read.
///
/// # Errors
/// See [`Officer::open_clip`](super::Officer::open_clip).
pub(super) fn open(
    vault: &Arc<Vault>,
    (officer, identity): (&str, &Arc<Identity>),
    clip: &str,
    range: ClipRange,
    grant: Option<&str>,
) -> Result<ClipReader> {
    let recalls = vault.recalls();
    let known = vault.read(|c| {
        state::refuse_if_locked(c)?;
        let item = evidence::find_allowed(c, officer, clip, grant)?;
        let ended = matches!(
            item.state,
            EvidenceState::Sealed
                | EvidenceState::Recovered
                | EvidenceState::Uploading
                | EvidenceState::Confirmed
        );
        Ok(Known {
            length: item.length.filter(|_| ended).ok_or(Error::NotSealed)?,
            media: item.media,
            places: play::load(c, clip)?,
        })
    })?;
    let file = File::open(vault.folder().clip(clip))?;
    let there = file.metadata()?.len();
    if there != known.length {
        return Err(Error::Evidence(if there < known.length {
            EvidenceFault::Truncated
        } else {
            EvidenceFault::Trailing
        }));
    }
    let opened = Opened::new(file, identity.age())?;
    let view = match known.media.as_str() {
        "video/mp4" | "audio/mp4" => View::of(opened, known.places, range)?,
        _ => View::plain(opened),
    };
    let whole = range.is_whole();
    let shown = view.span().filter(|_| !whole);
    let viewed = Viewed::journal(vault, officer, clip, shown, grant)?;
    Ok(give_out(
        vault,
        identity,
        known.media,
        view,
        recalls,
        viewed,
    ))
}

fn give_out(
    vault: &Arc<Vault>,
    identity: &Arc<Identity>,
    media: String,
    view: View<File>,
    recalls: u64,
    _: Viewed,
) -> ClipReader {
    ClipReader {
        shared: Arc::new(Shared {
            vault: vault.clone(),
            media,
            size: view.size(),
            span: view.span(),
            state: Mutex::new(State {
                view: Some(view),
                officer: Arc::downgrade(identity),
                checked: (recalls, Instant::now()),
            }),
        }),
    }
}

#[cfg(test)]
mod tests;
