//! The top of the command line's grammar; each verb has its own part beside what it does. Help,
//! man pages and completions all come from these definitions.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{
    admin::{AdminArgs, AuditArgs},
    demo::DemoArgs,
    output::OutputArgs,
    pack::PackCommand,
    rules::RulesCommand,
    station::StationCommand,
    terminal::TerminalArgs,
    verify::VerifyArgs,
};

const EXAMPLES: &str = "\
Examples:
  custos demo
  custos station run --dir ./station --listen 127.0.0.1:8443
  custos admin --station https://127.0.0.1:8443 --key station/keys/admin.key ticket new -o t.json
  custos terminal --dir ./terminal provision --ticket t.json
  custos verify clip.mp4.age --receipt clip.receipt --trust trust.json

Exit codes: 0 done or verified, 1 refused or does not verify, 2 usage, 3 station not
reachable, 4 storage full, failing, damaged or newer, 5 wrong credential or locked.";

/// Evidence that can be proved: terminal, station and verifier in one program.
#[derive(Debug, Parser)]
#[command(name = "custos", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole life of one piece of evidence, for real, on this machine
    Demo(DemoArgs),
    /// The station: receives, countersigns, directs
    #[command(subcommand)]
    Station(StationCommand),
    /// Staff: tickets, terminals, directives, people, stored evidence
    Admin(AdminArgs),
    /// A terminal on a desktop
    Terminal(TerminalArgs),
    /// Check a clip against its receipt, offline
    Verify(VerifyArgs),
    /// Access rules: who may see or do what
    #[command(subcommand)]
    Policy(RulesCommand),
    /// Laws, offline: build, search and look at packs
    #[command(subcommand)]
    Pack(PackCommand),
    /// Who asked registries about whom, and why
    Audit(AuditArgs),
    /// A completion script for a shell, on standard output
    #[command(after_help = "Example:\n  custos completions bash > /etc/bash_completion.d/custos")]
    Completions { shell: clap_complete::Shell },
    /// Man pages, one a verb, into a folder
    Man {
        /// Folder to write to
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}
