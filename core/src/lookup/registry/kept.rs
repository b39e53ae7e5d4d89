//! Answers at hand for a short time, sealed to the officer who got them: another officer of the
//! same terminal, and who takes the vault, reads none of them.

use custos_protocol::lookup::{ask::LookupReply, query::Subject};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::question::Question;
use crate::{
    Error, Result, clock,
    vault::officer::{self as slot, Identity},
};

/// Keeps an answer until a time. `delivered`: the officer has not seen it yet.
///
/// # Errors
/// Storage errors.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    question: &Question,
    reply: &LookupReply,
    delivered: bool,
    until_ms: i64,
) -> Result<()> {
    sweep(tx)?;
    let recipient: age::x25519::Recipient = slot::recipient(tx, &question.officer)?
        .parse()
        .map_err(|_| Error::Damaged)?;
    let text = zeroize::Zeroizing::new(
        serde_json::to_vec(reply).map_err(|_| Error::Internal("a reply is plain data"))?,
    );
    let sealed = age::encrypt(&recipient, &text)
        .map_err(|_| Error::Internal("age seals to a recipient of ours"))?;
    tx.execute(
        "INSERT INTO lookup_answer (lookup, officer, seq, registry, subject, salt, asked_ms,
                                    sealed, delivered, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            &question.lookup,
            &question.officer,
            question.seq,
            question.subject.registry.as_str(),
            &question.subject.key,
            question.salt.to_string(),
            question.asked_ms,
            sealed,
            delivered,
            until_ms,
        ),
    )?;
    Ok(())
}

/// Forgets what has expired.
///
/// # Errors
/// Storage errors.
pub(crate) fn sweep(tx: &Transaction<'_>) -> Result<()> {
    let now = clock::now(tx)?.time_ms;
    tx.execute("DELETE FROM lookup_answer WHERE expires_ms <= ?1", [now])?;
    Ok(())
}

/// A sealed answer.
pub(crate) struct Sealed {
    pub(crate) question: Question,
    bytes: Vec<u8>,
}

impl Sealed {
    /// # Errors
    /// [`Error::Damaged`] where it is not this officer's, or not what was sealed.
    pub(crate) fn open(&self, identity: &Identity) -> Result<LookupReply> {
        let text = age::decrypt(identity.age(), &self.bytes).map_err(|_| Error::Damaged)?;
        let text = zeroize::Zeroizing::new(text);
        let reply: LookupReply = serde_json::from_slice(&text).map_err(|_| Error::Damaged)?;
        let question = &self.question;
        if !reply.answers(&question.lookup, &question.commitment()) {
            return Err(Error::Damaged);
        }
        Ok(reply)
    }
}

/// The latest answer about a subject that this officer has at hand.
///
/// # Errors
/// Storage errors.
pub(crate) fn about(
    connection: &Connection,
    officer: &str,
    subject: &Subject,
) -> Result<Option<Sealed>> {
    let with = (officer, subject.registry.as_str(), &subject.key);
    let which = "officer = ?1 AND registry = ?2 AND subject = ?3 AND NOT delivered";
    find(connection, which, with)
}

/// The answer to a question that had to wait.
///
/// # Errors
/// Storage errors.
pub(crate) fn delivered(
    connection: &Connection,
    officer: &str,
    lookup: &str,
) -> Result<Option<Sealed>> {
    let which = "officer = ?1 AND lookup = ?2 AND delivered";
    find(connection, which, (officer, lookup))
}

fn find(
    connection: &Connection,
    which: &str,
    with: impl rusqlite::Params,
) -> Result<Option<Sealed>> {
    let columns = Question::COLUMNS;
    let sql = format!(
        "SELECT {columns}, sealed, expires_ms FROM lookup_answer WHERE {which}
         ORDER BY asked_ms DESC LIMIT 1"
    );
    let row = connection.query_row(&sql, with, |row| {
        let question = Question::of_row(row)?;
        Ok((question, row.get(7)?, row.get::<_, i64>(8)?))
    });
    let Some((Some(question), bytes, expires_ms)) = row.optional()? else {
        return Ok(None);
    };
    let alive = expires_ms > clock::now(connection)?.time_ms;
    Ok(alive.then_some(Sealed { question, bytes }))
}
