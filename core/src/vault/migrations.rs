//! Numbered migrations, each in its own transaction together with its version number.

use rusqlite::{Connection, TransactionBehavior};

use crate::{Error, Result};

/// `MIGRATIONS[n]` leads from version n to n + 1. A released one never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_vault.sql"),
    include_str!("migrations/0002_engine.sql"),
    include_str!("migrations/0003_law.sql"),
    include_str!("migrations/0004_access.sql"),
    include_str!("migrations/0005_lookups.sql"),
    include_str!("migrations/0006_law_shelf.sql"),
    include_str!("migrations/0007_refused_lookups.sql"),
];

/// The schema this program knows.
#[cfg(test)]
pub(crate) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Brings the schema to the newest version.
///
/// # Errors
/// [`Error::NewerSchema`], before anything is written; storage errors.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    run(connection, MIGRATIONS)
}

fn run(connection: &mut Connection, migrations: &[&str]) -> Result<()> {
    let known = migrations.len() as u32;
    loop {
        // Read first without a lock: the usual case writes nothing.
        let found = version(connection)?;
        if found > known {
            return Err(Error::NewerSchema { found, known });
        }
        if found == known {
            return Ok(());
        }
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let found = version(&tx)?;
        if let Some(migration) = migrations.get(found as usize) {
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "user_version", found + 1)?;
            tx.commit()?;
        }
    }
}

fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema of each released version as it was released: `(version, SQL)`.
    const FIXTURES: &[(u32, &str)] = &[
        (1, include_str!("fixtures/schema_0001.sql")),
        (2, include_str!("fixtures/schema_0002.sql")),
        (3, include_str!("fixtures/schema_0003.sql")),
        (4, include_str!("fixtures/schema_0004.sql")),
        (5, include_str!("fixtures/schema_0005.sql")),
        (6, include_str!("fixtures/schema_0006.sql")),
        (7, include_str!("fixtures/schema_0007.sql")),
    ];

    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(|sql| normal(&sql.unwrap()))
            .collect()
    }

    /// Without comments and with single spaces.
    fn normal(sql: &str) -> String {
        sql.lines()
            .map(|line| line.split("--").next().unwrap_or(""))
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn migrated_equals_fresh() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        assert_eq!(version(&fresh).unwrap(), KNOWN);
        assert_eq!(
            FIXTURES.len(),
            MIGRATIONS.len(),
            "every version has a fixture"
        );
        for (from, sql) in FIXTURES {
            let mut old = Connection::open_in_memory().unwrap();
            old.execute_batch(sql).unwrap();
            old.pragma_update(None, "user_version", from).unwrap();
            migrate(&mut old).unwrap();
            assert_eq!(schema(&old), schema(&fresh), "from version {from}");
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = [
            "CREATE TABLE a (x) STRICT;",
            "CREATE TABLE a (x INTEGER) STRICT;",
        ];
        let good = [
            "CREATE TABLE a (x INTEGER) STRICT;",
            "CREATE TABLE b (x INTEGER); oops",
        ];
        assert!(run(&mut connection, &broken).is_err());
        assert_eq!(version(&connection).unwrap(), 0);
        assert!(run(&mut connection, &good).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(schema(&connection).len(), 1);
    }

    #[test]
    fn a_newer_schema_is_an_error_and_stays_as_it_is() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE future (x INTEGER)")
            .unwrap();
        connection
            .pragma_update(None, "user_version", KNOWN + 1)
            .unwrap();
        let before = schema(&connection);
        assert_eq!(
            migrate(&mut connection),
            Err(Error::NewerSchema {
                found: KNOWN + 1,
                known: KNOWN
            })
        );
        assert_eq!(schema(&connection), before);
    }
}
