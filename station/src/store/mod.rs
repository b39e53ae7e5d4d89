//! All SQL of the station, behind plain functions.
//!
//! # Layout
//!
//! One file a register: [`trust`], [`enrolment`], [`sessions`], [`journals`], [`uploads`],
//! [`evidence`], [`directives`], [`lookups`], [`records`] (audit and alarms). Readers take any connection,
//! writers a transaction of [`Store::write`]; both speak SQLite today and nothing above this
//! folder knows it, so that PostgreSQL can follow.
//!
//! WAL with `synchronous=FULL`: a commit that returned survives a power cut. One connection
//! writes; it begins with `BEGIN IMMEDIATE`, so a transaction never fails half-way for a lock.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Sqlite, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::StartError;

pub(crate) mod changes;
pub(crate) mod directives;
pub(crate) mod disclosures;
pub(crate) mod enrolment;
pub(crate) mod evidence;
pub(crate) mod grants;
pub(crate) mod journals;
pub(crate) mod lookups;
pub(crate) mod records;
pub(crate) mod rules;
pub(crate) mod sessions;
pub(crate) mod trust;
pub(crate) mod uploads;

static MIGRATIONS: Migrator = sqlx::migrate!();
const FILE: &str = "station.db";
const READERS: u32 = 4;

/// A query that failed. Its text may hold what users sent, so it is never shown or logged.
pub(crate) type DbError = sqlx::Error;
/// What every function here runs on.
pub(crate) type Conn = sqlx::SqliteConnection;
/// A write under way: durable once committed, undone when dropped.
pub(crate) type Tx = Transaction<'static, Sqlite>;

#[derive(Debug, Clone)]
pub(crate) struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl Store {
    /// Opens the database; only a station's first run creates it.
    pub(crate) async fn open(dir: &Path, create: bool) -> Result<Self, StartError> {
        let path = dir.join(FILE);
        if !create && !path.exists() {
            return Err(StartError::Missing(FILE));
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone());
        let writer = writer.await.map_err(|_| StartError::Damaged(FILE))?;
        MIGRATIONS.run(&writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
                StartError::NewerSchema
            }
            _ => StartError::Damaged(FILE),
        })?;
        crate::files::sync_folder(dir).map_err(StartError::Storage)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false))
            .await
            .map_err(|_| StartError::Damaged(FILE))?;
        Ok(Self { readers, writer })
    }

    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>, DbError> {
        self.readers.acquire().await
    }

    pub(crate) async fn write(&self) -> Result<Tx, DbError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// SQLite counts in `i64`; sizes and indexes here never reach its end.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The way back. What we wrote is never negative.
pub(crate) fn uint(value: i64) -> u64 {
    value.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_schema_and_a_lost_or_damaged_file_are_errors() {
        let dir = tempfile::tempdir().expect("folder");
        assert!(matches!(
            Store::open(dir.path(), false).await,
            Err(StartError::Missing(_))
        ));
        let store = Store::open(dir.path(), true).await.expect("store");
        let mut tx = store.write().await.expect("tx");
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', TRUE, x'00', 0)",
        )
        .execute(&mut *tx)
        .await
        .expect("insert");
        tx.commit().await.expect("commit");
        store.close().await;
        assert!(matches!(
            Store::open(dir.path(), false).await,
            Err(StartError::NewerSchema)
        ));
        std::fs::write(
            dir.path().join(FILE),
            b"this is not a database, not by a long way",
        )
        .expect("write");
        assert!(matches!(
            Store::open(dir.path(), false).await,
            Err(StartError::Damaged(_))
        ));
        let kept = std::fs::read(dir.path().join(FILE)).expect("read");
        assert!(
            kept.starts_with(b"this is not"),
            "an unreadable file is left as it is"
        );
    }
}
