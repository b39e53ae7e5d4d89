//! The command line's grammar. Help, man page and completions all come from these definitions.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{admin::AdminCommand, terminal::TerminalCommand};

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
pub struct Cli {
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// How to speak.
#[derive(Debug, Clone, Args)]
pub struct OutputArgs {
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages [default: from the locale]
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
}

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
pub enum Command {
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

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos demo\n  custos demo --media my.mp4 --dir ./d --realtime"
)]
pub struct DemoArgs {
    /// An MP4 with H.264 and AAC [default: a small one of our own]
    #[arg(long, value_name = "FILE")]
    pub media: Option<PathBuf>,
    /// Where to leave station, terminal and results; must be empty or new [default: a fresh one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Hand samples over at the speed they were recorded
    #[arg(long)]
    pub realtime: bool,
}

#[derive(Debug, Subcommand)]
pub enum StationCommand {
    /// Serve, creating what is missing; SIGTERM or Ctrl-C ends it cleanly
    #[command(
        after_help = "Examples:\n  custos station run --dir ./station\n  custos station run --dir ./station --listen 0.0.0.0:8443 --json"
    )]
    Run(StationRunArgs),
}

#[derive(Debug, Args)]
pub struct StationRunArgs {
    /// The station's folder: keys, database, objects
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: std::net::SocketAddr,
    /// Database URL; the embedded SQLite file is the only kind so far
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Object store URL; the station's own folder is the only kind so far
    #[arg(long, value_name = "URL")]
    pub objects: Option<String>,
    /// Name of the agency, on the first run
    #[arg(long, default_value = "custos.local", value_name = "NAME")]
    pub agency: String,
    /// URL that terminals are told to use, where it differs from the address
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Serve without TLS; loopback addresses only, for tests
    #[arg(long)]
    pub plain_http: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos admin --station URL --key admin.key ticket new --terminal T-01 -o ticket.json\n  custos admin --station URL --key admin.key directive lock T-01 --reason lost\n  custos admin --station URL --key other.key directive sign ID"
)]
pub struct AdminArgs {
    /// The station's URL
    #[arg(long, global = true, value_name = "URL", env = "CUSTOS_STATION")]
    pub station: Option<String>,
    /// The own key file of whoever sits here
    #[arg(long, global = true, value_name = "FILE", env = "CUSTOS_KEY")]
    pub key: Option<PathBuf>,
    #[command(subcommand)]
    pub command: AdminCommand,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos terminal --dir D provision --ticket ticket.json\n  custos terminal --dir D --officer 100123 --pin-file pin duty begin --case A-2026-17\n  custos terminal --dir D --officer 100123 --pin-file pin record --media my.mp4\n  custos terminal --dir D sync"
)]
pub struct TerminalArgs {
    /// The terminal's folder
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Who is using it
    #[arg(long, global = true, value_name = "OFFICER")]
    pub officer: Option<String>,
    /// File with the officer's PIN; `-` reads standard input; without it, a prompt
    #[arg(long, global = true, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    #[command(subcommand)]
    pub command: TerminalCommand,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  custos verify clip.mp4.age --receipt clip.receipt --trust trust.json --json"
)]
pub struct VerifyArgs {
    /// The evidence file (age)
    pub clip: PathBuf,
    /// Its receipt
    #[arg(long, value_name = "FILE")]
    pub receipt: PathBuf,
    /// The agency's trust set
    #[arg(long, value_name = "FILE")]
    pub trust: PathBuf,
}
