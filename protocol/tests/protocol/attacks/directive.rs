//! Orders that a terminal must not follow.

use custos_protocol::{
    directive::{Action, Addressee, Directive, DirectiveError},
    note::{Note, NoteError, Signer},
    statement::{self, StatementError},
    trust::{Person, ROLE_DIRECTIVE, TrustSet},
};

use crate::fixture::{Agency, START_MS, TERMINAL, seeded};

fn signed(directive: &Directive, by: &[&Signer]) -> Note {
    statement::sign(directive, by).expect("a note")
}

fn short(signed: usize, threshold: usize) -> DirectiveError {
    DirectiveError::Threshold { signed, threshold }
}

fn here() -> Addressee<'static> {
    Addressee {
        terminal: TERMINAL,
        epoch: 1,
        last_seq: 4,
        now_ms: START_MS + 200_000,
    }
}

#[test]
fn for_this_terminal_now_and_once() {
    let lock = Agency::custos().directive(Action::Lock, 5);
    assert_eq!(lock.check(&here()), Ok(()));
    let at = |change: fn(&mut Addressee<'static>)| {
        let mut to = here();
        change(&mut to);
        lock.check(&to)
    };
    assert_eq!(
        at(|to| to.terminal = "cam-08"),
        Err(DirectiveError::OtherTerminal)
    );
    assert_eq!(at(|to| to.epoch = 2), Err(DirectiveError::OtherEpoch));
    assert_eq!(at(|to| to.last_seq = 5), Err(DirectiveError::Replayed));
    assert_eq!(
        at(|to| to.last_seq = u64::MAX),
        Err(DirectiveError::Replayed)
    );
    assert_eq!(
        at(|to| to.now_ms = START_MS + 700_000_000),
        Err(DirectiveError::Expired)
    );
    assert_eq!(at(|to| to.now_ms = START_MS + 699_999_999), Ok(()));
}

#[test]
fn one_person_locks_and_two_wipe() {
    let agency = Agency::custos();
    let trust = agency.trust();
    let open =
        |action, by: &[&Signer]| Directive::open(&signed(&agency.directive(action, 5), by), &trust);
    for action in [Action::Lock, Action::Unlock] {
        assert_eq!(
            open(action, &[&agency.anna]),
            Ok(agency.directive(action, 5))
        );
    }
    assert_eq!(open(Action::Wipe, &[&agency.anna]), Err(short(1, 2)));
    assert!(open(Action::Wipe, &[&agency.anna, &agency.bert]).is_ok());
    assert!(open(Action::Wipe, &[&agency.bert, &agency.anna]).is_ok());
    let twice = open(Action::Wipe, &[&agency.anna, &agency.anna]);
    assert!(twice.is_err(), "one line twice: {twice:?}");
}

#[test]
fn one_person_under_two_names_is_one() {
    let agency = Agency::custos();
    let wipe = agency.directive(Action::Wipe, 5);
    let person = |name: &str, key: &Signer| Person {
        name: name.into(),
        key: key.verifier(),
        roles: vec![ROLE_DIRECTIVE.into()],
    };
    let with = |people: Vec<Person>, by: &[&Signer]| {
        let trust = TrustSet {
            people,
            ..agency.trust()
        };
        Directive::open(&signed(&wipe, by), &trust)
    };
    // The same key registered for two people, each with a key name of their own.
    let alias = seeded("custos.local/person/zoe", 7);
    let people = vec![person("anna", &agency.anna), person("zoe", &alias)];
    assert_eq!(with(people, &[&agency.anna, &alias]), Err(short(1, 2)));
    // The same key and key name registered for two people.
    let people = vec![person("anna", &agency.anna), person("zoe", &agency.anna)];
    assert_eq!(with(people, &[&agency.anna]), Err(short(1, 2)));
    // Two keys of one person.
    let second = seeded("custos.local/person/anna-2", 77);
    let people = vec![person("anna", &agency.anna), person("anna", &second)];
    assert_eq!(with(people, &[&agency.anna, &second]), Err(short(1, 2)));
}

#[test]
fn people_without_the_role_and_strangers() {
    let agency = Agency::custos();
    let trust = agency.trust();
    let lock = agency.directive(Action::Lock, 5);
    let unexpected = DirectiveError::Statement(StatementError::Note(NoteError::Unexpected));
    let open = |by: &[&Signer]| Directive::open(&signed(&lock, by), &trust);
    let stranger = seeded("custos.local/person/anna", 240);
    for wrong in [&agency.carla, &stranger, &agency.root, &agency.policy] {
        assert_eq!(open(&[wrong]), Err(unexpected.clone()), "{}", wrong.name());
        assert_eq!(
            open(&[&agency.anna, wrong]),
            Err(unexpected.clone()),
            "{}",
            wrong.name()
        );
    }
    // Anna's good line and a second one in Bert's name that is not his.
    let mut note = signed(&agency.directive(Action::Wipe, 5), &[&agency.anna]).to_string();
    let other = signed(&agency.directive(Action::Wipe, 6), &[&agency.bert]).to_string();
    note += other.lines().last().expect("a line");
    note += "\n";
    let forged: Note = note.parse().expect("a note");
    let error = Directive::open(&forged, &trust).expect_err("refused");
    assert!(
        matches!(
            error,
            DirectiveError::Statement(StatementError::Note(NoteError::BadSignature(_)))
        ),
        "{error}"
    );
}

#[test]
fn every_flipped_bit_of_a_directive() {
    let agency = Agency::custos();
    let trust = agency.trust();
    let wipe = signed(
        &agency.directive(Action::Wipe, 5),
        &[&agency.anna, &agency.bert],
    );
    let text = wipe.to_string();
    for bit in 0..text.len() * 8 {
        let opened = String::from_utf8(super::flipped(text.as_bytes(), bit))
            .ok()
            .and_then(|text| text.parse().ok())
            .and_then(|note| Directive::open(&note, &trust).ok());
        assert_eq!(opened, None, "bit {bit}");
    }
}

#[test]
fn not_understood_whole_is_not_followed() {
    let agency = Agency::custos();
    let trust = agency.trust();
    let lock = signed(&agency.directive(Action::Lock, 5), &[]);
    for (from, to) in [
        ("\"suite\":1", "\"suite\":2"),
        ("\"action\":\"lock\"", "\"action\":\"explode\""),
        ("\"seq\":5", "\"seq\":-5"),
        ("\"seq\":5", "\"seq\":5,\"seq\":6"),
        ("\"seq\":5", "\"seq\":5,\"delay_s\":600"),
        ("custos.directive/v1", "custos.directive/v2"),
    ] {
        let text = lock.text().replace(from, to);
        assert_ne!(text, lock.text());
        let note = Note::sign(&text, &[&agency.anna]).expect("a note");
        assert!(Directive::open(&note, &trust).is_err(), "{to}");
    }
}
