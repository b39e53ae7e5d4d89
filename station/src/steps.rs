//! Steps that people sign where they sit and hand in, of grants and of disclosures: what somebody
//! tried and may not is on record before it is told.

use custos_access::Action;

use crate::{
    access,
    api::error::ApiError,
    app::App,
    auth::PersonAuth,
    clock::now_ms,
    store::{DbError, records},
};

/// Why a step is not taken in.
pub(crate) enum Refused<E> {
    /// The note does not hold.
    Step(E),
    /// It does, and the rules say no.
    Rules {
        about: String,
        reason: String,
    },
    Other(ApiError),
}

impl<E> From<ApiError> for Refused<E> {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl<E> From<DbError> for Refused<E> {
    fn from(error: DbError) -> Self {
        Self::Other(error.into())
    }
}

/// A note that does not hold, to register and person.
pub(crate) trait Unacceptable {
    /// What the audit register calls the attempt.
    const ATTEMPT: &'static str;

    /// Why, in a stable word.
    fn why(&self) -> &'static str;

    fn told(&self) -> ApiError;
}

/// What to answer to a step; a refusal once the audit register has it.
pub(crate) async fn answer<T, E: Unacceptable>(
    app: &App,
    who: &PersonAuth,
    action: Action,
    about: &str,
    taken: Result<T, Refused<E>>,
) -> Result<T, ApiError> {
    match taken {
        Err(Refused::Step(error)) => {
            let mut tx = app.store.write().await?;
            let detail = format!("{}: {}", action.as_str(), error.why());
            let (name, now) = (&who.name, now_ms());
            records::audit_with(&mut tx, name, E::ATTEMPT, about, &detail, now).await?;
            tx.commit().await?;
            Err(error.told())
        }
        Err(Refused::Rules { about, reason }) => {
            Err(access::deny(app, &who.name, action, &about, &reason).await?)
        }
        Err(Refused::Other(error)) => Err(error),
        Ok(taken) => Ok(taken),
    }
}
