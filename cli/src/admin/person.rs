//! `custos admin person`: keys are made where the person sits; the station gets the public half.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::{
    api::{ChangeInfo, PersonRequest},
    change::Changed,
    note::Verifier,
    trust::{Person, ROLE_DIRECTIVE, ROLES},
};
use serde_json::json;

use super::{AdminClient, PersonKey, change};
use crate::{failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Make a key for somebody and put it into the trust set
    #[command(after_help = "Example:\n  custos admin … person add li --role directive -o li.key")]
    Add(AddPerson),
    /// Everybody in the trust set
    List,
}

#[derive(Debug, Args)]
pub(crate) struct AddPerson {
    name: String,
    /// What the person may do [default: directive]
    #[arg(long = "role", value_parser = ROLES)]
    roles: Vec<String>,
    /// The key file to write; it stays with the person
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "public_key"
    )]
    output: Option<PathBuf>,
    /// Register this public key instead of making one
    #[arg(long, value_name = "VKEY", conflicts_with = "output")]
    public_key: Option<Verifier>,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &PersonCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        PersonCommand::Add(args) => {
            let key = match (&args.public_key, &args.output) {
                (Some(key), _) => key.clone(),
                (None, Some(file)) => {
                    let pin = client.person.pin.as_deref();
                    PersonKey::make(file, &client.agency, &args.name, pin)?
                }
                (None, None) => return Err(Failure::usage("missing-argument", "-o is needed")),
            };
            let roles = if args.roles.is_empty() {
                vec![ROLE_DIRECTIVE.to_owned()]
            } else {
                args.roles.clone()
            };
            let person = PersonRequest {
                name: args.name.clone(),
                key,
                roles,
            };
            let waiting = register(client, &person).await?;
            let mut line = json!({ "id": person.name, "key": person.key, "roles": person.roles });
            let mut sentence = format!("{}  {}", person.name, person.roles.join(", "));
            if let Some(info) = waiting {
                line["change"] = json!(info.id);
                line["missing"] = json!(info.missing);
                sentence += &format!("\n  {}", change::waits(&info, output));
            }
            output.result(&line, &sentence)
        }
        PersonCommand::List => {
            let people: Vec<Person> = client.get("/v1/admin/people").await?;
            people.iter().try_for_each(|person| {
                let line = json!({ "id": person.name, "key": person.key, "roles": person.roles });
                output.result(
                    &line,
                    &format!("{}  {}", person.name, person.roles.join(", ")),
                )
            })
        }
    }
}

/// Puts a person into the trust set; the change that waits for others to sign it, where the policy
/// wants them.
pub(crate) async fn register(
    client: &AdminClient,
    person: &PersonRequest,
) -> Result<Option<ChangeInfo>, Failure> {
    if change::wanted(client).await? {
        let info = change::propose(client, Changed::Person(person.clone())).await?;
        return Ok((info.missing > 0).then_some(info));
    }
    let _: serde_json::Value = client.post("/v1/admin/people", person).await?;
    Ok(None)
}
