//! `custos terminal note`, `describe`.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use custos_core::{MAX_NOTE, Officer};
use custos_protocol::metadata::{Description, Participant};
use serde_json::json;

use super::evidence::tell;
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos terminal … note \"the driver refused the test\" --about clip-01…\n  custos terminal … note --file note.txt"
)]
pub(crate) struct NoteArgs {
    /// The text
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    text: Option<String>,
    /// File with the text; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Clip or recording that it speaks of
    #[arg(long, value_name = "ID")]
    about: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos terminal … describe clip-01… --act \"identity check\" --participant witness:Wang:W-1\n  custos terminal … describe clip-01… --file description.json\n\nThe file has a JSON object with any of department, act, participants (each with role, name,\nnumber, remarks) and remarks. Other programs can read a command's arguments: names belong into\na file."
)]
pub(crate) struct DescribeArgs {
    /// Clip or recording
    about: String,
    /// Number or name of the unit whose business it is
    #[arg(long)]
    department: Option<String>,
    /// What was done
    #[arg(long)]
    act: Option<String>,
    /// Who took part, and as what
    #[arg(long = "participant", value_name = "ROLE:NAME[:NUMBER]", value_parser = participant)]
    participants: Vec<Participant>,
    #[arg(long)]
    remarks: Option<String>,
    /// All of it as JSON; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["department", "act", "participants", "remarks"]
    )]
    file: Option<PathBuf>,
}

/// Bytes of the longest description file.
const MAX_DESCRIPTION: usize = 1 << 20;

pub(super) fn note(officer: &Officer, args: &NoteArgs, output: &Output) -> Result<(), Failure> {
    let text = match (&args.text, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => text_of(file, MAX_NOTE, "the note")?,
        (None, None) => return Err(Failure::usage("usage", "a note has a text")),
    };
    tell(&officer.note(&text, args.about.as_deref())?, output)
}

pub(super) fn describe(
    officer: &Officer,
    args: &DescribeArgs,
    output: &Output,
) -> Result<(), Failure> {
    let said = match &args.file {
        Some(file) => {
            let text = text_of(file, MAX_DESCRIPTION, "the description")?;
            serde_json::from_str(&text).map_err(|_| {
                let message = "the file is no description; see describe --help";
                Failure::new(Exit::Refused, "bad-description", message)
            })?
        }
        None => Description {
            department: args.department.clone(),
            act: args.act.clone(),
            participants: (!args.participants.is_empty()).then(|| args.participants.clone()),
            remarks: args.remarks.clone(),
        },
    };
    match officer.describe(&args.about, &said)? {
        Some(sheet) => tell(&sheet, output),
        None => {
            let kept = output.pick(
                "Kept; it is sealed when the recording has ended.",
                "已保存；录制结束后封存。",
            );
            let line = json!({ "event": "described", "about": args.about });
            output.result(&line, kept)
        }
    }
}

/// A text no longer than `most` bytes, and one byte of what is longer, so that it is refused.
fn text_of(path: &Path, most: usize, what: &str) -> Result<String, Failure> {
    let failed = |e: io::Error| Failure::file(&e, what);
    let from: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(failed)?)
    };
    let mut bytes = Vec::new();
    from.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > most {
        let message = format!("{what} has more than {most} bytes");
        return Err(Failure::new(Exit::Refused, "media", message));
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("{what} is no UTF-8 text");
        Failure::new(Exit::Refused, "media", message)
    })
}

fn participant(text: &str) -> Result<Participant, String> {
    let mut parts = text.splitn(3, ':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(role), Some(name), number) => Ok(Participant {
            role: role.to_owned(),
            name: name.to_owned(),
            number: number.map(str::to_owned),
            remarks: None,
        }),
        _ => Err("expected ROLE:NAME or ROLE:NAME:NUMBER".to_owned()),
    }
}
