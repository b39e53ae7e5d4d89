//! Newer trust sets, policies, access rules and lists, verified against those in force; grants and
//! revocations.

use custos_protocol::{api::Info, journal::Event, policy::Policy};
use rusqlite::Transaction;

use super::station::Station;
use crate::{
    Error, Result,
    access::{grants, rules},
    clock,
    device::{
        mode,
        state::{self, Device},
    },
    journal::{self, JournalContext},
    lookup::registry::lists,
    vault::{Vault, officer},
};

/// A terminal that was away long takes this many trust sets at once, and the rest next time.
const AT_ONCE: u64 = 100;

/// Fetches what is newer than what is in force and takes over what verifies.
///
/// # Errors
/// [`Error::TrustInvalid`], [`Error::PolicyInvalid`], [`Error::RulesInvalid`],
/// [`Error::ListInvalid`]: what was in force stays. Transport errors.
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
    // None of these waits for another: a revocation arrives, whatever is wrong with a policy.
    let policy = fetch_policy(vault, station, &info, &device).await;
    let grants = fetch_grants(vault, station).await;
    let rules = fetch_rules(vault, station, &info).await;
    let lists = fetch_lists(vault, station).await;
    policy.and(grants).and(rules).and(lists)
}

/// Those that the policy names, which is fetched before.
async fn fetch_lists(vault: &Vault, station: &mut Station) -> Result<()> {
    let offered = station.lists().await?;
    for name in vault.write(|tx| lists::wanted(tx, offered))? {
        let file = station.list(&name).await?;
        vault.write(|tx| lists::take(tx, &name, &file))?;
    }
    Ok(())
}

async fn fetch_policy(
    vault: &Vault,
    station: &mut Station,
    info: &Info,
    device: &Device,
) -> Result<()> {
    if info.policy_version > device.policy_version {
        let note = station.policy().await?;
        vault.write(|tx| take_policy(tx, &note))?;
    }
    Ok(())
}

async fn fetch_grants(vault: &Vault, station: &mut Station) -> Result<()> {
    let officers = vault.read(officer::names)?;
    if officers.is_empty() {
        return Ok(());
    }
    let delivery = station.grants(&officers).await?;
    if delivery.grants.is_empty() && delivery.revocations.is_empty() {
        return Ok(());
    }
    vault.write(|tx| grants::take(tx, &delivery, clock::now(tx)?))
}

async fn fetch_rules(vault: &Vault, station: &mut Station, info: &Info) -> Result<()> {
    if info.rules_version <= vault.read(rules::version)? {
        return Ok(());
    }
    let note = station.rules().await?;
    if vault.write(|tx| rules::take(tx, &note))? {
        Ok(())
    } else {
        Err(Error::RulesInvalid)
    }
}

/// Each version is signed by the one before it (TUF, section 5.3).
pub(crate) fn take_trust(tx: &Transaction<'_>, note: &str) -> Result<()> {
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
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    grants::recheck(tx, &next)
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
