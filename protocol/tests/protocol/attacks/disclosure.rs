//! Disclosures that nobody may rely on.

use custos_protocol::{
    disclosure::{
        Disclosure, DisclosureApproval, DisclosureError, DisclosureRefusal, DisclosureRequest,
        MAX_DISCLOSURE_MS, MAX_REGIONS, Region, SignedDisclosure,
    },
    hash::Hash,
    note::{NoteError, Signer},
    statement::{self, StatementError},
    trust::{ROLE_APPROVER, ROLE_EVIDENCE, TrustFile, TrustSet},
    verify::{NotProved, Proved, VerifyError, check_disclosure, verify_disclosure},
};

use super::flipped;
use crate::fixture::{
    START_MS, World,
    disclosure::{COPY, Disclosing},
    grant::signed,
    seeded,
};

fn world() -> (World, Disclosing) {
    let world = World::new();
    let disclosing = Disclosing::of(&world);
    (world, disclosing)
}

/// `trust.json` of this set, signed by the agency's roots.
fn trust_file(world: &World, trust: &TrustSet) -> String {
    let agency = &world.agency;
    let note = statement::sign(trust, &[&agency.root, &agency.second_root]).expect("a note");
    TrustFile::new(&note.to_string()).to_text()
}

fn unexpected() -> DisclosureError {
    DisclosureError::Statement(StatementError::Note(NoteError::Unexpected))
}

#[test]
fn a_copy_is_verified_with_what_goes_along() {
    let (world, d) = world();
    let receipt = world.parts(&world.photo).to_text();
    let trust = trust_file(&world, &d.trust);
    let report = verify_disclosure(COPY, &d.whole().to_text(), &receipt, &trust);
    assert!(report.verified(), "{:?}", report.error);
    let about = |p: &Proved| match p {
        Proved::Copy { maker, clip, .. } => (maker.clone(), clip.clone()),
        Proved::Approved {
            requester,
            approver,
            ..
        } => (requester.clone(), approver.clone()),
        _ => Default::default(),
    };
    let expected = [("eva", world.photo.clip), ("eva", "emil")];
    let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(
        [about(&report.proved[0]), about(&report.proved[1])],
        expected
    );
    assert_eq!(report.proved.len(), 7);
    let maker = "eva".to_owned();
    assert!(report.not_proved.contains(&NotProved::Likeness { maker }));
    assert!(!report.not_proved.contains(&NotProved::Content));
}

#[test]
fn every_flipped_bit_of_copy_disclosure_and_receipt() {
    let (world, d) = world();
    let (whole, receipt) = (d.whole().to_text(), world.parts(&world.photo).to_text());
    let trust = trust_file(&world, &d.trust);
    let holds = |copy: &[u8], whole: &str, receipt: &str| {
        verify_disclosure(copy, whole, receipt, &trust).verified()
    };
    for bit in 0..COPY.len() * 8 {
        assert!(!holds(&flipped(COPY, bit), &whole, &receipt), "bit {bit}");
    }
    assert!(!holds(&COPY[1..], &whole, &receipt));
    assert!(!holds(&[COPY, b"!"].concat(), &whole, &receipt));
    for bit in 0..whole.len() * 8 {
        if let Ok(changed) = String::from_utf8(flipped(whole.as_bytes(), bit)) {
            assert!(!holds(COPY, &changed, &receipt), "bit {bit}: {changed}");
        }
    }
    for bit in (0..receipt.len() * 8).step_by(5) {
        if let Ok(changed) = String::from_utf8(flipped(receipt.as_bytes(), bit)) {
            assert!(!holds(COPY, &whole, &changed), "bit {bit}: {changed}");
        }
    }
}

#[test]
fn with_the_receipt_of_another_original() {
    let (world, d) = world();
    let refused = |change: fn(&mut DisclosureRequest)| {
        let by = [("eva", &d.eva), ("emil", &d.emil), ("eva", &d.eva)];
        let other = Disclosing::steps(by, &world, change);
        let receipt = world.parts(&world.photo).to_text();
        match check_disclosure(&other, &receipt, &d.trust) {
            Err(VerifyError::Other(what)) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(|r| r.clip = "clip-other".into()), "clip");
    assert_eq!(refused(|r| r.digest.root = Hash::of(b"other")), "content");
    assert_eq!(refused(|r| r.digest.length += 1), "content");
    let as_text = |r: &mut DisclosureRequest| {
        r.media = "text/plain".into();
        r.regions.clear();
    };
    assert_eq!(refused(as_text), "media");
}

#[test]
fn steps_by_the_wrong_people() {
    let (world, d) = world();
    let (eva, emil, fay) = (("eva", &d.eva), ("emil", &d.emil), ("fay", &d.fay));
    let open = |by: [(&str, &Signer); 3]| Disclosing::steps(by, &world, |_| {}).open(&d.trust);
    assert!(open([eva, emil, eva]).is_ok());
    assert!(open([eva, emil, fay]).is_ok(), "another custodian makes it");
    for by in [[emil, emil, eva], [eva, fay, eva], [eva, emil, emil]] {
        let people = by.map(|p| p.0);
        assert_eq!(open(by), Err(DisclosureError::WrongRole), "{people:?}");
    }
    for by in [
        [eva, ("emil", &d.eva), eva],
        [("eva", &d.emil), emil, eva],
        [eva, emil, ("eva", &d.fay)],
    ] {
        assert_eq!(open(by), Err(unexpected()));
    }
    let zoe = seeded("custos.local/person/zoe", 150);
    let by = [eva, ("zoe", &zoe), eva];
    assert_eq!(open(by), Err(DisclosureError::UnknownPerson));
}

/// Roles can meet in one person, and one person can have two names; the word of another is needed
/// all the same.
#[test]
fn nobody_approves_what_the_same_hand_asks_for_or_makes() {
    let (world, d) = world();
    let mut trust = d.trust.clone();
    for person in &mut trust.people {
        if ["eva", "emil", "fay"].contains(&person.name.as_str()) {
            person.roles = vec![ROLE_EVIDENCE.into(), ROLE_APPROVER.into()];
        }
    }
    let (eva, emil, fay) = (("eva", &d.eva), ("emil", &d.emil), ("fay", &d.fay));
    for by in [[eva, eva, fay], [eva, emil, emil], [eva, eva, eva]] {
        let refused = Disclosing::steps(by, &world, |_| {}).open(&trust);
        assert_eq!(refused, Err(DisclosureError::SamePerson));
    }
    // Two names for one key.
    let key = d.eva.verifier();
    let emil_is_eva = trust.people.iter_mut().find(|p| p.name == "emil");
    emil_is_eva.expect("emil").key = key;
    let by = [eva, ("emil", &d.eva), fay];
    let refused = Disclosing::steps(by, &world, |_| {}).open(&trust);
    assert_eq!(refused, Err(DisclosureError::SamePerson));
}

#[test]
fn steps_of_different_disclosures() {
    let (world, d) = world();
    let by = [("eva", &d.eva), ("emil", &d.emil), ("eva", &d.eva)];
    let other = Disclosing::steps(by, &world, |r| r.recipient = "somebody else".into());
    let own = d.whole();
    let mixed = [
        (
            other.request.clone(),
            own.approval.clone(),
            own.disclosure.clone(),
        ),
        (
            own.request.clone(),
            other.approval.clone(),
            own.disclosure.clone(),
        ),
        (own.request.clone(), own.approval.clone(), other.disclosure),
    ];
    for (request, approval, disclosure) in mixed {
        let refused = SignedDisclosure::new(request, approval, disclosure).open(&d.trust);
        assert_eq!(refused, Err(DisclosureError::OtherStep));
    }
    // Signed for another one, by the right people.
    let mut approval: DisclosureApproval =
        statement::read_unverified(&d.approval).expect("approval");
    approval.id = "disclosure-other".into();
    let renamed = signed(&approval, &d.emil).to_string();
    let refused = DisclosureApproval::open(&own.request, &renamed, &d.trust);
    assert_eq!(refused, Err(DisclosureError::OtherStep));
    let mut made: Disclosure = statement::read_unverified(&d.disclosure).expect("made");
    made.id = "disclosure-other".into();
    let renamed = signed(&made, &d.eva).to_string();
    let refused = SignedDisclosure::new(own.request, own.approval, renamed).open(&d.trust);
    assert_eq!(refused, Err(DisclosureError::OtherStep));
}

#[test]
fn a_refusal_is_of_one_request_and_says_why() {
    let (world, d) = world();
    let request = d.request.to_string();
    let open = |refusal: &DisclosureRefusal, by: &Signer| {
        let note = signed(refusal, by).to_string();
        DisclosureRefusal::open(&request, &note, &d.trust)
    };
    let refusal: DisclosureRefusal = statement::read_unverified(&d.refusal()).expect("refusal");
    assert!(open(&refusal, &d.emil).is_ok());
    let mut by_eva = refusal.clone();
    by_eva.by = "eva".into();
    assert_eq!(open(&by_eva, &d.eva), Err(DisclosureError::WrongRole));
    assert_eq!(open(&refusal, &d.eva), Err(unexpected()));
    let mut silent = refusal.clone();
    silent.reason = " ".into();
    let refused = open(&silent, &d.emil);
    assert_eq!(refused, Err(DisclosureError::Terms("reason")));
    let by = [("eva", &d.eva), ("emil", &d.emil), ("eva", &d.eva)];
    let other = Disclosing::steps(by, &world, |r| r.purpose = "another".into());
    let refused = DisclosureRefusal::open(&other.request, &d.refusal().to_string(), &d.trust);
    assert_eq!(refused, Err(DisclosureError::OtherStep));
}

#[test]
fn terms_out_of_their_range() {
    let (_, d) = world();
    let world = World::new();
    let by = [("eva", &d.eva), ("emil", &d.emil), ("eva", &d.eva)];
    let refused = |change: &dyn Fn(&mut DisclosureRequest)| {
        let whole = Disclosing::steps(by, &world, change);
        match whole.open(&d.trust) {
            Err(DisclosureError::Terms(term)) => term,
            other => panic!("{other:?}"),
        }
    };
    let region = |x, y, width, height| Region {
        x,
        y,
        width,
        height,
    };
    assert_eq!(refused(&|r| r.id = "../x".into()), "id");
    assert_eq!(refused(&|r| r.clip = String::new()), "clip");
    assert_eq!(refused(&|r| r.media = " ".into()), "media");
    assert_eq!(refused(&|r| r.recipient = String::new()), "recipient");
    assert_eq!(refused(&|r| r.recipient = "a\u{1b}[2J".into()), "recipient");
    assert_eq!(refused(&|r| r.purpose = "字".repeat(200)), "purpose");
    assert_eq!(
        refused(&|r| r.media = "video/mp4".into()),
        "regions-of-photo"
    );
    for bad in [
        region(0, 0, 0, 1),
        region(0, 0, 1, 0),
        region(u32::MAX, 0, 1, 1),
        region(0, 2, 1, u32::MAX),
    ] {
        assert_eq!(refused(&|r| r.regions = vec![bad]), "regions");
    }
    let many = vec![region(0, 0, 1, 1); MAX_REGIONS + 1];
    assert_eq!(refused(&|r| r.regions.clone_from(&many)), "regions");
    for expires in [i64::MIN, START_MS, START_MS + MAX_DISCLOSURE_MS + 1] {
        assert_eq!(refused(&|r| r.expires_ms = expires), "expires_ms");
    }
}

#[test]
fn a_copy_made_after_its_time() {
    let (world, d) = world();
    let end = Disclosing::asked(&world).expires_ms;
    let own = d.whole();
    for (time_ms, expected) in [(end - 1, true), (end, false), (i64::MAX, false)] {
        let made = Disclosure::new(&d.approval, "eva", Disclosing::copy(), time_ms).expect("made");
        let disclosure = signed(&made, &d.eva).to_string();
        let (request, approval) = (own.request.clone(), own.approval.clone());
        let whole = SignedDisclosure::new(request, approval, disclosure);
        let opened = whole.open(&d.trust).map(drop);
        let refused = Err(DisclosureError::Expired);
        assert_eq!(opened, if expected { Ok(()) } else { refused });
    }
}

#[test]
fn files_that_are_not_as_they_are_written() {
    let (_, d) = world();
    let text = d.whole().to_text();
    assert_eq!(SignedDisclosure::from_text(&text), Ok(d.whole()));
    for bad in [
        String::new(),
        text.trim_end().to_owned(),
        format!(" {text}"),
        text.replace("custos-disclosure/1", "custos-disclosure/2"),
        text.replace("{\"format\"", "{\"more\":1,\"format\""),
    ] {
        let refused = SignedDisclosure::from_text(&bad);
        assert_eq!(refused, Err(DisclosureError::Malformed), "{bad}");
    }
}
