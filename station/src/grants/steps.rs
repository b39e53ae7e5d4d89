//! Taking a step of a grant in.

use axum::http::StatusCode;
use custos_access::{Action, Resource};
use custos_protocol::{
    api::GrantInfo,
    grant::{GrantApplication, GrantApproval, GrantError, GrantRevocation},
    trust::TrustSet,
};

use super::info;
use crate::{
    access,
    api::error::ApiError,
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    steps::{self, Refused, Unacceptable},
    store::{
        grants::{self, GrantRow},
        records,
    },
};

/// A step of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Apply,
    Approve,
    Set,
    Revoke,
}

impl Step {
    fn action(self) -> Action {
        match self {
            Self::Apply => Action::GrantApply,
            Self::Approve => Action::GrantApprove,
            Self::Set => Action::GrantSet,
            Self::Revoke => Action::GrantRevoke,
        }
    }

    /// As the audit register has it.
    fn done(self) -> &'static str {
        match self {
            Self::Apply => "grant-applied",
            Self::Approve => "grant-approved",
            Self::Set => "grant-set",
            Self::Revoke => "grant-revoked",
        }
    }
}

/// Takes a step in: `id` is the grant's, none for an application.
pub(crate) async fn take(
    app: &App,
    who: &PersonAuth,
    step: Step,
    id: Option<&str>,
    note: &str,
) -> Result<GrantInfo, ApiError> {
    let taken = try_take(app, who, step, id, note).await;
    let about = id.unwrap_or("application");
    steps::answer(app, who, step.action(), about, taken).await
}

async fn try_take(
    app: &App,
    who: &PersonAuth,
    step: Step,
    id: Option<&str>,
    note: &str,
) -> Result<GrantInfo, Refused<GrantError>> {
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let now = now_ms();
    let before = match id {
        Some(id) => Some(
            grants::find(&mut tx, id)
                .await?
                .ok_or_else(ApiError::not_found)?,
        ),
        None => None,
    };
    let (signer, next) = match (step, before) {
        (Step::Apply, _) => applied(&trust, note, now)?,
        (_, None) => return Err(ApiError::not_found().into()),
        (Step::Approve, Some(row)) => approved(&trust, note, row, now)?,
        (Step::Set, Some(row)) => set(&trust, note, row, now)?,
        (Step::Revoke, Some(row)) => revoked(&trust, note, row)?,
    };
    // Nobody hands in what another has signed: the register names who did it.
    if signer != who.name {
        return Err(Refused::Step(GrantError::UnknownPerson));
    }
    let resource = Resource::Grant {
        applicant: next.applicant.clone(),
        grantee: next.grantee.clone(),
        // Of the approval that is there already: none yet while it is being made.
        approver: next.approver.clone().filter(|_| step != Step::Approve),
    };
    let asker = access::Asker::load(app, &mut tx, who).await?;
    let decision = asker.decide(step.action(), resource);
    if !decision.is_allowed() {
        return Err(Refused::Rules {
            about: next.id,
            reason: decision.reason,
        });
    }
    match grants::find(&mut tx, &next.id).await? {
        // Sent again: nothing changes.
        Some(row) if held(step, &row).is_some_and(|held| held == note) => {
            return Ok(info(row, now)?);
        }
        Some(_) if step == Step::Apply => {
            return Err(ApiError::conflict("grant-exists", "A grant has this name.").into());
        }
        Some(row) if held(step, &row).is_some() => return Err(not_at_this_step().into()),
        _ => {}
    }
    let row = GrantRow {
        updated_ms: now,
        ..next
    };
    grants::put(&mut tx, &row).await?;
    records::audit(&mut tx, &who.name, step.done(), &row.id, now).await?;
    let info = info(row, now)?;
    tx.commit().await?;
    if matches!(step, Step::Set | Step::Revoke) {
        app.bells.ring_all();
    }
    Ok(info)
}

/// The note of this step, where it was taken before.
fn held(step: Step, row: &GrantRow) -> Option<&str> {
    match step {
        Step::Apply => Some(&row.application),
        Step::Approve => row.approval.as_deref(),
        Step::Set => row.setting.as_deref(),
        Step::Revoke => row.revocation.as_deref(),
    }
}

fn not_at_this_step() -> ApiError {
    ApiError::conflict("grant-state", "The grant is not at this step.")
}

/// Refuses to go on with what has ended.
fn alive(row: &GrantRow, now_ms: i64) -> Result<(), Refused<GrantError>> {
    if row.revocation.is_some() {
        return Err(not_at_this_step().into());
    }
    if now_ms >= row.expires_ms {
        return Err(Refused::Step(GrantError::Expired));
    }
    Ok(())
}

type Taken = Result<(String, GrantRow), Refused<GrantError>>;

fn applied(trust: &TrustSet, note: &str, now_ms: i64) -> Taken {
    let asked = GrantApplication::open(note, trust).map_err(Refused::Step)?;
    if now_ms >= asked.terms.expires_ms {
        return Err(Refused::Step(GrantError::Expired));
    }
    let row = GrantRow {
        id: asked.id,
        grantee: asked.terms.grantee,
        applicant: asked.applicant.clone(),
        application: note.to_owned(),
        approver: None,
        approval: None,
        setter: None,
        setting: None,
        revoked_by: None,
        revocation: None,
        not_before_ms: asked.terms.not_before_ms,
        expires_ms: asked.terms.expires_ms,
        updated_ms: now_ms,
    };
    Ok((asked.applicant, row))
}

fn approved(trust: &TrustSet, note: &str, row: GrantRow, now_ms: i64) -> Taken {
    let approval = GrantApproval::open(&row.application, note, trust).map_err(Refused::Step)?;
    alive(&row, now_ms)?;
    let row = GrantRow {
        approver: Some(approval.approver.clone()),
        approval: Some(note.to_owned()),
        not_before_ms: approval.terms.not_before_ms,
        expires_ms: approval.terms.expires_ms,
        ..row
    };
    Ok((approval.approver, row))
}

fn set(trust: &TrustSet, note: &str, row: GrantRow, now_ms: i64) -> Taken {
    alive(&row, now_ms)?;
    let offered = GrantRow {
        setting: Some(note.to_owned()),
        ..row
    };
    let whole = access::signed(offered.clone()).ok_or_else(not_at_this_step)?;
    let grant = whole.open(trust).map_err(Refused::Step)?;
    let row = GrantRow {
        setter: Some(grant.setter.clone()),
        ..offered
    };
    Ok((grant.setter, row))
}

fn revoked(trust: &TrustSet, note: &str, row: GrantRow) -> Taken {
    let revocation = GrantRevocation::open(note, trust).map_err(Refused::Step)?;
    if revocation.id != row.id {
        return Err(Refused::Step(GrantError::OtherStep));
    }
    let row = GrantRow {
        revoked_by: Some(revocation.by.clone()),
        revocation: Some(note.to_owned()),
        ..row
    };
    Ok((revocation.by, row))
}

impl Unacceptable for GrantError {
    const ATTEMPT: &'static str = "grant-refused";

    fn why(&self) -> &'static str {
        self.code()
    }

    fn told(&self) -> ApiError {
        let (code, message) = match self {
            GrantError::Terms(_) => ("grant-terms", "A term of the grant is out of its range."),
            GrantError::UnknownPerson => (
                "grant-other-signer",
                "The step is not signed by whoever hands it in.",
            ),
            GrantError::WrongRole => ("grant-wrong-role", "Your roles do not include this step."),
            GrantError::SamePerson => (
                "grant-same-person",
                "Each step is another person's; one of them is already yours.",
            ),
            GrantError::OwnGrant => ("grant-own", "Nobody decides on what the own name is given."),
            GrantError::OtherStep => (
                "grant-other-step",
                "What was signed is not the next step of this grant.",
            ),
            GrantError::Widened => (
                "grant-widened",
                "The approval gives more than was applied for.",
            ),
            GrantError::Expired => ("grant-expired", "The grant's time is over."),
            GrantError::NotYet | GrantError::OtherTerminal | GrantError::Statement(_) => (
                "grant-signature",
                "This is not the signed note of such a step.",
            ),
        };
        let refusal = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        match self {
            GrantError::Terms(term) => refusal.with_reason(term),
            _ => refusal,
        }
    }
}
