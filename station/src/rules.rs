//! Publishing access rules. They are signed where people sit; the station counts signatures,
//! validates against the schema of its build, and keeps what holds. It signs none itself.
//!
//! Who may publish is for the trust set to say and not for the rules: rules that lock everybody
//! out could not be replaced.

use axum::http::StatusCode;
use custos_access::Rules;
use custos_protocol::{
    api::RulesInfo,
    note::Note,
    rules::{AccessRules, AccessRulesError},
    statement,
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    store::{
        records,
        rules::{self, RulesRow},
        uint,
    },
};

/// Takes in rules that were signed, or signed by one person more.
pub(crate) async fn publish(
    app: &App,
    who: &PersonAuth,
    text: &str,
) -> Result<RulesInfo, ApiError> {
    let note: Note = text.parse().map_err(|_| unacceptable("signature"))?;
    let offered: AccessRules =
        statement::read_unverified(&note).map_err(|_| unacceptable("signature"))?;
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let threshold = app::policy(&mut tx).await?.access.rules_signers as usize;
    let missing = match AccessRules::open(text, &trust, threshold) {
        Ok(_) => 0,
        Err(AccessRulesError::Threshold { signed, threshold }) if signed > 0 => {
            offered.check().map_err(|_| unacceptable("range"))?;
            (threshold - signed) as u64
        }
        Err(error) => return Err(unacceptable(error.code().trim_start_matches("rules-"))),
    };
    let signed = AccessRules::signers(&note, &trust).unwrap_or_default();
    if !signed.contains(&who.name) {
        return Err(unacceptable("other-signer"));
    }
    if offered.version <= rules::version(&mut tx).await? {
        return Err(ApiError::conflict(
            "rules-version",
            "The version must be higher than that in force.",
        ));
    }
    // What a terminal would refuse is not kept here either.
    Rules::parse(&offered.text).map_err(|error| unacceptable(error.code()))?;
    if let Some(before) = rules::find(&mut tx, offered.version).await? {
        extends(&before, &note)?;
    }
    let now = now_ms();
    rules::put(&mut tx, offered.version, text, missing, now).await?;
    let version = offered.version.to_string();
    let what = if missing == 0 {
        "rules-published"
    } else {
        "rules-signed"
    };
    records::audit(&mut tx, &who.name, what, &version, now).await?;
    tx.commit().await?;
    if missing == 0 {
        app.bells.ring_all();
    }
    Ok(RulesInfo {
        version: offered.version,
        signed_by: signed,
        missing: usize::try_from(missing).unwrap_or_default(),
        note: text.to_owned(),
    })
}

/// A second signature is one under the same text, beside the first; other rules under the same
/// number take the place of some that nobody else has signed yet.
fn extends(before: &RulesRow, note: &Note) -> Result<(), ApiError> {
    let before: Note = before.note.parse().map_err(|_| ApiError::internal())?;
    let mut lines = before.signatures().iter();
    let keeps_all = lines.all(|line| note.signatures().contains(line));
    if before.text() == note.text() && !keeps_all {
        return Err(unacceptable("signature"));
    }
    Ok(())
}

/// Published rules and such as wait for signatures, the newest first.
pub(crate) async fn list(app: &App) -> Result<Vec<RulesInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let trust = app::trust(&mut conn).await?;
    let rows = rules::list(&mut conn).await?;
    let info = |row: RulesRow| {
        let note = row.note.parse::<Note>().ok();
        let signed = note.and_then(|note| AccessRules::signers(&note, &trust).ok());
        RulesInfo {
            version: uint(row.version),
            signed_by: signed.unwrap_or_default(),
            missing: usize::try_from(row.missing).unwrap_or_default(),
            note: row.note,
        }
    };
    Ok(rows.into_iter().map(info).collect())
}

/// The note in force, for terminals.
pub(crate) async fn in_force(app: &App) -> Result<String, ApiError> {
    let mut conn = app.store.read().await?;
    let version = rules::version(&mut conn).await?;
    let row = rules::find(&mut conn, version).await?;
    Ok(row.ok_or_else(ApiError::not_found)?.note)
}

fn unacceptable(reason: &str) -> ApiError {
    let (code, message) = match reason {
        "threshold" | "signature" | "other-signer" => (
            "rules-signature",
            "The rules are not signed by whoever hands them in, of device management, and \
             nobody else.",
        ),
        "range" => ("rules-range", "The rules have no version, or are too long."),
        _ => (
            "rules-invalid",
            "The rules are not well-formed or do not fit the schema.",
        ),
    };
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).with_reason(reason)
}
