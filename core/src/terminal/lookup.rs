//! What an officer asks registries. See [`lookup::registry`](crate::lookup::registry) for the order
//! of things; `batch` for several numbers in one call.

mod batch;

pub use batch::Batch;

use custos_access::Action;
use custos_protocol::{
    journal::Event,
    lookup::{
        ask::{LookupReply, Purpose},
        query::{Registry, Subject},
    },
};
use rusqlite::Transaction;

use super::{
    Officer,
    access::Asker,
    owner::{Duty, open_duty},
};
use crate::{
    Error, Result, clock,
    device::state,
    lookup::registry::{
        Known, LookUp, LookupFault, Waiting,
        kept::{self, Sealed},
        lists,
        question::{Allowance, Question},
        queue,
    },
};

impl Officer {
    /// Asks a registry about one person, vehicle, case or device. Without the station the terminal's
    /// lists are asked and the question waits, as the policy says: [`Known::Offline`].
    ///
    /// Once the question is in the journal, whatever follows is, too; nothing is returned before.
    ///
    /// # Errors
    /// [`Error::Lookup`]: not well-formed, denied, stopped, or the registry does not answer;
    /// [`Error::Locked`]; [`Error::Unreachable`] where questions do not wait; storage errors.
    pub fn look_up(&self, registry: Registry, typed: &str, purpose: &Purpose) -> Result<LookUp> {
        let subject = Subject::parse(registry, typed)
            .map_err(|error| Error::Lookup(LookupFault::Subject(error)))?;
        purpose
            .check_for(&subject)
            .map_err(|error| Error::Lookup(LookupFault::Purpose(error)))?;
        let question = self.question(subject, purpose, None)?;
        self.answer(question, false)
    }

    /// Asks a registry with a part of a plate or of a case's number: `*` is any characters, `?` one. Who
    /// may is decided as `lookup-wildcard`, at the station again. The terminal's lists say nothing of
    /// it: they know whole numbers.
    ///
    /// # Errors
    /// As [`Officer::look_up`].
    pub fn look_up_pattern(
        &self,
        registry: Registry,
        typed: &str,
        purpose: &Purpose,
    ) -> Result<LookUp> {
        let pattern = Subject::pattern(registry, typed)
            .map_err(|error| Error::Lookup(LookupFault::Subject(error)))?;
        purpose
            .check_for(&pattern)
            .map_err(|error| Error::Lookup(LookupFault::Purpose(error)))?;
        let question = self.question(pattern, purpose, None)?;
        self.answer(question, false)
    }

    /// What is known of it. `away`: the station could not be reached a moment ago.
    fn answer(&self, question: Question, away: bool) -> Result<LookUp> {
        if let Some(reply) = self.at_hand(&question.subject) {
            question.settle(&self.vault, "cached", reply.records.len())?;
            return Ok(known(&question, reply, true));
        }
        if away {
            return self.without_station(question);
        }
        let reply = match self.connection.ask(&self.vault, &question) {
            Ok(reply) => reply,
            Err(Error::Unreachable) => return self.without_station(question),
            Err(error) => return Err(question.failed(&self.vault, error)),
        };
        self.vault.write(|tx| {
            let minutes = i64::from(state::policy(tx)?.lookup.cache_minutes);
            if minutes > 0 {
                let until = clock::now(tx)?.time_ms + minutes * 60_000;
                kept::keep(tx, &question, &reply, false, until)?;
            }
            question.settle_in(tx, "answered", reply.records.len())
        })?;
        Ok(known(&question, reply, false))
    }

    /// What the terminal's lists say, and the question's place in the queue.
    fn without_station(&self, question: Question) -> Result<LookUp> {
        let lists = if question.subject.is_pattern() {
            Vec::new()
        } else {
            self.vault.read(|c| lists::ask(c, &question.subject))?
        };
        if !lists.is_empty() {
            let hits = lists.iter().filter(|list| list.on_it).count();
            question.settle(&self.vault, "listed", hits)?;
        }
        let queued = queue::put(&self.vault, &question)?;
        if !queued && lists.is_empty() {
            return Err(question.failed(&self.vault, Error::Unreachable));
        }
        Ok(LookUp {
            lookup: question.lookup,
            known: Known::Offline { lists, queued },
        })
    }

    /// Decides, and journals the question or the denial. `batch`: it is one of several.
    fn question(
        &self,
        subject: Subject,
        purpose: &Purpose,
        batch: Option<&str>,
    ) -> Result<Question> {
        let question = self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            let wildcard = subject.is_pattern();
            let action = match batch {
                Some(_) => Action::LookupBatch,
                None if wildcard => Action::LookupWildcard,
                None => Action::Lookup,
            };
            let grant = match self.allow(tx, action, subject.registry, purpose)? {
                Ok(grant) => grant,
                Err(fault) => return Ok(Err(fault)),
            };
            let by = Allowance {
                batch: batch.map(str::to_owned),
                wildcard,
                grant,
            };
            let duty = open_duty(tx, &self.officer)?;
            let case = duty.map(|Duty { case_no, .. }| case_no).unwrap_or_default();
            Question::journal(tx, &self.officer, &case, subject, purpose, by).map(Ok)
        })?;
        question.map_err(Error::Lookup)
    }

    /// Decides: the grant by which it is allowed, if it takes one; or journals the denial.
    fn allow(
        &self,
        tx: &Transaction<'_>,
        action: Action,
        registry: Registry,
        purpose: &Purpose,
    ) -> Result<std::result::Result<Option<String>, LookupFault>> {
        let asker = Asker::load(tx, &self.officer)?;
        let decision = asker.look_up(action, registry, purpose);
        if decision.is_allowed() {
            return Ok(Ok(decision.grant));
        }
        let event = Event::AccessDenied {
            action: action.as_str().to_owned(),
            about: registry.as_str().to_owned(),
            reason: decision.reason,
        };
        self.journal(tx, event)?;
        let one = Action::Lookup;
        let alone = action != one && asker.look_up(one, registry, purpose).is_allowed();
        Ok(Err(if alone {
            LookupFault::NeedsGrant
        } else {
            LookupFault::Denied
        }))
    }

    /// An answer kept for this officer. One that does not open is as good as none.
    fn at_hand(&self, subject: &Subject) -> Option<LookupReply> {
        let sealed = self.vault.read(|c| {
            if state::policy(c)?.lookup.cache_minutes == 0 {
                return Ok(None);
            }
            kept::about(c, &self.officer, subject)
        });
        sealed.ok().flatten()?.open(&self.identity).ok()
    }

    /// The officer's questions that wait for the station, and what has become of those that did.
    ///
    /// # Errors
    /// Storage errors.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        self.vault.read(|c| {
            state::refuse_if_locked(c)?;
            queue::waiting(c, &self.officer)
        })
    }

    /// The answer to a question that had to wait; journalled before it is given.
    ///
    /// # Errors
    /// [`LookupFault::Unknown`]: there is none, or none yet; another [`LookupFault`]: it was
    /// refused, which is told once; storage errors.
    pub fn waited(&self, lookup: &str) -> Result<LookUp> {
        let refused = self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            queue::take_refused(tx, &self.officer, lookup)
        })?;
        if let Some(code) = refused {
            let fault = LookupFault::of_waiting(&code);
            return Err(Error::Lookup(fault.unwrap_or(LookupFault::Denied)));
        }
        let sealed = self.vault.read(|c| {
            state::refuse_if_locked(c)?;
            kept::delivered(c, &self.officer, lookup)
        })?;
        let sealed: Sealed = sealed.ok_or(Error::Lookup(LookupFault::Unknown))?;
        let reply = sealed.open(&self.identity)?;
        sealed
            .question
            .settle(&self.vault, "shown", reply.records.len())?;
        Ok(known(&sealed.question, reply, true))
    }
}

fn known(question: &Question, reply: LookupReply, kept: bool) -> LookUp {
    LookUp {
        lookup: question.lookup.clone(),
        known: Known::Records {
            records: reply.records,
            time_ms: reply.time_ms,
            kept,
            more: reply.more,
        },
    }
}

#[cfg(test)]
mod tests;
