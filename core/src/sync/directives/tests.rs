use custos_protocol::{
    directive::Action,
    key::SigningKey,
    trust::{Person, ROLE_DIRECTIVE, ROLE_EVIDENCE, Roots, TrustSet},
};

use super::*;
use crate::vault::testing::TestVault;

struct Fixture {
    test: TestVault,
}

fn person(name: &str, seed: u8) -> Signer {
    let key = SigningKey::from_seed(&[seed; 32]);
    Signer::new(&TrustSet::person_key_name("custos.test", name), key).unwrap()
}

fn alice() -> Signer {
    person("alice", 1)
}

fn bob() -> Signer {
    person("bob", 2)
}

impl Fixture {
    /// Terminal t-1, epoch 1; alice and bob may sign directives, carol may not.
    fn new() -> Self {
        let test = TestVault::new();
        let root = person("root", 9);
        let member = |signer: &Signer, name: &str, role: &str| Person {
            name: name.to_owned(),
            key: signer.verifier(),
            roles: vec![role.to_owned()],
        };
        let set = TrustSet {
            suite: suite::CURRENT,
            version: 1,
            agency: "custos.test".to_owned(),
            time_ms: 0,
            roots: Roots {
                keys: vec![root.verifier()],
                threshold: 1,
            },
            registrar: Vec::new(),
            witness: Vec::new(),
            storage: Vec::new(),
            policy: Vec::new(),
            people: vec![
                member(&alice(), "alice", ROLE_DIRECTIVE),
                member(&bob(), "bob", ROLE_DIRECTIVE),
                // The same key under another name is not another person.
                member(&alice(), "alice-again", ROLE_DIRECTIVE),
                member(&person("carol", 3), "carol", ROLE_EVIDENCE),
            ],
            recipients: Vec::new(),
        };
        let note = statement::sign(&set, &[&root]).unwrap().to_string();
        let sql = "INSERT INTO trust_set (version, note) VALUES (1, ?1)";
        test.vault.write(|tx| Ok(tx.execute(sql, [note])?)).unwrap();
        Self { test }
    }

    fn vault(&self) -> &Vault {
        &self.test.vault
    }

    fn apply(&self, directive: &Directive, signers: &[&Signer]) -> Result<DirectiveOutcome> {
        let note = statement::sign(directive, signers).unwrap().to_string();
        apply(self.vault(), &note).map(|applied| applied.outcome)
    }

    fn refuses(&self, directive: &Directive, signers: &[&Signer], fault: DirectiveFault) {
        let before = self.state();
        assert_eq!(self.apply(directive, signers), Err(Error::Directive(fault)));
        assert_eq!(self.state(), before, "a refused directive changes nothing");
        assert!(self.kinds().ends_with(&["directive-refused".to_owned()]));
    }

    /// Locked, and the last sequence.
    fn state(&self) -> (bool, u64) {
        let device = self.vault().read(Device::load).unwrap();
        (device.locked, device.directive_seq)
    }

    fn kinds(&self) -> Vec<String> {
        let raw = self
            .vault()
            .read(|c| journal::entries(c, 0, 1_000, usize::MAX))
            .unwrap();
        raw.iter()
            .map(|raw| custos_protocol::journal::Entry::from_raw(raw).unwrap().kind)
            .collect()
    }

    fn acks(&self) -> Vec<Ack> {
        let queued = self.vault().read(pending).unwrap();
        let log = self.test.signer().verifier();
        let open = |note: &str| statement::open(&note.parse().unwrap(), [&log], 1).unwrap();
        queued.iter().map(|ack| open(&ack.note)).collect()
    }
}

fn directive(seq: u64, action: Action) -> Directive {
    Directive {
        suite: suite::CURRENT,
        id: format!("directive-{seq}"),
        terminal: "t-1".to_owned(),
        epoch: 1,
        seq,
        action,
        reason: "reported lost".to_owned(),
        issued_ms: 0,
        expires_ms: i64::MAX,
    }
}

#[test]
fn lock_and_unlock_act_and_are_acknowledged() {
    let fixture = Fixture::new();
    let outcome = fixture
        .apply(&directive(1, Action::Lock), &[&alice()])
        .unwrap();
    assert_eq!((outcome.action, outcome.repeated), ("lock", false));
    assert_eq!(fixture.state(), (true, 1));
    let states: Vec<_> = fixture.acks().iter().map(|ack| ack.state).collect();
    assert_eq!(states, [State::Accepted, State::Executing, State::Done]);
    assert_eq!(
        fixture.kinds(),
        ["directive-received", "directive-executed"]
    );
    fixture
        .apply(&directive(2, Action::Unlock), &[&bob()])
        .unwrap();
    assert_eq!(fixture.state(), (false, 2));
}

/// Invariant 5: acting twice changes nothing. An old lock, played again, does not lock.
#[test]
fn a_replay_changes_nothing() {
    let fixture = Fixture::new();
    let lock = directive(1, Action::Lock);
    fixture.apply(&lock, &[&alice()]).unwrap();
    fixture
        .apply(&directive(2, Action::Unlock), &[&alice()])
        .unwrap();
    let outcome = fixture.apply(&lock, &[&alice()]).unwrap();
    assert!(outcome.repeated);
    assert_eq!(fixture.state(), (false, 2));
    // Another order under a number that was used: not the same one.
    let other = Directive {
        id: "directive-other".into(),
        ..directive(1, Action::Lock)
    };
    fixture.refuses(&other, &[&alice()], DirectiveFault::Sequence);
    let skipped = Directive {
        seq: 2,
        ..directive(9, Action::Lock)
    };
    fixture.refuses(&skipped, &[&alice()], DirectiveFault::Sequence);
}

#[test]
fn sequence_numbers_only_go_up() {
    let fixture = Fixture::new();
    fixture
        .apply(&directive(7, Action::Lock), &[&alice()])
        .unwrap();
    fixture.refuses(
        &directive(6, Action::Unlock),
        &[&alice()],
        DirectiveFault::Sequence,
    );
    assert_eq!(fixture.state(), (true, 7));
}

#[test]
fn only_for_this_terminal_this_enrolment_and_in_time() {
    let fixture = Fixture::new();
    let lock = directive(1, Action::Lock);
    let foreign = Directive {
        terminal: "t-2".into(),
        ..lock.clone()
    };
    fixture.refuses(&foreign, &[&alice()], DirectiveFault::Addressee);
    for epoch in [0, 2] {
        let other = Directive {
            epoch,
            ..lock.clone()
        };
        fixture.refuses(&other, &[&alice()], DirectiveFault::Epoch);
    }
    let late = Directive {
        expires_ms: clock::wall_ms(),
        ..lock
    };
    fixture.refuses(&late, &[&alice()], DirectiveFault::Expired);
}

/// A clock that was set back does not make an expired order valid again.
#[test]
fn expiry_holds_against_the_stations_time() {
    let fixture = Fixture::new();
    let in_an_hour = clock::wall_ms() + 3_600_000;
    fixture
        .vault()
        .write(|tx| clock::station_said(tx, in_an_hour))
        .unwrap();
    let lock = Directive {
        expires_ms: in_an_hour - 1,
        ..directive(1, Action::Lock)
    };
    fixture.refuses(&lock, &[&alice()], DirectiveFault::Expired);
}

#[test]
fn only_by_people_who_may() {
    let fixture = Fixture::new();
    let lock = directive(1, Action::Lock);
    fixture.refuses(&lock, &[], DirectiveFault::Signature);
    fixture.refuses(&lock, &[&person("carol", 3)], DirectiveFault::Signature);
    fixture.refuses(&lock, &[&person("mallory", 4)], DirectiveFault::Signature);
    // Alice's name with another key.
    fixture.refuses(&lock, &[&person("alice", 4)], DirectiveFault::Signature);
    // A good signature beside a stranger's does not carry it.
    fixture.refuses(
        &lock,
        &[&alice(), &person("mallory", 4)],
        DirectiveFault::Signature,
    );
}

#[test]
fn one_person_does_not_wipe() {
    let fixture = Fixture::new();
    let wipe = directive(1, Action::Wipe);
    fixture.refuses(&wipe, &[&alice()], DirectiveFault::Threshold);
    fixture.refuses(
        &wipe,
        &[&alice(), &person("alice-again", 1)],
        DirectiveFault::Signature,
    );
    assert!(fixture.vault().folder().master().exists());
    assert_eq!(fixture.state(), (false, 0));
}

#[test]
fn two_people_wipe_and_the_last_words_are_signed() {
    let fixture = Fixture::new();
    let note = statement::sign(&directive(1, Action::Wipe), &[&alice(), &bob()])
        .unwrap()
        .to_string();
    let applied = apply(fixture.vault(), &note).unwrap();
    assert!(applied.outcome.wiped());
    assert!(!fixture.vault().folder().master().exists());
    assert!(!fixture.vault().folder().database().exists());
    let log = fixture.test.signer().verifier();
    let words: Vec<Ack> = applied
        .last_words
        .iter()
        .map(|(_, note)| statement::open(&note.parse().unwrap(), [&log], 1).unwrap())
        .collect();
    let states: Vec<_> = words.iter().map(|ack| ack.state).collect();
    assert_eq!(states, [State::Accepted, State::Executing, State::Done]);
    assert_eq!(
        apply(fixture.vault(), &note).map(|a| a.outcome),
        Err(Error::Wiped)
    );
}

/// Invariant 5: the sequence is durable before the directive acts. A power cut in between leaves
/// an order that is carried out when it comes again, once, even after it expired.
#[test]
fn an_interrupted_directive_is_taken_up_again() {
    let fixture = Fixture::new();
    let lock = Directive {
        expires_ms: clock::wall_ms() + 60_000,
        ..directive(1, Action::Lock)
    };
    let note = statement::sign(&lock, &[&alice()]).unwrap().to_string();
    let signer = fixture.test.signer();
    fixture
        .vault()
        .write(|tx| begin(tx, &signer, &lock, &note))
        .unwrap();
    // The power goes here.
    assert_eq!(fixture.state(), (false, 1));
    let later = clock::wall_ms() + 3_600_000;
    fixture
        .vault()
        .write(|tx| clock::station_said(tx, later))
        .unwrap();
    assert!(!apply(fixture.vault(), &note).unwrap().outcome.repeated);
    assert_eq!(fixture.state(), (true, 1));
    assert!(apply(fixture.vault(), &note).unwrap().outcome.repeated);
}

#[test]
fn any_text_is_refused_without_a_panic() {
    let fixture = Fixture::new();
    let whole = statement::sign(&directive(1, Action::Lock), &[&alice()])
        .unwrap()
        .to_string();
    for length in 0..whole.len() {
        if whole.is_char_boundary(length) {
            let refused = apply(fixture.vault(), &whole[..length]).map(|a| a.outcome);
            assert_eq!(
                refused,
                Err(Error::Directive(DirectiveFault::Signature)),
                "{length}"
            );
        }
    }
    let forged = whole.replace("reported lost", "reported last");
    assert!(apply(fixture.vault(), &forged).is_err());
    assert_eq!(fixture.state(), (false, 0));
}
