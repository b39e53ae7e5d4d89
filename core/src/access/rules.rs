//! Access rules: installed if they are newer, signed by enough people, and fit the schema of this
//! build; else those before stay.

use std::sync::{Mutex, PoisonError};

use custos_access::Rules;
use custos_protocol::{hash::Hash, journal::Event, note::Note, rules::AccessRules, statement};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::first_refusal;
use crate::{
    Error, Result,
    device::state,
    journal::{self, JournalContext},
};

/// Version and text of the rules in force are those of a note; parsed once for each.
static PARSED: Mutex<Option<(Option<[u8; 32]>, Rules)>> = Mutex::new(None);

/// The version in force; 0: those of this build.
///
/// # Errors
/// Storage errors.
pub(crate) fn version(connection: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(max(version), 0) FROM access_rules";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?)
}

/// The rules in force.
///
/// # Errors
/// [`Error::RulesInvalid`] where those that were installed do not fit this build, which is another
/// than the one that installed them: nobody is allowed anything by rules that nobody published.
pub(crate) fn in_force(connection: &Connection) -> Result<Rules> {
    let sql = "SELECT sha256 FROM access_rules ORDER BY version DESC LIMIT 1";
    let hash: Option<[u8; 32]> = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))
        .optional()?;
    let parsed = || PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, rules)) = &*parsed()
        && *of == hash
    {
        return Ok(rules.clone());
    }
    let rules = match hash {
        None => Rules::shipped(),
        Some(_) => Rules::parse(&text(connection)?),
    };
    let rules = rules.map_err(|_| Error::RulesInvalid)?;
    *parsed() = Some((hash, rules.clone()));
    Ok(rules)
}

/// The text of the rules in force.
///
/// # Errors
/// Storage errors.
pub(crate) fn text(connection: &Connection) -> Result<String> {
    let sql = "SELECT note FROM access_rules ORDER BY version DESC LIMIT 1";
    let note: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    let Some(note) = note else {
        return Ok(Rules::shipped_text().to_owned());
    };
    // Verified before it was kept.
    let note: Note = note.parse().map_err(|_| Error::Damaged)?;
    let installed: AccessRules = statement::read_unverified(&note).map_err(|_| Error::Damaged)?;
    Ok(installed.text)
}

/// Installs rules, or journals why not; `false`: those before are in force.
///
/// # Errors
/// Storage errors.
pub(crate) fn take(tx: &Transaction<'_>, note: &str) -> Result<bool> {
    match check(tx, note)? {
        Ok(rules) => {
            let hash = Hash::of(note.as_bytes());
            tx.execute(
                "INSERT INTO access_rules (version, note, sha256) VALUES (?1, ?2, ?3)",
                (rules.version, note, hash.as_bytes()),
            )?;
            let version = rules.version;
            let context = JournalContext::terminal(tx)?;
            journal::append(tx, &context, Event::RulesUpdated { version })?;
            Ok(true)
        }
        Err(reason) => {
            if first_refusal(tx, note)? {
                let event = Event::RulesRefused {
                    version: offered_version(note),
                    reason: reason.to_owned(),
                };
                journal::append(tx, &JournalContext::terminal(tx)?, event)?;
            }
            Ok(false)
        }
    }
}

/// Everything that has to hold of them; else a stable word.
fn check(
    connection: &Connection,
    note: &str,
) -> Result<std::result::Result<AccessRules, &'static str>> {
    let threshold = state::policy(connection)?.access.rules_signers as usize;
    let rules = match AccessRules::open(note, &state::trust(connection)?, threshold) {
        Ok(rules) => rules,
        Err(error) => return Ok(Err(error.code())),
    };
    if rules.version <= version(connection)? {
        return Ok(Err("rules-older"));
    }
    Ok(match Rules::parse(&rules.text) {
        Ok(_) => Ok(rules),
        Err(error) => Err(error.code()),
    })
}

fn offered_version(note: &str) -> u64 {
    let note = note.parse::<Note>().ok();
    let rules = note.and_then(|note| statement::read_unverified::<AccessRules>(&note).ok());
    rules.map_or(0, |rules| rules.version)
}

#[cfg(test)]
mod tests;
