//! The HTTP interface. Handlers convert, delegate, return.
//!
//! # Layout
//!
//! - `public`: what needs no session: info, trust, policy, enrolment, sessions
//! - `terminal`: journal, receipts, directives of the terminal that asks
//! - `admin`, `changes`, `directives`, `evidence`: staff; `grants`, `rules`: theirs and what terminals get of them;
//!   `disclosures`: copies for somebody outside; `lookups`: questions to registries, and who asked them
//! - `extract`, `error`: reading requests and refusing them
//! - uploads are in [`crate::tus`]
//!
//! A route exists only with its description: `utoipa-axum` registers both from one annotation.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::error::ApiError;
use crate::{app::Shared, openapi, tus};

pub(crate) mod admin;
pub(crate) mod changes;
pub(crate) mod directives;
pub(crate) mod disclosures;
pub(crate) mod error;
pub(crate) mod evidence;
pub(crate) mod extract;
pub(crate) mod grants;
pub(crate) mod lookups;
pub(crate) mod public;
pub(crate) mod rules;
pub(crate) mod terminal;

/// Bodies that are not uploads or journals.
const BODY: usize = 256 << 10;
/// Access rules of 256 KiB, quoted twice.
const RULES_BODY: usize = 1 << 20;
/// A batch of journal entries.
const JOURNAL_BODY: usize = 32 << 20;

/// Every route with its description.
pub(crate) fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(public::info))
        .routes(routes!(public::trust))
        .routes(routes!(public::trust_version))
        .routes(routes!(public::policy))
        .routes(routes!(public::enrol))
        .routes(routes!(public::challenge))
        .routes(routes!(public::session))
        .routes(routes!(openapi::document))
        .routes(routes!(terminal::receipt))
        .routes(routes!(terminal::directives))
        .routes(routes!(terminal::acknowledge))
        .routes(routes!(admin::new_ticket))
        .routes(routes!(admin::terminals))
        .routes(routes!(admin::terminal))
        .routes(routes!(directives::draft))
        .routes(routes!(directives::submit, directives::list))
        .routes(routes!(directives::show))
        .routes(routes!(directives::sign))
        .routes(routes!(directives::acks))
        .routes(routes!(admin::register_person, admin::people))
        .routes(routes!(admin::publish_policy))
        .routes(routes!(changes::hand_in, changes::list))
        .routes(routes!(admin::audit))
        .routes(routes!(admin::alarms))
        .routes(routes!(lookups::ask))
        .routes(routes!(lookups::audit))
        .routes(routes!(lookups::lists))
        .routes(routes!(lookups::list))
        .routes(routes!(admin::terminal_journal))
        .routes(routes!(grants::deliver))
        .routes(routes!(grants::apply, grants::list))
        .routes(routes!(grants::show))
        .routes(routes!(grants::approve))
        .routes(routes!(grants::set))
        .routes(routes!(grants::revoke))
        .routes(routes!(disclosures::request, disclosures::list))
        .routes(routes!(disclosures::show))
        .routes(routes!(disclosures::approve))
        .routes(routes!(disclosures::refuse))
        .routes(routes!(disclosures::make))
        .routes(routes!(rules::in_force))
        .routes(routes!(evidence::list))
        .routes(routes!(evidence::show))
        .routes(routes!(evidence::file))
        .routes(routes!(evidence::receipt))
        .layer(DefaultBodyLimit::max(BODY))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(rules::publish, rules::list))
                .layer(DefaultBodyLimit::max(RULES_BODY)),
        )
        .merge(
            OpenApiRouter::new()
                .routes(routes!(terminal::append_journal, terminal::journal))
                .routes(routes!(lookups::publish, lookups::published))
                .layer(DefaultBodyLimit::max(JOURNAL_BODY)),
        )
        .merge(tus::router())
}

pub(crate) fn router(app: Shared) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This cannot be done here.",
            )
        })
        .with_state(app)
}

/// A signed note or a receipt.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        ([(header::CONTENT_TYPE, plain)], self.0).into_response()
    }
}
