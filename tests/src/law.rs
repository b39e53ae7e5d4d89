//! How good the search for laws is: queries with the articles that answer them
//! (`tests/law/queries.tsv`), recall and mean reciprocal rank.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use custos_core::lookup::law::{Hit, LawQuery, Pack, PackSpec, Standing, build};
use custos_protocol::{key::SigningKey, note::Signer};

/// The day on which the expected articles are in force.
pub const DAY: &str = "2026-11-22";

/// A query with what answers it.
#[derive(Debug, Clone)]
pub struct Query {
    pub group: String,
    pub words: String,
    /// Law without 中华人民共和国, and article; `*` is any.
    pub answers: Vec<(String, String)>,
}

/// How a group of queries fared.
#[derive(Debug, Clone, Default)]
pub struct Score {
    pub queries: usize,
    /// Part of the queries of whose first five hits one answers.
    pub recall: f64,
    /// Mean of 1/rank of the first that answers, among ten.
    pub reciprocal_rank: f64,
    pub missed: Vec<String>,
}

/// The queries that wordings and ranking are improved on.
pub fn queries() -> Vec<Query> {
    queries_of(include_str!("../law/queries.tsv"))
}

/// Everyday wording that nothing is fitted to.
pub fn heldout() -> Vec<Query> {
    queries_of(include_str!("../law/heldout.tsv"))
}

/// Queries of a text in the form of `tests/law/queries.tsv`.
pub fn queries_of(text: &str) -> Vec<Query> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [group, words, answers] = fields[..] else {
                panic!("queries of laws: {line:?}");
            };
            let answers = answers.split(';').map(|answer| {
                let (law, article) = answer.rsplit_once(' ').expect("a law and an article");
                (law.to_owned(), article.to_owned())
            });
            Query {
                group: group.to_owned(),
                words: words.to_owned(),
                answers: answers.collect(),
            }
        })
        .collect()
}

fn short(law: &str) -> &str {
    law.strip_prefix("中华人民共和国").unwrap_or(law)
}

fn answers(query: &Query, hit: &Hit) -> bool {
    let article = hit.number.to_string();
    hit.standing != Standing::Superseded
        && query
            .answers
            .iter()
            .any(|(law, n)| law == short(&hit.law) && (n == "*" || *n == article))
}

/// Whether the pack holds any of the articles that answer a query.
pub fn can_answer(pack: &Pack, query: &Query) -> bool {
    query.answers.iter().any(|(law, article)| {
        let number = if article == "*" { "1" } else { article };
        let found = search(pack, &format!("{law} §{number}"), 3);
        found.iter().any(|hit| answers(query, hit))
    })
}

fn search(pack: &Pack, words: &str, limit: usize) -> Vec<Hit> {
    let query = LawQuery {
        words,
        date: Some(DAY),
        limit,
    };
    pack.search(&query).expect("a search")
}

/// The scores of each group.
pub fn scores(pack: &Pack, queries: &[Query]) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for query in queries {
        let hits = search(pack, &query.words, 10);
        let rank = hits.iter().position(|hit| answers(query, hit));
        let score = scores.entry(query.group.clone()).or_default();
        score.queries += 1;
        score.reciprocal_rank += rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        if rank.is_some_and(|rank| rank < 5) {
            score.recall += 1.0;
        } else {
            let shown = hits
                .iter()
                .take(3)
                .map(|h| format!("{} {}", short(&h.law), h.number));
            score.missed.push(format!(
                "{}: {}",
                query.words,
                shown.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    for score in scores.values_mut() {
        score.recall /= score.queries as f64;
        score.reciprocal_rank /= score.queries as f64;
    }
    scores
}

/// A key for packs that nobody has to trust.
pub fn signer() -> Signer {
    Signer::new("a.example/person/editor", SigningKey::from_seed(&[7; 32])).expect("a signer")
}

/// The pack of a folder.
pub fn pack_of(dir: &Path, file: &Path) -> Pack {
    let signer = signer();
    let spec = PackSpec {
        pack: "laws",
        version: 1,
        time_ms: 0,
        signer: &signer,
    };
    build(dir, file, &spec).expect("a pack");
    Pack::open(file).expect("the pack opens")
}

/// The laws of the repository.
pub fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/starter")
}

/// A folder with the full set of laws in it, unpacked into `dir`; none, with the reason on
/// standard error, where that is not at hand.
pub fn full_set(dir: &Path) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CUSTOS_SHARED").map_or(root, PathBuf::from);
    let packed = shared.join("data/laws/articles-full.jsonl.zst");
    if !packed.is_file() {
        eprintln!("skipped: the full set of laws is not here (set CUSTOS_SHARED)");
        return None;
    }
    let folder = dir.join("full");
    std::fs::create_dir(&folder).expect("a folder");
    let file = File::create(folder.join("articles.jsonl")).expect("a file");
    let unpacked = Command::new("zstd")
        .args(["-dcq", "--long=27"])
        .arg(packed)
        .stdout(Stdio::from(file))
        .status();
    match unpacked {
        Ok(status) if status.success() => Some(folder),
        _ => {
            eprintln!("skipped: no `zstd` on this machine to unpack the full set of laws");
            None
        }
    }
}
