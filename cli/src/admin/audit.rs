//! `custos admin audit`, and `custos audit` for short.

use clap::Subcommand;
use custos_protocol::{api::AuditItem, verify::utc};

use super::{AdminClient, lookups};
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Who asked registries about whom, when, and why, at all terminals
    Lookups(lookups::LookupsArgs),
}

pub(super) async fn run(
    client: &AdminClient,
    command: Option<&AuditCommand>,
    output: &Output,
) -> Result<(), Failure> {
    if let Some(AuditCommand::Lookups(args)) = command {
        return lookups::run(client, args, output).await;
    }
    let all: Vec<AuditItem> = client.get("/v1/admin/audit").await?;
    all.iter().try_for_each(|item| {
        let sentence = format!(
            "{}  {}  {}  {}  {}",
            utc(item.time_ms),
            item.person,
            item.action,
            item.subject,
            item.detail.as_deref().unwrap_or_default()
        );
        output.result(item, sentence.trim_end())
    })
}
