//! Stealth and sleep: how the terminal behaves towards those around it. The shell obeys them;
//! here they are allowed, journalled and ended.

use std::str::FromStr;

use custos_protocol::{
    journal::Event,
    policy::{Policy, RecordingPolicy},
};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    journal::{self, JournalContext},
};

/// A way of being on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// No light, no sound, no vibration.
    Stealth,
    /// Nothing runs that was not asked for: there is no pre-event buffer.
    Sleep,
}

impl Mode {
    const ALL: [Self; 2] = [Self::Stealth, Self::Sleep];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stealth => "stealth",
            Self::Sleep => "sleep",
        }
    }

    fn is_allowed(self, policy: &RecordingPolicy) -> bool {
        match self {
            Self::Stealth => policy.stealth,
            Self::Sleep => policy.sleep,
        }
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(Error::Damaged)
    }
}

/// The modes that are on.
///
/// # Errors
/// Storage errors.
pub(crate) fn active(connection: &Connection) -> Result<Vec<Mode>> {
    let mut statement = connection.prepare_cached("SELECT mode FROM mode ORDER BY mode DESC")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|mode| mode?.parse()).collect()
}

/// Switches a mode on until `duty` ends; whether the policy allows it is asked here. One that is
/// on already is not journalled again.
///
/// # Errors
/// [`Error::PolicyForbids`], storage errors.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    context: &JournalContext,
    mode: Mode,
    duty: &str,
    policy: &Policy,
) -> Result<()> {
    if !mode.is_allowed(&policy.recording) {
        return Err(Error::PolicyForbids);
    }
    let begun = tx.execute(
        "INSERT INTO mode (mode, duty, since_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (mode.as_str(), duty, context.time.time_ms),
    )?;
    if begun == 0 {
        return Ok(());
    }
    say(tx, context, mode, true)
}

/// Switches a mode off, if it is on.
///
/// # Errors
/// Storage errors.
pub(crate) fn end(tx: &Transaction<'_>, context: &JournalContext, mode: Mode) -> Result<()> {
    match tx.execute("DELETE FROM mode WHERE mode = ?1", [mode.as_str()])? {
        0 => Ok(()),
        _ => say(tx, context, mode, false),
    }
}

/// Switches off what was switched on during a duty that ends now.
///
/// # Errors
/// Storage errors.
pub(crate) fn end_with_duty(
    tx: &Transaction<'_>,
    context: &JournalContext,
    duty: &str,
) -> Result<()> {
    let of_duty: Vec<String> = {
        let mut statement = tx.prepare("SELECT mode FROM mode WHERE duty = ?1")?;
        let rows = statement.query_map([duty], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    of_duty
        .iter()
        .try_for_each(|mode| end(tx, context, mode.parse()?))
}

/// Switches off what a policy that comes into force now does not allow.
///
/// # Errors
/// Storage errors.
pub(crate) fn obey(tx: &Transaction<'_>, policy: &Policy) -> Result<()> {
    let context = JournalContext::terminal(tx)?;
    let forbidden = |mode: &Mode| !mode.is_allowed(&policy.recording);
    active(tx)?
        .into_iter()
        .filter(forbidden)
        .try_for_each(|mode| end(tx, &context, mode))
}

/// Refuses what a sleeping terminal does not do.
///
/// # Errors
/// [`Error::Asleep`], storage errors.
pub(crate) fn refuse_if_asleep(connection: &Connection) -> Result<()> {
    if active(connection)?.contains(&Mode::Sleep) {
        Err(Error::Asleep)
    } else {
        Ok(())
    }
}

fn say(tx: &Transaction<'_>, context: &JournalContext, mode: Mode, on: bool) -> Result<()> {
    let event = Event::ModeChanged {
        mode: mode.as_str().to_owned(),
        on,
    };
    journal::append(tx, context, event).map(drop)
}
