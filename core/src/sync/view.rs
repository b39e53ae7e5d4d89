//! What the vault holds, for the state machine, and what the station's answers change in it.

use custos_protocol::clip::SEALED_CHUNK;
use rusqlite::Connection;

use super::{
    directives,
    plan::{Clip, View},
};
use crate::{Result, journal, lookup::registry::queue, vault::Vault};

/// # Errors
/// Storage errors.
pub(super) fn load(connection: &Connection) -> Result<View> {
    Ok(View {
        journal_size: journal::size(connection)?,
        cosigned_size: journal::cosigned(connection)?.map_or(0, |(size, _)| size),
        acks: !directives::pending(connection)?.is_empty(),
        question: queue::oldest(connection)?,
        clips: clips(connection)?,
    })
}

/// Newest mark first, then oldest first.
fn clips(connection: &Connection) -> Result<Vec<Clip>> {
    let mut statement = connection.prepare_cached(
        "SELECT clip, upload_url IS NOT NULL, header_length, committed_chunks, length, seal_seq
         FROM evidence
         WHERE state IN ('recording', 'sealed', 'recovered', 'uploading')
         ORDER BY marked_ms IS NULL, marked_ms DESC, began_ms, clip",
    )?;
    let rows = statement.query_map([], |row| {
        let (header, chunks): (u64, u64) = (row.get(2)?, row.get(3)?);
        let length: Option<u64> = row.get(4)?;
        Ok(Clip {
            id: row.get(0)?,
            has_upload: row.get(1)?,
            available: length
                .unwrap_or_else(|| header.saturating_add(chunks * SEALED_CHUNK as u64)),
            length,
            seal_seq: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The path of the clip's upload at the station.
///
/// # Errors
/// Storage errors.
pub(super) fn upload_path(vault: &Vault, clip: &str) -> Result<Option<String>> {
    vault.read(|c| {
        let sql = "SELECT upload_url FROM evidence WHERE clip = ?1";
        Ok(c.query_row(sql, [clip], |row| row.get(0))?)
    })
}

/// # Errors
/// Storage errors.
pub(super) fn set_upload(vault: &Vault, clip: &str, path: Option<&str>) -> Result<()> {
    vault.write(|tx| {
        tx.execute(
            "UPDATE evidence SET upload_url = ?2, uploaded = 0 WHERE clip = ?1",
            (clip, path),
        )?;
        Ok(())
    })
}

/// # Errors
/// Storage errors.
pub(super) fn set_uploaded(vault: &Vault, clip: &str, offset: u64) -> Result<()> {
    vault.write(|tx| {
        tx.execute(
            "UPDATE evidence SET uploaded = ?2,
                    state = CASE WHEN state IN ('sealed', 'recovered') THEN 'uploading'
                                 ELSE state END
             WHERE clip = ?1",
            (clip, offset),
        )?;
        Ok(())
    })
}
