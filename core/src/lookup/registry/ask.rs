//! Sends a question, and its entry in the journal before it.

use custos_protocol::{journal::Event, lookup::ask::LookupReply, note::Signer};

use super::{LookupFault, question::Question};
use crate::{
    Error, Result,
    journal::{self, JournalContext},
    sync::{replicate, station::Station},
    vault::Vault,
};

/// The station's answer to this question, and to no other.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::StationIdentity`]; [`Error::Lookup`] for a refusal or a foreign
/// answer, which the journal has then as a security event; [`Error::JournalDiverged`]; storage
/// errors.
pub(crate) async fn ask(
    vault: &Vault,
    station: &mut Station,
    signer: &Signer,
    question: &Question,
) -> Result<LookupReply> {
    if !station.has_session() {
        station.open_session(signer).await?;
    }
    // The station asks nobody about a question that it has not in the journal.
    replicate::up_to(vault, station, signer, question.seq).await?;
    let reply = station.look_up(&question.request()).await?;
    if reply.answers(&question.lookup, &question.commitment()) {
        return Ok(reply);
    }
    vault.write(|tx| {
        let event = Event::SecurityEvent {
            what: LookupFault::Foreign.code().to_owned(),
        };
        journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
    })?;
    Err(Error::Lookup(LookupFault::Foreign))
}
