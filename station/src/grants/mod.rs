//! The register of grants (T7.1). Each step is signed where its person sits; the station checks
//! what comes back under the trust set and the access rules, keeps it, and hands whole grants to
//! the terminals that they are for. It signs none itself, and could not: a grant is three people's.
//!
//! # Layout
//!
//! - here: what the register holds, and what of it terminals get
//! - `steps`: taking a step in

mod steps;

use custos_protocol::{
    api::{GrantDelivery, GrantInfo, GrantState},
    grant::{GrantApplication, GrantApproval, GrantRevocation, GrantTerms},
    id,
    note::Note,
    statement,
    trust::{ROLE_APPROVER, ROLE_AUDITOR, ROLE_DEVICE, ROLE_MANAGER, ROLE_SUPERVISOR, TrustSet},
};

pub(crate) use self::steps::{Step, take};
use crate::{
    access,
    api::error::ApiError,
    app::{self, App},
    auth::{PersonAuth, TerminalAuth},
    clock::now_ms,
    store::{
        Conn,
        grants::{self, GrantRow},
    },
};

/// Officers of one terminal that are asked for at once.
const OFFICERS: usize = 64;

/// What a person may see of the register: who takes part in grants or supervises, all of it;
/// others, what they are given.
pub(crate) async fn list(app: &App, who: &PersonAuth) -> Result<Vec<GrantInfo>, ApiError> {
    let mut conn = app.store.read().await?;
    let grantee = (!sees_all(who)).then_some(who.name.as_str());
    let now = now_ms();
    let rows = grants::list(&mut conn, grantee).await?;
    rows.into_iter().map(|row| info(row, now)).collect()
}

pub(crate) async fn show(app: &App, who: &PersonAuth, id: &str) -> Result<GrantInfo, ApiError> {
    let mut conn = app.store.read().await?;
    let row = grants::find(&mut conn, id).await?;
    let row = row.filter(|row| sees_all(who) || row.grantee == who.name);
    info(row.ok_or_else(ApiError::not_found)?, now_ms())
}

fn sees_all(who: &PersonAuth) -> bool {
    let roles = [
        ROLE_MANAGER,
        ROLE_APPROVER,
        ROLE_DEVICE,
        ROLE_SUPERVISOR,
        ROLE_AUDITOR,
    ];
    roles.iter().any(|role| who.has(role))
}

fn info(row: GrantRow, now_ms: i64) -> Result<GrantInfo, ApiError> {
    let state = match &row {
        row if row.revocation.is_some() => GrantState::Revoked,
        row if now_ms >= row.expires_ms => GrantState::Expired,
        row if row.setting.is_some() && now_ms >= row.not_before_ms => GrantState::InForce,
        row if row.setting.is_some() => GrantState::Set,
        row if row.approval.is_some() => GrantState::Approved,
        _ => GrantState::Applied,
    };
    let revocation = row.revocation.as_deref();
    let revoked: Option<GrantRevocation> = revocation.map(read).transpose()?;
    Ok(GrantInfo {
        id: row.id,
        state,
        terms: terms(&row.application, row.approval.as_deref())?,
        applicant: row.applicant,
        approver: row.approver,
        setter: row.setter,
        revoked_by: row.revoked_by,
        revoke_reason: revoked.map(|revocation| revocation.reason),
        application: row.application,
        approval: row.approval,
        setting: row.setting,
        revocation: row.revocation,
    })
}

/// As approved; before that, as applied for.
fn terms(application: &str, approval: Option<&str>) -> Result<GrantTerms, ApiError> {
    Ok(match approval {
        Some(note) => read::<GrantApproval>(note)?.terms,
        None => read::<GrantApplication>(application)?.terms,
    })
}

/// A statement that verified before it was kept.
fn read<T: statement::Statement>(note: &str) -> Result<T, ApiError> {
    let note: Note = note.parse().map_err(|_| ApiError::internal())?;
    statement::read_unverified(&note).map_err(|_| ApiError::internal())
}

/// What is of use on a terminal with these officers.
pub(crate) async fn deliver(
    app: &App,
    who: &TerminalAuth,
    officers: &str,
) -> Result<GrantDelivery, ApiError> {
    let officers: Vec<_> = officers
        .split(',')
        .filter(|name| !name.is_empty())
        .collect();
    if officers.len() > OFFICERS || !officers.iter().all(|name| id::is_safe(name)) {
        return Err(ApiError::bad_request(
            "At most 64 officers, between commas.",
        ));
    }
    let mut conn = app.store.read().await?;
    let trust = app::trust(&mut conn).await?;
    let mut delivery = GrantDelivery::default();
    for officer in officers {
        of_officer(&mut conn, &trust, who, officer, &mut delivery).await?;
    }
    Ok(delivery)
}

async fn of_officer(
    conn: &mut Conn,
    trust: &TrustSet,
    who: &TerminalAuth,
    officer: &str,
    delivery: &mut GrantDelivery,
) -> Result<(), ApiError> {
    let now = now_ms();
    for row in grants::set_for(conn, officer, now).await? {
        if row.revocation.is_some() || now >= row.expires_ms {
            continue;
        }
        let Some(grant) = access::signed(row) else {
            continue;
        };
        // Nothing that the terminal would refuse, or that is none of its business.
        let here =
            |terms: &GrantTerms| terms.terminals.is_empty() || terms.terminals.contains(&who.id);
        if grant.open(trust).is_ok_and(|opened| here(&opened.terms)) {
            delivery.grants.push(grant);
        }
    }
    let revocations = grants::revocations_for(conn, officer, now).await?;
    delivery.revocations.extend(revocations);
    Ok(())
}
