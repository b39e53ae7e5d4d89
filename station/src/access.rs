//! What the access rules say at the station. Roles are those that the trust set gives now; grants
//! count if they verify under it now. A denial is in the audit register before it is told.

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use custos_access::{
    Action, Circumstances, Clock, Decision, Granted, NO_RULE, Request, Resource, Rules, Who,
};
use custos_protocol::{grant::SignedGrant, id, note::Note, rules::AccessRules, statement};

use crate::{
    api::error::ApiError,
    app::{self, App},
    auth::PersonAuth,
    clock::now_ms,
    store::{self, Conn, grants::GrantRow, records},
};

/// Where it is asked.
const STATION: &str = "station";

/// The rules in force, parsed once a version.
#[derive(Default)]
pub(crate) struct RulesCache(Mutex<Option<(u64, Rules)>>);

/// The rules in force: what was published, else those of this build.
///
/// # Errors
/// `rules-invalid` where those that were published do not fit this build: nobody is allowed
/// anything by rules that nobody published.
pub(crate) async fn rules(app: &App, conn: &mut Conn) -> Result<Rules, ApiError> {
    let version = store::rules::version(conn).await?;
    let cache = || app.rules.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, rules)) = &*cache()
        && *known == version
    {
        return Ok(rules.clone());
    }
    let invalid = || {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "rules-invalid",
            "The access rules in force do not fit this station; publish others.",
        )
    };
    let parsed = if version == 0 {
        Rules::shipped()
    } else {
        let row = store::rules::find(conn, version).await?;
        let note: Note = row
            .ok_or_else(invalid)?
            .note
            .parse()
            .map_err(|_| invalid())?;
        // Verified before it was kept.
        let published: AccessRules = statement::read_unverified(&note).map_err(|_| invalid())?;
        Rules::parse(&published.text)
    };
    let rules = parsed.map_err(|error| {
        tracing::error!(code = error.code(), version, "access rules");
        invalid()
    })?;
    *cache() = Some((version, rules.clone()));
    Ok(rules)
}

/// Somebody who asks, now.
pub(crate) struct Asker {
    rules: Rules,
    who: Who,
    grants: Vec<Granted>,
    now_ms: i64,
}

impl Asker {
    pub(crate) async fn load(
        app: &App,
        conn: &mut Conn,
        who: &PersonAuth,
    ) -> Result<Self, ApiError> {
        let now_ms = now_ms();
        Ok(Self {
            rules: rules(app, conn).await?,
            who: Who {
                name: who.name.clone(),
                roles: who.roles().to_vec(),
            },
            grants: grants_of(conn, &who.name, now_ms).await?,
            now_ms,
        })
    }

    pub(crate) fn decide(&self, action: Action, resource: Resource) -> Decision {
        self.rules.decide(&Request {
            who: self.who.clone(),
            action,
            resource,
            circumstances: Circumstances {
                now_ms: self.now_ms,
                clock: Clock::Station,
                terminal: STATION.to_owned(),
                ..Circumstances::default()
            },
            grants: self.speaking_of(action),
        })
    }

    /// The grants that may serve: only these are asked about.
    fn speaking_of(&self, action: Action) -> Vec<Granted> {
        let speaking = self.grants.iter().filter(|grant| grant.speaks_of(action));
        speaking.cloned().collect()
    }

    /// Whether a grant speaks of this action at all, in force or not.
    pub(crate) fn has_grant_for(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| grant.speaks_of(action))
    }
}

/// The grants of a person or an officer that verify now, also such as have ended.
pub(crate) async fn grants_of(
    conn: &mut Conn,
    grantee: &str,
    now_ms: i64,
) -> Result<Vec<Granted>, ApiError> {
    let rows = store::grants::set_for(conn, grantee, now_ms).await?;
    let mut grants = Vec::new();
    if !rows.is_empty() {
        let trust = app::trust(conn).await?;
        for row in rows {
            let revoked = row.revocation.is_some();
            // Who signed and has left since is no signer any more.
            let opened = signed(row).and_then(|grant| grant.open(&trust).ok());
            grants.extend(opened.map(|grant| Granted::new(&grant, revoked)));
        }
    }
    Ok(grants)
}

/// The three notes of a grant that was set.
pub(crate) fn signed(row: GrantRow) -> Option<SignedGrant> {
    Some(SignedGrant {
        application: row.application,
        approval: row.approval?,
        setting: row.setting?,
    })
}

/// Lets a person go on who may do this; else the register says who was denied what, and by which
/// rule. Gives the decision, which names the grant if there is one.
///
/// # Errors
/// `forbidden`, with the rule as its reason.
pub(crate) async fn require(
    app: &App,
    who: &PersonAuth,
    action: Action,
    resource: Resource,
    about: &str,
) -> Result<Decision, ApiError> {
    let decision = {
        let mut conn = app.store.read().await?;
        Asker::load(app, &mut conn, who)
            .await?
            .decide(action, resource)
    };
    if decision.is_allowed() {
        return Ok(decision);
    }
    Err(deny(app, &who.name, action, about, &decision.reason).await?)
}

/// As [`require`], of a terminal by its name.
///
/// # Errors
/// As there.
pub(crate) async fn require_terminal(
    app: &App,
    who: &PersonAuth,
    action: Action,
    terminal: &str,
) -> Result<(), ApiError> {
    let about = if id::is_safe(terminal) {
        terminal
    } else {
        "unreadable"
    };
    let terminal = terminal.to_owned();
    let resource = Resource::Terminal { terminal };
    require(app, who, action, resource, about).await.map(drop)
}

/// The refusal to tell, once the audit register has it.
pub(crate) async fn deny(
    app: &App,
    who: &str,
    action: Action,
    about: &str,
    reason: &str,
) -> Result<ApiError, ApiError> {
    let mut tx = app.store.write().await?;
    let detail = format!("{}: {reason}", action.as_str());
    records::audit_with(&mut tx, who, "access-denied", about, &detail, now_ms()).await?;
    tx.commit().await?;
    let message = match reason {
        NO_RULE => "Your roles do not include this.",
        _ => "The access rules do not allow this.",
    };
    Ok(ApiError::forbidden(message).with_reason(reason))
}
