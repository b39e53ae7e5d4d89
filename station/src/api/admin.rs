//! What staff do. Each act is one row of the audit register, in the transaction of the act.

use axum::extract::State;
use custos_access::{Action, Resource};
use custos_protocol::{
    api::{AuditItem, ErrorBody, JournalPage, PersonRequest, TerminalInfo, TicketRequest},
    id,
    policy::Policy,
    ticket::Ticket,
};
use serde::{Deserialize, Serialize};

use super::{
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{
    access,
    app::{self, Shared},
    auth::PersonAuth,
    enrolment, people,
    store::{self, records},
    terminals,
};

/// Where all terminals are asked about, or one that has no name yet.
pub(super) const ALL: &str = "all";
const NEW: &str = "new";

/// A ticket for a terminal. Its token is in this answer and nowhere else. By the access rules:
/// `terminal-provision`.
#[utoipa::path(
    post, path = "/v1/admin/tickets", tag = "admin", security(("session" = [])),
    request_body = TicketRequest,
    responses((status = 200, body = Ticket), (status = 403, body = ErrorBody))
)]
pub(crate) async fn new_ticket(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(request): Json<TicketRequest>,
) -> Result<Json<Ticket>, ApiError> {
    let terminal = request.terminal.as_deref().unwrap_or(NEW);
    access::require_terminal(&app, &who, Action::TerminalProvision, terminal).await?;
    enrolment::ticket(&app, &who.name, request).await.map(Json)
}

/// All terminals as they are enrolled now. By the access rules: `terminal-view`.
#[utoipa::path(
    get, path = "/v1/admin/terminals", tag = "admin", security(("session" = [])),
    responses((status = 200, body = Vec<TerminalInfo>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn terminals(
    State(app): State<Shared>,
    who: PersonAuth,
) -> Result<Json<Vec<TerminalInfo>>, ApiError> {
    access::require_terminal(&app, &who, Action::TerminalView, ALL).await?;
    terminals::list(&app).await.map(Json)
}

/// One terminal. By the access rules: `terminal-view`.
#[utoipa::path(
    get, path = "/v1/admin/terminals/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = TerminalInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn terminal(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
) -> Result<Json<TerminalInfo>, ApiError> {
    access::require_terminal(&app, &who, Action::TerminalView, &id).await?;
    terminals::show(&app, &id).await.map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Index of the first entry; 0 where absent.
    #[serde(default)]
    from: u64,
}

/// The journal of a terminal's present enrolment, at most 1,000 entries. By the access rules:
/// `journal-read`.
#[utoipa::path(
    get, path = "/v1/admin/terminals/{id}/journal", tag = "admin", security(("session" = [])),
    params(("id" = String, Path), From),
    responses(
        (status = 200, body = JournalPage),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn terminal_journal(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Params(page): Params<From>,
) -> Result<Json<JournalPage>, ApiError> {
    let journal = Resource::Journal { officer: None };
    let about = if id::is_safe(&id) {
        id.as_str()
    } else {
        "unreadable"
    };
    access::require(&app, &who, Action::JournalRead, journal, about).await?;
    terminals::journal(&app, &who.name, &id, page.from)
        .await
        .map(Json)
}

/// Registers a person or changes one; the root signs the next trust set. By the access rules:
/// `person-register`.
#[utoipa::path(
    post, path = "/v1/admin/people", tag = "admin", security(("session" = [])),
    request_body = PersonRequest,
    responses(
        (status = 200, body = PersonRequest),
        (status = 409, body = ErrorBody, description = "key-taken, last-administrator"),
    )
)]
pub(crate) async fn register_person(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(request): Json<PersonRequest>,
) -> Result<Json<PersonRequest>, ApiError> {
    access::require(
        &app,
        &who,
        Action::PersonRegister,
        Resource::Agency {},
        "people",
    )
    .await?;
    let person = people::register(&app, &who.name, request).await?;
    Ok(Json(PersonRequest {
        name: person.name,
        key: person.key,
        roles: person.roles,
    }))
}

/// The people of the trust set in force, which everybody can read.
#[utoipa::path(
    get, path = "/v1/admin/people", tag = "admin", security(("session" = [])),
    responses((status = 200, body = Vec<PersonRequest>), (status = 401, body = ErrorBody))
)]
pub(crate) async fn people(
    State(app): State<Shared>,
    _who: PersonAuth,
) -> Result<Json<Vec<PersonRequest>>, ApiError> {
    let trust = app::trust(&mut *app.store.read().await?).await?;
    let item = |p: custos_protocol::trust::Person| PersonRequest {
        name: p.name,
        key: p.key,
        roles: p.roles,
    };
    Ok(Json(trust.people.into_iter().map(item).collect()))
}

/// Publishes a policy, whose version is the one after the present one. By the access rules:
/// `settings-publish`.
#[utoipa::path(
    post, path = "/v1/admin/policy", tag = "admin", security(("session" = [])),
    request_body = Policy,
    responses(
        (status = 200, body = Policy),
        (status = 400, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "policy-version"),
    )
)]
pub(crate) async fn publish_policy(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(policy): Json<Policy>,
) -> Result<Json<Policy>, ApiError> {
    access::require(
        &app,
        &who,
        Action::SettingsPublish,
        Resource::Agency {},
        "policy",
    )
    .await?;
    people::publish_policy(&app, &who.name, policy)
        .await
        .map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Before {
    /// The `id` up to which, not included, the list goes.
    before: Option<i64>,
}

/// What staff did, the latest first, at most 1,000. By the access rules: `register-read`.
#[utoipa::path(
    get, path = "/v1/admin/audit", tag = "admin", security(("session" = [])), params(Before),
    responses((status = 200, body = Vec<AuditItem>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn audit(
    State(app): State<Shared>,
    who: PersonAuth,
    Params(page): Params<Before>,
) -> Result<Json<Vec<AuditItem>>, ApiError> {
    let decision = access::require(
        &app,
        &who,
        Action::RegisterRead,
        Resource::Agency {},
        "audit",
    );
    decision.await?;
    let mut conn = app.store.read().await?;
    let rows = records::audit_list(&mut conn, page.before.unwrap_or(i64::MAX)).await?;
    let item = |row: records::AuditRow| AuditItem {
        id: row.id.to_string(),
        time_ms: row.time_ms,
        person: row.who,
        action: row.what,
        subject: row.object,
        detail: row.detail,
    };
    Ok(Json(rows.into_iter().map(item).collect()))
}

/// Something that an honest terminal never does.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AlarmItem {
    id: String,
    time_ms: i64,
    terminal: String,
    epoch: u32,
    /// `journal-fork`: the terminal signed two histories.
    kind: String,
    /// The proof of it: the signed checkpoint that does not continue the journal held here.
    detail: String,
}

/// Alarms, the latest first, at most 1,000. By the access rules: `register-read`.
#[utoipa::path(
    get, path = "/v1/admin/alarms", tag = "admin", security(("session" = [])), params(Before),
    responses((status = 200, body = Vec<AlarmItem>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn alarms(
    State(app): State<Shared>,
    who: PersonAuth,
    Params(page): Params<Before>,
) -> Result<Json<Vec<AlarmItem>>, ApiError> {
    let decision = access::require(
        &app,
        &who,
        Action::RegisterRead,
        Resource::Agency {},
        "alarms",
    );
    decision.await?;
    let mut conn = app.store.read().await?;
    let rows = store::records::alarms(&mut conn, page.before.unwrap_or(i64::MAX)).await?;
    let item = |row: records::AlarmRow| AlarmItem {
        id: row.id.to_string(),
        time_ms: row.time_ms,
        terminal: row.terminal,
        epoch: u32::try_from(row.epoch).unwrap_or_default(),
        kind: row.kind,
        detail: row.detail,
    };
    Ok(Json(rows.into_iter().map(item).collect()))
}
