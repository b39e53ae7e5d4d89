//! `custos terminal officer` and `duty`.

use clap::Subcommand;
use custos_core::{Error, EvidenceState, Terminal};
use serde_json::json;

use super::{TerminalArgs, evidence::tell, officer_name, unlock};
use crate::{
    failure::{Exit, Failure},
    output::Output,
    secret,
};

#[derive(Debug, Subcommand)]
pub(crate) enum OfficerCommand {
    /// Set the PIN of an officer this terminal was issued to
    Enrol,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DutyCommand {
    /// Begin a duty; an officer's first one sets the PIN
    Begin {
        /// Case number
        #[arg(long)]
        case: String,
    },
    /// End it: lists each item with its state; exit code 1, and the duty goes on, while one is
    /// unconfirmed
    End {
        /// End it all the same; the journal says how many were unconfirmed
        #[arg(long)]
        unconfirmed: bool,
    },
}

pub(super) fn officer(
    args: &TerminalArgs,
    terminal: &Terminal,
    command: &OfficerCommand,
    output: &Output,
) -> Result<(), Failure> {
    let OfficerCommand::Enrol = command;
    let officer = officer_name(args)?;
    let pin = secret::pin(args.pin_file.as_deref(), "New PIN: ")?;
    terminal.enrol_officer(officer, &pin)?;
    let enrolled = output.pick("enrolled", "已登记");
    output.result(
        &json!({ "event": "enrolled", "officer": officer }),
        &format!("{officer} {enrolled}"),
    )
}

pub(super) fn run(
    args: &TerminalArgs,
    terminal: &Terminal,
    command: &DutyCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        DutyCommand::Begin { case } => begin(args, terminal, case, output),
        DutyCommand::End { unconfirmed } => {
            let officer = unlock(args, terminal)?;
            let items = officer.duty_evidence()?;
            items.iter().try_for_each(|item| tell(item, output))?;
            let open = items
                .iter()
                .filter(|item| item.state != EvidenceState::Confirmed)
                .count();
            if open == 0 || *unconfirmed {
                officer.end_duty()?;
                return Ok(());
            }
            let message = format!("{open} of {} items are not confirmed", items.len());
            Err(Failure::new(Exit::Refused, "unconfirmed", message))
        }
    }
}

fn begin(
    args: &TerminalArgs,
    terminal: &Terminal,
    case: &str,
    output: &Output,
) -> Result<(), Failure> {
    let name = officer_name(args)?;
    let pin = secret::pin(args.pin_file.as_deref(), "PIN: ")?;
    let officer = match terminal.unlock(name, &pin) {
        // The terminal was handed over to this officer: the first PIN is the one that counts.
        Err(Error::UnknownOfficer) => {
            terminal.enrol_officer(name, &pin)?;
            terminal.unlock(name, &pin)?
        }
        unlocked => unlocked?,
    };
    let duty = officer.begin_duty(case)?;
    let sentence = format!("{} {duty}", output.pick("Duty began:", "执勤开始："));
    output.result(
        &json!({ "event": "duty-began", "duty": duty.as_str(), "case": case }),
        &sentence,
    )
}
