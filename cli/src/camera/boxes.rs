//! Finding boxes (ISO/IEC 14496-12 §4.2), in a file and in memory, without believing their sizes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use mp4_atom::Atom;

use super::CameraError;

/// A box in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileBox {
    pub(super) kind: [u8; 4],
    /// Where the box begins, and where its content does.
    pub(super) start: u64,
    pub(super) body: u64,
    /// Where it says that it ends. May lie behind the end of the file.
    pub(super) end: u64,
}

impl FileBox {
    /// The box at `start`; `None` where too little is left for one.
    pub(super) fn at(
        file: &mut File,
        start: u64,
        length: u64,
    ) -> Result<Option<Self>, CameraError> {
        let mut header = [0; 16];
        let there = length.saturating_sub(start).min(16) as usize;
        if there < 8 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut header[..there])?;
        let [s0, s1, s2, s3, k0, k1, k2, k3, large @ ..] = header;
        let kind = [k0, k1, k2, k3];
        let (size, head) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (length - start, 8),
            1 if there == 16 => (u64::from_be_bytes(large), 16),
            1 => return Ok(None),
            size => (u64::from(size), 8),
        };
        if size < head {
            return Err(CameraError::Broken("a box is smaller than its header"));
        }
        let end = start
            .checked_add(size)
            .ok_or(CameraError::Broken("a box has no end"))?;
        Ok(Some(Self {
            kind,
            start,
            body: start + head,
            end,
        }))
    }

    /// The content, if it is all there and not larger than `most`.
    pub(super) fn read(
        &self,
        file: &mut File,
        length: u64,
        most: u64,
    ) -> Result<Vec<u8>, CameraError> {
        if self.end > length {
            return Err(CameraError::Broken("the file ends inside a box"));
        }
        let size = self.end - self.body;
        if size > most {
            return Err(CameraError::Broken("a box is too large"));
        }
        let mut content = vec![0; size as usize];
        file.seek(SeekFrom::Start(self.body))?;
        file.read_exact(&mut content)?;
        Ok(content)
    }
}

/// The boxes in a box. What does not fit ends the list.
pub(super) fn children(mut data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (size, rest) = data.split_first_chunk::<4>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (size, head) = match u32::from_be_bytes(*size) {
            0 => (data.len(), 8),
            1 => (
                usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?,
                16,
            ),
            size => (usize::try_from(size).ok()?, 8),
        };
        let body = data.get(head..size)?;
        data = &data[size..];
        Some((*kind, body))
    })
}

/// The first box of a kind.
pub(super) fn child<'a>(data: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(data)
        .find(|(k, _)| k == kind)
        .map(|(_, body)| body)
}

/// Decodes the content of a box; what is left over is ignored.
pub(super) fn decode<T: Atom>(mut body: &[u8]) -> Result<T, CameraError> {
    T::decode_body(&mut body).map_err(|_| CameraError::Broken("a box cannot be read"))
}

/// Decodes the first box of a kind, if there is one.
pub(super) fn decode_child<T: Atom>(data: &[u8]) -> Result<Option<T>, CameraError> {
    child(data, T::KIND.as_ref()).map(decode).transpose()
}

/// Decodes a box that must be there.
pub(super) fn need<T: Atom>(data: &[u8]) -> Result<T, CameraError> {
    decode_child(data)?.ok_or(CameraError::Broken("a box is missing"))
}
