//! `custos admin terminal`.

use clap::Subcommand;
use custos_protocol::{api::TerminalInfo, verify::utc};

use super::AdminClient;
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// All enrolled terminals
    List,
    /// One of them
    Show { id: String },
}

pub(super) async fn run(
    client: &AdminClient,
    command: &TerminalCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        TerminalCommand::List => {
            let terminals: Vec<TerminalInfo> = client.get("/v1/admin/terminals").await?;
            terminals
                .iter()
                .try_for_each(|terminal| tell(terminal, output))
        }
        TerminalCommand::Show { id } => {
            let id = super::path_segment(id)?;
            tell(
                &client.get(&format!("/v1/admin/terminals/{id}")).await?,
                output,
            )
        }
    }
}

fn tell(terminal: &TerminalInfo, output: &Output) -> Result<(), Failure> {
    let seen = terminal.last_seen_ms.map_or_else(|| "-".to_owned(), utc);
    let sentence = format!(
        "{}  epoch {}  {}  enrolled {}  seen {seen}  journal {}  evidence {}",
        terminal.id,
        terminal.epoch,
        terminal.model,
        utc(terminal.enrolled_ms),
        terminal.journal_size,
        terminal.evidence
    );
    output.result(terminal, &sentence)
}
