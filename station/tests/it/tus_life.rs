//! Whose uploads are, and how long.

use std::time::Duration;

use reqwest::{Method, StatusCode};

use super::support::{House, refused};

#[tokio::test]
async fn another_terminals_upload_is_not_there() {
    let house = House::new().await;
    let (owner, other) = (house.terminal("t1").await, house.terminal("t2").await);
    let upload = owner.create(&house, Some(4), "clip-1").await;
    let head = other
        .tus(&house, Method::HEAD, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(head.status(), 404);
    refused(
        other.patch(&house, &upload, 0, b"evil").await,
        404,
        "not-found",
    )
    .await;
    let delete = other
        .tus(&house, Method::DELETE, &upload)
        .send()
        .await
        .expect("answer");
    refused(delete, 404, "not-found").await;
    let anonymous = house
        .http
        .patch(house.url(&upload))
        .header("Tus-Resumable", "1.0.0");
    refused(
        anonymous.send().await.expect("answer"),
        401,
        "unauthenticated",
    )
    .await;
    let staff = house.request(Method::HEAD, &upload, &house.admin.token);
    let staff = staff
        .header("Tus-Resumable", "1.0.0")
        .send()
        .await
        .expect("answer");
    assert_eq!(staff.status(), 403);
    assert_eq!(owner.offset(&house, &upload).await, 0);
    // The same clip's name from another terminal is another upload.
    let theirs = other.create(&house, Some(4), "clip-1").await;
    assert_ne!(theirs, upload);
    assert_eq!(owner.offset(&house, &upload).await, 0);
    // The terminal enrolled anew begins anew.
    let again = house.terminal("t1").await;
    let head = again
        .tus(&house, Method::HEAD, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(head.status(), 404);
}

#[tokio::test]
async fn ended_replaced_and_expired_uploads_are_gone() {
    let house = House::with(|config| {
        config.upload_expiry = Duration::from_millis(1500);
        config.sweep_every = Duration::from_millis(100);
    })
    .await;
    let terminal = house.terminal("t1").await;
    let files = || {
        std::fs::read_dir(house.dir.path().join("station/uploads"))
            .expect("dir")
            .count()
    };
    let upload = terminal.create(&house, Some(4), "").await;
    let response = terminal
        .tus(&house, Method::DELETE, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    refused(
        terminal.patch(&house, &upload, 0, b"x").await,
        404,
        "not-found",
    )
    .await;
    assert_eq!(files(), 0);
    let older = terminal.create(&house, Some(4), "clip-1").await;
    let newer = terminal.create(&house, Some(4), "clip-1").await;
    refused(
        terminal.patch(&house, &older, 0, b"x").await,
        404,
        "not-found",
    )
    .await;
    assert_eq!(files(), 1);
    // What is complete and a clip's stays; abandoned and nameless uploads go.
    let complete = terminal.upload(&house, "clip-2", b"done").await;
    terminal.upload(&house, "", b"nobody's").await;
    assert_eq!(files(), 3);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(files(), 1);
    assert_eq!(terminal.offset(&house, &complete).await, 4);
    refused(
        terminal.patch(&house, &newer, 0, b"x").await,
        404,
        "not-found",
    )
    .await;
}
