//! A vault as after years of use: rows written past the façade, in one transaction, with the
//! journal's tree as it would be; files of the items' names.

use std::convert::Infallible;
use std::path::Path;

use custos_protocol::hash::Hash;
use custos_protocol::merkle::{self, NodeReader};
use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{Result, open};

pub(super) fn fill(dir: &Path, items: u64, entries: u64) -> Result<Value> {
    let key = open::database_key(dir)?;
    let mut connection = open::connect(dir, &key)?;
    let tx = connection.transaction()?;
    evidence(&tx, dir, items)?;
    journal(&tx, entries)?;
    tx.commit()?;
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    Ok(json!({ "items": items, "entries": entries }))
}

fn evidence(tx: &Transaction<'_>, dir: &Path, items: u64) -> Result {
    let mut insert = tx.prepare(
        "INSERT INTO evidence (clip, recording, officer, duty, case_no, media, state, began_ms,
                               ended_ms, header_length, committed_chunks, fragments, end_us,
                               length, root, seal_seq, uploaded, receipt, confirmed_ms)
         VALUES (?1, ?1, '100123', 'duty-1', 'A-1', 'video/mp4', 'confirmed', ?2, ?2, 300, 10, 6,
                 60000000, 600000, ?3, ?4, 600000, ?5, ?2)",
    )?;
    // About as long as a real one.
    let receipt = "x".repeat(2_500);
    for number in 0..items {
        let clip = format!("clip-0{number:025}");
        let root = Hash::of(clip.as_bytes());
        insert.execute((&clip, number, root.as_bytes(), number, &receipt))?;
        std::fs::write(dir.join("evidence").join(format!("{clip}.age")), b"")?;
    }
    Ok(())
}

fn journal(tx: &Transaction<'_>, entries: u64) -> Result {
    let from: u64 = tx.query_row("SELECT count(*) FROM journal", [], |row| row.get(0))?;
    let mut tree = Levels::default();
    let mut add = tx.prepare("INSERT INTO journal (seq, entry) VALUES (?1, ?2)")?;
    let mut node =
        tx.prepare("INSERT OR REPLACE INTO journal_node (level, idx, hash) VALUES (?1, ?2, ?3)")?;
    for seq in 0..entries.max(from) {
        let raw: String = if seq < from {
            tx.query_row("SELECT entry FROM journal WHERE seq = ?1", [seq], |r| {
                r.get(0)
            })?
        } else {
            let raw = format!(
                r#"{{"suite":1,"seq":{seq},"time_ms":1795313914000,"clock":"station","terminal":"T","officer":"100123","kind":"unlocked","body":{{}}}}"#
            );
            add.execute((seq, &raw))?;
            raw
        };
        let Ok(nodes) = merkle::append(seq, merkle::leaf_hash(raw.as_bytes()), &tree);
        for made in nodes {
            node.execute((made.level, made.index, made.hash.as_bytes()))?;
            tree.keep(made.level, made.hash);
        }
    }
    Ok(())
}

/// The newest node of each level: appending asks for no other.
#[derive(Default)]
struct Levels(Vec<Hash>);

impl Levels {
    fn keep(&mut self, level: u8, hash: Hash) {
        let level = usize::from(level);
        if level == self.0.len() {
            self.0.push(hash);
        } else {
            self.0[level] = hash;
        }
    }
}

impl NodeReader for Levels {
    type Error = Infallible;

    fn node(&self, level: u8, _: u64) -> Result<Hash, Infallible> {
        Ok(self.0[usize::from(level)])
    }
}
