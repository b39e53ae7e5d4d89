//! Disclosures: who may take which step, in which order, and what is kept of them.

use custos_protocol::{
    api::*,
    clip::ClipDigest,
    disclosure::{
        CopyDigest, Disclosure, DisclosureApproval, DisclosureRefusal, DisclosureRequest, Region,
    },
    hash::Hash,
    note::Note,
    receipt::Receipt,
    suite,
    verify::verify_receipt,
};
use reqwest::{Method, Response};

use super::support::{
    House, Person, ok, refused,
    steps::{self, audited, get, now, sign, stored},
};

const DAY_MS: i64 = 86_400_000;
const LIST: &str = "/v1/admin/disclosures";

struct Desk {
    house: House,
    eva: Person,
    emil: Person,
    digest: ClipDigest,
}

impl Desk {
    /// A station that holds clip-1, a custodian and a superior.
    async fn new() -> Self {
        let house = House::new().await;
        let mut terminal = house.terminal("t1").await;
        stored(&house, &mut terminal, "clip-1").await;
        let eva = house.person("eva", &["evidence"]).await;
        let emil = house.person("emil", &["approver"]).await;
        let path = "/v1/admin/evidence/clip-1/receipt";
        let receipt = get(&house, &eva, path).await.text().await.expect("text");
        assert!(Receipt::from_text(&receipt).is_ok());
        let receipt = verify_receipt(&receipt, &house.trust().await).expect("a receipt");
        Self {
            digest: receipt.sealed.digest,
            house,
            eva,
            emil,
        }
    }

    fn asked(&self, id: &str) -> DisclosureRequest {
        DisclosureRequest {
            suite: suite::CURRENT,
            id: id.into(),
            requester: "eva".into(),
            clip: "clip-1".into(),
            digest: self.digest,
            media: "video/mp4".into(),
            recipient: "court".into(),
            purpose: "(2026) 815".into(),
            regions: vec![],
            expires_ms: now() + DAY_MS,
            time_ms: now(),
        }
    }

    async fn hand_in(&self, by: &Person, path: &str, note: &str) -> Response {
        steps::hand_in(&self.house, by, &format!("{LIST}{path}"), note).await
    }

    async fn request(&self, asked: &DisclosureRequest) -> String {
        let note = sign(asked, &self.eva.signer);
        let info: DisclosureInfo = ok(self.hand_in(&self.eva, "", &note).await).await;
        assert_eq!(info.state, DisclosureState::Requested);
        note
    }

    async fn approve(&self, id: &str, request: &str) -> String {
        let note = approval(request, &self.emil);
        let path = format!("/{id}/approve");
        let info: DisclosureInfo = ok(self.hand_in(&self.emil, &path, &note).await).await;
        assert_eq!(info.state, DisclosureState::Approved);
        note
    }

    async fn show(&self, id: &str) -> DisclosureInfo {
        self.house
            .get(&format!("{LIST}/{id}"), &self.eva.token)
            .await
    }
}

fn note(text: &str) -> Note {
    text.parse().expect("a note")
}

fn approval(request: &str, by: &Person) -> String {
    let approval = DisclosureApproval::new(&note(request), &by.name, now());
    sign(&approval.expect("approval"), &by.signer)
}

fn refusal(request: &str, by: &Person) -> String {
    let refusal = DisclosureRefusal::new(&note(request), &by.name, "not needed", now());
    sign(&refusal.expect("refusal"), &by.signer)
}

fn made(approval: &str, by: &Person, copy: &[u8], time_ms: i64) -> String {
    let copy = CopyDigest {
        length: copy.len() as u64,
        sha256: Hash::of(copy),
    };
    let made = Disclosure::new(&note(approval), &by.name, copy, time_ms);
    sign(&made.expect("made"), &by.signer)
}

#[tokio::test]
async fn asked_for_approved_and_made() {
    let desk = Desk::new().await;
    let request = desk.request(&desk.asked("d-1")).await;
    let approved = desk.approve("d-1", &request).await;
    let copy = made(&approved, &desk.eva, b"copy", now());
    let info: DisclosureInfo = ok(desk.hand_in(&desk.eva, "/d-1/make", &copy).await).await;
    assert_eq!(info.state, DisclosureState::Made);
    assert_eq!(info.maker.as_deref(), Some("eva"));
    for (action, person) in [
        ("disclosure-requested", "eva"),
        ("disclosure-approved", "emil"),
        ("disclosure-made", "eva"),
    ] {
        let rows = audited(&desk.house, action).await;
        let row = (
            person.to_owned(),
            "d-1".to_owned(),
            Some("clip-1".to_owned()),
        );
        assert_eq!(rows, [row], "{action}");
    }
    // Whatever answer was lost: sent again it is the same, and in the register once.
    for (by, path, note) in [
        (&desk.eva, "", &request),
        (&desk.emil, "/d-1/approve", &approved),
        (&desk.eva, "/d-1/make", &copy),
    ] {
        let again: DisclosureInfo = ok(desk.hand_in(by, path, note).await).await;
        assert_eq!(again.state, DisclosureState::Made);
    }
    // The same copy, made again: what was signed first stays.
    let again = made(&approved, &desk.eva, b"copy", now() + 1);
    let info: DisclosureInfo = ok(desk.hand_in(&desk.eva, "/d-1/make", &again).await).await;
    assert_eq!(info.disclosure.as_deref(), Some(copy.as_str()));
    assert_eq!(audited(&desk.house, "disclosure-made").await.len(), 1);
    // Another copy, and a refusal that comes too late.
    let other = made(&approved, &desk.eva, b"another", now());
    let answer = desk.hand_in(&desk.eva, "/d-1/make", &other).await;
    refused(answer, 409, "disclosure-other-copy").await;
    let late = refusal(&request, &desk.emil);
    let answer = desk.hand_in(&desk.emil, "/d-1/refuse", &late).await;
    refused(answer, 409, "disclosure-state").await;
}

#[tokio::test]
async fn nothing_is_made_that_was_not_approved() {
    let desk = Desk::new().await;
    let request = desk.request(&desk.asked("d-1")).await;
    // Approved by nobody; by the custodian; in the superior's name.
    let own = approval(&request, &desk.eva);
    let copy = made(&own, &desk.eva, b"copy", now());
    let answer = desk.hand_in(&desk.eva, "/d-1/make", &copy).await;
    refused(answer, 409, "disclosure-state").await;
    let answer = desk.hand_in(&desk.eva, "/d-1/approve", &own).await;
    refused(answer, 422, "disclosure-wrong-role").await;
    let approval_text = DisclosureApproval::new(&note(&request), "emil", now()).expect("approval");
    let forged = sign(&approval_text, &desk.eva.signer);
    let answer = desk.hand_in(&desk.eva, "/d-1/approve", &forged).await;
    refused(answer, 422, "disclosure-signature").await;
    // Refused: it stays so, approved or not.
    let no = refusal(&request, &desk.emil);
    let info: DisclosureInfo = ok(desk.hand_in(&desk.emil, "/d-1/refuse", &no).await).await;
    assert_eq!(info.state, DisclosureState::Refused);
    assert_eq!(info.refuse_reason.as_deref(), Some("not needed"));
    let yes = approval(&request, &desk.emil);
    let answer = desk.hand_in(&desk.emil, "/d-1/approve", &yes).await;
    refused(answer, 409, "disclosure-state").await;
    // Taken back before the copy was made.
    let request = desk.request(&desk.asked("d-2")).await;
    let approved = desk.approve("d-2", &request).await;
    let no = refusal(&request, &desk.emil);
    ok::<DisclosureInfo>(desk.hand_in(&desk.emil, "/d-2/refuse", &no).await).await;
    let copy = made(&approved, &desk.eva, b"copy", now());
    let answer = desk.hand_in(&desk.eva, "/d-2/make", &copy).await;
    refused(answer, 409, "disclosure-state").await;
    assert_eq!(desk.show("d-2").await.disclosure, None);
    assert!(audited(&desk.house, "disclosure-made").await.is_empty());
}

#[tokio::test]
async fn whose_step_it_is() {
    let desk = Desk::new().await;
    let house = &desk.house;
    let both = house.person("both", &["evidence", "approver"]).await;
    // Asks and approves; approves and makes.
    let asked = DisclosureRequest {
        requester: "both".into(),
        ..desk.asked("d-1")
    };
    let request = sign(&asked, &both.signer);
    ok::<DisclosureInfo>(desk.hand_in(&both, "", &request).await).await;
    let own = approval(&request, &both);
    let answer = desk.hand_in(&both, "/d-1/approve", &own).await;
    refused(answer, 422, "disclosure-same-person").await;
    let request = desk.request(&desk.asked("d-2")).await;
    let approved = approval(&request, &both);
    ok::<DisclosureInfo>(desk.hand_in(&both, "/d-2/approve", &approved).await).await;
    let copy = made(&approved, &both, b"copy", now());
    let answer = desk.hand_in(&both, "/d-2/make", &copy).await;
    refused(answer, 422, "disclosure-same-person").await;
    // What another has signed, handed in.
    let answer = desk
        .hand_in(&both, "", &sign(&desk.asked("d-3"), &desk.eva.signer))
        .await;
    refused(answer, 422, "disclosure-other-signer").await;
    // Roles that have no part in it.
    for (name, role) in [
        ("dora", "manager"),
        ("carla", "device"),
        ("sue", "supervisor"),
    ] {
        let person = house.person(name, &[role]).await;
        let asked = DisclosureRequest {
            requester: name.into(),
            ..desk.asked("d-4")
        };
        let answer = desk
            .hand_in(&person, "", &sign(&asked, &person.signer))
            .await;
        refused(answer, 422, "disclosure-wrong-role").await;
        let listed: Vec<DisclosureInfo> = house.get(LIST, &person.token).await;
        assert_eq!(listed.is_empty(), role != "supervisor", "{role}");
        if role != "supervisor" {
            let answer = get(house, &person, &format!("{LIST}/d-2")).await;
            refused(answer, 404, "not-found").await;
        }
    }
    let denied = audited(house, "disclosure-denied").await;
    let details: Vec<_> = denied.iter().filter_map(|row| row.2.as_deref()).collect();
    assert_eq!(details[0], "disclosure-approve: same-person");
    assert_eq!(details[1], "disclosure-make: same-person");
    assert_eq!(details.len(), 6);
}

#[tokio::test]
async fn a_request_names_what_is_held() {
    let desk = Desk::new().await;
    let refuse = async |change: fn(&mut DisclosureRequest), status, code: &str| {
        let mut asked = desk.asked("d-1");
        change(&mut asked);
        let note = sign(&asked, &desk.eva.signer);
        let answer = desk.hand_in(&desk.eva, "", &note).await;
        refused(answer, status, code).await.reason
    };
    assert_eq!(
        refuse(|r| r.clip = "clip-9".into(), 404, "not-found").await,
        None
    );
    let terms = "disclosure-terms";
    let digest = Some("digest".to_owned());
    assert_eq!(refuse(|r| r.digest.length += 1, 422, terms).await, digest);
    let other = |r: &mut DisclosureRequest| r.digest.root = Hash::of(b"other");
    assert_eq!(refuse(other, 422, terms).await, digest);
    assert_eq!(
        refuse(|r| r.media = "image/jpeg".into(), 422, terms).await,
        digest
    );
    let region = |r: &mut DisclosureRequest| {
        r.regions = vec![Region {
            x: 0,
            y: 0,
            width: 1,
            height: 1,
        }];
    };
    let reason = refuse(region, 422, terms).await;
    assert_eq!(reason.as_deref(), Some("regions-of-photo"));
    let over = |r: &mut DisclosureRequest| {
        (r.time_ms, r.expires_ms) = (now() - DAY_MS, now() - 1);
    };
    refuse(over, 422, "disclosure-expired").await;
    // A name is taken once.
    desk.request(&desk.asked("d-1")).await;
    refuse(|r| r.purpose = "another".into(), 409, "disclosure-exists").await;
    let listed: Vec<DisclosureInfo> = desk.house.get(LIST, &desk.eva.token).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].purpose, "(2026) 815");
}

#[tokio::test]
async fn its_time_ends() {
    let desk = Desk::new().await;
    let asked = DisclosureRequest {
        expires_ms: now() + 1_500,
        ..desk.asked("d-1")
    };
    let request = desk.request(&asked).await;
    let approved = desk.approve("d-1", &request).await;
    let in_time = made(&approved, &desk.eva, b"copy", now());
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    assert_eq!(desk.show("d-1").await.state, DisclosureState::Expired);
    // By the station's clock, whatever the maker's note says.
    let answer = desk.hand_in(&desk.eva, "/d-1/make", &in_time).await;
    refused(answer, 422, "disclosure-expired").await;
    let late = made(&approved, &desk.eva, b"copy", now());
    let answer = desk.hand_in(&desk.eva, "/d-1/make", &late).await;
    refused(answer, 422, "disclosure-expired").await;
}

/// The rules that an agency publishes hold here, too.
#[tokio::test]
async fn rules_that_were_published_decide() {
    let desk = Desk::new().await;
    let request = desk.request(&desk.asked("d-1")).await;
    let text = custos_access::Rules::shipped_text().replace(
        "permit (principal in Role::\"approver\", action == Action::\"disclosure-approve\"",
        "forbid (principal in Role::\"approver\", action == Action::\"disclosure-approve\"",
    );
    let rules = custos_protocol::rules::AccessRules {
        suite: suite::CURRENT,
        version: 1,
        text,
        time_ms: now(),
    };
    let by = &desk.house.admin;
    let answer = steps::hand_in(
        &desk.house,
        by,
        "/v1/admin/rules",
        &sign(&rules, &by.signer),
    )
    .await;
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    let yes = approval(&request, &desk.emil);
    let answer = desk.hand_in(&desk.emil, "/d-1/approve", &yes).await;
    let body = refused(answer, 403, "forbidden").await;
    assert_eq!(body.reason.as_deref(), Some("disclosure-is-approved"));
    let unsigned = desk
        .house
        .request(Method::POST, LIST, "nobody")
        .send()
        .await;
    assert_eq!(unsigned.expect("answer").status(), 401);
}
