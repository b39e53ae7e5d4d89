//! Changes to people and policy that nobody takes in.

use custos_protocol::{
    change::{Change, ChangeError, Changed, LASTS_MS},
    note::Note,
    statement::{self, StatementError},
    trust::{Person, ROLE_DEVICE},
};

use super::flipped;
use crate::fixture::{Agency, START_MS, grant::Granting};

fn granting() -> Granting {
    Granting::of(&Agency::custos())
}

fn open(world: &Granting, note: &Note) -> Result<(Change, Vec<String>), ChangeError> {
    Change::open(note, &world.trust, START_MS)
}

#[test]
fn device_management_signs_it_and_nobody_else() {
    let world = granting();
    let (change, signed) = open(&world, &world.change(&[&world.carla])).expect("a change");
    assert_eq!(signed, ["carla"]);
    assert!(matches!(change.what, Changed::Person(person) if person.name == "gina"));
    let short = StatementError::Threshold {
        signed: 0,
        threshold: 1,
    };
    assert_eq!(open(&world, &world.change(&[])), Err(short.into()));
    for other in [&world.dora, &world.emil] {
        for by in [vec![other], vec![&world.carla, other]] {
            let refused = open(&world, &world.change(&by)).unwrap_err();
            assert_eq!(refused.code(), "change-signature");
        }
    }
}

/// Two names for one key are one person, and so are two keys of one name.
#[test]
fn two_are_two_people() {
    let mut world = granting();
    let (carla, emil) = (world.carla.verifier(), world.emil.verifier());
    let mut add = |name: &str, key| {
        world.trust.people.push(Person {
            name: name.into(),
            key,
            roles: vec![ROLE_DEVICE.into()],
        });
    };
    add("carla-too", carla);
    add("carla", emil);
    let (_, signed) = open(&world, &world.change(&[&world.carla, &world.emil])).expect("a change");
    assert_eq!(signed, ["carla"]);
}

#[test]
fn it_lapses_and_is_of_its_agency() {
    let mut world = granting();
    let note = world.change(&[&world.carla]);
    for (now, fits) in [
        (START_MS + LASTS_MS, true),
        (START_MS + LASTS_MS + 1, false),
        (START_MS - 600_000, true),
        (START_MS - 600_001, false),
        (i64::MIN, false),
        (i64::MAX, false),
    ] {
        let opened = Change::open(&note, &world.trust, now);
        assert_eq!(opened.is_ok(), fits, "{now}");
        assert!(fits || opened == Err(ChangeError::Time));
    }
    let (change, _) = open(&world, &note).expect("a change");
    for id in ["", "../x", &"x".repeat(65)] {
        let odd = Change {
            id: id.into(),
            ..change.clone()
        };
        let note = statement::sign(&odd, &[&world.carla]).expect("a note");
        assert_eq!(open(&world, &note), Err(ChangeError::Range));
    }
    world.trust.agency = "other.example".into();
    assert_eq!(open(&world, &note), Err(ChangeError::Range));
}

#[test]
fn no_byte_of_it_can_change() {
    let world = granting();
    let good = world.change(&[&world.carla]).to_string();
    for bit in 0..good.len() * 8 {
        let Ok(text) = String::from_utf8(flipped(good.as_bytes(), bit)) else {
            continue;
        };
        let opened = text.parse().ok().map(|note: Note| open(&world, &note));
        assert!(!matches!(opened, Some(Ok(_))), "{text}");
    }
    // Rules are no change, though the same people sign them.
    let rules = world.rules(2, &[&world.carla]);
    let other = StatementError::OtherKind;
    assert_eq!(open(&world, &rules), Err(other.into()));
}
