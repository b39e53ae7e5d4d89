//! Tickets, and terminals that come with one.

use std::net::IpAddr;

use axum::http::StatusCode;
use custos_protocol::{
    api::{EnrolRequest, EnrolResponse, TicketRequest},
    certificate::Certificate,
    hash::{Hash, base64_encode},
    id,
    key::random,
    note::{Algorithm, Note},
    session::EnrolProof,
    statement, suite,
    ticket::{Ticket, TicketParts},
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    clock::now_ms,
    store::{
        self, Conn,
        enrolment::{TerminalRow, TicketRow},
        records,
    },
};

const DEFAULT_VALID_S: u32 = 24 * 3600;
const MAX_VALID_S: u32 = 30 * 24 * 3600;
const OFFICERS: usize = 1000;
const MODEL_LENGTH: usize = 100;

/// A ticket for a new terminal, or for one that comes back. The token is in the answer alone.
pub(crate) async fn ticket(
    app: &App,
    who: &str,
    request: TicketRequest,
) -> Result<Ticket, ApiError> {
    let terminal = match request.terminal {
        Some(terminal) => terminal,
        None => id::fresh("terminal").map_err(|_| ApiError::internal())?,
    };
    let valid_s = request.valid_s.unwrap_or(DEFAULT_VALID_S);
    let names_fit = id::is_safe(&terminal) && request.officers.iter().all(|o| id::is_safe(o));
    if !names_fit || request.officers.len() > OFFICERS || valid_s > MAX_VALID_S {
        return Err(ApiError::bad_request(
            "Names are 1 to 64 letters, digits, '-', '_', '.'; a ticket is valid for at most 30 days.",
        ));
    }
    let mut secret = zeroize::Zeroizing::new([0; 32]);
    random(secret.as_mut()).map_err(|_| ApiError::internal())?;
    let token = base64_encode(secret.as_ref());
    let now = now_ms();
    let expires_ms = now + i64::from(valid_s) * 1000;
    let mut tx = app.store.write().await?;
    let before = store::enrolment::terminal(&mut tx, &terminal).await?;
    let epoch = before.map_or(1, |row| row.epoch + 1);
    let row = TicketRow {
        terminal: terminal.clone(),
        epoch,
        expires_ms,
        used_ms: None,
    };
    store::enrolment::add_ticket(&mut tx, &token_hash(&token), &row, now).await?;
    records::audit(&mut tx, who, "ticket-new", &terminal, now).await?;
    let roots = app::trust(&mut tx).await?.roots;
    tx.commit().await?;
    Ok(Ticket::new(TicketParts {
        agency: app.agency().to_owned(),
        station: app.url.clone(),
        pin: app.pin.clone(),
        terminal,
        epoch: u32::try_from(epoch).map_err(|_| ApiError::internal())?,
        token,
        officers: request.officers,
        expires_ms,
        roots,
    }))
}

/// What the station keeps of a token, and what an enrolment's proof names: SHA-256 of its text.
fn token_hash(token: &str) -> Hash {
    Hash::of(token.as_bytes())
}

/// Enrols the terminal that holds the ticket and the journal key.
pub(crate) async fn enrol(
    app: &App,
    peer: IpAddr,
    request: EnrolRequest,
) -> Result<EnrolResponse, ApiError> {
    app.failures.check(peer, "enrol")?;
    let enrolled = try_enrol(app, request).await;
    if let Err(error) = &enrolled
        && error.status == StatusCode::UNAUTHORIZED
    {
        app.failures.count(peer, "enrol");
    }
    enrolled
}

async fn try_enrol(app: &App, request: EnrolRequest) -> Result<EnrolResponse, ApiError> {
    let hash = token_hash(&request.token);
    let model_fits = request.model.len() <= MODEL_LENGTH
        && !request.model.trim().is_empty()
        && !request.model.chars().any(char::is_control);
    if !model_fits {
        return Err(ApiError::bad_request(
            "A model is one line of at most 100 bytes.",
        ));
    }
    let mut tx = app.store.write().await?;
    let ticket = store::enrolment::ticket(&mut tx, &hash)
        .await?
        .ok_or_else(|| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "ticket-unknown",
                "There is no such ticket.",
            )
        })?;
    let epoch = u32::try_from(ticket.epoch).map_err(|_| ApiError::internal())?;
    check_key(app, &request, &hash, &ticket.terminal, epoch)?;
    if ticket.used_ms.is_some() {
        return again(&mut tx, &ticket, &request).await;
    }
    let now = now_ms();
    if now >= ticket.expires_ms {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "ticket-expired",
            "The ticket has expired.",
        ));
    }
    let before = store::enrolment::terminal(&mut tx, &ticket.terminal).await?;
    if before.map_or(1, |row| row.epoch + 1) != ticket.epoch {
        return Err(ApiError::conflict(
            "ticket-superseded",
            "The terminal was enrolled by another ticket since.",
        ));
    }
    let certificate = Certificate {
        suite: suite::CURRENT,
        terminal: ticket.terminal.clone(),
        epoch,
        journal_key: request.journal_key.clone(),
        model: request.model.clone(),
        time_ms: now,
    };
    let certificate = statement::sign(&certificate, &[&app.keys.registrar])
        .map_err(|_| ApiError::internal())?
        .to_string();
    let row = TerminalRow {
        terminal: ticket.terminal,
        epoch: ticket.epoch,
        journal_key: request.journal_key.to_string(),
        model: request.model,
        certificate: certificate.clone(),
        enrolled_ms: now,
        contact_ms: now,
    };
    store::enrolment::add_terminal(&mut tx, &row).await?;
    store::enrolment::use_ticket(&mut tx, &hash, now).await?;
    let who = format!("terminal:{}", row.terminal);
    records::audit(&mut tx, &who, "enrolled", &row.terminal, now).await?;
    let response = response(&mut tx, certificate).await?;
    tx.commit().await?;
    Ok(response)
}

/// The journal key has the journal's name, and its holder signed for this very ticket.
fn check_key(
    app: &App,
    request: &EnrolRequest,
    hash: &Hash,
    terminal: &str,
    epoch: u32,
) -> Result<(), ApiError> {
    let key = &request.journal_key;
    let note: Option<Note> = request.proof.parse().ok();
    let proof = note.and_then(|note| statement::open::<EnrolProof>(&note, [key], 1).ok());
    let fits = proof.is_some_and(|proof| {
        proof.suite == suite::CURRENT && proof.token_hash == *hash && proof.journal_key == *key
    });
    let named = key.name() == Certificate::origin(app.agency(), terminal, epoch)
        && key.algorithm() == Algorithm::Ed25519;
    if fits && named {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "enrol-proof",
        "The journal key is not named for this terminal, or its holder did not sign for the ticket.",
    ))
}

/// A ticket works once. The terminal that used it may have lost the answer: whoever proves to
/// hold the very key that was enrolled gets it again.
async fn again(
    tx: &mut Conn,
    ticket: &TicketRow,
    request: &EnrolRequest,
) -> Result<EnrolResponse, ApiError> {
    let row = store::enrolment::terminal(tx, &ticket.terminal).await?;
    match row {
        Some(row)
            if row.epoch == ticket.epoch && row.journal_key == request.journal_key.to_string() =>
        {
            response(tx, row.certificate).await
        }
        _ => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "ticket-used",
            "The ticket was used before.",
        )),
    }
}

async fn response(tx: &mut Conn, certificate: String) -> Result<EnrolResponse, ApiError> {
    let trust = store::trust::trust(tx)
        .await?
        .ok_or_else(ApiError::internal)?
        .note;
    let policy = store::trust::policy(tx)
        .await?
        .ok_or_else(ApiError::internal)?
        .note;
    Ok(EnrolResponse {
        certificate,
        trust,
        policy,
    })
}
