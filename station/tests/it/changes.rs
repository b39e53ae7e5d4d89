//! Where the policy wants two people for it, nobody registers people or publishes a policy alone:
//! not by the old way, not with two names, not with somebody else's text, not later on.

use custos_protocol::{
    api::*,
    change::{Change, Changed, LASTS_MS},
    key::SigningKey,
    note::{Note, Signer},
    policy::Policy,
    statement, suite,
    trust::TrustSet,
};
use reqwest::{Method, StatusCode};

use super::support::{
    AGENCY, House, Person, ok, refused,
    steps::{audited, get, hand_in, now},
};

const CHANGES: &str = "/v1/admin/changes";

async fn policy(house: &House) -> Policy {
    let trust = house.trust().await;
    Policy::open(&house.text("/v1/policy").await, &trust).expect("a policy")
}

/// Changes take two people: admin and carl are of device management, dan is of none.
struct Two {
    house: House,
    carl: Person,
    dan: Person,
}

impl Two {
    async fn new() -> Self {
        let house = House::new().await;
        let carl = house.person("carl", &["device"]).await;
        let dan = house.person("dan", &["manager"]).await;
        let mut policy = policy(&house).await;
        policy.version += 1;
        policy.access.people_signers = 2;
        let _: Policy = house
            .post("/v1/admin/policy", &house.admin.token, &policy)
            .await;
        Self { house, carl, dan }
    }

    async fn hand_in(&self, by: &Person, note: &str) -> reqwest::Response {
        hand_in(&self.house, by, CHANGES, note).await
    }

    async fn people(&self) -> Vec<String> {
        let trust = self.house.trust().await;
        trust.people.into_iter().map(|p| p.name).collect()
    }
}

fn request(name: &str, roles: &[&str]) -> PersonRequest {
    let key = SigningKey::generate().expect("random");
    let signer = Signer::new(&TrustSet::person_key_name(AGENCY, name), key).expect("a signer");
    PersonRequest {
        name: name.to_owned(),
        key: signer.verifier(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    }
}

fn change(id: &str, what: Changed) -> Change {
    Change {
        suite: suite::CURRENT,
        id: id.to_owned(),
        agency: AGENCY.to_owned(),
        what,
        time_ms: now(),
    }
}

fn signed(change: &Change, by: &[&Signer]) -> String {
    statement::sign(change, by).expect("a note").to_string()
}

fn also(note: &str, by: &Signer) -> String {
    let mut note: Note = note.parse().expect("a note");
    note.add_signature(by).expect("signed");
    note.to_string()
}

#[tokio::test]
async fn a_person_is_registered_by_two() {
    let two = Two::new().await;
    let (house, admin, carl) = (&two.house, &two.house.admin, &two.carl);
    let change = change("change-1", Changed::Person(request("zoe", &["approver"])));
    let one = signed(&change, &[&admin.signer]);
    let info: ChangeInfo = ok(two.hand_in(admin, &one).await).await;
    assert_eq!(
        (info.missing, info.signed_by),
        (1, vec!["admin".to_owned()])
    );
    let again: ChangeInfo = ok(two.hand_in(admin, &one).await).await;
    assert_eq!(again.missing, 1, "one person is one");
    assert!(!two.people().await.contains(&"zoe".to_owned()));
    let waiting: Vec<ChangeInfo> = house.get(CHANGES, &carl.token).await;
    assert_eq!(waiting.len(), 1);
    let both = also(&waiting[0].note, &carl.signer);
    let info: ChangeInfo = ok(two.hand_in(carl, &both).await).await;
    assert_eq!((info.missing, info.signed_by.len()), (0, 2));
    assert!(two.people().await.contains(&"zoe".to_owned()));
    // What was made is not made again.
    refused(two.hand_in(carl, &both).await, 409, "change-made").await;
    let signed = audited(house, "change-signed").await;
    let by: Vec<&str> = signed.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(by, ["admin", "admin", "carl"]);
    let registered = audited(house, "person-registered").await;
    assert_eq!(registered.last().map(|row| row.1.as_str()), Some("zoe"));
}

/// The same person by another name, a colleague's roles, more votes: nothing of it alone.
#[tokio::test]
async fn one_person_alone_changes_nothing() {
    let two = Two::new().await;
    let (house, admin) = (&two.house, &two.house.admin);
    let before = (two.people().await, house.trust().await.version);
    let zoe = request("zoe", &["device"]);
    // Without a statement, as one person does otherwise.
    let asked = house.request(Method::POST, "/v1/admin/people", &admin.token);
    let answer = asked.json(&zoe).send().await.expect("answer");
    refused(answer, 409, "change-signatures").await;
    let mut fewer = policy(house).await;
    fewer.version += 1;
    fewer.access.people_signers = 1;
    let asked = house.request(Method::POST, "/v1/admin/policy", &admin.token);
    let answer = asked.json(&fewer).send().await.expect("answer");
    refused(answer, 409, "change-signatures").await;
    // The wish for fewer people waits for the second as everything does.
    let lower = change("change-2", Changed::Policy(Box::new(fewer)));
    let lower = signed(&lower, &[&admin.signer]);
    let info: ChangeInfo = ok(two.hand_in(admin, &lower).await).await;
    assert_eq!(info.missing, 1);
    assert_eq!(policy(house).await.access.people_signers, 2);
    // Signatures of who is of no device management, or of nobody that the agency knows.
    let change = change("change-3", Changed::Person(zoe.clone()));
    let stranger = Signer::new(
        &TrustSet::person_key_name(AGENCY, "carl"),
        SigningKey::generate().expect("random"),
    )
    .expect("a signer");
    for other in [&two.dan.signer, &stranger] {
        let note = signed(&change, &[&admin.signer, other]);
        refused(two.hand_in(admin, &note).await, 422, "change-signature").await;
    }
    refused(
        two.hand_in(&two.dan, &signed(&change, &[&two.dan.signer]))
            .await,
        403,
        "forbidden",
    )
    .await;
    // A colleague's signature under something else, put under one's own text.
    let harmless = Change {
        what: Changed::Person(request("mia", &["manager"])),
        ..change.clone()
    };
    let carls: Note = signed(&harmless, &[&two.carl.signer])
        .parse()
        .expect("a note");
    let mine = signed(&change, &[&admin.signer]);
    let lines = carls.to_string();
    let line = lines.lines().last().expect("a signature");
    let forged = format!("{mine}{line}\n");
    refused(two.hand_in(admin, &forged).await, 422, "change-signature").await;
    // A colleague's signature, handed in by who did not sign.
    let carls = signed(&harmless, &[&two.carl.signer]);
    refused(two.hand_in(admin, &carls).await, 422, "change-signature").await;
    assert_eq!((two.people().await, house.trust().await.version), before);
    // Every attempt is in the register.
    let refused = audited(house, "change-refused").await;
    let whys: Vec<&str> = refused.iter().filter_map(|row| row.2.as_deref()).collect();
    assert_eq!(
        whys,
        [
            "person-register: alone",
            "settings-publish: alone",
            "person-register: signature",
            "person-register: signature",
            "person-register: signature",
            "person-register: other-signer",
        ]
    );
    assert!(refused.iter().all(|row| row.0 == "admin"));
}

/// Whoever signs second signs the text that was there.
#[tokio::test]
async fn a_change_that_waits_stays_as_it_is() {
    let two = Two::new().await;
    let (admin, carl) = (&two.house.admin, &two.carl);
    let first = change("change-4", Changed::Person(request("zoe", &["manager"])));
    let note = signed(&first, &[&admin.signer]);
    ok::<ChangeInfo>(two.hand_in(admin, &note).await).await;
    let other = Change {
        what: Changed::Person(request("zoe", &["approver", "device"])),
        ..first.clone()
    };
    let swapped = signed(&other, &[&admin.signer]);
    refused(two.hand_in(admin, &swapped).await, 422, "change-signature").await;
    // Without the signature of who asked.
    let alone = signed(&first, &[&carl.signer]);
    refused(two.hand_in(carl, &alone).await, 422, "change-signature").await;
    // Of another agency, without a name, from long ago, of the future.
    for (odd, code) in [
        (
            Change {
                agency: "other.example".into(),
                ..first.clone()
            },
            "change-range",
        ),
        (
            Change {
                id: "../x".into(),
                ..first.clone()
            },
            "change-range",
        ),
        (
            Change {
                id: "change-5".into(),
                time_ms: now() - LASTS_MS - 1_000,
                ..first.clone()
            },
            "change-time",
        ),
        (
            Change {
                id: "change-6".into(),
                time_ms: now() + 3_600_000,
                ..first.clone()
            },
            "change-time",
        ),
    ] {
        let note = signed(&odd, &[&admin.signer]);
        refused(two.hand_in(admin, &note).await, 422, code).await;
    }
}

/// A signature counts as long as its person is of device management.
#[tokio::test]
async fn who_has_left_has_signed_nothing() {
    let two = Two::new().await;
    let (house, admin, carl) = (&two.house, &two.house.admin, &two.carl);
    let zoe = change("change-7", Changed::Person(request("zoe", &["device"])));
    let both = signed(&zoe, &[&admin.signer, &carl.signer]);
    ok::<ChangeInfo>(two.hand_in(admin, &both).await).await;
    let mia = change("change-8", Changed::Person(request("mia", &["approver"])));
    let carls = signed(&mia, &[&carl.signer]);
    ok::<ChangeInfo>(two.hand_in(carl, &carls).await).await;
    let gone = PersonRequest {
        name: "carl".into(),
        key: carl.signer.verifier(),
        roles: vec![],
    };
    let gone = change("change-9", Changed::Person(gone));
    let both = signed(&gone, &[&admin.signer, &carl.signer]);
    ok::<ChangeInfo>(two.hand_in(admin, &both).await).await;
    let both = also(&carls, &admin.signer);
    refused(two.hand_in(admin, &both).await, 422, "change-signature").await;
    assert!(house.trust().await.person("mia").is_none());
}

#[tokio::test]
async fn nobody_is_locked_out() {
    let house = House::new().await;
    let admin = &house.admin;
    // Two are wanted, and there is one.
    let mut next = policy(&house).await;
    next.version += 1;
    next.access.people_signers = 2;
    let asked = house.request(Method::POST, "/v1/admin/policy", &admin.token);
    let answer = asked.json(&next).send().await.expect("answer");
    refused(answer, 409, "last-administrator").await;
    // Two are there, and one of them would go.
    let two = Two::new().await;
    let (admin, carl) = (&two.house.admin, &two.carl);
    let gone = PersonRequest {
        name: "carl".into(),
        key: carl.signer.verifier(),
        roles: vec![],
    };
    let gone = change("change-10", Changed::Person(gone));
    let both = signed(&gone, &[&admin.signer, &carl.signer]);
    refused(two.hand_in(admin, &both).await, 409, "last-administrator").await;
    // And back to one, by two.
    let mut lower = policy(&two.house).await;
    lower.version += 1;
    lower.access.people_signers = 1;
    let lower = change("change-11", Changed::Policy(Box::new(lower)));
    let both = signed(&lower, &[&admin.signer, &carl.signer]);
    ok::<ChangeInfo>(two.hand_in(carl, &both).await).await;
    two.house.person("zoe", &["manager"]).await;
    let all = get(&two.house, &two.dan, CHANGES).await;
    assert_eq!(
        all.status(),
        StatusCode::OK,
        "everybody who signs in sees who changes what"
    );
}
