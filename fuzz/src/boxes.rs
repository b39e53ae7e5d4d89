//! Boxes of a file and their fields (ISO/IEC 14496-12, 4.2), for `walk`.

use super::Result;

/// A box: its type, where it begins in the file, and its payload.
pub struct Box<'a> {
    pub kind: [u8; 4],
    pub at: usize,
    /// Bytes of the header.
    pub header: usize,
    pub payload: &'a [u8],
}

impl std::fmt::Display for Box<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.kind.escape_ascii(), self.at)
    }
}

impl<'a> Box<'a> {
    pub fn end(&self) -> usize {
        self.at + self.header + self.payload.len()
    }

    pub fn children(&self) -> Boxes<'a> {
        Boxes::of(self.payload, self.at + self.header)
    }

    pub fn child(&self, kind: &[u8; 4]) -> Result<Box<'a>> {
        let mut found = None;
        let mut children = self.children();
        while let Some(child) = children.next()? {
            if child.kind == *kind && found.replace(child).is_some() {
                return Err(format!("{self}: two of {}", kind.escape_ascii()));
            }
        }
        found.ok_or_else(|| format!("{self}: no {}", kind.escape_ascii()))
    }

    /// Version and flags of a full box, and what follows.
    pub fn full(&self) -> Result<(u8, u32, Fields<'a>)> {
        let mut fields = Fields(self.payload);
        let word = fields.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff, fields))
    }
}

/// The boxes of a payload, one after the other.
pub struct Boxes<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Boxes<'a> {
    pub fn of(rest: &'a [u8], at: usize) -> Self {
        Self { rest, at }
    }

    pub fn next(&mut self) -> Result<Option<Box<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.at;
        let mut fields = Fields(self.rest);
        let short = u64::from(fields.u32()?);
        let kind = fields.u32()?.to_be_bytes();
        let (size, header) = if short == 1 {
            (fields.u64()?, 16)
        } else {
            (short, 8)
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|size| (header..=self.rest.len()).contains(size))
            .ok_or_else(|| {
                let (kind, left) = (kind.escape_ascii(), self.rest.len());
                format!("{kind} at {at}: {size} bytes, of {left}")
            })?;
        let (whole, rest) = self.rest.split_at(size);
        self.rest = rest;
        self.at += size;
        let payload = &whole[header..];
        Ok(Some(Box {
            kind,
            at,
            header,
            payload,
        }))
    }

    pub fn expect(&mut self, kind: &[u8; 4]) -> Result<Box<'a>> {
        let wanted = kind.escape_ascii();
        match self.next()? {
            Some(found) if found.kind == *kind => Ok(found),
            Some(other) => Err(format!("{other} where {wanted} belongs")),
            None => Err(format!("the end where {wanted} belongs")),
        }
    }
}

/// Big-endian fields.
pub struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or("a box is cut short")?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_be_bytes)
    }

    pub fn end(&self) -> Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("a box has {} bytes more than fields", self.0.len()))
        }
    }
}
