//! `custos terminal provision`.

use std::path::{Path, PathBuf};

use clap::Args;
use custos_core::{DeviceInfo, Terminal};
use custos_protocol::ticket::Ticket;
use serde_json::{Value, json};

use super::key_source;
use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
pub(crate) struct ProvisionArgs {
    /// The enrolment ticket
    #[arg(long, value_name = "FILE")]
    ticket: PathBuf,
}

pub(super) fn run(dir: &Path, args: &ProvisionArgs, output: &Output) -> Result<(), Failure> {
    let text = std::fs::read_to_string(&args.ticket);
    let text = text.map_err(|e| Failure::file(&e, "the ticket"))?;
    let ticket = read(&text)?;
    let device = DeviceInfo {
        model: "desktop".to_owned(),
    };
    let terminal = Terminal::provision(dir, key_source(dir), &ticket, &device)?;
    let status = terminal.status()?;
    let line = json!({ "terminal": status.terminal, "epoch": status.epoch });
    let sentence = match output.lang {
        crate::output::Lang::En => format!(
            "Terminal {} provisioned, enrolment {}",
            status.terminal, status.epoch
        ),
        crate::output::Lang::Zh => format!(
            "终端 {} 配置完成，第 {} 次登记",
            status.terminal, status.epoch
        ),
    };
    output.result(&line, &sentence)
}

/// A ticket, or the line that `admin ticket new --json` prints around one.
fn read(text: &str) -> Result<Ticket, Failure> {
    let line: Option<Value> = serde_json::from_str(text).ok();
    let inner = line
        .as_ref()
        .and_then(|line| line.get("ticket"))
        .map(Value::to_string);
    let malformed = |_| custos_core::Error::Ticket(custos_core::TicketFault::Malformed).into();
    Ticket::from_text(inner.as_deref().unwrap_or(text)).map_err(malformed)
}
