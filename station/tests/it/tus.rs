//! tus 1.0.0, clause by clause, failures included.

use custos_protocol::hash::Hash;
use reqwest::{Method, StatusCode};

use super::support::{House, header, metadata, noise, refused};

const OFFSET_STREAM: &str = "application/offset+octet-stream";

#[tokio::test]
async fn options_says_what_there_is() {
    let house = House::new().await;
    for path in ["/v1/files", "/v1/files/up-x"] {
        let response = house
            .http
            .request(Method::OPTIONS, house.url(path))
            .send()
            .await;
        let response = response.expect("answer");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "tus-resumable"), "1.0.0");
        assert_eq!(header(&response, "tus-version"), "1.0.0");
        assert_eq!(header(&response, "tus-checksum-algorithm"), "sha256");
        assert_eq!(header(&response, "tus-max-size"), (4_u64 << 30).to_string());
        let extensions = header(&response, "tus-extension");
        for extension in [
            "creation",
            "creation-with-upload",
            "creation-defer-length",
            "checksum",
            "expiration",
            "termination",
        ] {
            assert!(extensions.split(',').any(|e| e == extension), "{extension}");
        }
    }
}

#[tokio::test]
async fn an_upload_in_pieces() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(3_000_000);
    let upload = terminal.create(&house, Some(bytes.len()), "").await;
    let response = terminal
        .tus(&house, Method::HEAD, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(header(&response, "upload-length"), "3000000");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert!(header(&response, "upload-expires").ends_with(" GMT"));
    let mut offset = 0;
    for piece in bytes.chunks(1_100_000) {
        let response = terminal.patch(&house, &upload, offset, piece).await;
        offset += piece.len();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&response, "upload-offset"), offset.to_string());
        assert_eq!(
            response.headers().contains_key("upload-expires"),
            offset < bytes.len()
        );
        assert_eq!(terminal.offset(&house, &upload).await, offset);
    }
    // Complete: an empty PATCH at the end is fine, another byte is not.
    let response = terminal.patch(&house, &upload, offset, b"").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    refused(
        terminal.patch(&house, &upload, offset, b"x").await,
        413,
        "too-large",
    )
    .await;
    let id = upload.rsplit('/').next().expect("id");
    let part = house.dir.path().join(format!("station/uploads/{id}.part"));
    assert_eq!(std::fs::read(part).expect("file"), bytes);
}

#[tokio::test]
async fn the_length_may_come_later() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, None, "clip-1").await;
    let response = terminal
        .tus(&house, Method::HEAD, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(header(&response, "upload-defer-length"), "1");
    assert_eq!(header(&response, "upload-metadata"), metadata("clip-1"));
    assert!(!response.headers().contains_key("upload-length"));
    terminal.patch(&house, &upload, 0, b"0123").await;
    let with_length = |offset: usize, length: usize, body: &'static [u8]| {
        terminal
            .patch_request(&house, &upload, offset)
            .header("Upload-Length", length)
            .body(body)
    };
    let response = with_length(4, 3, b"").send().await.expect("answer");
    refused(response, 409, "upload-length").await;
    let response = with_length(4, 6, b"456").send().await.expect("answer");
    refused(response, 413, "too-large").await;
    let response = with_length(4, 6, b"45").send().await.expect("answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response = with_length(6, 7, b"").send().await.expect("answer");
    refused(response, 409, "upload-length").await;
    let response = terminal
        .tus(&house, Method::HEAD, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(header(&response, "upload-length"), "6");
}

#[tokio::test]
async fn creation_with_bytes_with_none_and_wrong() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let create = || terminal.tus(&house, Method::POST, "/v1/files");
    let response = create()
        .header("Upload-Length", 6)
        .header("Content-Type", OFFSET_STREAM)
        .body("abc")
        .send()
        .await
        .expect("answer");
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(header(&response, "upload-offset"), "3");
    assert_eq!(
        terminal
            .offset(&house, &header(&response, "location"))
            .await,
        3
    );
    // tuspy sends the header empty.
    let empty = create()
        .header("Upload-Length", 0)
        .header("Upload-Metadata", "")
        .send()
        .await;
    let empty = empty.expect("answer");
    assert_eq!(empty.status(), StatusCode::CREATED);
    assert!(
        !empty.headers().contains_key("upload-expires"),
        "complete from the beginning"
    );
    for (name, value, status, code) in [
        ("Upload-Length", "-1", 400, "bad-request"),
        ("Upload-Length", "4294967297", 413, "too-large"),
        ("Upload-Defer-Length", "2", 400, "bad-request"),
        ("X-Nothing", "", 400, "bad-request"),
    ] {
        let response = create().header(name, value).send().await.expect("answer");
        refused(response, status, code).await;
    }
    for metadata in ["clip", "clip Li4veA==", "clip YQ==,clip YQ==", "a !"] {
        let request = create()
            .header("Upload-Length", 1)
            .header("Upload-Metadata", metadata);
        refused(request.send().await.expect("answer"), 400, "bad-request").await;
    }
    let both = create()
        .header("Upload-Length", 1)
        .header("Upload-Defer-Length", 1);
    refused(both.send().await.expect("answer"), 400, "bad-request").await;
}

#[tokio::test]
async fn wrong_requests_have_their_status() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(4), "").await;
    let response = house
        .request(Method::HEAD, &upload, &terminal.token)
        .send()
        .await;
    let response = response.expect("answer");
    assert_eq!(response.status(), 412);
    assert_eq!(header(&response, "tus-version"), "1.0.0");
    let old = house.request(Method::POST, "/v1/files", &terminal.token);
    let old = old
        .header("Tus-Resumable", "0.2.2")
        .header("Upload-Length", 1)
        .send()
        .await;
    refused(old.expect("answer"), 412, "tus-version").await;
    refused(
        terminal.patch(&house, &upload, 1, b"x").await,
        409,
        "upload-offset",
    )
    .await;
    let plain = terminal
        .tus(&house, Method::PATCH, &upload)
        .header("Upload-Offset", 0);
    refused(
        plain.body("x").send().await.expect("answer"),
        415,
        "content-type",
    )
    .await;
    let request = terminal.tus(&house, Method::PATCH, &upload);
    let none = request
        .header("Content-Type", OFFSET_STREAM)
        .body("x")
        .send()
        .await;
    refused(none.expect("answer"), 400, "bad-request").await;
    refused(
        terminal.patch(&house, &upload, 0, b"12345").await,
        413,
        "too-large",
    )
    .await;
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(
        [b"123", b"456"].map(|piece| Ok::<_, std::io::Error>(piece.to_vec())),
    ));
    let response = terminal
        .patch_request(&house, &upload, 0)
        .body(chunked)
        .send()
        .await;
    refused(response.expect("answer"), 413, "too-large").await;
    assert_eq!(
        terminal.offset(&house, &upload).await,
        0,
        "nothing of it was kept"
    );
    let get = terminal
        .tus(&house, Method::GET, &upload)
        .send()
        .await
        .expect("answer");
    assert_eq!(get.status(), 405);
    let missing = terminal
        .tus(&house, Method::HEAD, "/v1/files/up-none")
        .send()
        .await;
    assert_eq!(missing.expect("answer").status(), 404);
}

#[tokio::test]
async fn checksums_are_held_against_the_bytes() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let bytes = noise(2_500_000);
    let upload = terminal.create(&house, Some(bytes.len() + 3), "").await;
    terminal.patch(&house, &upload, 0, b"abc").await;
    let patch = |checksum: String| {
        terminal
            .patch_request(&house, &upload, 3)
            .header("Upload-Checksum", checksum)
            .body(bytes.clone())
            .send()
    };
    let response = patch(format!("sha256 {}", Hash::of(b"other")))
        .await
        .expect("answer");
    refused(response, 460, "checksum-mismatch").await;
    assert_eq!(
        terminal.offset(&house, &upload).await,
        3,
        "its bytes are discarded"
    );
    let response = patch("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=".to_owned())
        .await
        .expect("answer");
    refused(response, 400, "checksum-algorithm").await;
    let response = patch("sha256 x".to_owned()).await.expect("answer");
    refused(response, 400, "bad-request").await;
    let response = patch(format!("sha256 {}", Hash::of(&bytes)))
        .await
        .expect("answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let id = upload.rsplit('/').next().expect("id");
    let part = std::fs::read(house.dir.path().join(format!("station/uploads/{id}.part")));
    let part = part.expect("file");
    assert!(part[..3] == *b"abc" && part[3..] == bytes);
}

#[tokio::test]
async fn clients_that_can_only_post() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(3), "").await;
    let post = |method: &str| {
        terminal
            .tus(&house, Method::POST, &upload)
            .header("X-HTTP-Method-Override", method)
            .header("Upload-Offset", 0)
            .header("Content-Type", OFFSET_STREAM)
    };
    let response = post("PATCH").body("abc").send().await.expect("answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response = post("HEAD").send().await.expect("answer");
    assert_eq!(header(&response, "upload-offset"), "3");
    refused(
        post("PUT").send().await.expect("answer"),
        405,
        "method-not-allowed",
    )
    .await;
    let response = post("DELETE").send().await.expect("answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}
