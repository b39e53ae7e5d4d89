//! A copy of a photo that says when, who, with what and for which case. The words stand in a bar
//! below the picture, so that no pixel of it is covered.

use custos_protocol::journal::ClockTrust;
use custos_protocol::name::Local;
use image::{GenericImageView, GrayImage, Rgb};

use super::Picture;
use super::text::Pen;
use crate::{Error, Result};

/// Size of the text in pixels: legible, and not larger than the picture deserves.
const SMALLEST: f32 = 14.0;
const LARGEST: f32 = 200.0;

/// Chinese characters that a line has room for at least; a narrower picture gets a wider bar.
const COLUMNS: f32 = 20.0;

/// Lines of the bar at most; what does not fit is cut off, and the cut is shown.
const LINES: usize = 8;

/// What the bar says.
#[derive(Debug)]
pub(crate) struct Watermark<'a> {
    pub(crate) time_ms: i64,
    pub(crate) utc_offset_min: i32,
    pub(crate) clock: ClockTrust,
    pub(crate) officer: &'a str,
    pub(crate) terminal: &'a str,
    pub(crate) case: &'a str,
    /// The photo of which this is a copy.
    pub(crate) original: &'a str,
}

impl Watermark<'_> {
    /// The copy, a JPEG: turned upright, without EXIF.
    ///
    /// # Errors
    /// None but a broken build.
    pub(crate) fn copy(&self, picture: &Picture) -> Result<Vec<u8>> {
        picture.encode(&self.framed(picture)?)
    }

    pub(crate) fn framed<'p>(&self, picture: &'p Picture) -> Result<Framed<'p, Picture>> {
        framed(picture, &self.words())
    }

    fn words(&self) -> Vec<String> {
        let time = Local::of(self.time_ms, self.utc_offset_min);
        let trust = match self.clock {
            ClockTrust::Station => "",
            ClockTrust::Carried => "（重启后未再校时）",
            ClockTrust::None => "（时钟未校准）",
        };
        vec![
            format!("{time}{trust}"),
            format!("人员 {}", self.officer),
            format!("终端 {}", self.terminal),
            format!("案件 {}", self.case),
            format!("原件 {}", self.original),
        ]
    }
}

/// A view with these words in a bar below it.
///
/// # Errors
/// [`Error::Media`] where the two are higher than a JPEG can be.
pub(super) fn framed<'p, V>(view: &'p V, words: &[String]) -> Result<Framed<'p, V>>
where
    V: GenericImageView<Pixel = Rgb<u8>>,
{
    let (width, height) = view.dimensions();
    let (wide, high) = (width as f32, height as f32);
    let size = ((wide * high).sqrt() / 45.0)
        .min(wide / COLUMNS)
        .clamp(SMALLEST, LARGEST);
    let pen = Pen::new(size)?;
    let margin = (size / 2.0).ceil();
    let width = width.max((COLUMNS * size + 2.0 * margin) as u32);
    let lines = lines(&pen, words, width as f32 - 2.0 * margin);
    let bar_height = (lines.len() as f32 * pen.line() + 2.0 * margin).ceil() as u32;
    let mut bar = GrayImage::new(width, bar_height);
    for (number, line) in lines.iter().enumerate() {
        pen.draw(line, margin, margin + number as f32 * pen.line(), &mut bar);
    }
    if height.saturating_add(bar_height) > u32::from(u16::MAX) {
        return Err(Error::Media("photo-too-large"));
    }
    Ok(Framed { view, bar })
}

/// Puts words into lines, as many on one as fit with a gap between them; a word that is longer
/// than a line is broken.
fn lines(pen: &Pen, words: &[String], width: f32) -> Vec<String> {
    const GAP: &str = "　";
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word = word.as_str();
        if let Some(last) = lines.last_mut()
            && pen.width(last) + pen.width(GAP) + pen.width(word) <= width
        {
            last.push_str(GAP);
            last.push_str(word);
            continue;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let (line, after) = pen.fitting(rest, width);
            lines.push(line.to_owned());
            rest = after;
            if lines.len() > LINES {
                break;
            }
        }
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.pop();
            last.push('…');
        }
    }
    lines
}

/// The picture and the bar below it.
#[derive(Debug)]
pub(crate) struct Framed<'p, V> {
    view: &'p V,
    bar: GrayImage,
}

impl<V: GenericImageView<Pixel = Rgb<u8>>> GenericImageView for Framed<'_, V> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        let height = self.view.dimensions().1;
        (self.bar.width(), height + self.bar.height())
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let (width, height) = self.view.dimensions();
        if y >= height {
            return Rgb([self.bar.get_pixel(x, y - height).0[0]; 3]);
        }
        // A picture narrower than its bar stands in the middle.
        let left = (self.bar.width() - width) / 2;
        if (left..left + width).contains(&x) {
            self.view.get_pixel(x - left, y)
        } else {
            Rgb([0; 3])
        }
    }
}
