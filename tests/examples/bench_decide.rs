//! What a decision by the access rules takes. `cargo xtask bench decide` runs it.
//!
//! ```text
//! bench_decide DECISIONS   prints {"parse_ms", "own", "granted", "denied", "look_up", "table"}:
//!                          milliseconds of taking the rules in, then microseconds of each
//!                          decision: on own evidence, with a grant, denied with three grants, of a
//!                          look-up, and of all lines of the table in turn
//! ```
//!
//! The rules are parsed once; everything else of a decision is in its time.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use custos_access::{Request, Rules, table};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const EVIDENCE: &str = "evidence officer=bo department=north case=c1 began=5000";

fn main() -> Result {
    let decisions: usize = std::env::args()
        .nth(1)
        .ok_or("how many decisions?")?
        .parse()?;
    let start = Instant::now();
    let rules = Rules::shipped()?;
    let parse_ms = start.elapsed().as_secs_f64() * 1_000.0;
    let own = table::request(
        "officer",
        "evidence-play",
        "evidence officer=me case=c1",
        "duty=c1",
    )?;
    let granted = table::request(
        "manager",
        "evidence-play",
        EVIDENCE,
        "grant .cases=c1,c2,c3 .officers=al,bo .departments=north,south .terminals=cam-01",
    )?;
    let denied = table::request(
        "manager",
        "evidence-play",
        EVIDENCE,
        "grant .revoked grant .expires=5 grant .cases=c2",
    )?;
    let look_up = table::request(
        "officer",
        "lookup",
        "registry person",
        "duty=c1 purpose=inquiry",
    )?;
    let rows = table::parse(include_str!("../../access/tests/table.tsv"))?;
    let all: Vec<_> = rows.into_iter().map(|row| row.request).collect();
    let line = serde_json::json!({
        "parse_ms": parse_ms,
        "own": times(&rules, &[own], decisions),
        "granted": times(&rules, &[granted], decisions),
        "denied": times(&rules, &[denied], decisions),
        "look_up": times(&rules, &[look_up], decisions),
        "table": times(&rules, &all, decisions),
    });
    println!("{line}");
    Ok(())
}

/// Microseconds of each decision, the requests in turn.
fn times(rules: &Rules, requests: &[Request], decisions: usize) -> Vec<f64> {
    let turns = requests.iter().cycle().take(decisions);
    let one = |request| {
        let start = Instant::now();
        std::hint::black_box(rules.decide(std::hint::black_box(request)));
        start.elapsed().as_secs_f64() * 1_000_000.0
    };
    turns.map(one).collect()
}
