//! `custos terminal export`.

use std::path::{Path, PathBuf};

use clap::Args;
use custos_core::{ExportSpec, Officer};
use custos_protocol::name::NameTemplate;
use serde_json::json;

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos terminal … export clip-01… -o out\n  custos terminal … export clip-01… -o out.zip --zip\n  custos terminal … export clip-01… -o out --name 'DSJ_{terminal}_{officer}_{date}_{time}{imp}'\n\nFields of a name: {agency} {department} {terminal} {officer} {case} {date} {time} {clip}\n{recording} {kind} {n} {imp}."
)]
pub(crate) struct ExportArgs {
    clip: String,
    /// Folder to write to, or with --zip the file
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// One zip file instead of a folder
    #[arg(long)]
    zip: bool,
    /// How files are named; by default as the policy says
    #[arg(long, value_name = "TEMPLATE")]
    name: Option<NameTemplate>,
}

pub(super) fn run(officer: &Officer, args: &ExportArgs, output: &Output) -> Result<(), Failure> {
    let spec = ExportSpec {
        zip: args.zip,
        name: args.name.clone(),
    };
    let export = officer.export_with(&args.clip, &args.output, &spec)?;
    let shown = |path: &Path| path.display().to_string();
    let line = json!({
        "event": "exported",
        "clip": args.clip,
        "zip": args.zip.then(|| shown(&args.output)),
        "file": shown(&export.clip),
        "receipt": export.receipt.as_deref().map(shown),
        "trust": shown(&export.trust),
        "manifest": shown(&export.manifest),
        "linked": export.linked.iter().map(|path| shown(path)).collect::<Vec<_>>(),
    });
    output.result(
        &line,
        &shown(if args.zip { &args.output } else { &export.clip }),
    )
}
