//! Does what the state machine says, on a thread and runtime of its own.
//!
//! Dropping the handle cancels at the next point where something is awaited. What must not be
//! half-done (a row and its journal entry, a directive) is one step between two such points.

mod steps;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use custos_protocol::{journal::Event, note::Signer};
use tokio::sync::{mpsc, watch};

use super::{
    http::Http,
    machine::{Machine, Mode, clip_of},
    plan::Action,
    runtime,
    station::Station,
    view,
};
use crate::{
    Class, Error, Result,
    device::state::Device,
    journal::{self, JournalContext},
    record::intact,
    vault::Vault,
};

const POLL_S: u32 = 50;
/// A wiped terminal does not wait long for somebody to hear it.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// What a synchronisation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Clips whose receipts verified.
    pub confirmed: Vec<String>,
    /// Clips whose receipts did not, or whose file here is damaged, with the [`Error::code`] of
    /// the reason.
    pub refused: Vec<(String, &'static str)>,
    /// Bytes of evidence sent.
    pub uploaded_bytes: u64,
    /// Clips that are not confirmed yet: being recorded, uploading, without a receipt.
    pub waiting: u64,
    /// Journal entries that the station has countersigned.
    pub journal: u64,
    /// Directives that were carried out.
    pub directives: u64,
    /// [`Error::code`] of each directive that was refused.
    pub directives_refused: Vec<&'static str>,
    /// Questions to registries that had waited and were answered, or refused, now.
    pub lookups: u64,
    /// A directive wiped the terminal.
    pub wiped: bool,
}

/// Synchronisation in the background. Dropping it cancels, and waits until the step under way
/// has ended.
#[derive(Debug)]
pub struct SyncHandle {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<Result<SyncReport>>>,
}

impl SyncHandle {
    /// Whether it has ended by itself: the terminal was wiped, or its storage failed.
    pub fn is_finished(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(thread::JoinHandle::is_finished)
    }

    /// Cancels, and gives what was done until then.
    ///
    /// # Errors
    /// What ended it before.
    pub fn stop(mut self) -> Result<SyncReport> {
        self.join()
    }

    fn join(&mut self) -> Result<SyncReport> {
        self.stop.send_replace(true);
        match self.thread.take() {
            Some(thread) => thread
                .join()
                .unwrap_or(Err(Error::Internal("the sync thread ends without a panic"))),
            None => Ok(SyncReport::default()),
        }
    }
}

impl Drop for SyncHandle {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            tracing::warn!(code = error.code(), "sync ended");
        }
    }
}

/// Synchronises until there is nothing more to do.
///
/// # Errors
/// [`Error::Unreachable`] and [`Error::StationIdentity`] when the station stays away; storage
/// errors.
pub(crate) fn once(vault: &Arc<Vault>) -> Result<SyncReport> {
    let mut driver = Driver::new(vault, Mode::Once)?;
    runtime::run(async {
        let (_keep, stop) = watch::channel(false);
        driver.work(stop).await
    })
}

/// Synchronises in the background until the handle is dropped; `wiped` is called where the terminal
/// is no more, with what other threads still have of it in memory.
///
/// # Errors
/// Storage errors.
pub(crate) fn follow(
    vault: &Arc<Vault>,
    wiped: impl FnOnce() + Send + 'static,
) -> Result<SyncHandle> {
    let mut driver = Driver::new(vault, Mode::Follow)?;
    let runtime = runtime::new()?;
    let (stop, stopped) = watch::channel(false);
    let thread = thread::Builder::new()
        .name("custos-sync".to_owned())
        .spawn(move || {
            let result = runtime.block_on(driver.work(stopped));
            if is_wiped(&result) {
                wiped();
            }
            result
        })?;
    Ok(SyncHandle {
        stop,
        thread: Some(thread),
    })
}

/// Whether the terminal was wiped, by this synchronisation or under it.
pub(crate) fn is_wiped(result: &Result<SyncReport>) -> bool {
    match result {
        Ok(report) => report.wiped,
        Err(error) => *error == Error::Wiped,
    }
}

/// Delivers the acknowledgements of a terminal that is no more, with the keys still in memory.
pub(crate) fn deliver_last_words(device: &Device, vault: &Vault, words: &[(String, String)]) {
    let result = device.signer(vault).and_then(|signer| {
        let http = Http::new(&device.station, device.pin.as_deref())?;
        let mut station = Station::new(http, &device.agency, &device.terminal);
        runtime::run(async move { speak(&mut station, &signer, words).await })
    });
    if let Err(error) = result {
        tracing::warn!(
            code = error.code(),
            "the last acknowledgements were not delivered"
        );
    }
}

async fn speak(station: &mut Station, signer: &Signer, words: &[(String, String)]) -> Result<()> {
    let deliver = async {
        if !station.has_session() {
            station.open_session(signer).await?;
        }
        for (directive, note) in words {
            match station.acknowledge(directive, note).await {
                Err(Error::StationRefused { .. }) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    tokio::time::timeout(LAST_WORDS, deliver)
        .await
        .unwrap_or(Err(Error::Unreachable))
}

struct Driver {
    vault: Arc<Vault>,
    station: Station,
    signer: Signer,
    machine: Machine,
    report: SyncReport,
    start: Instant,
}

impl Driver {
    fn new(vault: &Arc<Vault>, mode: Mode) -> Result<Self> {
        let device = vault.read(Device::load)?;
        let http = Http::new(&device.station, device.pin.as_deref())?;
        let mut seed = [0; 8];
        custos_protocol::key::random(&mut seed)?;
        Ok(Self {
            station: Station::new(http, &device.agency, &device.terminal),
            signer: device.signer(vault)?,
            vault: vault.clone(),
            machine: Machine::new(mode, u64::from_le_bytes(seed)),
            report: SyncReport::default(),
            start: Instant::now(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn work(&mut self, mut stop: watch::Receiver<bool>) -> Result<SyncReport> {
        let (ring, mut bell) = mpsc::channel(1);
        let listening = (!self.machine.is_once()).then(|| self.listen(ring));
        let result = tokio::select! {
            result = self.steps(&mut bell) => result,
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        };
        if let Some(listening) = listening {
            listening.abort();
        }
        result?;
        if !self.report.wiped {
            let view = self.vault.read(view::load)?;
            self.report.waiting = view.clips.len() as u64;
            self.report.journal = view.cosigned_size;
        }
        Ok(std::mem::take(&mut self.report))
    }

    async fn steps(&mut self, bell: &mut mpsc::Receiver<()>) -> Result<()> {
        loop {
            let view = self.vault.read(view::load)?;
            let action = self.machine.next(&view, self.now());
            if let Action::Wait { ms } = action {
                if self.machine.is_once() && !self.machine.backs_off(self.now()) {
                    return Ok(());
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                    Some(()) = bell.recv() => self.machine.directives_wait(),
                }
                continue;
            }
            let result = self.perform(&action).await;
            let now = self.now();
            match result {
                Ok(outcome) => self.machine.on(&action, Ok(&outcome), now),
                Err(error) => {
                    if self.is_fatal(&error) {
                        return Err(error);
                    }
                    self.note(&action, &error)?;
                    self.machine.on(&action, Err(&error), now);
                    if self.machine.gives_up() {
                        return Err(error);
                    }
                }
            }
            if self.report.wiped {
                return Ok(());
            }
        }
    }

    /// The vault's own troubles end the work; the station's are waited out.
    fn is_fatal(&self, error: &Error) -> bool {
        match error {
            Error::Wiped => true,
            Error::Busy => self.machine.is_once(),
            // One damaged file does not keep the others from leaving.
            Error::EvidenceDamaged => false,
            error => error.class() == Class::Storage,
        }
    }

    /// What a dishonest or confused station does is evidence too, and so is a file that rotted.
    fn note(&mut self, action: &Action, error: &Error) -> Result<()> {
        match error {
            Error::EvidenceDamaged => {
                let Some(clip) = clip_of(action) else {
                    return Ok(());
                };
                intact::tell_damaged(&self.vault, &clip)?;
                let told = (clip, error.code());
                if !self.report.refused.contains(&told) {
                    self.report.refused.push(told);
                }
                Ok(())
            }
            Error::JournalDiverged
            | Error::TrustInvalid
            | Error::PolicyInvalid
            | Error::ListInvalid => self.vault.write(|tx| {
                let event = Event::SecurityEvent {
                    what: error.code().to_owned(),
                };
                journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
            }),
            _ => Ok(()),
        }
    }

    /// Polls for directives beside everything else and rings when there is one.
    fn listen(&self, ring: mpsc::Sender<()>) -> tokio::task::JoinHandle<()> {
        let (vault, signer) = (self.vault.clone(), self.vault.read(Device::load));
        let signer = signer.and_then(|device| Ok((device.signer(&vault)?, device)));
        tokio::spawn(async move {
            let Ok((signer, device)) = signer else { return };
            let Ok(http) = Http::new(&device.station, device.pin.as_deref()) else {
                return;
            };
            let mut station = Station::new(http, &device.agency, &device.terminal);
            let mut wait = Duration::from_millis(500);
            let mut changes = None;
            loop {
                match poll(&vault, &mut station, &signer, &mut changes).await {
                    Ok(false) => wait = Duration::from_millis(500),
                    Ok(true) => {
                        if ring.send(()).await.is_err() {
                            return;
                        }
                        // Time to act on it, so that it is not announced again and again.
                        wait = Duration::from_secs(2);
                    }
                    Err(Error::Wiped) => return,
                    Err(_) => wait = (wait * 2).min(Duration::from_secs(60)),
                }
                tokio::time::sleep(wait).await;
            }
        })
    }
}

/// Whether there is something to fetch: a directive, or other grants or rules than before.
async fn poll(
    vault: &Vault,
    station: &mut Station,
    signer: &Signer,
    changes: &mut Option<u64>,
) -> Result<bool> {
    if !station.has_session() {
        station.open_session(signer).await?;
    }
    let after = vault.read(Device::load)?.directive_seq;
    // The first time only to learn where the station stands.
    let wait_s = if changes.is_some() { POLL_S } else { 0 };
    let list = station.directives(after, wait_s, *changes).await?;
    let before = changes.replace(list.changes);
    Ok(!list.directives.is_empty() || before.is_some_and(|before| before != list.changes))
}
