//! What is known of a recording beyond its media and the journal: kept in the encrypted database
//! while it is recorded, sealed as a sheet at its end, or by the next opening after a crash.

use custos_protocol::id;
use custos_protocol::metadata::{self, ClipFacts, Description, MAX_POINTS, Sheet, TrackPoint};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::clip::Origin;
use super::ending::Links;
use super::seal::Recipient;
use super::whole::{self, Done, Whole};
use crate::device::state::Device;
use crate::vault::Vault;
use crate::{Error, Result, clock};

/// Points of a track that are closer than this to the one before are not kept.
const POINT_EVERY_MS: i64 = 500;

/// How often somebody else may write to a draft while it is being sealed.
const TRIES: u32 = 5;

/// Adds to what is said of a recording; whom its sheet will be sealed to, is said anew.
///
/// # Errors
/// Storage errors.
pub(crate) fn describe(
    tx: &Transaction<'_>,
    recording: &str,
    recipients: &[Recipient],
    said: &Description,
) -> Result<()> {
    let before = match Draft::load(tx, recording)? {
        Some(draft) => draft.description,
        None => Description::default(),
    };
    let now = before.amended(said.clone());
    touch(tx, recording, recipients)?;
    let text = serde_json::to_string(&now).map_err(|_| Error::Internal(PLAIN))?;
    tx.execute(
        "UPDATE draft SET description = ?2 WHERE recording = ?1",
        (recording, text),
    )?;
    if let Some(department) = &said.department {
        tx.execute(
            "UPDATE evidence SET department = ?2 WHERE recording = ?1",
            (recording, department),
        )?;
    }
    Ok(())
}

/// Adds a point to a recording's track; `false` for one too soon after the last, or too many.
///
/// # Errors
/// Storage errors.
pub(crate) fn place(
    tx: &Transaction<'_>,
    recording: &str,
    recipients: &[Recipient],
    point: &TrackPoint,
) -> Result<bool> {
    let last: Option<(u64, i64)> = tx
        .prepare_cached(
            "SELECT number, time_ms FROM track_point WHERE recording = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([recording], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let number = match last {
        // A clock that was put back is no reason to drop places.
        Some((_, at)) if (at..at.saturating_add(POINT_EVERY_MS)).contains(&point.time_ms) => {
            return Ok(false);
        }
        Some((number, _)) => number + 1,
        None => 0,
    };
    if number >= MAX_POINTS as u64 {
        return Ok(false);
    }
    touch(tx, recording, recipients)?;
    let text = serde_json::to_string(point).map_err(|_| Error::Internal(PLAIN))?;
    tx.prepare_cached(
        "INSERT INTO track_point (recording, number, time_ms, point) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((recording, number, point.time_ms, text))?;
    Ok(true)
}

const PLAIN: &str = "what goes into a sheet is plain data";

fn touch(tx: &Transaction<'_>, recording: &str, recipients: &[Recipient]) -> Result<()> {
    let recipients: Vec<_> = recipients.iter().map(ToString::to_string).collect();
    tx.prepare_cached(
        "INSERT INTO draft (recording, recipients, description, revision) VALUES (?1, ?2, '{}', 1)
         ON CONFLICT DO UPDATE SET recipients = excluded.recipients, revision = revision + 1",
    )?
    .execute((recording, recipients.join("\n")))?;
    Ok(())
}

/// Seals what is kept of a recording as a sheet, and keeps it no longer; `None` where there is
/// nothing, or while a clip of the recording is not complete.
///
/// # Errors
/// Storage errors: then it is kept, and sealed the next time.
pub(crate) fn seal(vault: &Vault, recording: &str) -> Result<Option<Done>> {
    for _ in 0..TRIES {
        let (draft, facts) = match vault.read(|c| Draft::whole(c, recording))? {
            Some(found) => found,
            None => return Ok(None),
        };
        let recipients: Vec<Recipient> = draft
            .recipients
            .lines()
            .map(|line| line.parse().map_err(|_| Error::Damaged))
            .collect::<Result<_>>()?;
        let mut origin = facts.origin.clone();
        origin.recording = id::fresh("rec")?;
        origin.media = metadata::MEDIA;
        let text = facts.sheet(&draft, recording).to_text();
        let sheet = Whole {
            origin: &origin,
            links: Links {
                about: Some(recording.to_owned()),
                amends: facts.amends,
                ..Links::default()
            },
            recipients: &recipients,
            plaintext: text.as_bytes(),
        };
        let sealed = whole::seal(vault, &sheet, |tx, clip| draft.finish(tx, recording, clip));
        match sealed {
            // Something was added meanwhile: it belongs to the sheet.
            Err(Error::Busy) => {}
            sealed => return sealed.map(Some),
        }
    }
    Err(Error::Busy)
}

/// Seals everything that is kept of recordings that have ended.
///
/// # Errors
/// Storage errors.
pub(crate) fn seal_all(vault: &Vault) -> Result<()> {
    let recordings: Vec<String> = vault.read(|c| {
        let mut statement = c.prepare("SELECT recording FROM draft ORDER BY recording")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })?;
    for recording in recordings {
        seal(vault, &recording)?;
    }
    Ok(())
}

/// A row of the table, and its track.
struct Draft {
    recipients: String,
    description: Description,
    revision: u64,
    track: Vec<TrackPoint>,
}

/// What the vault knows besides.
struct Facts {
    origin: Origin,
    device: Device,
    now: clock::Now,
    clips: Vec<ClipFacts>,
    /// The latest sheet of the same recording.
    amends: Option<String>,
}

impl Draft {
    fn load(connection: &Connection, recording: &str) -> Result<Option<Self>> {
        let row: Option<(String, String, u64)> = connection
            .query_row(
                "SELECT recipients, description, revision FROM draft WHERE recording = ?1",
                [recording],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        row.map(|(recipients, description, revision)| {
            Ok(Self {
                recipients,
                description: serde_json::from_str(&description).map_err(|_| Error::Damaged)?,
                revision,
                track: Vec::new(),
            })
        })
        .transpose()
    }

    /// Everything, of a recording whose clips are complete.
    fn whole(connection: &Connection, recording: &str) -> Result<Option<(Self, Facts)>> {
        let running: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM evidence
                            WHERE recording = ?1 AND payload_key IS NOT NULL)",
            [recording],
            |row| row.get(0),
        )?;
        let Some(mut draft) = Self::load(connection, recording)? else {
            return Ok(None);
        };
        let Some(facts) = Facts::load(connection, recording)? else {
            return Ok(None);
        };
        if running {
            return Ok(None);
        }
        let mut statement = connection
            .prepare("SELECT point FROM track_point WHERE recording = ?1 ORDER BY number")?;
        let mut rows = statement.query([recording])?;
        while let Some(row) = rows.next()? {
            let point = serde_json::from_str(row.get_ref(0)?.as_str().map_err(|_| Error::Damaged)?);
            draft.track.push(point.map_err(|_| Error::Damaged)?);
        }
        Ok(Some((draft, facts)))
    }

    /// In the transaction that seals the sheet: what is in it is kept no longer.
    fn finish(&self, tx: &Transaction<'_>, recording: &str, clip: &str) -> Result<()> {
        let deleted = tx.execute(
            "DELETE FROM draft WHERE recording = ?1 AND revision = ?2",
            (recording, self.revision),
        )?;
        if deleted == 0 {
            return Err(Error::Busy);
        }
        tx.execute("DELETE FROM track_point WHERE recording = ?1", [recording])?;
        tx.execute(
            "UPDATE evidence SET department = ?2 WHERE clip = ?1",
            (clip, &self.description.department),
        )?;
        Ok(())
    }
}

impl Facts {
    fn load(connection: &Connection, recording: &str) -> Result<Option<Self>> {
        let mut statement = connection.prepare(
            "SELECT clip, media, began_ms, ended_ms, end_us, codecs, rotation, category, marked,
                    marked_ms
             FROM evidence WHERE recording = ?1 ORDER BY began_ms, rowid",
        )?;
        let clips = statement
            .query_map([recording], |row| {
                Ok(ClipFacts {
                    clip: row.get(0)?,
                    media: row.get(1)?,
                    began_ms: row.get(2)?,
                    ended_ms: row.get(3)?,
                    duration_us: row.get(4)?,
                    codecs: row.get(5)?,
                    rotation: row.get(6)?,
                    category: row.get(7)?,
                    marks: row.get(8)?,
                    marked_ms: row.get(9)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let origin = connection
            .query_row(
                "SELECT officer, duty, case_no FROM evidence WHERE recording = ?1 LIMIT 1",
                [recording],
                |row| {
                    Ok(Origin {
                        officer: row.get(0)?,
                        duty: row.get(1)?,
                        case: row.get(2)?,
                        recording: recording.to_owned(),
                        media: metadata::MEDIA,
                    })
                },
            )
            .optional()?;
        let Some(origin) = origin else {
            return Ok(None);
        };
        let amends = connection
            .query_row(
                "SELECT clip FROM evidence WHERE about = ?1 AND media = ?2
                 ORDER BY seal_seq DESC LIMIT 1",
                params![recording, metadata::MEDIA],
                |row| row.get(0),
            )
            .optional()?;
        Ok(Some(Self {
            origin,
            device: Device::load(connection)?,
            now: clock::now(connection)?,
            clips,
            amends,
        }))
    }

    fn sheet(&self, draft: &Draft, recording: &str) -> Sheet {
        let said = draft.description.clone();
        Sheet {
            format: metadata::FORMAT.to_owned(),
            agency: self.device.agency.clone(),
            terminal: self.device.terminal.clone(),
            epoch: self.device.epoch,
            officer: self.origin.officer.clone(),
            duty: self.origin.duty.clone(),
            case: self.origin.case.clone(),
            about: recording.to_owned(),
            amends: self.amends.clone(),
            time_ms: self.now.time_ms,
            clock: self.now.trust,
            department: said.department,
            act: said.act,
            participants: said.participants,
            remarks: said.remarks,
            clips: self.clips.clone(),
            track: draft.track.clone(),
        }
    }
}
