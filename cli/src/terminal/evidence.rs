//! `custos terminal list`, `show`, `mark`, `categorise`, `grants`.

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

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Others' evidence that grants list, instead of the own; the journal says that it was listed
    #[arg(long)]
    granted: bool,
}

pub(super) fn list(officer: &Officer, args: &ListArgs, output: &Output) -> Result<(), Failure> {
    if !args.granted {
        let own = officer.evidence()?;
        return own.iter().try_for_each(|item| tell(item, output));
    }
    for (item, grant) in officer.granted_evidence()? {
        let mut line = json(&item);
        line["grant"] = Value::String(grant);
        output.result(&line, &sentence(&item, output))?;
    }
    Ok(())
}

/// The officer's grants on this terminal.
pub(super) fn grants(officer: &Officer, output: &Output) -> Result<(), Failure> {
    officer.grants()?.iter().try_for_each(|grant| {
        let (state, terms) = (grant.state.as_str(), &grant.terms);
        let actions: Vec<_> = terms.actions.iter().map(|action| action.as_str()).collect();
        let line = json!({ "id": grant.id, "state": state, "terms": terms });
        let sentence = format!(
            "{}  {state}  {}  {} – {}  {}",
            grant.id,
            actions.join(","),
            utc(terms.not_before_ms),
            utc(terms.expires_ms),
            terms.purpose
        );
        output.result(&line, &sentence)
    })
}

pub(super) fn show(officer: &Officer, clip: &str, output: &Output) -> Result<(), Failure> {
    tell(&officer.evidence_item(clip)?, output)
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
    output.result(&json(item), &sentence(item, output))
}

fn sentence(item: &EvidenceItem, output: &Output) -> String {
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
    sentence
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
