//! What grants give an officer: metadata of others' evidence. What is inside stays sealed to whoever
//! recorded it, and to the agency.

use std::{collections::BTreeMap, sync::PoisonError};

use custos_access::Action;
use custos_protocol::journal::Event;

use super::{
    EvidenceItem, Officer,
    access::{self, Asker},
    evidence,
};
use crate::{GrantItem, Result, access::grants, clock, device::state};

/// Items in one journal entry.
const ITEMS: usize = 500;

impl Officer {
    /// The officer's grants, also such as have ended.
    ///
    /// # Errors
    /// Storage errors.
    pub fn grants(&self) -> Result<Vec<GrantItem>> {
        self.vault
            .read(|c| grants::list(c, &self.officer, clock::now(c)?))
    }

    /// Others' items that grants list, with the name of the grant. The journal says so before this
    /// returns, once for each item since the PIN was entered.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked), storage errors.
    pub fn granted_evidence(&self) -> Result<Vec<(EvidenceItem, String)>> {
        let found = self.vault.read(|c| {
            state::refuse_if_locked(c)?;
            let asker = Asker::load(c, &self.officer)?;
            let mut found = Vec::new();
            if !asker.has_grant_for(Action::EvidenceList) {
                return Ok(found);
            }
            for item in evidence::list(c, None)? {
                if item.officer == self.officer {
                    continue;
                }
                let decision = asker.decide(c, Action::EvidenceList, &item)?;
                if let (true, Some(grant)) = (decision.is_allowed(), decision.grant) {
                    found.push((item, grant));
                }
            }
            Ok(found)
        })?;
        let shown = found.iter().map(|(item, grant)| (&*item.clip, &**grant));
        self.journal_shown(shown)?;
        Ok(found)
    }

    /// One item: the officer's own, or another's that a grant lets look up, which the journal says
    /// before this returns.
    ///
    /// # Errors
    /// [`Error::UnknownClip`](crate::Error::UnknownClip), also where it is denied, which is in the
    /// journal; [`Error::Locked`](crate::Error::Locked), storage errors.
    pub fn evidence_item(&self, clip: &str) -> Result<EvidenceItem> {
        self.vault.read(state::refuse_if_locked)?;
        let action = Action::EvidenceMetadata;
        let mut allowed = access::require(&self.vault, &self.officer, action, &[clip])?;
        let allowed = allowed.pop().ok_or(crate::Error::UnknownClip)?;
        let grant = allowed.grant.as_deref();
        self.journal_shown(grant.map(|grant| (clip, grant)).into_iter())?;
        Ok(allowed.item)
    }

    fn journal_shown<'a>(&self, items: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut first = BTreeMap::<&str, Vec<String>>::new();
        for (clip, grant) in items {
            if !shown.contains(clip) {
                first.entry(grant).or_default().push(clip.to_owned());
            }
        }
        if first.is_empty() {
            return Ok(());
        }
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            for (grant, clips) in &first {
                for clips in clips.chunks(ITEMS) {
                    let event = Event::Listed {
                        clips: clips.to_vec(),
                        grant: (*grant).to_owned(),
                    };
                    self.journal(tx, event)?;
                }
            }
            Ok(())
        })?;
        shown.extend(first.into_values().flatten());
        Ok(())
    }
}
