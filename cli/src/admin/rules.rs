//! `custos admin rules`: the access rules of terminals and station, signed where people sit.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_access::Rules;
use custos_protocol::{
    api::{NoteBody, RulesInfo},
    note::Note,
    rules::AccessRules,
    statement, suite,
    trust::TrustSet,
};
use serde_json::json;

use super::AdminClient;
use crate::{
    failure::{Exit, Failure},
    output::{Lang, Output},
    rules,
};

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Sign rules as the next version and hand them in; terminals take them with their next sync
    #[command(
        after_help = "Example:\n  custos policy check rules.cedar\n  custos policy test decisions.tsv --rules rules.cedar\n  custos admin --key a.key … rules publish rules.cedar\n  custos admin --key b.key … rules sign 2    (if the policy asks for two)"
    )]
    Publish(Publish),
    /// Add one's own signature to rules that wait for it, after reading them: rules show VERSION
    Sign { version: u64 },
    /// The text of the rules in force, or of a version
    #[command(after_help = "Example:\n  custos admin … rules show > rules.cedar")]
    Show { version: Option<u64> },
    /// All versions, with who signed them
    List,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Rules (Cedar)
    file: PathBuf,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &RulesCommand,
    output: &Output,
) -> Result<(), Failure> {
    let all: Vec<RulesInfo> = client.get("/v1/admin/rules").await?;
    match command {
        RulesCommand::Publish(args) => publish(client, &all, args, output).await,
        RulesCommand::Sign { version } => sign(client, &all, *version, output).await,
        RulesCommand::Show { version } => show(client, &all, *version, output).await,
        RulesCommand::List => all.iter().try_for_each(|info| tell(info, output)),
    }
}

async fn publish(
    client: &AdminClient,
    all: &[RulesInfo],
    args: &Publish,
    output: &Output,
) -> Result<(), Failure> {
    let text = rules::read(&args.file)?;
    Rules::parse(&text)?;
    let last = all.iter().map(|info| info.version).max().unwrap_or(0);
    let next = AccessRules {
        suite: suite::CURRENT,
        version: last + 1,
        text,
        time_ms: custos_core::clock::wall_ms(),
    };
    let note = statement::sign(&next, &[&client.person.signer]).map_err(|_| Failure::internal())?;
    hand_in(client, &note, output).await
}

async fn sign(
    client: &AdminClient,
    all: &[RulesInfo],
    version: u64,
    output: &Output,
) -> Result<(), Failure> {
    let (info, mut note, _) = opened(client, all, version).await?;
    if info.missing == 0 {
        return Err(Failure::new(
            Exit::Refused,
            "rules-version",
            "these rules have all their signatures",
        ));
    }
    note.add_signature(&client.person.signer)
        .map_err(|_| Failure::internal())?;
    hand_in(client, &note, output).await
}

async fn hand_in(client: &AdminClient, note: &Note, output: &Output) -> Result<(), Failure> {
    let body = NoteBody {
        note: note.to_string(),
    };
    let info: RulesInfo = client.post("/v1/admin/rules", &body).await?;
    tell(&info, output)
}

/// A version, its signatures verified as far as there are any, and its text fit for the schema.
async fn opened<'a>(
    client: &AdminClient,
    all: &'a [RulesInfo],
    version: u64,
) -> Result<(&'a RulesInfo, Note, AccessRules), Failure> {
    let missing = || Failure::new(Exit::Refused, "not-found", "there is no such version");
    let differs = || {
        Failure::new(
            Exit::Refused,
            "rules-differ",
            "the station's rules are not what somebody signed",
        )
    };
    let info = all.iter().find(|info| info.version == version);
    let info = info.ok_or_else(missing)?;
    let trust = TrustSet::open(&client.get_text("/v1/trust").await?)
        .map_err(|_| custos_core::Error::TrustInvalid)?;
    let note: Note = info.note.parse().map_err(|_| differs())?;
    let rules = AccessRules::open(&info.note, &trust, 1).map_err(|_| differs())?;
    if rules.version != version {
        return Err(differs());
    }
    Rules::parse(&rules.text)?;
    Ok((info, note, rules))
}

async fn show(
    client: &AdminClient,
    all: &[RulesInfo],
    version: Option<u64>,
    output: &Output,
) -> Result<(), Failure> {
    let in_force = all.iter().find(|info| info.missing == 0);
    let version = match (version, in_force) {
        (Some(version), _) => version,
        (None, Some(info)) => info.version,
        (None, None) => {
            let text = Rules::shipped_text();
            let line =
                json!({ "id": "0", "version": 0, "signed_by": [], "missing": 0, "text": text });
            return output.result(&line, text.trim_end());
        }
    };
    let (info, _, rules) = opened(client, all, version).await?;
    let line = json!({
        "id": info.version.to_string(),
        "version": info.version,
        "signed_by": info.signed_by,
        "missing": info.missing,
        "text": rules.text,
    });
    output.result(&line, rules.text.trim_end())
}

fn tell(info: &RulesInfo, output: &Output) -> Result<(), Failure> {
    let version = info.version;
    let signed_by = info.signed_by.join(", ");
    let mut sentence = match output.lang {
        Lang::Zh => format!("版本 {version}  签署人 {signed_by}"),
        Lang::En => format!("version {version}  signed by {signed_by}"),
    };
    if info.missing > 0 {
        sentence += &match output.lang {
            Lang::Zh => format!(
                "\n  还需 {} 人签名：custos admin … rules sign {version}",
                info.missing
            ),
            Lang::En => format!(
                "\n  {} more to sign: custos admin … rules sign {version}",
                info.missing
            ),
        };
    }
    let line = json!({
        "id": version.to_string(),
        "version": version,
        "signed_by": info.signed_by,
        "missing": info.missing,
    });
    output.result(&line, &sentence)
}
