//! `custos admin list`: numbers to look out for, as lists that terminals ask without the station.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::{
    api::ListVersion,
    hash::Hash,
    lookup::{
        list::{self, ListFile, ListKey, LookupList},
        query::{Registry, Subject},
    },
    statement, suite,
};
use serde_json::json;

use super::AdminClient;
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ListCommand {
    /// Sign a list where you sit and publish it; terminals keep it if the policy's lookup.lists
    /// names it
    #[command(
        after_help = "Example:\n  custos admin … list publish stolen --registry vehicle plates.txt --days 7\n\nThe file has one number a line; of CSV the first column counts, and its first line is a header."
    )]
    Publish(PublishArgs),
    /// Every list, with its version
    Show,
}

#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// Name of the list, a word: stolen, wanted …
    list: String,
    /// What its numbers are of
    #[arg(long, value_name = "person|vehicle|case|device")]
    registry: Registry,
    /// The numbers
    file: PathBuf,
    /// Days after which it says nothing any more
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &ListCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        ListCommand::Show => {
            let lists: Vec<ListVersion> = client.get("/v1/admin/lists").await?;
            lists.iter().try_for_each(|list| {
                let line = json!({ "id": list.list, "version": list.version });
                output.result(&line, &format!("{}  {}", list.list, list.version))
            })
        }
        ListCommand::Publish(args) => publish(client, args, output).await,
    }
}

async fn publish(client: &AdminClient, args: &PublishArgs, output: &Output) -> Result<(), Failure> {
    super::path_segment(&args.list)?;
    let text = std::fs::read_to_string(&args.file);
    let text = text.map_err(|error| Failure::file(&error, "the list"))?;
    let subjects = subjects(args.registry, &text)?;
    let lists: Vec<ListVersion> = client.get("/v1/admin/lists").await?;
    let before = lists.iter().find(|list| list.list == args.list);
    let now = super::lookups::now_ms();
    let draft = LookupList {
        suite: suite::CURRENT,
        list: args.list.clone(),
        registry: args.registry,
        version: before.map_or(0, |list| list.version) + 1,
        time_ms: now,
        expires_ms: now + i64::from(args.days) * 86_400_000,
        key_sha256: Hash::of(b""),
        count: 0,
        entries_sha256: Hash::of(b""),
    };
    // A key of its own for each version: two versions do not tell what changed.
    let key = ListKey::fresh().map_err(|_| Failure::internal())?;
    let made = list::make(draft, &key, &subjects).ok_or_else(|| {
        let message = format!("a list has at most {} numbers", list::MAX_ENTRIES);
        Failure::new(Exit::Refused, "bad-import", message)
    })?;
    let (list, entries) = made;
    let note = statement::sign(&list, &[&client.person.signer]).map_err(|_| Failure::internal())?;
    let file = ListFile {
        note: note.to_string(),
        key: key.to_text().to_string(),
        entries,
    };
    let published: ListVersion = client.post("/v1/admin/lists", &file).await?;
    let line = json!({
        "id": published.list,
        "version": published.version,
        "count": list.count,
        "expires_ms": list.expires_ms,
    });
    let words = output.pick("published, version", "已发布，版本");
    output.result(
        &line,
        &format!(
            "{} {words} {} ({})",
            published.list, published.version, list.count
        ),
    )
}

/// One number a line, or the first column of CSV with a header.
fn subjects(registry: Registry, text: &str) -> Result<Vec<Subject>, Failure> {
    let csv = text.lines().next().is_some_and(|line| line.contains(','));
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    lines
        .skip(usize::from(csv))
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let typed = line.split(',').next().unwrap_or_default();
            Subject::parse(registry, typed.trim()).map_err(|error| {
                let message = format!("line {}: {error}", number + 1);
                Failure::new(Exit::Refused, "bad-import", message)
            })
        })
        .collect()
}
