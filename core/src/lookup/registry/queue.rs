//! Questions that wait for the station, and answers that wait for the officer. A question is a row
//! of the vault; an answer is sealed to the officer who asked.

use custos_protocol::lookup::{ask::LookupReply, mask};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{LookupFault, Waiting, kept, question::Question};
use crate::{Error, Result, clock, device::state, vault::Vault};

/// Keeps a question for later, and journals that; `false` where the policy has none wait.
///
/// # Errors
/// Storage errors.
pub(crate) fn put(vault: &Vault, question: &Question) -> Result<bool> {
    vault.write(|tx| {
        if state::policy(tx)?.lookup.queue_hours == 0 {
            return Ok(false);
        }
        tx.execute(
            "INSERT INTO lookup_question (lookup, officer, seq, registry, subject, salt, asked_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                &question.lookup,
                &question.officer,
                question.seq,
                question.subject.registry.as_str(),
                &question.subject.key,
                question.salt.to_string(),
                question.asked_ms,
            ),
        )?;
        question.settle_in(tx, "queued", 0)?;
        Ok(true)
    })
}

/// The oldest question that waits.
///
/// # Errors
/// [`Error::Damaged`]; storage errors.
pub(crate) fn first(connection: &Connection) -> Result<Option<Question>> {
    let columns = Question::COLUMNS;
    let sql = format!("SELECT {columns} FROM lookup_question ORDER BY seq LIMIT 1");
    let row = connection
        .query_row(&sql, [], Question::of_row)
        .optional()?;
    row.map(|question| question.ok_or(Error::Damaged))
        .transpose()
}

/// Whether it has waited longer than the policy says; it is given up then, and the journal has it.
///
/// # Errors
/// Storage errors.
pub(crate) fn lapse(vault: &Vault, question: &Question) -> Result<bool> {
    vault.write(|tx| {
        let hours = i64::from(state::policy(tx)?.lookup.queue_hours);
        let old = clock::now(tx)?.time_ms - question.asked_ms > hours * 3_600_000;
        if old {
            remove(tx, question)?;
            question.settle_in(tx, LookupFault::TooOld.code(), 0)?;
        }
        Ok(old)
    })
}

/// Keeps an answer for the officer, and journals that.
///
/// # Errors
/// Storage errors.
pub(crate) fn deliver(vault: &Vault, question: &Question, reply: &LookupReply) -> Result<()> {
    vault.write(|tx| {
        remove(tx, question)?;
        // It stays as long as a question may wait: the officer may be off duty meanwhile.
        let hours = i64::from(state::policy(tx)?.lookup.queue_hours.max(1));
        let until = clock::now(tx)?.time_ms + hours * 3_600_000;
        kept::keep(tx, question, reply, true, until)?;
        question.settle_in(tx, "delivered", reply.records.len())
    })
}

/// Gives a question up that the station refuses for good.
///
/// # Errors
/// Storage errors.
pub(crate) fn refused(vault: &Vault, question: &Question, error: &Error) -> Result<()> {
    vault.write(|tx| {
        remove(tx, question)?;
        question.settle_in(tx, error.code(), 0)
    })
}

fn remove(tx: &Transaction<'_>, question: &Question) -> Result<()> {
    tx.execute(
        "DELETE FROM lookup_question WHERE lookup = ?1",
        [&question.lookup],
    )?;
    Ok(())
}

/// What waits for this officer, the oldest first.
///
/// # Errors
/// Storage errors.
pub(crate) fn waiting(connection: &Connection, officer: &str) -> Result<Vec<Waiting>> {
    let mut statement = connection.prepare_cached(
        "SELECT lookup, registry, subject, asked_ms, 0 FROM lookup_question WHERE officer = ?1
         UNION ALL
         SELECT lookup, registry, subject, asked_ms, 1 FROM lookup_answer
         WHERE officer = ?1 AND delivered AND expires_ms > ?2
         ORDER BY asked_ms",
    )?;
    let now = clock::now(connection)?.time_ms;
    let rows = statement.query_map((officer, now), |row| {
        Ok(Waiting {
            lookup: row.get(0)?,
            registry: row.get(1)?,
            subject: mask::number(&row.get::<_, String>(2)?),
            asked_ms: row.get(3)?,
            answered: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
