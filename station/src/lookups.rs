//! Questions of officers to registries: who may ask, who asked, and what is noticed.
//!
//! # Layout
//!
//! - here: one question, from the terminal's journal to the masked answer
//! - `decide`: what the rules say; `prying`: what is noticed; `found`: of what a pattern fits; `audit`: who asked about whom; `import`: what is known here;
//!   `lists`: for terminals
//!
//! The order is the law (T5.1c): the entry of the terminal's journal is here already; the rules are
//! asked again; the register has its row, durable; only then a registry is asked; the register has
//! the outcome, durable; only then the answer leaves. Whatever of it fails: no answer.

pub(crate) mod audit;
mod decide;
mod found;
pub(crate) mod import;
pub(crate) mod lists;
mod prying;

use axum::http::StatusCode;
use custos_protocol::{
    id,
    journal::{Entry, Event},
    lookup::{
        ask::{LookupReply, LookupRequest, Purpose, Salt},
        query::{MAX_BATCH, MAX_RECORDS},
    },
};

use self::decide::Denial;
use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::TerminalAuth,
    clock::now_ms,
    registries::Unanswered,
    store::{
        Conn, int, journals,
        lookups::{self, Batch, LookupRow},
        records,
    },
};

/// A question that waited longer, or whose clock is so wrong, is not asked any more.
const OLDEST_MS: i64 = 73 * 3_600_000;
/// How far a terminal's clock may be ahead.
const AHEAD_MS: i64 = 10 * 60_000;
/// How often one question is answered: an answer can get lost.
const ATTEMPTS: i64 = 5;

/// Answers a terminal's question.
///
/// # Errors
/// 400 for a request that is none; 409 `lookup-not-journalled`, `lookup-repeated`,
/// `lookup-too-old`; 403 `lookup-denied`, `lookup-needs-grant`, `lookup-stopped`; 424 with the code of why the registry
/// does not answer.
pub(crate) async fn answer(
    app: &App,
    who: &TerminalAuth,
    request: LookupRequest,
) -> Result<LookupReply, ApiError> {
    let asked = admit(app, who, &request).await?;
    let mut answer = app.registries.ask(&request.subject).await;
    let mut more = false;
    if let Ok(records) = &mut answer {
        more = records.len() > MAX_RECORDS;
        records.truncate(MAX_RECORDS);
    }
    let mut tx = app.store.write().await?;
    let now = now_ms();
    let stopped = match &answer {
        Ok(records) if asked.wildcard => {
            let question = (&*request.lookup, &request.subject);
            found::is_stopped(app, &mut tx, who, &asked, question, records, now).await?
        }
        _ => false,
    };
    let (outcome, found) = match &answer {
        Ok(_) if stopped => (Outcome::Stopped.as_str(), 0),
        Ok(records) => ("answered", records.len()),
        Err(unanswered) => (unanswered.code(), 0),
    };
    let found = i64::try_from(found).unwrap_or(i64::MAX);
    lookups::close(&mut tx, &request.lookup, outcome, found, now).await?;
    tx.commit().await?;
    if stopped {
        return Err(stop());
    }
    let records = answer.map_err(refusal)?;
    Ok(LookupReply {
        records: app
            .registries
            .masked(request.subject.registry, &["officer"], &records),
        lookup: request.lookup,
        subject: asked.subject,
        time_ms: now,
        more,
    })
}

/// What the terminal's journal says of a question.
struct Asked {
    officer: String,
    duty: String,
    case: String,
    purpose: Purpose,
    /// The commitment.
    subject: String,
    /// When, as far as the terminal's clock can be believed.
    at_ms: i64,
    /// Asked about together with others: the name of them all.
    batch: Option<String>,
    /// A pattern is asked for.
    wildcard: bool,
    /// The grant that the entry names for that.
    grant: Option<String>,
}

/// Everything before the question goes out; durable when this returns.
async fn admit(app: &App, who: &TerminalAuth, request: &LookupRequest) -> Result<Asked, ApiError> {
    let salt = request.salt.parse::<Salt>().ok();
    let sound = request.subject.is_sound() || request.subject.is_sound_pattern();
    let salt = salt.filter(|_| sound && id::is_safe(&request.lookup));
    let salt = salt.ok_or_else(|| {
        ApiError::bad_request("A look-up has a name, one well-formed subject, and a salt.")
    })?;
    let mut tx = app.store.write().await?;
    let now = now_ms();
    let asked = journalled(&mut tx, who, request, &salt, now).await?;
    let mac = lookups::mac(
        &app.lookup_key,
        request.subject.registry.as_str(),
        &request.subject.key,
    );
    let denial = decide::denial(app, &mut tx, who, &asked, &request.subject, now).await?;
    if let Some(row) = lookups::find(&mut tx, &request.lookup).await? {
        if !may_repeat(&row, who, request, &mac) {
            return Err(ApiError::conflict(
                "lookup-repeated",
                "This question was asked before.",
            ));
        }
        // It may have waited for a registry until what allowed it had ended.
        if let Some(denial) = denial {
            lookups::close(&mut tx, &request.lookup, "denied", row.records, now).await?;
            denied(&mut tx, who, request, &asked, &denial, now).await?;
            tx.commit().await?;
            return Err(denial.told());
        }
        lookups::again(&mut tx, &request.lookup, now).await?;
        tx.commit().await?;
        return Ok(asked);
    }
    let verdict = judge(app, &mut tx, who, &asked, &mac, denial).await?;
    register(&mut tx, who, request, &asked, mac, &verdict, now).await?;
    tx.commit().await?;
    match verdict.outcome {
        Outcome::Asked => Ok(asked),
        Outcome::Denied(denial) => Err(denial.told()),
        Outcome::Stopped => Err(stop()),
    }
}

fn stop() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "lookup-stopped",
        "This look-up is more than the work needs, as the agency sees it. It was noted.",
    )
}

/// An answer that got lost is asked for again; what was refused stays so.
fn may_repeat(row: &LookupRow, who: &TerminalAuth, request: &LookupRequest, mac: &[u8]) -> bool {
    row.terminal == who.id
        && row.epoch == i64::from(who.epoch)
        && row.seq == int(request.seq)
        && row.subject_mac == mac
        && row.attempts < ATTEMPTS
        && !["denied", "stopped"].contains(&row.outcome.as_str())
}

/// What rules and policy say of a question.
struct Verdict {
    outcome: Outcome,
    /// Words, see [`prying`].
    noticed: Vec<String>,
}

enum Outcome {
    Asked,
    Denied(Denial),
    Stopped,
}

impl Outcome {
    /// As the register has it.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Denied(_) => "denied",
            Self::Stopped => "stopped",
        }
    }
}

async fn judge(
    app: &App,
    tx: &mut Conn,
    who: &TerminalAuth,
    asked: &Asked,
    mac: &[u8],
    denial: Option<Denial>,
) -> Result<Verdict, ApiError> {
    let policy = app::policy(tx).await?.lookup;
    let watched = app.registries.watched(mac, &asked.officer).await?;
    let batch = asked.batch_at(who);
    let counts = lookups::counts(tx, &asked.officer, mac, asked.at_ms, batch).await?;
    let noticed = prying::noticed(&policy, counts, watched, asked.duty.is_empty());
    let full = lookups::of_batch(tx, batch).await? >= MAX_BATCH as i64;
    let outcome = match denial.or_else(|| full.then(Denial::batch_too_large)) {
        Some(denial) => Outcome::Denied(denial),
        None if policy.stop && !noticed.is_empty() => Outcome::Stopped,
        None => Outcome::Asked,
    };
    Ok(Verdict { outcome, noticed })
}

impl Asked {
    fn batch_at<'a>(&'a self, who: &'a TerminalAuth) -> Batch<'a> {
        Batch {
            terminal: &who.id,
            epoch: i64::from(who.epoch),
            name: self.batch.as_deref().unwrap_or_default(),
        }
    }
}

/// The question's row, and an alarm for each thing about it that supervision should see.
async fn register(
    tx: &mut Conn,
    who: &TerminalAuth,
    request: &LookupRequest,
    asked: &Asked,
    subject_mac: Vec<u8>,
    verdict: &Verdict,
    now: i64,
) -> Result<(), ApiError> {
    let row = LookupRow {
        lookup: request.lookup.clone(),
        terminal: who.id.clone(),
        epoch: i64::from(who.epoch),
        seq: int(request.seq),
        officer: asked.officer.clone(),
        duty: asked.duty.clone(),
        case_no: asked.case.clone(),
        registry: request.subject.registry.as_str().to_owned(),
        subject_mac,
        subject: asked.subject.clone(),
        reason: asked.purpose.reason.as_str().to_owned(),
        words: asked.purpose.text.clone(),
        asked_ms: asked.at_ms,
        outcome: verdict.outcome.as_str().to_owned(),
        noticed: verdict.noticed.join(" "),
        records: 0,
        attempts: 1,
        updated_ms: now,
        batch: asked.batch.clone().unwrap_or_default(),
        wildcard: asked.wildcard,
        grant_id: asked.grant.clone().unwrap_or_default(),
    };
    lookups::add(tx, &row).await?;
    let log = journals::Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    let about = format!("{} {}", request.lookup, asked.officer);
    for word in &verdict.noticed {
        records::alarm(tx, log, &format!("lookup-{word}"), &about, now).await?;
    }
    if let Outcome::Denied(denial) = &verdict.outcome {
        denied(tx, who, request, asked, denial, now).await?;
    }
    Ok(())
}

/// Supervision sees a denial, with the rule.
async fn denied(
    tx: &mut Conn,
    who: &TerminalAuth,
    request: &LookupRequest,
    asked: &Asked,
    denial: &Denial,
    now: i64,
) -> Result<(), ApiError> {
    let log = journals::Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    let about = format!("{} {} {}", request.lookup, asked.officer, denial.reason());
    Ok(records::alarm(tx, log, "lookup-denied", &about, now).await?)
}

/// The question as the terminal's journal has it, which the station holds and countersigned.
async fn journalled(
    tx: &mut Conn,
    who: &TerminalAuth,
    request: &LookupRequest,
    salt: &Salt,
    now: i64,
) -> Result<Asked, ApiError> {
    let missing = || {
        ApiError::conflict(
            "lookup-not-journalled",
            "The terminal's journal, as it is held here, does not have this question.",
        )
    };
    let log = journals::Log {
        terminal: &who.id,
        epoch: who.epoch,
    };
    let raw = journals::entry(tx, log, request.seq).await?;
    let entry = raw.and_then(|raw| Entry::from_raw(&raw).ok());
    let entry = entry.ok_or_else(missing)?;
    let Some(Event::LookupAsked {
        lookup,
        registry,
        subject,
        case,
        reason,
        text,
        batch,
        wildcard,
        grant,
    }) = entry.event()
    else {
        return Err(missing());
    };
    let purpose = Purpose { reason, text };
    let officer = entry.officer.ok_or_else(missing)?;
    if lookup != request.lookup
        || registry != request.subject.registry
        || subject != salt.commit(&request.subject)
        || purpose.check_for(&request.subject).is_err()
        || wildcard != request.subject.is_pattern()
        || wildcard && batch.is_some()
        || !batch.iter().chain(&grant).all(|name| id::is_safe(name))
    {
        return Err(missing());
    }
    if entry.time_ms < now - OLDEST_MS || entry.time_ms > now + AHEAD_MS {
        return Err(ApiError::conflict(
            "lookup-too-old",
            "The question is too old, or the terminal's clock is wrong.",
        ));
    }
    Ok(Asked {
        officer,
        duty: entry.duty.unwrap_or_default(),
        case,
        purpose,
        subject: subject.to_string(),
        at_ms: entry.time_ms.min(now),
        // One number alone takes no grant, whatever the entry names.
        grant: grant.filter(|_| batch.is_some() || wildcard),
        batch,
        wildcard,
    })
}

/// 424: the station works, what it depends on does not.
fn refusal(unanswered: Unanswered) -> ApiError {
    let message = "The registry does not answer.";
    ApiError::new(StatusCode::FAILED_DEPENDENCY, unanswered.code(), message)
}
