//! From uploads to evidence.

use custos_protocol::{
    api::*,
    certificate::Certificate,
    checkpoint::cosigned_at,
    clip::{self, ClipDigest},
    hash::Hash,
    note::Note,
    proof::TlogProof,
    receipt::Receipt,
    statement,
    stored::Stored,
};

use super::support::{House, ok, refused, sealed_clip};

#[tokio::test]
async fn a_receipt_needs_bytes_and_journal_and_says_what_is_stored() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 300_000).await;
    refused(terminal.receipt(&house, "clip-1").await, 409, "not-yet").await;
    let upload = terminal.create(&house, None, "clip-1").await;
    terminal.patch(&house, &upload, 0, &file[..100_000]).await;
    terminal.seal("clip-1", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    refused(terminal.receipt(&house, "clip-1").await, 409, "not-yet").await;
    let last = terminal
        .patch_request(&house, &upload, 100_000)
        .header("Upload-Length", file.len())
        .body(file[100_000..].to_vec());
    assert_eq!(last.send().await.expect("answer").status(), 204);
    let response = terminal.receipt(&house, "clip-1").await;
    assert_eq!(response.status(), 200);
    let text = response.text().await.expect("text");

    let trust = house.trust().await;
    let receipt = Receipt::from_text(&text).expect("receipt");
    let certificate = Certificate::open(&receipt.certificate, &trust).expect("certificate");
    assert_eq!(certificate.journal_key, terminal.signer.verifier());
    assert_eq!(receipt.entry, terminal.entries[0]);
    let proof: TlogProof = receipt.proof.parse().expect("proof");
    proof
        .verify(receipt.entry.as_bytes(), &certificate.journal_key)
        .expect("included");
    cosigned_at(&proof.checkpoint, &trust.witness[0]).expect("cosigned");
    let note: Note = receipt.stored.parse().expect("note");
    let stored: Stored = statement::open(&note, &trust.storage, 1).expect("stored");
    assert_eq!((stored.clip.as_str(), stored.digest), ("clip-1", digest));
    assert_eq!(
        (stored.terminal.as_str(), stored.epoch, stored.entry),
        ("t1", 1, 0)
    );

    // The same again, also when the journal has gone on; the upload is no upload any more.
    terminal.seal("clip-2", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(1)).await).await;
    assert_eq!(
        terminal
            .receipt(&house, "clip-1")
            .await
            .text()
            .await
            .expect("text"),
        text
    );
    refused(
        terminal.patch(&house, &upload, file.len(), b"").await,
        404,
        "not-found",
    )
    .await;
    let folder = format!("{:02x}", Hash::of(b"clip-1").0[0]);
    let object = house
        .dir
        .path()
        .join(format!("station/objects/{folder}/clip-1.age"));
    assert_eq!(std::fs::read(object).expect("object"), file);
    let uploads = std::fs::read_dir(house.dir.path().join("station/uploads")).expect("dir");
    assert_eq!(uploads.count(), 0);
    // It is stored once: it cannot be uploaded again, nor claimed by another.
    let create = terminal.tus(&house, reqwest::Method::POST, "/v1/files");
    let create = create
        .header("Upload-Length", 1)
        .header("Upload-Metadata", super::support::metadata("clip-1"));
    refused(create.send().await.expect("answer"), 409, "already-stored").await;
    let other = house.terminal("t2").await;
    refused(other.receipt(&house, "clip-1").await, 404, "not-found").await;
    let create = other.tus(&house, reqwest::Method::POST, "/v1/files");
    let create = create
        .header("Upload-Length", 1)
        .header("Upload-Metadata", super::support::metadata("clip-1"));
    refused(create.send().await.expect("answer"), 409, "clip-taken").await;
}

#[tokio::test]
async fn bytes_other_than_the_sealed_ones_get_no_receipt() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 200_000).await;
    let mut flipped = file.clone();
    flipped[150_000] ^= 1;
    let longer = [file.as_slice(), b"x"].concat();
    let bad: [(&str, &[u8]); 5] = [
        ("clip-flipped", &flipped),
        ("clip-longer", &longer),
        ("clip-shorter", &file[..file.len() - 1]),
        ("clip-no-age", b"this is no age file"),
        ("clip-empty", b""),
    ];
    for (clip, _) in bad {
        terminal.seal(clip, digest);
    }
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    for (clip, bytes) in bad {
        terminal.upload(&house, clip, bytes).await;
        refused(terminal.receipt(&house, clip).await, 422, "digest-mismatch").await;
        // The upload is discarded; the right bytes still get in.
        refused(terminal.receipt(&house, clip).await, 409, "not-yet").await;
    }
    terminal.upload(&house, "clip-flipped", &file).await;
    assert_eq!(terminal.receipt(&house, "clip-flipped").await.status(), 200);
    // A seal that lies about the chunk count names other bytes as well.
    let lie = ClipDigest {
        chunks: digest.chunks + 1,
        ..digest
    };
    terminal.seal("clip-lie", lie);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(5)).await).await;
    terminal.upload(&house, "clip-lie", &file).await;
    refused(
        terminal.receipt(&house, "clip-lie").await,
        422,
        "digest-mismatch",
    )
    .await;
}

#[tokio::test]
async fn the_first_seal_counts_and_only_the_terminals_own() {
    let house = House::new().await;
    let (mut terminal, mut other) = (house.terminal("t1").await, house.terminal("t2").await);
    let (file, digest) = sealed_clip(&house, 1000).await;
    let (second, second_digest) = sealed_clip(&house, 2000).await;
    terminal.seal("clip-1", digest);
    terminal.seal("clip-1", second_digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    terminal.upload(&house, "clip-1", &second).await;
    refused(
        terminal.receipt(&house, "clip-1").await,
        422,
        "digest-mismatch",
    )
    .await;
    // The other terminal's journal and bytes are no help to this one, nor the other way round.
    other.seal("clip-2", digest);
    ok::<JournalReply>(other.send(&house, &other.append_from(0)).await).await;
    terminal.upload(&house, "clip-2", &file).await;
    refused(terminal.receipt(&house, "clip-2").await, 409, "not-yet").await;
    refused(other.receipt(&house, "clip-2").await, 409, "not-yet").await;
    terminal.upload(&house, "clip-1", &file).await;
    assert_eq!(terminal.receipt(&house, "clip-1").await.status(), 200);
    refused(other.receipt(&house, "clip-1").await, 404, "not-found").await;
    refused(
        terminal.receipt(&house, "..%2f..%2fx").await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_receipt() {
    let house = std::sync::Arc::new(House::new().await);
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 1_000_000).await;
    terminal.seal("clip-1", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    terminal.upload(&house, "clip-1", &file).await;
    let terminal = std::sync::Arc::new(terminal);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (house, terminal) = (house.clone(), terminal.clone());
            tokio::spawn(async move {
                let response = terminal.receipt(&house, "clip-1").await;
                assert_eq!(response.status(), 200);
                response.text().await.expect("text")
            })
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.expect("task"));
    }
    assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn staff_find_and_fetch_what_is_stored() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 100_000).await;
    for clip in ["clip-1", "clip-2"] {
        terminal.seal(clip, digest);
        terminal.upload(&house, clip, &file).await;
    }
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let receipt = terminal
        .receipt(&house, "clip-1")
        .await
        .text()
        .await
        .expect("text");
    let token = &house.admin.token;
    let all: Vec<EvidenceInfo> = house.get("/v1/admin/evidence", token).await;
    assert_eq!(all.len(), 1, "an upload without a receipt is no evidence");
    let one: EvidenceInfo = house.get("/v1/admin/evidence/clip-1", token).await;
    assert_eq!(
        (one.case.as_str(), one.officer.as_deref()),
        ("A-1", Some("lin"))
    );
    assert_eq!(
        (one.length, one.media.as_str()),
        (file.len() as u64, "video/mp4")
    );
    let none: Vec<EvidenceInfo> = house.get("/v1/admin/evidence?terminal=t2", token).await;
    assert!(none.is_empty());
    let request = |path: &str| house.request(reqwest::Method::GET, path, token).send();
    let fetched = request("/v1/admin/evidence/clip-1/file")
        .await
        .expect("answer");
    let fetched = fetched.bytes().await.expect("bytes");
    assert_eq!(clip::digest(fetched.as_ref()).expect("digest"), digest);
    let again = request("/v1/admin/evidence/clip-1/receipt")
        .await
        .expect("answer");
    assert_eq!(again.text().await.expect("text"), receipt);
    let missing = request("/v1/admin/evidence/clip-2").await.expect("answer");
    refused(missing, 404, "not-found").await;
    // Somebody without the role sees nothing, and every look is on record.
    let clerk = house.person("clerk", &["directive"]).await;
    for path in ["", "/clip-1", "/clip-1/file", "/clip-1/receipt"] {
        let path = format!("/v1/admin/evidence{path}");
        let response = house
            .request(reqwest::Method::GET, &path, &clerk.token)
            .send()
            .await;
        refused(response.expect("answer"), 403, "forbidden").await;
    }
    let audit: Vec<AuditItem> = house.get("/v1/admin/audit", token).await;
    for action in [
        "evidence-list",
        "evidence-show",
        "evidence-file",
        "evidence-receipt",
    ] {
        assert!(
            audit
                .iter()
                .any(|row| row.action == action && row.person == "admin"),
            "{action}"
        );
    }
    // So is every denial, with what was denied and why.
    let denied: Vec<_> = audit.iter().filter(|row| row.person == "clerk").collect();
    assert_eq!(denied.len(), 4);
    for row in denied {
        assert_eq!(row.action, "access-denied");
        assert!(
            row.detail
                .as_deref()
                .is_some_and(|d| d.ends_with(": no-rule"))
        );
    }
}
