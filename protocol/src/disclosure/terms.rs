//! What a disclosure is asked for.

use serde::{Deserialize, Serialize};

use super::{DisclosureError, DisclosureRequest};
use crate::{id, step::is_text};

/// Longest time from a request to its copy.
pub const MAX_DISCLOSURE_MS: i64 = 366 * 24 * 3_600_000;
/// Most regions of one photo.
pub const MAX_REGIONS: usize = 64;
/// The one media type of which parts can be taken out.
const PHOTO: &str = "image/jpeg";

/// A part of a photo, in pixels of the photo as it is seen: turned by its EXIF orientation, from
/// its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Region {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Region {
    /// Whether it is more than nothing, and within a picture of this size.
    pub fn is_within(&self, width: u32, height: u32) -> bool {
        let end = |from: u32, length: u32| from.checked_add(length).filter(|_| length > 0);
        end(self.x, self.width).is_some_and(|right| right <= width)
            && end(self.y, self.height).is_some_and(|bottom| bottom <= height)
    }
}

impl DisclosureRequest {
    /// Whether the copy is one of a photo: that has a watermark, others go out as they are.
    pub fn is_photo(&self) -> bool {
        self.media == PHOTO
    }

    /// The name of the copy's file.
    pub fn copy_name(&self) -> String {
        let extension = match self.media.split(';').next() {
            Some(PHOTO) => "jpg",
            Some("video/mp4") => "mp4",
            Some("audio/mp4") => "m4a",
            Some("text/plain") => "txt",
            Some("application/json") => "json",
            _ => "bin",
        };
        format!("{}.{extension}", self.id)
    }

    /// Refuses a request that says nothing, too much, or for too long.
    ///
    /// # Errors
    /// [`DisclosureError::Terms`] with the name of the term.
    pub fn check(&self) -> Result<(), DisclosureError> {
        let lasts = self.expires_ms.checked_sub(self.time_ms);
        let whole = |region: &Region| region.is_within(u32::MAX, u32::MAX);
        let regions = self.regions.len() <= MAX_REGIONS && self.regions.iter().all(whole);
        let in_range = [
            ("id", id::is_safe(&self.id)),
            ("clip", id::is_safe(&self.clip)),
            ("media", is_text(&self.media)),
            ("recipient", is_text(&self.recipient)),
            ("purpose", is_text(&self.purpose)),
            ("regions", regions),
            (
                "regions-of-photo",
                self.is_photo() || self.regions.is_empty(),
            ),
            (
                "expires_ms",
                lasts.is_some_and(|ms| (1..=MAX_DISCLOSURE_MS).contains(&ms)),
            ),
        ];
        match in_range.iter().find(|(_, good)| !good) {
            Some((name, _)) => Err(DisclosureError::Terms(name)),
            None => Ok(()),
        }
    }
}
