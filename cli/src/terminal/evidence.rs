//! `custos terminal list`, `show`, `mark`, `categorise`.

use clap::Args;
use custos_core::{EvidenceItem, Officer};
use custos_protocol::verify::utc;
use serde_json::{Value, json};

use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
pub(crate) struct MarkArgs {
    clip: String,
    /// What is important about it
    #[arg(long, default_value = "important")]
    label: String,
}

#[derive(Debug, Args)]
pub(crate) struct CategoriseArgs {
    clip: String,
    /// Its code in the policy
    category: String,
}

pub(super) fn list(officer: &Officer, output: &Output) -> Result<(), Failure> {
    officer
        .evidence()?
        .iter()
        .try_for_each(|item| tell(item, output))
}

pub(super) fn show(officer: &Officer, clip: &str, output: &Output) -> Result<(), Failure> {
    let items = officer.evidence()?;
    let item = items.iter().find(|item| item.clip == clip);
    tell(item.ok_or(custos_core::Error::UnknownClip)?, output)
}

pub(super) fn mark(officer: &Officer, args: &MarkArgs, output: &Output) -> Result<(), Failure> {
    officer.mark(&args.clip, &args.label)?;
    show(officer, &args.clip, output)
}

pub(super) fn categorise(
    officer: &Officer,
    args: &CategoriseArgs,
    output: &Output,
) -> Result<(), Failure> {
    tell(&officer.categorise(&args.clip, &args.category)?, output)
}

/// The line of one item.
pub(super) fn tell(item: &EvidenceItem, output: &Output) -> Result<(), Failure> {
    let length = item.length.unwrap_or(0);
    let mut sentence = format!(
        "{}  {}  {}  {length} bytes  case {}  {}",
        item.clip,
        item.state.as_str(),
        item.media,
        item.case,
        utc(item.began_ms)
    );
    if item.marked > 0 {
        sentence += output.pick("  marked", "  已标记");
    }
    if let Some(category) = &item.category {
        sentence += &format!("  {category}");
    }
    if let Some(reason) = &item.reason {
        sentence += &format!("  ({reason})");
    }
    output.result(&json(item), &sentence)
}

/// An item as scripts see it.
pub(crate) fn json(item: &EvidenceItem) -> Value {
    json!({
        "clip": item.clip,
        "recording": item.recording,
        "media": item.media,
        "state": item.state.as_str(),
        "reason": item.reason,
        "officer": item.officer,
        "duty": item.duty,
        "case": item.case,
        "began_ms": item.began_ms,
        "ended_ms": item.ended_ms,
        "bytes": item.length,
        "fragments": item.fragments,
        "uploaded": item.uploaded,
        "marked": item.marked > 0,
        "category": item.category,
        "copy_of": item.copy_of,
        "about": item.about,
        "amends": item.amends,
        "previous": item.previous,
        "pre_event_us": item.pre_event_us,
        "codecs": item.codecs,
        "rotation": item.rotation,
    })
}
