//! Directives: signed by people, held until acknowledged.

use std::time::{Duration, Instant};

use custos_protocol::{
    api::*,
    directive::{Ack, Action, Directive, State},
    note::{Note, Signer},
    statement, suite,
};
use reqwest::{Method, Response};

use super::support::{House, Person, Terminal, ok, refused};

fn signed(directive: &Directive, by: &[&Signer]) -> NoteBody {
    NoteBody {
        note: statement::sign(directive, by).expect("sign").to_string(),
    }
}

async fn submit(house: &House, who: &Person, path: &str, body: &NoteBody) -> Response {
    let path = format!("/v1/admin/directives{path}");
    house
        .request(Method::POST, &path, &who.token)
        .json(body)
        .send()
        .await
        .expect("answer")
}

async fn poll(house: &House, terminal: &Terminal, query: &str) -> Vec<DirectiveItem> {
    let path = format!("/v1/directives?{query}");
    house
        .get::<DirectiveList>(&path, &terminal.token)
        .await
        .directives
}

async fn ack(house: &House, terminal: &Terminal, of: &Directive, state: State) -> Response {
    let ack = Ack {
        suite: suite::CURRENT,
        directive: of.id.clone(),
        terminal: terminal.id.clone(),
        epoch: terminal.epoch,
        seq: of.seq,
        state,
        reason: (state == State::Refused).then(|| "expired".to_owned()),
        time_ms: 1_700_000_000_000,
    };
    let note = statement::sign(&ack, &[&terminal.signer])
        .expect("sign")
        .to_string();
    let path = format!("/v1/directives/{}/ack", of.id);
    let request = house
        .request(Method::POST, &path, &terminal.token)
        .json(&NoteBody { note });
    request.send().await.expect("answer")
}

async fn state(house: &House, of: &Directive) -> DirectiveInfo {
    house
        .get(
            &format!("/v1/admin/directives/{}", of.id),
            &house.admin.token,
        )
        .await
}

#[tokio::test]
async fn a_lock_is_drafted_signed_fetched_and_done() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let directive = house.draft(&terminal, Action::Lock).await;
    assert_eq!(
        (directive.seq, directive.epoch, directive.terminal.as_str()),
        (1, 1, "t1")
    );
    assert!(
        poll(&house, &terminal, "after=0").await.is_empty(),
        "a draft is not an order"
    );
    let body = signed(&directive, &[&house.admin.signer]);
    let info: DirectiveInfo = ok(submit(&house, &house.admin, "", &body).await).await;
    assert_eq!((info.state, info.missing), (State::Queued, 0));
    assert_eq!(info.signed_by, ["admin"]);
    ok::<DirectiveInfo>(submit(&house, &house.admin, "", &body).await).await;
    let items = poll(&house, &terminal, "after=0").await;
    assert_eq!(
        (items.len(), items[0].note.as_str()),
        (1, body.note.as_str())
    );
    let note: Note = items[0].note.parse().expect("note");
    let trust = house.trust().await;
    assert_eq!(
        Directive::open(&note, &trust).expect("directive"),
        directive
    );
    assert_eq!(state(&house, &directive).await.state, State::Fetched);
    assert_eq!(
        poll(&house, &terminal, "after=0").await.len(),
        1,
        "until it is dealt with"
    );
    assert!(poll(&house, &terminal, "after=1").await.is_empty());
    for step in [
        State::Accepted,
        State::Executing,
        State::Done,
        State::Done,
        State::Accepted,
    ] {
        assert_eq!(ack(&house, &terminal, &directive, step).await.status(), 204);
    }
    assert_eq!(state(&house, &directive).await.state, State::Done);
    let response = ack(&house, &terminal, &directive, State::Failed).await;
    refused(response, 409, "directive-finished").await;
    assert!(poll(&house, &terminal, "after=0").await.is_empty());
    let path = format!("/v1/admin/directives/{}/acks", directive.id);
    let acks: Vec<NoteBody> = house.get(&path, &house.admin.token).await;
    assert_eq!(acks.len(), 3, "each step once");
    let note: Note = acks[2].note.parse().expect("note");
    let last: Ack = statement::open(&note, [&terminal.signer.verifier()], 1).expect("ack");
    assert_eq!(last.state, State::Done);
}

#[tokio::test]
async fn a_wipe_needs_two_people() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let second = house.person("second", &["directive"]).await;
    let clerk = house.person("clerk", &["device"]).await;
    let wipe = house.draft(&terminal, Action::Wipe).await;
    let one = signed(&wipe, &[&house.admin.signer]);
    let info: DirectiveInfo = ok(submit(&house, &house.admin, "", &one).await).await;
    assert_eq!((info.state, info.missing), (State::Queued, 1));
    assert_eq!(info.reason.as_deref(), Some("signatures-missing"));
    assert!(
        poll(&house, &terminal, "after=0").await.is_empty(),
        "one signature is not enough"
    );
    refused(
        ack(&house, &terminal, &wipe, State::Done).await,
        404,
        "not-found",
    )
    .await;
    let path = format!("/{}/sign", wipe.id);
    // The clerk may not sign, in the clerk's own session or through another's; nor does a note
    // count that leaves out the first signature.
    let by_clerk = signed(&wipe, &[&house.admin.signer, &clerk.signer]);
    refused(
        submit(&house, &clerk, &path, &by_clerk).await,
        403,
        "forbidden",
    )
    .await;
    let response = submit(&house, &second, &path, &by_clerk).await;
    refused(response, 422, "directive-unacceptable").await;
    let alone = signed(&wipe, &[&second.signer]);
    refused(
        submit(&house, &second, &path, &alone).await,
        422,
        "directive-unacceptable",
    )
    .await;
    let mut note: Note = info.note.parse().expect("note");
    note.add_signature(&second.signer).unwrap();
    let both = NoteBody {
        note: note.to_string(),
    };
    let info: DirectiveInfo = ok(submit(&house, &second, &path, &both).await).await;
    assert_eq!((info.missing, info.signed_by.len()), (0, 2));
    assert_eq!(poll(&house, &terminal, "after=0").await[0].note, both.note);
    let audit: Vec<AuditItem> = house.get("/v1/admin/audit", &house.admin.token).await;
    let signers: Vec<_> = audit
        .iter()
        .filter(|r| r.action == "directive-signed")
        .map(|r| &r.person)
        .collect();
    assert_eq!(signers, [&second.name, &house.admin.name]);
}

#[tokio::test]
async fn what_was_not_drafted_so_is_not_taken() {
    let house = House::new().await;
    let (terminal, other) = (house.terminal("t1").await, house.terminal("t2").await);
    let directive = house.draft(&terminal, Action::Lock).await;
    let admin = &house.admin;
    let wipe = Directive {
        action: Action::Wipe,
        ..directive.clone()
    };
    let moved = Directive {
        terminal: other.id.clone(),
        ..directive.clone()
    };
    let replayed = Directive {
        seq: 7,
        ..directive.clone()
    };
    let longer = Directive {
        expires_ms: directive.expires_ms + 1,
        ..directive.clone()
    };
    for changed in [wipe, moved, replayed, longer] {
        let body = signed(&changed, &[&admin.signer]);
        refused(
            submit(&house, admin, "", &body).await,
            422,
            "directive-unacceptable",
        )
        .await;
    }
    let unknown = Directive {
        id: "dir-unknown".to_owned(),
        ..directive.clone()
    };
    let body = signed(&unknown, &[&admin.signer]);
    refused(submit(&house, admin, "", &body).await, 404, "not-found").await;
    for body in [
        signed(&directive, &[]),
        NoteBody {
            note: "x".to_owned(),
        },
    ] {
        refused(
            submit(&house, admin, "", &body).await,
            422,
            "directive-unacceptable",
        )
        .await;
    }
    let body = signed(&directive, &[&terminal.signer]);
    refused(
        submit(&house, admin, "", &body).await,
        422,
        "directive-unacceptable",
    )
    .await;
    ok::<DirectiveInfo>(submit(&house, admin, "", &signed(&directive, &[&admin.signer])).await)
        .await;
    // Another terminal's acknowledgement, or one that was not signed by the terminal.
    refused(
        ack(&house, &other, &directive, State::Done).await,
        404,
        "not-found",
    )
    .await;
    let path = format!("/v1/directives/{}/ack", directive.id);
    let request = house.request(Method::POST, &path, &terminal.token);
    let request = request.json(&signed(&directive, &[&admin.signer]));
    refused(
        request.send().await.expect("answer"),
        422,
        "ack-unacceptable",
    )
    .await;
    refused(
        ack(&house, &terminal, &directive, State::Queued).await,
        422,
        "ack-unacceptable",
    )
    .await;
    let nobody = DirectiveDraft {
        terminal: "nobody".to_owned(),
        action: Action::Lock,
        reason: "x".to_owned(),
        valid_s: None,
    };
    let request = house.request(Method::POST, "/v1/admin/directives/draft", &admin.token);
    refused(
        request.json(&nobody).send().await.expect("answer"),
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn a_directive_that_was_overtaken_or_expired_is_drafted_anew() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let admin = &house.admin;
    let early = house.draft(&terminal, Action::Lock).await;
    let late = house.draft(&terminal, Action::Unlock).await;
    assert_eq!((early.seq, late.seq), (1, 2));
    ok::<DirectiveInfo>(submit(&house, admin, "", &signed(&late, &[&admin.signer])).await).await;
    let body = signed(&early, &[&admin.signer]);
    refused(
        submit(&house, admin, "", &body).await,
        409,
        "directive-overtaken",
    )
    .await;
    let draft = DirectiveDraft {
        terminal: terminal.id.clone(),
        action: Action::Lock,
        reason: "x".to_owned(),
        valid_s: Some(0),
    };
    let expired: Directive = house
        .post("/v1/admin/directives/draft", &admin.token, &draft)
        .await;
    let body = signed(&expired, &[&admin.signer]);
    refused(
        submit(&house, admin, "", &body).await,
        409,
        "directive-expired",
    )
    .await;
    // The next enrolment gets none of the old one's.
    let again = house.terminal("t1").await;
    assert!(poll(&house, &again, "after=0").await.is_empty());
    assert_eq!(house.draft(&again, Action::Lock).await.seq, 1);
}

#[tokio::test]
async fn a_long_poll_ends_when_there_is_something() {
    let house = std::sync::Arc::new(House::new().await);
    let terminal = house.terminal("t1").await;
    let began = Instant::now();
    assert!(poll(&house, &terminal, "after=0&wait=1").await.is_empty());
    assert!(began.elapsed() >= Duration::from_secs(1));
    let waiting = tokio::spawn({
        let (house, token) = (house.clone(), terminal.token.clone());
        async move {
            let began = Instant::now();
            let list: DirectiveList = house.get("/v1/directives?after=0&wait=30", &token).await;
            (list.directives.len(), began.elapsed())
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let directive = house.draft(&terminal, Action::Lock).await;
    let body = signed(&directive, &[&house.admin.signer]);
    ok::<DirectiveInfo>(submit(&house, &house.admin, "", &body).await).await;
    let (found, waited) = waiting.await.expect("task");
    assert_eq!(found, 1);
    assert!(waited < Duration::from_secs(5));
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_long_polls() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let request = house
        .request(
            Method::GET,
            "/v1/directives?after=0&wait=60",
            &terminal.token,
        )
        .send();
    let waiting = tokio::spawn(request);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    house.station.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(4));
    let list: DirectiveList = ok(waiting.await.expect("task").expect("answer")).await;
    assert!(list.directives.is_empty());
}
