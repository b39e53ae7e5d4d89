//! The copy of a photo that leaves the agency: upright, with nothing of the original's file but
//! pixels; what nobody is to see is replaced, whom it is for and when it was approved stands all
//! over it and, whole, in a bar below.

#[cfg(test)]
mod tests;

use custos_protocol::disclosure::Region;
use custos_protocol::name::Local;
use image::{GenericImageView, GrayImage, Rgb};

use super::picture::{self, Picture, Stored};
use super::text::Pen;
use super::watermark;
use crate::{Error, Result};

/// What stands where something was taken out. It says nothing of what was there.
const TAKEN_OUT: Rgb<u8> = Rgb([0; 3]);

/// Size of the text over the picture, as a part of its sides' mean, and in pixels.
const PART: f32 = 1.0 / 26.0;
const SMALLEST: f32 = 14.0;
const LARGEST: f32 = 160.0;

/// Chinese characters of it at most; all of it stands in the bar.
const COLUMNS: f32 = 40.0;

/// How much of the text over the picture covers it.
const COVER: f32 = 0.4;

/// Sine and cosine of its slope, 24 degrees.
const SLOPE: (f32, f32) = (0.406_737, 0.913_545);

/// What a disclosed copy says and leaves out. The same makes the same copy, byte for byte.
#[derive(Debug, Clone)]
pub struct DisclosedPhoto<'a> {
    /// Name of the disclosure.
    pub id: &'a str,
    /// The photo of which this is a copy.
    pub original: &'a str,
    pub recipient: &'a str,
    /// When it was approved.
    pub time_ms: i64,
    pub utc_offset_min: i32,
    /// In pixels as the photo is seen.
    pub regions: &'a [Region],
}

impl DisclosedPhoto<'_> {
    /// The copy of a photo (JPEG), a JPEG.
    ///
    /// # Errors
    /// [`Error::Media`]: `region-outside` where a region is not within the photo, `not-a-jpeg`,
    /// `photo-truncated`, `photo-too-large`.
    pub fn copy(&self, jpeg: &[u8]) -> Result<Vec<u8>> {
        picture::with(jpeg, |picture| {
            let view = self.marked(picture)?;
            picture::encode_bare(&watermark::framed(&view, &self.words())?)
        })
    }

    fn marked<'p>(&self, picture: &'p Picture) -> Result<Marked<'p>> {
        let (width, height) = picture.dimensions();
        let mut taken = Vec::with_capacity(self.regions.len());
        for region in self.regions {
            if !region.is_within(width, height) {
                return Err(Error::Media("region-outside"));
            }
            taken.push(picture.traces(*region));
        }
        let tile = self.tile((width as f32 * height as f32).sqrt())?;
        Ok(Marked {
            picture,
            taken,
            tile,
        })
    }

    /// Recipient and day, twice on one tile, the second time half a line further.
    fn tile(&self, mean_side: f32) -> Result<GrayImage> {
        let size = (mean_side * PART).clamp(SMALLEST, LARGEST);
        let pen = Pen::new(size)?;
        let day = self.day();
        let (recipient, rest) = pen.fitting(self.recipient, COLUMNS * size);
        let cut = if rest.is_empty() { "" } else { "…" };
        let text = format!("{recipient}{cut} {day}　");
        let (wide, line) = (pen.width(&text).ceil(), pen.line().ceil());
        let mut tile = GrayImage::new(wide as u32, (6.0 * line) as u32);
        for (left, top) in [(0.0, line), (wide / 2.0, 4.0 * line)] {
            pen.draw(&text, left, top, &mut tile);
            // What runs over the tile's edge comes in at the other.
            pen.draw(&text, left - wide, top, &mut tile);
        }
        Ok(tile)
    }

    fn day(&self) -> String {
        let time = Local::of(self.time_ms, self.utc_offset_min).to_string();
        time.split([' ', 'T']).next().unwrap_or(&time).to_owned()
    }

    fn words(&self) -> Vec<String> {
        let mut words = vec![
            format!("提供给 {}", self.recipient),
            format!("批准日期 {}", self.day()),
            format!("披露编号 {}", self.id),
            format!("原件 {}", self.original),
        ];
        if !self.regions.is_empty() {
            words.push(format!("遮挡 {} 处", self.regions.len()));
        }
        words
    }
}

/// The picture without what was taken out, and with the text over it.
struct Marked<'p> {
    picture: &'p Picture,
    taken: Vec<Stored>,
    tile: GrayImage,
}

impl Marked<'_> {
    /// How much of the text is at (x, y): the tile, again and again, along the slope.
    fn text_at(&self, x: f32, y: f32) -> f32 {
        let (sin, cos) = SLOPE;
        let along = (x * cos - y * sin).rem_euclid(self.tile.width() as f32);
        let across = (x * sin + y * cos).rem_euclid(self.tile.height() as f32);
        let at = |value: f32, length: u32| (value as u32).min(length - 1);
        let (x, y) = (at(along, self.tile.width()), at(across, self.tile.height()));
        f32::from(self.tile.get_pixel(x, y).0[0]) / 255.0
    }
}

impl GenericImageView for Marked<'_> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.picture.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let below = self.picture.pixel_outside(&self.taken, x, y);
        let (across, down) = (x as f32, y as f32);
        let light = COVER * self.text_at(across, down);
        // A shadow: the text is read on white as on black.
        let dark = COVER * self.text_at(across - 1.5, down - 1.5);
        let Rgb(colours) = below.unwrap_or(TAKEN_OUT);
        Rgb(colours.map(|colour| {
            let shaded = f32::from(colour) * (1.0 - dark);
            (shaded + (255.0 - shaded) * light) as u8
        }))
    }
}
