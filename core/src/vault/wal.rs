//! The database's write-ahead log, where somebody else left one.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use rusqlite::{Connection, TransactionBehavior};

use crate::{Error, Result};

/// Bytes that are written at a time.
const PIECE: usize = 256 * 1024;

/// Makes the log of a database durable as it is read now, by writing the same bytes once more.
///
/// A process whose sync failed may be gone before it could tell anybody. The system goes on
/// showing what it never wrote, and lets the next sync succeed without it (Linux takes the pages
/// for clean). Transactions on top of such a log would be acknowledged, and gone with the power.
/// Where the database was closed properly there is no log, and nothing to do.
///
/// # Errors
/// [`Error::SyncFailed`], storage errors.
pub(super) fn write_again(connection: &mut Connection, database: &Path) -> Result<()> {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    let mut log = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(log) if log.metadata()?.len() > 0 => log,
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // Nobody adds to the log or begins it anew while this is open; it ends with nothing done.
    let _alone = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    loop {
        log.seek(SeekFrom::Start(at))?;
        let read = log.read(&mut piece)?;
        if read == 0 {
            break;
        }
        log.seek(SeekFrom::Start(at))?;
        log.write_all(&piece[..read])?;
        at += read as u64;
    }
    log.sync_data().map_err(|_| Error::SyncFailed)
}
