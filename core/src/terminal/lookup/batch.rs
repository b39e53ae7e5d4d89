//! Several numbers in one call, by a grant. Each is a question of its own: decided, journalled,
//! asked, answered and registered as one that is asked alone.

use custos_access::Action;
use custos_protocol::{
    id,
    lookup::{
        ask::Purpose,
        query::{MAX_BATCH, Registry, Subject},
    },
};

use super::Officer;
use crate::{
    Error, Result,
    device::state,
    lookup::registry::{Known, LookupFault, OfBatch},
};

/// Asks about the next number when it is taken; what is not taken is not asked.
#[derive(Debug)]
pub struct Batch<'a> {
    officer: &'a Officer,
    purpose: Purpose,
    /// `None`: it is one number after all.
    name: Option<String>,
    subjects: std::vec::IntoIter<(usize, Subject)>,
    /// The station could not be reached for one before.
    away: bool,
}

impl Officer {
    /// Asks a registry about several; who may is decided as `lookup-batch`, at the station again. A
    /// number that is there twice is asked about once; one number alone is [`Officer::look_up`].
    ///
    /// # Errors
    /// For all of them, before anything is asked: [`Error::Lookup`], [`Error::Locked`], storage
    /// errors.
    pub fn look_up_batch<T: AsRef<str>>(
        &self,
        registry: Registry,
        typed: &[T],
        purpose: &Purpose,
    ) -> Result<Batch<'_>> {
        if typed.len() > MAX_BATCH {
            return Err(Error::Lookup(LookupFault::BatchTooLarge));
        }
        let mut subjects: Vec<(usize, Subject)> = Vec::with_capacity(typed.len());
        for (position, typed) in (1..).zip(typed) {
            let subject = Subject::parse(registry, typed.as_ref())
                .map_err(|error| Error::Lookup(LookupFault::Subject(error)))?;
            purpose
                .check_for(&subject)
                .map_err(|error| Error::Lookup(LookupFault::Purpose(error)))?;
            if !subjects.iter().any(|(_, known)| *known == subject) {
                subjects.push((position, subject));
            }
        }
        let mut name = None;
        if subjects.len() > 1 {
            let allowed = self.vault.write(|tx| {
                state::refuse_if_locked(tx)?;
                self.allow(tx, Action::LookupBatch, registry, purpose)
            })?;
            allowed.map_err(Error::Lookup)?;
            name = Some(id::fresh("batch")?);
        }
        Ok(Batch {
            officer: self,
            purpose: purpose.clone(),
            name,
            subjects: subjects.into_iter(),
            away: false,
        })
    }
}

impl Iterator for Batch<'_> {
    type Item = OfBatch;

    fn next(&mut self) -> Option<OfBatch> {
        let (position, subject) = self.subjects.next()?;
        let masked = subject.masked();
        // A grant can end between two numbers.
        let question = self
            .officer
            .question(subject, &self.purpose, self.name.as_deref());
        let answer = question.and_then(|question| self.officer.answer(question, self.away));
        match &answer {
            Ok(found) => self.away |= matches!(found.known, Known::Offline { .. }),
            Err(Error::Lookup(fault)) if fault.is_of_one_number() => {}
            // The rest would fare no better.
            Err(_) => self.subjects = Vec::new().into_iter(),
        }
        Some(OfBatch {
            position,
            subject: masked,
            answer,
        })
    }
}
