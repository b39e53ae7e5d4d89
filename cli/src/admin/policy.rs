//! `custos admin policy`: the agency's settings, in versions that the station signs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::{change::Changed, policy::Policy, trust::TrustSet};
use serde_json::json;

use super::{AdminClient, change};
use crate::{
    failure::{Exit, Failure},
    output::Output,
    policy,
};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// The policy in force; with `--json` in the form that `publish` takes
    Show,
    /// Publish the next version; terminals take it with their next sync
    #[command(
        after_help = "Examples:\n  custos admin … policy publish --set recording.mute=hold --set storage.warn_minutes=[30,5]\n  custos admin … policy show --json > p.json\n  custos admin … policy publish p.json"
    )]
    Publish(Publish),
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// A policy, or those of its settings that change, as JSON
    #[arg(required_unless_present = "set")]
    file: Option<PathBuf>,
    /// One setting, under the name that `show` gives it; the value is JSON or a word
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &PolicyCommand,
    output: &Output,
) -> Result<(), Failure> {
    let current = in_force(client).await?;
    match command {
        PolicyCommand::Show => policy::tell(&current, output),
        PolicyCommand::Publish(args) => publish(client, &current, args, output).await,
    }
}

/// The policy in force, as its signature under the trust set proves it.
pub(super) async fn in_force(client: &AdminClient) -> Result<Policy, Failure> {
    let trust = TrustSet::open(&client.get_text("/v1/trust").await?)
        .map_err(|_| custos_core::Error::TrustInvalid)?;
    let policy = Policy::open(&client.get_text("/v1/policy").await?, &trust)
        .map_err(|_| custos_core::Error::PolicyInvalid)?;
    Ok(policy)
}

async fn publish(
    client: &AdminClient,
    current: &Policy,
    args: &Publish,
    output: &Output,
) -> Result<(), Failure> {
    let next = policy::next(current, args.file.as_deref(), &args.set)?;
    if current.access.people_signers > 1 {
        let info = change::propose(client, Changed::Policy(Box::new(next.clone()))).await?;
        if info.missing > 0 {
            let changes = policy::changes(current, &next)?.join("\n");
            let line = json!({ "change": info.id, "missing": info.missing, "policy": next });
            return output.result(
                &line,
                &format!("{changes}\n  {}", change::waits(&info, output)),
            );
        }
    } else {
        let _: Policy = client.post("/v1/admin/policy", &next).await?;
    }
    let published = in_force(client).await?;
    // The station dates the policy; it must not put another one in its place.
    let wanted = Policy {
        time_ms: published.time_ms,
        ..next
    };
    if published != wanted {
        return Err(Failure::new(
            Exit::Refused,
            "policy-differs",
            "the station published another policy than was asked for",
        ));
    }
    output.result(
        &published,
        &policy::changes(current, &published)?.join("\n"),
    )
}
