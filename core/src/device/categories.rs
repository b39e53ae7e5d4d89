//! What evidence is sorted into, and how long each kind stays on the terminal.

use std::collections::HashMap;

use custos_protocol::{journal::Event, note::Note, policy::Policy, statement};
use rusqlite::{Connection, Transaction};

use super::state;
use crate::{
    Error, Result,
    journal::{self, JournalContext},
};

/// Gives a clip a category of the policy in force, and journals it. One that it has already is
/// not journalled again. Whose clip it is, is for the caller.
///
/// # Errors
/// [`Error::UnknownCategory`], [`Error::UnknownClip`], storage errors.
pub(crate) fn give(
    tx: &Transaction<'_>,
    context: &JournalContext,
    clip: &str,
    code: &str,
) -> Result<()> {
    if state::policy(tx)?.category(code).is_none() {
        return Err(Error::UnknownCategory);
    }
    let before: Option<String> = tx
        .query_row(
            "SELECT category FROM evidence WHERE clip = ?1",
            [clip],
            |row| row.get(0),
        )
        .map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Error::UnknownClip,
            error => error.into(),
        })?;
    if before.as_deref() == Some(code) {
        return Ok(());
    }
    tx.execute(
        "UPDATE evidence SET category = ?2 WHERE clip = ?1",
        [clip, code],
    )?;
    let event = Event::Categorised {
        clip: clip.to_owned(),
        category: code.to_owned(),
    };
    journal::append(tx, context, event).map(drop)
}

/// How long confirmed evidence stays here.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) policy: Policy,
    /// Of categories that the policy no longer has.
    former: HashMap<String, Option<u32>>,
}

impl Terms {
    /// By the policy in force.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn load(connection: &Connection) -> Result<Self> {
        Ok(Self {
            policy: state::policy(connection)?,
            former: HashMap::new(),
        })
    }

    /// Days of a category; `None` where nobody knows, so for ever. A category that was taken out
    /// of the policy keeps the term it had last, or gets the default, whichever is longer: what
    /// was said to be kept is not lost by saying nothing.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn days(
        &mut self,
        connection: &Connection,
        category: Option<&str>,
    ) -> Result<Option<u32>> {
        let default = self.policy.local_retention_days;
        let Some(code) = category else {
            return Ok(Some(default));
        };
        if let Some(category) = self.policy.category(code) {
            return Ok(Some(category.local_retention_days));
        }
        if let Some(known) = self.former.get(code) {
            return Ok(*known);
        }
        let days = last_known(connection, code)?.map(|days| days.max(default));
        self.former.insert(code.to_owned(), days);
        Ok(days)
    }
}

/// What the newest policy that had the category said of it.
fn last_known(connection: &Connection, code: &str) -> Result<Option<u32>> {
    let mut statement = connection.prepare("SELECT note FROM policy ORDER BY version DESC")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let note: Note = row
            .get::<_, String>(0)?
            .parse()
            .map_err(|_| Error::Damaged)?;
        let policy: Policy = statement::read_unverified(&note).map_err(|_| Error::Damaged)?;
        if let Some(category) = policy.category(code) {
            return Ok(Some(category.local_retention_days));
        }
    }
    Ok(None)
}
