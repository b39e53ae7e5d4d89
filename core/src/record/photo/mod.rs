//! Photos: checked, and sealed as they are, byte for byte. What is made of them beside: a
//! thumbnail, and a copy with a watermark.
//!
//! # Layout
//!
//! - [`frame`]: what a JPEG claims to be, before anything is decoded
//! - [`picture`]: its pixels, seen upright
//! - [`text`]: lines of Chinese and Latin text, from the embedded font
//! - [`watermark`]: the bar below the copy
//! - `disclosed`: the copy that leaves the agency

mod disclosed;
pub(crate) mod frame;
pub(crate) mod picture;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod watermark;

/// Media type of a photo.
pub(crate) const MEDIA: &str = "image/jpeg";

/// Bytes of the largest photo taken.
pub const MAX_PHOTO: usize = 64 << 20;

pub use disclosed::DisclosedPhoto;
pub(crate) use picture::Picture;
pub(crate) use watermark::Watermark;
