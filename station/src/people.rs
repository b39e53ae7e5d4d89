//! Who may do what, and by which rules: the trust set and the policy, published in versions that
//! follow one another.

use custos_access::Action;
use custos_protocol::{
    api::PersonRequest,
    id,
    note::Algorithm,
    policy::Policy,
    statement,
    trust::{Person, ROLE_DEVICE, ROLES, TrustSet},
};

use crate::{
    api::error::ApiError,
    app::{self, App},
    clock::now_ms,
    store::{self, Conn, Tx, records},
};

/// Registers a person, or gives a registered one another key or other roles (none: the person
/// may do nothing any more). The root signs the next trust set.
pub(crate) async fn register(
    app: &App,
    who: &str,
    request: PersonRequest,
) -> Result<Person, ApiError> {
    let mut tx = alone(app, who, Action::PersonRegister).await?;
    let person = enter(app, &mut tx, who, request).await?;
    tx.commit().await?;
    Ok(person)
}

/// What the audit register calls the attempt at a change that does not hold.
pub(crate) const REFUSED: &str = "change-refused";

/// Begins what one person does alone. Where the policy wants two for it, that is refused, once the
/// audit register has it.
async fn alone(app: &App, who: &str, action: Action) -> Result<Tx, ApiError> {
    let mut tx = app.store.write().await?;
    if app::policy(&mut tx).await?.access.people_signers < 2 {
        return Ok(tx);
    }
    let detail = format!("{}: alone", action.as_str());
    records::audit_with(&mut tx, who, REFUSED, "agency", &detail, now_ms()).await?;
    tx.commit().await?;
    Err(ApiError::conflict(
        "change-signatures",
        "The policy wants this signed by more than one person: hand it in as a change.",
    ))
}

/// As [`register`], by as many people as the policy wants.
pub(crate) async fn enter(
    app: &App,
    tx: &mut Conn,
    who: &str,
    request: PersonRequest,
) -> Result<Person, ApiError> {
    let named = id::is_safe(&request.name)
        && request.key.name() == TrustSet::person_key_name(app.agency(), &request.name)
        && request.key.algorithm() == Algorithm::Ed25519;
    if !named {
        return Err(no_person());
    }
    check_roles(&request.roles)?;
    let mut trust = app::trust(tx).await?;
    // Two people with one key would be one person with two votes.
    let taken = |p: &&Person| p.name != request.name && p.key.key() == request.key.key();
    if trust.people.iter().any(|p| taken(&p)) {
        return Err(ApiError::conflict(
            "key-taken",
            "Another person has this key.",
        ));
    }
    let person = Person {
        name: request.name,
        key: request.key,
        roles: request.roles,
    };
    trust.people.retain(|p| p.name != person.name);
    trust.people.push(person.clone());
    trust.people.sort_by(|a, b| a.name.cmp(&b.name));
    if managers(&trust) < app::policy(tx).await?.access.people_signers as usize {
        return Err(ApiError::conflict(
            "last-administrator",
            "Too few would be left who can register people.",
        ));
    }
    let now = now_ms();
    (trust.version, trust.time_ms) = (trust.version + 1, now);
    let note = statement::sign(&trust, &[&app.keys.root]).map_err(|_| ApiError::internal())?;
    store::trust::add_trust(tx, trust.version, &note.to_string(), now).await?;
    records::audit(tx, who, "person-registered", &person.name, now).await?;
    Ok(person)
}

/// People of device management.
fn managers(trust: &TrustSet) -> usize {
    let people = trust.people.iter();
    people.filter(|person| person.has_role(ROLE_DEVICE)).count()
}

pub(crate) fn check_roles(roles: &[String]) -> Result<(), ApiError> {
    if roles.iter().all(|role| ROLES.contains(&role.as_str())) {
        return Ok(());
    }
    Err(no_person())
}

fn no_person() -> ApiError {
    ApiError::bad_request(
        "A person's key is named <agency>/person/<name>; roles are directive, device, evidence, \
         manager, approver, supervisor, auditor, maintenance, pack.",
    )
}

/// Publishes a policy: the version after the present one.
pub(crate) async fn publish_policy(
    app: &App,
    who: &str,
    policy: Policy,
) -> Result<Policy, ApiError> {
    let mut tx = alone(app, who, Action::SettingsPublish).await?;
    let policy = put_in_force(app, &mut tx, who, policy).await?;
    tx.commit().await?;
    Ok(policy)
}

pub(crate) fn check_policy(policy: &Policy) -> Result<(), ApiError> {
    policy
        .check()
        .map_err(|_| ApiError::bad_request("A setting of the policy is out of its range."))
}

/// As [`publish_policy`], by as many people as the policy in force wants.
pub(crate) async fn put_in_force(
    app: &App,
    tx: &mut Conn,
    who: &str,
    mut policy: Policy,
) -> Result<Policy, ApiError> {
    check_policy(&policy)?;
    let current = app::policy(tx).await?;
    if policy.version != current.version + 1 || policy.suite != current.suite {
        return Err(ApiError::conflict(
            "policy-version",
            "The policy's version must be the one after the present one.",
        ));
    }
    if managers(&app::trust(tx).await?) < policy.access.people_signers as usize {
        return Err(ApiError::conflict(
            "last-administrator",
            "There are not as many people of device management as would have to sign.",
        ));
    }
    policy.time_ms = now_ms();
    let note = statement::sign(&policy, &[&app.keys.policy]).map_err(|_| ApiError::internal())?;
    store::trust::add_policy(tx, policy.version, &note.to_string(), policy.time_ms).await?;
    let version = policy.version.to_string();
    records::audit(tx, who, "policy-published", &version, policy.time_ms).await?;
    Ok(policy)
}
