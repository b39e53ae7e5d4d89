//! `custos terminal status`, `battery`.

use custos_core::{Mode, State, Terminal};
use custos_protocol::verify::utc;
use serde_json::json;

use crate::{
    failure::Failure,
    output::{Lang, Output},
};

pub(super) fn run(terminal: &Terminal, output: &Output) -> Result<(), Failure> {
    let status = terminal.status()?;
    let keys = &status.key_source;
    let line = json!({
        "terminal": status.terminal,
        "epoch": status.epoch,
        "state": status.state.as_str(),
        "modes": status.modes,
        "free_bytes": status.forecast.free_bytes,
        "reserve_bytes": status.forecast.reserve_bytes,
        "reclaimable_bytes": status.forecast.reclaimable_bytes,
        "bytes_per_s": status.forecast.bytes_per_s,
        "minutes_left": status.forecast.minutes_left,
        "station": status.station,
        "policy": status.policy_version,
        "rules": status.rules_version,
        "trust": status.trust_version,
        "journal": status.journal_size,
        "last_contact_ms": status.last_contact_ms,
        "cosigned": status.journal_cosigned,
        "officers": status.officers,
        "evidence": status.evidence,
        "keys": keys,
    });
    let contact = status.last_contact_ms.map_or_else(|| "-".to_owned(), utc);
    let counts: Vec<_> = status
        .evidence
        .iter()
        .map(|(state, n)| match output.lang {
            Lang::En => format!("{state} {n}"),
            Lang::Zh => format!("{} {n}", chinese(state)),
        })
        .collect();
    let forecast = &status.forecast;
    let storage = match output.lang {
        Lang::En => format!(
            "storage: {} minutes of recording left; {} MiB free, {} MiB can be cleared",
            forecast.minutes_left,
            forecast.free_bytes >> 20,
            forecast.reclaimable_bytes >> 20,
        ),
        Lang::Zh => format!(
            "存储：还可录 {} 分钟；空闲 {} MiB，可清除 {} MiB",
            forecast.minutes_left,
            forecast.free_bytes >> 20,
            forecast.reclaimable_bytes >> 20,
        ),
    };
    let mut state = match status.state {
        State::Ready => output.pick("ready", "就绪"),
        State::OnDuty => output.pick("on duty", "执勤中"),
        State::Locked => output.pick("locked", "已锁定"),
    }
    .to_owned();
    for mode in &status.modes {
        let mode = match mode {
            Mode::Stealth => output.pick("stealth", "隐蔽"),
            Mode::Sleep => output.pick("sleep", "休眠"),
        };
        state += &format!(", {mode}");
    }
    let counts = if counts.is_empty() {
        "-".to_owned()
    } else {
        counts.join(", ")
    };
    let sentence = match output.lang {
        Lang::En => format!(
            "{} (enrolment {})  {state}\nstation {}  last contact {contact}\n\
             policy {}  trust {}  journal {}\nevidence: {counts}\n{storage}\nkeys: {keys}",
            status.terminal,
            status.epoch,
            status.station,
            status.policy_version,
            status.trust_version,
            status.journal_size,
        ),
        Lang::Zh => format!(
            "{}（第 {} 次登记）  {state}\n服务器 {}  最近联系 {contact}\n\
             策略 {}  信任集 {}  日志 {} 条\n证据：{counts}\n{storage}\n密钥保护：{keys}",
            status.terminal,
            status.epoch,
            status.station,
            status.policy_version,
            status.trust_version,
            status.journal_size,
        ),
    };
    output.result(&line, &sentence)
}

/// The state of a piece of evidence.
fn chinese(state: &str) -> &str {
    match state {
        "recording" => "录制中",
        "sealed" => "已封存",
        "recovered" => "已恢复",
        "uploading" => "上传中",
        "confirmed" => "已确认",
        "failed" => "失败",
        "quarantined" => "已隔离",
        other => other,
    }
}

pub(super) fn battery(terminal: &Terminal, percent: u32, output: &Output) -> Result<(), Failure> {
    let warned = terminal.battery(percent)?;
    let said = if warned {
        output.pick(
            "low: running clips are sealed early",
            "电量低：提前封存录制中的文件",
        )
    } else {
        output.pick("noted", "已知悉")
    };
    output.result(
        &json!({ "event": "battery", "percent": percent, "warned": warned }),
        said,
    )
}

/// The access rules in force, for `policy test` and `policy explain --rules`.
pub(super) fn rules(terminal: &Terminal, output: &Output) -> Result<(), Failure> {
    let (version, text) = (terminal.status()?.rules_version, terminal.access_rules()?);
    output.result(
        &json!({ "version": version, "text": text }),
        text.trim_end(),
    )
}
