//! `custos terminal purge`.

use custos_core::{KeptFor, Terminal};
use custos_protocol::verify::utc;
use serde_json::{Value, json};

use crate::{failure::Failure, output::Output};

pub(super) fn run(terminal: &Terminal, output: &Output) -> Result<(), Failure> {
    let report = terminal.purge()?;
    let kept: Vec<Value> = report
        .kept
        .iter()
        .map(|kept| match kept.why {
            KeptFor::Retention { until_ms } => {
                json!({ "clip": kept.clip, "reason": kept.why.as_str(), "until_ms": until_ms })
            }
            why => json!({ "clip": kept.clip, "reason": why.as_str() }),
        })
        .collect();
    let line = json!({
        "event": "purged",
        "clips": report.purged,
        "freed_bytes": report.freed_bytes,
        "kept": kept,
        "clock_untrusted": report.clock_untrusted,
    });
    let mut lines = vec![format!(
        "{} {} ({} bytes)",
        output.pick("purged:", "已清除："),
        report.purged.len(),
        report.freed_bytes,
    )];
    lines.extend(report.kept.iter().map(|kept| {
        let why = words(kept.why, output);
        format!("{}  {} {why}", kept.clip, output.pick("stays:", "保留："))
    }));
    output.result(&line, &lines.join("\n"))
}

fn words(why: KeptFor, output: &Output) -> String {
    let (en, zh) = match why {
        KeptFor::Hold => ("it is on legal hold", "依法留存"),
        KeptFor::Mark => ("it is marked as important", "已标记为重要"),
        KeptFor::Clock => (
            "the station has not told the time since the last restart; sync first",
            "重启后服务器尚未校时，请先同步",
        ),
        KeptFor::Category => ("no policy says how long", "策略未规定该类别期限"),
        KeptFor::Retention { until_ms } => {
            let until = output.pick("its retention ends", "保留期至");
            return format!("{until} {}", utc(until_ms));
        }
        KeptFor::Receipt => ("its receipt does not verify", "回执核验未通过"),
    };
    output.pick(en, zh).to_owned()
}
