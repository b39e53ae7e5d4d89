//! `decide`: what a decision by the access rules takes.

use serde::Deserialize;

use super::measure::{median, quote, shell};
use super::{Figure, Goal, examples};
use crate::step::{Result, root};

/// Decisions of each kind.
const DECISIONS: usize = 20_000;

/// What `bench_decide` prints.
#[derive(Debug, Deserialize)]
struct Decided {
    parse_ms: f64,
    own: Vec<f64>,
    granted: Vec<f64>,
    denied: Vec<f64>,
    look_up: Vec<f64>,
    table: Vec<f64>,
}

pub(super) fn run() -> Result<Vec<Figure>> {
    examples()?;
    let program = quote(&root().join("target/release/examples/bench_decide"));
    let printed = shell(&format!("{program} {DECISIONS}"))?.1;
    let decided: Decided = serde_json::from_str(printed.trim())
        .map_err(|e| format!("bench_decide printed something else: {e}"))?;
    let limit = |name, value, unit, against, most| {
        Figure::new(name, (value, unit), (against, most), Goal::AtMost(1.0))
    };
    let mut figures: Vec<_> = [
        ("decide.own", &decided.own),
        ("decide.granted", &decided.granted),
        ("decide.denied", &decided.denied),
        ("decide.look-up", &decided.look_up),
        ("decide.table", &decided.table),
    ]
    .into_iter()
    .map(|(name, times)| limit(name, median(times), "us", "50 us", 50.0))
    .collect();
    figures.push(limit(
        "decide.p99",
        p99(&decided.table),
        "us",
        "200 us",
        200.0,
    ));
    figures.push(limit("decide.parse", decided.parse_ms, "ms", "50 ms", 50.0));
    Ok(figures)
}

fn p99(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(sorted.len() * 99 / 100)
        .copied()
        .unwrap_or(f64::NAN)
}
