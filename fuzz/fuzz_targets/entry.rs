//! Journal entries and events, and the bodies of the station's interface.

#![no_main]

use custos_fuzz::fixture::OFFICER;
use custos_protocol::{
    api,
    journal::{ClockTrust, Entry, Event},
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

/// What reads as `T` reads the same from what it writes.
fn round<T: Serialize + DeserializeOwned>(text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let once = serde_json::to_string(&value).expect("plain data");
        let again: T = serde_json::from_str(&once).expect("own words");
        assert_eq!(serde_json::to_string(&again).expect("plain data"), once);
    }
}

fn event(event: &Event) {
    let (kind, body) = event.to_parts();
    assert!(!kind.is_empty() && !body.is_null());
    let entry = Entry {
        suite: 1,
        seq: 3,
        time_ms: -1,
        clock: ClockTrust::None,
        terminal: "cam-07".into(),
        officer: Some(OFFICER.into()),
        duty: None,
        kind,
        body,
    };
    // Whether it is too long for an entry, its writer has to know.
    if let Ok(read) = Entry::from_raw(&entry.to_raw()) {
        assert_eq!(read.event().as_ref(), Some(event));
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(entry) = Entry::from_raw(text) {
        let again = Entry::from_raw(&entry.to_raw());
        // Long escapes may make an entry longer than it was; floats lose their last digit.
        if let Ok(again) = again {
            assert_eq!(
                (again.seq, again.time_ms, &again.kind),
                (entry.seq, entry.time_ms, &entry.kind)
            );
            assert_eq!(again.event(), entry.event());
        }
        if let Some(known) = entry.event() {
            event(&known);
        }
    }
    // As the examples write an event: its kind and its body.
    if let Some((kind, body)) = text.split_once(' ')
        && let Ok(body) = serde_json::from_str::<serde_json::Value>(body)
        && let Ok(known) = serde_json::from_value(serde_json::json!({ "kind": kind, "body": body }))
    {
        event(&known);
    }
    // One body a line, its name before it.
    let body = text.split_once(' ').map_or(text, |(_, body)| body);
    round::<api::ErrorBody>(body);
    round::<api::Info>(body);
    round::<api::EnrolRequest>(body);
    round::<api::EnrolResponse>(body);
    round::<api::ChallengeRequest>(body);
    round::<api::ChallengeResponse>(body);
    round::<api::SessionRequest>(body);
    round::<api::SessionResponse>(body);
    round::<api::JournalState>(body);
    round::<api::JournalAppend>(body);
    round::<api::JournalReply>(body);
    round::<api::DirectiveList>(body);
    round::<api::NoteBody>(body);
    round::<api::TicketRequest>(body);
    round::<api::TerminalInfo>(body);
    round::<api::DirectiveDraft>(body);
    round::<api::DirectiveInfo>(body);
    round::<api::PersonRequest>(body);
    round::<api::EvidenceInfo>(body);
    round::<api::AuditItem>(body);
});
