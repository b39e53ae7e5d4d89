//! Looking laws up in the full set, so that its time can be measured. `cargo xtask bench law` runs
//! it.
//!
//! ```text
//! bench_law make DIR     unpacks the full set into DIR and builds DIR/laws.pack and DIR/fts.db (an
//!                        FTS5 table with the same characters and pairs); prints
//!                        {"articles", "text_bytes", "pack_bytes"}, or {} where the set is not here
//! bench_law cold DIR     opens the pack in a new process and asks it once; prints {"ms"}
//! bench_law search DIR   every query of tests/law/queries.tsv, five times; prints
//!                        {"ours": […], "fts5": […]}: ms of each
//! ```
//!
//! FTS5 gets the pairs of a query joined by OR, ranked by `bm25()`, ten rows: what stands in the
//! place of our index and ranking, without names, numbers, dates, other wordings and snippets.

#![allow(clippy::print_stdout)]

use std::{collections::BTreeSet, error::Error, path::Path, time::Instant};

use custos_core::lookup::law::{self, LawQuery, Pack, PackSpec};
use custos_tests::law as quality;
use rusqlite::Connection;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const ROUNDS: usize = 5;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", dir] => make(dir.as_ref()),
        ["cold", dir] => cold(dir.as_ref()),
        ["search", dir] => search(dir.as_ref()),
        _ => Err("see the head of bench_law.rs".into()),
    }
}

fn make(dir: &Path) -> Result {
    let Some(full) = quality::full_set(dir) else {
        println!("{{}}");
        return Ok(());
    };
    let signer = quality::signer();
    let spec = PackSpec {
        pack: "laws",
        version: 1,
        time_ms: 0,
        signer: &signer,
    };
    let pack = dir.join("laws.pack");
    let built = law::build(&full, &pack, &spec)?;
    fts(&pack, &dir.join("fts.db"))?;
    let line = serde_json::json!({
        "articles": built.manifest.articles,
        "text_bytes": built.text_bytes,
        "pack_bytes": built.bytes,
    });
    println!("{line}");
    Ok(())
}

/// The Chinese characters of a text in runs.
fn tokens(text: &str) -> BTreeSet<String> {
    let han = |c: &char| matches!(c, '\u{4e00}'..='\u{9fff}');
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = BTreeSet::new();
    for run in characters.split(|c| !han(c)) {
        tokens.extend(run.iter().map(char::to_string));
        tokens.extend(run.windows(2).map(|two| two.iter().collect::<String>()));
    }
    tokens
}

fn fts(pack: &Path, file: &Path) -> Result {
    let laws = Connection::open(pack)?;
    let mut to = Connection::open(file)?;
    to.execute_batch(
        "CREATE VIRTUAL TABLE f USING fts5(t, content = '', detail = none, tokenize = 'unicode61')",
    )?;
    let tx = to.transaction()?;
    let mut articles = laws.prepare("SELECT id, text FROM article")?;
    let mut rows = articles.query([])?;
    while let Some(row) = rows.next()? {
        let (id, text): (i64, String) = (row.get(0)?, row.get(1)?);
        let all: Vec<String> = tokens(&text).into_iter().collect();
        tx.execute(
            "INSERT INTO f (rowid, t) VALUES (?1, ?2)",
            (id, all.join(" ")),
        )?;
    }
    tx.execute("INSERT INTO f (f) VALUES ('optimize')", [])?;
    tx.commit()?;
    Ok(())
}

fn ask(pack: &Pack, words: &str) -> Result<usize> {
    let query = LawQuery {
        words,
        date: Some(quality::DAY),
        limit: 10,
    };
    Ok(pack.search(&query)?.len())
}

fn cold(dir: &Path) -> Result {
    let begin = Instant::now();
    let pack = Pack::open(&dir.join("laws.pack"))?;
    ask(&pack, "噪音扰民")?;
    println!("{{\"ms\": {}}}", begin.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}

fn search(dir: &Path) -> Result {
    let pack = Pack::open(&dir.join("laws.pack"))?;
    let peer = Connection::open(dir.join("fts.db"))?;
    let sql = "SELECT rowid FROM f WHERE f MATCH ?1 ORDER BY bm25(f) LIMIT 10";
    let (mut ours, mut fts5) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for query in quality::queries() {
            let begin = Instant::now();
            ask(&pack, &query.words)?;
            ours.push(begin.elapsed().as_secs_f64() * 1000.0);
            let pairs: Vec<String> = tokens(&query.words)
                .into_iter()
                .filter(|token| token.chars().count() == 2)
                .map(|token| format!("\"{token}\""))
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let begin = Instant::now();
            let mut statement = peer.prepare_cached(sql)?;
            let rows = statement.query_map([pairs.join(" OR ")], |row| row.get::<_, i64>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()?;
            fts5.push(begin.elapsed().as_secs_f64() * 1000.0);
        }
    }
    println!("{}", serde_json::json!({ "ours": ours, "fts5": fts5 }));
    Ok(())
}
