//! `custos admin grant`: each step is signed here, with the key of the person who sits here, after
//! what it stands on was verified; the station takes it in or refuses it, and signs none.

use clap::{Args, Subcommand};
use custos_protocol::{
    api::{GrantInfo, GrantState, NoteBody},
    grant::{
        GrantAction, GrantApplication, GrantApproval, GrantRevocation, GrantSetting, GrantTerms,
        SignedGrant,
    },
    id,
    note::Note,
    statement::{self, Statement},
    suite,
    verify::utc,
};

use super::{AdminClient, path_segment};
use crate::{
    failure::{Exit, Failure},
    moment,
    output::Output,
};

const HOUR_MS: i64 = 3_600_000;

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Apply for a grant (role manager)
    #[command(
        after_help = "Examples:\n  custos admin --key dora.key … grant apply --for 100234 --action evidence-list --action evidence-metadata --case A-2026-17 --purpose 'joint inquiry' --days 3\n  custos admin --key emil.key … grant approve ID\n  custos admin --key carla.key … grant set ID"
    )]
    Apply(Box<Apply>),
    /// Approve it, as it was applied for or for less (role approver)
    #[command(
        after_help = "Example:\n  custos admin --key emil.key … grant approve ID --case A-2026-17 --until 2026-12-01"
    )]
    Approve(Box<Approve>),
    /// Set it: from now on it holds (role device)
    Set { id: String },
    /// End it before its time (role approver or device); terminals learn of it with their next sync
    Revoke {
        id: String,
        /// Why; stands in the revocation
        #[arg(long)]
        reason: String,
    },
    /// All grants with their states
    List {
        /// Those in this state alone
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
    },
    /// One of them
    Show { id: String },
}

const STATES: [&str; 6] = [
    GrantState::Applied.as_str(),
    GrantState::Approved.as_str(),
    GrantState::Set.as_str(),
    GrantState::InForce.as_str(),
    GrantState::Expired.as_str(),
    GrantState::Revoked.as_str(),
];

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Who is given it: an officer, or a person of staff
    #[arg(long = "for", value_name = "WHO")]
    grantee: String,
    #[command(flatten)]
    scope: Scope,
    /// What for
    #[arg(long)]
    purpose: String,
    /// In force from then on [default: now]
    #[arg(long, value_name = "TIME")]
    begin: Option<String>,
    #[command(flatten)]
    long: HowLong,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    id: String,
    #[command(flatten)]
    scope: Scope,
    /// In force until then; not longer than was applied for
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Each may be given more than once. On approval a list takes the place of the one applied for.
#[derive(Debug, Args)]
struct Scope {
    #[arg(long = "action", value_name = "ACTION", value_parser = action, help = actions_help())]
    actions: Vec<GrantAction>,
    /// Evidence of this department
    #[arg(long = "department", value_name = "DEPARTMENT")]
    departments: Vec<String>,
    /// Evidence of this case
    #[arg(long = "case", value_name = "CASE")]
    cases: Vec<String>,
    /// Evidence that this officer recorded
    #[arg(long = "officer", value_name = "OFFICER")]
    officers: Vec<String>,
    /// Evidence begun at this time or later, as 2026-01-31 or 2026-01-31T14:30
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Evidence begun before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// It can be used on this terminal alone
    #[arg(long = "terminal", value_name = "ID")]
    terminals: Vec<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct HowLong {
    /// In force for so many days
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: Option<u16>,
    /// … hours
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    hours: Option<u16>,
    /// … until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

fn actions_help() -> String {
    let all = GrantAction::ALL.map(GrantAction::as_str).join(", ");
    format!(
        "What may be done: {all}. lookup-batch: an officer asks a registry about up to 20 numbers at \
         once. lookup-wildcard: with a part of a plate or of a case's number"
    )
}

fn action(word: &str) -> Result<GrantAction, String> {
    let found = GrantAction::ALL.into_iter().find(|a| a.as_str() == word);
    let all = GrantAction::ALL.map(GrantAction::as_str).join(", ");
    found.ok_or_else(|| format!("one of {all}"))
}

pub(super) async fn run(
    client: &AdminClient,
    command: &GrantCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        GrantCommand::Apply(args) => apply(client, args, output).await,
        GrantCommand::Approve(args) => approve(client, args, output).await,
        GrantCommand::Set { id } => set(client, path_segment(id)?, output).await,
        GrantCommand::Revoke { id, reason } => {
            let revocation = GrantRevocation {
                suite: suite::CURRENT,
                id: path_segment(id)?.to_owned(),
                by: client.person.person.clone(),
                reason: reason.clone(),
                time_ms: now(),
            };
            let path = format!("/v1/admin/grants/{id}/revoke");
            hand_in(client, &path, &signed(client, &revocation)?, output).await
        }
        GrantCommand::List { state } => {
            let all: Vec<GrantInfo> = client.get("/v1/admin/grants").await?;
            let wanted = |info: &&GrantInfo| {
                let state = state.as_deref();
                state.is_none_or(|state| info.state.as_str() == state)
            };
            all.iter().filter(wanted).try_for_each(|g| tell(g, output))
        }
        GrantCommand::Show { id } => tell(&show(client, id).await?, output),
    }
}

fn now() -> i64 {
    custos_core::clock::wall_ms()
}

fn signed(client: &AdminClient, step: &impl Statement) -> Result<Note, Failure> {
    statement::sign(step, &[&client.person.signer])
        .map_err(|_| Failure::usage("grant-terms", "a term has characters that cannot be signed"))
}

async fn hand_in(
    client: &AdminClient,
    path: &str,
    note: &Note,
    output: &Output,
) -> Result<(), Failure> {
    let body = NoteBody {
        note: note.to_string(),
    };
    let info: GrantInfo = client.post(path, &body).await?;
    tell(&info, output)
}

async fn show(client: &AdminClient, id: &str) -> Result<GrantInfo, Failure> {
    let path = format!("/v1/admin/grants/{}", path_segment(id)?);
    client.get(&path).await
}

async fn apply(client: &AdminClient, args: &Apply, output: &Output) -> Result<(), Failure> {
    let offset = client.utc_offset(&client.trust().await?).await?;
    let at = |text: &Option<String>| {
        text.as_deref()
            .map(|t| moment::parse(t, offset))
            .transpose()
    };
    let begin = at(&args.begin)?.unwrap_or_else(now);
    let long = &args.long;
    let until = match (long.days, long.hours, at(&long.until)?) {
        (Some(days), _, _) => begin + i64::from(days) * 24 * HOUR_MS,
        (_, Some(hours), _) => begin + i64::from(hours) * HOUR_MS,
        (_, _, until) => until.ok_or_else(|| Failure::usage("missing-argument", "--days N"))?,
    };
    let scope = &args.scope;
    let application = GrantApplication {
        suite: suite::CURRENT,
        id: id::fresh("grant").map_err(|_| Failure::internal())?,
        applicant: client.person.person.clone(),
        terms: GrantTerms {
            grantee: args.grantee.clone(),
            actions: scope.actions.clone(),
            departments: scope.departments.clone(),
            cases: scope.cases.clone(),
            officers: scope.officers.clone(),
            from_ms: at(&scope.from)?,
            to_ms: at(&scope.to)?,
            purpose: args.purpose.clone(),
            not_before_ms: begin,
            expires_ms: until,
            terminals: scope.terminals.clone(),
        },
        time_ms: now(),
    };
    let note = signed(client, &application)?;
    hand_in(client, "/v1/admin/grants", &note, output).await
}

async fn approve(client: &AdminClient, args: &Approve, output: &Output) -> Result<(), Failure> {
    let info = show(client, &args.id).await?;
    let trust = client.trust().await?;
    let asked = GrantApplication::open(&info.application, &trust).map_err(|_| differs())?;
    if asked.id != args.id {
        return Err(differs());
    }
    let offset = client.utc_offset(&trust).await?;
    let at = |text: &Option<String>| {
        text.as_deref()
            .map(|t| moment::parse(t, offset))
            .transpose()
    };
    let (scope, asked) = (&args.scope, asked.terms);
    let narrowed = |given: &[String], asked: Vec<String>| match given {
        [] => asked,
        given => given.to_vec(),
    };
    let terms = GrantTerms {
        actions: match scope.actions.as_slice() {
            [] => asked.actions,
            given => given.to_vec(),
        },
        departments: narrowed(&scope.departments, asked.departments),
        cases: narrowed(&scope.cases, asked.cases),
        officers: narrowed(&scope.officers, asked.officers),
        terminals: narrowed(&scope.terminals, asked.terminals),
        from_ms: at(&scope.from)?.or(asked.from_ms),
        to_ms: at(&scope.to)?.or(asked.to_ms),
        expires_ms: at(&args.until)?.unwrap_or(asked.expires_ms),
        ..asked
    };
    let application: Note = info.application.parse().map_err(|_| differs())?;
    let person = &client.person.person;
    let approval = GrantApproval::new(&application, person, Some(terms), now());
    let note = signed(client, &approval.map_err(|_| differs())?)?;
    let path = format!("/v1/admin/grants/{}/approve", args.id);
    hand_in(client, &path, &note, output).await
}

async fn set(client: &AdminClient, id: &str, output: &Output) -> Result<(), Failure> {
    let info = show(client, id).await?;
    let Some(approval) = &info.approval else {
        return Err(Failure::new(
            Exit::Refused,
            "grant-state",
            "the grant is not approved",
        ));
    };
    let trust = client.trust().await?;
    let approved = GrantApproval::open(&info.application, approval, &trust);
    if approved.map_err(|_| differs())?.id != id {
        return Err(differs());
    }
    let note: Note = approval.parse().map_err(|_| differs())?;
    let setting = GrantSetting::new(&note, &client.person.person, now());
    let note = signed(client, &setting.map_err(|_| differs())?)?;
    let path = format!("/v1/admin/grants/{id}/set");
    let body = NoteBody {
        note: note.to_string(),
    };
    let info: GrantInfo = client.post(&path, &body).await?;
    // What terminals will get, as they will look at it.
    let whole = SignedGrant {
        application: info.application.clone(),
        approval: info.approval.clone().ok_or_else(differs)?,
        setting: info.setting.clone().ok_or_else(differs)?,
    };
    whole.open(&trust).map_err(|_| differs())?;
    tell(&info, output)
}

fn differs() -> Failure {
    Failure::new(
        Exit::Refused,
        "grant-differs",
        "what the station holds is not what people signed",
    )
}

fn tell(info: &GrantInfo, output: &Output) -> Result<(), Failure> {
    let terms = &info.terms;
    let state = info.state.as_str();
    let actions: Vec<_> = terms.actions.iter().map(|action| action.as_str()).collect();
    let mut sentence = format!(
        "{}  {state}  {}  {}",
        info.id,
        terms.grantee,
        actions.join(",")
    );
    for (name, list) in [
        (output.pick("department", "部门"), &terms.departments),
        (output.pick("case", "案件"), &terms.cases),
        (output.pick("officer", "人员"), &terms.officers),
        (output.pick("terminal", "终端"), &terms.terminals),
    ] {
        if !list.is_empty() {
            sentence += &format!("  {name} {}", list.join(","));
        }
    }
    sentence += &format!(
        "  {} – {}  {}",
        utc(terms.not_before_ms),
        utc(terms.expires_ms),
        terms.purpose
    );
    let people = [
        (output.pick("applied", "申请"), Some(&info.applicant)),
        (output.pick("approved", "审批"), info.approver.as_ref()),
        (output.pick("set", "设置"), info.setter.as_ref()),
        (output.pick("revoked", "撤销"), info.revoked_by.as_ref()),
    ];
    for (step, person) in people {
        if let Some(person) = person {
            sentence += &format!("\n  {step} {person}");
        }
    }
    output.result(info, &sentence)
}
