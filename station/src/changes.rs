//! Changes to people and policy that more than one person has to sign: collected here until enough
//! have, then made at once, in the same transaction. Where the policy asks for one person alone,
//! they can be made without a statement of their own (`people`). What does not hold is on record
//! before it is told (`steps`): somebody may be trying to be two.

use axum::http::StatusCode;
use custos_access::Action;
use custos_protocol::{
    api::ChangeInfo,
    change::{Change, ChangeError, Changed},
    id,
    note::Note,
    statement,
    trust::ROLE_DEVICE,
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    people,
    steps::{self, Refused, Unacceptable},
    store::{
        Conn,
        changes::{self, ChangeRow},
        records,
    },
};

/// What a change is about, its signatures not checked: for the access rules to decide on.
pub(crate) fn read(text: &str) -> Result<(Note, Change), ApiError> {
    let unreadable = || Refusal("signature").told();
    let note: Note = text.parse().map_err(|_| unreadable())?;
    let change = statement::read_unverified(&note).map_err(|_| unreadable())?;
    Ok((note, change))
}

/// Takes in a change that was signed, or signed by one person more; makes it where that was the
/// last signature wanted.
pub(crate) async fn hand_in(
    app: &App,
    who: &PersonAuth,
    (note, change): (Note, Change),
    action: Action,
) -> Result<ChangeInfo, ApiError> {
    let about = if id::is_safe(&change.id) {
        change.id.as_str()
    } else {
        "unreadable"
    };
    let taken = take(app, who, &note).await;
    steps::answer(app, who, action, about, taken).await
}

async fn take(app: &App, who: &PersonAuth, note: &Note) -> Result<ChangeInfo, Refused<Refusal>> {
    let now = now_ms();
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let (change, signed_by) = Change::open(note, &trust, now).map_err(|error| {
        Refused::Step(Refusal(match error {
            ChangeError::Statement(_) => "signature",
            ChangeError::Range => "range",
            ChangeError::Time => "time",
        }))
    })?;
    if !signed_by.contains(&who.name) {
        return Err(Refused::Step(Refusal("other-signer")));
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
fn extends(before: &ChangeRow, note: &Note) -> Result<(), Refused<Refusal>> {
    if before.missing == 0 {
        let made = ApiError::conflict("change-made", "This change was made already.");
        return Err(Refused::Other(made));
    }
    let before: Note = before.note.parse().map_err(|_| ApiError::internal())?;
    let mut lines = before.signatures().iter();
    if before.text() == note.text() && lines.all(|line| note.signatures().contains(line)) {
        return Ok(());
    }
    Err(Refused::Step(Refusal("other-text")))
}

/// Changes that were made and such as wait for signatures, the newest first.
pub(crate) async fn list(app: &App) -> Result<Vec<ChangeInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = app::trust(&mut conn).await?;
    let rows = changes::list(&mut conn).await?;
    let info = |row: ChangeRow| {
        let note = row.note.parse::<Note>().ok();
        let signed_by = note.and_then(|note| trust.signers(&note, ROLE_DEVICE).ok());
        ChangeInfo {
            id: row.id,
            signed_by: signed_by.unwrap_or_default(),
            missing: usize::try_from(row.missing).unwrap_or_default(),
            note: row.note,
        }
    };
    Ok(rows.into_iter().map(info).collect())
}

/// Why a change does not hold, in a word.
struct Refusal(&'static str);

impl Unacceptable for Refusal {
    const ATTEMPT: &'static str = people::REFUSED;

    fn why(&self) -> &'static str {
        self.0
    }

    fn told(&self) -> ApiError {
        let (code, message) = match self.0 {
            "time" => (
                "change-time",
                "The change has lapsed, seven days after it was signed first, or is of the future.",
            ),
            "range" => (
                "change-range",
                "The change has no identifier, or is of another agency.",
            ),
            _ => (
                "change-signature",
                "The change is not signed by whoever hands it in, of device management, beside \
                 those who signed it before, and nobody else.",
            ),
        };
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).with_reason(self.0)
    }
}
