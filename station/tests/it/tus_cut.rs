//! Uploads that are cut, collide, or outlive the station.

use std::time::Duration;

use custos_protocol::hash::Hash;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{House, Terminal, noise, refused};

/// The beginning of a PATCH over a connection of its own, whose body goes on.
async fn half_a_patch(
    house: &House,
    terminal: &Terminal,
    upload: &str,
    offset: usize,
    announced: usize,
    extra: &str,
    bytes: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(house.station.addr)
        .await
        .expect("connect");
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n\
         Content-Length: {announced}\r\n{extra}\r\n",
        terminal.token
    );
    stream.write_all(head.as_bytes()).await.expect("head");
    stream.write_all(bytes).await.expect("bytes");
    stream.flush().await.expect("flush");
    stream
}

#[tokio::test]
async fn what_arrived_before_a_cut_is_kept() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(20_000_000);
    let upload = terminal.create(&house, Some(bytes.len()), "").await;
    let sent = &bytes[..19_123_457];
    let stream = half_a_patch(&house, &terminal, &upload, 0, bytes.len(), "", sent).await;
    drop(stream);
    let mut offset = 0;
    for _ in 0..100 {
        offset = terminal.offset(&house, &upload).await;
        if offset == sent.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(offset, sent.len());
    let response = terminal
        .patch(&house, &upload, offset, &bytes[offset..])
        .await;
    assert_eq!(response.status(), 204);
    let id = upload.rsplit('/').next().expect("id");
    let part = house.dir.path().join(format!("station/uploads/{id}.part"));
    assert_eq!(
        Hash::of(&std::fs::read(part).expect("file")),
        Hash::of(&bytes)
    );
}

#[tokio::test]
async fn unproved_bytes_of_a_cut_request_are_not_kept() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(100_000);
    let upload = terminal.create(&house, Some(bytes.len()), "").await;
    let checksum = format!("Upload-Checksum: sha256 {}\r\n", Hash::of(&bytes));
    let length = bytes.len();
    let sent = &bytes[..50_000];
    drop(half_a_patch(&house, &terminal, &upload, 0, length, &checksum, sent).await);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(terminal.offset(&house, &upload).await, 0);
}

#[tokio::test]
async fn a_newer_request_takes_over_from_a_stuck_one() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(300_000);
    let upload = terminal.create(&house, Some(bytes.len()), "").await;
    // It stays connected and says nothing more, as a phone does that lost its network.
    let length = bytes.len();
    let mut stuck =
        half_a_patch(&house, &terminal, &upload, 0, length, "", &bytes[..100_000]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = std::time::Instant::now();
    assert_eq!(terminal.offset(&house, &upload).await, 100_000);
    assert!(began.elapsed() < Duration::from_secs(5));
    let response = terminal
        .patch(&house, &upload, 100_000, &bytes[100_000..])
        .await;
    assert_eq!(response.status(), 204);
    let mut answer = [0; 12];
    stuck.read_exact(&mut answer).await.expect("answer");
    assert_eq!(&answer, b"HTTP/1.1 423");
}

#[tokio::test]
async fn of_two_at_one_offset_one_wins() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(8), "").await;
    let one = terminal.patch(&house, &upload, 0, b"aaaaaaaa");
    let two = terminal.patch(&house, &upload, 0, b"bbbbbbbb");
    let (one, two) = tokio::join!(one, two);
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204);
    assert!([409, 423].contains(&statuses[1]), "{statuses:?}");
    let id = upload.rsplit('/').next().expect("id");
    let part = house.dir.path().join(format!("station/uploads/{id}.part"));
    let kept = std::fs::read(part).expect("file");
    assert!(kept == b"aaaaaaaa" || kept == b"bbbbbbbb");
}

#[tokio::test]
async fn an_upload_goes_on_after_the_station_was_killed() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(200_000);
    let upload = terminal.create(&house, Some(bytes.len()), "clip-1").await;
    terminal.patch(&house, &upload, 0, &bytes[..70_000]).await;
    // Bytes that were written and never acknowledged, and a file that no upload has.
    let uploads = house.dir.path().join("station/uploads");
    let id = upload.rsplit('/').next().expect("id").to_owned();
    let mut part = std::fs::read(uploads.join(format!("{id}.part"))).expect("file");
    part.extend_from_slice(b"never acknowledged");
    std::fs::write(uploads.join(format!("{id}.part")), part).expect("write");
    std::fs::write(uploads.join("up-stray.part"), b"stray").expect("write");
    let house = house.restart_hard().await;
    assert!(!uploads.join("up-stray.part").exists());
    assert_eq!(
        terminal.offset(&house, &upload).await,
        70_000,
        "the session survived as well"
    );
    let response = terminal
        .patch(&house, &upload, 70_000, &bytes[70_000..])
        .await;
    assert_eq!(response.status(), 204);
    let part = std::fs::read(uploads.join(format!("{id}.part"))).expect("file");
    assert_eq!(Hash::of(&part), Hash::of(&bytes));
}

#[tokio::test]
async fn acknowledged_bytes_that_are_gone_end_the_upload() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(10), "clip-1").await;
    terminal.patch(&house, &upload, 0, b"12345").await;
    let id = upload.rsplit('/').next().expect("id");
    std::fs::write(
        house.dir.path().join(format!("station/uploads/{id}.part")),
        b"1",
    )
    .expect("cut");
    refused(
        terminal.patch(&house, &upload, 5, b"67890").await,
        500,
        "storage-failed",
    )
    .await;
    refused(
        terminal.patch(&house, &upload, 5, b"67890").await,
        410,
        "upload-failed",
    )
    .await;
    terminal.create(&house, Some(10), "clip-1").await;
}

#[tokio::test]
async fn bytes_for_an_upload_that_was_replaced_meanwhile_are_not_acknowledged() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let older = terminal.create(&house, Some(10), "clip-1").await;
    let mut slow = half_a_patch(&house, &terminal, &older, 0, 10, "", b"12345").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let newer = terminal.create(&house, Some(10), "clip-1").await;
    slow.write_all(b"67890").await.expect("the rest");
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.expect("answer");
    assert_eq!(&answer, b"HTTP/1.1 404");
    assert_eq!(terminal.offset(&house, &newer).await, 0);
}
