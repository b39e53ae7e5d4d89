//! `custos admin ticket`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use custos_protocol::{api::TicketRequest, ticket::Ticket, verify::utc};
use serde_json::{Value, json};

use super::{AdminClient, write_secret};
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum TicketCommand {
    /// A ticket that admits one terminal once. It holds a secret: hand it over, do not post it
    #[command(
        after_help = "Example:\n  custos admin … ticket new --terminal T-01 --officer 100123 -o t.json"
    )]
    New(NewTicket),
}

#[derive(Debug, Args)]
pub(crate) struct NewTicket {
    /// The terminal's number [default: made up by the station]
    #[arg(long)]
    terminal: Option<String>,
    /// An officer it is issued to; several for a shared terminal; none: the first to enrol
    #[arg(long = "officer", id = "ticket_officer")]
    officers: Vec<String>,
    /// Hours that the ticket is valid
    #[arg(long, default_value_t = 24)]
    valid_hours: u32,
    /// File to write; without it the ticket goes to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &TicketCommand,
    output: &Output,
) -> Result<(), Failure> {
    let TicketCommand::New(args) = command;
    let request = TicketRequest {
        terminal: args.terminal.clone(),
        officers: args.officers.clone(),
        valid_s: Some(args.valid_hours.saturating_mul(3600)),
    };
    let ticket = issue(client, &request).await?;
    let mut line = json!({ "id": ticket.terminal, "expires_ms": ticket.expires_ms });
    let Some(file) = &args.output else {
        line["ticket"] = serde_json::to_value(&ticket).map_err(|_| Failure::internal())?;
        return output.result(&line, ticket.to_text().trim_end());
    };
    write(file, &ticket)?;
    line["file"] = Value::from(file.display().to_string());
    let until = utc(ticket.expires_ms);
    output.result(
        &line,
        &match output.lang {
            crate::output::Lang::En => format!(
                "Ticket for {} written, valid once until {until}",
                ticket.terminal
            ),
            crate::output::Lang::Zh => format!(
                "终端 {} 的配置凭证已写入，一次有效，至 {until}",
                ticket.terminal
            ),
        },
    )
}

/// Has the station issue a ticket.
pub(crate) async fn issue(
    client: &AdminClient,
    request: &TicketRequest,
) -> Result<Ticket, Failure> {
    client.post("/v1/admin/tickets", request).await
}

fn write(file: &Path, ticket: &Ticket) -> Result<(), Failure> {
    write_secret(file, ticket.to_text().as_bytes())
}
