//! Steps that people sign and hand in, and what the registers say of them.

use custos_protocol::{
    api::*,
    note::Signer,
    statement::{self, Statement},
};
use reqwest::{Method, Response};

use super::{House, Person, Terminal, ok, sealed_clip};

pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("a time")
}

pub(crate) fn sign<T: Statement>(value: &T, by: &Signer) -> String {
    statement::sign(value, &[by]).expect("a note").to_string()
}

/// A signed note, handed in.
pub(crate) async fn hand_in(house: &House, by: &Person, path: &str, note: &str) -> Response {
    let body = NoteBody { note: note.into() };
    let request = house.request(Method::POST, path, &by.token).json(&body);
    request.send().await.expect("answer")
}

pub(crate) async fn get(house: &House, by: &Person, path: &str) -> Response {
    let request = house.request(Method::GET, path, &by.token);
    request.send().await.expect("answer")
}

/// Who did this, with what, and what else the register says of it; the first first.
pub(crate) async fn audited(house: &House, action: &str) -> Vec<(String, String, Option<String>)> {
    let all: Vec<AuditItem> = house.get("/v1/admin/audit", &house.admin.token).await;
    all.into_iter()
        .rev()
        .filter(|row| row.action == action)
        .map(|row| (row.person, row.subject, row.detail))
        .collect()
}

/// A clip that the station holds.
pub(crate) async fn stored(house: &House, terminal: &mut Terminal, clip: &str) {
    let (file, digest) = sealed_clip(house, 10_000).await;
    let from = terminal.entries.len();
    terminal.seal(clip, digest);
    terminal.upload(house, clip, &file).await;
    ok::<JournalReply>(terminal.send(house, &terminal.append_from(from)).await).await;
    assert_eq!(terminal.receipt(house, clip).await.status(), 200);
}
