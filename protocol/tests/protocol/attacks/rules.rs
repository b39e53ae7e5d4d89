//! Access rules that nobody takes in.

use custos_protocol::{
    note::Signer,
    rules::{AccessRules, AccessRulesError, MAX_RULES_TEXT},
    statement::{self, StatementError},
    suite,
    trust::{Person, ROLE_DEVICE, TrustSet},
};

use super::flipped;
use crate::fixture::{Agency, START_MS, grant::Granting, seeded};

fn granting() -> Granting {
    Granting::of(&Agency::custos())
}

fn open(note: &str, trust: &TrustSet, threshold: usize) -> Result<AccessRules, AccessRulesError> {
    AccessRules::open(note, trust, threshold)
}

/// A second person of device management, under any name and key.
fn with(trust: &TrustSet, name: &str, key: &Signer) -> TrustSet {
    let mut trust = trust.clone();
    trust.people.push(Person {
        name: name.into(),
        key: key.verifier(),
        roles: vec![ROLE_DEVICE.into()],
    });
    trust
}

#[test]
fn device_management_signs_them_and_nobody_else() {
    let world = granting();
    let good = world.rules(2, &[&world.carla]).to_string();
    assert_eq!(open(&good, &world.trust, 1).expect("rules").version, 2);
    for other in [&world.dora, &world.emil] {
        let note = world.rules(2, &[other]).to_string();
        let refused = open(&note, &world.trust, 1).unwrap_err();
        assert_eq!(refused.code(), "rules-signature");
        let beside = world.rules(2, &[&world.carla, other]).to_string();
        assert!(
            open(&beside, &world.trust, 1).is_err(),
            "nothing unverified"
        );
    }
    let unsigned = world.rules(2, &[]).to_string() + "\n";
    assert!(open(&unsigned, &world.trust, 1).is_err());
}

#[test]
fn two_are_two_people() {
    let world = granting();
    let short = AccessRulesError::Threshold {
        signed: 1,
        threshold: 2,
    };
    let alone = world.rules(2, &[&world.carla]).to_string();
    assert_eq!(open(&alone, &world.trust, 2), Err(short.clone()));
    let fred = seeded("custos.local/person/fred", 150);
    let trust = with(&world.trust, "fred", &fred);
    let both = world.rules(2, &[&world.carla, &fred]).to_string();
    assert!(open(&both, &trust, 2).is_ok());
    // Another key of carla's.
    let second = seeded("custos.local/person/carla", 151);
    let trust = with(&world.trust, "carla", &second);
    let twice = world.rules(2, &[&world.carla, &second]).to_string();
    assert_eq!(open(&twice, &trust, 2), Err(short));
    assert!(open(&alone, &world.trust, 0).is_ok(), "one at the least");
    let nobody = TrustSet {
        people: Vec::new(),
        ..world.trust.clone()
    };
    assert!(open(&alone, &nobody, 0).is_err());
}

#[test]
fn no_bit_can_be_changed() {
    let world = granting();
    let note = world.rules(2, &[&world.carla]).to_string();
    for bit in (0..note.len() * 8).step_by(7) {
        let Ok(forged) = String::from_utf8(flipped(note.as_bytes(), bit)) else {
            continue;
        };
        assert!(open(&forged, &world.trust, 1).is_err(), "bit {bit}");
    }
}

#[test]
fn versions_and_lengths_have_an_end() {
    let world = granting();
    for version in [0, 1 << 53, u64::MAX] {
        let note = world.rules(version, &[&world.carla]).to_string();
        assert_eq!(open(&note, &world.trust, 1), Err(AccessRulesError::Range));
    }
    let long = AccessRules {
        suite: suite::CURRENT,
        version: 1,
        text: "/".repeat(MAX_RULES_TEXT + 1),
        time_ms: START_MS,
    };
    let long = statement::sign(&long, &[&world.carla]).expect("a note");
    let refused = open(&long.to_string(), &world.trust, 1);
    assert_eq!(refused, Err(AccessRulesError::Range));
    let policy = world.setting.to_string();
    assert_eq!(
        open(&policy, &world.trust, 1),
        Err(AccessRulesError::Statement(StatementError::OtherKind))
    );
}
