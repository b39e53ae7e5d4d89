//! `custos admin`: what staff does with a station, each person with an own key file.
//!
//! # Layout
//!
//! - `key_file`, `client`: who asks
//! - `ticket`, `terminal`, `directive`, `person`, `policy`, `change`, `grant`, `rules`, `evidence`, `list`,
//!   `audit`, `lookups`, `disclosure` and `make_copy`: what is asked

mod audit;
mod change;
mod client;
mod directive;
mod disclosure;
mod evidence;
mod grant;
mod key_file;
mod list;
mod lookups;
mod make_copy;
mod person;
mod policy;
mod rules;
mod terminal;
mod ticket;

pub(crate) use client::AdminClient;
pub(crate) use directive::{add_signature, give};
pub(crate) use key_file::{PersonKey, write_secret};
pub(crate) use person::register;
pub(crate) use ticket::issue;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos admin --station URL --key admin.key ticket new --terminal T-01 -o ticket.json\n  custos admin --station URL --key admin.key directive lock T-01 --reason lost\n  custos admin --station URL --key other.key directive sign ID"
)]
pub(crate) struct AdminArgs {
    /// The station's URL
    #[arg(long, global = true, value_name = "URL", env = "CUSTOS_STATION")]
    pub(crate) station: Option<String>,
    /// The own key file of whoever sits here
    #[arg(long, global = true, value_name = "FILE", env = "CUSTOS_KEY")]
    pub(crate) key: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Enrolment tickets
    #[command(subcommand)]
    Ticket(ticket::TicketCommand),
    /// Enrolled terminals
    #[command(subcommand)]
    Terminal(terminal::TerminalCommand),
    /// Signed orders to terminals
    #[command(subcommand)]
    Directive(directive::DirectiveCommand),
    /// People whose signature counts
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Changes to people or policy that wait for a second person
    #[command(subcommand)]
    Change(change::ChangeCommand),
    /// Settings of all terminals
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Who may see or ask what for a time: applied for, approved, set by three people
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// The access rules of terminals and station
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Stored evidence
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Copies of evidence for somebody outside: asked for, approved, made
    #[command(subcommand)]
    Disclosure(disclosure::DisclosureCommand),
    /// Lists that terminals ask without the station
    #[command(subcommand)]
    List(list::ListCommand),
    /// Who did what at the station, or asked about whom
    Audit {
        #[command(subcommand)]
        command: Option<audit::AuditCommand>,
    },
    /// The agency's signed trust set, as a file for `custos verify`
    Trust(evidence::TrustArgs),
}

/// Signs in and does it.
///
/// # Errors
/// What the station refuses, or that it is not there.
pub(crate) fn run(args: &AdminArgs, output: &Output) -> Result<(), Failure> {
    crate::block_on(async {
        let client = sign_in(args.station.as_deref(), args.key.as_deref()).await?;
        match &args.command {
            AdminCommand::Ticket(command) => ticket::run(&client, command, output).await,
            AdminCommand::Terminal(command) => terminal::run(&client, command, output).await,
            AdminCommand::Directive(command) => directive::run(&client, command, output).await,
            AdminCommand::Person(command) => person::run(&client, command, output).await,
            AdminCommand::Change(command) => change::run(&client, command, output).await,
            AdminCommand::Policy(command) => policy::run(&client, command, output).await,
            AdminCommand::Grant(command) => grant::run(&client, command, output).await,
            AdminCommand::Rules(command) => rules::run(&client, command, output).await,
            AdminCommand::Evidence(command) => evidence::run(&client, command, output).await,
            AdminCommand::Disclosure(command) => disclosure::run(&client, command, output).await,
            AdminCommand::List(command) => list::run(&client, command, output).await,
            AdminCommand::Audit { command } => audit::run(&client, command.as_ref(), output).await,
            AdminCommand::Trust(args) => evidence::trust(&client, args, output).await,
        }
    })
}

/// `custos audit`: the same as `custos admin audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// The station's URL
    #[arg(long, global = true, value_name = "URL", env = "CUSTOS_STATION")]
    station: Option<String>,
    /// The own key file of whoever sits here
    #[arg(long, global = true, value_name = "FILE", env = "CUSTOS_KEY")]
    key: Option<PathBuf>,
    #[command(subcommand)]
    command: audit::AuditCommand,
}

/// # Errors
/// As [`run`].
pub(crate) fn audit(args: &AuditArgs, output: &Output) -> Result<(), Failure> {
    let (station, key) = (args.station.as_deref(), args.key.as_deref());
    crate::block_on(async {
        let client = sign_in(station, key).await?;
        audit::run(&client, Some(&args.command), output).await
    })
}

async fn sign_in(station: Option<&str>, key: Option<&Path>) -> Result<AdminClient, Failure> {
    let missing = |what: &str| Failure::usage("missing-argument", format!("{what} is needed"));
    let url = station.ok_or_else(|| missing("--station URL"))?;
    let key = key.ok_or_else(|| missing("--key FILE"))?;
    AdminClient::sign_in(url, PersonKey::read(key)?).await
}

/// An identifier that may stand in a path of the station's interface.
pub(crate) fn path_segment(id: &str) -> Result<&str, Failure> {
    if custos_protocol::id::is_safe(id) {
        return Ok(id);
    }
    Err(Failure::usage(
        "bad-id",
        "an identifier has letters, digits, '-', '_' and '.' alone",
    ))
}
