//! Directives: drafts, what comes back signed, and what became of them.

use axum::extract::State;
use custos_access::Action;
use custos_protocol::{
    api::{DirectiveDraft, DirectiveInfo, ErrorBody, NoteBody},
    directive::{self, Directive},
};
use serde::Deserialize;

use super::{
    admin::ALL,
    error::ApiError,
    extract::{Json, Name, Params},
};
use crate::{
    access,
    app::{App, Shared},
    auth::PersonAuth,
    directives,
};

/// What a directive does, in the words of the access rules.
fn of_directive(action: directive::Action) -> Action {
    match action {
        directive::Action::Lock => Action::TerminalLock,
        directive::Action::Unlock => Action::TerminalUnlock,
        directive::Action::Wipe => Action::TerminalWipe,
    }
}

/// A directive to be signed where the person sits. By the access rules: `terminal-lock`,
/// `terminal-unlock`, `terminal-wipe`.
#[utoipa::path(
    post, path = "/v1/admin/directives/draft", tag = "admin", security(("session" = [])),
    request_body = DirectiveDraft,
    responses(
        (status = 200, body = Directive),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn draft(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(request): Json<DirectiveDraft>,
) -> Result<Json<Directive>, ApiError> {
    let action = of_directive(request.action);
    access::require_terminal(&app, &who, action, &request.terminal).await?;
    directives::draft(&app, &who.name, request).await.map(Json)
}

/// A drafted directive with its first signature. By the access rules: as its draft.
#[utoipa::path(
    post, path = "/v1/admin/directives", tag = "admin", security(("session" = [])),
    request_body = NoteBody,
    responses(
        (status = 200, body = DirectiveInfo),
        (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody,
            description = "directive-complete, directive-expired, directive-overtaken"),
        (status = 422, body = ErrorBody, description = "directive-unacceptable"),
    )
)]
pub(crate) async fn submit(
    State(app): State<Shared>,
    who: PersonAuth,
    Json(body): Json<NoteBody>,
) -> Result<Json<DirectiveInfo>, ApiError> {
    let directive = directives::read(&body.note)?;
    let action = of_directive(directive.action);
    access::require_terminal(&app, &who, action, &directive.terminal).await?;
    directives::submit(&app, &who.name, None, &body.note)
        .await
        .map(Json)
}

/// The same directive with one more person's signature. By the access rules: as its draft.
#[utoipa::path(
    post, path = "/v1/admin/directives/{id}/sign", tag = "admin", security(("session" = [])),
    params(("id" = String, Path)), request_body = NoteBody,
    responses(
        (status = 200, body = DirectiveInfo),
        (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody,
            description = "directive-complete, directive-expired, directive-overtaken"),
        (status = 422, body = ErrorBody, description = "directive-unacceptable"),
    )
)]
pub(crate) async fn sign(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
    Json(body): Json<NoteBody>,
) -> Result<Json<DirectiveInfo>, ApiError> {
    let directive = directives::read(&body.note)?;
    let action = of_directive(directive.action);
    access::require_terminal(&app, &who, action, &directive.terminal).await?;
    directives::submit(&app, &who.name, Some(&id), &body.note)
        .await
        .map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfTerminal {
    terminal: Option<String>,
}

/// The register of directives, the latest change first, at most 1,000. By the access rules:
/// `terminal-view`.
#[utoipa::path(
    get, path = "/v1/admin/directives", tag = "admin", security(("session" = [])),
    params(OfTerminal),
    responses((status = 200, body = Vec<DirectiveInfo>), (status = 403, body = ErrorBody))
)]
pub(crate) async fn list(
    State(app): State<Shared>,
    who: PersonAuth,
    Params(of): Params<OfTerminal>,
) -> Result<Json<Vec<DirectiveInfo>>, ApiError> {
    let terminal = of.terminal.as_deref().unwrap_or(ALL);
    access::require_terminal(&app, &who, Action::TerminalView, terminal).await?;
    directives::list(&app, of.terminal.as_deref())
        .await
        .map(Json)
}

/// One directive, with its note as far as it is signed. By the access rules: `terminal-view`.
#[utoipa::path(
    get, path = "/v1/admin/directives/{id}", tag = "admin", security(("session" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = DirectiveInfo),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
) -> Result<Json<DirectiveInfo>, ApiError> {
    seen(&app, &who, &id).await.map(Json)
}

/// A directive, for who may see its terminal; who may see none is not told what there is.
async fn seen(app: &App, who: &PersonAuth, id: &str) -> Result<DirectiveInfo, ApiError> {
    let found = directives::show(app, id).await;
    let terminal = found.as_ref().map_or(ALL, |info| info.terminal.as_str());
    access::require_terminal(app, who, Action::TerminalView, terminal).await?;
    found
}

/// The terminal's signed acknowledgements of a directive, in the order they came. By the access
/// rules: `terminal-view`.
#[utoipa::path(
    get, path = "/v1/admin/directives/{id}/acks", tag = "admin", security(("session" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Vec<NoteBody>),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
    )
)]
pub(crate) async fn acks(
    State(app): State<Shared>,
    who: PersonAuth,
    Name(id): Name,
) -> Result<Json<Vec<NoteBody>>, ApiError> {
    seen(&app, &who, &id).await?;
    let notes = directives::acks(&app, &id).await?;
    Ok(Json(
        notes.into_iter().map(|note| NoteBody { note }).collect(),
    ))
}
