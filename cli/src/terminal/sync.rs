//! `custos terminal sync`, `apply`: what a terminal does without an officer.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use custos_core::{DirectiveFault, Error, Terminal};
use serde_json::json;

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Go on until ended by a signal
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A signed directive
    file: PathBuf,
}

/// Between two rounds of `--follow`; directives are long-polled in between.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) fn run(terminal: &Terminal, args: &SyncArgs, output: &Output) -> Result<(), Failure> {
    loop {
        match round(terminal, output) {
            Ok(()) if !args.follow => return Ok(()),
            // A station that is away comes back; everything else is for a person to see.
            Err(failure) if !args.follow || failure.exit != crate::failure::Exit::Unreachable => {
                return Err(failure);
            }
            Ok(()) | Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

fn round(terminal: &Terminal, output: &Output) -> Result<(), Failure> {
    let report = terminal.sync_once()?;
    let line = json!({
        "event": "synced",
        "uploaded_bytes": report.uploaded_bytes,
        "confirmed": report.confirmed,
        "waiting": report.waiting,
        "refused": report.refused,
        "directives": report.directives,
        "directives_refused": report.directives_refused,
        "lookups": report.lookups,
        "wiped": report.wiped,
    });
    let mut sentence = format!(
        "{} {}  {} {}  {} {}",
        output.pick("uploaded bytes:", "已上传字节："),
        report.uploaded_bytes,
        output.pick("confirmed:", "已确认："),
        report.confirmed.len(),
        output.pick("waiting:", "等待中："),
        report.waiting,
    );
    if report.lookups > 0 {
        sentence += &format!(
            "\n{} {}",
            output.pick("answered look-ups:", "已答复的查询："),
            report.lookups
        );
    }
    for (clip, code) in &report.refused {
        sentence += &format!("\n{} {clip}: {code}", output.pick("not taken:", "未接收："));
    }
    output.result(&line, &sentence)
}

pub(super) fn apply(terminal: &Terminal, args: &ApplyArgs, output: &Output) -> Result<(), Failure> {
    let note = std::fs::read_to_string(&args.file);
    let note = note.map_err(|e| Failure::file(&e, "the directive"))?;
    let outcome = terminal.apply_directive(&note)?;
    if outcome.repeated {
        return Err(Error::Directive(DirectiveFault::Sequence).into());
    }
    let line = json!({ "event": "applied", "id": outcome.id, "action": outcome.action });
    output.result(
        &line,
        &format!("{} {}", outcome.action, output.pick("done", "已执行")),
    )
}
