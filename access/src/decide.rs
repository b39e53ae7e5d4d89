//! The decision. Deny by default; an error of evaluation is a denial.

use cedar_policy::{self as cedar, Entities, EntityUid};
use serde::{Deserialize, Serialize};

use crate::{Granted, Request, Rules, entities::Unsayable};

/// A rule allows it.
pub const ALLOWED: &str = "allowed";
/// A rule allows it with a grant.
pub const GRANTED: &str = "granted";
/// No rule allows it.
pub const NO_RULE: &str = "no-rule";
/// A rule could not be evaluated.
pub const POLICY_ERROR: &str = "policy-error";
/// The action cannot be done with a thing of this kind.
pub const INVALID_REQUEST: &str = "invalid-request";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Allow,
    Deny,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    pub decision: Verdict,
    /// The rules that allow it, or those that forbid it; in order of their names. Of a denial by
    /// default there are none.
    pub rules: Vec<String>,
    /// A stable word: [`ALLOWED`], [`GRANTED`], [`NO_RULE`], [`POLICY_ERROR`],
    /// [`INVALID_REQUEST`], or the `@id` of a rule that forbids it.
    pub reason: String,
    /// Name of the grant by which it is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

impl Decision {
    pub fn is_allowed(&self) -> bool {
        self.decision == Verdict::Allow
    }

    /// Nothing that another grant could change: allowed, or rules that fail.
    fn is_final(&self) -> bool {
        self.is_allowed() || self.reason == POLICY_ERROR
    }

    fn deny(reason: &str) -> Self {
        Self {
            decision: Verdict::Deny,
            rules: Vec::new(),
            reason: reason.to_owned(),
            grant: None,
        }
    }
}

impl Rules {
    /// Decides one question: once without a grant, then once with each; the first that allows it
    /// is the answer. Of several denials the answer is the first that names a rule; grants that
    /// do not speak of the action are left out.
    ///
    /// Never fails: what cannot be decided is denied.
    pub fn decide(&self, request: &Request) -> Decision {
        if request.resource.kind() != request.action.kind() {
            return Decision::deny(INVALID_REQUEST);
        }
        let Ok((resource, entities)) = self.inner.names.entities(request) else {
            return Decision::deny(POLICY_ERROR);
        };
        let ask = |grant| {
            self.ask(request, &resource, &entities, grant)
                .unwrap_or_else(|Unsayable| Decision::deny(POLICY_ERROR))
        };
        let mut answer = ask(None);
        if answer.is_final() {
            return answer;
        }
        let speaking = |grant: &&Granted| grant.speaks_of(request.action);
        for grant in request.grants.iter().filter(speaking) {
            let with = ask(Some(grant));
            if with.is_final() {
                return with;
            }
            if answer.reason == NO_RULE {
                answer = with;
            }
        }
        answer
    }

    fn ask(
        &self,
        request: &Request,
        resource: &EntityUid,
        entities: &Entities,
        grant: Option<&Granted>,
    ) -> Result<Decision, Unsayable> {
        let inner = &self.inner;
        let rules = inner.of_action(request.action).ok_or(Unsayable)?;
        let names = &inner.names;
        let context = names.context(request.action, &request.circumstances, grant)?;
        let asked = cedar::Request::new(
            names.person(&request.who.name),
            names.action(request.action),
            resource.clone(),
            context,
            None,
        );
        let asked = asked.map_err(|_| Unsayable)?;
        let response = inner.authorizer.is_authorized(&asked, rules, entities);
        // Cedar passes over a rule that fails; one that would have forbidden must not be.
        if response.diagnostics().errors().next().is_some() {
            return Err(Unsayable);
        }
        let mut rules: Vec<String> = response
            .diagnostics()
            .reason()
            .map(|id| AsRef::<str>::as_ref(id).to_owned())
            .collect();
        rules.sort();
        Ok(match response.decision() {
            cedar::Decision::Allow => Decision {
                decision: Verdict::Allow,
                rules,
                reason: if grant.is_some() { GRANTED } else { ALLOWED }.to_owned(),
                grant: grant.map(|grant| grant.id.clone()),
            },
            cedar::Decision::Deny => Decision {
                decision: Verdict::Deny,
                reason: rules.first().map_or(NO_RULE, String::as_str).to_owned(),
                rules,
                grant: None,
            },
        })
    }
}
