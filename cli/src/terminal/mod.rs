//! `custos terminal`: a terminal on a desktop, over the façade that Android uses.
//!
//! # Layout
//!
//! - here: the grammar and who is asking
//! - `provision`, `duty`, `record` (on `feed`), `photo`, `note`, `evidence`, `play`, `export`,
//!   `sync`, `purge`, `status`, `mode`, `laws`, `registry`: the verbs

mod duty;
mod evidence;
mod export;
pub(crate) mod feed;
mod laws;
mod mode;
mod note;
mod photo;
mod play;
mod provision;
mod purge;
pub(crate) mod record;
mod registry;
mod status;
mod sync;

use self::laws::LookupCommand;
pub(crate) use self::registry::typed;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use custos_core::{Officer, SoftwareKeySource, Terminal};

use crate::{failure::Failure, output::Output, secret};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos terminal --dir D provision --ticket ticket.json\n  custos terminal --dir D --officer 100123 --pin-file pin duty begin --case A-2026-17\n  custos terminal --dir D --officer 100123 --pin-file pin record --media my.mp4\n  custos terminal --dir D sync"
)]
pub(crate) struct TerminalArgs {
    /// The terminal's folder
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Who is using it
    #[arg(long, global = true, value_name = "OFFICER")]
    pub(crate) officer: Option<String>,
    /// File with the officer's PIN; `-` reads standard input; without it, a prompt
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) pin_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: TerminalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// Enrol this folder as a terminal
    Provision(provision::ProvisionArgs),
    /// Officers of this terminal
    #[command(subcommand)]
    Officer(duty::OfficerCommand),
    /// Begin or end a duty
    #[command(subcommand)]
    Duty(duty::DutyCommand),
    /// Record a media file as a camera would
    Record(record::RecordArgs),
    /// The officer's own evidence, or what grants list
    List(evidence::ListArgs),
    /// The officer's grants on this terminal
    Grants,
    /// One piece of evidence
    Show { clip: String },
    /// Mark a piece of evidence as important
    Mark(evidence::MarkArgs),
    /// Sort a piece of evidence into a category of the policy
    Categorise(evidence::CategoriseArgs),
    /// Switch a mode on until the duty ends, or off
    Mode(mode::ModeArgs),
    /// Seal a photo
    Photo(photo::PhotoArgs),
    /// The small picture of a photo; the journal says that it was looked at
    Thumbnail(photo::ThumbnailArgs),
    /// Seal a text
    Note(note::NoteArgs),
    /// Say who took part in a recording and what was done; sealed when the recording has ended
    Describe(note::DescribeArgs),
    /// Write what was recorded in the clear, for any player; the journal says that it was opened
    Play(play::PlayArgs),
    /// Write a clip, what belongs to it, receipts and trust set to a folder or zip that
    /// `custos verify` takes
    Export(export::ExportArgs),
    /// Upload, confirm, fetch directives; needs no officer
    Sync(sync::SyncArgs),
    /// Act on a directive from a file; needs no officer
    Apply(sync::ApplyArgs),
    /// What state the terminal is in; needs no officer
    Status,
    /// Delete what is confirmed and past its local retention, and say why the rest stays; needs
    /// no officer
    Purge,
    /// The policy in force on this terminal; needs no officer
    Policy,
    /// The access rules in force on this terminal, as `custos policy … --rules` takes them
    Rules,
    /// Install a law pack or a delta, or show a law's headings; needs no officer
    Laws(laws::LawsArgs),
    /// Look something up; laws need no officer, bookmarks are an officer's own
    #[command(subcommand)]
    Lookup(LookupCommand),
    /// Say how far the battery is charged, as a shell does; needs no officer
    Battery {
        #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
        percent: u32,
    },
}

/// Does it.
///
/// # Errors
/// What the terminal refuses.
pub(crate) fn run(args: &TerminalArgs, output: &Output) -> Result<(), Failure> {
    let missing = || Failure::usage("missing-argument", "--dir DIR is needed");
    let dir = args.dir.as_deref().ok_or_else(missing)?;
    match &args.command {
        TerminalCommand::Provision(command) => provision::run(dir, command, output),
        TerminalCommand::Officer(command) => duty::officer(args, &open(dir)?, command, output),
        TerminalCommand::Duty(command) => duty::run(args, &open(dir)?, command, output),
        TerminalCommand::Record(command) => {
            let terminal = open(dir)?;
            record::run(&terminal, &unlock(args, &terminal)?, command, output)
        }
        TerminalCommand::List(list) => evidence::list(&unlock(args, &open(dir)?)?, list, output),
        TerminalCommand::Grants => evidence::grants(&unlock(args, &open(dir)?)?, output),
        TerminalCommand::Show { clip } => evidence::show(&unlock(args, &open(dir)?)?, clip, output),
        TerminalCommand::Mark(command) => {
            evidence::mark(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Categorise(command) => {
            evidence::categorise(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Mode(command) => mode::run(&unlock(args, &open(dir)?)?, command, output),
        TerminalCommand::Photo(command) => {
            photo::photo(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Thumbnail(command) => {
            photo::thumbnail(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Note(command) => note::note(&unlock(args, &open(dir)?)?, command, output),
        TerminalCommand::Describe(command) => {
            note::describe(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Play(command) => play::run(&unlock(args, &open(dir)?)?, command, output),
        TerminalCommand::Export(command) => {
            export::run(&unlock(args, &open(dir)?)?, command, output)
        }
        TerminalCommand::Sync(command) => sync::run(&open(dir)?, command, output),
        TerminalCommand::Apply(command) => sync::apply(&open(dir)?, command, output),
        TerminalCommand::Status => status::run(&open(dir)?, output),
        TerminalCommand::Purge => purge::run(&open(dir)?, output),
        TerminalCommand::Rules => status::rules(&open(dir)?, output),
        TerminalCommand::Policy => crate::policy::tell(&open(dir)?.policy()?, output),
        TerminalCommand::Laws(command) => laws::install(&open(dir)?, command, output),
        TerminalCommand::Lookup(command) => laws::lookup(args, &open(dir)?, command, output),
        TerminalCommand::Battery { percent } => status::battery(&open(dir)?, *percent, output),
    }
}

/// The desktop's key source: a file beside the vault.
pub(crate) fn key_source(dir: &Path) -> Arc<SoftwareKeySource> {
    Arc::new(SoftwareKeySource::in_folder(dir))
}

fn open(dir: &Path) -> Result<Terminal, Failure> {
    Ok(Terminal::open(dir, key_source(dir))?)
}

fn officer_name(args: &TerminalArgs) -> Result<&str, Failure> {
    let missing = || Failure::usage("missing-argument", "--officer OFFICER is needed");
    args.officer.as_deref().ok_or_else(missing)
}

fn unlock(args: &TerminalArgs, terminal: &Terminal) -> Result<Officer, Failure> {
    let officer = officer_name(args)?;
    let pin = secret::pin(args.pin_file.as_deref(), "PIN: ")?;
    Ok(terminal.unlock(officer, &pin)?)
}
