//! Lists that are asked where the station cannot be.

use custos_protocol::{
    api::ListVersion,
    journal::Event,
    lookup::{
        list::{self, ListFile, ListKey},
        query::Subject,
    },
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::Listed;
use crate::{
    Error, Result, clock,
    device::state,
    journal::{self, JournalContext},
};

/// Which lists of the station are to be fetched; those that the policy no longer names go.
///
/// # Errors
/// Storage errors.
pub(crate) fn wanted(tx: &Transaction<'_>, offered: Vec<ListVersion>) -> Result<Vec<String>> {
    let named = state::policy(tx)?.lookup.lists;
    let mut wanted = Vec::new();
    for offer in offered {
        let newer = installed(tx, &offer.list)?.is_none_or(|version| offer.version > version);
        if newer && named.contains(&offer.list) {
            wanted.push(offer.list);
        }
    }
    let mut statement = tx.prepare("SELECT list FROM lookup_list")?;
    let kept: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for list in kept.iter().filter(|list| !named.contains(list)) {
        tx.execute("DELETE FROM lookup_list WHERE list = ?1", [list])?;
    }
    Ok(wanted)
}

fn installed(connection: &Connection, list: &str) -> Result<Option<u64>> {
    let sql = "SELECT version FROM lookup_list WHERE list = ?1";
    Ok(connection
        .query_row(sql, [list], |row| row.get(0))
        .optional()?)
}

/// Verifies a list and puts it in place of an older one.
///
/// # Errors
/// [`Error::ListInvalid`]: not signed by a person of the role, altered, of another name, or not
/// newer; what was in place stays. Storage errors.
pub(crate) fn take(tx: &Transaction<'_>, name: &str, file: &ListFile) -> Result<()> {
    let open = file
        .open(&state::trust(tx)?)
        .map_err(|_| Error::ListInvalid)?;
    let list = &open.list;
    let older = installed(tx, name)?.is_some_and(|version| version >= list.version);
    if list.list != name || older {
        return Err(Error::ListInvalid);
    }
    let (key, entries) = open.parts();
    tx.execute(
        "INSERT INTO lookup_list (list, registry, version, time_ms, expires_ms, key, entries)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (list) DO UPDATE SET registry = excluded.registry,
             version = excluded.version, time_ms = excluded.time_ms,
             expires_ms = excluded.expires_ms, key = excluded.key, entries = excluded.entries",
        (
            name,
            list.registry.as_str(),
            list.version,
            list.time_ms,
            list.expires_ms,
            key.as_str(),
            entries,
        ),
    )?;
    let event = Event::ListUpdated {
        list: name.to_owned(),
        version: list.version,
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
}

/// What the lists of its registry say of a subject. One that has expired says nothing.
///
/// # Errors
/// Storage errors; [`Error::Damaged`].
pub(crate) fn ask(connection: &Connection, subject: &Subject) -> Result<Vec<Listed>> {
    let now = clock::now(connection)?.time_ms;
    let mut statement = connection.prepare_cached(
        "SELECT list, time_ms, key, entries FROM lookup_list
         WHERE registry = ?1 AND expires_ms > ?2 ORDER BY list",
    )?;
    let mut rows = statement.query((subject.registry.as_str(), now))?;
    let mut said = Vec::new();
    while let Some(row) = rows.next()? {
        let key = zeroize::Zeroizing::new(row.get::<_, String>(2)?);
        let key = ListKey::from_text(&key).ok_or(Error::Damaged)?;
        let entries: Vec<u8> = row.get(3)?;
        said.push(Listed {
            list: row.get(0)?,
            on_it: list::has(&entries, &key, subject),
            time_ms: row.get(1)?,
        });
    }
    Ok(said)
}
