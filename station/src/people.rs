//! Who may do what, and by which rules: the trust set and the policy, published in versions that
//! follow one another.

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
    store::{self, records},
};

/// Registers a person, or gives a registered one another key or other roles (none: the person
/// may do nothing any more). The root signs the next trust set.
pub(crate) async fn register(
    app: &App,
    who: &str,
    request: PersonRequest,
) -> Result<Person, ApiError> {
    let named = id::is_safe(&request.name)
        && request.key.name() == TrustSet::person_key_name(app.agency(), &request.name)
        && request.key.algorithm() == Algorithm::Ed25519;
    if !named
        || request
            .roles
            .iter()
            .any(|role| !ROLES.contains(&role.as_str()))
    {
        return Err(ApiError::bad_request(
            "A person's key is named <agency>/person/<name>; roles are directive, device, evidence, \
             manager, approver, supervisor, auditor, maintenance.",
        ));
    }
    let mut tx = app.store.write().await?;
    let mut trust = app::trust(&mut tx).await?;
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
    if !trust.people.iter().any(|p| p.has_role(ROLE_DEVICE)) {
        return Err(ApiError::conflict(
            "last-administrator",
            "Nobody would be left who can register people.",
        ));
    }
    let now = now_ms();
    (trust.version, trust.time_ms) = (trust.version + 1, now);
    let note = statement::sign(&trust, &[&app.keys.root]).map_err(|_| ApiError::internal())?;
    store::trust::add_trust(&mut tx, trust.version, &note.to_string(), now).await?;
    records::audit(&mut tx, who, "person-registered", &person.name, now).await?;
    tx.commit().await?;
    Ok(person)
}

/// Publishes a policy: the version after the present one.
pub(crate) async fn publish_policy(
    app: &App,
    who: &str,
    mut policy: Policy,
) -> Result<Policy, ApiError> {
    policy
        .check()
        .map_err(|_| ApiError::bad_request("A setting of the policy is out of its range."))?;
    let mut tx = app.store.write().await?;
    let current = app::policy(&mut tx).await?;
    if policy.version != current.version + 1 || policy.suite != current.suite {
        return Err(ApiError::conflict(
            "policy-version",
            "The policy's version must be the one after the present one.",
        ));
    }
    policy.time_ms = now_ms();
    let note = statement::sign(&policy, &[&app.keys.policy]).map_err(|_| ApiError::internal())?;
    store::trust::add_policy(&mut tx, policy.version, &note.to_string(), policy.time_ms).await?;
    let version = policy.version.to_string();
    records::audit(&mut tx, who, "policy-published", &version, policy.time_ms).await?;
    tx.commit().await?;
    Ok(policy)
}
