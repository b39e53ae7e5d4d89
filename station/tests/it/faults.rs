//! A disk that fails under a real station: `strace` makes its system calls on one file fail.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

use custos_protocol::{api::JournalReply, hash::Hash};

use super::support::{House, ok, refused, sealed_clip};

/// One tracer at a time: another's start, a fork, must not be followed by the first.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Makes a system call on a file fail in this process, until dropped. Its messages stay open:
/// it would end for want of somebody to write them to.
struct Fault {
    tracer: Child,
    _messages: BufReader<ChildStderr>,
}

impl Fault {
    /// `None`, with the reason printed, where `strace` is missing or may not attach.
    fn inject(path: &Path, call: &str, error: &str) -> Option<Self> {
        let tracer = Command::new("strace")
            .args(["-f", "-p", &std::process::id().to_string(), "-P"])
            .arg(path)
            .args([
                "-e",
                &format!("trace={call}"),
                "-e",
                &format!("inject={call}:error={error}"),
            ])
            .args(["-o", "/dev/null"])
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut tracer) = tracer else {
            eprintln!("skipped: no `strace` on this machine");
            return None;
        };
        let mut said = String::new();
        let mut messages = BufReader::new(tracer.stderr.take().expect("piped"));
        messages.read_line(&mut said).expect("readable");
        let fault = Self {
            tracer,
            _messages: messages,
        };
        if !said.contains("attached") {
            eprintln!("skipped: `strace` may not attach on this machine");
            return None;
        }
        Some(fault)
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        // Its threads go on when the tracer is gone.
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}

fn part(house: &House, upload: &str) -> PathBuf {
    let id = upload.rsplit('/').next().expect("id");
    house.dir.path().join(format!("station/uploads/{id}.part"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_the_upload_and_is_not_tried_again() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(10), "clip-1").await;
    assert_eq!(
        terminal.patch(&house, &upload, 0, b"12345").await.status(),
        204
    );
    let _one = ONE.lock().await;
    let Some(fault) = Fault::inject(&part(&house, &upload), "fdatasync", "EIO") else {
        return;
    };
    refused(
        terminal.patch(&house, &upload, 5, b"67890").await,
        500,
        "storage-failed",
    )
    .await;
    drop(fault);
    // The disk works again; what it may have lost is not taken for kept.
    refused(
        terminal.patch(&house, &upload, 5, b"67890").await,
        410,
        "upload-failed",
    )
    .await;
    let head = terminal
        .tus(&house, reqwest::Method::HEAD, &upload)
        .send()
        .await;
    assert_eq!(head.expect("answer").status(), 410);
    terminal.upload(&house, "clip-1", b"1234567890").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_costs_only_what_was_not_acknowledged() {
    let house = House::new().await;
    let terminal = house.terminal("t1").await;
    let upload = terminal.create(&house, Some(10), "clip-1").await;
    assert_eq!(
        terminal.patch(&house, &upload, 0, b"12345").await.status(),
        204
    );
    let _one = ONE.lock().await;
    let Some(fault) = Fault::inject(&part(&house, &upload), "pwrite64", "ENOSPC") else {
        return;
    };
    refused(
        terminal.patch(&house, &upload, 5, b"67890").await,
        507,
        "storage-full",
    )
    .await;
    drop(fault);
    assert_eq!(terminal.offset(&house, &upload).await, 5);
    assert_eq!(
        terminal.patch(&house, &upload, 5, b"67890").await.status(),
        204
    );
    assert_eq!(
        std::fs::read(part(&house, &upload)).expect("file"),
        b"1234567890"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_for_an_object_that_could_not_be_synced() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 100_000).await;
    terminal.seal("clip-1", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let upload = terminal.upload(&house, "clip-1", &file).await;
    let _one = ONE.lock().await;
    let Some(fault) = Fault::inject(&part(&house, &upload), "fsync", "EIO") else {
        return;
    };
    refused(
        terminal.receipt(&house, "clip-1").await,
        500,
        "storage-failed",
    )
    .await;
    drop(fault);
    // The same bytes are not asked about again: the terminal sends them once more.
    refused(terminal.receipt(&house, "clip-1").await, 409, "not-yet").await;
    terminal.upload(&house, "clip-1", &file).await;
    assert_eq!(terminal.receipt(&house, "clip-1").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_receipt_before_the_folder_is_synced() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let (file, digest) = sealed_clip(&house, 100_000).await;
    terminal.seal("clip-1", digest);
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    terminal.upload(&house, "clip-1", &file).await;
    let folder = house.dir.path().join("station/objects");
    let _one = ONE.lock().await;
    let Some(fault) = Fault::inject(&folder, "fsync", "EIO") else {
        return;
    };
    refused(
        terminal.receipt(&house, "clip-1").await,
        500,
        "storage-failed",
    )
    .await;
    drop(fault);
    refused(terminal.receipt(&house, "clip-1").await, 409, "not-yet").await;
    let shelf = folder.join(format!("{:02x}", Hash::of(b"clip-1").0[0]));
    assert_eq!(
        std::fs::read_dir(shelf).expect("shelf").count(),
        0,
        "nothing builds on it"
    );
    terminal.upload(&house, "clip-1", &file).await;
    assert_eq!(terminal.receipt(&house, "clip-1").await.status(), 200);
}
