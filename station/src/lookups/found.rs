//! Whom a pattern has fitted. It is in the register, and who is watched is noticed, though nobody
//! typed the number: else a pattern would be the way around both.

use std::collections::BTreeSet;

use custos_protocol::lookup::query::{Record, Subject};

use super::Asked;
use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::TerminalAuth,
    registries::KEY,
    store::{Conn, journals, lookups, records},
};

/// Registers, with an alarm each, the lists that say something about what was found, and whether the
/// policy withholds it; if not, whom the officer is told of. A system that does not say which numbers
/// it found tells nothing here.
pub(super) async fn is_stopped(
    app: &App,
    tx: &mut Conn,
    who: &TerminalAuth,
    asked: &Asked,
    (lookup, pattern): (&str, &Subject),
    found: &[Record],
    now: i64,
) -> Result<bool, ApiError> {
    let (mut lists, mut macs) = (BTreeSet::new(), Vec::new());
    let fields = found.iter().flat_map(|record| &record.fields);
    for field in fields.filter(|field| field.name == KEY) {
        let Ok(subject) = Subject::parse(pattern.registry, &field.value) else {
            continue;
        };
        let mac = lookups::mac(&app.lookup_key, subject.registry.as_str(), &subject.key);
        lists.extend(app.registries.watched(&mac, &asked.officer).await?);
        macs.push(mac);
    }
    let stopped = !lists.is_empty() && app::policy(tx).await?.lookup.stop;
    if !stopped {
        lookups::found(tx, lookup, &macs).await?;
    }
    if lists.is_empty() {
        return Ok(false);
    }
    let before = lookups::find(tx, lookup).await?.map(|row| row.noticed);
    let mut words = before.unwrap_or_default();
    let log = journals::Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    for list in lists {
        let word = format!("watched-{list}");
        if words.split(' ').any(|known| known == word) {
            continue;
        }
        let about = format!("{lookup} {}", asked.officer);
        records::alarm(tx, log, &format!("lookup-{word}"), &about, now).await?;
        words = format!("{words} {word}").trim().to_owned();
    }
    lookups::notice(tx, lookup, &words).await?;
    Ok(stopped)
}
