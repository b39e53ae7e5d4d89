//! A decoded photo, seen as it was taken: turned by its EXIF orientation, without a second copy
//! of its pixels.

use std::io::Cursor;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use custos_protocol::disclosure::Region;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::metadata::Orientation;
use image::{ColorType, GenericImageView, ImageDecoder as _, ImageEncoder as _, Rgb, RgbImage};

use super::frame;
use crate::{Error, Result};

/// Pixels on the longer side of a thumbnail.
const THUMBNAIL: u32 = 320;
const THUMBNAIL_QUALITY: u8 = 80;
const COPY_QUALITY: u8 = 90;

/// One photo at a time is in memory decoded, however many are taken at once.
static DECODING: Mutex<()> = Mutex::new(());

/// A photo's pixels.
pub(crate) struct Picture {
    pixels: Vec<u8>,
    /// Bytes of a pixel: 1 grey, 3 red, green and blue.
    depth: usize,
    /// As it is stored.
    width: u32,
    height: u32,
    orientation: Orientation,
    /// Which colours the numbers mean (ICC.1).
    profile: Option<Vec<u8>>,
    /// [`frame::Frame::block`].
    block: (u32, u32),
}

/// Runs `work` on the decoded picture, with at most one such picture in memory at any time.
///
/// # Errors
/// [`Error::Media`] for what is no whole JPEG of a sensible size; what `work` returned.
pub(crate) fn with<T>(jpeg: &[u8], work: impl FnOnce(&Picture) -> Result<T>) -> Result<T> {
    let frame = frame::read(jpeg)?;
    let _one = DECODING.lock().unwrap_or_else(PoisonError::into_inner);
    work(&Picture::decode(jpeg, frame.block)?)
}

impl Picture {
    fn decode(jpeg: &[u8], block: (u32, u32)) -> Result<Self> {
        let broken = |_| Error::Media("not-a-jpeg");
        let mut decoder = JpegDecoder::new(Cursor::new(jpeg)).map_err(broken)?;
        let (width, height) = decoder.dimensions();
        let depth = match decoder.color_type() {
            ColorType::L8 => 1,
            ColorType::Rgb8 => 3,
            _ => return Err(Error::Media("not-a-jpeg")),
        };
        // A damaged EXIF segment is the original's; the picture is shown as it is stored.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        // What is encoded is RGB: a printer's profile does not fit it (ICC.1, 7.2.8).
        let profile = decoder.icc_profile().ok().flatten();
        let profile = profile.filter(|profile| profile.get(16..20) == Some(b"RGB "));
        let bytes =
            usize::try_from(decoder.total_bytes()).map_err(|_| Error::Media("photo-too-large"))?;
        let mut pixels = Vec::new();
        pixels
            .try_reserve_exact(bytes)
            .map_err(|_| Error::Media("photo-too-large"))?;
        pixels.resize(bytes, 0);
        decoder.read_image(&mut pixels).map_err(broken)?;
        Ok(Self {
            pixels,
            depth,
            width,
            height,
            orientation,
            profile,
            block,
        })
    }

    /// Where the pixel is stored that is seen at (x, y); Exif 2.32, 4.6.4, tag 274.
    fn stored(&self, x: u32, y: u32) -> (u32, u32) {
        let (right, bottom) = (self.width - 1, self.height - 1);
        match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::FlipHorizontal => (right - x, y),
            Orientation::Rotate180 => (right - x, bottom - y),
            Orientation::FlipVertical => (x, bottom - y),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate90 => (y, bottom - x),
            Orientation::Rotate270FlipH => (right - y, bottom - x),
            Orientation::Rotate270 => (right - y, x),
        }
    }

    /// What of the picture, as it is stored, has to go so that nothing of `region`, as it is seen,
    /// is left: the blocks that it touches, for what is in a block is in all of its frequencies,
    /// and one chroma sample around them, for decoders smooth chroma over that.
    pub(super) fn traces(&self, region: Region) -> Stored {
        let ends = [
            self.stored(region.x, region.y),
            self.stored(region.x + region.width - 1, region.y + region.height - 1),
        ];
        let span = |of: fn(&(u32, u32)) -> u32, block: u32| {
            let (one, other) = (of(&ends[0]), of(&ends[1]));
            let (first, last) = (one.min(other) / block, one.max(other) / block);
            let around = block / 8;
            (first * block).saturating_sub(around)..(last + 1) * block + around
        };
        Stored {
            columns: span(|at| at.0, self.block.0),
            rows: span(|at| at.1, self.block.1),
        }
    }

    /// The pixel that is seen at (x, y), unless it is in one of these.
    pub(super) fn pixel_outside(&self, taken: &[Stored], x: u32, y: u32) -> Option<Rgb<u8>> {
        let (column, row) = self.stored(x, y);
        let within = |one: &Stored| one.columns.contains(&column) && one.rows.contains(&row);
        (!taken.iter().any(within)).then(|| self.get_pixel(x, y))
    }

    /// A small JPEG of it, without metadata; never larger than the picture itself.
    ///
    /// # Errors
    /// None that is known of.
    pub(crate) fn thumbnail(&self) -> Result<Vec<u8>> {
        let (width, height) = self.dimensions();
        let longer = width.max(height);
        if longer <= THUMBNAIL {
            return encode(self, THUMBNAIL_QUALITY, None);
        }
        let side = |length: u32| {
            let scaled = u64::from(length) * u64::from(THUMBNAIL) / u64::from(longer);
            u32::try_from(scaled).unwrap_or(1).max(1)
        };
        let small: RgbImage = image::imageops::thumbnail(self, side(width), side(height));
        encode(&small, THUMBNAIL_QUALITY, None)
    }

    /// A JPEG of `view`, which shows this picture, in this picture's colours.
    ///
    /// # Errors
    /// None that is known of.
    pub(crate) fn encode(&self, view: &impl GenericImageView<Pixel = Rgb<u8>>) -> Result<Vec<u8>> {
        encode(view, COPY_QUALITY, self.profile.clone())
    }
}

/// A part of a picture as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    columns: Range<u32>,
    rows: Range<u32>,
}

/// A JPEG of `view` that has nothing but its pixels: no profile either.
///
/// # Errors
/// None that is known of.
pub(super) fn encode_bare(view: &impl GenericImageView<Pixel = Rgb<u8>>) -> Result<Vec<u8>> {
    encode(view, COPY_QUALITY, None)
}

impl GenericImageView for Picture {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        if matches!(
            self.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        ) {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let (x, y) = self.stored(x, y);
        let at = (y as usize * self.width as usize + x as usize) * self.depth;
        match &self.pixels[at..at + self.depth] {
            [red, green, blue] => Rgb([*red, *green, *blue]),
            grey => Rgb([grey[0]; 3]),
        }
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} by {})", self.width, self.height)
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.pixels);
    }
}

/// Reads every pixel once, as it is needed: nothing of `view`'s size is held beside it.
fn encode(
    view: &impl GenericImageView<Pixel = Rgb<u8>>,
    quality: u8,
    profile: Option<Vec<u8>>,
) -> Result<Vec<u8>> {
    let failed = || Error::Internal("a picture within the limits is encoded");
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
    if let Some(profile) = profile {
        // One that does not fit is left out: the copy is none the worse as evidence.
        let _ = encoder.set_icc_profile(profile);
    }
    encoder.encode_image(view).map_err(|_| failed())?;
    Ok(jpeg)
}
