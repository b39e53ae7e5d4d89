//! `custos admin audit lookups`, `custos audit lookups`: who asked about whom, and why.

use clap::Args;
use custos_core::{Error, lookup::registry::LookupFault};
use custos_protocol::{
    api::{LookupAudit, LookupAuditItem},
    lookup::query::{Registry, Subject},
    verify::utc,
};

use super::AdminClient;
use crate::{failure::Failure, output::Output};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  custos audit lookups --station URL --key auditor.key --officer 100234 --since 7d\n  custos audit lookups --station URL --key auditor.key --person - --json < number.txt"
)]
pub(crate) struct LookupsArgs {
    /// Who asked
    #[arg(long, value_name = "OFFICER")]
    officer: Option<String>,
    /// Where
    #[arg(long, value_name = "TERMINAL")]
    terminal: Option<String>,
    /// About whom: a resident number; `-` is standard input
    #[arg(long, value_name = "NUMBER", group = "about")]
    person: Option<String>,
    /// About which vehicle: a number plate
    #[arg(long, value_name = "PLATE", group = "about")]
    vehicle: Option<String>,
    /// About which case
    #[arg(long, value_name = "NUMBER", group = "about")]
    case: Option<String>,
    /// From then on: a day (YYYY-MM-DD, UTC), or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    /// Before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// Only those about which something was noticed: limits, lists, no duty
    #[arg(long)]
    noticed: bool,
}

pub(super) async fn run(
    client: &AdminClient,
    args: &LookupsArgs,
    output: &Output,
) -> Result<(), Failure> {
    let request = LookupAudit {
        officer: args.officer.clone(),
        terminal: args.terminal.clone(),
        subject: subject(args)?,
        since_ms: args.since,
        before_ms: args.until,
        noticed: args.noticed,
    };
    let items: Vec<LookupAuditItem> = client.post("/v1/admin/lookups", &request).await?;
    items.iter().try_for_each(|item| {
        let (noticed, none) = (item.noticed.join(","), String::new());
        let wildcard = if item.wildcard { "wildcard" } else { "" }.to_owned();
        let words = [
            &utc(item.asked_ms),
            &item.officer,
            &item.terminal,
            &item.registry,
            &item.reason,
            &item.text,
            &item.outcome,
            &noticed,
            item.grant.as_ref().unwrap_or(&none),
            item.batch.as_ref().unwrap_or(&none),
            &wildcard,
        ];
        let words = words.into_iter().filter(|word| !word.is_empty());
        let sentence = words.map(String::as_str).collect::<Vec<_>>().join("  ");
        output.result(item, &sentence)
    })
}

fn subject(args: &LookupsArgs) -> Result<Option<Subject>, Failure> {
    let asked = [
        (Registry::Person, &args.person),
        (Registry::Vehicle, &args.vehicle),
        (Registry::Case, &args.case),
    ];
    let Some((registry, typed)) = asked
        .into_iter()
        .find_map(|(registry, typed)| Some((registry, typed.as_ref()?)))
    else {
        return Ok(None);
    };
    let typed = crate::terminal::typed(typed)?;
    Subject::parse(registry, &typed)
        .map(Some)
        .map_err(|error| Error::Lookup(LookupFault::Subject(error)).into())
}

/// A day, or so long ago, in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    parse(text, now_ms()).ok_or_else(|| "YYYY-MM-DD, or 90m, 24h, 7d".to_owned())
}

pub(super) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

fn parse(text: &str, now_ms: i64) -> Option<i64> {
    let unit = |unit: char| match unit {
        'm' => Some(60_000),
        'h' => Some(3_600_000),
        'd' => Some(86_400_000),
        _ => None,
    };
    if let Some(ms) = text.chars().last().and_then(unit) {
        let number: i64 = text[..text.len() - 1].parse().ok()?;
        return (number >= 0).then(|| now_ms.saturating_sub(number.saturating_mul(ms)));
    }
    crate::moment::parse(text, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_so_long_ago() {
        assert_eq!(parse("1970-01-01", 0), Some(0));
        assert_eq!(parse("2026-11-22", 0), Some(1_795_305_600_000));
        assert_eq!(parse("2024-02-29", 0), Some(1_709_164_800_000));
        assert_eq!(parse("24h", 86_400_000), Some(0));
        assert_eq!(parse("7d", 7 * 86_400_000 + 1), Some(1));
        for wrong in [
            "",
            "7",
            "d",
            "-1d",
            "2026-13-01",
            "2026-11",
            "11/22/2026",
            "日",
        ] {
            assert_eq!(parse(wrong, 0), None, "{wrong}");
        }
    }
}
