//! Questions that wait for the station, and answers and refusals that wait for the officer. A
//! question is a row of the vault; an answer is sealed to the officer who asked.

use custos_protocol::lookup::{ask::LookupReply, mask, query::Subject};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{LookupFault, Waiting, kept, question::Question};
use crate::{Error, Result, clock, device::state, vault::Vault};

/// So long a refusal waits to be told.
const TOLD_WITHIN_MS: i64 = 7 * 24 * 3_600_000;

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

/// What still waits. One condition for both: a sync that is told of a question and finds none would
/// go round for ever.
const WAITS: &str = "FROM lookup_question WHERE refused IS NULL";

/// The journal entry of the oldest question that waits.
///
/// # Errors
/// Storage errors.
pub(crate) fn oldest(connection: &Connection) -> Result<Option<u64>> {
    let sql = format!("SELECT min(seq) {WAITS}");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))?)
}

/// The oldest question that waits.
///
/// # Errors
/// [`Error::Damaged`]; storage errors.
pub(crate) fn first(connection: &Connection) -> Result<Option<Question>> {
    let columns = Question::COLUMNS;
    let sql = format!("SELECT {columns} {WAITS} ORDER BY seq LIMIT 1");
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
            give_up(tx, question, LookupFault::TooOld.code())?;
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
    vault.write(|tx| give_up(tx, question, error.code()))
}

/// Journals it, and keeps it for the officer to learn, without the number.
fn give_up(tx: &Transaction<'_>, question: &Question, why: &str) -> Result<()> {
    tx.execute(
        "UPDATE lookup_question SET refused = ?2, subject = ?3, salt = '' WHERE lookup = ?1",
        (&question.lookup, why, question.subject.masked()),
    )?;
    let long_ago = clock::now(tx)?.time_ms - TOLD_WITHIN_MS;
    tx.execute(
        "DELETE FROM lookup_question WHERE refused IS NOT NULL AND asked_ms < ?1",
        [long_ago],
    )?;
    question.settle_in(tx, why, 0)
}

/// Why a question of this officer's was refused while it waited, once: it is gone then.
///
/// # Errors
/// Storage errors.
pub(crate) fn take_refused(
    tx: &Transaction<'_>,
    officer: &str,
    lookup: &str,
) -> Result<Option<String>> {
    let why = tx.query_row(
        "DELETE FROM lookup_question WHERE lookup = ?1 AND officer = ?2 AND refused IS NOT NULL
         RETURNING refused",
        (lookup, officer),
        |row| row.get(0),
    );
    Ok(why.optional()?)
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
        "SELECT lookup, registry, subject, asked_ms, 0, refused FROM lookup_question
         WHERE officer = ?1
         UNION ALL
         SELECT lookup, registry, subject, asked_ms, 1, NULL FROM lookup_answer
         WHERE officer = ?1 AND delivered AND expires_ms > ?2
         ORDER BY asked_ms",
    )?;
    let now = clock::now(connection)?.time_ms;
    let rows = statement.query_map((officer, now), |row| {
        let (registry, key): (String, String) = (row.get(1)?, row.get(2)?);
        let refused: Option<String> = row.get(5)?;
        let subject = match (&refused, registry.parse()) {
            (Some(_), _) => key,
            (None, Ok(registry)) => Subject { registry, key }.masked(),
            (None, Err(_)) => mask::number(&key),
        };
        Ok(Waiting {
            lookup: row.get(0)?,
            registry,
            subject,
            asked_ms: row.get(3)?,
            answered: row.get(4)?,
            refused,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
