//! Orders to this terminal. Invariant 5: one acts only if its signatures, threshold, addressee,
//! epoch, sequence and expiry hold; its sequence is durable before it acts; acting twice changes
//! nothing.

use custos_protocol::{
    directive::{Ack, Action, Addressee, Directive, DirectiveError, State},
    journal::Event,
    note::{Note, Signer},
    statement, suite,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::{
    DirectiveFault, Error, Result, clock,
    device::state::{self, Device},
    journal::{self, JournalContext},
    vault::{Vault, wipe},
};

/// What a directive did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectiveOutcome {
    pub id: String,
    /// `lock`, `unlock` or `wipe`; after a wipe the terminal no longer exists.
    pub action: &'static str,
    /// It had been carried out before; nothing changed.
    pub repeated: bool,
}

impl DirectiveOutcome {
    fn of(directive: &Directive, repeated: bool) -> Self {
        Self {
            id: directive.id.clone(),
            action: directive.action.as_str(),
            repeated,
        }
    }

    pub(crate) fn wiped(&self) -> bool {
        self.action == Action::Wipe.as_str()
    }
}

/// What a directive did, and the last words of a terminal that is gone: only this still holds
/// them, the vault that would have queued them does not exist any more.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcome: DirectiveOutcome,
    /// `(directive, signed acknowledgement)`, in order; empty unless the terminal was wiped.
    pub(crate) last_words: Vec<(String, String)>,
}

/// Verifies a directive and carries it out. Runs to its end; nothing in it waits.
///
/// # Errors
/// [`Error::Directive`]: refused, journalled, and a signed refusal queued. Storage errors; after
/// one, the directive may have begun and is taken up again when it comes again.
pub(crate) fn apply(vault: &Vault, note: &str) -> Result<Applied> {
    let device = vault.read(Device::load)?;
    let signer = device.signer(vault)?;
    let known = parse(note);
    match verify(vault, &device, &known) {
        Ok(Verified::New(directive)) => {
            vault.write(|tx| begin(tx, &signer, &directive, note))?;
            execute(vault, &signer, &directive)
        }
        Ok(Verified::Begun(directive)) => execute(vault, &signer, &directive),
        Ok(Verified::Done(directive)) => {
            // The station asks again: it did not get our word.
            vault.write(|tx| queue(tx, &signer, &directive, State::Done, None))?;
            let outcome = DirectiveOutcome::of(&directive, true);
            Ok(Applied {
                outcome,
                last_words: Vec::new(),
            })
        }
        Err(Refusal::Storage(error)) => Err(error),
        Err(Refusal::Protocol(reason)) => {
            let directive = known.as_ref().ok().map(|(_, directive)| directive);
            vault.write(|tx| refuse(tx, &device, &signer, directive, &reason))?;
            Err(Error::Directive(fault(&reason)))
        }
    }
}

enum Verified {
    New(Directive),
    /// Its sequence was taken and then the power went: it is carried out now.
    Begun(Directive),
    Done(Directive),
}

#[derive(Debug)]
enum Refusal {
    Protocol(DirectiveError),
    Storage(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

fn fault(reason: &DirectiveError) -> DirectiveFault {
    match reason {
        DirectiveError::OtherTerminal => DirectiveFault::Addressee,
        DirectiveError::OtherEpoch => DirectiveFault::Epoch,
        DirectiveError::Replayed => DirectiveFault::Sequence,
        DirectiveError::Expired => DirectiveFault::Expired,
        DirectiveError::Threshold { .. } => DirectiveFault::Threshold,
        DirectiveError::Statement(_) => DirectiveFault::Signature,
    }
}

type Parsed = std::result::Result<(Note, Directive), DirectiveError>;

fn parse(note: &str) -> Parsed {
    let note: Note = note.parse().map_err(statement::StatementError::from)?;
    let directive = statement::read_unverified(&note)?;
    Ok((note, directive))
}

fn verify(vault: &Vault, device: &Device, parsed: &Parsed) -> Result<Verified, Refusal> {
    let (note, _) = parsed
        .as_ref()
        .map_err(|error| Refusal::Protocol(error.clone()))?;
    let (trust, now, taken) = vault.read(|c| {
        let taken = parsed
            .as_ref()
            .ok()
            .map(|(_, d)| taken(c, d))
            .transpose()?
            .flatten();
        Ok((state::trust(c)?, clock::now(c)?, taken))
    })?;
    // Who ordered it comes first: nothing else in a note that nobody signed means anything.
    let directive = Directive::open(note, &trust).map_err(Refusal::Protocol)?;
    let to = |last_seq, now_ms| Addressee {
        terminal: &device.terminal,
        epoch: device.epoch,
        last_seq,
        now_ms,
    };
    match taken {
        // The very same order: its sequence is its own, and it was in time when it was taken.
        Some((recorded, taken_state)) if recorded == directive => {
            directive
                .check(&to(0, i64::MIN))
                .map_err(Refusal::Protocol)?;
            Ok(match taken_state.as_str() {
                "done" => Verified::Done(directive),
                _ => Verified::Begun(directive),
            })
        }
        _ => {
            let to = to(device.directive_seq, now.at_least_ms());
            directive.check(&to).map_err(Refusal::Protocol)?;
            Ok(Verified::New(directive))
        }
    }
}

/// The directive of this sequence number that was taken, and how far it got.
fn taken(connection: &Connection, like: &Directive) -> Result<Option<(Directive, String)>> {
    let row: Option<(String, String)> = connection
        .query_row(
            "SELECT note, state FROM directive WHERE seq = ?1",
            [like.seq],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((note, state)) = row else {
        return Ok(None);
    };
    let (_, directive) = parse(&note).map_err(|_| Error::Damaged)?;
    Ok(Some((directive, state)))
}

/// Makes the sequence durable. From here on this directive acts, and no other with its number.
fn begin(tx: &Transaction<'_>, signer: &Signer, directive: &Directive, note: &str) -> Result<()> {
    let taken = tx.execute(
        "UPDATE terminal SET directive_seq = ?1 WHERE directive_seq < ?1",
        [directive.seq],
    )?;
    if taken == 0 {
        // Another process was faster with this one or a later one.
        return Err(Error::Directive(DirectiveFault::Sequence));
    }
    tx.execute(
        "INSERT INTO directive (seq, id, action, note, state) VALUES (?1, ?2, ?3, ?4, 'executing')",
        (
            directive.seq,
            &directive.id,
            directive.action.as_str(),
            note,
        ),
    )?;
    let event = Event::DirectiveReceived {
        id: directive.id.clone(),
        seq: directive.seq,
        action: directive.action.as_str().to_owned(),
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    queue(tx, signer, directive, State::Accepted, None)?;
    queue(tx, signer, directive, State::Executing, None)
}

fn execute(vault: &Vault, signer: &Signer, directive: &Directive) -> Result<Applied> {
    let outcome = DirectiveOutcome::of(directive, false);
    match directive.action {
        Action::Lock | Action::Unlock => {
            vault.write(|tx| {
                let locked = directive.action == Action::Lock;
                tx.execute("UPDATE terminal SET locked = ?1", [locked])?;
                done(tx, signer, directive)
            })?;
            vault.recall();
            Ok(Applied {
                outcome,
                last_words: Vec::new(),
            })
        }
        Action::Wipe => {
            // Not queued but taken along: the queue goes with everything else.
            let (queued, now) = vault.read(|c| Ok((pending(c)?, clock::now(c)?)))?;
            let mut last_words: Vec<_> = queued
                .into_iter()
                .map(|ack| (ack.directive, ack.note))
                .collect();
            let word = acknowledge(signer, directive, State::Done, None, now.time_ms)?;
            last_words.push((directive.id.clone(), word));
            // A power cut from here on is resumed by the next start (`vault::wipe::resume`).
            let wiped = wipe::wipe(vault.folder(), vault.key_source());
            // Whatever of it failed: nobody reads on.
            vault.recall();
            wiped?;
            Ok(Applied {
                outcome,
                last_words,
            })
        }
    }
}

fn done(tx: &Transaction<'_>, signer: &Signer, directive: &Directive) -> Result<()> {
    tx.execute(
        "UPDATE directive SET state = 'done' WHERE seq = ?1",
        [directive.seq],
    )?;
    let event = Event::DirectiveExecuted {
        id: directive.id.clone(),
        seq: directive.seq,
        action: directive.action.as_str().to_owned(),
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    queue(tx, signer, directive, State::Done, None)
}

fn refuse(
    tx: &Transaction<'_>,
    device: &Device,
    signer: &Signer,
    directive: Option<&Directive>,
    reason: &DirectiveError,
) -> Result<()> {
    let id = directive.map_or_else(|| "unreadable".to_owned(), |d| d.id.clone());
    let event = Event::DirectiveRefused {
        id,
        reason: reason.code().to_owned(),
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event)?;
    match directive {
        // What is for somebody else is not ours to answer, and a replay is not answered anew:
        // its first answer stands.
        Some(directive)
            if directive.terminal == device.terminal
                && directive.epoch == device.epoch
                && directive.seq > device.directive_seq =>
        {
            queue(tx, signer, directive, State::Refused, Some(reason.code()))
        }
        _ => Ok(()),
    }
}

/// A signed acknowledgement on its way.
#[derive(Debug, Clone)]
pub(crate) struct QueuedAck {
    id: i64,
    pub(crate) directive: String,
    pub(crate) note: String,
}

/// Acknowledgements that the station has not taken yet, in order.
///
/// # Errors
/// Storage errors.
pub(crate) fn pending(connection: &Connection) -> Result<Vec<QueuedAck>> {
    let mut statement =
        connection.prepare_cached("SELECT id, directive, note FROM directive_ack ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(QueuedAck {
            id: row.get(0)?,
            directive: row.get(1)?,
            note: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The station has it, or will never take it.
///
/// # Errors
/// Storage errors.
pub(crate) fn delivered(vault: &Vault, ack: &QueuedAck) -> Result<()> {
    vault.write(|tx| {
        tx.execute("DELETE FROM directive_ack WHERE id = ?1", [ack.id])?;
        Ok(())
    })
}

fn queue(
    tx: &Transaction<'_>,
    signer: &Signer,
    directive: &Directive,
    state: State,
    reason: Option<&str>,
) -> Result<()> {
    let note = acknowledge(signer, directive, state, reason, clock::now(tx)?.time_ms)?;
    tx.execute(
        "INSERT INTO directive_ack (directive, note) VALUES (?1, ?2)",
        (&directive.id, note),
    )?;
    Ok(())
}

fn acknowledge(
    signer: &Signer,
    directive: &Directive,
    state: State,
    reason: Option<&str>,
    time_ms: i64,
) -> Result<String> {
    let ack = Ack {
        suite: suite::CURRENT,
        directive: directive.id.clone(),
        terminal: directive.terminal.clone(),
        epoch: directive.epoch,
        seq: directive.seq,
        state,
        reason: reason.map(str::to_owned),
        time_ms,
    };
    let note = statement::sign(&ack, &[signer])
        .map_err(|_| Error::Internal("the journal's key signs acknowledgements"))?;
    Ok(note.to_string())
}

#[cfg(test)]
mod tests;
