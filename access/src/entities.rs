//! A question in Cedar's terms. Built anew for each: a handful of values and two entities.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression as Value,
};

use crate::{Action, Circumstances, Granted, Request, Resource};

/// What cannot be said in Cedar; nothing that a [`Request`] can hold is, so this is a fault of
/// ours, and a denial.
#[derive(Debug)]
pub(crate) struct Unsayable;

/// The entity types of the schema, parsed once.
#[derive(Debug)]
pub(crate) struct Names {
    person: EntityTypeName,
    role: EntityTypeName,
    action: EntityTypeName,
    evidence: EntityTypeName,
    journal: EntityTypeName,
    registry: EntityTypeName,
    grant: EntityTypeName,
    terminal: EntityTypeName,
    agency: EntityTypeName,
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(text: &str) -> Value {
    Value::new_string(text.to_owned())
}

fn texts<T: AsRef<str>>(list: &[T]) -> Value {
    Value::new_set(list.iter().map(|one| text(one.as_ref())))
}

type Attributes = HashMap<String, Value>;

fn attributes<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs.into_iter().map(owned).collect()
}

fn owned((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}

impl Names {
    pub(crate) fn new() -> Self {
        let name = |name: &str| name.parse().expect("an identifier");
        Self {
            person: name("Person"),
            role: name("Role"),
            action: name("Action"),
            evidence: name("Evidence"),
            journal: name("Journal"),
            registry: name("Registry"),
            grant: name("Grant"),
            terminal: name("Terminal"),
            agency: name("Agency"),
        }
    }

    pub(crate) fn action(&self, action: Action) -> EntityUid {
        uid(&self.action, action.as_str())
    }

    pub(crate) fn person(&self, name: &str) -> EntityUid {
        uid(&self.person, name)
    }

    fn one(&self, name: &str) -> Value {
        Value::new_entity_uid(self.person(name))
    }

    /// Who asks, and what is asked about.
    pub(crate) fn entities(&self, request: &Request) -> Result<(EntityUid, Entities), Unsayable> {
        let roles = request.who.roles.iter();
        let roles: HashSet<_> = roles.map(|role| uid(&self.role, role)).collect();
        let who = Entity::new_no_attrs(self.person(&request.who.name), roles);
        let (id, attributes) = self.resource(&request.resource);
        let what = Entity::new(id.clone(), attributes, HashSet::new()).map_err(|_| Unsayable)?;
        let entities = Entities::from_entities([who, what], None).map_err(|_| Unsayable)?;
        Ok((id, entities))
    }

    fn resource(&self, resource: &Resource) -> (EntityUid, Attributes) {
        match resource {
            Resource::Evidence {
                officer,
                department,
                case,
                began_ms,
                marked,
                held,
                requester,
            } => {
                let mut all = attributes([
                    ("officer", self.one(officer)),
                    ("department", text(department)),
                    ("case", text(case)),
                    ("began", Value::new_long(*began_ms)),
                    ("marked", Value::new_bool(*marked)),
                    ("held", Value::new_bool(*held)),
                ]);
                if let Some(requester) = requester {
                    all.insert("requester".to_owned(), self.one(requester));
                }
                (uid(&self.evidence, "it"), all)
            }
            Resource::Journal { officer } => {
                let mut all = Attributes::new();
                if let Some(officer) = officer {
                    all.insert("officer".to_owned(), self.one(officer));
                }
                (uid(&self.journal, "it"), all)
            }
            Resource::Registry { registry } => (
                uid(&self.registry, registry),
                attributes([("kind", text(registry))]),
            ),
            Resource::Grant {
                applicant,
                grantee,
                approver,
            } => {
                let mut all = attributes([
                    ("applicant", self.one(applicant)),
                    ("grantee", self.one(grantee)),
                ]);
                if let Some(approver) = approver {
                    all.insert("approver".to_owned(), self.one(approver));
                }
                (uid(&self.grant, "it"), all)
            }
            Resource::Terminal { terminal } => (uid(&self.terminal, terminal), Attributes::new()),
            Resource::Agency {} => (uid(&self.agency, "it"), Attributes::new()),
        }
    }

    pub(crate) fn context(
        &self,
        action: Action,
        given: &Circumstances,
        grant: Option<&Granted>,
    ) -> Result<Context, Unsayable> {
        // Straight from an array: sorting them into a map first would cost as much as the rules.
        let terms = grant.map(|grant| self.terms(grant)).transpose()?;
        let all = [
            ("now", Value::new_long(given.now_ms)),
            ("clock", text(given.clock.as_str())),
            ("on_duty", Value::new_bool(given.on_duty)),
            ("duty_case", text(&given.duty_case)),
            ("purpose", text(given.purpose.trim())),
            ("terminal", text(&given.terminal)),
            ("action", text(action.as_str())),
        ];
        let all = all.into_iter().chain(terms.map(|terms| ("grant", terms)));
        Context::from_pairs(all.map(owned)).map_err(|_| Unsayable)
    }

    fn terms(&self, grant: &Granted) -> Result<Value, Unsayable> {
        let terms = &grant.terms;
        let actions: Vec<_> = terms.actions.iter().map(|a| a.as_str()).collect();
        let officers = terms.officers.iter().map(|name| self.one(name));
        let all = [
            ("grantee", self.one(&terms.grantee)),
            ("actions", texts(&actions)),
            ("departments", texts(&terms.departments)),
            ("cases", texts(&terms.cases)),
            ("officers", Value::new_set(officers)),
            ("from", Value::new_long(terms.from_ms.unwrap_or(i64::MIN))),
            ("to", Value::new_long(terms.to_ms.unwrap_or(i64::MAX))),
            ("not_before", Value::new_long(terms.not_before_ms)),
            ("expires", Value::new_long(terms.expires_ms)),
            ("terminals", texts(&terms.terminals)),
            ("revoked", Value::new_bool(grant.revoked)),
        ];
        Value::new_record(all.into_iter().map(owned)).map_err(|_| Unsayable)
    }
}
