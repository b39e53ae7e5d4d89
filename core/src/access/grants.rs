//! Grants of this terminal's officers. Each came as three signed notes and is kept only if they
//! verify under the trust set; what ended before its time does not come back.

use custos_access::Granted;
use custos_protocol::{
    api::{GrantDelivery, GrantState},
    grant::{GrantError, GrantRevocation, GrantTerms, SignedGrant},
    journal::Event,
    note::Note,
    statement,
    trust::TrustSet,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::first_refusal;
use crate::{
    Error, Result,
    clock::Now,
    device::state::{self, Device},
    journal::{self, JournalContext},
    vault::officer,
};

/// Refusals that one delivery can put into the journal.
const TOLD: usize = 16;
/// So long after its end a grant is kept, so that a denial can say that it has expired.
const AFTERWARDS_MS: i64 = 30 * 24 * 3_600_000;

/// A grant as its officer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantItem {
    pub id: String,
    pub terms: GrantTerms,
    /// `in-force`, `set` (its time has not come), `expired`, `revoked`.
    pub state: GrantState,
}

/// Takes in what the station hands out: revocations first, then grants of officers who have a
/// slot here.
///
/// # Errors
/// Storage errors.
pub(crate) fn take(tx: &Transaction<'_>, delivery: &GrantDelivery, now: Now) -> Result<()> {
    let mut told = 0;
    let mut refuse = |offered: &str, id: &str, reason: &str| -> Result<()> {
        if told < TOLD && first_refusal(tx, offered)? {
            told += 1;
            refused(tx, id, reason)?;
        }
        Ok(())
    };
    for note in &delivery.revocations {
        if let Err((id, error)) = take_revocation(tx, note)? {
            refuse(note, &id, error.code())?;
        }
    }
    let trust = state::trust(tx)?;
    for signed in &delivery.grants {
        if let Err((id, reason)) = take_grant(tx, signed, &trust, now)? {
            let whole = [&*signed.application, &signed.approval, &signed.setting].concat();
            refuse(&whole, &id, reason)?;
        }
    }
    // What a wrong clock says of the end of a grant deletes none.
    if now.trust == custos_protocol::journal::ClockTrust::Station {
        tx.execute(
            "DELETE FROM access_grant WHERE expires_ms < ?1",
            [now.time_ms.saturating_sub(AFTERWARDS_MS)],
        )?;
    }
    Ok(())
}

fn refused(tx: &Transaction<'_>, id: &str, reason: &str) -> Result<()> {
    let event = Event::GrantRefused {
        id: id.to_owned(),
        reason: reason.to_owned(),
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
}

/// What a note says it is, for the journal; whoever wrote it.
fn named<T: statement::Statement>(note: &str, id: impl Fn(T) -> String) -> String {
    let read = note.parse::<Note>().ok();
    let read = read.and_then(|note| statement::read_unverified::<T>(&note).ok());
    let id = read.map(id).filter(|id| custos_protocol::id::is_safe(id));
    id.unwrap_or_else(|| "unreadable".to_owned())
}

type Refusal<E> = std::result::Result<(), (String, E)>;

fn take_revocation(tx: &Transaction<'_>, note: &str) -> Result<Refusal<GrantError>> {
    let id = named(note, |revocation: GrantRevocation| revocation.id);
    if is_revoked(tx, &id)? {
        return Ok(Ok(()));
    }
    let revocation = match open_revocation(tx, note)? {
        Ok(revocation) => revocation,
        Err(error) => return Ok(Err((id, error))),
    };
    tx.execute(
        "INSERT INTO access_revocation (id, note) VALUES (?1, ?2)",
        (&revocation.id, note),
    )?;
    if find(tx, &revocation.id)?.is_some() {
        let event = Event::GrantRevoked {
            id: revocation.id,
            by: revocation.by,
        };
        journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    }
    Ok(Ok(()))
}

/// Under the trust set in force, or one before it: what somebody ended stays ended when that
/// person has left.
fn open_revocation(
    connection: &Connection,
    note: &str,
) -> Result<std::result::Result<GrantRevocation, GrantError>> {
    let mut statement =
        connection.prepare_cached("SELECT note FROM trust_set ORDER BY version DESC")?;
    let mut rows = statement.query([])?;
    let mut first = None;
    while let Some(row) = rows.next()? {
        let set: Note = row
            .get::<_, String>(0)?
            .parse()
            .map_err(|_| Error::Damaged)?;
        let set: TrustSet = statement::read_unverified(&set).map_err(|_| Error::Damaged)?;
        match GrantRevocation::open(note, &set) {
            Ok(revocation) => return Ok(Ok(revocation)),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    first.map(Err).ok_or(Error::Damaged)
}

fn take_grant(
    tx: &Transaction<'_>,
    signed: &SignedGrant,
    trust: &TrustSet,
    now: Now,
) -> Result<Refusal<&'static str>> {
    let grant = match signed.open(trust) {
        Ok(grant) => grant,
        Err(error) => {
            let id = named(
                &signed.setting,
                |setting: custos_protocol::grant::GrantSetting| setting.id,
            );
            return Ok(Err((id, error.code())));
        }
    };
    if is_revoked(tx, &grant.id)? {
        return Ok(Err((grant.id, "revoked")));
    }
    let terminal = Device::load(tx)?.terminal;
    let terms = &grant.terms;
    if !terms.terminals.is_empty() && !terms.terminals.contains(&terminal) {
        return Ok(Err((grant.id, GrantError::OtherTerminal.code())));
    }
    let has_slot = officer::recipient(tx, &terms.grantee).is_ok();
    if !has_slot || find(tx, &grant.id)?.is_some() || now.at_least_ms() >= terms.expires_ms {
        return Ok(Ok(()));
    }
    let text =
        serde_json::to_string(signed).map_err(|_| Error::Internal("three notes are JSON"))?;
    tx.execute(
        "INSERT INTO access_grant (id, grantee, signed, expires_ms) VALUES (?1, ?2, ?3, ?4)",
        (&grant.id, &terms.grantee, text, terms.expires_ms),
    )?;
    let event = Event::GrantReceived {
        id: grant.id,
        grantee: grant.terms.grantee,
        expires_ms: grant.terms.expires_ms,
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    Ok(Ok(()))
}

fn is_revoked(connection: &Connection, id: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM access_revocation WHERE id = ?1";
    let found = connection.prepare_cached(sql)?.exists([id])?;
    Ok(found)
}

fn find(connection: &Connection, id: &str) -> Result<Option<SignedGrant>> {
    let sql = "SELECT signed FROM access_grant WHERE id = ?1";
    let text: Option<String> = connection
        .prepare_cached(sql)?
        .query_row([id], |row| row.get(0))
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| Error::Damaged))
        .transpose()
}

/// Drops grants that do not verify under a trust set that has just come into force: who signed and
/// has left since is no signer any more.
///
/// # Errors
/// Storage errors.
pub(crate) fn recheck(tx: &Transaction<'_>, trust: &TrustSet) -> Result<()> {
    let kept: Vec<(String, String)> = tx
        .prepare_cached("SELECT id, signed FROM access_grant ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, text) in kept {
        let signed: SignedGrant = serde_json::from_str(&text).map_err(|_| Error::Damaged)?;
        if let Err(error) = signed.open(trust) {
            tx.execute("DELETE FROM access_grant WHERE id = ?1", [&id])?;
            refused(tx, &id, error.code())?;
        }
    }
    Ok(())
}

/// An officer's grants, also such as have ended: the rules say why these do not help.
///
/// # Errors
/// Storage errors.
pub(crate) fn of_officer(connection: &Connection, officer: &str) -> Result<Vec<Granted>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, signed, EXISTS (SELECT 1 FROM access_revocation r WHERE r.id = g.id)
         FROM access_grant g WHERE grantee = ?1 ORDER BY expires_ms DESC, id",
    )?;
    let rows = statement.query_map([officer], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })?;
    rows.map(|row| {
        let (id, text, revoked) = row?;
        let signed: SignedGrant = serde_json::from_str(&text).map_err(|_| Error::Damaged)?;
        let terms = signed.read_verified().map_err(|_| Error::Damaged)?;
        Ok(Granted { id, terms, revoked })
    })
    .collect()
}

/// An officer's grants as they stand now.
///
/// # Errors
/// Storage errors.
pub(crate) fn list(connection: &Connection, officer: &str, now: Now) -> Result<Vec<GrantItem>> {
    let now_ms = now.at_least_ms();
    let state = |grant: &Granted| match grant {
        grant if grant.revoked => GrantState::Revoked,
        grant if now_ms >= grant.terms.expires_ms => GrantState::Expired,
        grant if now_ms < grant.terms.not_before_ms => GrantState::Set,
        _ => GrantState::InForce,
    };
    let item = |grant: Granted| GrantItem {
        state: state(&grant),
        id: grant.id,
        terms: grant.terms,
    };
    Ok(of_officer(connection, officer)?
        .into_iter()
        .map(item)
        .collect())
}

#[cfg(test)]
pub(crate) mod tests;
