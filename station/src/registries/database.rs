//! A table of another system's SQLite database, as the CSV that the embedded registry takes in.
//!
//! The table has the registry's name, or is the only one; its columns are named as a CSV's are:
//! the key first, then `name:kind`. The file is read and never written.

use std::path::Path;

use custos_protocol::lookup::query::Registry;
use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::ImportError;

/// How a database begins (SQLite file format, 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether a file is one, by its first bytes.
pub(crate) fn is_database(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// Header and rows of the table that is meant.
///
/// # Errors
/// [`ImportError::Database`] where there is no such table or the file is damaged;
/// [`ImportError::Header`] where it has no columns; [`ImportError::Row`] for a value that is no
/// text and no number.
pub(crate) async fn as_csv(path: &Path, registry: Registry) -> Result<Vec<u8>, ImportError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Whatever its author wrote into the schema calls no function here.
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let mut database = options.connect().await.map_err(unreadable)?;
    let csv = read(&mut database, registry).await;
    let _ = database.close().await;
    csv
}

async fn read(database: &mut SqliteConnection, registry: Registry) -> Result<Vec<u8>, ImportError> {
    let table = table(database, registry).await?;
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info(?1) ORDER BY cid")
            .bind(&table)
            .fetch_all(&mut *database)
            .await
            .map_err(unreadable)?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    let written = |_| ImportError::Header;
    csv.write_record(&columns).map_err(written)?;
    // Names come from the schema and are quoted; a blob is told by its type and taken for nothing.
    let each = columns.iter().map(|name| {
        let name = quoted(name);
        format!(
            "CASE typeof({name}) WHEN 'blob' THEN NULL ELSE coalesce(CAST({name} AS TEXT), '') END"
        )
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let select = format!("SELECT {each} FROM {}", quoted(&table));
    let rows = sqlx::query(sqlx::AssertSqlSafe(select))
        .fetch_all(&mut *database)
        .await
        .map_err(unreadable)?;
    for (number, row) in rows.iter().enumerate() {
        // As in a CSV, whose first line is the header.
        let bad = || ImportError::Row(number as u64 + 2);
        let values = (0..columns.len()).map(|at| row.try_get::<Option<String>, _>(at));
        let values: Option<Vec<String>> = values.map(|v| v.ok().flatten()).collect();
        csv.write_record(values.ok_or_else(bad)?)
            .map_err(|_| bad())?;
    }
    csv.into_inner().map_err(|_| ImportError::Header)
}

/// The table of the registry's name, else the only one. Views and virtual tables are none: they
/// run what their author wrote.
async fn table(database: &mut SqliteConnection, registry: Registry) -> Result<String, ImportError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
    )
    .fetch_all(&mut *database)
    .await
    .map_err(unreadable)?;
    let named = |name: &&String| name.eq_ignore_ascii_case(registry.as_str());
    match (tables.iter().find(named), tables.as_slice()) {
        (Some(table), _) | (None, [table]) => Ok(table.clone()),
        _ => Err(ImportError::Database(
            "the database has no table of the registry's name, and not one alone",
        )),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unreadable(_: sqlx::Error) -> ImportError {
    ImportError::Database("the database is damaged, or not to be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn made(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("other.db");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let mut database = options.connect().await.expect("a database");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut database)
            .await
            .expect("SQL");
        database.close().await.expect("closed");
        (folder, path)
    }

    async fn taken(sql: &str) -> Result<String, ImportError> {
        let (_folder, path) = made(sql).await;
        let csv = as_csv(&path, Registry::Vehicle).await?;
        Ok(String::from_utf8(csv).expect("text"))
    }

    #[tokio::test]
    async fn the_table_of_that_name_or_the_only_one() {
        let cars = "CREATE TABLE cars (plate TEXT, \"owner:name\" TEXT, year INTEGER, note);
                    INSERT INTO cars VALUES ('京A12345', '张, 三', 2019, NULL);";
        let csv = "plate,owner:name,year,note\n京A12345,\"张, 三\",2019,\n";
        assert_eq!(taken(cars).await.expect("taken"), csv);
        let several =
            format!("{cars} CREATE TABLE Vehicle (plate); INSERT INTO Vehicle VALUES ('京A1');");
        assert_eq!(taken(&several).await.expect("taken"), "plate\n京A1\n");
        let neither = format!("{cars} CREATE TABLE more (x);");
        assert!(matches!(
            taken(&neither).await,
            Err(ImportError::Database(_))
        ));
    }

    /// What its author wrote to be run is not run, and nothing of the file is changed.
    #[tokio::test]
    async fn views_virtual_tables_and_odd_names() {
        let view =
            "CREATE TABLE a (x); CREATE TABLE b (x); CREATE VIEW vehicle AS SELECT 1 AS plate;";
        assert!(matches!(taken(view).await, Err(ImportError::Database(_))));
        let odd = "CREATE TABLE \"ve\"\"; DROP TABLE x; --\" (\"pl\"\"ate\", \"a]b\");
                   INSERT INTO \"ve\"\"; DROP TABLE x; --\" VALUES ('京A1', 'x');";
        let csv = "\"pl\"\"ate\",a]b\n京A1,x\n";
        assert_eq!(taken(odd).await.expect("taken"), csv);
        let blob = "CREATE TABLE v (plate); INSERT INTO v VALUES ('京A1'); INSERT INTO v VALUES (x'00ff');";
        assert!(matches!(taken(blob).await, Err(ImportError::Row(3))));
        let (_folder, path) = made("CREATE TABLE v (plate);").await;
        let before = std::fs::read(&path).expect("there");
        as_csv(&path, Registry::Vehicle).await.expect("taken");
        assert_eq!(std::fs::read(&path).expect("there"), before);
        let mut cut = before;
        cut.truncate(600);
        cut[120..].fill(0xFF);
        std::fs::write(&path, &cut).expect("writable");
        assert!(is_database(&cut));
        assert!(as_csv(&path, Registry::Vehicle).await.is_err());
    }
}
