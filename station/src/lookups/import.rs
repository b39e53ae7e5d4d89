//! Filling the station's own registries, beside a station that runs or without one.

use std::{io, path::Path};

use custos_protocol::lookup::query::Registry;

use crate::{
    keys,
    registries::{ImportError, Table, database},
};

const TABLE: &str = "registries.db";
const MARKER: &str = "station.json";

/// Why nothing was imported; what was known stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportFailure {
    #[error("the folder holds no station")]
    NoStation,
    /// The sentence says where; it holds nothing of the file's content.
    #[error("{0}")]
    File(String),
    #[error("the station's folder cannot be read or written")]
    Storage,
}

/// As [`import_registry`], of a file: CSV, or an SQLite database with a table of the registry's name
/// (or one table alone) whose columns are named as a CSV's. A database is read and never written;
/// the line of an error is its row's number and one.
///
/// # Errors
/// [`ImportFailure`]; where the file cannot be read, why.
pub async fn import_registry_file(
    dir: &Path,
    registry: Registry,
    file: &Path,
) -> io::Result<Result<u64, ImportFailure>> {
    let bytes = std::fs::read(file)?;
    if !database::is_database(&bytes) {
        return Ok(import_registry(dir, registry, &bytes).await);
    }
    drop(bytes);
    Ok(match database::as_csv(file, registry).await {
        Ok(csv) => import_registry(dir, registry, &csv).await,
        Err(error) => Err(failure(error)),
    })
}

/// Replaces what the station's table knows of a registry by a CSV file: the key first, then fields
/// as `name:kind`, with the kinds `number`, `name`, `phone`, `address`, `plate` and `other`, which
/// say how a field is masked. Gives the number of records.
///
/// # Errors
/// [`ImportFailure`].
pub async fn import_registry(
    dir: &Path,
    registry: Registry,
    csv: &[u8],
) -> Result<u64, ImportFailure> {
    let table = open(dir).await?;
    let imported = table.import(registry, csv).await;
    table.close().await;
    imported.map_err(failure)
}

/// Replaces the lists of those that are asked about out of curiosity by a CSV file:
/// `registry,key,list,officer`. Gives the number of lines.
///
/// # Errors
/// [`ImportFailure`].
pub async fn import_watched(dir: &Path, csv: &[u8]) -> Result<u64, ImportFailure> {
    let table = open(dir).await?;
    let key = keys::lookup(dir).map_err(|_| ImportFailure::Storage)?;
    let imported = table.watch(csv, &key).await;
    table.close().await;
    imported.map_err(failure)
}

async fn open(dir: &Path) -> Result<Table, ImportFailure> {
    if !dir.join(MARKER).exists() {
        return Err(ImportFailure::NoStation);
    }
    let table = Table::open(&dir.join(TABLE)).await;
    table.map_err(|_| ImportFailure::Storage)
}

fn failure(error: ImportError) -> ImportFailure {
    match error {
        ImportError::Storage(_) => ImportFailure::Storage,
        error => ImportFailure::File(error.to_string()),
    }
}
