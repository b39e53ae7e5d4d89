//! Photos with their copies and thumbnails, notes, and what is said of a recording.

use std::path::Path;

use custos_core::{ExportSpec, PhotoSpec};
use custos_protocol::metadata;

use super::{officer::Officer, recording::Recording, records::EvidenceItem};
use crate::error::{ApiError, ApiResult};

/// A photo that was sealed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Photo {
    /// The original.
    pub item: EvidenceItem,
    /// The copy with a watermark, where one was made.
    pub copy: Option<EvidenceItem>,
    /// Why one that was wanted was not made: a stable word. The original is sealed all the same.
    pub copy_failed: Option<String>,
}

impl From<custos_core::Photo> for Photo {
    fn from(photo: custos_core::Photo) -> Self {
        let (copy, copy_failed) = match photo.copy {
            None => (None, None),
            Some(Ok(copy)) => (Some(copy.into()), None),
            Some(Err(error)) => (None, Some(error.code().to_owned())),
        };
        Self {
            item: photo.item.into(),
            copy,
            copy_failed,
        }
    }
}

/// What is said of a recording; what is missing stays as it was said before.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Description {
    /// Number or name of the unit whose business it is.
    pub department: Option<String>,
    /// What was done.
    pub act: Option<String>,
    /// Who took part.
    pub participants: Option<Vec<Participant>>,
    pub remarks: Option<String>,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Participant {
    /// As what.
    pub role: String,
    pub name: String,
    /// Number of a document.
    pub number: Option<String>,
    pub remarks: Option<String>,
}

impl From<Description> for metadata::Description {
    fn from(said: Description) -> Self {
        let participant = |somebody: Participant| metadata::Participant {
            role: somebody.role,
            name: somebody.name,
            number: somebody.number,
            remarks: somebody.remarks,
        };
        let all = |list: Vec<Participant>| list.into_iter().map(participant).collect();
        Self {
            department: said.department,
            act: said.act,
            participants: said.participants.map(all),
            remarks: said.remarks,
        }
    }
}

/// Where the terminal was: WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct TrackPoint {
    pub time_ms: i64,
    /// Degrees, north and east positive.
    pub latitude: f64,
    pub longitude: f64,
    /// Radius, 68 %.
    pub accuracy_m: f64,
    pub altitude_m: Option<f64>,
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    pub bearing_deg: Option<f64>,
}

impl From<TrackPoint> for metadata::TrackPoint {
    fn from(point: TrackPoint) -> Self {
        Self {
            time_ms: point.time_ms,
            latitude: point.latitude,
            longitude: point.longitude,
            accuracy_m: point.accuracy_m,
            altitude_m: point.altitude_m,
            speed_mps: point.speed_mps,
            bearing_deg: point.bearing_deg,
        }
    }
}

#[uniffi::export]
impl Officer {
    /// Seals a photo, a JPEG; `watermark` says whether a copy with a watermark is made, `None`:
    /// as the policy says.
    pub fn photo_with_copy(&self, jpeg: Vec<u8>, watermark: Option<bool>) -> ApiResult<Photo> {
        Ok(self.0.photo_with(&jpeg, PhotoSpec { watermark })?.into())
    }

    /// Small JPEGs of own photos, in the order asked for, at most 500; the journal says first
    /// that they were looked at.
    pub fn thumbnails(&self, clips: Vec<String>) -> ApiResult<Vec<Option<Vec<u8>>>> {
        let clips: Vec<_> = clips.iter().map(String::as_str).collect();
        Ok(self.0.thumbnails(&clips)?)
    }

    /// Seals a text; `about` is the own clip or recording that it speaks of.
    pub fn note(&self, text: String, about: Option<String>) -> ApiResult<EvidenceItem> {
        Ok(self.0.note(&text, about.as_deref())?.into())
    }

    /// Says something of an own recording, or of that of a clip; the sheet, once it is sealed.
    pub fn describe(&self, about: String, said: Description) -> ApiResult<Option<EvidenceItem>> {
        Ok(self.0.describe(&about, &said.into())?.map(Into::into))
    }

    /// As `export_clip`, into one zip that is not there yet.
    pub fn export_zip(&self, clip: String, file: String) -> ApiResult<()> {
        let spec = ExportSpec {
            zip: true,
            name: None,
        };
        self.0.export_with(&clip, Path::new(&file), &spec)?;
        Ok(())
    }
}

#[uniffi::export]
impl Recording {
    /// Where the terminal is now; durable when this returns, so not for the camera's thread.
    /// `false`: too soon after the last point, not kept.
    pub fn place(&self, point: TrackPoint) -> ApiResult<bool> {
        Ok(self.recording.place(&point.into())?)
    }

    /// Says something of this recording; sealed at its end.
    pub fn describe(&self, said: Description) -> ApiResult<()> {
        self.recording
            .describe(&said.into())
            .map_err(ApiError::from)
    }
}
