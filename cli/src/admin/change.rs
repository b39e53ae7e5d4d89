//! `custos admin change`: changes to people and policy that more than one person signs.

use clap::Subcommand;
use custos_protocol::{
    api::{ChangeInfo, NoteBody},
    change::{Change, Changed},
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
        ChangeCommand::List => all.iter().try_for_each(|info| {
            let change = statement::read_unverified(&info.note.parse().map_err(|_| differs())?);
            tell(info, &change.map_err(|_| differs())?, output)
        }),
        ChangeCommand::Show { id } => {
            let (info, _, change) = opened(client, &all, id).await?;
            tell(info, &change, output)?;
            for line in details(client, &change, output).await? {
                output.say(&format!("  {line}"));
            }
            Ok(())
        }
        ChangeCommand::Sign { id } => {
            let (_, mut note, change) = opened(client, &all, id).await?;
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

/// A change as its signatures prove it. What is signed is what was shown: the same note.
async fn opened<'a>(
    client: &AdminClient,
    all: &'a [ChangeInfo],
    id: &str,
) -> Result<(&'a ChangeInfo, Note, Change), Failure> {
    let info = all.iter().find(|info| info.id == id);
    let info =
        info.ok_or_else(|| Failure::new(Exit::Refused, "not-found", "there is no such change"))?;
    let trust = TrustSet::open(&client.get_text("/v1/trust").await?)
        .map_err(|_| custos_core::Error::TrustInvalid)?;
    let note: Note = info.note.parse().map_err(|_| differs())?;
    let now = custos_core::clock::wall_ms();
    let (change, _) = Change::open(&note, &trust, now).map_err(|_| differs())?;
    if change.id != id {
        return Err(differs());
    }
    Ok((info, note, change))
}

/// What would be different from what is in force.
async fn details(
    client: &AdminClient,
    change: &Change,
    output: &Output,
) -> Result<Vec<String>, Failure> {
    let person = match &change.what {
        Changed::Policy(next) => {
            return crate::policy::changes(&policy::in_force(client).await?, next);
        }
        Changed::Person(person) => person,
    };
    let trust = TrustSet::open(&client.get_text("/v1/trust").await?)
        .map_err(|_| custos_core::Error::TrustInvalid)?;
    Ok(vec![match (trust.person(&person.name), output.lang) {
        (None, Lang::Zh) => "新增人员".to_owned(),
        (None, Lang::En) => "somebody new".to_owned(),
        (Some(before), lang) => {
            let roles = before.roles.join(", ");
            match (lang, before.key == person.key) {
                (Lang::Zh, true) => format!("现有角色：{roles}；密钥不变"),
                (Lang::Zh, false) => format!("现有角色：{roles}；密钥将更换"),
                (Lang::En, true) => format!("until now: {roles}; the same key"),
                (Lang::En, false) => format!("until now: {roles}; another key"),
            }
        }
    }])
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
