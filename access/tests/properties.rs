//! Whatever is asked, there is an answer, and it is a denial where nothing speaks for it.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::OnceLock;

use custos_access::{Action, Circumstances, Clock, Granted, Request, Resource, Rules, Who};
use custos_protocol::grant::{GrantAction, GrantTerms};
use proptest::{collection::vec, option, prelude::*, sample::select};

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules::shipped().unwrap())
}

/// Few enough that they often meet.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["me", "bo", "cy"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn role() -> impl Strategy<Value = String> {
    let mut known: Vec<_> = custos_protocol::trust::ROLES.to_vec();
    known.push("officer");
    prop_oneof![4 => select(known).prop_map(str::to_owned), 1 => any::<String>()]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), select(vec![i64::MIN, -1, 0, 1, i64::MAX])]
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![
        4 => (name(), name(), name(), time(), any::<(bool, bool)>(), option::of(name())).prop_map(
            |(officer, department, case, began_ms, (marked, held), requester)| Resource::Evidence {
                officer, department, case, began_ms, marked, held, requester,
            }
        ),
        1 => option::of(name()).prop_map(|officer| Resource::Journal { officer }),
        1 => prop_oneof![
            select(vec!["law", "person", "vehicle", "case", "device"]).prop_map(str::to_owned),
            any::<String>()
        ]
        .prop_map(|registry| Resource::Registry { registry }),
        1 => (name(), name(), option::of(name())).prop_map(|(applicant, grantee, approver)| {
            Resource::Grant { applicant, grantee, approver }
        }),
        1 => name().prop_map(|terminal| Resource::Terminal { terminal }),
        1 => Just(Resource::Agency {}),
    ]
}

fn granted() -> impl Strategy<Value = Granted> {
    let scope = (
        vec(name(), 0..3),
        vec(name(), 0..3),
        vec(name(), 0..3),
        vec(name(), 0..3),
    );
    let times = (time(), time(), option::of(time()), option::of(time()));
    let actions = vec(select(GrantAction::ALL.to_vec()), 0..8);
    (name(), actions, scope, times, any::<bool>()).prop_map(
        |(grantee, actions, scope, times, revoked)| Granted {
            id: "grant".into(),
            terms: GrantTerms {
                grantee,
                actions,
                departments: scope.0,
                cases: scope.1,
                officers: scope.2,
                terminals: scope.3,
                not_before_ms: times.0,
                expires_ms: times.1,
                from_ms: times.2,
                to_ms: times.3,
                purpose: String::new(),
            },
            revoked,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let who = (name(), vec(role(), 0..4)).prop_map(|(name, roles)| Who { name, roles });
    let clock = select(vec![Clock::Station, Clock::Carried, Clock::None]);
    let given = (time(), clock, any::<bool>(), name(), name(), name()).prop_map(
        |(now_ms, clock, on_duty, duty_case, purpose, terminal)| Circumstances {
            now_ms,
            clock,
            on_duty,
            duty_case,
            purpose,
            terminal,
        },
    );
    let action = select(Action::ALL.to_vec());
    (who, action, resource(), given, vec(granted(), 0..3)).prop_map(
        |(who, action, resource, circumstances, grants)| Request {
            who,
            action,
            resource,
            circumstances,
            grants,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn every_request_is_answered(request in request()) {
        let decision = rules().decide(&request);
        prop_assert_ne!(&decision.reason, "policy-error", "{:?}", request);
        prop_assert_eq!(decision.is_allowed(), decision.reason == "allowed" || decision.reason == "granted");
        if decision.is_allowed() {
            prop_assert!(!decision.rules.is_empty());
        }
        // Content goes to who recorded it, or by a grant of one's own that is in force.
        if decision.is_allowed() && request.action == Action::EvidencePlay {
            let Resource::Evidence { officer, .. } = &request.resource else {
                return Err(TestCaseError::fail("another kind"));
            };
            let now = request.circumstances.now_ms;
            let by_grant = request.grants.iter().any(|grant| {
                let terms = &grant.terms;
                !grant.revoked
                    && terms.grantee == request.who.name
                    && terms.not_before_ms <= now
                    && now < terms.expires_ms
            });
            prop_assert!(*officer == request.who.name || by_grant);
        }
        // A request survives its JSON.
        let json = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
    }

    #[test]
    fn rules_of_any_text_are_refused_or_taken(text in any::<String>()) {
        let _ = Rules::parse(&text);
    }
}
