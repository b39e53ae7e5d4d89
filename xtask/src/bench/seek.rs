//! `seek`: opening a 2 GiB clip on the terminal at any time, against decrypting all of it with
//! `age -d`, which is what has to be done without a reader of our own.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::measure::{have, media, median, quote, shell};
use super::{Figure, Goal, examples};
use crate::step::{Result, root};

/// How much media the clip holds: as much as one may by default, but for a little.
const BYTES: u64 = (2 << 30) - (1 << 20);

/// How often the clip is opened in a round.
const SEEKS: u32 = 50;

/// Rounds; the peer takes turns.
const ROUNDS: usize = 3;

const PEER: &str = "age -d of the whole";

/// What `bench_seek make` prints.
#[derive(Debug, Deserialize)]
struct Made {
    dir: PathBuf,
    clip: PathBuf,
    key: PathBuf,
    bytes: u64,
    fragments: u32,
}

/// Seconds of every seek.
#[derive(Debug, Default, Deserialize)]
struct Seeks {
    whole: Vec<f64>,
    part: Vec<f64>,
}

pub(super) fn run() -> Result<Vec<Figure>> {
    examples()?;
    let target = root().join("target");
    let program = quote(&target.join("release/examples/bench_seek"));
    let dir = target.join("bench");
    fs::create_dir_all(&dir).map_err(|e| format!("target/bench: {e}"))?;
    let line = format!(
        "TMPDIR={} {program} make {} {BYTES}",
        quote(&dir),
        quote(&media())
    );
    let made: Made = parse(&shell(&line)?.1)?;
    eprintln!(
        "seek: a clip of {} bytes in {} fragments",
        made.bytes, made.fragments
    );
    let result = measure(&program, &made);
    remove(&made.dir)?;
    result
}

fn measure(program: &str, made: &Made) -> Result<Vec<Figure>> {
    let mut seeks = Seeks::default();
    let mut peer = Vec::new();
    let with_peer = have("age");
    if !with_peer {
        eprintln!("skipped: age is not installed");
    }
    for round in 1..=ROUNDS {
        eprintln!("seek: round {round} of {ROUNDS}");
        let line = format!("{program} seek {} {SEEKS}", quote(&made.dir));
        let more: Seeks = parse(&shell(&line)?.1)?;
        seeks.whole.extend(more.whole);
        seeks.part.extend(more.part);
        if with_peer {
            let (key, clip) = (quote(&made.key), quote(&made.clip));
            let line = format!("age -d -i {key} {clip} > /dev/null");
            peer.push(shell(&line)?.0.wall);
        }
    }
    let mut figures = Vec::new();
    let ms = |seconds: f64| seconds * 1000.0;
    if with_peer {
        let against = (PEER, ms(median(&peer)));
        for (name, times) in [
            ("seek.whole-clip", &seeks.whole),
            ("seek.part-of-clip", &seeks.part),
        ] {
            figures.push(Figure::new(
                name,
                (ms(median(times)), "ms"),
                against,
                Goal::AtLeast(100.0),
            ));
        }
    }
    let all = seeks.whole.iter().chain(&seeks.part).copied();
    let slowest = ms(all.fold(0.0, f64::max));
    figures.push(Figure::new(
        "seek.slowest",
        (slowest, "ms"),
        ("50 ms", 50.0),
        Goal::AtMost(1.0),
    ));
    Ok(figures)
}

fn parse<T: for<'de> Deserialize<'de>>(line: &str) -> Result<T> {
    serde_json::from_str(line.trim()).map_err(|e| format!("bench_seek printed {line:?}: {e}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the temporary terminal of this benchmark, below target/"
)]
fn remove(dir: &Path) -> Result {
    fs::remove_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))
}
