//! A terminal: a key, a session, a journal and uploads.

use custos_protocol::{
    api::JournalAppend,
    checkpoint::Checkpoint,
    clip::ClipDigest,
    journal::{ClockTrust, Entry, Event, Sealed},
    merkle::{Frontier, leaf_hash},
    note::{Note, Signer},
    suite,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};

use super::{House, header, log_in, metadata};

/// An enrolled terminal as the station sees it: a key, a session and a journal.
pub(crate) struct Terminal {
    pub(crate) id: String,
    pub(crate) epoch: u32,
    pub(crate) signer: Signer,
    pub(crate) token: String,
    pub(crate) entries: Vec<String>,
    pub(crate) frontier: Frontier,
}

impl Terminal {
    pub(crate) fn write(&mut self, event: &Event) {
        let (kind, body) = event.to_parts();
        let entry = Entry {
            suite: suite::CURRENT,
            seq: self.entries.len() as u64,
            time_ms: 1_700_000_000_000,
            clock: ClockTrust::Station,
            terminal: self.id.clone(),
            officer: Some("lin".to_owned()),
            duty: None,
            kind,
            body,
        };
        self.write_raw(entry.to_raw());
    }

    pub(crate) fn write_raw(&mut self, raw: String) {
        self.frontier.push(leaf_hash(raw.as_bytes()));
        self.entries.push(raw);
    }

    pub(crate) fn checkpoint(&self) -> Note {
        let origin = self.signer.name().to_owned();
        let (size, root) = (self.frontier.size(), self.frontier.root());
        Checkpoint { origin, size, root }
            .sign(&self.signer)
            .expect("sign")
    }

    pub(crate) fn append_from(&self, from: usize) -> JournalAppend {
        JournalAppend {
            from: from as u64,
            entries: self.entries[from..].to_vec(),
            checkpoint: self.checkpoint().to_string(),
        }
    }

    pub(crate) async fn send(&self, house: &House, append: &JournalAppend) -> Response {
        let request = house
            .request(Method::POST, "/v1/journal", &self.token)
            .json(append);
        request.send().await.expect("answer")
    }

    pub(crate) fn seal(&mut self, clip: &str, digest: ClipDigest) {
        self.write(&Event::Sealed(Sealed {
            clip: clip.to_owned(),
            recording: "rec-1".to_owned(),
            media: "video/mp4".to_owned(),
            case: "A-1".to_owned(),
            began_ms: 1_700_000_000_000,
            ended_ms: 1_700_000_001_000,
            duration_us: 1_000_000,
            fragments: 1,
            digest,
            recovered: false,
            copy_of: None,
            about: None,
            amends: None,
        }));
    }

    pub(crate) async fn log_in(&mut self, house: &House) {
        let principal = format!("terminal:{}", self.id);
        self.token = log_in(&house.http, &house.station.url, &principal, &self.signer).await;
    }

    /// A tus request, whose upload is named by its path.
    pub(crate) fn tus(&self, house: &House, method: Method, path: &str) -> RequestBuilder {
        house
            .request(method, path, &self.token)
            .header("Tus-Resumable", "1.0.0")
    }

    pub(crate) async fn create(&self, house: &House, length: Option<usize>, clip: &str) -> String {
        let request = self.tus(house, Method::POST, "/v1/files");
        let request = match length {
            Some(length) => request.header("Upload-Length", length),
            None => request.header("Upload-Defer-Length", 1),
        };
        let request = match clip {
            "" => request,
            clip => request.header("Upload-Metadata", metadata(clip)),
        };
        let response = request.send().await.expect("answer");
        assert_eq!(response.status(), StatusCode::CREATED);
        header(&response, "location")
    }

    pub(crate) async fn patch(
        &self,
        house: &House,
        upload: &str,
        offset: usize,
        bytes: &[u8],
    ) -> Response {
        self.patch_request(house, upload, offset)
            .body(bytes.to_vec())
            .send()
            .await
            .expect("answer")
    }

    pub(crate) fn patch_request(
        &self,
        house: &House,
        upload: &str,
        offset: usize,
    ) -> RequestBuilder {
        self.tus(house, Method::PATCH, upload)
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
    }

    pub(crate) async fn offset(&self, house: &House, upload: &str) -> usize {
        let response = self
            .tus(house, Method::HEAD, upload)
            .send()
            .await
            .expect("answer");
        assert_eq!(response.status(), StatusCode::OK);
        header(&response, "upload-offset")
            .parse()
            .expect("a number")
    }

    pub(crate) async fn upload(&self, house: &House, clip: &str, bytes: &[u8]) -> String {
        let upload = self.create(house, Some(bytes.len()), clip).await;
        let response = self.patch(house, &upload, 0, bytes).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        upload
    }

    pub(crate) async fn receipt(&self, house: &House, clip: &str) -> Response {
        let path = format!("/v1/clips/{clip}/receipt");
        house
            .request(Method::POST, &path, &self.token)
            .send()
            .await
            .expect("answer")
    }
}
