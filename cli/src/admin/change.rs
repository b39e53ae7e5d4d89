//! `custos admin change`: changes to people and policy that more than one person signs.

use clap::Subcommand;
use custos_protocol::{
    api::{ChangeInfo, NoteBody, PersonRequest},
    change::{Change, ChangeError, Changed},
    id,
    note::Note,
    statement, suite,
    trust::TrustSet,
};
use serde_json::json;

use super::{AdminClient, policy};
use crate::{
    failure::{Exit, Failure},
    output::{Lang, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum ChangeCommand {
    /// Changes that were made or wait for signatures, the newest first
    List,
    /// What a change would do
    Show { id: String },
    /// Add one's own signature to a change, after reading it: change show ID
    #[command(after_help = "Example:\n  custos admin --key b.key … change sign change-01…")]
    Sign { id: String },
}

pub(super) async fn run(
    client: &AdminClient,
    command: &ChangeCommand,
    output: &Output,
) -> Result<(), Failure> {
    let all: Vec<ChangeInfo> = client.get("/v1/admin/changes").await?;
    match command {
        ChangeCommand::List => all
            .iter()
            .try_for_each(|info| tell(info, &read(info)?, output)),
        ChangeCommand::Show { id } => {
            let info = find(&all, id)?;
            if info.missing == 0 {
                // Its signers may have left since; nothing is signed by them any more.
                return tell(info, &read(info)?, output);
            }
            let (_, change, trust) = opened(client, info).await?;
            tell(info, &change, output)?;
            differences(client, &change, &trust, output).await
        }
        ChangeCommand::Sign { id } => {
            let (mut note, change, trust) = opened(client, find(&all, id)?).await?;
            // What is signed is what these lines say: the station may have shown another one before.
            differences(client, &change, &trust, output).await?;
            note.add_signature(&client.person.signer)
                .map_err(|_| Failure::internal())?;
            tell(&hand_in(client, &note).await?, &change, output)
        }
    }
}

/// Whether the policy in force wants more than one person for such changes.
pub(super) async fn wanted(client: &AdminClient) -> Result<bool, Failure> {
    Ok(policy::in_force(client).await?.access.people_signers > 1)
}

/// Signs a change and hands it in. Where it waits for others, they are told how to sign it.
pub(super) async fn propose(client: &AdminClient, what: Changed) -> Result<ChangeInfo, Failure> {
    let change = Change {
        suite: suite::CURRENT,
        id: id::fresh("change").map_err(|_| Failure::internal())?,
        agency: client.agency.clone(),
        what,
        time_ms: custos_core::clock::wall_ms(),
    };
    let note =
        statement::sign(&change, &[&client.person.signer]).map_err(|_| Failure::internal())?;
    hand_in(client, &note).await
}

async fn hand_in(client: &AdminClient, note: &Note) -> Result<ChangeInfo, Failure> {
    let body = NoteBody {
        note: note.to_string(),
    };
    client.post("/v1/admin/changes", &body).await
}

/// How somebody else signs it.
pub(super) fn waits(info: &ChangeInfo, output: &Output) -> String {
    let (missing, id) = (info.missing, &info.id);
    match output.lang {
        Lang::Zh => format!("尚未生效，还需 {missing} 人签名：custos admin … change sign {id}"),
        Lang::En => {
            format!("not in force yet, {missing} more to sign: custos admin … change sign {id}")
        }
    }
}

fn differs() -> Failure {
    Failure::new(
        Exit::Refused,
        "change-differs",
        "the station's change is not what somebody signed",
    )
}

fn find<'a>(all: &'a [ChangeInfo], id: &str) -> Result<&'a ChangeInfo, Failure> {
    let missing = || Failure::new(Exit::Refused, "not-found", "there is no such change");
    all.iter().find(|info| info.id == id).ok_or_else(missing)
}

/// A change, its signatures not checked.
fn read(info: &ChangeInfo) -> Result<Change, Failure> {
    let note: Note = info.note.parse().map_err(|_| differs())?;
    statement::read_unverified(&note).map_err(|_| differs())
}

/// A change as its signatures prove it, and the trust set by which they do.
async fn opened(
    client: &AdminClient,
    info: &ChangeInfo,
) -> Result<(Note, Change, TrustSet), Failure> {
    let trust = TrustSet::open(&client.get_text("/v1/trust").await?)
        .map_err(|_| custos_core::Error::TrustInvalid)?;
    let note: Note = info.note.parse().map_err(|_| differs())?;
    let now = custos_core::clock::wall_ms();
    let (change, _) = Change::open(&note, &trust, now).map_err(|error| match error {
        ChangeError::Time => Failure::new(Exit::Refused, error.code(), "the change has lapsed"),
        _ => differs(),
    })?;
    if change.id != info.id {
        return Err(differs());
    }
    Ok((note, change, trust))
}

/// Says what would be different from what is in force.
async fn differences(
    client: &AdminClient,
    change: &Change,
    trust: &TrustSet,
    output: &Output,
) -> Result<(), Failure> {
    let lines = match &change.what {
        Changed::Policy(next) => crate::policy::changes(&policy::in_force(client).await?, next)?,
        Changed::Person(person) => vec![difference(person, trust, output)],
    };
    for line in lines {
        output.say(&format!("  {line}"));
    }
    Ok(())
}

fn difference(person: &PersonRequest, trust: &TrustSet, output: &Output) -> String {
    let (name, next) = (&person.name, person.roles.join(", "));
    let Some(before) = trust.person(name) else {
        return format!("{name}: {} → {next}", output.pick("nobody", "无此人员"));
    };
    let key = if before.key == person.key {
        output.pick("the same key", "密钥不变")
    } else {
        output.pick("another key", "密钥将更换")
    };
    format!("{name}: {} → {next} ({key})", before.roles.join(", "))
}

fn tell(info: &ChangeInfo, change: &Change, output: &Output) -> Result<(), Failure> {
    let what = match &change.what {
        Changed::Person(person) => format!(
            "person {}  {}  {}",
            person.name,
            person.roles.join(", "),
            person.key
        ),
        Changed::Policy(policy) => format!("policy {}", policy.version),
    };
    let mut sentence = format!("{}  {what}  {}", info.id, info.signed_by.join(", "));
    if info.missing > 0 {
        sentence += &format!("\n  {}", waits(info, output));
    }
    let line = json!({
        "id": info.id,
        "what": change.what,
        "time_ms": change.time_ms,
        "signed_by": info.signed_by,
        "missing": info.missing,
    });
    output.result(&line, &sentence)
}
