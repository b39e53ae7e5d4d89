//! A sheet: what is known of a recording beyond its media and the journal. Participants and
//! positions are personal data: a sheet leaves a terminal only as a sealed piece of evidence.

use serde::{Deserialize, Serialize};

use crate::journal::ClockTrust;

/// What [`Sheet::format`] says.
pub const FORMAT: &str = "custos-sheet/1";
/// Media type of a sheet.
pub const MEDIA: &str = "application/json";

/// Most points of a track: twelve hours at one a second, twice over.
pub const MAX_POINTS: usize = 86_400;
const MAX_PARTICIPANTS: usize = 64;
/// Bytes of a name or a word, and of a remark.
const MAX_WORD: usize = 1024;
const MAX_REMARKS: usize = 16 * 1024;
/// Bytes of the longest sheet taken in.
const MAX_SHEET: usize = 64 << 20;

/// One JSON object in a sealed file of its own. A later sheet `amends` an earlier one: what it
/// says replaces what that one says, of what it leaves out the earlier one holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    pub format: String,
    pub agency: String,
    pub terminal: String,
    pub epoch: u32,
    pub officer: String,
    pub duty: String,
    pub case: String,
    /// The recording it is about.
    pub about: String,
    /// The sheet it adds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<String>,
    /// When it was made, and how far that clock is to be trusted.
    pub time_ms: i64,
    pub clock: ClockTrust,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<Participant>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
    /// The clips of the recording, in order.
    pub clips: Vec<ClipFacts>,
    /// Where the terminal was, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub track: Vec<TrackPoint>,
}

/// What an officer says of a recording. What is missing is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// Number or name of the unit whose business it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// What was done, in the agency's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Who took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<Participant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// As what: in the agency's words.
    pub role: String,
    pub name: String,
    /// Number of a document, of the police or of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
}

/// A clip as the terminal knew it when the sheet was made. The journal says more, and signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipFacts {
    pub clip: String,
    /// Media type.
    pub media: String,
    pub began_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
    pub duration_us: i64,
    /// Of the tracks, as in RFC 6381: `avc1.64001f,mp4a.40.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<String>,
    /// Degrees that a player turns the picture, clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<u16>,
    /// A code of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Marks, and when the newest was set.
    pub marks: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_ms: Option<i64>,
}

/// Where the terminal was: WGS 84, as satellites give it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackPoint {
    pub time_ms: i64,
    /// Degrees, north and east positive.
    pub latitude: f64,
    pub longitude: f64,
    /// Radius within which the place is with 68 % probability.
    pub accuracy_m: f64,
    /// Above the ellipsoid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearing_deg: Option<f64>,
}

/// Why something does not go into a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    #[error("a text in it is empty or too long: {0}")]
    Length(&'static str),
    #[error("it has too many {0}")]
    Count(&'static str),
    #[error("a number in it is out of its range: {0}")]
    Range(&'static str),
    #[error("it is not a sheet")]
    Form,
}

impl Description {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What `later` says, and what it leaves out as it was.
    #[must_use]
    pub fn amended(self, later: Self) -> Self {
        Self {
            department: later.department.or(self.department),
            act: later.act.or(self.act),
            participants: later.participants.or(self.participants),
            remarks: later.remarks.or(self.remarks),
        }
    }

    /// # Errors
    /// [`SheetError`]: an empty text, one that is too long, too many participants.
    pub fn check(&self) -> Result<(), SheetError> {
        let words = [
            ("department", &self.department, MAX_WORD),
            ("act", &self.act, MAX_WORD),
            ("remarks", &self.remarks, MAX_REMARKS),
        ];
        for (what, text, most) in words {
            optional(what, text.as_deref(), most)?;
        }
        let participants = self.participants.as_deref().unwrap_or_default();
        if participants.len() > MAX_PARTICIPANTS {
            return Err(SheetError::Count("participants"));
        }
        participants.iter().try_for_each(Participant::check)
    }
}

impl Participant {
    fn check(&self) -> Result<(), SheetError> {
        optional("role", Some(&self.role), MAX_WORD)?;
        optional("name", Some(&self.name), MAX_WORD)?;
        optional("number", self.number.as_deref(), MAX_WORD)?;
        optional("remarks", self.remarks.as_deref(), MAX_WORD)
    }
}

fn optional(what: &'static str, text: Option<&str>, most: usize) -> Result<(), SheetError> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > most => Err(SheetError::Length(what)),
        _ => Ok(()),
    }
}

impl TrackPoint {
    /// # Errors
    /// [`SheetError::Range`] for what is no place on this earth.
    pub fn check(&self) -> Result<(), SheetError> {
        let within = |value: f64, low: f64, high: f64| (low..=high).contains(&value);
        let ranges = [
            ("latitude", within(self.latitude, -90.0, 90.0)),
            ("longitude", within(self.longitude, -180.0, 180.0)),
            ("accuracy_m", within(self.accuracy_m, 0.0, 1e7)),
            (
                "altitude_m",
                self.altitude_m.is_none_or(|v| within(v, -2e4, 1e6)),
            ),
            (
                "speed_mps",
                self.speed_mps.is_none_or(|v| within(v, 0.0, 1e5)),
            ),
            (
                "bearing_deg",
                self.bearing_deg.is_none_or(|v| within(v, 0.0, 360.0)),
            ),
        ];
        match ranges.into_iter().find(|(_, ok)| !ok) {
            Some((what, _)) => Err(SheetError::Range(what)),
            None => Ok(()),
        }
    }
}

impl Sheet {
    /// One line of JSON and a newline.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a sheet is plain data") + "\n"
    }

    /// Reads a sheet, and checks all that is in it.
    ///
    /// # Errors
    /// [`SheetError`].
    pub fn from_text(text: &str) -> Result<Self, SheetError> {
        if text.len() > MAX_SHEET {
            return Err(SheetError::Length("sheet"));
        }
        let sheet: Self = serde_json::from_str(text).map_err(|_| SheetError::Form)?;
        if sheet.format != FORMAT {
            return Err(SheetError::Form);
        }
        if sheet.track.len() > MAX_POINTS {
            return Err(SheetError::Count("track points"));
        }
        sheet.description().check()?;
        sheet.track.iter().try_for_each(TrackPoint::check)?;
        Ok(sheet)
    }

    /// What the officer said.
    pub fn description(&self) -> Description {
        Description {
            department: self.department.clone(),
            act: self.act.clone(),
            participants: self.participants.clone(),
            remarks: self.remarks.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> TrackPoint {
        TrackPoint {
            time_ms: 1_795_313_909_000,
            latitude: 39.905_489,
            longitude: 116.391_297,
            accuracy_m: 4.5,
            altitude_m: None,
            speed_mps: None,
            bearing_deg: None,
        }
    }

    #[test]
    fn places_on_this_earth() {
        assert_eq!(point().check(), Ok(()));
        type Break = fn(&mut TrackPoint);
        let wrong: [(Break, &str); 6] = [
            (|p| p.latitude = 90.1, "latitude"),
            (|p| p.longitude = f64::NAN, "longitude"),
            (|p| p.accuracy_m = -1.0, "accuracy_m"),
            (|p| p.altitude_m = Some(f64::INFINITY), "altitude_m"),
            (|p| p.speed_mps = Some(-1.0), "speed_mps"),
            (|p| p.bearing_deg = Some(361.0), "bearing_deg"),
        ];
        for (change, what) in wrong {
            let mut point = point();
            change(&mut point);
            assert_eq!(point.check(), Err(SheetError::Range(what)));
        }
    }

    #[test]
    fn descriptions_are_bounded_and_amended() {
        let said = |text: &str| Some(text.to_owned());
        let first = Description {
            act: said("check"),
            remarks: said("first"),
            ..Description::default()
        };
        assert_eq!(first.check(), Ok(()));
        let later = Description {
            remarks: said("second"),
            ..Description::default()
        };
        let both = first.clone().amended(later);
        assert_eq!((both.act, both.remarks), (said("check"), said("second")));
        for act in ["", " \n", &"x".repeat(1025)] {
            let empty = Description {
                act: said(act),
                ..Description::default()
            };
            assert_eq!(empty.check(), Err(SheetError::Length("act")));
        }
        let crowd = Description {
            participants: Some(vec![
                Participant {
                    role: "witness".into(),
                    name: "x".into(),
                    number: None,
                    remarks: None,
                };
                65
            ]),
            ..Description::default()
        };
        assert_eq!(crowd.check(), Err(SheetError::Count("participants")));
    }
}
