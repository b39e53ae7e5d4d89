//! Grants that must not hold.

use custos_protocol::{
    grant::{
        GrantAction, GrantApplication, GrantApproval, GrantError, GrantRevocation, GrantSetting,
        GrantTerms, SignedGrant,
    },
    note::{NoteError, Signer},
    statement::{self, StatementError},
    trust::{Person, ROLE_APPROVER, ROLE_DEVICE, ROLE_MANAGER, TrustSet},
};

use crate::fixture::{
    Agency, OFFICER, START_MS, TERMINAL,
    grant::{Granting, signed},
    seeded,
};

fn granting() -> Granting {
    Granting::of(&Agency::custos())
}

/// The same three steps, taken by these people.
fn steps(by: [(&str, &Signer); 3], grantee: &str) -> SignedGrant {
    let mut asked = Granting::asked();
    asked.applicant = by[0].0.into();
    asked.terms.grantee = grantee.into();
    let application = signed(&asked, by[0].1);
    let approval = GrantApproval::new(&application, by[1].0, None, START_MS).expect("approval");
    let approval = signed(&approval, by[1].1);
    let setting = GrantSetting::new(&approval, by[2].0, START_MS).expect("setting");
    SignedGrant {
        application: application.to_string(),
        approval: approval.to_string(),
        setting: signed(&setting, by[2].1).to_string(),
    }
}

fn with_roles(trust: &TrustSet, roles: &[(&str, &[&str])]) -> TrustSet {
    let mut trust = trust.clone();
    for (name, roles) in roles {
        let mut people = trust.people.iter_mut();
        let person = people.find(|p| p.name == *name).expect("a person");
        person.roles = roles.iter().map(|r| (*r).to_owned()).collect();
    }
    trust
}

#[test]
fn three_people_one_after_another() {
    let world = granting();
    let grant = world.whole().open(&world.trust).expect("a grant");
    assert_eq!(grant.terms, Granting::asked().terms);
    let people = [grant.applicant, grant.approver, grant.setter];
    assert_eq!(people, ["dora", "emil", "carla"]);
}

#[test]
fn here_and_now() {
    let world = granting();
    let grant = world.whole().open(&world.trust).expect("a grant");
    let here = Some(TERMINAL);
    let end = START_MS + 72 * 3_600_000;
    assert_eq!(grant.check(START_MS, here), Ok(()));
    assert_eq!(grant.check(end - 1, here), Ok(()));
    assert_eq!(grant.check(START_MS - 1, here), Err(GrantError::NotYet));
    assert_eq!(grant.check(end, here), Err(GrantError::Expired));
    assert_eq!(grant.check(i64::MAX, here), Err(GrantError::Expired));
    assert_eq!(grant.check(i64::MIN, here), Err(GrantError::NotYet));
    for elsewhere in [Some("cam-08"), None] {
        let refused = grant.check(START_MS, elsewhere);
        assert_eq!(refused, Err(GrantError::OtherTerminal));
    }
}

#[test]
fn steps_by_people_without_the_role() {
    let w = granting();
    let (d, e, c) = (("dora", &w.dora), ("emil", &w.emil), ("carla", &w.carla));
    for by in [
        [e, e, c],
        [c, e, d],
        [d, d, c],
        [d, c, c],
        [d, e, d],
        [d, e, e],
    ] {
        let refused = steps(by, OFFICER).open(&w.trust);
        assert_eq!(refused, Err(GrantError::WrongRole), "{:?}", by.map(|p| p.0));
    }
    let stranger = seeded("custos.local/person/zoe", 150);
    let refused = steps([d, ("zoe", &stranger), c], OFFICER).open(&w.trust);
    assert_eq!(refused, Err(GrantError::UnknownPerson));
}

#[test]
fn steps_signed_in_the_name_of_others() {
    let w = granting();
    let unexpected = GrantError::Statement(StatementError::Note(NoteError::Unexpected));
    let (d, e, c) = (("dora", &w.dora), ("emil", &w.emil), ("carla", &w.carla));
    let forged = seeded("custos.local/person/emil", 151);
    for by in [
        [d, ("emil", &w.dora), c],
        [("dora", &w.emil), e, c],
        [d, e, ("carla", &w.emil)],
        [d, ("emil", &forged), c],
    ] {
        let refused = steps(by, OFFICER).open(&w.trust);
        assert_eq!(refused, Err(unexpected.clone()), "{:?}", by.map(|p| p.0));
    }
    // Two sign a step together.
    let approval = statement::read_unverified::<GrantApproval>(&w.approval).expect("approval");
    let both = statement::sign(&approval, &[&w.emil, &w.dora]).expect("a note");
    let whole = SignedGrant {
        approval: both.to_string(),
        ..w.whole()
    };
    assert_eq!(whole.open(&w.trust), Err(unexpected));
    // Nobody signs it.
    let nobody = statement::sign(&approval, &[]).expect("a note");
    let whole = SignedGrant {
        approval: nobody.to_string(),
        ..w.whole()
    };
    assert!(matches!(
        whole.open(&w.trust),
        Err(GrantError::Statement(_))
    ));
}

#[test]
fn one_person_takes_one_step() {
    let w = granting();
    let all: &[&str] = &[ROLE_MANAGER, ROLE_APPROVER, ROLE_DEVICE];
    let trust = with_roles(&w.trust, &[("dora", all), ("emil", all), ("carla", all)]);
    let (d, e, c) = (("dora", &w.dora), ("emil", &w.emil), ("carla", &w.carla));
    assert!(steps([d, e, c], OFFICER).open(&trust).is_ok());
    for by in [[d, d, c], [d, e, d], [d, e, e], [d, d, d]] {
        let refused = steps(by, OFFICER).open(&trust);
        assert_eq!(
            refused,
            Err(GrantError::SamePerson),
            "{:?}",
            by.map(|p| p.0)
        );
    }
    // One key under two names is one person.
    let alias = seeded("custos.local/person/zoe", 142);
    let mut trust = trust;
    trust.people.push(Person {
        name: "zoe".into(),
        key: alias.verifier(),
        roles: vec![ROLE_DEVICE.into()],
    });
    let refused = steps([d, e, ("zoe", &alias)], OFFICER).open(&trust);
    assert_eq!(refused, Err(GrantError::SamePerson));
}

#[test]
fn nobody_decides_on_the_own_grant() {
    let w = granting();
    let (d, e, c) = (("dora", &w.dora), ("emil", &w.emil), ("carla", &w.carla));
    assert!(
        steps([d, e, c], "dora").open(&w.trust).is_ok(),
        "managers apply for themselves"
    );
    for own in ["emil", "carla"] {
        assert_eq!(
            steps([d, e, c], own).open(&w.trust),
            Err(GrantError::OwnGrant),
            "{own}"
        );
    }
    // The grantee is the approver under another name.
    let alias = seeded("custos.local/person/zoe", 142);
    let mut trust = w.trust.clone();
    trust.people.push(Person {
        name: "zoe".into(),
        key: alias.verifier(),
        roles: vec![],
    });
    assert_eq!(
        steps([d, e, c], "zoe").open(&trust),
        Err(GrantError::OwnGrant)
    );
}

#[test]
fn not_a_byte_is_altered() {
    let w = granting();
    let whole = w.whole();
    let parts: [fn(&mut SignedGrant) -> &mut String; 3] = [
        |g| &mut g.application,
        |g| &mut g.approval,
        |g| &mut g.setting,
    ];
    for (place, part) in parts.into_iter().enumerate() {
        let length = part(&mut whole.clone()).len();
        for byte in 0..length {
            for bit in [0, 4] {
                let mut altered = whole.clone();
                let mut bytes = part(&mut altered).clone().into_bytes();
                bytes[byte] ^= 1 << bit;
                let Ok(text) = String::from_utf8(bytes) else {
                    continue;
                };
                *part(&mut altered) = text;
                assert!(
                    altered.open(&w.trust).is_err(),
                    "part {place}, byte {byte}, bit {bit}"
                );
            }
        }
    }
}

#[test]
fn steps_of_two_grants_are_none() {
    let w = granting();
    let mut other = Granting::asked();
    other.id = "grant-01jz8w6q5g7h9j1k3m5n7p9r2t".into();
    other.terms.cases = vec!["2026-119".into()];
    let other = signed(&other, &w.dora);
    let approval = GrantApproval::new(&other, "emil", None, START_MS).expect("approval");
    let approval = signed(&approval, &w.emil);
    let whole = SignedGrant {
        application: other.to_string(),
        ..w.whole()
    };
    assert_eq!(whole.open(&w.trust), Err(GrantError::OtherStep));
    let whole = SignedGrant {
        approval: approval.to_string(),
        ..w.whole()
    };
    assert_eq!(whole.open(&w.trust), Err(GrantError::OtherStep));
    // The setting over another approval of the same application.
    let mut less = Granting::asked().terms;
    less.actions = vec![GrantAction::EvidenceList];
    let narrower = w.approved_as(less);
    let whole = SignedGrant {
        setting: narrower.setting,
        ..w.whole()
    };
    assert_eq!(whole.open(&w.trust), Err(GrantError::OtherStep));
    // One step in the place of another.
    let whole = SignedGrant {
        approval: w.application.to_string(),
        ..w.whole()
    };
    assert_eq!(
        whole.open(&w.trust),
        Err(GrantError::Statement(StatementError::OtherKind))
    );
}

#[test]
fn an_approval_narrows_and_never_widens() {
    let w = granting();
    let open = |change: fn(&mut GrantTerms)| {
        let mut terms = Granting::asked().terms;
        change(&mut terms);
        w.approved_as(terms).open(&w.trust).map(drop)
    };
    let narrower: [fn(&mut GrantTerms); 7] = [
        |t| t.actions = vec![GrantAction::EvidenceList],
        |t| t.departments = vec!["north".into()],
        |t| t.officers = vec!["100317".into()],
        |t| t.from_ms = Some(START_MS - 1_000),
        |t| t.to_ms = Some(START_MS - 1),
        |t| t.not_before_ms += 1,
        |t| t.expires_ms -= 1,
    ];
    for (place, change) in narrower.into_iter().enumerate() {
        assert_eq!(open(change), Ok(()), "narrower {place}");
    }
    let wider: [fn(&mut GrantTerms); 13] = [
        |t| t.grantee = "100999".into(),
        |t| t.actions.push(GrantAction::EvidenceExport),
        |t| t.actions = vec![GrantAction::LookupBatch],
        |t| t.cases.clear(),
        |t| t.cases.push("2026-119".into()),
        |t| t.officers.clear(),
        |t| t.officers.push("100999".into()),
        |t| t.to_ms = None,
        |t| t.to_ms = Some(START_MS + 1),
        |t| t.not_before_ms -= 1,
        |t| t.expires_ms += 1,
        |t| t.terminals.clear(),
        |t| t.purpose = "curiosity".into(),
    ];
    for (place, change) in wider.into_iter().enumerate() {
        assert_eq!(open(change), Err(GrantError::Widened), "wider {place}");
    }
}

/// What makes terms bad.
type Spoil = fn(&mut GrantTerms);

#[test]
fn terms_that_say_nothing_or_too_much() {
    let w = granting();
    let check = |change: Spoil| {
        let mut asked = Granting::asked();
        change(&mut asked.terms);
        GrantApplication::open(&signed(&asked, &w.dora).to_string(), &w.trust).map(drop)
    };
    assert_eq!(check(|_| ()), Ok(()));
    let bad: [(&str, Spoil); 12] = [
        ("grantee", |t| t.grantee = "../x".into()),
        ("actions", |t| t.actions.clear()),
        ("scope", |t| {
            t.cases.clear();
            t.officers.clear();
        }),
        ("departments", |t| t.departments = vec![String::new()]),
        ("cases", |t| t.cases = vec!["c".into(); 65]),
        ("officers", |t| t.officers = vec!["a\nb".into()]),
        ("from_ms", |t| t.from_ms = t.to_ms),
        ("purpose", |t| t.purpose = " ".into()),
        ("purpose", |t| t.purpose = "x".repeat(513)),
        ("expires_ms", |t| t.expires_ms = t.not_before_ms),
        ("expires_ms", |t| t.expires_ms += 366 * 24 * 3_600_000),
        ("expires_ms", |t| {
            t.not_before_ms = i64::MIN;
            t.expires_ms = i64::MAX;
        }),
    ];
    for (term, change) in bad {
        assert_eq!(check(change), Err(GrantError::Terms(term)));
    }
    assert_eq!(
        check(|t| {
            t.actions = vec![GrantAction::LookupBatch];
            t.cases.clear();
            t.officers.clear();
        }),
        Ok(()),
        "look-ups have no scope"
    );
}

#[test]
fn who_revokes() {
    let w = granting();
    let revocation = GrantRevocation::open(&w.revocation().to_string(), &w.trust);
    assert_eq!(revocation.expect("a revocation").id, Granting::asked().id);
    let by = |name: &str, key: &Signer| {
        let mut revocation: GrantRevocation =
            statement::read_unverified(&w.revocation()).expect("a revocation");
        revocation.by = name.into();
        GrantRevocation::open(&signed(&revocation, key).to_string(), &w.trust).map(drop)
    };
    assert_eq!(by("carla", &w.carla), Ok(()));
    assert_eq!(by("dora", &w.dora), Err(GrantError::WrongRole));
    assert!(matches!(by("emil", &w.dora), Err(GrantError::Statement(_))));
    let grant = GrantRevocation::open(&w.setting.to_string(), &w.trust);
    assert_eq!(grant, Err(GrantError::Statement(StatementError::OtherKind)));
}
