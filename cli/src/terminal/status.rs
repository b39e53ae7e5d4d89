//! `custos terminal status`.

use custos_core::Terminal;
use custos_protocol::verify::utc;
use serde_json::json;

use crate::{failure::Failure, output::Output};

pub(super) fn run(terminal: &Terminal, output: &Output) -> Result<(), Failure> {
    let status = terminal.status()?;
    let keys = &status.key_source;
    let line = json!({
        "terminal": status.terminal,
        "epoch": status.epoch,
        "state": status.state.as_str(),
        "station": status.station,
        "policy": status.policy_version,
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
        .map(|(state, n)| format!("{state} {n}"))
        .collect();
    let sentence = format!(
        "{} (enrolment {})  {}\nstation {}  last contact {contact}\npolicy {}  trust {}  journal {}\n\
         evidence: {}\nkeys: {keys}",
        status.terminal,
        status.epoch,
        status.state.as_str(),
        status.station,
        status.policy_version,
        status.trust_version,
        status.journal_size,
        if counts.is_empty() {
            "-".to_owned()
        } else {
            counts.join(", ")
        },
    );
    output.result(&line, &sentence)
}
