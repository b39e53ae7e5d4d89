//! What the access rules say to an officer. Asked before anything is opened; a denial is in the
//! journal before it is told.

use std::sync::LazyLock;

use custos_access::{Action, Circumstances, Decision, Request, Resource, Rules, RulesError, Who};
use custos_protocol::{
    journal::Event,
    lookup::{ask::Purpose, query::Registry},
};
use rusqlite::Connection;

use super::{
    EvidenceItem, evidence,
    owner::{Duty, open_duty},
};
use crate::{
    Error, Result, clock,
    device::state::Device,
    journal::{self, JournalContext},
    vault::Vault,
};

/// Those that this build ships with, parsed when first asked.
static RULES: LazyLock<Result<Rules, RulesError>> = LazyLock::new(Rules::shipped);

/// An officer who asks, here and now.
pub(super) struct Asker {
    rules: &'static Rules,
    who: Who,
    circumstances: Circumstances,
}

impl Asker {
    /// # Errors
    /// [`Error::Internal`] where there are no rules; storage errors.
    pub(super) fn load(connection: &Connection, officer: &str) -> Result<Self> {
        let rules = RULES.as_ref();
        let rules = rules.map_err(|_| Error::Internal("the access rules do not hold"))?;
        let now = clock::now(connection)?;
        let duty = open_duty(connection, officer)?;
        Ok(Self {
            rules,
            who: Who::officer(officer),
            circumstances: Circumstances {
                now_ms: now.at_least_ms(),
                clock: now.trust.into(),
                on_duty: duty.is_some(),
                duty_case: duty.map(|Duty { case_no, .. }| case_no).unwrap_or_default(),
                purpose: String::new(),
                terminal: Device::load(connection)?.terminal,
            },
        })
    }

    pub(super) fn decide(&self, action: Action, item: &EvidenceItem) -> Decision {
        self.rules.decide(&Request {
            who: self.who.clone(),
            action,
            resource: Resource::Evidence {
                officer: item.officer.clone(),
                // It stands in the sheet, which is sealed.
                department: String::new(),
                case: item.case.clone(),
                began_ms: item.began_ms,
                marked: item.marked > 0,
                // What is held is the station's to know; no officer clears.
                held: false,
                requester: None,
            },
            circumstances: self.circumstances.clone(),
            grants: Vec::new(),
        })
    }
}

/// Lets an officer go on who may do this with these clips; else the journal says who was denied
/// what, by which rule, and to the officer the clip is one that there is not.
///
/// # Errors
/// [`Error::UnknownClip`], storage errors.
pub(super) fn require(vault: &Vault, officer: &str, action: Action, clips: &[&str]) -> Result<()> {
    let denied = vault.read(|c| {
        let asker = Asker::load(c, officer)?;
        for clip in clips {
            let decision = asker.decide(action, &evidence::find_of_anybody(c, clip)?);
            if !decision.is_allowed() {
                return Ok(Some(((*clip).to_owned(), decision.reason)));
            }
        }
        Ok(None)
    })?;
    let Some((about, reason)) = denied else {
        return Ok(());
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
    /// Whether a registry may be asked.
    pub(super) fn look_up(&self, registry: Registry, purpose: &Purpose) -> Decision {
        self.rules.decide(&Request {
            who: self.who.clone(),
            action: Action::Lookup,
            resource: Resource::Registry {
                registry: registry.as_str().to_owned(),
            },
            circumstances: Circumstances {
                purpose: format!("{} {}", purpose.reason.as_str(), purpose.text),
                ..self.circumstances.clone()
            },
            grants: Vec::new(),
        })
    }
}
