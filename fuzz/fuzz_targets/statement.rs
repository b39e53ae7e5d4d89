//! Statements that are rightly signed and say anything at all: one byte for the kind, then the
//! JSON. What opens comes back the same when it is signed again.

#![no_main]

use custos_fuzz::fixture::{
    Agency, START_MS, TERMINAL, World, disclosure::Disclosing, grant::Granting,
};
use custos_protocol::{
    certificate::Certificate,
    change::Change,
    directive::{Ack, Addressee, Directive, DirectiveError},
    disclosure::{
        Disclosure, DisclosureApproval, DisclosureRefusal, DisclosureRequest, MAX_REGIONS,
        SignedDisclosure,
    },
    grant::{GrantApplication, GrantApproval, GrantRevocation, GrantSetting, SignedGrant},
    id,
    note::{Note, Signer},
    policy::Policy,
    rules::AccessRules,
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
static GRANTING: LazyLock<Granting> = LazyLock::new(|| Granting::of(&WORLD.agency));
static DISCLOSING: LazyLock<Disclosing> = LazyLock::new(|| Disclosing::of(&WORLD));

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
    match kind % 18 {
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
        8 => grant_application(json),
        9 => grant_approval(json),
        10 => grant_setting(json),
        11 => plain::<GrantRevocation>(json, &GRANTING.emil),
        12 => plain::<AccessRules>(json, &agency.carla),
        13 => disclosure_request(json),
        14 => disclosure_approval(json),
        15 => disclosure_refusal(json),
        16 => disclosure(json),
        17 => plain::<Change>(json, &agency.carla),
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

/// A step as its signer wrote it, and the note.
fn step<T: Statement + PartialEq + Debug>(json: &str, by: &Signer) -> Option<(T, String)> {
    let note = note::<T>(json, &[by])?;
    Some((body(&note, &[by])?, note.to_string()))
}

/// What opens is what was signed, by who says so, within its terms.
fn grant_application(json: &str) {
    let g = &*GRANTING;
    if let Some((read, note)) = step::<GrantApplication>(json, &g.dora)
        && let Ok(opened) = GrantApplication::open(&note, &g.trust)
    {
        assert_eq!(opened, read);
        assert_eq!(opened.applicant, "dora");
        assert!(opened.terms.check().is_ok() && opened.terms.covers(&opened.terms));
    }
}

/// No approval gives more than was applied for.
fn grant_approval(json: &str) {
    let g = &*GRANTING;
    let application = g.application.to_string();
    if let Some((read, note)) = step::<GrantApproval>(json, &g.emil)
        && let Ok(opened) = GrantApproval::open(&application, &note, &g.trust)
    {
        assert_eq!(opened, read);
        assert!(Granting::asked().terms.covers(&opened.terms));
        assert_ne!(opened.terms.grantee, "emil");
    }
}

fn grant_setting(json: &str) {
    let g = &*GRANTING;
    if let Some((read, setting)) = step::<GrantSetting>(json, &g.carla) {
        let whole = SignedGrant {
            setting,
            ..g.whole()
        };
        if let Ok(opened) = whole.open(&g.trust) {
            assert_eq!((opened.id, opened.setter.as_str()), (read.id, "carla"));
        }
    }
}

fn disclosure_request(json: &str) {
    let d = &*DISCLOSING;
    if let Some((read, note)) = step::<DisclosureRequest>(json, &d.eva)
        && let Ok(opened) = DisclosureRequest::open(&note, &d.trust)
    {
        assert_eq!(opened, read);
        assert_eq!(opened.requester, "eva");
        assert!(opened.regions.len() <= MAX_REGIONS);
        // It names a file.
        let name = opened.copy_name();
        assert!(id::is_safe(&opened.id) && name.starts_with(&opened.id));
        assert!(!name.contains(['/', '\\']));
    }
}

fn disclosure_approval(json: &str) {
    let d = &*DISCLOSING;
    if let Some((read, note)) = step::<DisclosureApproval>(json, &d.emil)
        && let Ok(opened) = DisclosureApproval::open(&d.request.to_string(), &note, &d.trust)
    {
        assert_eq!(opened, read);
        assert_eq!(opened.id, Disclosing::asked(&WORLD).id);
    }
}

fn disclosure_refusal(json: &str) {
    let d = &*DISCLOSING;
    if let Some((read, note)) = step::<DisclosureRefusal>(json, &d.emil)
        && let Ok(opened) = DisclosureRefusal::open(&d.request.to_string(), &note, &d.trust)
    {
        assert_eq!(opened, read);
        assert!(!opened.reason.trim().is_empty());
    }
}

fn disclosure(json: &str) {
    let d = &*DISCLOSING;
    if let Some((read, note)) = step::<Disclosure>(json, &d.eva) {
        let whole = SignedDisclosure::new(d.request.to_string(), d.approval.to_string(), note);
        let text = whole.to_text();
        assert_eq!(SignedDisclosure::from_text(&text).as_ref(), Ok(&whole));
        if let Ok(opened) = whole.open(&d.trust) {
            assert_eq!(opened.disclosure, read);
            assert!(read.time_ms < opened.request.expires_ms);
        }
    }
}
