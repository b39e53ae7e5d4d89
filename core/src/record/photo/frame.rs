//! What a JPEG claims to be (ITU-T T.81, annex B), read from its markers alone: so a picture that
//! is too large, or not whole, is refused before memory is taken for it.

use crate::{Error, Result};

/// Pixels on a side of the largest photo taken.
const MAX_SIDE: u16 = 20_000;

/// Pixels of the largest photo: 64 Mi at 3 bytes each are 192 MiB …
const MAX_PIXELS: u32 = 64 << 20;

/// … and of one whose coefficients have to be kept beside the pixels until its last scan.
const MAX_PROGRESSIVE_PIXELS: u32 = 24 << 20;

/// Scans of one picture. Encoders make about ten; thousands over few bytes only cost time.
const MAX_SCANS: u32 = 100;

/// A picture's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) progressive: bool,
    /// Pixels of the blocks that are coded together (T.81, A.2): what is in one of them has left
    /// traces in all of it.
    pub(crate) block: (u32, u32),
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// Walks the markers from the beginning to the end of the image.
///
/// # Errors
/// [`Error::Media`]: `not-a-jpeg`, `photo-truncated` (no end-of-image marker), `photo-too-large`.
pub(crate) fn read(jpeg: &[u8]) -> Result<Frame> {
    if jpeg.len() > super::MAX_PHOTO {
        return Err(TOO_LARGE);
    }
    let mut walk = Walk { rest: jpeg };
    if walk.marker()? != SOI {
        return Err(NOT_A_JPEG);
    }
    let mut frame = None;
    let mut scans = 0;
    loop {
        match walk.marker()? {
            EOI if scans > 0 => return frame.ok_or(NOT_A_JPEG),
            EOI | SOI => return Err(NOT_A_JPEG),
            // TEM and restart markers stand alone.
            0x01 | 0xD0..=0xD7 => {}
            // Baseline, extended sequential and progressive, with Huffman codes.
            kind @ 0xC0..=0xC2 => {
                if frame.is_some() {
                    return Err(NOT_A_JPEG);
                }
                let found = of_header(walk.segment()?, kind == 0xC2)?;
                found.check()?;
                frame = Some(found);
            }
            // Lossless, hierarchical, arithmetic: no camera makes them, few viewers read them.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return Err(NOT_A_JPEG),
            SOS => {
                walk.segment()?;
                walk.skip_scan()?;
                scans += 1;
                if frame.is_none() || scans > MAX_SCANS {
                    return Err(NOT_A_JPEG);
                }
            }
            _ => {
                walk.segment()?;
            }
        }
    }
}

const NOT_A_JPEG: Error = Error::Media("not-a-jpeg");
const TRUNCATED: Error = Error::Media("photo-truncated");
const TOO_LARGE: Error = Error::Media("photo-too-large");

impl Frame {
    fn check(self) -> Result<()> {
        let pixels = u32::from(self.width) * u32::from(self.height);
        let most = if self.progressive {
            MAX_PROGRESSIVE_PIXELS
        } else {
            MAX_PIXELS
        };
        match (self.width, self.height) {
            (0, _) | (_, 0) => Err(NOT_A_JPEG),
            (width, height) if width > MAX_SIDE || height > MAX_SIDE || pixels > most => {
                Err(TOO_LARGE)
            }
            _ => Ok(()),
        }
    }
}

/// T.81, B.2.2: precision, lines, samples a line.
fn of_header(segment: &[u8], progressive: bool) -> Result<Frame> {
    match segment {
        [8, h1, h0, w1, w0, _, components @ ..] => Ok(Frame {
            width: u16::from_be_bytes([*w1, *w0]),
            height: u16::from_be_bytes([*h1, *h0]),
            progressive,
            block: block(components),
        }),
        _ => Err(NOT_A_JPEG),
    }
}

/// 8 by 8 samples of the component that has the fewest; each component is three bytes, of which
/// the second has its sampling factors (B.2.2, 1 to 4).
fn block(components: &[u8]) -> (u32, u32) {
    let factor = |shift: u32| {
        let each = components.chunks_exact(3).map(|c| c[1] >> shift & 0xF);
        u32::from(each.max().unwrap_or(1).clamp(1, 4))
    };
    (8 * factor(4), 8 * factor(0))
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    /// The next marker's code; any number of 0xFF may stand before it.
    fn marker(&mut self) -> Result<u8> {
        match self.rest {
            [0xFF, ..] => {}
            [] => return Err(TRUNCATED),
            _ => return Err(NOT_A_JPEG),
        }
        let code = self.rest.iter().position(|byte| *byte != 0xFF);
        let at = code.ok_or(TRUNCATED)?;
        let code = self.rest[at];
        self.rest = &self.rest[at + 1..];
        if code == 0 { Err(NOT_A_JPEG) } else { Ok(code) }
    }

    /// A segment's content, without its length.
    fn segment(&mut self) -> Result<&'a [u8]> {
        let (length, _) = self.rest.split_first_chunk::<2>().ok_or(TRUNCATED)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length < 2 {
            return Err(NOT_A_JPEG);
        }
        let (segment, rest) = self.rest.split_at_checked(length).ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(&segment[2..])
    }

    /// Up to the marker that ends the scan: 0xFF before 0x00 is data, restarts belong to it.
    fn skip_scan(&mut self) -> Result<()> {
        loop {
            let at = memchr::memchr(0xFF, self.rest).ok_or(TRUNCATED)?;
            self.rest = &self.rest[at..];
            match self.rest.get(1) {
                None => return Err(TRUNCATED),
                Some(0x00 | 0xD0..=0xD7) => self.rest = &self.rest[2..],
                Some(0xFF) => self.rest = &self.rest[1..],
                Some(_) => return Ok(()),
            }
        }
    }
}
