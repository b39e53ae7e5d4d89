//! What needs no session.

use axum::{Extension, extract::State};
use custos_protocol::{
    api::{
        ChallengeRequest, ChallengeResponse, EnrolRequest, EnrolResponse, ErrorBody, Info,
        SessionRequest, SessionResponse,
    },
    suite,
};

use super::{
    Text,
    error::ApiError,
    extract::{Json, Name},
};
use crate::{app::Shared, auth, clock::now_ms, enrolment, server::Peer, store};

/// Whose station this is, its time, and the versions in force.
#[utoipa::path(get, path = "/v1/info", tag = "public", responses((status = 200, body = Info)))]
pub(crate) async fn info(State(app): State<Shared>) -> Result<Json<Info>, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = store::trust::trust(&mut conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    let policy = store::trust::policy(&mut conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    let rules_version = store::rules::version(&mut conn).await?;
    Ok(Json(Info {
        agency: app.agency().to_owned(),
        suite: suite::CURRENT,
        time_ms: now_ms(),
        trust_version: trust.version,
        policy_version: policy.version,
        rules_version,
    }))
}

/// The trust set in force, a signed note.
#[utoipa::path(
    get, path = "/v1/trust", tag = "public",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn trust(State(app): State<Shared>) -> Result<Text, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = store::trust::trust(&mut conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    Ok(Text(trust.note))
}

/// One version of the trust set, a signed note: versions are taken one after the other.
#[utoipa::path(
    get, path = "/v1/trust/{version}", tag = "public",
    params(("version" = u64, Path)),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ErrorBody, description = "not-found"),
    )
)]
pub(crate) async fn trust_version(
    State(app): State<Shared>,
    Name(version): Name<u64>,
) -> Result<Text, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = store::trust::trust_version(&mut conn, version).await?;
    Ok(Text(trust.ok_or_else(ApiError::not_found)?.note))
}

/// The policy in force, a signed note.
#[utoipa::path(
    get, path = "/v1/policy", tag = "public",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn policy(State(app): State<Shared>) -> Result<Text, ApiError> {
    let mut conn = app.store.read().await?;
    let policy = store::trust::policy(&mut conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    Ok(Text(policy.note))
}

/// Enrols a terminal with its ticket. Sent again with the same key, it gives the same answer.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "public", request_body = EnrolRequest,
    responses(
        (status = 200, body = EnrolResponse),
        (status = 401, body = ErrorBody, description = "ticket-unknown"),
        (status = 403, body = ErrorBody, description = "ticket-used, ticket-expired"),
        (status = 409, body = ErrorBody, description = "ticket-superseded"),
        (status = 422, body = ErrorBody, description = "enrol-proof"),
        (status = 429, body = ErrorBody, description = "too-many-attempts"),
    )
)]
pub(crate) async fn enrol(
    State(app): State<Shared>,
    Extension(Peer(peer)): Extension<Peer>,
    Json(request): Json<EnrolRequest>,
) -> Result<Json<EnrolResponse>, ApiError> {
    enrolment::enrol(&app, peer.ip(), request).await.map(Json)
}

/// A nonce for `terminal:<id>` or `person:<name>` to sign.
#[utoipa::path(
    post, path = "/v1/challenge", tag = "public", request_body = ChallengeRequest,
    responses((status = 200, body = ChallengeResponse), (status = 400, body = ErrorBody))
)]
pub(crate) async fn challenge(
    State(app): State<Shared>,
    Json(request): Json<ChallengeRequest>,
) -> Result<Json<ChallengeResponse>, ApiError> {
    auth::challenge(&app, &request.principal).map(Json)
}

/// Begins a session; its token goes into `Authorization: Bearer`.
#[utoipa::path(
    post, path = "/v1/session", tag = "public", request_body = SessionRequest,
    responses(
        (status = 200, body = SessionResponse),
        (status = 401, body = ErrorBody, description = "unauthenticated"),
        (status = 429, body = ErrorBody, description = "too-many-attempts"),
    )
)]
pub(crate) async fn session(
    State(app): State<Shared>,
    Extension(Peer(peer)): Extension<Peer>,
    Json(request): Json<SessionRequest>,
) -> Result<Json<SessionResponse>, ApiError> {
    auth::begin(&app, peer.ip(), &request.principal, &request.answer)
        .await
        .map(Json)
}
