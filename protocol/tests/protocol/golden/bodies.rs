//! A sheet, and one of each body of the HTTP interface.

use std::fmt::Write as _;

use custos_protocol::{
    api,
    directive::{Action, State},
    hash::base64_encode,
    journal::ClockTrust,
    metadata::{self, ClipFacts, Participant, Sheet, TrackPoint},
    suite,
};

use crate::fixture::{
    Agency, CLIP, OFFICER, PHOTO, START_MS, TERMINAL, World, disclosure::Disclosing,
    grant::Granting,
};

/// The sheet of the video, made at its end.
pub(super) fn sheet(agency: &Agency) -> String {
    let at = |seconds: i64, latitude, longitude| TrackPoint {
        time_ms: START_MS + seconds * 1_000,
        latitude,
        longitude,
        accuracy_m: 4.5,
        altitude_m: Some(44.5),
        speed_mps: Some(1.2),
        bearing_deg: Some(90.0),
    };
    let sheet = Sheet {
        format: metadata::FORMAT.into(),
        agency: agency.name.clone(),
        terminal: TERMINAL.into(),
        epoch: 1,
        officer: OFFICER.into(),
        duty: "duty-01jz8w2a1b3c5d7e9f1g3h5j7k".into(),
        case: "2026-0815".into(),
        about: CLIP.replace("clip", "recording"),
        amends: None,
        time_ms: START_MS + 60_000,
        clock: ClockTrust::Station,
        department: Some("110105".into()),
        act: Some("identity check".into()),
        participants: Some(vec![Participant {
            role: "witness".into(),
            name: "Zhang San".into(),
            number: Some("W-1".into()),
            remarks: None,
        }]),
        remarks: None,
        clips: vec![ClipFacts {
            clip: CLIP.into(),
            media: "video/mp4".into(),
            began_ms: START_MS,
            ended_ms: Some(START_MS + 60_000),
            duration_us: 60_000_000,
            codecs: Some("avc1.64001f,mp4a.40.2".into()),
            rotation: Some(90),
            category: Some("traffic".into()),
            marks: 1,
            marked_ms: Some(START_MS + 900),
        }],
        track: vec![
            at(0, 39.905_489, 116.391_297),
            at(1, 39.905_489, 116.391_312),
        ],
    };
    let text = sheet.to_text();
    assert_eq!(Sheet::from_text(&text), Ok(sheet));
    text
}

/// One body a line, after the name of its type; notes are shortened to "…".
pub(super) fn api(world: &World) -> String {
    let note = || "…".to_owned();
    let directive = world.agency.directive(Action::Lock, 5);
    let mut text = String::new();
    let mut add = |name: &str, body: serde_json::Value| {
        let _ = writeln!(text, "{name} {body}");
    };
    let json = |body: &dyn erased::Body| body.json();
    add(
        "ErrorBody",
        json(&api::ErrorBody {
            error: "journal-position".into(),
            message: "the station holds 7 entries of this journal".into(),
            size: Some(7),
            reason: None,
        }),
    );
    add(
        "ErrorBody",
        json(&api::ErrorBody {
            error: "forbidden".into(),
            message: "Your roles do not include this.".into(),
            size: None,
            reason: Some("grant-expired".into()),
        }),
    );
    add(
        "Info",
        json(&api::Info {
            agency: world.agency.name.clone(),
            suite: suite::CURRENT,
            time_ms: START_MS,
            trust_version: 1,
            policy_version: 1,
            rules_version: 0,
        }),
    );
    add(
        "EnrolRequest",
        json(&api::EnrolRequest {
            token: world.agency.ticket().token,
            model: "Custos One".into(),
            journal_key: world.journal_key(),
            proof: note(),
        }),
    );
    add(
        "EnrolResponse",
        json(&api::EnrolResponse {
            certificate: note(),
            trust: note(),
            policy: note(),
        }),
    );
    add(
        "ChallengeRequest",
        json(&api::ChallengeRequest {
            principal: format!("terminal:{TERMINAL}"),
        }),
    );
    add(
        "ChallengeResponse",
        json(&api::ChallengeResponse {
            nonce: base64_encode(&[0x5a; 32]),
            expires_ms: START_MS + 60_000,
        }),
    );
    add(
        "SessionRequest",
        json(&api::SessionRequest {
            principal: format!("terminal:{TERMINAL}"),
            answer: note(),
        }),
    );
    add(
        "SessionResponse",
        json(&api::SessionResponse {
            token: base64_encode(&[0xa5; 32]),
            expires_ms: START_MS + 3_600_000,
        }),
    );
    add(
        "JournalState",
        json(&api::JournalState {
            size: 7,
            checkpoint: Some(note()),
        }),
    );
    add(
        "JournalAppend",
        json(&api::JournalAppend {
            from: 7,
            entries: vec![world.terminal.entries[7].clone()],
            checkpoint: note(),
        }),
    );
    add(
        "JournalReply",
        json(&api::JournalReply { checkpoint: note() }),
    );
    add(
        "DirectiveList",
        json(&api::DirectiveList {
            directives: vec![api::DirectiveItem {
                id: directive.id.clone(),
                seq: 5,
                note: note(),
            }],
            changes: 12,
        }),
    );
    add("NoteBody", json(&api::NoteBody { note: note() }));
    add(
        "TicketRequest",
        json(&api::TicketRequest {
            terminal: Some(TERMINAL.into()),
            officers: vec![OFFICER.into()],
            valid_s: Some(86_400),
        }),
    );
    add(
        "TerminalInfo",
        json(&api::TerminalInfo {
            id: TERMINAL.into(),
            epoch: 1,
            model: "Custos One".into(),
            enrolled_ms: START_MS,
            last_seen_ms: None,
            journal_size: 11,
            evidence: 2,
            journal_key: world.journal_key(),
        }),
    );
    add(
        "DirectiveDraft",
        json(&api::DirectiveDraft {
            terminal: TERMINAL.into(),
            action: Action::Wipe,
            reason: "reported lost".into(),
            valid_s: None,
        }),
    );
    add(
        "DirectiveInfo",
        json(&api::DirectiveInfo {
            id: directive.id.clone(),
            terminal: TERMINAL.into(),
            epoch: 1,
            seq: 5,
            action: Action::Lock,
            state: State::Queued,
            reason: None,
            signed_by: vec!["anna".into()],
            missing: 0,
            expires_ms: directive.expires_ms,
            note: note(),
        }),
    );
    add(
        "PersonRequest",
        json(&api::PersonRequest {
            name: "anna".into(),
            key: world.agency.anna.verifier(),
            roles: vec!["directive".into(), "device".into()],
        }),
    );
    add(
        "EvidenceInfo",
        json(&api::EvidenceInfo {
            id: PHOTO.into(),
            terminal: TERMINAL.into(),
            epoch: 1,
            officer: Some(OFFICER.into()),
            case: "2026-0815".into(),
            media: "image/jpeg".into(),
            began_ms: START_MS,
            ended_ms: START_MS,
            length: 536,
            stored_ms: START_MS + 62_000,
        }),
    );
    add(
        "AuditItem",
        json(&api::AuditItem {
            id: "audit-01jz8w6q8r0s2t4v6w8x0y2z4a".into(),
            time_ms: START_MS,
            person: "anna".into(),
            action: "ticket".into(),
            subject: TERMINAL.into(),
            detail: None,
        }),
    );
    add(
        "AuditItem",
        json(&api::AuditItem {
            id: "5".into(),
            time_ms: START_MS,
            person: "dora".into(),
            action: "evidence-show".into(),
            subject: CLIP.into(),
            detail: Some(Granting::asked().id),
        }),
    );
    let signed = custos_protocol::grant::SignedGrant {
        application: note(),
        approval: note(),
        setting: note(),
    };
    add(
        "GrantDelivery",
        json(&api::GrantDelivery {
            grants: vec![signed],
            revocations: vec![note()],
        }),
    );
    add(
        "GrantInfo",
        json(&api::GrantInfo {
            id: Granting::asked().id,
            state: api::GrantState::Approved,
            terms: Granting::asked().terms,
            applicant: "dora".into(),
            approver: Some("emil".into()),
            setter: None,
            revoked_by: None,
            revoke_reason: None,
            application: note(),
            approval: Some(note()),
            setting: None,
            revocation: None,
        }),
    );
    let asked = Disclosing::asked(world);
    add(
        "DisclosureInfo",
        json(&api::DisclosureInfo {
            id: asked.id,
            state: api::DisclosureState::Approved,
            clip: asked.clip,
            media: asked.media,
            recipient: asked.recipient,
            purpose: asked.purpose,
            regions: asked.regions,
            requester: "eva".into(),
            approver: Some("emil".into()),
            refused_by: None,
            refuse_reason: None,
            maker: None,
            expires_ms: asked.expires_ms,
            request: note(),
            approval: Some(note()),
            refusal: None,
            disclosure: None,
        }),
    );
    add(
        "RulesInfo",
        json(&api::RulesInfo {
            version: 2,
            signed_by: vec!["carla".into()],
            missing: 1,
            note: note(),
        }),
    );
    add(
        "ChangeInfo",
        json(&api::ChangeInfo {
            id: "change-01jz8w9b3f5h7k9m1p3r5t7v9x".into(),
            signed_by: vec!["carla".into()],
            missing: 1,
            note: note(),
        }),
    );
    add(
        "JournalPage",
        json(&api::JournalPage {
            terminal: TERMINAL.into(),
            epoch: 1,
            size: 7,
            from: 7,
            entries: vec![],
            checkpoint: Some(note()),
        }),
    );
    text
}

/// Bodies of different types through one closure, each read back: what is written can be read.
mod erased {
    use serde::{Serialize, de::DeserializeOwned};

    pub(super) trait Body {
        fn json(&self) -> serde_json::Value;
    }

    impl<T: Serialize + DeserializeOwned> Body for T {
        fn json(&self) -> serde_json::Value {
            let written = serde_json::to_string(self).expect("plain data");
            let read: T = serde_json::from_str(&written).expect("read back");
            assert_eq!(serde_json::to_string(&read).expect("plain data"), written);
            serde_json::from_str(&written).expect("JSON")
        }
    }
}
