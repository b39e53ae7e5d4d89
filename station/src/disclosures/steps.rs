//! Taking a step of a disclosure in.

use axum::http::StatusCode;
use custos_access::{Action, Resource};
use custos_protocol::{
    api::{DisclosureInfo, DisclosureState, EvidenceInfo},
    disclosure::{
        Disclosure, DisclosureApproval, DisclosureError, DisclosureRefusal, DisclosureRequest,
        SignedDisclosure,
    },
    trust::TrustSet,
};

use super::{info, read, state};
use crate::{
    access,
    api::{error::ApiError, evidence as held},
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    steps::{self, Unacceptable},
    store::{
        Conn,
        disclosures::{self, DisclosureRow},
        evidence, records,
    },
};

/// A step of a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Request,
    Approve,
    Refuse,
    Make,
}

impl Step {
    fn action(self) -> Action {
        match self {
            Self::Request => Action::DisclosureRequest,
            Self::Approve | Self::Refuse => Action::DisclosureApprove,
            Self::Make => Action::DisclosureMake,
        }
    }

    /// As the audit register has it.
    fn done(self) -> &'static str {
        match self {
            Self::Request => "disclosure-requested",
            Self::Approve => "disclosure-approved",
            Self::Refuse => "disclosure-refused",
            Self::Make => "disclosure-made",
        }
    }
}

/// Takes a step in: `id` is the disclosure's, none for a request.
pub(crate) async fn take(
    app: &App,
    who: &PersonAuth,
    step: Step,
    id: Option<&str>,
    note: &str,
) -> Result<DisclosureInfo, ApiError> {
    let taken = try_take(app, who, step, id, note).await;
    let about = id.unwrap_or("request");
    steps::answer(app, who, step.action(), about, taken).await
}

type Refused = steps::Refused<DisclosureError>;

impl From<DisclosureError> for Refused {
    fn from(error: DisclosureError) -> Self {
        Self::Step(error)
    }
}

async fn try_take(
    app: &App,
    who: &PersonAuth,
    step: Step,
    id: Option<&str>,
    note: &str,
) -> Result<DisclosureInfo, Refused> {
    let mut tx = app.store.write().await?;
    let trust = app::trust(&mut tx).await?;
    let now = now_ms();
    let before = match id {
        Some(id) => disclosures::find(&mut tx, id).await?,
        None => None,
    };
    let taken = match (step, before) {
        (Step::Request, _) => requested(&trust, note, now)?,
        (_, None) => return Err(ApiError::not_found().into()),
        (Step::Approve, Some(row)) => approved(&trust, note, row)?,
        (Step::Refuse, Some(row)) => refused(&trust, note, row)?,
        (Step::Make, Some(row)) => made(&trust, note, row)?,
    };
    let (signer, next) = taken;
    // Nobody hands in what another has signed: the register names who did it.
    if signer != who.name {
        return Err(DisclosureError::UnknownPerson.into());
    }
    let about = original(&mut tx, &next.clip).await?;
    allowed(app, &mut tx, who, step, &next, about.as_ref()).await?;
    // Who may ask for any evidence is told what there is none of.
    let about = about.ok_or_else(ApiError::not_found)?;
    if step == Step::Request {
        names_the_original(&mut tx, note, &about).await?;
    }
    let present = disclosures::find(&mut tx, &next.id).await?;
    match (step, present) {
        (Step::Request, None) => {}
        // Sent again: nothing changes.
        (_, Some(row)) if held(step, &row).is_some_and(|held| is_again(step, held, note)) => {
            return Ok(info(row, now)?);
        }
        (Step::Request, Some(_)) => {
            let taken = "A disclosure has this name.";
            return Err(ApiError::conflict("disclosure-exists", taken).into());
        }
        (_, present) => at_this_step(step, present.map(|row| state(&row, now)))?,
    }
    let row = DisclosureRow {
        updated_ms: now,
        ..next
    };
    disclosures::put(&mut tx, &row).await?;
    let name = &who.name;
    records::audit_with(&mut tx, name, step.done(), &row.id, &row.clip, now).await?;
    let info = info(row, now)?;
    tx.commit().await?;
    Ok(info)
}

async fn original(conn: &mut Conn, clip: &str) -> Result<Option<EvidenceInfo>, Refused> {
    let row = evidence::find(conn, clip).await?;
    Ok(row.as_ref().map(held::info).transpose()?)
}

/// What the rules say of this step, with this original.
async fn allowed(
    app: &App,
    conn: &mut Conn,
    who: &PersonAuth,
    step: Step,
    row: &DisclosureRow,
    about: Option<&EvidenceInfo>,
) -> Result<(), Refused> {
    let resource = about.map_or_else(held::nothing, held::resource);
    let resource = match resource {
        Resource::Evidence {
            officer,
            department,
            case,
            began_ms,
            marked,
            held,
            ..
        } if step != Step::Request => Resource::Evidence {
            officer,
            department,
            case,
            began_ms,
            marked,
            held,
            requester: Some(row.requester.clone()),
        },
        other => other,
    };
    let asker = access::Asker::load(app, conn, who).await?;
    let decision = asker.decide(step.action(), resource);
    if decision.is_allowed() {
        return Ok(());
    }
    Err(Refused::Rules {
        about: row.id.clone(),
        reason: decision.reason,
    })
}

/// A request is for these very bytes, of this kind: what is approved is what is held.
async fn names_the_original(
    conn: &mut Conn,
    request: &str,
    about: &EvidenceInfo,
) -> Result<(), Refused> {
    let asked: DisclosureRequest = read(request)?;
    let row = evidence::find(conn, &about.id).await?;
    let digest = evidence::digest_from(&row.ok_or_else(ApiError::not_found)?.digest)?;
    if asked.digest != digest || asked.media != about.media {
        return Err(DisclosureError::Terms("digest").into());
    }
    Ok(())
}

/// The note of this step, where it was taken before.
fn held(step: Step, row: &DisclosureRow) -> Option<&str> {
    match step {
        Step::Request => Some(&row.request),
        Step::Approve => row.approval.as_deref(),
        Step::Refuse => row.refusal.as_deref(),
        Step::Make => row.disclosure.as_deref(),
    }
}

/// The same note; or, of a copy, the same copy made again, for the first one did not arrive: one
/// disclosure is one copy, however often it is made.
fn is_again(step: Step, held: &str, note: &str) -> bool {
    let copy = |note| read::<Disclosure>(note).map(|made| (made.maker, made.copy));
    held == note
        || step == Step::Make
            && matches!((copy(held), copy(note)), (Ok(held), Ok(again)) if held == again)
}

fn at_this_step(step: Step, state: Option<DisclosureState>) -> Result<(), Refused> {
    let refusal = match (step, state) {
        (Step::Approve, Some(DisclosureState::Requested))
        | (Step::Refuse, Some(DisclosureState::Requested | DisclosureState::Approved))
        | (Step::Make, Some(DisclosureState::Approved)) => return Ok(()),
        (_, Some(DisclosureState::Expired)) => return Err(DisclosureError::Expired.into()),
        (Step::Make, Some(DisclosureState::Made)) => ApiError::conflict(
            "disclosure-other-copy",
            "Another copy was made under this disclosure.",
        ),
        _ => ApiError::conflict("disclosure-state", "The disclosure is not at this step."),
    };
    Err(refusal.into())
}

type Taken = Result<(String, DisclosureRow), Refused>;

fn requested(trust: &TrustSet, note: &str, now_ms: i64) -> Taken {
    let asked = DisclosureRequest::open(note, trust)?;
    if now_ms >= asked.expires_ms {
        return Err(DisclosureError::Expired.into());
    }
    let row = DisclosureRow {
        id: asked.id,
        clip: asked.clip,
        requester: asked.requester.clone(),
        request: note.to_owned(),
        approver: None,
        approval: None,
        refused_by: None,
        refusal: None,
        maker: None,
        disclosure: None,
        expires_ms: asked.expires_ms,
        updated_ms: now_ms,
    };
    Ok((asked.requester, row))
}

fn approved(trust: &TrustSet, note: &str, row: DisclosureRow) -> Taken {
    let approval = DisclosureApproval::open(&row.request, note, trust)?;
    let row = DisclosureRow {
        approver: Some(approval.approver.clone()),
        approval: Some(note.to_owned()),
        ..row
    };
    Ok((approval.approver, row))
}

fn refused(trust: &TrustSet, note: &str, row: DisclosureRow) -> Taken {
    let refusal = DisclosureRefusal::open(&row.request, note, trust)?;
    let row = DisclosureRow {
        refused_by: Some(refusal.by.clone()),
        refusal: Some(note.to_owned()),
        ..row
    };
    Ok((refusal.by, row))
}

fn made(trust: &TrustSet, note: &str, row: DisclosureRow) -> Taken {
    let not_approved =
        || ApiError::conflict("disclosure-state", "The disclosure is not at this step.");
    let approval = row.approval.clone().ok_or_else(not_approved)?;
    let whole = SignedDisclosure::new(row.request.clone(), approval, note.to_owned());
    let maker = whole.open(trust)?.disclosure.maker;
    let row = DisclosureRow {
        maker: Some(maker.clone()),
        disclosure: Some(note.to_owned()),
        ..row
    };
    Ok((maker, row))
}

impl Unacceptable for DisclosureError {
    const ATTEMPT: &'static str = "disclosure-denied";

    fn why(&self) -> &'static str {
        self.code()
    }

    fn told(&self) -> ApiError {
        let (code, message) = match self {
            DisclosureError::Terms(_) => (
                "disclosure-terms",
                "A term of the disclosure is out of its range, or not what is held.",
            ),
            DisclosureError::UnknownPerson => (
                "disclosure-other-signer",
                "The step is not signed by whoever hands it in.",
            ),
            DisclosureError::WrongRole => (
                "disclosure-wrong-role",
                "Your roles do not include this step.",
            ),
            DisclosureError::SamePerson => (
                "disclosure-same-person",
                "Who approves has not asked for the copy and does not make it.",
            ),
            DisclosureError::OtherStep => (
                "disclosure-other-step",
                "What was signed is not the next step of this disclosure.",
            ),
            DisclosureError::Expired => ("disclosure-expired", "The disclosure's time is over."),
            DisclosureError::Malformed | DisclosureError::Statement(_) => (
                "disclosure-signature",
                "This is not the signed note of such a step.",
            ),
        };
        let refusal = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        match self {
            DisclosureError::Terms(term) => refusal.with_reason(term),
            _ => refusal,
        }
    }
}
