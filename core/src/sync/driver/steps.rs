//! The steps of the driver: each asks the station something, verifies the answer, and writes what
//! follows from it in one transaction.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    time::Instant,
};

use super::{Driver, speak};
use crate::{
    Error, Result, clock,
    device::state::Device,
    journal,
    lookup::registry::{LookupFault, ask, queue},
    record::intact,
    sync::{
        directives::{self, Applied},
        plan::{Action, Outcome},
        receipts, replicate,
        station::ReceiptAnswer,
        tus::{self, Answer, Remote},
        updates, view,
    },
};

impl Driver {
    /// Does one action. Cancelled where it awaits, it has done nothing by halves.
    pub(super) async fn perform(&mut self, action: &Action) -> Result<Outcome> {
        match action {
            Action::OpenSession => {
                self.station.open_session(&self.signer).await?;
                self.contact()?;
            }
            Action::Update => updates::fetch(&self.vault, &mut self.station).await?,
            Action::Acknowledge => self.acknowledge().await?,
            Action::FetchDirectives => self.directives().await?,
            Action::AskJournal => return self.ask_journal().await,
            Action::PushJournal { from } => return self.push_journal(*from).await,
            Action::Create { clip } => return self.create(clip).await,
            Action::Ask { clip } => return self.ask(clip).await,
            Action::Send {
                clip,
                offset,
                count,
                length,
            } => {
                return self.send(clip, *offset, *count, *length).await;
            }
            Action::Receipt { clip } => return self.receipt(clip).await,
            Action::Question => return self.question().await,
            Action::Wait { .. } => {}
        }
        Ok(Outcome::Done)
    }

    fn contact(&self) -> Result<()> {
        self.vault.write(|tx| {
            let now = clock::now(tx)?.time_ms;
            tx.execute("UPDATE terminal SET last_contact_ms = ?1", [now])?;
            Ok(())
        })
    }

    async fn acknowledge(&mut self) -> Result<()> {
        for ack in self.vault.read(directives::pending)? {
            match self.station.acknowledge(&ack.directive, &ack.note).await {
                // What it refuses today it refuses tomorrow.
                Ok(()) => directives::delivered(&self.vault, &ack)?,
                Err(Error::StationRefused { status }) if status != 401 => {
                    directives::delivered(&self.vault, &ack)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn directives(&mut self) -> Result<()> {
        let device = self.vault.read(Device::load)?;
        let list = self
            .station
            .directives(device.directive_seq, 0, None)
            .await?;
        let mut items = list.directives;
        items.sort_by_key(|item| item.seq);
        for item in items {
            match directives::apply(&self.vault, &item.note) {
                Ok(Applied {
                    outcome,
                    last_words,
                }) => {
                    self.report.wiped |= outcome.wiped();
                    self.report.directives += 1;
                    if self.report.wiped {
                        // The work is done either way; being heard is a courtesy.
                        let _ = speak(&mut self.station, &self.signer, &last_words).await;
                        return Ok(());
                    }
                }
                Err(error @ Error::Directive(_)) => {
                    self.report.directives_refused.push(error.code());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn ask_journal(&mut self) -> Result<Outcome> {
        let held = self.station.journal().await?;
        if held.size > self.vault.read(journal::size)? {
            return Err(Error::JournalDiverged);
        }
        if let Some(checkpoint) = held.checkpoint {
            replicate::take_checkpoint(&self.vault, &self.signer, &checkpoint)?;
        }
        Ok(Outcome::JournalAt(held.size))
    }

    async fn push_journal(&mut self, from: u64) -> Result<Outcome> {
        replicate::push(&self.vault, &mut self.station, &self.signer, from)
            .await
            .map(Outcome::JournalAt)
    }

    /// Asks what waited for the station. A registry that does not answer now may later.
    async fn question(&mut self) -> Result<Outcome> {
        let Some(question) = self.vault.read(queue::first)? else {
            return Ok(Outcome::Done);
        };
        if queue::lapse(&self.vault, &question)? {
            return Ok(Outcome::Done);
        }
        match ask::ask(&self.vault, &mut self.station, &self.signer, &question).await {
            Ok(reply) => {
                queue::deliver(&self.vault, &question, &reply)?;
                self.report.lookups += 1;
            }
            Err(Error::Lookup(LookupFault::RegistryDown)) => return Ok(Outcome::NotYet),
            Err(error @ Error::Lookup(_)) => queue::refused(&self.vault, &question, &error)?,
            Err(error) => return Err(error),
        }
        Ok(Outcome::Done)
    }

    async fn create(&mut self, clip: &str) -> Result<Outcome> {
        let length = self.length(clip)?;
        match tus::create(&mut self.station, clip, length).await? {
            Some(path) => {
                view::set_upload(&self.vault, clip, Some(&path))?;
                Ok(Outcome::At(Remote { offset: 0, length }))
            }
            None => Ok(Outcome::Stored),
        }
    }

    async fn ask(&mut self, clip: &str) -> Result<Outcome> {
        let Some(path) = view::upload_path(&self.vault, clip)? else {
            return Ok(Outcome::Gone);
        };
        match tus::head(&mut self.station, &path).await? {
            Answer::Ok(remote) => {
                view::set_uploaded(&self.vault, clip, remote.offset)?;
                Ok(Outcome::At(remote))
            }
            _ => self.gone(clip),
        }
    }

    async fn send(
        &mut self,
        clip: &str,
        offset: u64,
        count: u64,
        length: Option<u64>,
    ) -> Result<Outcome> {
        let Some(path) = view::upload_path(&self.vault, clip)? else {
            return Ok(Outcome::Gone);
        };
        let bytes = self.piece(clip, offset, count)?;
        let began = Instant::now();
        match tus::patch(&mut self.station, &path, offset, bytes, length).await? {
            Answer::Ok(offset) => {
                self.report.uploaded_bytes += count;
                view::set_uploaded(&self.vault, clip, offset)?;
                let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                Ok(Outcome::Sent { offset, took_ms })
            }
            Answer::Gone => self.gone(clip),
            Answer::Offset | Answer::Checksum => Ok(Outcome::Misplaced),
        }
    }

    fn piece(&self, clip: &str, offset: u64, count: u64) -> Result<Vec<u8>> {
        let mut file = File::open(self.vault.folder().clip(clip)).map_err(intact::unreadable)?;
        file.seek(SeekFrom::Start(offset))?;
        let count = usize::try_from(count).map_err(|_| Error::Internal("a piece fits memory"))?;
        let mut bytes = vec![0; count];
        file.read_exact(&mut bytes).map_err(intact::unreadable)?;
        Ok(bytes)
    }

    fn gone(&self, clip: &str) -> Result<Outcome> {
        view::set_upload(&self.vault, clip, None)?;
        Ok(Outcome::Gone)
    }

    fn length(&self, clip: &str) -> Result<Option<u64>> {
        self.vault.read(|c| {
            let sql = "SELECT length FROM evidence WHERE clip = ?1";
            Ok(c.query_row(sql, [clip], |row| row.get(0))?)
        })
    }

    async fn receipt(&mut self, clip: &str) -> Result<Outcome> {
        match self.station.receipt(clip).await? {
            ReceiptAnswer::Receipt(receipt) => {
                match receipts::accept(&self.vault, clip, &receipt) {
                    Ok(()) => {
                        self.report.confirmed.push(clip.to_owned());
                        Ok(Outcome::Done)
                    }
                    Err(error) => {
                        self.report.refused.push((clip.to_owned(), error.code()));
                        Err(error)
                    }
                }
            }
            ReceiptAnswer::NotYet => Ok(Outcome::NotYet),
            ReceiptAnswer::Mismatch => {
                view::set_upload(&self.vault, clip, None)?;
                // On the way, or here? That makes a difference to whoever has to do something.
                intact::check(&self.vault, clip)?;
                Err(Error::UploadRejected)
            }
        }
    }
}
