//! All rounds of a torture, several at a time, and what they come to.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{
    base::Base,
    check::{Known, recheck},
    kill::{Machine, Process, Round, Stage, round},
    media,
    plan::{Choices, Plan},
    power,
};
use crate::process::{program, workspace};

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub rounds: u64,
    pub seed: u64,
    /// Cut the power instead of killing the process.
    pub power: bool,
    /// Rounds at the same time, each on a terminal of its own.
    pub lanes: u64,
}

/// The last line: what `docs/CLI.md` promises.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    pub rounds: u64,
    /// Processes killed: recordings, and recoveries that were killed in turn.
    pub kills: u64,
    /// Promises made before a death: fragments committed, clips begun and sealed, photos, marks.
    pub acknowledged: u64,
    /// Promises broken, and rounds after which anything else did not hold.
    pub lost: u64,
    /// The most media that was handed over at the speed of real time and was not there afterwards.
    pub largest_loss_ms: u64,
    pub seed: u64,
}

/// A seed that nobody chose.
pub fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    // A number that a person can copy.
    now.map_or(0, |now| now.as_micros() as u64 % 1_000_000_000)
}

/// A terminal is left after so many rounds for a new one, so that no round gets slower.
const ROUNDS_EACH: u64 = 50;

/// What follows from a fault is not worth reading.
const SHOWN: usize = 8;

/// What a policy can set its clips to at the shortest.
const CLIP_S: u32 = 10;

/// Real time: more than a fragment and this is a recorder that falls behind.
const COMMIT_MS: u64 = 3_000;
const FRAGMENT_MS: u32 = 1_000;

/// Runs all rounds; what does not hold is told on standard error, and its folder kept.
///
/// # Errors
/// There is no place for the terminals.
pub fn run(options: Options) -> io::Result<Summary> {
    program();
    let stage = Stage {
        base: Base::make(|policy| {
            policy.fragment_ms = FRAGMENT_MS;
            policy.clip_max_s = CLIP_S;
            // Who is killed while the PIN is looked at has used an attempt.
            policy.pin_attempts = 20;
        }),
        media: media::all(),
        photo: fs::read(workspace().join("tests/media/photo.jpg"))?,
        decode: true,
    };
    let names: Vec<_> = stage
        .media
        .iter()
        .map(|media| media.name.as_str())
        .collect();
    eprintln!(
        "torture: seed {}, media: {}",
        options.seed,
        names.join(", ")
    );
    let root = workspace().join("target/torture");
    fs::create_dir_all(&root)?;
    let all = All {
        options,
        stage,
        root,
        next: AtomicU64::new(0),
        summary: Mutex::new(Summary {
            seed: options.seed,
            ..Summary::default()
        }),
    };
    thread::scope(|scope| {
        for lane in 0..options.lanes.max(1) {
            let all = &all;
            scope.spawn(move || all.lane(lane));
        }
    });
    let summary = all.summary.into_inner();
    Ok(summary.unwrap_or_else(PoisonError::into_inner))
}

struct All {
    options: Options,
    stage: Stage,
    root: PathBuf,
    /// Rounds taken.
    next: AtomicU64,
    summary: Mutex<Summary>,
}

impl All {
    /// Terminals one after the other, and rounds on each, until none is left.
    fn lane(&self, lane: u64) {
        let mut batch = 0;
        while self.next.load(Ordering::Relaxed) < self.options.rounds {
            let name = format!("{}-{lane}-{batch}-", self.options.seed);
            let outcome = tempfile::Builder::new()
                .prefix(&name)
                .tempdir_in(&self.root)
                .map_err(|e| e.to_string())
                .and_then(|folder| match self.terminal(folder.path()) {
                    Ok(sound) => {
                        if !sound {
                            eprintln!("torture: kept {}", folder.keep().display());
                        }
                        Ok(())
                    }
                    Err(fault) => Err(fault),
                });
            if let Err(fault) = outcome {
                eprintln!("torture: {fault}");
                self.add(|summary| summary.lost += 1);
                return;
            }
            batch += 1;
        }
    }

    /// The rounds of one terminal; `false`: something does not hold.
    fn terminal(&self, root: &Path) -> Result<bool, String> {
        let machine: Option<Box<dyn Machine>> = if self.options.power {
            power::machine(root, self.options.seed)?
        } else {
            Some(Box::new(Process {
                folder: root.join("terminal"),
            }))
        };
        let Some(mut machine) = machine else {
            // Said why; nothing more to do for anybody.
            self.next.store(self.options.rounds, Ordering::Relaxed);
            return Ok(true);
        };
        let copied = self.stage.base.copy_to(machine.folder());
        copied.map_err(|e| format!("no terminal: {e}"))?;
        machine.settle();
        let mut known = Known::default();
        for _ in 0..ROUNDS_EACH {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.options.rounds {
                break;
            }
            let plan = Plan::of(self.options.seed, number, self.choices());
            let problems = match round(&self.stage, machine.as_mut(), &plan, &mut known) {
                Ok(done) => self.judge(&plan, done),
                Err(fault) => vec![fault],
            };
            if !problems.is_empty() {
                self.fail(&plan, &problems);
                let kept = machine.keep(root);
                return kept.map(|()| false).map_err(|e| e.to_string());
            }
        }
        // What was sound once is sound for ever.
        let problems = recheck(machine.folder(), &known);
        for problem in &problems {
            eprintln!("torture: at the end: {problem}");
        }
        self.add(|summary| summary.lost += problems.len() as u64);
        Ok(problems.is_empty())
    }

    fn choices(&self) -> Choices {
        let first = &self.stage.media[0];
        Choices {
            media: self.stage.media.len(),
            clip_samples: first.samples_until(i64::from(CLIP_S) * 1_000_000),
        }
    }

    /// Adds a round up; gives what does not hold.
    fn judge(&self, plan: &Plan, done: Round) -> Vec<String> {
        let verdict = done.verdict;
        let mut problems = verdict.problems;
        let loss_ms = verdict.loss_us.map(|us| us.max(0) as u64 / 1_000);
        let real_time = loss_ms.filter(|_| plan.speed == 100).unwrap_or(0);
        if real_time > u64::from(FRAGMENT_MS) + COMMIT_MS {
            problems.push(format!("{real_time} ms of real time are lost"));
        }
        eprintln!(
            "round {:>5}: {:?} {:?} {:>3}%  clips {} recovered {} promises {} loss {} ms{}",
            plan.round,
            plan.who,
            plan.trigger,
            plan.speed,
            verdict.clips,
            verdict.recovered,
            verdict.acknowledged,
            loss_ms.map_or_else(|| "?".to_owned(), |ms| ms.to_string()),
            if problems.is_empty() { "" } else { "  LOST" },
        );
        self.add(|summary| {
            summary.rounds += 1;
            summary.kills += done.kills;
            summary.acknowledged += verdict.acknowledged;
            summary.lost += verdict.lost;
            summary.largest_loss_ms = summary.largest_loss_ms.max(real_time);
        });
        problems
    }

    fn fail(&self, plan: &Plan, problems: &[String]) {
        for problem in problems.iter().take(SHOWN) {
            eprintln!("torture: round {}: {problem}", plan.round);
        }
        if let Some(more @ 1..) = problems.len().checked_sub(SHOWN) {
            eprintln!("torture: round {}: and {more} more", plan.round);
        }
        let text = serde_json::to_string(plan).unwrap_or_default();
        eprintln!(
            "torture: seed {} round {}: {text}",
            self.options.seed, plan.round
        );
        self.add(|summary| summary.lost = summary.lost.max(1));
    }

    fn add(&self, change: impl FnOnce(&mut Summary)) {
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut summary);
    }
}
