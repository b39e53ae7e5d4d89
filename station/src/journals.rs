//! Taking in terminals' journals. The station countersigns only what extends what it
//! countersigned before: it keeps every entry and node, computes the root itself and compares.
//! A terminal that presents two histories is refused and both are kept as evidence.

use custos_protocol::{
    api::{JournalAppend, JournalReply, JournalState},
    checkpoint::{self, Checkpoint},
    hash::Hash,
    journal::{Entry, Event},
    merkle,
    note::{Note, Verifier},
    suite,
};

use crate::{
    api::error::ApiError,
    app::App,
    auth::TerminalAuth,
    clock::now_ms,
    store::{
        self, Conn, DbError,
        journals::{self, Head, Log, Nodes},
        uint,
    },
};

/// Entries in one request at most.
const ENTRIES: usize = 10_000;

pub(crate) async fn state(app: &App, who: &TerminalAuth) -> Result<JournalState, ApiError> {
    let head = journals::head(&mut *app.store.read().await?, log_of(who)).await?;
    Ok(match head {
        Some(head) => JournalState {
            size: uint(head.size),
            checkpoint: Some(head.checkpoint),
        },
        None => JournalState {
            size: 0,
            checkpoint: None,
        },
    })
}

fn log_of(who: &TerminalAuth) -> Log<'_> {
    Log {
        terminal: &who.id,
        epoch: who.epoch,
    }
}

/// Appends entries, or recognises them as held already, and countersigns. Entries, nodes and
/// cosignature are one transaction, durable before the cosignature leaves.
pub(crate) async fn append(
    app: &App,
    who: &TerminalAuth,
    request: JournalAppend,
) -> Result<JournalReply, ApiError> {
    if request.entries.len() > ENTRIES {
        return Err(ApiError::bad_request("At most 10,000 entries at a time."));
    }
    let log = log_of(who);
    let mut tx = app.store.write().await?;
    let row = store::enrolment::enrolment(&mut tx, &who.id, who.epoch).await?;
    let key = row.and_then(|row| row.journal_key.parse::<Verifier>().ok());
    let key = key.ok_or_else(ApiError::internal)?;
    let note: Note = request.checkpoint.parse().map_err(|_| bad_checkpoint())?;
    // Nobody else's lines are kept beside ours.
    note.verify_strict([&key]).map_err(|_| bad_checkpoint())?;
    let checkpoint = Checkpoint::open(&note, &key).map_err(|_| bad_checkpoint())?;
    let end = request
        .from
        .checked_add(request.entries.len() as u64)
        .ok_or_else(bad_checkpoint)?;
    if checkpoint.size != end || end == 0 {
        return Err(bad_checkpoint());
    }
    let head = journals::head(&mut tx, log).await?;
    let size = head.as_ref().map_or(0, |head| uint(head.size));
    if request.from > size {
        return Err(
            ApiError::conflict("journal-position", "Entries before these are missing.")
                .with_size(size),
        );
    }
    let reply = match extend(&mut tx, log, size, &request, &checkpoint).await? {
        Outcome::Extended => countersign(app, &mut tx, log, note, end).await,
        Outcome::Held => held(app, &mut tx, log, head, note, end).await,
        Outcome::Forked => {
            // What was begun is undone; what was presented is kept.
            tx.rollback().await?;
            let mut tx = app.store.write().await?;
            store::records::alarm(&mut tx, log, "journal-fork", &request.checkpoint, now_ms())
                .await?;
            tx.commit().await?;
            tracing::error!(terminal = who.id, epoch = who.epoch, "journal fork");
            return Err(ApiError::conflict(
                "journal-inconsistent",
                "The journal is not a continuation of the one that is held here.",
            )
            .with_size(size));
        }
    }?;
    tx.commit().await?;
    Ok(reply)
}

enum Outcome {
    /// There are new entries, and with them the tree has the checkpoint's root.
    Extended,
    /// All of it was here before, with the checkpoint's root.
    Held,
    Forked,
}

async fn extend(
    tx: &mut Conn,
    log: Log<'_>,
    size: u64,
    request: &JournalAppend,
    checkpoint: &Checkpoint,
) -> Result<Outcome, ApiError> {
    let overlap = usize::try_from(size - request.from).unwrap_or(usize::MAX);
    let (known, new) = request.entries.split_at(overlap.min(request.entries.len()));
    for (seq, raw) in (request.from..).zip(known) {
        if journals::entry(tx, log, seq).await?.as_ref() != Some(raw) {
            return Ok(Outcome::Forked);
        }
    }
    let mut nodes = Nodes::default();
    for (seq, raw) in (size..).zip(new) {
        add_entry(tx, log, &mut nodes, seq, raw).await?;
    }
    let root = nodes
        .with(tx, log, |nodes| merkle::root(checkpoint.size, nodes))
        .await?;
    Ok(match root == checkpoint.root {
        false => Outcome::Forked,
        true if new.is_empty() => Outcome::Held,
        true => Outcome::Extended,
    })
}

async fn add_entry(
    tx: &mut Conn,
    log: Log<'_>,
    nodes: &mut Nodes,
    seq: u64,
    raw: &str,
) -> Result<(), ApiError> {
    let entry = Entry::from_raw(raw).map_err(|_| bad_entry())?;
    if entry.suite != suite::CURRENT || entry.seq != seq || entry.terminal != log.terminal {
        return Err(bad_entry());
    }
    journals::add_entry(tx, log, seq, raw).await?;
    let leaf = merkle::leaf_hash(raw.as_bytes());
    let made = nodes
        .with(tx, log, |nodes| merkle::append(seq, leaf, nodes))
        .await?;
    for node in &made {
        journals::add_node(tx, log, node).await?;
        nodes.insert(node);
    }
    if let Some(Event::Sealed(sealed)) = entry.event() {
        journals::add_seal(tx, log, &sealed.clip, seq, &sealed.digest).await?;
    }
    Ok(())
}

async fn countersign(
    app: &App,
    tx: &mut Conn,
    log: Log<'_>,
    mut note: Note,
    size: u64,
) -> Result<JournalReply, ApiError> {
    let now = now_ms();
    checkpoint::cosign(&mut note, &app.keys.witness, uint(now / 1000));
    let checkpoint = note.to_string();
    journals::set_head(tx, log, size, &checkpoint, now).await?;
    Ok(JournalReply { checkpoint })
}

/// Entries sent again: the answer that may have been lost, or a cosignature on an older
/// checkpoint, which the tree that is held here contains.
async fn held(
    app: &App,
    tx: &mut Conn,
    log: Log<'_>,
    head: Option<Head>,
    mut note: Note,
    size: u64,
) -> Result<JournalReply, ApiError> {
    match head {
        Some(head) if uint(head.size) == size => Ok(JournalReply {
            checkpoint: head.checkpoint,
        }),
        Some(_) => {
            checkpoint::cosign(&mut note, &app.keys.witness, uint(now_ms() / 1000));
            Ok(JournalReply {
                checkpoint: note.to_string(),
            })
        }
        None => countersign(app, tx, log, note, size).await,
    }
}

/// The inclusion proof of entry `index` in the first `size` entries.
pub(crate) async fn inclusion(
    conn: &mut Conn,
    log: Log<'_>,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, DbError> {
    Nodes::default()
        .with(conn, log, |nodes| merkle::inclusion(index, size, nodes))
        .await
}

fn bad_checkpoint() -> ApiError {
    ApiError::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "journal-checkpoint",
        "The checkpoint is not this journal's, or not of these entries.",
    )
}

fn bad_entry() -> ApiError {
    ApiError::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "journal-entry",
        "An entry is malformed, out of order or of another terminal.",
    )
}
