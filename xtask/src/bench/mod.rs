//! Measurements against peers in the same run, printed and written to `target/bench.json`.
//!
//! # Layout
//!
//! - `measure`: running a command and reading its time; [`Figure`]: one line of the result
//! - `seal`: sealing media, against `age` and against bare ring
//! - `engine`: recording, appending, memory, recovery, opening
//! - `decide`: a decision by the access rules
//! - `seek`: opening a large clip anywhere, against `age -d` of the whole
//! - `law`: looking laws up, against FTS5 and `grep -r`

mod decide;
mod engine;
mod law;
mod measure;
mod seal;
mod seek;

use std::fs;

use serde::Serialize;

use crate::step::{self, Result, root};

/// One measured value. The form is part of the command line's contract.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// The peer, and what it took.
    against: String,
    against_value: f64,
    ratio: f64,
    goal: String,
    met: bool,
}

/// Whether a ratio is good when it is large or when it is small.
#[derive(Debug, Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// For [`Goal::AtLeast`] the ratio says how many times better than the peer the value is,
    /// for [`Goal::AtMost`] which part of the peer's it is.
    fn new(
        name: &'static str,
        (value, unit): (f64, &'static str),
        (against, against_value): (&str, f64),
        goal: Goal,
    ) -> Self {
        let (ratio, goal, met) = match goal {
            Goal::AtLeast(least) => {
                let ratio = against_value / value;
                (ratio, format!(">= {least}"), ratio >= least)
            }
            Goal::AtMost(most) => {
                let ratio = value / against_value;
                (ratio, format!("<= {most}"), ratio <= most)
            }
        };
        Self {
            name,
            value,
            unit,
            against: against.to_owned(),
            against_value,
            ratio,
            goal,
            met,
        }
    }
}

type Benchmark = fn() -> Result<Vec<Figure>>;

/// Every benchmark, by name.
const ALL: &[(&str, Benchmark)] = &[
    ("seal", seal::run),
    ("record", engine::record),
    ("append", engine::append),
    ("memory", engine::memory),
    ("open", engine::open),
    ("recovery", engine::recovery),
    ("seek", seek::run),
    ("decide", decide::run),
    ("law", law::run),
];

/// Builds the programs that are measured.
fn examples() -> Result {
    let arguments = [
        "build",
        "--release",
        // Of the whole workspace: a part would be another set of features, and all built again.
        "--workspace",
        "--bins",
        "--examples",
    ];
    step::run(&mut step::cargo(&arguments))
}

/// Runs the named benchmarks, or all of them. A goal that is missed is reported, not an error:
/// machines differ.
pub fn run(names: &[&str]) -> Result {
    if let Some(unknown) = names
        .iter()
        .find(|n| !ALL.iter().any(|(name, _)| name == *n))
    {
        let known: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "no benchmark {unknown}; there are: {}",
            known.join(", ")
        ));
    }
    let mut figures = Vec::new();
    for (name, benchmark) in ALL {
        if names.is_empty() || names.contains(name) {
            figures.extend(benchmark()?);
        }
    }
    for f in &figures {
        println!(
            "{:28} {:>10.3} {:<6} {:>10.3} {:<6} ratio {:>7.3}  goal {:<8} {}  ({})",
            f.name,
            f.value,
            f.unit,
            f.against_value,
            f.unit,
            f.ratio,
            f.goal,
            if f.met { "met" } else { "MISSED" },
            f.against,
        );
    }
    let path = root().join("target/bench.json");
    let json = serde_json::to_string_pretty(&figures).map_err(|e| e.to_string())?;
    fs::write(&path, json + "\n").map_err(|e| format!("target/bench.json: {e}"))?;
    eprintln!("written to target/bench.json");
    Ok(())
}
