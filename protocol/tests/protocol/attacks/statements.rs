//! Policies, tickets and the rest of what is signed or handed over.

use custos_protocol::{
    certificate::Certificate,
    note::Signer,
    policy::{Category, Policy, PolicyError},
    session::ChallengeAnswer,
    statement::{self, StatementError},
    suite,
    ticket::Ticket,
};

use super::flipped;
use crate::fixture::{Agency, TERMINAL, World};

#[test]
fn policy_ranges() {
    let agency = Agency::custos();
    let open = |policy: &Policy, by: &Signer| {
        let note = statement::sign(policy, &[by]).expect("a note").to_string();
        Policy::open(&note, &agency.trust())
    };
    assert_eq!(open(&agency.policy(), &agency.policy), Ok(agency.policy()));
    assert!(matches!(
        open(&agency.policy(), &agency.root),
        Err(PolicyError::Statement(StatementError::Note(_)))
    ));
    type Set = fn(&mut Policy, u64);
    let ranges: [(&str, Set, u64, u64); 8] = [
        ("fragment_ms", |p, v| p.fragment_ms = v as u32, 250, 4_000),
        ("clip_max_s", |p, v| p.clip_max_s = v as u32, 10, 43_200),
        (
            "clip_max_bytes",
            |p, v| p.clip_max_bytes = v,
            1 << 20,
            4 << 30,
        ),
        ("pin_min_length", |p, v| p.pin_min_length = v as u32, 4, 64),
        ("pin_attempts", |p, v| p.pin_attempts = v as u32, 1, 20),
        (
            "pin_lockout_s",
            |p, v| p.pin_lockout_s = v as u32,
            1,
            86_400,
        ),
        (
            "pre_event_max_bytes",
            |p, v| p.recording.pre_event_max_bytes = v,
            1 << 20,
            512 << 20,
        ),
        (
            "reserve_bytes",
            |p, v| p.storage.reserve_bytes = v,
            1 << 20,
            16 << 30,
        ),
    ];
    for (name, set, low, high) in ranges {
        for (value, good) in [
            (low, true),
            (high, true),
            (low - 1, false),
            (high + 1, false),
            (u64::from(u32::MAX), false),
        ] {
            let mut policy = agency.policy();
            set(&mut policy, value);
            // A good signature does not make a bad setting good.
            let outcome = open(&policy, &agency.policy).map(|_| ());
            let expected = if good {
                Ok(())
            } else {
                Err(PolicyError::Range(name))
            };
            if high >= value && value == u64::from(u32::MAX) {
                continue; // Within its range.
            }
            assert_eq!(outcome, expected, "{name} = {value}");
        }
    }
    type Break = fn(&mut Policy);
    let most: [(&str, Break); 8] = [
        ("pre_event_s", |p| p.recording.pre_event_s = 121),
        ("post_event_s", |p| p.recording.post_event_s = 121),
        ("reminder_s", |p| p.recording.reminder_s = 86_401),
        ("utc_offset_min", |p| p.utc_offset_min = 841),
        ("export_name", |p| p.export_name = "{pin}".into()),
        ("warn_minutes", |p| p.storage.warn_minutes = vec![5, 15]),
        ("low_battery_percent", |p| {
            p.storage.low_battery_percent = 51
        }),
        ("categories", |p| {
            p.categories = vec![category(), category()]
        }),
    ];
    for (name, set) in most {
        let mut policy = agency.policy();
        set(&mut policy);
        let outcome = open(&policy, &agency.policy).map(|_| ());
        assert_eq!(outcome, Err(PolicyError::Range(name)));
    }
    let later = Policy {
        suite: 2,
        ..agency.policy()
    };
    assert!(open(&later, &agency.policy).is_err(), "another suite");
}

#[test]
fn tickets() {
    let ticket = Agency::custos().ticket();
    let text = ticket.to_text();
    assert_eq!(Ticket::from_text(&text).as_ref(), Ok(&ticket));
    assert_eq!(
        Ticket::from_text(text.trim()).as_ref(),
        Ok(&ticket),
        "as a QR code"
    );
    assert!(
        !format!("{ticket:?}").contains(&ticket.token),
        "the token does not print"
    );
    for (from, to) in [
        ("custos-ticket/1", "custos-ticket/2"),
        ("\"suite\":1", "\"suite\":2"),
        ("\"cam-07\"", "\"../cam-07\""),
        ("\"cam-07\"", "\"\""),
        ("\"100234\"", "\"10/0234\""),
        (":8443\"", ":8443/\""),
        ("\"epoch\":1", "\"epoch\":-1"),
        ("\"epoch\":1", "\"epoch\":1,\"epoch\":2"),
        ("\"epoch\":1", "\"epoch\":1,\"admin\":true"),
        ("\"threshold\":1", "\"threshold\":\"1\""),
        ("+ARm", "+BBm"),
        ("{", "["),
    ] {
        let bad = text.replacen(from, to, 1);
        assert_eq!(Ticket::from_text(&bad).is_ok(), bad == text, "{to}");
    }
}

#[test]
fn every_flipped_bit_of_certificates_and_policies() {
    let world = World::new();
    let (agency, trust) = (&world.agency, world.agency.trust());
    let certificate = world.parts(&world.photo).certificate;
    assert!(Certificate::open(&certificate, &trust).is_ok());
    let policy = statement::sign(&agency.policy(), &[&agency.policy]).expect("a note");
    let policy = policy.to_string();
    for bit in 0..certificate.len() * 8 {
        let changed = String::from_utf8(flipped(certificate.as_bytes(), bit));
        let opened = changed
            .ok()
            .and_then(|note| Certificate::open(&note, &trust).ok());
        assert_eq!(opened, None, "bit {bit}");
    }
    for bit in 0..policy.len() * 8 {
        let changed = String::from_utf8(flipped(policy.as_bytes(), bit));
        let opened = changed
            .ok()
            .and_then(|note| Policy::open(&note, &trust).ok());
        assert_eq!(opened, None, "bit {bit}");
    }
}

/// An answer to one challenge is none to another, and no kind of statement passes for another.
#[test]
fn answers_are_bound() {
    let world = World::new();
    let answer = ChallengeAnswer {
        suite: suite::CURRENT,
        agency: world.agency.name.clone(),
        principal: format!("terminal:{TERMINAL}"),
        nonce: "one".into(),
    };
    let note = statement::sign(&answer, &[&world.terminal.key]).expect("a note");
    let known = [world.journal_key()];
    assert_eq!(statement::open(&note, &known, 1), Ok(answer));
    assert_eq!(
        statement::open::<Certificate>(&note, &known, 1),
        Err(StatementError::OtherKind)
    );
    let wrong = [world.agency.registrar.verifier()];
    assert!(statement::open::<ChallengeAnswer>(&note, &wrong, 1).is_err());
}

fn category() -> Category {
    Category {
        code: "traffic".into(),
        name: "交通执法".into(),
        local_retention_days: 7,
        retention_days: 365,
    }
}

/// A policy from before a group of settings existed has that group's defaults.
#[test]
fn an_older_policy_is_read() {
    let policy = World::new().agency.policy();
    let mut json = serde_json::to_value(&policy).expect("plain data");
    let fields = json.as_object_mut().expect("an object");
    for later in ["recording", "storage", "utc_offset_min", "export_name"] {
        fields.remove(later);
    }
    assert_eq!(
        serde_json::from_value::<Policy>(json).expect("readable"),
        policy
    );
}
