//! Opening what is stored, and the least that opening can be.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use custos_core::{KeySource as _, SoftwareKeySource, Terminal};
use ring::hkdf;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::Result;

pub(super) fn terminal(dir: &Path) -> Result<Value> {
    let begun = Instant::now();
    let terminal = Terminal::open(dir, Arc::new(SoftwareKeySource::in_folder(dir)))?;
    let seconds = begun.elapsed().as_secs_f64();
    let size = terminal.status()?.journal_size;
    Ok(json!({ "seconds": seconds, "journal": size }))
}

/// SQLCipher alone: its key, and one row.
pub(super) fn plain(dir: &Path) -> Result<Value> {
    let key = database_key(dir)?;
    let begun = Instant::now();
    let connection = connect(dir, &key)?;
    let state: String =
        connection.query_row("SELECT state FROM evidence LIMIT 1", [], |row| row.get(0))?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({ "seconds": seconds, "state": state }))
}

pub(super) fn connect(dir: &Path, key: &str) -> Result<Connection> {
    let connection = Connection::open(dir.join("vault.db"))?;
    connection.pragma_update(None, "key", key)?;
    Ok(connection)
}

/// The raw key of the vault's database, as core/src/vault/keys.rs derives it.
pub(super) fn database_key(dir: &Path) -> Result<String> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let file = std::fs::read(dir.join("keys/master"))?;
    let wrapped = file.strip_prefix(b"custos-master/1\n".as_slice());
    let master = SoftwareKeySource::in_folder(dir)
        .unwrap("custos master key", wrapped.ok_or("no master key")?)?;
    let master =
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"custos terminal keys v1").extract(master.as_slice());
    let mut text = String::from("x'");
    for (label, length) in [(b"database key".as_slice(), 32), (b"database salt", 16)] {
        let mut out = vec![0; length];
        master
            .expand(&[label], Length(length))
            .and_then(|okm| okm.fill(&mut out))
            .map_err(|_| "HKDF")?;
        text.extend(out.iter().map(|byte| format!("{byte:02x}")));
    }
    Ok(text + "'")
}
