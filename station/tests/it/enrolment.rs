//! Tickets, enrolment and sessions.

use custos_protocol::{api::*, key::SigningKey, note::Signer, ticket::Ticket};
use reqwest::{Method, Response};

use super::support::{House, answer, challenge, enrol_request, log_in, ok, refused};

async fn enrol(house: &House, request: &EnrolRequest) -> Response {
    let request = house.http.post(house.url("/v1/enrol")).json(request);
    request.send().await.expect("answer")
}

#[tokio::test]
async fn a_ticket_enrols_one_key_once() {
    let house = House::new().await;
    let ticket = house.ticket("t1").await;
    assert_eq!(
        (ticket.epoch, ticket.station.as_str()),
        (1, house.station.url.as_str())
    );
    let (request, _) = enrol_request(&ticket);
    let first: EnrolResponse = ok(enrol(&house, &request).await).await;
    // The answer was lost: the same key gets the same one; any other is refused.
    let again: EnrolResponse = ok(enrol(&house, &request).await).await;
    assert_eq!(first.certificate, again.certificate);
    let (other, _) = enrol_request(&ticket);
    refused(enrol(&house, &other).await, 403, "ticket-used").await;
    let unknown = EnrolRequest {
        token: "AAAA".to_owned(),
        ..request
    };
    refused(enrol(&house, &unknown).await, 401, "ticket-unknown").await;
}

#[tokio::test]
async fn expired_and_superseded_tickets_and_foreign_keys_are_refused() {
    let house = House::new().await;
    let request = TicketRequest {
        valid_s: Some(0),
        ..Default::default()
    };
    let expired: Ticket = house
        .post("/v1/admin/tickets", &house.admin.token, &request)
        .await;
    refused(
        enrol(&house, &enrol_request(&expired).0).await,
        403,
        "ticket-expired",
    )
    .await;
    let (one, two) = (house.ticket("t1").await, house.ticket("t1").await);
    ok::<EnrolResponse>(enrol(&house, &enrol_request(&one).0).await).await;
    refused(
        enrol(&house, &enrol_request(&two).0).await,
        409,
        "ticket-superseded",
    )
    .await;
    // A key named for another terminal, a proof for another ticket, a proof by another key.
    let (three, four) = (house.ticket("t3").await, house.ticket("t4").await);
    let (request3, _) = enrol_request(&three);
    let (request4, _) = enrol_request(&four);
    for bad in [
        EnrolRequest {
            token: three.token.clone(),
            ..request4.clone()
        },
        EnrolRequest {
            proof: request4.proof.clone(),
            ..request3.clone()
        },
        EnrolRequest {
            proof: String::new(),
            ..request3.clone()
        },
        EnrolRequest {
            journal_key: request4.journal_key.clone(),
            ..request3.clone()
        },
    ] {
        refused(enrol(&house, &bad).await, 422, "enrol-proof").await;
    }
    for model in ["", "a\nb", &"m".repeat(101)] {
        let bad = EnrolRequest {
            model: model.to_owned(),
            ..request3.clone()
        };
        refused(enrol(&house, &bad).await, 400, "bad-request").await;
    }
    // None of that used the ticket up.
    ok::<EnrolResponse>(enrol(&house, &request3).await).await;
}

#[tokio::test]
async fn enrolling_again_ends_what_the_terminal_was_before() {
    let house = House::new().await;
    let old = house.terminal("t1").await;
    let new = house.terminal("t1").await;
    assert_eq!((old.epoch, new.epoch), (1, 2));
    let response = house
        .request(Method::GET, "/v1/journal", &old.token)
        .send()
        .await;
    refused(response.expect("answer"), 401, "unauthenticated").await;
    let nonce = challenge(&house.http, &house.station.url, "terminal:t1").await;
    let request = answer("terminal:t1", &nonce, &old.signer);
    let response = house
        .http
        .post(house.url("/v1/session"))
        .json(&request)
        .send()
        .await;
    refused(response.expect("answer"), 401, "unauthenticated").await;
    let _: JournalState = house.get("/v1/journal", &new.token).await;
}

#[tokio::test]
async fn sessions_are_for_who_holds_the_key_and_answers_for_one_session() {
    let house = House::new().await;
    let (http, url) = (&house.http, house.station.url.as_str());
    let terminal = house.terminal("t1").await;
    let session = |request: SessionRequest| async move {
        http.post(format!("{url}/v1/session"))
            .json(&request)
            .send()
            .await
            .expect("answer")
    };
    let nonce = challenge(http, url, "terminal:t1").await;
    let good = answer("terminal:t1", &nonce, &terminal.signer);
    let used = good.clone();
    ok::<SessionResponse>(session(good).await).await;
    refused(session(used).await, 401, "unauthenticated").await;
    // Another's nonce, a made-up one, another's key, nobody.
    let nonce = challenge(http, url, "person:admin").await;
    let wrong = answer("terminal:t1", &nonce, &terminal.signer);
    refused(session(wrong).await, 401, "unauthenticated").await;
    let wrong = answer("terminal:t1", "AAAA", &terminal.signer);
    refused(session(wrong).await, 401, "unauthenticated").await;
    let nonce = challenge(http, url, "terminal:t1").await;
    let key = SigningKey::generate().expect("random");
    let stranger = Signer::new(terminal.signer.name(), key).expect("signer");
    refused(
        session(answer("terminal:t1", &nonce, &stranger)).await,
        401,
        "unauthenticated",
    )
    .await;
    let nonce = challenge(http, url, "terminal:nobody").await;
    let nobody = answer("terminal:nobody", &nonce, &stranger);
    refused(session(nobody).await, 401, "unauthenticated").await;
}

#[tokio::test]
async fn without_a_session_or_with_the_wrong_kind_nothing_is_given() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    for path in [
        "/v1/journal",
        "/v1/directives",
        "/v1/admin/terminals",
        "/v1/admin/evidence",
    ] {
        let response = house
            .http
            .get(house.url(path))
            .send()
            .await
            .expect("answer");
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        refused(response, 401, "unauthenticated").await;
        let response = house
            .request(Method::GET, path, "AAAA")
            .send()
            .await
            .expect("answer");
        refused(response, 401, "unauthenticated").await;
        let wrong = if path.contains("admin") {
            &terminal.token
        } else {
            &house.admin.token
        };
        let response = house
            .request(Method::GET, path, wrong)
            .send()
            .await
            .expect("answer");
        refused(response, 403, "forbidden").await;
    }
}

#[tokio::test]
async fn failed_attempts_are_limited_for_the_one_who_fails() {
    let house = House::new().await;
    let key = SigningKey::generate().expect("random");
    let stranger = Signer::new("x", key).expect("signer");
    let mut limited = false;
    for _ in 0..12 {
        let nonce = challenge(&house.http, &house.station.url, "person:admin").await;
        let request = answer("person:admin", &nonce, &stranger);
        let response = house
            .http
            .post(house.url("/v1/session"))
            .json(&request)
            .send()
            .await;
        let response = response.expect("answer");
        if response.status() == 429 {
            assert!(response.headers().contains_key("retry-after"));
            refused(response, 429, "too-many-attempts").await;
            limited = true;
            break;
        }
        refused(response, 401, "unauthenticated").await;
    }
    assert!(limited);
    // Sessions that exist go on, and other principals are not held back.
    let _: Vec<TerminalInfo> = house.get("/v1/admin/terminals", &house.admin.token).await;
    let terminal = house.terminal("t1").await;
    log_in(
        &house.http,
        &house.station.url,
        "terminal:t1",
        &terminal.signer,
    )
    .await;
}
