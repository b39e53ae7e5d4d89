//! A clip that an officer opened for viewing. A player reads it by the fast path, under a token.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{
    error::{ApiError, ApiResult},
    sample::Refusal,
    tokens::Tokens,
};

/// Bytes that one call gives at most.
pub(crate) const PIECE: usize = 1 << 20;

static OPEN: Tokens<custos_core::ClipReader> = Tokens::new();

/// A part of a clip, in µs from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ClipSpan {
    pub from_us: i64,
    pub to_us: i64,
}

/// What an officer opened, as one file that a player can go anywhere in. It ends with this
/// object, with its officer's, and when the terminal is locked or wiped.
#[derive(Debug, uniffi::Object)]
pub struct ClipReader {
    reader: Arc<custos_core::ClipReader>,
    token: i64,
}

impl ClipReader {
    pub(super) fn new(reader: custos_core::ClipReader) -> Arc<Self> {
        let reader = Arc::new(reader);
        let token = OPEN.insert(Arc::clone(&reader));
        Arc::new(Self { reader, token })
    }
}

#[uniffi::export]
impl ClipReader {
    /// What `FastPath.readAt` wants. It ends with closing this object.
    pub fn token(&self) -> i64 {
        self.token
    }

    pub fn size(&self) -> u64 {
        self.reader.size()
    }

    /// MIME type.
    pub fn media(&self) -> String {
        self.reader.media().to_owned()
    }

    /// What of the clip there is to see, which is a little more than was asked for: time 0 of a
    /// player is `from_us` of the clip. Nothing for a photo or a note.
    pub fn span(&self) -> Option<ClipSpan> {
        self.reader.span().map(|span| ClipSpan {
            from_us: span.from_us,
            to_us: span.to_us,
        })
    }

    /// Up to `length` bytes from `position` on, at most 1 MiB; none at the end.
    pub fn read_at(&self, position: u64, length: u32) -> ApiResult<Vec<u8>> {
        let left = self.reader.size().saturating_sub(position);
        let length = (length as usize).min(PIECE);
        let length = usize::try_from(left).map_or(length, |left| length.min(left));
        let mut bytes = vec![0; length];
        let read = self.reader.read_at(position, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

impl Drop for ClipReader {
    fn drop(&mut self) {
        OPEN.remove(self.token);
    }
}

/// Up to `length` bytes from `position` on of the reader of `token`; none at the end.
pub(crate) fn read(
    token: i64,
    position: u64,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let closed = custos_core::Error::ReaderClosed.code();
    let reader = OPEN.get(token).ok_or(Refusal::Reader(closed))?;
    let mut bytes = Zeroizing::new(vec![0; length.min(PIECE)]);
    match reader.read_at(position, &mut bytes) {
        Ok(read) => {
            bytes.truncate(read);
            Ok(bytes)
        }
        Err(error) => Err(Refusal::Reader(error.code())),
    }
}

/// As a shell gives it: microseconds, and nothing for the end.
pub(super) fn range(from_us: i64, to_us: Option<i64>) -> ApiResult<custos_core::ClipRange> {
    if to_us.is_some_and(|to_us| to_us <= from_us) {
        return Err(ApiError::from(custos_core::Error::EmptyRange));
    }
    Ok(custos_core::ClipRange { from_us, to_us })
}
