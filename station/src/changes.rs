//! Changes to people and policy that more than one person has to sign: collected here until enough
//! have, then made at once, in the same transaction. Where the policy asks for one person alone,
//! they can be made without a statement of their own (`people`).

use axum::http::StatusCode;
use custos_protocol::{
    api::ChangeInfo,
    change::{Change, ChangeError, Changed},
    note::Note,
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    people,
    store::{
        Conn,
        changes::{self, ChangeRow},
        records,
    },
};

/// What a change is about, its signatures not checked: for the access rules to decide on.
pub(crate) fn read(text: &str) -> Result<(Note, Change), ApiError> {
    let note: Note = text.parse().map_err(|_| unacceptable("signature"))?;
    let change = custos_protocol::statement::read_unverified(&note)
        .map_err(|_| unacceptable("signature"))?;
    Ok((note, change))
}

/// Takes in a change that was signed, or signed by one person more; makes it where that was the
/// last signature wanted.
pub(crate) async fn hand_in(
    app: &App,
    who: &PersonAuth,
    note: &Note,
) -> Result<ChangeInfo, ApiError> {
    let now = now_ms();
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let (change, signed_by) = Change::open(note, &trust, now).map_err(|error| match error {
        ChangeError::Statement(_) => unacceptable("signature"),
        error => unacceptable(error.code().trim_start_matches("change-")),
    })?;
    if !signed_by.contains(&who.name) {
        return Err(unacceptable("other-signer"));
    }
    if let Some(before) = changes::find(&mut tx, &change.id).await? {
        extends(&before, note)?;
    }
    let wanted = app::policy(&mut tx).await?.access.people_signers as usize;
    let missing = wanted.saturating_sub(signed_by.len());
    let text = note.to_string();
    changes::put(&mut tx, &change.id, &text, missing as u64, now).await?;
    records::audit(&mut tx, &who.name, "change-signed", &change.id, now).await?;
    if missing == 0 {
        make(app, &mut tx, &who.name, &change.what).await?;
    } else {
        check(&change.what)?;
    }
    tx.commit().await?;
    Ok(ChangeInfo {
        id: change.id,
        signed_by,
        missing,
        note: text,
    })
}

async fn make(app: &App, tx: &mut Conn, who: &str, what: &Changed) -> Result<(), ApiError> {
    match what {
        Changed::Person(person) => people::enter(app, tx, who, person.clone()).await.map(drop),
        Changed::Policy(policy) => {
            let policy = policy.as_ref().clone();
            people::put_in_force(app, tx, who, policy).await.map(drop)
        }
    }
}

/// What can be told of a change before it is made.
fn check(what: &Changed) -> Result<(), ApiError> {
    match what {
        Changed::Person(person) => people::check_roles(&person.roles),
        Changed::Policy(policy) => people::check_policy(policy),
    }
}

/// A further signature is one under the same text, beside those that are there.
fn extends(before: &ChangeRow, note: &Note) -> Result<(), ApiError> {
    if before.missing == 0 {
        return Err(ApiError::conflict(
            "change-made",
            "This change was made already.",
        ));
    }
    let before: Note = before.note.parse().map_err(|_| ApiError::internal())?;
    let mut lines = before.signatures().iter();
    if before.text() == note.text() && lines.all(|line| note.signatures().contains(line)) {
        return Ok(());
    }
    Err(unacceptable("other-text"))
}

/// Changes that were made and such as wait for signatures, the newest first.
pub(crate) async fn list(app: &App) -> Result<Vec<ChangeInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = app::trust(&mut conn).await?;
    let rows = changes::list(&mut conn).await?;
    let info = |row: ChangeRow| {
        let note = row.note.parse::<Note>().ok();
        let role = custos_protocol::trust::ROLE_DEVICE;
        let signed_by = note.and_then(|note| trust.signers(&note, role).ok());
        ChangeInfo {
            id: row.id,
            signed_by: signed_by.unwrap_or_default(),
            missing: usize::try_from(row.missing).unwrap_or_default(),
            note: row.note,
        }
    };
    Ok(rows.into_iter().map(info).collect())
}

fn unacceptable(reason: &str) -> ApiError {
    let (code, message) = match reason {
        "time" => (
            "change-time",
            "The change has lapsed: seven days after it was signed first.",
        ),
        "range" => (
            "change-range",
            "The change has no identifier, or is of another agency.",
        ),
        _ => (
            "change-signature",
            "The change is not signed by whoever hands it in, of device management, beside those \
             who signed it before, and nobody else.",
        ),
    };
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).with_reason(reason)
}
