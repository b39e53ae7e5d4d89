//! `custos admin terminal`.

use clap::Subcommand;
use custos_protocol::{
    api::{JournalPage, TerminalInfo},
    journal::Entry,
    verify::utc,
};

use super::AdminClient;
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// All enrolled terminals
    List,
    /// One of them
    Show { id: String },
    /// Its journal as far as the station holds it, an entry a line; the audit register says that it
    /// was read (roles supervisor, auditor)
    Journal {
        id: String,
        /// The first entry
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
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
        TerminalCommand::Journal { id, from } => {
            let id = super::path_segment(id)?;
            let mut from = *from;
            loop {
                let path = format!("/v1/admin/terminals/{id}/journal?from={from}");
                let page: JournalPage = client.get(&path).await?;
                for raw in &page.entries {
                    let entry = Entry::from_raw(raw)
                        .map_err(|_| Failure::from(custos_core::Error::StationProtocol))?;
                    output.result(&entry, raw)?;
                }
                from += page.entries.len() as u64;
                if page.entries.is_empty() || from >= page.size {
                    return Ok(());
                }
            }
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
