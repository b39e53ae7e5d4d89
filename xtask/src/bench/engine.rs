//! `record`, `append`, `memory`, `recovery`, `open`: the recorder and the vault at work, against
//! what people would use instead and against absolute limits.

use std::path::PathBuf;

use serde_json::Value;

use super::measure::{have, media, median, quote, shell};
use super::{Figure, Goal, examples};
use crate::step::{Result, root};

/// Rounds; the peers take turns in each, and the median of each counts.
const ROUNDS: usize = 7;

/// The fields of the line that a command printed.
struct Said(Value);

impl Said {
    fn number(&self, name: &str) -> Result<f64> {
        let number = self.0[name].as_f64();
        number.ok_or_else(|| format!("bench_engine said no {name}: {}", self.0))
    }
}

/// A folder with a staged terminal, removed afterwards.
struct Stage {
    dir: PathBuf,
    program: String,
}

impl Stage {
    fn new(name: &str) -> Result<Self> {
        examples()?;
        let stage = Self {
            dir: root().join("target/bench").join(name),
            program: quote(&root().join("target/release/examples/bench_engine")),
        };
        stage.remove();
        std::fs::create_dir_all(root().join("target/bench"))
            .map_err(|e| format!("target/bench: {e}"))?;
        stage.say("stage", "")?;
        Ok(stage)
    }

    fn say(&self, command: &str, arguments: &str) -> Result<Said> {
        let line = format!(
            "{} {command} {} {arguments}",
            self.program,
            quote(&self.dir)
        );
        Self::parse(&shell(&line)?.1)
    }

    fn parse(printed: &str) -> Result<Said> {
        let said = serde_json::from_str(printed.trim());
        Ok(Said(said.map_err(|e| {
            format!("bench_engine printed {printed:?}: {e}")
        })?))
    }

    fn remove(&self) {
        // A folder that is not there is as good as removed.
        #[expect(
            clippy::disallowed_methods,
            reason = "a benchmark's folder below target/"
        )]
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.remove();
    }
}

pub(super) fn record() -> Result<Vec<Figure>> {
    let stage = Stage::new("record")?;
    let media = quote(&media());
    let mut figures = Vec::new();
    if ["ffmpeg", "age"].iter().all(|p| have(p)) {
        let minute = quote(&root().join("target/bench/minute.mp4"));
        let list = quote(&root().join("target/bench/minute.txt"));
        shell(&format!(
            "for i in {{1..12}}; do echo \"file '\"{media}\"'\"; done > {list}; \
             ffmpeg -v error -y -f concat -safe 0 -i {list} -c copy -t 60 {minute}"
        ))?;
        let identity = quote(&root().join("target/bench/identity"));
        shell(&format!(
            "rm -f {identity}; age-keygen -o {identity} 2>/dev/null"
        ))?;
        let peer = format!(
            "ffmpeg -v error -i {minute} -c copy -f mp4 -movflags frag_keyframe+empty_moov - \
             | age -r \"$(age-keygen -y {identity})\" > {minute}.age"
        );
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=ROUNDS {
            eprintln!("record: round {round} of {ROUNDS}");
            ours.push(
                stage
                    .say("record", &format!("{minute} 60"))?
                    .number("cpu")?,
            );
            theirs.push(shell(&peer)?.0.cpu);
        }
        shell(&format!("rm -f {minute} {minute}.age {list} {identity}"))?;
        figures.push(Figure::new(
            "record.cpu",
            (median(&ours), "s"),
            ("ffmpeg -c copy | age -r", median(&theirs)),
            Goal::AtMost(0.5),
        ));
    } else {
        eprintln!("skipped: ffmpeg or age is not installed");
    }
    let live = stage.say("live", &format!("{media} 60"))?;
    let part = live.number("cpu")? / live.number("seconds")? * 100.0;
    figures.push(Figure::new(
        "record.live-cpu",
        (part, "%"),
        ("0.3 % of a core", 0.3),
        Goal::AtMost(1.0),
    ));
    Ok(figures)
}

pub(super) fn append() -> Result<Vec<Figure>> {
    let stage = Stage::new("append")?;
    let live = stage.say("live", &format!("{} 60", quote(&media())))?;
    eprintln!("append: slowest {} µs", live.number("max_us")?);
    Ok(vec![
        Figure::new(
            "append.median",
            (live.number("median_us")?, "us"),
            ("5 us", 5.0),
            Goal::AtMost(1.0),
        ),
        Figure::new(
            "append.p99",
            (live.number("p99_us")?, "us"),
            ("50 us", 50.0),
            Goal::AtMost(1.0),
        ),
    ])
}

pub(super) fn memory() -> Result<Vec<Figure>> {
    let stage = Stage::new("memory")?;
    let hours = 4;
    let said = stage.say("memory", &format!("{} {}", quote(&media()), hours * 3600))?;
    let mib = |name: &str| said.number(name).map(|bytes| bytes / f64::from(1 << 20));
    let (peak, limit) = (mib("peak")?, mib("buffer")? + 24.0);
    Ok(vec![
        Figure::new(
            "memory.peak",
            (peak, "MiB"),
            ("30 s of media + 24 MiB", limit),
            Goal::AtMost(1.0),
        ),
        Figure::new(
            "memory.growth",
            (peak, "MiB"),
            ("peak of the first tenth", mib("peak_of_first_tenth")?),
            Goal::AtMost(1.1),
        ),
    ])
}

pub(super) fn recovery() -> Result<Vec<Figure>> {
    let media = quote(&media());
    let recover = |bytes: u64| -> Result<f64> {
        let stage = Stage::new("recovery")?;
        let mut rounds = Vec::new();
        for _ in 0..3 {
            // It ends as a killed process does.
            let line = format!(
                "{} kill {} {media} {bytes} 2>/dev/null || true",
                stage.program,
                quote(&stage.dir)
            );
            shell(&line)?;
            shell("sync")?;
            rounds.push(stage.say("open", "")?.number("seconds")?);
        }
        Ok(median(&rounds))
    };
    let (small, large) = (recover(32 << 20)?, recover((2 << 30) - (8 << 20))?);
    eprintln!("recovery: {small:.3} s for 32 MiB, {large:.3} s for 2 GiB");
    Ok(vec![Figure::new(
        "recovery.2GiB",
        (large, "s"),
        ("1 s", 1.0),
        Goal::AtMost(1.0),
    )])
}

pub(super) fn open() -> Result<Vec<Figure>> {
    let stage = Stage::new("open")?;
    eprintln!("open: filling a vault with 100,000 items and 1,000,000 journal entries");
    stage.say("fill", "100000 1000000")?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        for (command, times) in [("open", &mut ours), ("plain", &mut plain)] {
            // Cold where this is allowed; else as warm for the one as for the other.
            shell("sync; { echo 3 > /proc/sys/vm/drop_caches; } 2>/dev/null || true")?;
            times.push(stage.say(command, "")?.number("seconds")?);
        }
    }
    Ok(vec![Figure::new(
        "open.cold",
        (median(&ours), "s"),
        ("SQLCipher open + one query", median(&plain)),
        Goal::AtMost(2.0),
    )])
}
