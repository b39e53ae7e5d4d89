//! `seal`: media muxed, sealed, hashed and written in one pass, against the fastest pipeline that
//! somebody could type, and against ring alone.

use std::fs;

use serde::Deserialize;

use super::measure::{Took, have, media, median, quote, shell};
use super::{Figure, Goal, examples};
use crate::step::{Result, root};

/// How much media is sealed.
const BYTES: u64 = 1 << 30;

/// Rounds; the peers take turns in each, and the median of each counts.
const ROUNDS: usize = 5;

const PIPELINE: &str = "age -r | tee | openssl dgst -sha256";
const RING: &str = "ring ChaCha20-Poly1305 + SHA-256";

/// What `bench_seal` prints.
#[derive(Debug, Deserialize)]
struct Report {
    seconds: f64,
    media_bytes: u64,
    stored_bytes: u64,
    peak_bytes: u64,
}

#[derive(Debug, Default)]
struct Series {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Series {
    fn add(&mut self, took: Took) {
        self.wall.push(took.wall);
        self.cpu.push(took.cpu);
    }
}

pub(super) fn run() -> Result<Vec<Figure>> {
    examples()?;
    let target = root().join("target");
    let program = quote(&target.join("release/examples/bench_seal"));
    let dir = target.join("bench");
    fs::create_dir_all(&dir).map_err(|e| format!("target/bench: {e}"))?;
    let result = measure(&program, &dir);
    remove(&dir, &["media", "sealed", "sealed-by-age"]);
    result
}

fn remove(dir: &std::path::Path, names: &[&str]) {
    for name in names {
        // A file that is not there is as good as removed.
        let _ = fs::remove_file(dir.join(name));
    }
}

fn measure(program: &str, dir: &std::path::Path) -> Result<Vec<Figure>> {
    let media = quote(&media());
    let (plain, sealed) = (quote(&dir.join("media")), quote(&dir.join("sealed")));
    let by_age = quote(&dir.join("sealed-by-age"));
    let peer = ["age", "tee", "openssl"].iter().all(|p| have(p));
    if !peer {
        eprintln!("skipped: age or openssl is not installed");
    }
    let recipient = shell(&format!("{program} recipient"))?.1;
    let recipient = recipient.trim();
    shell(&format!("{program} media {media} {BYTES} {plain}"))?;

    let (mut ours, mut age) = (Series::default(), Series::default());
    let (mut null, mut raw) = (Vec::new(), Vec::new());
    let (mut peak, mut stored) = (0, 0.0);
    for round in 1..=ROUNDS {
        eprintln!("seal: round {round} of {ROUNDS}");
        // Emptying and writing back what others wrote is no part of anybody's time.
        remove(dir, &["sealed", "sealed-by-age"]);
        shell("sync")?;
        let (took, printed) = shell(&format!("{program} seal {media} {BYTES} {sealed}"))?;
        let report = parse(&printed)?;
        ours.add(took);
        peak = peak.max(report.peak_bytes);
        stored = report.stored_bytes as f64 / report.media_bytes as f64;
        if peer {
            shell("sync")?;
            let line = format!("age -r {recipient} {plain} | tee {by_age} | openssl dgst -sha256");
            age.add(shell(&line)?.0);
        }
        null.push(parse(&shell(&format!("{program} null {media} {BYTES}"))?.1)?.seconds);
        raw.push(parse(&shell(&format!("{program} raw {media} {BYTES}"))?.1)?.seconds);
    }

    let mut figures = Vec::new();
    if peer {
        let (wall, cpu) = (median(&ours.wall), median(&ours.cpu));
        let peer = (PIPELINE, median(&age.wall));
        figures.push(Figure::new(
            "seal.wall",
            (wall, "s"),
            peer,
            Goal::AtLeast(2.5),
        ));
        let peer = (PIPELINE, median(&age.cpu));
        figures.push(Figure::new("seal.cpu", (cpu, "s"), peer, Goal::AtMost(0.4)));
    }
    let floor = (RING, median(&raw));
    figures.push(Figure::new(
        "seal.null-sink",
        (median(&null), "s"),
        floor,
        Goal::AtMost(1.25),
    ));
    let mib = peak as f64 / (1 << 20) as f64;
    let limit = ("64 MiB", 64.0);
    figures.push(Figure::new(
        "seal.peak-memory",
        (mib, "MiB"),
        limit,
        Goal::AtMost(1.0),
    ));
    let media = ("bytes of media", 1.0);
    figures.push(Figure::new(
        "seal.stored-bytes",
        (stored, "B/B"),
        media,
        Goal::AtMost(1.01),
    ));
    Ok(figures)
}

fn parse(line: &str) -> Result<Report> {
    serde_json::from_str(line.trim()).map_err(|e| format!("bench_seal printed {line:?}: {e}"))
}
