//! The embedded registry: a table of the station's own, filled from CSV.
//!
//! The file's first row names the columns: the key first, then fields as `name:kind`, with the
//! kinds of [`Personal`] (`owner:name,phone:phone,stolen:other`). An import replaces what was
//! known of that registry, all of it or nothing.

use std::path::Path;

use custos_protocol::lookup::{
    mask::Personal,
    query::{Field, MAX_RECORDS, Record, Registry, Subject, SubjectError},
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{Answer, Connector, KEY, Unanswered};

/// Longest value, in bytes.
const MAX_VALUE: usize = 4 << 10;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Table(pub(super) SqlitePool);

/// Why a file was not imported; nothing changed then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("line {line}: {error}")]
    Subject { line: u64, error: SubjectError },
    #[error("line {0}: not as many fields as columns, or one that is too long")]
    Row(u64),
    #[error("the first line names the columns: the key, then name:kind")]
    Header,
    #[error("{0}")]
    Database(&'static str),
    #[error("the registry's table cannot be written")]
    Storage(#[from] sqlx::Error),
}

impl Table {
    /// Opens the table at a path, or makes it.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePool::connect_with(options).await?;
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS record (
                 registry TEXT NOT NULL,
                 key      TEXT NOT NULL,
                 number   INTEGER NOT NULL,               -- of the row in the file
                 fields   TEXT NOT NULL,                  -- JSON
                 PRIMARY KEY (registry, key, number)
             ) STRICT, WITHOUT ROWID",
        )
        .execute(&pool)
        .await?;
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS watched (
                 mac     BLOB NOT NULL,                   -- of registry and key
                 list    TEXT NOT NULL,
                 officer TEXT NOT NULL,                   -- empty: whoever asks
                 PRIMARY KEY (mac, list, officer)
             ) STRICT, WITHOUT ROWID",
        )
        .execute(&pool)
        .await?;
        Ok(Self(pool))
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    /// Takes in a CSV file; gives the number of records.
    ///
    /// # Errors
    /// [`ImportError`]: what was known stays as it was.
    pub(crate) async fn import(&self, registry: Registry, csv: &[u8]) -> Result<u64, ImportError> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(csv);
        let columns = columns(reader.headers().map_err(|_| ImportError::Header)?)?;
        let mut tx = self.0.begin().await?;
        sqlx::query("DELETE FROM record WHERE registry = ?1")
            .bind(registry.as_str())
            .execute(&mut *tx)
            .await?;
        let mut number = 0;
        for row in reader.records() {
            let line = number + 2;
            let row = row.map_err(|_| ImportError::Row(line))?;
            let mut values = row.iter();
            let key = values.next().unwrap_or_default();
            let subject = Subject::parse(registry, key)
                .map_err(|error| ImportError::Subject { line, error })?;
            if values.clone().any(|value| value.len() > MAX_VALUE) {
                return Err(ImportError::Row(line));
            }
            let fields = columns.iter().zip(values).filter(|(_, v)| !v.is_empty());
            let fields: Vec<Field> = fields
                .map(|((name, what), value)| Field {
                    name: name.clone(),
                    what: *what,
                    value: value.to_owned(),
                })
                .collect();
            let fields = serde_json::to_string(&fields).map_err(|_| ImportError::Row(line))?;
            sqlx::query(
                "INSERT INTO record (registry, key, number, fields) VALUES (?1, ?2, ?3, ?4)",
            )
            .bind(registry.as_str())
            .bind(&subject.key)
            .bind(i64::try_from(number).unwrap_or(i64::MAX))
            .bind(fields)
            .execute(&mut *tx)
            .await?;
            number += 1;
        }
        tx.commit().await?;
        Ok(number)
    }

    /// The records that a pattern fits, each with the number that it is of.
    async fn search(&self, pattern: &Subject) -> Result<Vec<Record>, Unanswered> {
        // What else GLOB takes for a pattern is meant as it stands.
        let glob = pattern.key.replace('[', "[[]");
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT key, fields FROM record WHERE registry = ?1 AND key GLOB ?2
             ORDER BY key, number LIMIT ?3",
        )
        .bind(pattern.registry.as_str())
        .bind(glob)
        .bind(MAX_RECORDS as i64 + 1)
        .fetch_all(&self.0)
        .await
        .map_err(|_| Unanswered::Unreachable)?;
        let records = rows.into_iter().map(|(key, fields)| {
            let known: Vec<Field> =
                serde_json::from_str(&fields).map_err(|_| Unanswered::Nonsense)?;
            let number = Field {
                name: KEY.to_owned(),
                // Who may ask with a part of it may see the rest.
                what: Personal::Other,
                value: key,
            };
            Ok(Record {
                fields: std::iter::once(number).chain(known).collect(),
            })
        });
        records.collect()
    }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<(String, Personal)>, ImportError> {
    if header.is_empty() {
        return Err(ImportError::Header);
    }
    header
        .iter()
        .skip(1)
        .map(|column| {
            let (name, kind) = column.split_once(':').unwrap_or((column, "other"));
            let kind = serde_json::Value::String(kind.trim().to_owned());
            let kind = serde_json::from_value(kind).map_err(|_| ImportError::Header)?;
            Ok((name.trim().to_owned(), kind))
        })
        .collect()
}

impl Connector for Table {
    fn ask<'a>(&'a self, subject: &'a Subject) -> Answer<'a> {
        Box::pin(async move {
            if subject.is_pattern() {
                return self.search(subject).await;
            }
            let rows: Vec<(String,)> = sqlx::query_as(
                "SELECT fields FROM record WHERE registry = ?1 AND key = ?2 ORDER BY number LIMIT ?3",
            )
            .bind(subject.registry.as_str())
            .bind(&subject.key)
            .bind(MAX_RECORDS as i64 + 1)
            .fetch_all(&self.0)
            .await
            .map_err(|_| Unanswered::Unreachable)?;
            if rows.len() > MAX_RECORDS {
                return Err(Unanswered::TooLarge);
            }
            rows.iter()
                .map(|(fields,)| {
                    let fields = serde_json::from_str(fields).map_err(|_| Unanswered::Nonsense)?;
                    Ok(Record { fields })
                })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARS: &str = "plate,owner:name,phone:phone,stolen\n\
                        京A·12345,张三,13812341234,no\n\
                        京a54321,\"李, 四\",,yes\n";

    async fn table() -> (tempfile::TempDir, Table) {
        let folder = tempfile::tempdir().unwrap();
        let table = Table::open(&folder.path().join("registries.db"))
            .await
            .unwrap();
        (folder, table)
    }

    async fn ask(table: &Table, plate: &str) -> Vec<Vec<(String, String)>> {
        let subject = Subject::parse(Registry::Vehicle, plate).unwrap();
        let records = table.ask(&subject).await.unwrap();
        let pairs = |record: Record| {
            let fields = record.fields.into_iter();
            fields.map(|f| (f.name, f.value)).collect()
        };
        records.into_iter().map(pairs).collect()
    }

    #[tokio::test]
    async fn what_was_imported_is_found_in_any_writing() {
        let (_folder, table) = table().await;
        let imported = table.import(Registry::Vehicle, CARS.as_bytes()).await;
        assert_eq!(imported.unwrap(), 2);
        let found = ask(&table, "京Ａ12345").await;
        assert_eq!(found[0][0], ("owner".to_owned(), "张三".to_owned()));
        assert_eq!(ask(&table, "京A54321").await[0].len(), 2);
        assert!(ask(&table, "京A99999").await.is_empty());
        // Another registry's records are not this one's.
        let case = Subject::parse(Registry::Case, "京A12345").unwrap();
        assert_eq!(table.ask(&case).await, Ok(Vec::new()));
    }

    /// A row that cannot be right: all that was known stays.
    #[tokio::test]
    async fn an_import_is_all_or_nothing() {
        let (_folder, table) = table().await;
        table
            .import(Registry::Vehicle, CARS.as_bytes())
            .await
            .unwrap();
        for wrong in [
            "plate,owner:name\n京A11111,甲\n京I11111,乙\n",
            "plate,owner:name\n京A11111,甲,丙\n",
            "plate,owner:nickname\n京A11111,甲\n",
        ] {
            assert!(
                table
                    .import(Registry::Vehicle, wrong.as_bytes())
                    .await
                    .is_err()
            );
            assert_eq!(ask(&table, "京A12345").await.len(), 1, "{wrong}");
            assert!(ask(&table, "京A11111").await.is_empty(), "{wrong}");
        }
        let line = "plate\n京A11111\n京A1\n";
        let error = table
            .import(Registry::Vehicle, line.as_bytes())
            .await
            .unwrap_err();
        assert_eq!(error.to_string().split(':').next(), Some("line 3"));
        table.import(Registry::Vehicle, b"plate\n").await.unwrap();
        assert!(
            ask(&table, "京A12345").await.is_empty(),
            "replaced by nothing"
        );
    }

    #[tokio::test]
    async fn a_pattern_finds_numbers() {
        let (_folder, table) = table().await;
        let many: String = (0..25).map(|n| format!("沪B100{n:02},甲\n")).collect();
        let cars = format!("plate,owner:name\n京A12345,张三\n京A12945,李四\n京A54321,王五\n{many}");
        table
            .import(Registry::Vehicle, cars.as_bytes())
            .await
            .unwrap();
        let cases = b"case,note\nA[1]23,x\nA123,y\n";
        table.import(Registry::Case, cases).await.unwrap();
        let found = async |registry, typed: &str| {
            let pattern = Subject::pattern(registry, typed).unwrap();
            let records = table.ask(&pattern).await.unwrap();
            let keys = records
                .into_iter()
                .map(|mut record| record.fields.remove(0));
            keys.map(|key| {
                assert_eq!(key.name, KEY);
                key.value
            })
            .collect::<Vec<_>>()
        };
        let cars = Registry::Vehicle;
        assert_eq!(found(cars, "京a12*").await, ["京A12345", "京A12945"]);
        assert_eq!(found(cars, "京A12?45").await, ["京A12345", "京A12945"]);
        assert_eq!(found(cars, "*4321").await, ["京A54321"]);
        assert_eq!(found(cars, "?A123*").await, ["京A12345"]);
        assert!(found(cars, "京A1234?5").await.is_empty(), "one character");
        // One more than are shown: there are more.
        assert_eq!(found(cars, "沪B10*").await.len(), MAX_RECORDS + 1);
        // A bracket is one, and another registry another.
        assert_eq!(found(Registry::Case, "A[1]*").await, ["A[1]23"]);
        assert!(found(Registry::Case, "A12345*").await.is_empty());
    }

    #[tokio::test]
    async fn sql_in_a_subject_is_text() {
        let (_folder, table) = table().await;
        table
            .import(Registry::Case, b"case,note\nA-1,x\n")
            .await
            .unwrap();
        for attack in ["' OR '1'='1", "A-1' --", "\"; DROP TABLE record; --"] {
            if let Ok(subject) = Subject::parse(Registry::Case, attack) {
                assert_eq!(table.ask(&subject).await, Ok(Vec::new()), "{attack}");
            }
        }
        let subject = Subject::parse(Registry::Case, "a-1").unwrap();
        assert_eq!(table.ask(&subject).await.unwrap().len(), 1);
    }
}
