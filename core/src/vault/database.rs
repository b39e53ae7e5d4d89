//! The encrypted database: SQLCipher, WAL, every commit durable before it returns.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{folder::parent, keys::DatabaseKey, migrations, sqlcipher, wal};
use crate::{Error, Result};

const BUSY: Duration = Duration::from_secs(10);

/// An open vault database. Several threads and several processes may hold one.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    /// An fsync failed: what the system's cache says about the file can't be believed any more.
    broken: AtomicBool,
}

impl Database {
    /// Makes a new database where there is none.
    ///
    /// # Errors
    /// [`Error::AlreadyProvisioned`] when there is a file, storage errors.
    pub(crate) fn create(path: &Path, key: &DatabaseKey) -> Result<Self> {
        if path.try_exists()? {
            return Err(Error::AlreadyProvisioned);
        }
        Self::connect(path, key, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens an existing database. Never deletes, empties or recreates one.
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::NewerSchema`], [`Error::Damaged`], storage errors.
    pub(crate) fn open(path: &Path, key: &DatabaseKey) -> Result<Self> {
        // SQLite takes a missing or empty file for a new database. Here it is a damaged one.
        let mut salt = [0; 16];
        match File::open(path).and_then(|mut file| file.read_exact(&mut salt)) {
            Ok(()) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) =>
            {
                return Err(Error::Damaged);
            }
            Err(error) => return Err(error.into()),
        }
        if &salt != key.salt() {
            return Err(Error::WrongKey);
        }
        Self::connect(path, key, OpenFlags::empty())
    }

    fn connect(path: &Path, key: &DatabaseKey, create: OpenFlags) -> Result<Self> {
        Self::connections(path, key, create).map_err(|error| named(error, path))
    }

    fn connections(path: &Path, key: &DatabaseKey, create: OpenFlags) -> Result<Self> {
        sqlcipher::ready()?;
        let mut writer = connection(path, key, create)?;
        wal::write_again(&mut writer, path)?;
        migrations::migrate(&mut writer)?;
        let reader = connection(path, key, OpenFlags::empty())?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            broken: AtomicBool::new(false),
        })
    }

    /// Runs `work` in one transaction (`BEGIN IMMEDIATE`). When this returns `Ok`, everything in
    /// it survives a power cut; when it returns an error, nothing of it happened. Not reentrant.
    ///
    /// # Errors
    /// What `work` returned, or a storage error. After [`Error::SyncFailed`] every later call
    /// fails too: what was not synced is not retried as if nothing had happened.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Error::SyncFailed);
        }
        let mut connection = lock(&self.writer);
        let named = |error| named(error, &self.path);
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| named(error.into()))?;
        let value = work(&tx).map_err(named)?;
        tx.commit().map_err(|error| {
            let error = named(error.into());
            if matches!(error, Error::SyncFailed | Error::Io(_)) {
                self.broken.store(true, Ordering::Release);
                return Error::SyncFailed;
            }
            error
        })?;
        Ok(value)
    }

    /// Runs `work` on one consistent state of the database.
    ///
    /// # Errors
    /// What `work` returned, or a storage error.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let mut connection = lock(&self.reader);
        let named = |error| named(error, &self.path);
        let tx = connection
            .transaction()
            .map_err(|error| named(error.into()))?;
        work(&tx).map_err(named)
    }
}

/// SQLite does not say why it could not make a file beside the database, or let it grow. With
/// less room than this there is no other reason.
const NO_ROOM: u64 = 1 << 20;

/// The error, by its right name where the disk is full.
fn named(error: Error, path: &Path) -> Error {
    if !matches!(error, Error::Io(_)) {
        return error;
    }
    match rustix::fs::statvfs(parent(path)) {
        // A file system that says nothing of its size has no blocks, or no nodes.
        Ok(space)
            if (space.f_blocks > 0 && space.f_bavail.saturating_mul(space.f_frsize) < NO_ROOM)
                || (space.f_files > 0 && space.f_favail == 0) =>
        {
            Error::Full
        }
        _ => error,
    }
}

/// A panic inside a closure has rolled its transaction back; the connection is sound.
fn lock(mutex: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connection(path: &Path, key: &DatabaseKey, create: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let connection = Connection::open_with_flags(path, flags)?;
    // SQLCipher would write its findings to standard error.
    connection.pragma_update(None, "cipher_log_level", "NONE")?;
    connection.pragma_update(None, "key", key.pragma().as_str())?;
    connection.busy_timeout(BUSY)?;
    // The first read shows whether the key fits (the salt did) and the first page is whole.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    // Temporary tables and sorters would be plaintext files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Internal("the database runs in WAL mode"));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A payload key that sealing erased must not stay in a free page.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::vault::keys::MasterKey;

    struct Fixture {
        dir: tempfile::TempDir,
        key: DatabaseKey,
    }

    impl Fixture {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let key = MasterKey::make().unwrap().derive_database_key();
            Self { dir, key }
        }

        fn path(&self) -> std::path::PathBuf {
            self.dir.path().join("vault.db")
        }

        fn filled(self) -> Self {
            let database = Database::create(&self.path(), &self.key).unwrap();
            database
                .write(|tx| {
                    tx.execute("INSERT INTO trust_set VALUES (1, 'needle-in-haystack')", [])?;
                    Ok(())
                })
                .unwrap();
            drop(database);
            self
        }
    }

    fn version_one(database: &Database) -> String {
        database
            .read(|c| {
                Ok(
                    c.query_row("SELECT note FROM trust_set WHERE version = 1", [], |r| {
                        r.get(0)
                    })?,
                )
            })
            .unwrap()
    }

    #[test]
    fn what_is_written_is_read_by_others_and_is_not_plain() {
        let fixture = Fixture::new().filled();
        let database = Database::open(&fixture.path(), &fixture.key).unwrap();
        let other = Database::open(&fixture.path(), &fixture.key).unwrap();
        assert_eq!(version_one(&database), "needle-in-haystack");
        assert_eq!(version_one(&other), "needle-in-haystack");
        for entry in fs::read_dir(fixture.dir.path()).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            assert!(!bytes.windows(6).any(|w| w == b"needle"));
            assert!(!bytes.starts_with(b"SQLite format 3"));
        }
    }

    #[test]
    fn a_failed_transaction_leaves_nothing() {
        let fixture = Fixture::new().filled();
        let database = Database::open(&fixture.path(), &fixture.key).unwrap();
        let failed: Result<()> = database.write(|tx| {
            tx.execute("DELETE FROM trust_set", [])?;
            Err(Error::NoDuty)
        });
        assert_eq!(failed, Err(Error::NoDuty));
        assert_eq!(version_one(&database), "needle-in-haystack");
    }

    /// Invariant 8: no open path deletes or recreates a database.
    #[test]
    fn a_wrong_key_is_an_error_and_the_file_stays() {
        let fixture = Fixture::new().filled();
        let before = fs::read(fixture.path()).unwrap();
        let other = MasterKey::make().unwrap().derive_database_key();
        assert_eq!(
            Database::open(&fixture.path(), &other).unwrap_err(),
            Error::WrongKey
        );
        assert_eq!(fs::read(fixture.path()).unwrap(), before);
        assert_eq!(
            Database::create(&fixture.path(), &other).unwrap_err(),
            Error::AlreadyProvisioned
        );
        assert_eq!(fs::read(fixture.path()).unwrap(), before);
        let database = Database::open(&fixture.path(), &fixture.key).unwrap();
        assert_eq!(version_one(&database), "needle-in-haystack");
    }

    /// Invariant 8, for a newer schema.
    #[test]
    fn a_newer_schema_is_an_error_and_the_data_stays() {
        let fixture = Fixture::new().filled();
        let database = Database::open(&fixture.path(), &fixture.key).unwrap();
        let newer = migrations::KNOWN + 1;
        database
            .write(|tx| Ok(tx.pragma_update(None, "user_version", newer)?))
            .unwrap();
        drop(database);
        assert_eq!(
            Database::open(&fixture.path(), &fixture.key).unwrap_err(),
            Error::NewerSchema {
                found: newer,
                known: migrations::KNOWN
            }
        );
        let connection = connection(&fixture.path(), &fixture.key, OpenFlags::empty()).unwrap();
        let note: String = connection
            .query_row("SELECT note FROM trust_set", [], |r| r.get(0))
            .unwrap();
        assert_eq!(note, "needle-in-haystack");
    }

    /// Invariant 8, for a damaged, an emptied and a missing file.
    #[test]
    fn a_damaged_file_is_an_error_and_stays() {
        let fixture = Fixture::new().filled();
        let whole = fs::read(fixture.path()).unwrap();
        let mut flipped = whole.clone();
        flipped[100] ^= 1;
        for damaged in [
            flipped.as_slice(),
            &whole[..1000],
            &whole[..16],
            &whole[..3],
            b"",
        ] {
            fs::write(fixture.path(), damaged).unwrap();
            assert_eq!(
                Database::open(&fixture.path(), &fixture.key).unwrap_err(),
                Error::Damaged,
                "{} bytes",
                damaged.len()
            );
            assert_eq!(fs::read(fixture.path()).unwrap(), damaged);
        }
        fs::remove_file(fixture.path()).unwrap();
        assert_eq!(
            Database::open(&fixture.path(), &fixture.key).unwrap_err(),
            Error::Damaged
        );
        assert!(!fixture.path().exists());
    }

    #[test]
    fn commits_are_synchronous() {
        let fixture = Fixture::new().filled();
        let database = Database::open(&fixture.path(), &fixture.key).unwrap();
        let level: u32 = lock(&database.writer)
            .pragma_query_value(None, "synchronous", |row| row.get(0))
            .unwrap();
        assert_eq!(level, 2);
    }
}
