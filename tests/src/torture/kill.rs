//! One round: a process records and is killed, its recovery is killed too, and what is left is
//! checked.

use std::{
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::{
    base::Base,
    check::{Death, Known, Verdict, check},
    media::Media,
    plan::{Plan, Trigger, Who},
    told::{Doing, Told},
};
use crate::{process::program, scene::OFFICER};

/// What a process runs on, and how that dies.
pub trait Machine {
    /// The terminal's folder.
    fn folder(&self) -> &Path;

    /// Ends the process and everything it stands on at once. What it said before counts; what it
    /// says after this began must not be true, or not be said.
    ///
    /// # Errors
    /// The child is not there to be killed.
    fn die(&mut self, child: &mut Child) -> io::Result<()>;

    /// What is there now counts as durable.
    fn settle(&mut self) {}

    /// Leaves what is there in `folder`, for a person to look at, where it would not stay.
    ///
    /// # Errors
    /// What the file system says.
    fn keep(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// A process alone: SIGKILL, and the system keeps what it was given.
#[derive(Debug)]
pub struct Process {
    pub folder: PathBuf,
}

impl Machine for Process {
    fn folder(&self) -> &Path {
        &self.folder
    }

    fn die(&mut self, child: &mut Child) -> io::Result<()> {
        child.kill()
    }
}

/// What all rounds share.
#[derive(Debug)]
pub struct Stage {
    pub base: Base,
    pub media: Vec<Media>,
    pub photo: Vec<u8>,
    /// Whether ffmpeg looks at each clip.
    pub decode: bool,
}

/// How a round went.
#[derive(Debug, Clone, Default)]
pub struct Round {
    pub kills: u64,
    pub verdict: Verdict,
}

/// Nothing is said for so long: it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A round at the speed of real time is over long before this.
const LONGEST: Duration = Duration::from_secs(300);

/// Runs a round on a folder in which rounds were run before, or none.
///
/// # Errors
/// The round could not be run: a process ended by itself, or hangs.
pub fn round(
    stage: &Stage,
    machine: &mut dyn Machine,
    plan: &Plan,
    known: &mut Known,
) -> Result<Round, String> {
    let mut round = Round::default();
    let mut told = Vec::new();
    let mut command = match plan.who {
        Who::Child => ours("record", machine.folder(), Some(plan)),
        Who::Program => outsider(stage, machine.folder(), plan),
    };
    let killed = run(
        &mut command,
        machine,
        plan.trigger,
        plan.delay_us,
        &mut told,
    )?;
    // A file has an end, which the program may have been faster to reach.
    if !killed && plan.who == Who::Child {
        return Err("the recording ended by itself".to_owned());
    }
    round.kills += u64::from(killed);
    for delay_us in &plan.recoveries_us {
        let trigger = Trigger::Doing(Doing::Open, 1);
        let mut command = ours("recover", machine.folder(), None);
        // A recovery that was faster has come to its end, which is as good.
        let mut said = Vec::new();
        round.kills += u64::from(run(&mut command, machine, trigger, *delay_us, &mut said)?);
    }
    let media: Vec<&Media> = stage.media.iter().collect();
    let death = Death {
        folder: machine.folder(),
        keys: &stage.base.keys,
        told: &told,
        media: &media,
        photo: &stage.photo,
        decode: stage.decode,
        faulty: false,
    };
    round.verdict = check(&death, known);
    Ok(round)
}

/// This program again, as the one that is killed.
fn ours(role: &str, folder: &Path, plan: Option<&Plan>) -> Command {
    let program = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(program);
    command.arg(role).arg(folder);
    if let Some(plan) = plan {
        command.arg(serde_json::to_string(plan).expect("plain data"));
    }
    command
}

fn outsider(stage: &Stage, folder: &Path, plan: &Plan) -> Command {
    let mut command = Command::new(program());
    command
        .args(["--json", "--lang", "en", "terminal", "--dir"])
        .arg(folder)
        .args(["--officer", OFFICER, "--pin-file"])
        .arg(&stage.base.pin)
        .args(["record", "--station-offline", "--repeat", "15", "--media"])
        .arg(&stage.media[plan.media[0]].file);
    if plan.speed == 100 {
        command.arg("--realtime");
    }
    command
}

/// Runs a process until it is killed, or to its good end; `true`: it was killed.
fn run(
    command: &mut Command,
    machine: &mut dyn Machine,
    trigger: Trigger,
    delay_us: u64,
    told: &mut Vec<Told>,
) -> Result<bool, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|e| format!("it does not start: {e}"))?;
    let lines = lines_of(&mut child);
    let mut waiting = Waiting::new(trigger);
    let began = Instant::now();
    loop {
        if began.elapsed() > LONGEST {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it never came to {trigger:?}"));
        }
        match lines.recv_timeout(HANGS) {
            Ok(line) => {
                let strikes = waiting.is_over(&line);
                told.push(line);
                if strikes {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                // It is ours, and of no more use.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it hangs; the last it said: {:?}", told.last()));
            }
            Err(RecvTimeoutError::Disconnected) => return ended(&mut child),
        }
    }
    thread::sleep(Duration::from_micros(delay_us));
    machine.die(&mut child).map_err(|e| e.to_string())?;
    let status = child.wait().map_err(|e| e.to_string())?;
    // What it had said by then is still in the pipe.
    told.extend(lines);
    match status.code() {
        None => Ok(true),
        Some(0) => Ok(false),
        Some(code) => Err(format!("it failed by itself: exit code {code}")),
    }
}

fn ended(child: &mut Child) -> Result<bool, String> {
    let status = child.wait().map_err(|e| e.to_string())?;
    status
        .success()
        .then_some(false)
        .ok_or_else(|| format!("it failed by itself: {status}"))
}

/// Its lines, read as they come, so that it never waits for its reader.
fn lines_of(child: &mut Child) -> Receiver<Told> {
    let (sender, receiver) = mpsc::channel();
    let out = child.stdout.take();
    thread::spawn(move || {
        let lines = out.map(|out| BufReader::new(out).lines());
        for line in lines.into_iter().flatten().map_while(Result::ok) {
            // The parent gave up; the child finds out by itself.
            if sender.send(Told::from_line(&line)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Counts until the trigger.
struct Waiting {
    trigger: Trigger,
    seen: u64,
}

impl Waiting {
    fn new(trigger: Trigger) -> Self {
        Self { trigger, seen: 0 }
    }

    fn is_over(&mut self, told: &Told) -> bool {
        match (self.trigger, told) {
            (Trigger::Committed(times), Told::Committed { .. }) => {
                self.seen += 1;
                self.seen >= times
            }
            (Trigger::Handing(number), Told::Handing { sample, .. }) => *sample >= number,
            (Trigger::Doing(what, times), Told::Doing { what: now }) if what == *now => {
                self.seen += 1;
                self.seen >= times
            }
            _ => false,
        }
    }
}
