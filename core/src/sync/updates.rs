//! Newer trust sets, policies and lists, verified against those in force.

use custos_protocol::{journal::Event, policy::Policy};
use rusqlite::Transaction;

use super::station::Station;
use crate::{
    Error, Result,
    device::{
        mode,
        state::{self, Device},
    },
    journal::{self, JournalContext},
    lookup::registry::lists,
    vault::Vault,
};

/// A terminal that was away long takes this many trust sets at once, and the rest next time.
const AT_ONCE: u64 = 100;

/// Fetches what is newer than what is in force and takes over what verifies.
///
/// # Errors
/// [`Error::TrustInvalid`], [`Error::PolicyInvalid`], [`Error::ListInvalid`]: what was in force stays. Transport errors.
pub(crate) async fn fetch(vault: &Vault, station: &mut Station) -> Result<()> {
    let info = station.info().await?;
    let device = vault.read(Device::load)?;
    let newest = info
        .trust_version
        .min(device.trust_version.saturating_add(AT_ONCE));
    for version in device.trust_version + 1..=newest {
        let note = station.trust(version).await?;
        vault.write(|tx| take_trust(tx, &note))?;
    }
    if info.policy_version > device.policy_version {
        let note = station.policy().await?;
        vault.write(|tx| take_policy(tx, &note))?;
    }
    let offered = station.lists().await?;
    for name in vault.write(|tx| lists::wanted(tx, offered))? {
        let file = station.list(&name).await?;
        vault.write(|tx| lists::take(tx, &name, &file))?;
    }
    Ok(())
}

/// Each version is signed by the one before it (TUF, section 5.3).
fn take_trust(tx: &Transaction<'_>, note: &str) -> Result<()> {
    let next = state::trust(tx)?
        .update(note)
        .map_err(|_| Error::TrustInvalid)?;
    tx.execute(
        "INSERT INTO trust_set (version, note) VALUES (?1, ?2)",
        (next.version, note),
    )?;
    tx.execute("UPDATE terminal SET trust_version = ?1", [next.version])?;
    let event = Event::TrustUpdated {
        version: next.version,
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
}

/// A policy stands by itself under the policy key; it may skip versions, not go back.
pub(crate) fn take_policy(tx: &Transaction<'_>, note: &str) -> Result<()> {
    let policy = Policy::open(note, &state::trust(tx)?).map_err(|_| Error::PolicyInvalid)?;
    if policy.version <= Device::load(tx)?.policy_version {
        return Err(Error::PolicyInvalid);
    }
    tx.execute(
        "INSERT INTO policy (version, note) VALUES (?1, ?2)",
        (policy.version, note),
    )?;
    tx.execute("UPDATE terminal SET policy_version = ?1", [policy.version])?;
    let event = Event::PolicyUpdated {
        version: policy.version,
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    mode::obey(tx, &policy)
}

#[cfg(test)]
mod tests;
