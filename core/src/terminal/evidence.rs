//! What is stored, as far as anybody may know without opening it.

use std::{collections::BTreeMap, str::FromStr};

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How far a clip has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceState {
    Recording,
    Sealed,
    /// Completed after a crash, from what was committed.
    Recovered,
    Uploading,
    /// The station's receipt verified.
    Confirmed,
    /// Could not be completed; the file is kept.
    Failed,
    /// A file the vault does not know; kept apart.
    Quarantined,
}

impl EvidenceState {
    const ALL: [Self; 7] = [
        Self::Recording,
        Self::Sealed,
        Self::Recovered,
        Self::Uploading,
        Self::Confirmed,
        Self::Failed,
        Self::Quarantined,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Sealed => "sealed",
            Self::Recovered => "recovered",
            Self::Uploading => "uploading",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
        }
    }
}

impl FromStr for EvidenceState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(Error::Damaged)
    }
}

/// One clip, photo, note or sheet. Times are unix milliseconds UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceItem {
    pub clip: String,
    /// Clips of one press of the button share it.
    pub recording: String,
    /// Media type of the plaintext.
    pub media: String,
    pub state: EvidenceState,
    /// Why it is in this state, where that needs saying: a stable word.
    pub reason: Option<String>,
    pub officer: String,
    pub duty: String,
    pub case: String,
    pub began_ms: i64,
    pub ended_ms: Option<i64>,
    /// Bytes of the age file, once sealed.
    pub length: Option<u64>,
    /// Bytes of it that the station holds.
    pub uploaded: u64,
    pub fragments: u32,
    /// Number of marks.
    pub marked: u32,
    /// A code of the policy.
    pub category: Option<String>,
    /// The photo that this one shows with a watermark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// The recording or clip that this note or sheet speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The sheet that this sheet adds to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amends: Option<String>,
    /// The clip that this one follows without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// How much of its media was before the button was pressed, in µs.
    pub pre_event_us: i64,
    /// How its tracks are coded (RFC 6381), once there is something of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codecs: Option<String>,
    /// Degrees that a player turns the picture, clockwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<u16>,
}

impl EvidenceItem {
    /// Whether the station's receipt for exactly this item verified.
    pub fn is_confirmed(&self) -> bool {
        self.state == EvidenceState::Confirmed
    }
}

const COLUMNS: &str = "clip, recording, media, state, reason, officer, duty, case_no, began_ms,
                       ended_ms, length, uploaded, fragments, marked, category, copy_of, about,
                       amends, previous, pre_event_us, codecs, rotation";

fn item(row: &Row<'_>) -> rusqlite::Result<(String, EvidenceItem)> {
    let state: String = row.get(3)?;
    let item = EvidenceItem {
        clip: row.get(0)?,
        recording: row.get(1)?,
        media: row.get(2)?,
        state: EvidenceState::Failed,
        reason: row.get(4)?,
        officer: row.get(5)?,
        duty: row.get(6)?,
        case: row.get(7)?,
        began_ms: row.get(8)?,
        ended_ms: row.get(9)?,
        length: row.get(10)?,
        uploaded: row.get(11)?,
        fragments: row.get(12)?,
        marked: row.get(13)?,
        category: row.get(14)?,
        copy_of: row.get(15)?,
        about: row.get(16)?,
        amends: row.get(17)?,
        previous: row.get(18)?,
        pre_event_us: row.get(19)?,
        codecs: row.get(20)?,
        rotation: row.get(21)?,
    };
    Ok((state, item))
}

fn with_state((state, item): (String, EvidenceItem)) -> Result<EvidenceItem> {
    Ok(EvidenceItem {
        state: state.parse()?,
        ..item
    })
}

/// Everything whose file is here, oldest first; of one officer or of all.
///
/// # Errors
/// Storage errors.
pub(super) fn list(connection: &Connection, officer: Option<&str>) -> Result<Vec<EvidenceItem>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM evidence
         WHERE purged_ms IS NULL AND (?1 IS NULL OR officer = ?1) ORDER BY began_ms, rowid"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows: Vec<_> = statement
        .query_map([officer], item)?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter().map(with_state).collect()
}

/// One item; another officer's is as unknown as one that does not exist.
///
/// # Errors
/// [`Error::UnknownClip`], storage errors.
pub(super) fn find(connection: &Connection, officer: &str, clip: &str) -> Result<EvidenceItem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM evidence
         WHERE clip = ?1 AND officer = ?2 AND purged_ms IS NULL"
    );
    let row = connection
        .query_row(&sql, [clip, officer], item)
        .optional()?;
    row.ok_or(Error::UnknownClip).and_then(with_state)
}

/// One item, whoever recorded it: for the access rules to decide on, and for nobody to see.
///
/// # Errors
/// [`Error::UnknownClip`], storage errors.
pub(super) fn find_of_anybody(connection: &Connection, clip: &str) -> Result<EvidenceItem> {
    let sql = format!("SELECT {COLUMNS} FROM evidence WHERE clip = ?1 AND purged_ms IS NULL");
    let row = connection.query_row(&sql, [clip], item).optional()?;
    row.ok_or(Error::UnknownClip).and_then(with_state)
}

/// The item of a recording's or a clip's name, whoever recorded it, purged or not: as
/// [`find_of_anybody`].
///
/// # Errors
/// [`Error::UnknownClip`], storage errors.
pub(super) fn find_named(connection: &Connection, name: &str) -> Result<EvidenceItem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM evidence WHERE clip = ?1 OR recording = ?1 ORDER BY clip LIMIT 1"
    );
    let row = connection.query_row(&sql, [name], item).optional()?;
    row.ok_or(Error::UnknownClip).and_then(with_state)
}

/// One item that the access rules let an officer have: the officer's own, unless a grant gave it.
///
/// # Errors
/// [`Error::UnknownClip`], storage errors.
pub(super) fn find_allowed(
    connection: &Connection,
    officer: &str,
    clip: &str,
    grant: Option<&str>,
) -> Result<EvidenceItem> {
    match grant {
        None => find(connection, officer, clip),
        Some(_) => find_of_anybody(connection, clip),
    }
}

/// Number of items in each state.
///
/// # Errors
/// Storage errors.
pub(super) fn counts(connection: &Connection) -> Result<BTreeMap<&'static str, u64>> {
    let mut counts: BTreeMap<_, _> = EvidenceState::ALL
        .into_iter()
        .map(|state| (state.as_str(), 0))
        .collect();
    let mut statement = connection.prepare_cached(
        "SELECT state, count(*) FROM evidence WHERE purged_ms IS NULL GROUP BY state",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let state: EvidenceState = row.get::<_, String>(0)?.parse()?;
        counts.insert(state.as_str(), row.get(1)?);
    }
    Ok(counts)
}
