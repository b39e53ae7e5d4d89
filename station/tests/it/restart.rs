//! What was acknowledged is there after the station was killed.

use custos_protocol::{api::*, directive::Action, journal::Event, statement};

use super::support::{House, ok, refused, sealed_clip};

#[tokio::test]
async fn everything_acknowledged_survives_a_kill() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 150_000).await;
    terminal.seal("clip-1", digest);
    let reply: JournalReply = ok(terminal.send(&house, &terminal.append_from(0)).await).await;
    terminal.upload(&house, "clip-1", &file).await;
    let receipt = terminal
        .receipt(&house, "clip-1")
        .await
        .text()
        .await
        .expect("text");
    let second = house.person("second", &["directive"]).await;
    let directive = house.draft(&terminal, Action::Wipe).await;
    let mut note = statement::sign(&directive, &[&house.admin.signer]).expect("sign");
    let body = NoteBody {
        note: note.to_string(),
    };
    let _: DirectiveInfo = house
        .post("/v1/admin/directives", &house.admin.token, &body)
        .await;
    let ticket = house.ticket("t2").await;
    let trust = house.text("/v1/trust").await;

    let house = house.restart_hard().await;
    assert_eq!(house.text("/v1/trust").await, trust);
    let state: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!(state.checkpoint.as_deref(), Some(reply.checkpoint.as_str()));
    assert_eq!(
        terminal
            .receipt(&house, "clip-1")
            .await
            .text()
            .await
            .expect("text"),
        receipt
    );
    terminal.log_in(&house).await;
    terminal.write(&Event::Unlocked {});
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(1)).await).await;
    note.add_signature(&second.signer).unwrap();
    let body = NoteBody {
        note: note.to_string(),
    };
    let path = format!("/v1/admin/directives/{}/sign", directive.id);
    let _: DirectiveInfo = house.post(&path, &second.token, &body).await;
    let list: DirectiveList = house.get("/v1/directives", &terminal.token).await;
    assert_eq!(list.directives[0].note, body.note);
    let (request, _) = super::support::enrol_request(&ticket);
    let _: EnrolResponse = house.post("/v1/enrol", "", &request).await;

    // A used ticket stays used.
    let house = house.restart_hard().await;
    let (other, _) = super::support::enrol_request(&ticket);
    let response = house
        .http
        .post(house.url("/v1/enrol"))
        .json(&other)
        .send()
        .await;
    refused(response.expect("answer"), 403, "ticket-used").await;
}

#[tokio::test]
async fn a_receipt_that_was_cut_short_is_completed() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 150_000).await;
    terminal.seal("clip-1", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let upload = terminal.upload(&house, "clip-1", &file).await;
    // As after a crash between the object's new name and the database: it has the one, not yet
    // the other.
    let station = house.dir.path().join("station");
    let id = upload.rsplit('/').next().expect("id");
    let shelf = format!("{:02x}", custos_protocol::hash::Hash::of(b"clip-1").0[0]);
    let shelf = station.join("objects").join(shelf);
    std::fs::create_dir(&shelf).expect("shelf");
    let part = station.join(format!("uploads/{id}.part"));
    std::fs::hard_link(&part, shelf.join("clip-1.age")).expect("link");
    let house = house.restart_hard().await;
    assert_eq!(terminal.receipt(&house, "clip-1").await.status(), 200);
    assert!(!part.exists());
    assert_eq!(
        std::fs::read(shelf.join("clip-1.age")).expect("object"),
        file
    );
}
