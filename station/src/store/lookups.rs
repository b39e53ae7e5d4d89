//! Look-ups in registries: one row a question.

use sqlx::{QueryBuilder, Sqlite};

use super::{Conn, DbError};

#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LookupRow {
    pub(crate) lookup: String,
    pub(crate) terminal: String,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    pub(crate) officer: String,
    pub(crate) duty: String,
    pub(crate) case_no: String,
    pub(crate) registry: String,
    pub(crate) subject_mac: Vec<u8>,
    pub(crate) subject: String,
    pub(crate) reason: String,
    pub(crate) words: String,
    pub(crate) asked_ms: i64,
    pub(crate) outcome: String,
    pub(crate) noticed: String,
    pub(crate) records: i64,
    pub(crate) attempts: i64,
    pub(crate) updated_ms: i64,
    /// Empty: asked alone.
    pub(crate) batch: String,
    pub(crate) wildcard: bool,
    /// Empty: none.
    pub(crate) grant_id: String,
}

/// The row of a question.
pub(crate) async fn find(conn: &mut Conn, lookup: &str) -> Result<Option<LookupRow>, DbError> {
    sqlx::query_as("SELECT * FROM lookups WHERE lookup = ?")
        .bind(lookup)
        .fetch_optional(conn)
        .await
}

/// A new question. Fails where its entry has asked another one.
pub(crate) async fn add(conn: &mut Conn, row: &LookupRow) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO lookups (lookup, terminal, epoch, seq, officer, duty, case_no, registry,
             subject_mac, subject, reason, words, asked_ms, outcome, noticed, records, attempts,
             updated_ms, batch, wildcard, grant_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&row.lookup)
    .bind(&row.terminal)
    .bind(row.epoch)
    .bind(row.seq)
    .bind(&row.officer)
    .bind(&row.duty)
    .bind(&row.case_no)
    .bind(&row.registry)
    .bind(&row.subject_mac)
    .bind(&row.subject)
    .bind(&row.reason)
    .bind(&row.words)
    .bind(row.asked_ms)
    .bind(&row.outcome)
    .bind(&row.noticed)
    .bind(row.records)
    .bind(row.attempts)
    .bind(row.updated_ms)
    .bind(&row.batch)
    .bind(row.wildcard)
    .bind(&row.grant_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// The question is asked once more, for its answer did not arrive. That a registry did not answer
/// does not count: it may be down for days.
pub(crate) async fn again(conn: &mut Conn, lookup: &str, now_ms: i64) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE lookups SET attempts = attempts + (outcome NOT LIKE 'registry-%'), outcome = 'asked',
             updated_ms = ?
         WHERE lookup = ?",
    )
    .bind(now_ms)
    .bind(lookup)
    .execute(conn)
    .await?;
    Ok(())
}

/// What came of it.
pub(crate) async fn close(
    conn: &mut Conn,
    lookup: &str,
    outcome: &str,
    records: i64,
    now_ms: i64,
) -> Result<(), DbError> {
    sqlx::query("UPDATE lookups SET outcome = ?, records = ?, updated_ms = ? WHERE lookup = ?")
        .bind(outcome)
        .bind(records)
        .bind(now_ms)
        .bind(lookup)
        .execute(conn)
        .await?;
    Ok(())
}

/// What was noticed about it, in all.
pub(crate) async fn notice(conn: &mut Conn, lookup: &str, noticed: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE lookups SET noticed = ? WHERE lookup = ?")
        .bind(noticed)
        .bind(lookup)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whom the answer to a pattern told of; again, it changes nothing.
pub(crate) async fn found(
    conn: &mut Conn,
    lookup: &str,
    subject_macs: &[Vec<u8>],
) -> Result<(), DbError> {
    for mac in subject_macs {
        sqlx::query("INSERT OR IGNORE INTO lookup_found (subject_mac, lookup) VALUES (?, ?)")
            .bind(mac)
            .bind(lookup)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// How often somebody asked before a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Counts {
    pub(crate) minute: i64,
    pub(crate) hour: i64,
    pub(crate) day: i64,
    /// Within a day, about the same subject.
    pub(crate) same: i64,
}

/// Questions of one call at one terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) terminal: &'a str,
    pub(crate) epoch: i64,
    /// Empty: a question that was asked alone.
    pub(crate) name: &'a str,
}

/// How many questions of a batch there are.
pub(crate) async fn of_batch(conn: &mut Conn, batch: Batch<'_>) -> Result<i64, DbError> {
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM lookups
         WHERE terminal = ? AND epoch = ? AND batch = ? AND batch <> ''",
    )
    .bind(batch.terminal)
    .bind(batch.epoch)
    .bind(batch.name)
    .fetch_one(conn)
    .await
}

/// The officer's questions in the minute, hour and day before `at_ms`. By the minute a batch is one
/// question, and that of which this is one is none: who may ask about twenty at once does so at once.
pub(crate) async fn counts(
    conn: &mut Conn,
    officer: &str,
    subject_mac: &[u8],
    at_ms: i64,
    batch: Batch<'_>,
) -> Result<Counts, DbError> {
    sqlx::query_as(
        "SELECT COUNT(*) FILTER (WHERE asked_ms > ?2 - 60000 AND batch = '')
                + COUNT(DISTINCT terminal || '/' || epoch || '/' || batch)
                  FILTER (WHERE asked_ms > ?2 - 60000 AND batch <> ''
                          AND (terminal, epoch, batch) <> (?4, ?5, ?6)) AS minute,
                COUNT(*) FILTER (WHERE asked_ms > ?2 - 3600000) AS hour,
                COUNT(*) AS day,
                COUNT(*) FILTER (WHERE subject_mac = ?3 OR lookup IN
                    (SELECT lookup FROM lookup_found WHERE subject_mac = ?3)) AS same
         FROM lookups WHERE officer = ?1 AND asked_ms > ?2 - 86400000 AND asked_ms <= ?2",
    )
    .bind(officer)
    .bind(at_ms)
    .bind(subject_mac)
    .bind(batch.terminal)
    .bind(batch.epoch)
    .bind(batch.name)
    .fetch_one(conn)
    .await
}

/// Which look-ups an auditor wants to see.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) officer: Option<&'a str>,
    pub(crate) terminal: Option<&'a str>,
    pub(crate) subject_mac: Option<&'a [u8]>,
    pub(crate) since_ms: Option<i64>,
    pub(crate) before_ms: Option<i64>,
    pub(crate) noticed: bool,
}

/// The latest first, at most 1,000.
pub(crate) async fn search(
    conn: &mut Conn,
    wanted: &Wanted<'_>,
) -> Result<Vec<LookupRow>, DbError> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM lookups WHERE TRUE");
    if let Some(officer) = wanted.officer {
        query.push(" AND officer = ").push_bind(officer);
    }
    if let Some(terminal) = wanted.terminal {
        query.push(" AND terminal = ").push_bind(terminal);
    }
    if let Some(mac) = wanted.subject_mac {
        query.push(" AND (subject_mac = ").push_bind(mac);
        query.push(" OR lookup IN (SELECT lookup FROM lookup_found WHERE subject_mac = ");
        query.push_bind(mac).push("))");
    }
    if let Some(since) = wanted.since_ms {
        query.push(" AND asked_ms >= ").push_bind(since);
    }
    if let Some(before) = wanted.before_ms {
        query.push(" AND asked_ms < ").push_bind(before);
    }
    if wanted.noticed {
        query.push(" AND noticed <> ''");
    }
    query.push(" ORDER BY asked_ms DESC, lookup DESC LIMIT 1000");
    query.build_query_as().fetch_all(conn).await
}

/// What a keyed hash is made of: one subject of one registry.
pub(crate) fn mac(key: &ring::hmac::Key, registry: &str, subject: &str) -> Vec<u8> {
    let text = [registry.as_bytes(), b"\0", subject.as_bytes()].concat();
    ring::hmac::sign(key, &text).as_ref().to_vec()
}

/// Name and version of each list.
pub(crate) async fn lists(conn: &mut Conn) -> Result<Vec<(String, i64)>, DbError> {
    sqlx::query_as("SELECT list, version FROM lists ORDER BY list")
        .fetch_all(conn)
        .await
}

/// Note, key and entries of a list.
pub(crate) async fn list(
    conn: &mut Conn,
    name: &str,
) -> Result<Option<(String, String, String)>, DbError> {
    sqlx::query_as("SELECT note, key, entries FROM lists WHERE list = ?")
        .bind(name)
        .fetch_optional(conn)
        .await
}

/// Puts a version of a list in the place of an older one; `false` where it is not newer.
pub(crate) async fn put_list(
    conn: &mut Conn,
    name: &str,
    version: i64,
    (note, key, entries): (&str, &str, &str),
    now_ms: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO lists (list, version, note, key, entries, created_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (list) DO UPDATE SET version = excluded.version, note = excluded.note,
             key = excluded.key, entries = excluded.entries, created_ms = excluded.created_ms
         WHERE excluded.version > version",
    )
    .bind(name)
    .bind(version)
    .bind(note)
    .bind(key)
    .bind(entries)
    .bind(now_ms)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
