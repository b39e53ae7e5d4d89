//! The register of directives. People sign them where they sit; the station numbers drafts,
//! checks what comes back, holds it until the terminal has it, and keeps the terminal's signed
//! word on what became of it. It signs none itself.

use std::time::Duration;

use axum::http::StatusCode;
use custos_protocol::{
    api::{DirectiveDraft, DirectiveInfo, DirectiveItem, DirectiveList},
    directive::{Ack, Directive, State},
    id,
    note::{Note, Verifier},
    statement, suite,
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::TerminalAuth,
    clock::now_ms,
    store::{
        self, Conn,
        directives::{self, DirectiveRow},
        int, records, uint,
    },
};

const DEFAULT_VALID_S: u32 = 7 * 24 * 3600;
const MAX_VALID_S: u32 = 90 * 24 * 3600;
const REASON_LENGTH: usize = 500;
/// Long-polls end after this at the latest.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A directive to be signed, with its identifier, epoch and number. The number stays its own.
pub(crate) async fn draft(
    app: &App,
    who: &str,
    request: DirectiveDraft,
) -> Result<Directive, ApiError> {
    let valid_s = request.valid_s.unwrap_or(DEFAULT_VALID_S);
    let reason_fits = request.reason.len() <= REASON_LENGTH
        && !request.reason.trim().is_empty()
        && !request.reason.chars().any(char::is_control);
    if !reason_fits || valid_s > MAX_VALID_S {
        return Err(ApiError::bad_request(
            "A directive has a reason of one line and is valid for at most 90 days.",
        ));
    }
    let mut tx = app.store.write().await?;
    let terminal = store::enrolment::terminal(&mut tx, &request.terminal).await?;
    let terminal = terminal.ok_or_else(ApiError::not_found)?;
    let epoch = u32::try_from(terminal.epoch).map_err(|_| ApiError::internal())?;
    let now = now_ms();
    let directive = Directive {
        suite: suite::CURRENT,
        id: id::fresh("dir").map_err(|_| ApiError::internal())?,
        terminal: terminal.terminal,
        epoch,
        seq: directives::next_seq(&mut tx, &request.terminal, epoch).await?,
        action: request.action,
        reason: request.reason,
        issued_ms: now,
        expires_ms: now + i64::from(valid_s) * 1000,
    };
    let row = DirectiveRow {
        id: directive.id.clone(),
        terminal: directive.terminal.clone(),
        epoch: terminal.epoch,
        seq: int(directive.seq),
        draft: serde_json::to_string(&directive).map_err(|_| ApiError::internal())?,
        note: None,
        missing: int(directive.action.threshold() as u64),
        state: State::Queued.as_str().to_owned(),
        reason: String::new(),
        expires_ms: directive.expires_ms,
        updated_ms: now,
    };
    directives::add_draft(&mut tx, &row).await?;
    records::audit(&mut tx, who, "directive-draft", &directive.id, now).await?;
    tx.commit().await?;
    Ok(directive)
}

/// What came back, nothing of it checked.
///
/// # Errors
/// `directive-unacceptable`.
pub(crate) fn read(text: &str) -> Result<Directive, ApiError> {
    let note: Note = text
        .parse()
        .map_err(|_| unacceptable("This is not a signed note."))?;
    statement::read_unverified(&note).map_err(|_| unacceptable("This is not a directive."))
}

fn unacceptable(message: &'static str) -> ApiError {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    ApiError::new(status, "directive-unacceptable", message)
}

/// Takes in a draft that came back signed, or signed by one person more.
pub(crate) async fn submit(
    app: &App,
    who: &str,
    id: Option<&str>,
    text: &str,
) -> Result<DirectiveInfo, ApiError> {
    let note: Note = text
        .parse()
        .map_err(|_| unacceptable("This is not a signed note."))?;
    let directive = read(text)?;
    if id.is_some_and(|id| id != directive.id) {
        return Err(unacceptable("This is another directive."));
    }
    let mut tx = app.store.write().await?;
    let row = directives::find(&mut tx, &directive.id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    if serde_json::from_str::<Directive>(&row.draft).ok().as_ref() != Some(&directive) {
        return Err(unacceptable("This is not the directive that was drafted."));
    }
    let trust = app::trust(&mut tx).await?;
    let signed = Directive::signers(&note, &trust)
        .map_err(|_| unacceptable("A signature is not by somebody who may sign directives."))?;
    if signed.is_empty() {
        return Err(unacceptable("Nobody has signed."));
    }
    let before = match &row.note {
        Some(before) => before.parse::<Note>().map_err(|_| ApiError::internal())?,
        None => Note::sign(note.text(), &[]).map_err(|_| ApiError::internal())?,
    };
    let keeps_all = before
        .signatures()
        .iter()
        .all(|line| note.signatures().contains(line));
    if before.text() != note.text() || !keeps_all {
        return Err(unacceptable("This is not the note that was signed before."));
    }
    let now = now_ms();
    if before.signatures().len() == note.signatures().len() {
        // Sent again: nothing changes.
        return info(&mut tx, row).await;
    }
    if row.missing == 0 {
        return Err(ApiError::conflict(
            "directive-complete",
            "It has all its signatures.",
        ));
    }
    let missing = directive.action.threshold().saturating_sub(signed.len()) as u64;
    if now >= row.expires_ms {
        return Err(ApiError::conflict(
            "directive-expired",
            "It has expired; draft another.",
        ));
    }
    if missing == 0 {
        let current = store::enrolment::terminal(&mut tx, &directive.terminal).await?;
        let released =
            directives::released_seq(&mut tx, &directive.terminal, directive.epoch).await?;
        if current.is_none_or(|t| t.epoch != row.epoch) || directive.seq <= released {
            return Err(ApiError::conflict(
                "directive-overtaken",
                "A later directive or enrolment overtook it; draft another.",
            ));
        }
    }
    directives::set_note(&mut tx, &row.id, text, missing, now).await?;
    records::audit(&mut tx, who, "directive-signed", &row.id, now).await?;
    let row = directives::find(&mut tx, &row.id)
        .await?
        .ok_or_else(ApiError::internal)?;
    let info = info(&mut tx, row).await?;
    tx.commit().await?;
    if missing == 0 {
        app.bells.ring(&directive.terminal);
    }
    Ok(info)
}

pub(crate) async fn list(
    app: &App,
    terminal: Option<&str>,
) -> Result<Vec<DirectiveInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let rows = directives::list(&mut conn, terminal).await?;
    let mut infos = Vec::with_capacity(rows.len());
    for row in rows {
        infos.push(info(&mut conn, row).await?);
    }
    Ok(infos)
}

pub(crate) async fn show(app: &App, id: &str) -> Result<DirectiveInfo, ApiError> {
    let mut conn = app.store.read().await?;
    let row = directives::find(&mut conn, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    info(&mut conn, row).await
}

async fn info(conn: &mut Conn, row: DirectiveRow) -> Result<DirectiveInfo, ApiError> {
    let directive: Directive =
        serde_json::from_str(&row.draft).map_err(|_| ApiError::internal())?;
    let note = match row.note {
        Some(note) => note,
        // Unsigned: what a signature is to be added to.
        None => statement::sign(&directive, &[])
            .map_err(|_| ApiError::internal())?
            .to_string(),
    };
    let trust = app::trust(conn).await?;
    // Who signed and has left since is no signer any more.
    let signed_by = note
        .parse()
        .ok()
        .and_then(|note| Directive::signers(&note, &trust).ok());
    let reason = match (row.missing, row.reason) {
        (0, reason) if reason.is_empty() => None,
        (0, reason) => Some(reason),
        _ => Some("signatures-missing".to_owned()),
    };
    Ok(DirectiveInfo {
        id: row.id,
        terminal: directive.terminal,
        epoch: directive.epoch,
        seq: directive.seq,
        action: directive.action,
        state: state_of(&row.state),
        reason,
        signed_by: signed_by.unwrap_or_default(),
        missing: usize::try_from(row.missing).unwrap_or_default(),
        expires_ms: row.expires_ms,
        note,
    })
}

/// What the database says; only we write there.
fn state_of(text: &str) -> State {
    [
        State::Fetched,
        State::Accepted,
        State::Refused,
        State::Executing,
        State::Done,
        State::Failed,
    ]
    .into_iter()
    .find(|state| state.as_str() == text)
    .unwrap_or(State::Queued)
}

/// What the terminal has not finished beyond `after`; waits up to `wait` for there to be some.
pub(crate) async fn poll(
    app: &App,
    who: &TerminalAuth,
    after: u64,
    wait: Duration,
    known: Option<u64>,
) -> Result<DirectiveList, ApiError> {
    let deadline = tokio::time::Instant::now() + wait.min(LONGEST_WAIT);
    let mut stop = app.stop.clone();
    // Before looking, so that what arrives in between rings.
    let mut bell = app.bells.listen(&who.id);
    loop {
        let changes = store::grants::changes(&mut *app.store.read().await?).await?;
        let directives = fetch(app, who, after).await?;
        let list = DirectiveList {
            directives,
            changes,
        };
        if !list.directives.is_empty() || known.is_some_and(|known| known != changes) {
            return Ok(list);
        }
        tokio::select! {
            rang = bell.changed() => rang.map_err(|_| ApiError::internal())?,
            () = tokio::time::sleep_until(deadline) => return Ok(list),
            () = crate::server::stopping(&mut stop) => return Ok(list),
        }
    }
}

async fn fetch(app: &App, who: &TerminalAuth, after: u64) -> Result<Vec<DirectiveItem>, ApiError> {
    let now = now_ms();
    let rows = {
        let mut conn = app.store.read().await?;
        directives::pending(&mut conn, &who.id, who.epoch, after, now).await?
    };
    let queued = State::Queued.as_str();
    if rows.iter().any(|row| row.state == queued) {
        let mut tx = app.store.write().await?;
        for row in rows.iter().filter(|row| row.state == queued) {
            // An acknowledgement may have come in between: only `queued` becomes `fetched`.
            let current = directives::find(&mut tx, &row.id).await?;
            if current.is_some_and(|row| row.state == queued) {
                let fetched = State::Fetched.as_str();
                directives::set_state(&mut tx, &row.id, fetched, "", now).await?;
            }
        }
        tx.commit().await?;
    }
    let item = |row: DirectiveRow| {
        row.note.map(|note| DirectiveItem {
            id: row.id,
            seq: uint(row.seq),
            note,
        })
    };
    Ok(rows.into_iter().filter_map(item).collect())
}

/// Takes in a terminal's signed word on a directive.
pub(crate) async fn acknowledge(
    app: &App,
    who: &TerminalAuth,
    id: &str,
    text: &str,
) -> Result<(), ApiError> {
    let unacceptable = || {
        ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "ack-unacceptable",
            "This is not this terminal's acknowledgement of this directive.",
        )
    };
    let mut tx = app.store.write().await?;
    let row = directives::find(&mut tx, id).await?;
    let row = row
        .filter(|row| row.terminal == who.id && row.epoch == i64::from(who.epoch))
        .filter(|row| row.note.is_some() && row.missing == 0)
        .ok_or_else(ApiError::not_found)?;
    let enrolment = store::enrolment::enrolment(&mut tx, &who.id, who.epoch).await?;
    let key: Verifier = enrolment
        .and_then(|row| row.journal_key.parse().ok())
        .ok_or_else(ApiError::internal)?;
    let note: Note = text.parse().map_err(|_| unacceptable())?;
    let ack: Ack = statement::open(&note, [&key], 1).map_err(|_| unacceptable())?;
    let fits = ack.suite == suite::CURRENT
        && (ack.directive.as_str(), ack.terminal.as_str()) == (id, who.id.as_str())
        && (ack.epoch, ack.seq) == (who.epoch, uint(row.seq))
        && rank(ack.state) >= rank(State::Accepted)
        && ack.reason.as_ref().is_none_or(|reason| id::is_safe(reason));
    if !fits {
        return Err(unacceptable());
    }
    let (now, current) = (now_ms(), state_of(&row.state));
    // Only forward: an acknowledgement that was overtaken is kept and changes nothing.
    if current.is_final() && ack.state.is_final() && current != ack.state {
        return Err(ApiError::conflict(
            "directive-finished",
            "It ended otherwise before.",
        ));
    }
    directives::add_ack(&mut tx, id, ack.state.as_str(), text, now).await?;
    if rank(ack.state) > rank(current) {
        let reason = ack.reason.unwrap_or_default();
        directives::set_state(&mut tx, id, ack.state.as_str(), &reason, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn rank(state: State) -> u8 {
    match state {
        State::Queued => 0,
        State::Fetched => 1,
        State::Accepted => 2,
        State::Executing => 3,
        State::Refused | State::Done | State::Failed => 4,
    }
}

/// The terminal's signed acknowledgements, in the order they came.
pub(crate) async fn acks(app: &App, id: &str) -> Result<Vec<String>, ApiError> {
    let mut conn = app.store.read().await?;
    directives::find(&mut conn, id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(directives::acks(&mut conn, id).await?)
}
