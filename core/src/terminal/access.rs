//! What the access rules say to an officer. Asked before anything is opened; a denial is in the
//! journal before it is told.

use custos_access::{
    Action, Circumstances, Clock, Decision, Granted, Request, Resource, Rules, Who,
};
use custos_protocol::{
    journal::Event,
    lookup::{ask::Purpose, query::Registry},
};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    EvidenceItem, evidence,
    owner::{Duty, open_duty},
};
use crate::{
    Error, Result,
    access::{grants, rules},
    clock,
    device::state::Device,
    journal::{self, JournalContext},
    vault::Vault,
};

/// An officer who asks, here and now.
pub(super) struct Asker {
    rules: Rules,
    who: Who,
    circumstances: Circumstances,
    grants: Vec<Granted>,
}

/// Something that an officer may do this with, and the grant that it takes.
#[derive(Debug)]
pub(super) struct Allowed {
    pub(super) item: EvidenceItem,
    pub(super) grant: Option<String>,
}

impl Asker {
    /// # Errors
    /// [`Error::RulesInvalid`]; storage errors.
    pub(super) fn load(connection: &Connection, officer: &str) -> Result<Self> {
        let now = clock::now(connection)?;
        // A clock that was set back shows when the grant was in force: it is no clock.
        let clock = if clock::was_set_back(connection, &now)? {
            Clock::None
        } else {
            now.trust.into()
        };
        let duty = open_duty(connection, officer)?;
        Ok(Self {
            rules: rules::in_force(connection)?,
            who: Who::officer(officer),
            circumstances: Circumstances {
                now_ms: now.at_least_ms(),
                clock,
                on_duty: duty.is_some(),
                duty_case: duty.map(|Duty { case_no, .. }| case_no).unwrap_or_default(),
                purpose: String::new(),
                terminal: Device::load(connection)?.terminal,
            },
            grants: grants::of_officer(connection, officer)?,
        })
    }

    /// The grants that may serve: only these are asked about.
    fn speaking_of(&self, action: Action) -> Vec<Granted> {
        let speaking = self.grants.iter().filter(|grant| grant.speaks_of(action));
        speaking.cloned().collect()
    }

    /// Whether a grant speaks of this at all.
    pub(super) fn has_grant_for(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| grant.speaks_of(action))
    }

    pub(super) fn decide(
        &self,
        connection: &Connection,
        action: Action,
        item: &EvidenceItem,
    ) -> Result<Decision> {
        Ok(self.rules.decide(&Request {
            who: self.who.clone(),
            action,
            resource: Resource::Evidence {
                officer: item.officer.clone(),
                department: department_of(connection, &item.clip)?,
                case: item.case.clone(),
                began_ms: item.began_ms,
                marked: item.marked > 0,
                // What is held is the station's to know; no officer clears.
                held: false,
                requester: None,
            },
            circumstances: self.circumstances.clone(),
            grants: self.speaking_of(action),
        }))
    }
}

/// As its officer said it, where that was said.
fn department_of(connection: &Connection, clip: &str) -> Result<String> {
    let sql = "SELECT department FROM evidence WHERE clip = ?1";
    let department: Option<Option<String>> = connection
        .prepare_cached(sql)?
        .query_row([clip], |row| row.get(0))
        .optional()?;
    Ok(department.flatten().unwrap_or_default())
}

/// Lets an officer go on who may do this with these clips; else the journal says who was denied
/// what, by which rule, and to the officer the clip is one that there is not.
///
/// # Errors
/// [`Error::UnknownClip`], [`Error::RulesInvalid`], storage errors.
pub(super) fn require(
    vault: &Vault,
    officer: &str,
    action: Action,
    clips: &[&str],
) -> Result<Vec<Allowed>> {
    let decided = vault.read(|c| {
        let found = clips.iter().map(|clip| evidence::find_of_anybody(c, clip));
        decide_all(c, officer, action, found.collect::<Result<_>>()?)
    })?;
    or_deny(vault, officer, action, decided)
}

/// As [`require`], of a recording by its name or that of a clip of it, purged or not.
///
/// # Errors
/// As there; also for a name that nothing has.
pub(super) fn require_named(
    vault: &Vault,
    officer: &str,
    action: Action,
    name: &str,
) -> Result<()> {
    let decided = vault.read(|c| {
        let item = evidence::find_named(c, name)?;
        decide_all(c, officer, action, vec![item])
    })?;
    or_deny(vault, officer, action, decided).map(drop)
}

/// A clip, and why it is denied.
type Denied = (String, String);

fn decide_all(
    connection: &Connection,
    officer: &str,
    action: Action,
    items: Vec<EvidenceItem>,
) -> Result<Result<Vec<Allowed>, Denied>> {
    let asker = Asker::load(connection, officer)?;
    let mut allowed = Vec::with_capacity(items.len());
    for item in items {
        let decision = asker.decide(connection, action, &item)?;
        if !decision.is_allowed() {
            return Ok(Err((item.clip, decision.reason)));
        }
        let grant = decision.grant;
        allowed.push(Allowed { item, grant });
    }
    Ok(Ok(allowed))
}

fn or_deny(
    vault: &Vault,
    officer: &str,
    action: Action,
    decided: Result<Vec<Allowed>, Denied>,
) -> Result<Vec<Allowed>> {
    let (about, reason) = match decided {
        Ok(allowed) => return Ok(allowed),
        Err(denied) => denied,
    };
    vault.write(|tx| {
        let event = Event::AccessDenied {
            action: action.as_str().to_owned(),
            about,
            reason,
        };
        journal::append(tx, &JournalContext::officer(tx, officer)?, event).map(drop)
    })?;
    Err(Error::UnknownClip)
}

impl Asker {
    /// Whether a registry may be asked: about one, or otherwise as `action` says.
    pub(super) fn look_up(
        &self,
        action: Action,
        registry: Registry,
        purpose: &Purpose,
    ) -> Decision {
        self.rules.decide(&Request {
            who: self.who.clone(),
            action,
            resource: Resource::Registry {
                registry: registry.as_str().to_owned(),
            },
            circumstances: Circumstances {
                purpose: format!("{} {}", purpose.reason.as_str(), purpose.text),
                ..self.circumstances.clone()
            },
            grants: self.speaking_of(action),
        })
    }
}

#[cfg(test)]
mod tests;
