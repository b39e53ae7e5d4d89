//! One of each kind of journal entry.

use custos_protocol::{
    clip::ClipDigest,
    hash::Hash,
    journal::{Event, Sealed},
    lookup::{
        ask::{Reason, Salt},
        query::{Registry, Subject},
    },
};

use crate::fixture::{
    CLIP, OFFICER, OFFICER_RECIPIENT, PHOTO, RECIPIENT, START_MS, grant::Granting,
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
            batch: None,
            wildcard: false,
            grant: None,
        },
        Event::LookupAsked {
            lookup: "lookup-01jz8wb7m3n5q7s9v1x3z5b7d9".into(),
            registry: Registry::Vehicle,
            subject: Salt::from_bytes([8; 16])
                .commit(&Subject::parse(Registry::Vehicle, "京A12345").expect("a plate")),
            case: "2026-118".into(),
            reason: Reason::Inquiry,
            text: "joint inquiry".into(),
            batch: Some("batch-01jz8wb7m3e5g7j9m1p3r5t7v9".into()),
            wildcard: false,
            grant: Some(Granting::asked().id),
        },
        Event::LookupAsked {
            lookup: "lookup-01jz8wb7n4p6r8t0w2y4a6c8e0".into(),
            registry: Registry::Vehicle,
            subject: Salt::from_bytes([9; 16])
                .commit(&Subject::pattern(Registry::Vehicle, "京A12*").expect("a pattern")),
            case: "2026-118".into(),
            reason: Reason::Inquiry,
            text: "joint inquiry".into(),
            batch: None,
            wildcard: true,
            grant: Some(Granting::asked().id),
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
