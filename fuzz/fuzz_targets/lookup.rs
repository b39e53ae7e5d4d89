//! What people type to be looked up, and what stations and registries answer: one byte for the
//! kind, then the text.

#![no_main]

use custos_fuzz::fixture::World;
use custos_protocol::{
    lookup::{
        ask::{LookupReply, LookupRequest, Purpose, PurposeError, Salt},
        list::{self, ListFile, ListKey},
        mask,
        query::{MAX_RECORDS, Record, Registry, Subject},
    },
    trust::TrustSet,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TRUST: LazyLock<TrustSet> = LazyLock::new(|| World::new().agency.trust());

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    match kind % 8 {
        number @ 0..=3 => subject(Registry::ALL[usize::from(number)], text),
        4 => purpose(text),
        5 => masks(text),
        6 => reply(text),
        _ => list_file(text),
    }
});

/// One form for one subject, which says itself again, and which no purpose may hold; nothing is a
/// number and a pattern.
fn subject(registry: Registry, typed: &str) {
    if let Ok(pattern) = Subject::pattern(registry, typed) {
        assert!(
            pattern.is_sound_pattern() && !pattern.is_sound(),
            "{typed:?}"
        );
        assert!(matches!(registry, Registry::Vehicle | Registry::Case));
    }
    let Ok(subject) = Subject::parse(registry, typed) else {
        return;
    };
    assert!(subject.is_sound(), "{typed:?}");
    assert!(!subject.key.contains(['*', '?', '%', ',', ';', '\n']));
    let said = format!("{subject:?}");
    assert!(subject.key.chars().count() < 4 || !said.contains(&subject.key));
    let salt = Salt::from_bytes([7; 16]);
    assert_eq!(salt.commit(&subject), salt.commit(&subject.clone()));
    if let Ok(purpose) = Purpose::parse(&format!("inquiry: {typed}")) {
        let expected = match registry {
            Registry::Person | Registry::Vehicle => Err(PurposeError::NamesSubject),
            Registry::Case | Registry::Device => Ok(()),
        };
        assert_eq!(purpose.check_for(&subject), expected, "{typed:?}");
    }
    let key = ListKey::from_text("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("32 bytes");
    assert!(!list::has(&[0; 32], &key, &subject));
}

fn purpose(text: &str) {
    if let Ok(purpose) = Purpose::parse(text) {
        assert_eq!(purpose.check(), Ok(()));
        let json = serde_json::to_string(&purpose).expect("plain data");
        assert_eq!(
            serde_json::from_str::<Purpose>(&json).expect("own words"),
            purpose
        );
    }
}

/// A mask shows no more than half of anything, and is as long as what it stands for.
fn masks(value: &str) {
    let all = value.chars().count();
    for masked in [mask::number(value), mask::phone(value), mask::plate(value)] {
        assert_eq!(masked.chars().count(), all);
        let same = masked
            .chars()
            .zip(value.chars())
            .filter(|(m, v)| m == v && *v != '*');
        assert!(same.count() <= all.div_ceil(2) + 1, "{value:?} {masked:?}");
    }
    let name = mask::name(value);
    assert!(
        name.contains('*') && (all < 2 || name.chars().count() == all),
        "{value:?}"
    );
    assert!(mask::address(value).ends_with("****"));
}

fn reply(json: &str) {
    let _ = serde_json::from_str::<Record>(json);
    if let Ok(request) = serde_json::from_str::<LookupRequest>(json) {
        let _ = (request.subject.is_sound(), request.salt.parse::<Salt>());
    }
    let Ok(reply) = serde_json::from_str::<LookupReply>(json) else {
        return;
    };
    let subject = Subject::parse(Registry::Case, "A-1").expect("a number");
    let commitment = Salt::from_bytes([7; 16]).commit(&subject);
    let own = LookupReply {
        subject: commitment.to_string(),
        ..reply.clone()
    };
    if own.answers(&reply.lookup, &commitment) {
        assert!(own.records.len() <= MAX_RECORDS);
    }
    assert!(!reply.answers("another", &commitment) || reply.lookup == "another");
}

/// Nobody but people of the agency makes a list.
fn list_file(json: &str) {
    if let Ok(file) = serde_json::from_str::<ListFile>(json) {
        assert!(file.open(&TRUST).is_err());
    }
}
