//! One of each kind of journal entry, and one of each body of the HTTP interface.

use std::fmt::Write as _;

use custos_protocol::{
    api,
    clip::ClipDigest,
    directive::{Action, State},
    hash::{Hash, base64_encode},
    journal::{ClockTrust, Event, Sealed},
    lookup::{
        ask::{Reason, Salt},
        query::{Registry, Subject},
    },
    metadata::{self, ClipFacts, Participant, Sheet, TrackPoint},
    suite,
};

use crate::fixture::{
    Agency, CLIP, OFFICER, OFFICER_RECIPIENT, PHOTO, RECIPIENT, START_MS, TERMINAL, World,
    grant::Granting,
};

pub(super) fn events() -> String {
    all_events()
        .iter()
        .map(|event| {
            let (kind, body) = event.to_parts();
            format!("{kind} {body}\n")
        })
        .collect()
}

pub(super) fn all_events() -> Vec<Event> {
    let digest = ClipDigest {
        root: Hash::of(b"a root"),
        length: 131_633,
        chunks: 2,
    };
    let clip = || CLIP.to_owned();
    let directive = || "directive-01jz8w5n4f6g8h0j2k4m6n8p05".to_owned();
    vec![
        Event::Provisioned {
            epoch: 1,
            model: "Custos One".into(),
            trust_version: 1,
            policy_version: 1,
        },
        Event::OfficerEnrolled {
            officer: OFFICER.into(),
            recipient: OFFICER_RECIPIENT.into(),
        },
        Event::Unlocked {},
        Event::UnlockRefused {
            officer: OFFICER.into(),
            reason: "wrong-pin".into(),
        },
        Event::DutyBegan {
            case: "2026-0815".into(),
        },
        Event::DutyEnded { unconfirmed: 1 },
        Event::RecordingBegan {
            clip: clip(),
            recording: CLIP.replace("clip", "recording"),
            media: "video/mp4".into(),
            case: "2026-0815".into(),
            recipients: vec![RECIPIENT.into(), OFFICER_RECIPIENT.into()],
            previous: Some("clip-01jz8w4a7c5e9g1j3m5p7r9t1v".into()),
            pre_event_us: 30_000_000,
        },
        Event::RecordingProgress {
            clip: clip(),
            digest,
            fragments: 60,
            end_us: 60_000_000,
        },
        Event::Sealed(Sealed {
            clip: clip(),
            recording: CLIP.replace("clip", "recording"),
            media: "video/mp4".into(),
            case: "2026-0815".into(),
            began_ms: START_MS,
            ended_ms: START_MS + 60_000,
            duration_us: 60_000_000,
            fragments: 60,
            digest,
            recovered: false,
            copy_of: None,
            about: None,
            amends: None,
        }),
        Event::Sealed(Sealed {
            clip: "clip-01jz8w3d6y1g4d2n7r3w0s5v8z".into(),
            recording: "recording-01jz8w3d6y1g4d2n7r3w0s5v8z".into(),
            copy_of: Some(PHOTO.into()),
            ..whole("image/jpeg", digest)
        }),
        Event::Sealed(Sealed {
            clip: "clip-01jz8w5e7z2h5e3p8s4x1t6w90".into(),
            recording: "recording-01jz8w5e7z2h5e3p8s4x1t6w90".into(),
            about: Some(CLIP.replace("clip", "recording")),
            amends: Some("clip-01jz8w4n8a3j6f4q9t5y2v7x01".into()),
            ..whole("application/json", digest)
        }),
        Event::Recovered {
            clip: clip(),
            fragments: 60,
            end_us: 60_000_000,
        },
        Event::RecordingFailed {
            clip: clip(),
            reason: "storage".into(),
        },
        Event::Quarantined {
            name: "unknown.age".into(),
            length: 131_633,
        },
        Event::TimestampsRepaired {
            clip: clip(),
            count: 3,
        },
        Event::SamplesDropped {
            clip: clip(),
            count: 12,
        },
        Event::StopRequested {
            clip: clip(),
            at_us: 50_000_000,
            post_event_s: 10,
        },
        Event::StopWithdrawn {
            clip: clip(),
            at_us: 55_000_000,
        },
        Event::SoundMuted {
            clip: clip(),
            at_us: 20_000_000,
        },
        Event::SoundRestored {
            clip: clip(),
            at_us: 25_000_000,
        },
        Event::Reminded {
            clip: clip(),
            at_us: 120_000_000,
        },
        Event::ModeChanged {
            mode: "stealth".into(),
            on: true,
        },
        Event::StorageLow {
            level: "warning".into(),
            free_bytes: 524_288_000,
            minutes_left: 14,
        },
        Event::BatteryLow { percent: 10 },
        Event::Mark {
            clip: clip(),
            at_us: 900_000,
            label: "stop".into(),
        },
        Event::Categorised {
            clip: clip(),
            category: "traffic".into(),
        },
        Event::Viewed {
            clip: clip(),
            from_us: 10_000_000,
            to_us: Some(20_000_000),
            grant: Some(Granting::asked().id),
        },
        Event::Listed {
            clips: vec![PHOTO.into(), clip()],
            grant: Granting::asked().id,
        },
        Event::Previewed {
            clips: vec![PHOTO.into(), clip()],
        },
        Event::AccessDenied {
            action: "evidence-play".into(),
            about: clip(),
            reason: "no-rule".into(),
        },
        Event::LookupAsked {
            lookup: "lookup-01jz8wb7k2m4p6r8t0v2x4z6b8".into(),
            registry: Registry::Vehicle,
            subject: Salt::from_bytes([7; 16])
                .commit(&Subject::parse(Registry::Vehicle, "京A12345").expect("a plate")),
            case: "2026-118".into(),
            reason: Reason::Traffic,
            text: "parked on the pavement".into(),
        },
        Event::LookupAnswered {
            lookup: "lookup-01jz8wb7k2m4p6r8t0v2x4z6b8".into(),
            outcome: "answered".into(),
            records: 1,
        },
        Event::ListUpdated {
            list: "stolen".into(),
            version: 3,
        },
        Event::Exported {
            clip: clip(),
            grant: Some(Granting::asked().id),
        },
        Event::Confirmed {
            clip: clip(),
            stored_ms: START_MS + 62_000,
        },
        Event::ReceiptRefused {
            clip: clip(),
            reason: "digest".into(),
        },
        Event::Purged {
            clip: clip(),
            digest,
        },
        Event::DirectiveReceived {
            id: directive(),
            seq: 5,
            action: "lock".into(),
        },
        Event::DirectiveExecuted {
            id: directive(),
            seq: 5,
            action: "lock".into(),
        },
        Event::DirectiveRefused {
            id: directive(),
            reason: "replayed".into(),
        },
        Event::TrustUpdated { version: 2 },
        Event::PolicyUpdated { version: 2 },
        Event::GrantReceived {
            id: Granting::asked().id,
            grantee: OFFICER.into(),
            expires_ms: START_MS + 72 * 3_600_000,
        },
        Event::GrantRevoked {
            id: Granting::asked().id,
            by: "emil".into(),
        },
        Event::GrantRefused {
            id: Granting::asked().id,
            reason: "signature".into(),
        },
        Event::RulesUpdated { version: 2 },
        Event::RulesRefused {
            version: 3,
            reason: "rules-schema".into(),
        },
        Event::SecurityEvent {
            what: "clock-went-back".into(),
        },
    ]
}

/// What is sealed at once.
fn whole(media: &str, digest: ClipDigest) -> Sealed {
    Sealed {
        clip: PHOTO.into(),
        recording: PHOTO.replace("clip", "recording"),
        media: media.into(),
        case: "2026-0815".into(),
        began_ms: START_MS,
        ended_ms: START_MS,
        duration_us: 0,
        fragments: 0,
        digest,
        recovered: false,
        copy_of: None,
        about: None,
        amends: None,
    }
}

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
