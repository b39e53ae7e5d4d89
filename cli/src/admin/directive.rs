//! `custos admin directive`: signed here, with the key of the person who sits here; the station
//! fills in number and order and passes the signed note on.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custos_protocol::{
    api::{DirectiveDraft, DirectiveInfo, NoteBody},
    directive::{Action, Directive},
    note::Note,
    statement,
    verify::utc,
};

use super::{AdminClient, path_segment, write_secret};
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum DirectiveCommand {
    /// Nobody unlocks the terminal until it is unlocked again
    Lock(Order),
    /// Lift a lock
    Unlock(Order),
    /// Destroy the terminal's keys and data; a second person has to sign
    #[command(
        after_help = "Example:\n  custos admin --key a.key … directive wipe T-01 --reason lost\n  custos admin --key b.key … directive sign ID"
    )]
    Wipe(Order),
    /// Add one's own signature, after reading what is signed
    Sign { id: String },
    /// All directives with their states
    List,
    /// One of them
    Show { id: String },
    /// The signed note as a file, for `custos terminal apply`
    Export {
        id: String,
        /// File to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Order {
    /// The terminal's number
    terminal: String,
    /// Why; stands in the directive and in the registers
    #[arg(long)]
    reason: String,
    /// Hours until it expires unexecuted
    #[arg(long, default_value_t = 168)]
    valid_hours: u32,
}

pub(super) async fn run(
    client: &AdminClient,
    command: &DirectiveCommand,
    output: &Output,
) -> Result<(), Failure> {
    let (action, order) = match command {
        DirectiveCommand::Lock(order) => (Action::Lock, order),
        DirectiveCommand::Unlock(order) => (Action::Unlock, order),
        DirectiveCommand::Wipe(order) => (Action::Wipe, order),
        DirectiveCommand::Sign { id } => {
            return tell(&add_signature(client, path_segment(id)?).await?, output);
        }
        DirectiveCommand::List => {
            let all: Vec<DirectiveInfo> = client.get("/v1/admin/directives").await?;
            return all.iter().try_for_each(|info| tell(info, output));
        }
        DirectiveCommand::Show { id } => return tell(&show(client, id).await?, output),
        DirectiveCommand::Export { id, output: file } => {
            let info = show(client, id).await?;
            write_secret(file, info.note.as_bytes())?;
            return tell(&info, output);
        }
    };
    let draft = DirectiveDraft {
        terminal: order.terminal.clone(),
        action,
        reason: order.reason.clone(),
        valid_s: Some(order.valid_hours.saturating_mul(3600)),
    };
    tell(&give(client, &draft).await?, output)
}

async fn show(client: &AdminClient, id: &str) -> Result<DirectiveInfo, Failure> {
    client
        .get(&format!("/v1/admin/directives/{}", path_segment(id)?))
        .await
}

/// Drafts, checks that the draft is what was asked for, signs and hands in.
pub(crate) async fn give(
    client: &AdminClient,
    draft: &DirectiveDraft,
) -> Result<DirectiveInfo, Failure> {
    let directive: Directive = client.post("/v1/admin/directives/draft", draft).await?;
    // The station numbers the directive; it must not slip another order under the signature.
    if (&directive.terminal, directive.action, &directive.reason)
        != (&draft.terminal, draft.action, &draft.reason)
    {
        return Err(Failure::new(
            Exit::Refused,
            "draft-differs",
            "the station's draft is not the order that was given; it was not signed",
        ));
    }
    let note = statement::sign(&directive, &[&client.person.signer]).map_err(|_| {
        Failure::usage(
            "bad-reason",
            "the reason has characters that cannot be signed",
        )
    })?;
    client
        .post(
            "/v1/admin/directives",
            &NoteBody {
                note: note.to_string(),
            },
        )
        .await
}

/// Signs a directive that somebody else gave.
pub(crate) async fn add_signature(
    client: &AdminClient,
    id: &str,
) -> Result<DirectiveInfo, Failure> {
    let info = show(client, id).await?;
    let malformed = || Failure::from(custos_core::Error::StationProtocol);
    let mut note: Note = info.note.parse().map_err(|_| malformed())?;
    let directive: Directive = statement::read_unverified(&note).map_err(|_| malformed())?;
    if directive.id != id || directive.terminal != info.terminal || directive.action != info.action
    {
        return Err(malformed());
    }
    note.add_signature(&client.person.signer)
        .map_err(|_| Failure::internal())?;
    let body = NoteBody {
        note: note.to_string(),
    };
    client
        .post(&format!("/v1/admin/directives/{id}/sign"), &body)
        .await
}

fn tell(info: &DirectiveInfo, output: &Output) -> Result<(), Failure> {
    let mut sentence = format!(
        "{}  {} {}  {}  signed by {}  expires {}",
        info.id,
        info.action.as_str(),
        info.terminal,
        info.state.as_str(),
        info.signed_by.join(", "),
        utc(info.expires_ms)
    );
    if let Some(reason) = &info.reason {
        sentence += &format!("  ({reason})");
    }
    if info.missing > 0 {
        let id = &info.id;
        sentence += &match output.lang {
            crate::output::Lang::En => format!(
                "\n  {} more to sign: custos admin … directive sign {id}",
                info.missing
            ),
            crate::output::Lang::Zh => format!(
                "\n  还需 {} 人签名：custos admin … directive sign {id}",
                info.missing
            ),
        };
    }
    output.result(info, &sentence)
}
