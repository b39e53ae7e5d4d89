//! Statements that are rightly signed and say anything at all: one byte for the kind, then the
//! JSON. What opens comes back the same when it is signed again.

#![no_main]

use custos_fuzz::fixture::{Agency, START_MS, TERMINAL, World};
use custos_protocol::{
    certificate::Certificate,
    directive::{Ack, Addressee, Directive, DirectiveError},
    note::{Note, Signer},
    policy::Policy,
    session::{ChallengeAnswer, EnrolProof},
    statement::{self, Statement},
    stored::Stored,
    suite,
    trust::{TrustFile, TrustSet},
};
use libfuzzer_sys::fuzz_target;
use std::{fmt::Debug, sync::LazyLock};

static WORLD: LazyLock<World> = LazyLock::new(World::new);
static TRUST: LazyLock<TrustSet> = LazyLock::new(|| WORLD.agency.trust());

/// The note of a kind with this body, if it can be one.
fn note<T: Statement>(json: &str, signers: &[&Signer]) -> Option<Note> {
    let note = Note::sign(&format!("{}\n{json}\n", T::TYPE), signers).ok()?;
    Some(note.to_string().parse().expect("own words"))
}

/// What is in it, and the same when it is signed anew.
fn body<T: Statement + PartialEq + Debug>(note: &Note, signers: &[&Signer]) -> Option<T> {
    let value: T = statement::read_unverified(note).ok()?;
    assert_eq!(value.suite(), suite::CURRENT);
    let again = statement::sign(&value, signers).expect("it was signed before");
    assert_eq!(statement::read_unverified::<T>(&again).as_ref(), Ok(&value));
    let keys: Vec<_> = signers.iter().map(|s| s.verifier()).collect();
    assert_eq!(
        statement::open::<T>(note, &keys, keys.len()).as_ref(),
        Ok(&value)
    );
    Some(value)
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, json)) = data.split_first() else {
        return;
    };
    let Ok(json) = std::str::from_utf8(json) else {
        return;
    };
    let agency = &WORLD.agency;
    match kind % 8 {
        0 => directive(agency, json),
        1 => plain::<Ack>(json, &WORLD.terminal.key),
        2 => {
            let Some(note) = note::<Policy>(json, &[&agency.policy]) else {
                return;
            };
            let read = body::<Policy>(&note, &[&agency.policy]);
            let opened = Policy::open(&note.to_string(), &TRUST);
            assert_eq!(
                opened.is_ok(),
                read.as_ref().is_some_and(|p| p.check().is_ok())
            );
        }
        3 => {
            let Some(note) = note::<Certificate>(json, &[&agency.registrar]) else {
                return;
            };
            let read = body::<Certificate>(&note, &[&agency.registrar]);
            assert_eq!(Certificate::open(&note.to_string(), &TRUST).ok(), read);
        }
        4 => plain::<Stored>(json, &agency.storage),
        5 => plain::<EnrolProof>(json, &WORLD.terminal.key),
        6 => plain::<ChallengeAnswer>(json, &agency.anna),
        _ => trust_set(agency, json),
    }
});

fn plain<T: Statement + PartialEq + Debug>(json: &str, signer: &Signer) {
    if let Some(note) = note::<T>(json, &[signer]) {
        let _ = body::<T>(&note, &[signer]);
    }
}

fn directive(agency: &Agency, json: &str) {
    let (anna, bert, carla) = (&agency.anna, &agency.bert, &agency.carla);
    let Some(one) = note::<Directive>(json, &[anna]) else {
        return;
    };
    let Some(read) = body::<Directive>(&one, &[anna]) else {
        return;
    };
    let two = note::<Directive>(json, &[anna, bert]).expect("as before");
    let stranger = note::<Directive>(json, &[anna, carla]).expect("as before");
    assert_eq!(
        Directive::open(&one, &TRUST).is_ok(),
        read.action.threshold() == 1
    );
    assert_eq!(Directive::open(&two, &TRUST).as_ref(), Ok(&read));
    assert!(Directive::open(&stranger, &TRUST).is_err());
    let to = Addressee {
        terminal: TERMINAL,
        epoch: 1,
        last_seq: 4,
        now_ms: START_MS + 200_000,
    };
    match read.check(&to) {
        Ok(()) => {
            assert!(read.terminal == TERMINAL && read.epoch == 1 && read.seq > 4);
            let later = Addressee {
                last_seq: read.seq,
                ..to
            };
            assert_eq!(read.check(&later), Err(DirectiveError::Replayed));
            let expired = Addressee {
                now_ms: read.expires_ms,
                ..to
            };
            assert_eq!(read.check(&expired), Err(DirectiveError::Expired));
        }
        Err(error) => assert!(!error.code().is_empty()),
    }
}

fn trust_set(agency: &Agency, json: &str) {
    let signers = [&agency.root, &agency.second_root];
    let Some(note) = note::<TrustSet>(json, &signers) else {
        return;
    };
    let Some(read) = body::<TrustSet>(&note, &signers) else {
        return;
    };
    let text = note.to_string();
    if let Ok(set) = TrustSet::open(&text) {
        assert_eq!(set, read);
        assert!(set.roots.threshold > 0);
        let own = set
            .roots
            .keys
            .iter()
            .filter(|key| signers.iter().any(|s| s.verifier() == **key));
        assert!(own.count() >= set.roots.threshold);
        let file = TrustFile::new(&text);
        assert_eq!(TrustFile::from_text(&file.to_text()).as_ref(), Ok(&file));
        assert_eq!(file.open().as_ref(), Ok(&set));
        assert_eq!(
            TrustSet::open_pinned(&text, &TRUST.roots).as_ref(),
            Ok(&set)
        );
    }
    if let Ok(next) = TRUST.update(&text) {
        assert_eq!(next, read);
        assert_eq!(
            (next.version, &next.agency),
            (TRUST.version + 1, &TRUST.agency)
        );
    }
    let _ = read.roots.fingerprint();
}
