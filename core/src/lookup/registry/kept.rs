//! Answers at hand for a short time, sealed to the officer who got them: another officer of the
//! same terminal, and who takes the vault, reads none of them.

use custos_protocol::lookup::{
    ask::{LookupReply, Salt},
    query::{Registry, Subject},
};
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
    find(
        connection,
        "officer = ?1 AND registry = ?2 AND subject = ?3 AND NOT delivered",
        (officer, subject.registry.as_str(), &subject.key),
    )
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
    find(
        connection,
        "officer = ?1 AND lookup = ?2 AND ?3 AND delivered",
        (officer, lookup, true),
    )
}

fn find(
    connection: &Connection,
    which: &str,
    with: impl rusqlite::Params,
) -> Result<Option<Sealed>> {
    let now = clock::now(connection)?.time_ms;
    let sql = format!(
        "SELECT lookup, officer, seq, registry, subject, salt, asked_ms, sealed, expires_ms
         FROM lookup_answer WHERE {which} ORDER BY asked_ms DESC LIMIT 1"
    );
    let row = connection
        .query_row(&sql, with, |row| {
            let (registry, salt): (String, String) = (row.get(3)?, row.get(5)?);
            let expires_ms: i64 = row.get(8)?;
            let registry = Registry::ALL.into_iter().find(|r| r.as_str() == registry);
            let (Some(registry), Ok(salt)) = (registry, salt.parse::<Salt>()) else {
                return Ok(None);
            };
            if expires_ms <= now {
                return Ok(None);
            }
            Ok(Some(Sealed {
                question: Question {
                    lookup: row.get(0)?,
                    officer: row.get(1)?,
                    seq: row.get(2)?,
                    subject: Subject {
                        registry,
                        key: row.get(4)?,
                    },
                    salt,
                    asked_ms: row.get(6)?,
                },
                bytes: row.get(7)?,
            }))
        })
        .optional()?;
    Ok(row.flatten())
}
