//! What the access rules say of a question, by its entry in the journal: about one number, or, by a
//! grant that is held here, about several or with wildcards.

use axum::http::StatusCode;
use custos_access::{Action, Circumstances, Clock, Request, Resource, Who};
use custos_protocol::lookup::query::Subject;

use super::Asked;
use crate::{access, api::error::ApiError, app::App, auth::TerminalAuth, store::Conn};

/// Why a question is not asked.
pub(super) struct Denial {
    /// The rule, or another stable word.
    reason: String,
    /// Alone it could be asked.
    needs_grant: bool,
}

impl Denial {
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// More questions under the name of a batch than one call has.
    pub(super) fn batch_too_large() -> Self {
        Self {
            reason: "batch-too-large".to_owned(),
            needs_grant: false,
        }
    }

    /// As the terminal is told.
    pub(super) fn told(&self) -> ApiError {
        let (code, message) = if self.needs_grant {
            (
                "lookup-needs-grant",
                "To ask about several at once, or with wildcards, takes a grant that is in force.",
            )
        } else {
            (
                "lookup-denied",
                "The access rules do not allow this look-up.",
            )
        };
        ApiError::new(StatusCode::FORBIDDEN, code, message).with_reason(&self.reason)
    }
}

/// Why the rules deny it now; `None`: they allow it. Of the officer's grants only that one counts
/// which the entry names: it stands in the register.
pub(super) async fn denial(
    app: &App,
    conn: &mut Conn,
    who: &TerminalAuth,
    asked: &Asked,
    subject: &Subject,
    now: i64,
) -> Result<Option<Denial>, ApiError> {
    let rules = access::rules(app, conn).await?;
    let mut grants = Vec::new();
    if let Some(id) = &asked.grant {
        grants = access::grants_of(conn, &asked.officer, now).await?;
        grants.retain(|grant| grant.id == *id);
    }
    let mut request = Request {
        who: Who::officer(&asked.officer),
        action: match asked.batch {
            Some(_) => Action::LookupBatch,
            None if asked.wildcard => Action::LookupWildcard,
            None => Action::Lookup,
        },
        resource: Resource::Registry {
            registry: subject.registry.as_str().to_owned(),
        },
        circumstances: Circumstances {
            now_ms: now,
            clock: Clock::Station,
            on_duty: !asked.duty.is_empty(),
            duty_case: asked.case.clone(),
            purpose: format!("{} {}", asked.purpose.reason.as_str(), asked.purpose.text),
            terminal: who.id.clone(),
        },
        grants,
    };
    let decision = rules.decide(&request);
    if decision.is_allowed() {
        return Ok(None);
    }
    let more_than_one = request.action != Action::Lookup;
    request.action = Action::Lookup;
    Ok(Some(Denial {
        reason: decision.reason,
        needs_grant: more_than_one && rules.decide(&request).is_allowed(),
    }))
}
