//! Rules as they are installed: parsed, fitting the schema, each with its name and clause.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
    sync::Arc,
};

use cedar_policy::{
    ActionConstraint, Authorizer, Effect, EntityUid, Policy, PolicyId, PolicySet, Schema,
    ValidationMode, Validator,
};

use crate::{Action, entities::Names};

const SCHEMA: &str = include_str!("custos.cedarschema");
const DEFAULT: &str = include_str!("custos.cedar");

/// Longest text of rules taken in, in bytes.
const MAX_TEXT: usize = 256 * 1024;
/// Most rules.
const MAX_RULES: usize = 512;

/// Rules that are not installed. What is wrong names rules and places in the text, which who
/// writes rules has to see; a terminal journals [`RulesError::code`] alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("the rules are too long: at most 256 KiB and 512 rules")]
    TooLong,
    #[error("the rules are not well-formed: {0}")]
    Syntax(String),
    #[error("rule {0} is a template")]
    Template(String),
    #[error("the rule at place {0} has no @id of letters, digits and hyphens")]
    NoId(usize),
    #[error("two rules have the @id {0}")]
    SameId(String),
    #[error("rule {0} has no @clause")]
    NoClause(String),
    #[error("the rules do not fit the schema: {}", .0.join("; "))]
    Schema(Vec<String>),
    #[error("there is no rule")]
    Empty,
}

impl RulesError {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "rules-too-long",
            Self::Syntax(_) => "rules-syntax",
            Self::Template(_) => "rules-template",
            Self::NoId(_) => "rules-no-id",
            Self::SameId(_) => "rules-same-id",
            Self::NoClause(_) => "rules-no-clause",
            Self::Schema(_) => "rules-schema",
            Self::Empty => "rules-empty",
        }
    }
}

/// What is known of a rule without deciding anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// The clause that it comes from.
    pub clause: String,
    /// The clause's words.
    pub quote: Option<String>,
    /// Whether it forbids; else it permits.
    pub forbids: bool,
}

/// Rules that may be installed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rules {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) names: Names,
    pub(crate) authorizer: Authorizer,
    rules: Vec<Rule>,
    policies: Vec<Policy>,
    /// For each action those rules whose head names it: the others could not apply.
    by_action: BTreeMap<&'static str, PolicySet>,
}

impl Rules {
    /// The rules that this build ships with.
    ///
    /// # Errors
    /// None, or a test of this crate fails; no path of a terminal may panic on it.
    pub fn shipped() -> Result<Self, RulesError> {
        Self::parse(DEFAULT)
    }

    /// Their text.
    pub fn shipped_text() -> &'static str {
        DEFAULT
    }

    /// Takes rules in: well-formed, each with `@id` and `@clause`, strictly valid under the schema
    /// and without a rule that could never apply.
    ///
    /// # Errors
    /// [`RulesError`].
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        if text.len() > MAX_TEXT {
            return Err(RulesError::TooLong);
        }
        let set = PolicySet::from_str(text).map_err(|error| RulesError::Syntax(places(&error)))?;
        if let Some(template) = set.templates().next() {
            return Err(RulesError::Template(template.id().to_string()));
        }
        let mut policies: Vec<_> = set.policies().cloned().collect();
        if policies.len() > MAX_RULES {
            return Err(RulesError::TooLong);
        }
        // The order of the text: Cedar names them policy0, policy1, …
        policies.sort_by_key(|policy| {
            let id: &PolicyId = policy.id();
            let id: &str = id.as_ref();
            id.trim_start_matches("policy").parse().unwrap_or(u32::MAX)
        });
        Self::of(&policies)
    }

    /// These rules without one of them: how tests find rules that nothing depends on.
    ///
    /// # Errors
    /// [`RulesError::Empty`] where none is left.
    pub fn without(&self, id: &str) -> Result<Self, RulesError> {
        let mut kept = self.inner.policies.clone();
        kept.retain(|policy| policy.annotation("id") != Some(id));
        Self::of(&kept)
    }

    fn of(policies: &[Policy]) -> Result<Self, RulesError> {
        if policies.is_empty() {
            return Err(RulesError::Empty);
        }
        let mut rules = Vec::with_capacity(policies.len());
        let mut named = Vec::with_capacity(policies.len());
        let mut ids = BTreeSet::new();
        for (place, policy) in policies.iter().enumerate() {
            let rule = rule(policy, place + 1)?;
            if !ids.insert(rule.id.clone()) {
                return Err(RulesError::SameId(rule.id));
            }
            named.push(policy.new_id(PolicyId::new(&rule.id)));
            rules.push(rule);
        }
        let all = PolicySet::from_policies(named.iter().cloned())
            .map_err(|error| RulesError::Syntax(error.to_string()))?;
        validate(&all)?;
        let names = Names::new();
        let mut by_action = BTreeMap::new();
        for action in Action::ALL {
            let uid = names.action(*action);
            let concerned = named.iter().filter(|policy| concerns(policy, &uid));
            let set = PolicySet::from_policies(concerned.cloned())
                .map_err(|error| RulesError::Syntax(error.to_string()))?;
            by_action.insert(action.as_str(), set);
        }
        let inner = Inner {
            names,
            authorizer: Authorizer::new(),
            rules,
            policies: named,
            by_action,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The rules in the order of their text.
    pub fn rules(&self) -> &[Rule] {
        &self.inner.rules
    }

    /// The schema, for who writes rules.
    pub fn schema_text() -> &'static str {
        SCHEMA
    }
}

impl Inner {
    pub(crate) fn of_action(&self, action: Action) -> Option<&PolicySet> {
        self.by_action.get(action.as_str())
    }
}

fn rule(policy: &Policy, place: usize) -> Result<Rule, RulesError> {
    let good = |id: &&str| {
        let parts = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !id.is_empty() && id.len() <= 64 && id.chars().all(parts)
    };
    let id = policy.annotation("id").filter(good);
    let id = id.ok_or(RulesError::NoId(place))?.to_owned();
    let clause = policy.annotation("clause").filter(|c| !c.trim().is_empty());
    Ok(Rule {
        clause: clause
            .ok_or_else(|| RulesError::NoClause(id.clone()))?
            .to_owned(),
        quote: policy.annotation("quote").map(str::to_owned),
        forbids: policy.effect() == Effect::Forbid,
        id,
    })
}

fn validate(policies: &PolicySet) -> Result<(), RulesError> {
    let schema = Schema::from_str(SCHEMA).map_err(|e| RulesError::Schema(vec![e.to_string()]))?;
    let result = Validator::new(schema).validate(policies, ValidationMode::Strict);
    let mut faults: Vec<_> = result
        .validation_errors()
        .map(ToString::to_string)
        .collect();
    if faults.is_empty() {
        // Rules that could never apply: a slip of who wrote them.
        faults.extend(result.validation_warnings().map(ToString::to_string));
    }
    if faults.is_empty() && result.validation_passed() {
        return Ok(());
    }
    faults.sort();
    Err(RulesError::Schema(faults))
}

/// Whether a rule's head takes this action in. The schema has no groups of actions, so there are
/// none to look through.
fn concerns(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::In(actions) => actions.contains(action),
        ActionConstraint::Eq(one) => one == *action,
    }
}

fn places(errors: &cedar_policy::ParseErrors) -> String {
    let all: Vec<_> = errors.iter().map(ToString::to_string).collect();
    all.join("; ")
}
