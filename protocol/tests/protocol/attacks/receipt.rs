//! Receipts that are changed, put together from different ones, or for something else.

use custos_protocol::{
    hash::Hash,
    journal::{Entry, Event},
    receipt::Receipt,
    statement,
    stored::Stored,
    trust::TrustSet,
    verify::{Expected, VerifyError, verify_clip, verify_receipt},
};

use super::flipped;
use crate::fixture::{
    AGENCY, Agency, CLIP, PHOTO, Parts, START_MS, TERMINAL, Terminal, World, seeded,
};

pub(super) fn refused(parts: &Parts, trust: &TrustSet) -> VerifyError {
    verify_receipt(&parts.to_text(), trust).expect_err("refused")
}

#[test]
fn every_flipped_bit_of_a_receipt() {
    let world = World::new();
    let (receipt, trust) = (
        world.parts(&world.photo).to_text(),
        world.agency.trust_file(),
    );
    for bit in 0..receipt.len() * 8 {
        let Ok(changed) = String::from_utf8(flipped(receipt.as_bytes(), bit)) else {
            continue; // Not text: no caller can even hand it in.
        };
        let report = verify_clip(world.photo.file.as_slice(), &changed, &trust);
        assert!(!report.verified(), "bit {bit}: {changed}");
    }
}

#[test]
fn for_another_clip_length_terminal_or_enrolment() {
    let world = World::new();
    let receipt = verify_receipt(&world.parts(&world.photo).to_text(), &world.agency.trust())
        .expect("genuine");
    let key = world.journal_key();
    let mine = Expected {
        terminal: TERMINAL,
        epoch: 1,
        journal_key: &key,
        clip: PHOTO,
        digest: world.photo.digest,
    };
    assert!(receipt.check(&mine).is_ok());
    let digest = world.photo.digest;
    let mut longer = digest;
    longer.length += 1;
    let mut more = digest;
    more.chunks += 1;
    let mut other = digest;
    other.root = Hash::of(b"another file");
    let other_key = seeded(key.name(), 200).verifier();
    let wrong = [
        (
            "clip",
            Expected {
                clip: CLIP,
                ..mine.clone()
            },
        ),
        (
            "terminal",
            Expected {
                terminal: "cam-08",
                ..mine.clone()
            },
        ),
        (
            "enrolment",
            Expected {
                epoch: 2,
                ..mine.clone()
            },
        ),
        (
            "journal",
            Expected {
                journal_key: &other_key,
                ..mine.clone()
            },
        ),
        (
            "length",
            Expected {
                digest: longer,
                ..mine.clone()
            },
        ),
        (
            "content",
            Expected {
                digest: more,
                ..mine.clone()
            },
        ),
        (
            "content",
            Expected {
                digest: other,
                ..mine.clone()
            },
        ),
    ];
    for (what, expected) in wrong {
        let error = receipt.check(&expected).expect_err("refused");
        assert!(
            matches!(error, VerifyError::Other(w) if w == what),
            "{what}: {error}"
        );
    }
}

#[test]
fn parts_of_two_genuine_receipts() {
    let world = World::new();
    let trust = world.agency.trust();
    let (photo, video) = (world.parts(&world.photo), world.parts(&world.video));
    // The same terminal, wiped and enrolled again: genuine receipts of the next journal.
    let next = World::of(Agency::custos(), Terminal::new(AGENCY, TERMINAL, 2, 102));
    let other = World::of(Agency::custos(), Terminal::new(AGENCY, "cam-08", 1, 103));
    for foreign in [&video, &next.parts(&next.photo), &other.parts(&other.photo)] {
        assert!(verify_receipt(&foreign.to_text(), &trust).is_ok());
        let swapped = [
            Parts {
                entry: foreign.entry.clone(),
                ..photo.clone()
            },
            Parts {
                proof: foreign.proof.clone(),
                ..photo.clone()
            },
            Parts {
                stored: foreign.stored.clone(),
                ..photo.clone()
            },
            Parts {
                certificate: foreign.certificate.clone(),
                ..photo.clone()
            },
            Parts {
                certificate: photo.certificate.clone(),
                ..foreign.clone()
            },
            Parts {
                entry: photo.entry.clone(),
                ..foreign.clone()
            },
            Parts {
                proof: photo.proof.clone(),
                ..foreign.clone()
            },
            Parts {
                stored: photo.stored.clone(),
                ..foreign.clone()
            },
        ];
        for (number, parts) in swapped.iter().enumerate() {
            // The two clips of one terminal have one certificate.
            if parts.certificate == photo.certificate && parts.to_text() == photo.to_text()
                || parts.to_text() == foreign.to_text()
            {
                continue;
            }
            refused(parts, &trust);
            assert_ne!(parts.to_text(), photo.to_text(), "{number}");
        }
        let mut index = photo.clone();
        index.proof.index = foreign.proof.index + 1;
        refused(&index, &trust);
        let mut hashes = photo.clone();
        hashes.proof.hashes.reverse();
        refused(&hashes, &trust);
    }
}

#[test]
fn keys_in_another_role_and_of_another_agency() {
    let world = World::new();
    let (agency, trust) = (&world.agency, world.agency.trust());
    let genuine = world.parts(&world.photo);
    let stored: Stored =
        statement::read_unverified(&genuine.stored.parse().expect("a note")).expect("a statement");
    let certificate = world.terminal.certificate();
    for wrong in [
        &agency.root,
        &agency.registrar,
        &agency.policy,
        &agency.anna,
        &world.terminal.key,
    ] {
        let note = statement::sign(&stored, &[wrong])
            .expect("a note")
            .to_string();
        let parts = Parts {
            stored: note,
            ..genuine.clone()
        };
        assert!(matches!(refused(&parts, &trust), VerifyError::Stored(_)));
    }
    for wrong in [
        &agency.root,
        &agency.storage,
        &agency.policy,
        &agency.anna,
        &world.terminal.key,
    ] {
        let note = statement::sign(&certificate, &[wrong])
            .expect("a note")
            .to_string();
        let parts = Parts {
            certificate: note,
            ..genuine.clone()
        };
        assert!(matches!(
            refused(&parts, &trust),
            VerifyError::Certificate(_)
        ));
    }
    // The witness's private key, used as if it were the storage key.
    let witness = seeded(&format!("{AGENCY}/storage"), 4);
    let note = statement::sign(&stored, &[&witness])
        .expect("a note")
        .to_string();
    let parts = Parts {
        stored: note,
        ..genuine.clone()
    };
    assert!(matches!(refused(&parts, &trust), VerifyError::Stored(_)));
    // A further signature, even a good one of the agency, was not asked for.
    let note = statement::sign(&stored, &[&agency.storage, &agency.root]).expect("a note");
    let parts = Parts {
        stored: note.to_string(),
        ..genuine.clone()
    };
    assert!(matches!(refused(&parts, &trust), VerifyError::Stored(_)));

    // Another agency with keys of its own, once under its own name and once under ours.
    for name in ["elsewhere.example", AGENCY] {
        let theirs = World::of(Agency::new(name, 50), Terminal::new(name, TERMINAL, 1, 101));
        let parts = theirs.parts(&theirs.photo);
        assert!(verify_receipt(&parts.to_text(), &theirs.agency.trust()).is_ok());
        assert!(matches!(
            refused(&parts, &trust),
            VerifyError::Certificate(_)
        ));
    }
}

/// Everything genuinely signed, by a station that lies or errs about one thing.
#[test]
fn statements_that_disagree() {
    let world = World::new();
    let (agency, trust) = (&world.agency, world.agency.trust());
    let genuine = world.parts(&world.photo);
    let stored: Stored =
        statement::read_unverified(&genuine.stored.parse().expect("a note")).expect("a statement");
    type Change = fn(&mut Stored);
    let cases: [(&str, Change); 7] = [
        ("terminal", |s| s.terminal = "cam-08".into()),
        ("enrolment", |s| s.epoch = 2),
        ("entry", |s| s.entry += 1),
        ("entry hash", |s| s.entry_hash = Hash::of(b"another entry")),
        ("clip", |s| s.clip = CLIP.into()),
        ("digest", |s| s.digest.length += 1),
        ("digest", |s| s.digest.root = Hash::of(b"another file")),
    ];
    for (what, change) in cases {
        let mut other = stored.clone();
        change(&mut other);
        let note = statement::sign(&other, &[&agency.storage])
            .expect("a note")
            .to_string();
        let error = refused(
            &Parts {
                stored: note,
                ..genuine.clone()
            },
            &trust,
        );
        assert!(
            matches!(error, VerifyError::Mismatch(w) if w == what),
            "{what}: {error}"
        );
    }
    // A certificate of this journal key for another terminal.
    let mut certificate = world.terminal.certificate();
    certificate.terminal = "cam-08".into();
    let note = statement::sign(&certificate, &[&agency.registrar])
        .expect("a note")
        .to_string();
    let error = refused(
        &Parts {
            certificate: note,
            ..genuine.clone()
        },
        &trust,
    );
    assert!(matches!(error, VerifyError::Mismatch(_)), "{error}");
}

#[test]
fn entries_that_do_not_seal() {
    let mut terminal = Terminal::new(AGENCY, TERMINAL, 1, 101);
    let agency = Agency::custos();
    let digest = World::new().photo.digest;
    let confirmed = Event::Confirmed {
        clip: PHOTO.into(),
        stored_ms: START_MS,
    };
    let index = terminal.append(None, &confirmed);
    let parts = agency.receipt(&terminal, index, digest);
    assert!(matches!(
        refused(&parts, &agency.trust()),
        VerifyError::Entry
    ));
    // A genuine seal entry that names another position than its own.
    let seal = World::new().parts(&World::new().photo).entry;
    let mut entry = Entry::from_raw(&seal).expect("an entry");
    entry.seq = 7;
    let mut terminal = Terminal::new(AGENCY, TERMINAL, 1, 101);
    terminal.append_raw(entry.to_raw());
    let parts = agency.receipt(&terminal, 0, digest);
    assert!(matches!(
        refused(&parts, &agency.trust()),
        VerifyError::Mismatch("entry")
    ));
    // One of another suite.
    entry.seq = 0;
    entry.suite = 2;
    let mut terminal = Terminal::new(AGENCY, TERMINAL, 1, 101);
    terminal.append_raw(entry.to_raw());
    let parts = agency.receipt(&terminal, 0, digest);
    assert!(matches!(
        refused(&parts, &agency.trust()),
        VerifyError::Mismatch("suite")
    ));
}

#[test]
fn only_the_canonical_text() {
    let world = World::new();
    let text = world.parts(&world.photo).to_text();
    assert!(Receipt::from_text(&text).is_ok());
    for bad in [
        text.trim_end().to_owned(),
        format!(" {text}"),
        format!("{text}\n"),
        text.replace("\"suite\":1", "\"suite\": 1"),
        text.replace("\"suite\":1", "\"suite\":2"),
        text.replace("\"suite\":1", "\"suite\":1,\"suite\":1"),
        text.replace("\"suite\":1", "\"suite\":1,\"note\":\"\""),
        text.replace("custos-receipt/1", "custos-receipt/2"),
        text.replace("custos-receipt/1", "custos\\u002dreceipt/1"),
        String::new(),
    ] {
        assert!(Receipt::from_text(&bad).is_err(), "{bad}");
    }
}
