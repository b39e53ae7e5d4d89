//! Every evidence file of an exported folder or zip, each against its receipt.

use std::{collections::BTreeSet, path::Path};

use custos_protocol::verify::{Report, verify_clip};
use serde::Serialize;
use serde_json::Value;

use super::{not_proved_words, proved_words, read_text, source::Source};
use crate::{
    failure::{Exit, Failure},
    output::Output,
};

/// The line of one file.
#[derive(Debug, Serialize)]
struct FileLine {
    file: String,
    verified: bool,
    proved: Vec<String>,
    not_proved: Vec<String>,
    reason: Option<String>,
}

/// Tells of each file, and fails if one does not verify, is missing, or there is none.
///
/// # Errors
/// A [`Failure`] where the bundle cannot be read, or does not verify.
pub(super) fn run(
    mut source: Source,
    trust: Option<&Path>,
    output: &Output,
) -> Result<(), Failure> {
    let names = source.names()?;
    let trust = match trust {
        Some(path) => read_text(path, "the trust set")?,
        None if names.contains("trust.json") => source.text("trust.json")?,
        None => String::new(),
    };
    let (mut files, mut failed) = (0, 0);
    let mut tell = |line: &FileLine| {
        files += 1;
        failed += u32::from(!line.verified);
        output.result(line, &sentence(line, output))
    };
    for name in names.iter().filter(|name| name.ends_with(".age")) {
        let receipt = format!("{}.receipt", name.trim_end_matches(".age"));
        let line = if names.contains(&receipt) {
            let receipt = source.text(&receipt)?;
            let report = source.read(name, |file| verify_clip(file, &receipt, &trust))?;
            line_of(name, &report, output)
        } else {
            let missing = output.pick(
                "there is no receipt for it: the station had not confirmed it",
                "没有回执：导出时服务器尚未确认",
            );
            not_verified(name, missing)
        };
        tell(&line)?;
    }
    for name in named(&mut source, &names)?.difference(&names) {
        let missing = output.pick(
            "the manifest names it, and it is not there",
            "清单中列有此文件，但文件不存在",
        );
        tell(&not_verified(name, missing))?;
    }
    if failed > 0 || files == 0 {
        let message = format!("{failed} of {files} files of the bundle do not verify");
        return Err(Failure::new(Exit::Refused, "not-verified", message));
    }
    Ok(())
}

/// What the manifests say there is. They are not signed: they help against loss, not against
/// intent.
fn named(source: &mut Source, names: &BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
    let mut named = BTreeSet::new();
    for name in names.iter().filter(|n| n.ends_with(".manifest.json")) {
        let manifest: Value = serde_json::from_str(&source.text(name)?).unwrap_or_default();
        let linked = manifest["linked"].as_array().into_iter().flatten();
        for listed in linked.chain([&manifest]) {
            let files = listed["files"].as_array().into_iter().flatten();
            named.extend(files.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    Ok(named)
}

fn line_of(name: &str, report: &Report, output: &Output) -> FileLine {
    let lang = output.lang;
    FileLine {
        file: name.to_owned(),
        verified: report.verified(),
        proved: report
            .proved
            .iter()
            .map(|p| proved_words(p, lang))
            .collect(),
        not_proved: report
            .not_proved
            .iter()
            .map(|n| not_proved_words(n, lang))
            .collect(),
        reason: report.error.as_ref().map(ToString::to_string),
    }
}

fn not_verified(name: &str, reason: &str) -> FileLine {
    FileLine {
        file: name.to_owned(),
        verified: false,
        proved: Vec::new(),
        not_proved: Vec::new(),
        reason: Some(reason.to_owned()),
    }
}

fn sentence(line: &FileLine, output: &Output) -> String {
    // A name out of a bundle may hold anything; a terminal gets no control codes from it.
    let name: String = line
        .file
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    match &line.reason {
        None => format!("{}  {name}", output.pick("VERIFIED", "核验通过")),
        Some(reason) => {
            let verdict = output.pick("NOT VERIFIED", "核验未通过");
            format!("{verdict}  {name}: {reason}")
        }
    }
}
