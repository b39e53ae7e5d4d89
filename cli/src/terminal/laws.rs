//! `custos terminal … laws` and `lookup law`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_core::{Terminal, lookup::law::LawQuery};
use serde_json::json;

use super::registry;
use crate::{failure::Failure, output::Output, pack};

#[derive(Debug, Args)]
pub(crate) struct LawsArgs {
    /// The pack
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LookupCommand {
    /// Search the installed laws
    Law(LawArgs),
    #[command(flatten)]
    Registry(registry::RegistryCommand),
}

#[derive(Debug, Args)]
pub(crate) struct LawArgs {
    /// As you would say it: words, a law's name or its initials, an article's number
    #[arg(allow_hyphen_values = true)]
    words: String,
    /// The day that matters, YYYY-MM-DD: that of the act [default: today]
    #[arg(long)]
    date: Option<String>,
    /// Hits at most
    #[arg(long, default_value_t = 10)]
    limit: usize,
}

pub(super) fn install(
    terminal: &Terminal,
    args: &LawsArgs,
    output: &Output,
) -> Result<(), Failure> {
    if !args.file.is_file() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::file(&missing, "the pack"));
    }
    let manifest = terminal.install_laws(&args.file)?;
    let line = json!({
        "event": "installed",
        "pack": manifest.pack,
        "version": manifest.version,
        "articles": manifest.articles,
    });
    let done = output.pick("Installed, version", "已安装，版本");
    output.result(&line, &format!("{done} {}", manifest.version))
}

pub(super) fn law(terminal: &Terminal, args: &LawArgs, output: &Output) -> Result<(), Failure> {
    let hits = terminal.laws()?.search(&LawQuery {
        words: &args.words,
        date: args.date.as_deref(),
        limit: args.limit,
    })?;
    pack::tell(&hits, output)
}
