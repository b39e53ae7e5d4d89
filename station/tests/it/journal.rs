//! Journals: replicated, recomputed, countersigned; forks refused and kept.

use custos_protocol::{
    api::*,
    checkpoint::{Checkpoint, cosigned_at},
    journal::Event,
    merkle::Frontier,
    note::Note,
};

use super::support::{House, ok, refused};

#[tokio::test]
async fn entries_are_taken_in_and_countersigned() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let state: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!((state.size, state.checkpoint), (0, None));
    let witness = house.trust().await.witness[0].clone();
    let mut sent = 0;
    for count in [1, 2, 5, 64, 1] {
        for _ in 0..count {
            terminal.write(&Event::Unlocked {});
        }
        let append = terminal.append_from(sent);
        let reply: JournalReply = ok(terminal.send(&house, &append).await).await;
        let note: Note = reply.checkpoint.parse().expect("note");
        let checkpoint = Checkpoint::open(&note, &terminal.signer.verifier()).expect("signed");
        assert_eq!(
            (checkpoint.size, checkpoint.root),
            (terminal.frontier.size(), terminal.frontier.root())
        );
        assert!(cosigned_at(&note, &witness).expect("cosigned") > 1_700_000_000);
        // The answer was lost: the same again gives the same.
        let again: JournalReply = ok(terminal.send(&house, &append).await).await;
        assert_eq!(again.checkpoint, reply.checkpoint);
        let state: JournalState = house.get("/v1/journal", &terminal.token).await;
        assert_eq!(state.checkpoint.as_deref(), Some(reply.checkpoint.as_str()));
        sent += count;
    }
    // Some of it again with more after it; all of it again.
    terminal.write(&Event::Unlocked {});
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(sent - 3)).await).await;
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let state: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!(state.size, 74);
}

#[tokio::test]
async fn gaps_and_what_is_not_a_journal_are_refused() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    let mut other = house.terminal("t2").await;
    for _ in 0..3 {
        terminal.write(&Event::Unlocked {});
        other.write(&Event::Unlocked {});
    }
    let gap = terminal.append_from(1);
    let error = refused(terminal.send(&house, &gap).await, 409, "journal-position").await;
    assert_eq!(error.size, Some(0));
    let good = terminal.append_from(0);
    let foreign = other.append_from(0);
    for bad in [
        JournalAppend {
            checkpoint: String::new(),
            ..good.clone()
        },
        JournalAppend {
            checkpoint: foreign.checkpoint.clone(),
            ..good.clone()
        },
        JournalAppend {
            entries: good.entries[..2].to_vec(),
            ..good.clone()
        },
        JournalAppend {
            from: u64::MAX,
            ..good.clone()
        },
        JournalAppend {
            from: 0,
            entries: vec![],
            checkpoint: good.checkpoint.clone(),
        },
    ] {
        refused(terminal.send(&house, &bad).await, 422, "journal-checkpoint").await;
    }
    // Signed by the right key, but the entries are another terminal's, out of order, or no JSON.
    let cases: [Vec<String>; 3] = [
        other.entries.clone(),
        vec![terminal.entries[1].clone(), terminal.entries[0].clone()],
        vec!["nonsense".to_owned()],
    ];
    for entries in cases {
        let (kept, frontier) = (
            std::mem::take(&mut terminal.entries),
            terminal.frontier.clone(),
        );
        terminal.frontier = Frontier::new();
        for raw in entries {
            terminal.write_raw(raw);
        }
        let append = terminal.append_from(0);
        refused(terminal.send(&house, &append).await, 422, "journal-entry").await;
        (terminal.entries, terminal.frontier) = (kept, frontier);
    }
    let state: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!(state.size, 0, "nothing of it was kept");
    ok::<JournalReply>(terminal.send(&house, &good).await).await;
}

#[tokio::test]
async fn a_second_history_is_refused_and_kept_as_evidence() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    for _ in 0..4 {
        terminal.write(&Event::Unlocked {});
    }
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let before: JournalState = house.get("/v1/journal", &terminal.token).await;
    // Another third entry, and everything that follows from it.
    let honest = (terminal.entries.clone(), terminal.frontier.clone());
    let first = honest.0[..2].to_vec();
    terminal.entries.clear();
    terminal.frontier = Frontier::new();
    for raw in first {
        terminal.write_raw(raw);
    }
    for _ in 0..3 {
        terminal.write(&Event::DutyBegan {
            case: "X".to_owned(),
        });
    }
    let mut presented = Vec::new();
    for from in [0, 2, 4] {
        let append = terminal.append_from(from);
        presented.push(append.checkpoint.clone());
        let error = refused(
            terminal.send(&house, &append).await,
            409,
            "journal-inconsistent",
        )
        .await;
        assert_eq!(error.size, Some(4));
    }
    let after: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!(
        (after.size, after.checkpoint),
        (before.size, before.checkpoint)
    );
    let alarms: Vec<serde_json::Value> = house.get("/v1/admin/alarms", &house.admin.token).await;
    assert_eq!(alarms.len(), 3);
    assert!(
        alarms
            .iter()
            .all(|a| a["kind"] == "journal-fork" && a["terminal"] == "t1")
    );
    assert_eq!(
        alarms[0]["detail"],
        presented[2].as_str(),
        "the signed proof of it"
    );
    // The honest journal goes on.
    (terminal.entries, terminal.frontier) = honest;
    terminal.write(&Event::Unlocked {});
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(4)).await).await;
}

#[tokio::test]
async fn an_older_checkpoint_of_the_same_history_is_no_fork() {
    let house = House::new().await;
    let mut terminal = house.terminal("t1").await;
    terminal.write(&Event::Unlocked {});
    let older = terminal.append_from(0);
    terminal.write(&Event::Unlocked {});
    terminal.write(&Event::Unlocked {});
    ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await;
    let reply: JournalReply = ok(terminal.send(&house, &older).await).await;
    let note: Note = reply.checkpoint.parse().expect("note");
    assert_eq!(
        Checkpoint::from_text(note.text()).expect("checkpoint").size,
        1
    );
    let state: JournalState = house.get("/v1/journal", &terminal.token).await;
    assert_eq!(state.size, 3, "and the journal does not shrink");
}

#[tokio::test]
async fn many_at_once_is_one_journal() {
    let house = std::sync::Arc::new(House::new().await);
    let mut terminal = house.terminal("t1").await;
    for _ in 0..50 {
        terminal.write(&Event::Unlocked {});
    }
    let terminal = std::sync::Arc::new(terminal);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (house, terminal) = (house.clone(), terminal.clone());
        tasks.push(tokio::spawn(async move {
            ok::<JournalReply>(terminal.send(&house, &terminal.append_from(0)).await).await
        }));
    }
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.expect("task").checkpoint);
    }
    assert!(
        replies.windows(2).all(|pair| pair[0] == pair[1]),
        "one cosignature for all"
    );
}
