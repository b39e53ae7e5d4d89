//! Lines of text, drawn: Chinese and Latin, from an embedded font that has both levels of
//! GB 2312. No shaping, no kerning: one glyph after the other, as on a form.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, GlyphId, PxScale, ScaleFont as _, point};
use image::{GrayImage, Luma};

use crate::{Error, Result};

/// Noto Sans SC, cut down; `font/SOURCES.md` says how.
const FONT: &[u8] = include_bytes!("font/NotoSansSC-watermark.otf");

/// Text at one size.
#[derive(Debug)]
pub(crate) struct Pen {
    font: &'static FontRef<'static>,
    scale: PxScale,
}

/// What is drawn for one character.
enum Shape {
    Glyph(GlyphId),
    /// The font has none: a box that everybody sees.
    Missing,
}

impl Pen {
    /// A pen whose Chinese characters are `size` pixels wide.
    ///
    /// # Errors
    /// None but a broken build.
    pub(crate) fn new(size: f32) -> Result<Self> {
        static PARSED: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
        let font = PARSED
            .get_or_init(|| FontRef::try_from_slice(FONT).ok())
            .as_ref()
            .ok_or(Error::Internal("the embedded font can be read"))?;
        // ab_glyph scales by the line's height, people by the em.
        let em = font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(size * font.height_unscaled() / em);
        Ok(Self { font, scale })
    }

    /// From one line to the next, in pixels.
    pub(crate) fn line(&self) -> f32 {
        self.font.as_scaled(self.scale).height()
    }

    pub(crate) fn width(&self, text: &str) -> f32 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    fn shape(&self, c: char) -> Shape {
        match self.font.glyph_id(c) {
            GlyphId(0) => Shape::Missing,
            glyph => Shape::Glyph(glyph),
        }
    }

    fn em(&self) -> f32 {
        self.font
            .as_scaled(self.scale)
            .h_advance(self.font.glyph_id('国'))
    }

    fn advance(&self, c: char) -> f32 {
        match self.shape(c) {
            Shape::Glyph(glyph) => self.font.as_scaled(self.scale).h_advance(glyph),
            Shape::Missing => self.em(),
        }
    }

    /// As much of `text` as fits into `width`, at least one character, and the rest.
    pub(crate) fn fitting<'t>(&self, text: &'t str, width: f32) -> (&'t str, &'t str) {
        let mut used = 0.0;
        for (at, c) in text.char_indices() {
            used += self.advance(c);
            if used > width && at > 0 {
                return text.split_at(at);
            }
        }
        (text, "")
    }

    /// Draws a line whose upper left corner is at (left, top); what lies outside is cut off.
    pub(crate) fn draw(&self, text: &str, left: f32, top: f32, on: &mut GrayImage) {
        let scaled = self.font.as_scaled(self.scale);
        let baseline = top + scaled.ascent();
        let mut x = left;
        for c in text.chars() {
            match self.shape(c) {
                Shape::Glyph(glyph) => {
                    let glyph = glyph.with_scale_and_position(self.scale, point(x, baseline));
                    if let Some(outline) = self.font.outline_glyph(glyph) {
                        let corner = outline.px_bounds().min;
                        outline.draw(|dx, dy, coverage| {
                            put(
                                on,
                                corner.x as i64 + i64::from(dx),
                                corner.y as i64 + i64::from(dy),
                                (coverage.clamp(0.0, 1.0) * 255.0) as u8,
                            );
                        });
                    }
                }
                Shape::Missing => self.draw_box(x, baseline, on),
            }
            x += self.advance(c);
        }
    }

    /// A hollow square of the size of a Chinese character.
    fn draw_box(&self, left: f32, baseline: f32, on: &mut GrayImage) {
        let em = self.em();
        let thick = (em / 14.0).round().max(1.0) as i64;
        let (x0, x1) = ((left + em * 0.1) as i64, (left + em * 0.9) as i64);
        let (y0, y1) = ((baseline - em * 0.75) as i64, (baseline + em * 0.05) as i64);
        for y in y0..=y1 {
            for x in x0..=x1 {
                let inside = (x0 + thick..=x1 - thick).contains(&x)
                    && (y0 + thick..=y1 - thick).contains(&y);
                if !inside {
                    put(on, x, y, 255);
                }
            }
        }
    }
}

fn put(on: &mut GrayImage, x: i64, y: i64, value: u8) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    if let Some(Luma([pixel])) = on.get_pixel_mut_checked(x, y) {
        *pixel = (*pixel).max(value);
    }
}
