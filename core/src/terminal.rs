//! The façade: a terminal as a shell, a command line or a test uses it. Calls block; handles are
//! cheap to clone and may be used from any thread.
//!
//! # Layout
//!
//! - here: [`Terminal`], what needs no officer
//! - `supplies`: storage and battery; `laws`: the law pack
//! - `officer`: [`Officer`], an unlocked slot; `owner`: whose evidence is recorded; `modes`,
//!   `categories`: what else an officer decides
//! - `recording`: [`Recording`], on `camera`; `running`: all of them
//! - `access`: what the access rules say to an officer; `granted`: what grants give; `lookup`: what
//!   an officer asks registries
//! - `photo`, `note`: what is sealed at once; `describe`: what is said of a recording
//! - `evidence`: [`EvidenceItem`]; `export`: [`Export`]; `play`: [`ClipReader`]

mod access;
mod camera;
mod categories;
mod describe;
mod evidence;
mod export;
mod granted;
mod laws;
mod lookup;
mod modes;
mod note;
mod officer;
mod owner;
mod photo;
mod play;
mod recording;
mod running;
mod supplies;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use custos_protocol::{id, journal::Event, ticket::Ticket};

use self::running::Running;
pub use self::{
    evidence::{EvidenceItem, EvidenceState},
    export::{Export, ExportSpec},
    lookup::Batch,
    note::MAX_NOTE,
    officer::{DutyId, Officer},
    photo::{Photo, PhotoSpec},
    play::ClipReader,
    recording::{Marked, Recording, RecordingPhase, RecordingSpec},
};
use crate::{
    Error, KeySource, Result, Secret,
    access::rules,
    clock,
    device::{
        DeviceInfo, Forecast, Mode, PurgeReport, State, mode, provision, retention,
        state::{self, Device},
        storage,
    },
    journal::{self, JournalContext},
    record::{recover, sheet, sweep},
    sync::{DirectiveOutcome, SyncHandle, SyncReport, directives, driver},
    vault::{Folder, Vault, officer as slot, wipe},
};

/// A provisioned terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    vault: Arc<Vault>,
    /// The evidence folder has been searched for files that nobody knows.
    swept: Arc<AtomicBool>,
    running: Running,
}

/// What a terminal is and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    /// What is switched on; the shell obeys.
    pub modes: Vec<Mode>,
    pub forecast: Forecast,
    pub terminal: String,
    pub agency: String,
    pub epoch: u32,
    pub model: String,
    /// Base URL.
    pub station: String,
    /// What protects the key-encryption key, in words.
    pub key_source: String,
    /// The terminal's own age recipient: for what is sealed to it and to no officer.
    pub recipient: String,
    pub officers: Vec<String>,
    /// Number of clips in each state, by [`EvidenceState::as_str`].
    pub evidence: BTreeMap<&'static str, u64>,
    pub policy_version: u64,
    /// Of the access rules; 0: those of this build.
    pub rules_version: u64,
    pub trust_version: u64,
    pub journal_size: u64,
    /// Entries that the station has countersigned.
    pub journal_cosigned: u64,
    pub last_contact_ms: Option<i64>,
    pub time: clock::Now,
}

impl Terminal {
    /// Provisions the terminal of a ticket in a folder; talks to the station.
    ///
    /// # Errors
    /// [`Error::AlreadyProvisioned`], [`Error::Ticket`], [`Error::Unreachable`],
    /// [`Error::StationIdentity`], [`Error::CertificateInvalid`], [`Error::TrustInvalid`],
    /// [`Error::PolicyInvalid`], storage errors. After any of them the folder holds no terminal.
    pub fn provision(
        dir: &Path,
        keys: Arc<dyn KeySource>,
        ticket: &Ticket,
        device: &DeviceInfo,
    ) -> Result<Self> {
        let vault = provision::provision(dir, keys, ticket, device)?;
        Ok(Self::of(Arc::new(vault)))
    }

    /// Opens a provisioned terminal. Clips that a crash left unfinished, and that no living
    /// process records, are completed from what was committed. An interrupted wipe is ended.
    ///
    /// # Errors
    /// [`Error::NotProvisioned`], [`Error::Wiped`], [`Error::WrongKey`], [`Error::NewerSchema`],
    /// [`Error::Damaged`], storage errors. Nothing is deleted or recreated in any of them.
    pub fn open(dir: &Path, keys: Arc<dyn KeySource>) -> Result<Self> {
        wipe::resume(&Folder::at(dir), keys.as_ref())?;
        let vault = Arc::new(Vault::open(dir, keys)?);
        recover::recover(&vault)?;
        // What is said of recordings that a crash ended. It is durable where it is: if it cannot
        // be sealed now, it is the next time.
        let _ = sheet::seal_all(&vault);
        Ok(Self::of(vault))
    }

    fn of(vault: Arc<Vault>) -> Self {
        Self {
            vault,
            swept: Arc::default(),
            running: Running::default(),
        }
    }

    /// # Errors
    /// Storage errors, [`Error::Wiped`].
    pub fn status(&self) -> Result<Status> {
        let key_source = self.vault.key_source().describe();
        let recipient = self.vault.recipient()?;
        let free_bytes = self.vault.free_bytes()?;
        self.vault.read(|c| {
            let device = Device::load(c)?;
            Ok(Status {
                state: state::state(c)?,
                modes: mode::active(c)?,
                forecast: storage::forecast(c, free_bytes)?,
                key_source,
                recipient,
                officers: slot::names(c)?,
                evidence: evidence::counts(c)?,
                journal_size: journal::size(c)?,
                journal_cosigned: journal::cosigned(c)?.map_or(0, |(size, _)| size),
                time: clock::now(c)?,
                terminal: device.terminal,
                agency: device.agency,
                epoch: device.epoch,
                model: device.model,
                station: device.station,
                policy_version: device.policy_version,
                rules_version: rules::version(c)?,
                trust_version: device.trust_version,
                last_contact_ms: device.last_contact_ms,
            })
        })
    }

    /// Makes an officer's slot. Allowed for those the ticket named; where it named nobody, for
    /// the first officer.
    ///
    /// # Errors
    /// [`Error::OfficerNotAllowed`], [`Error::OfficerExists`], [`Error::PinTooShort`],
    /// [`Error::Locked`], storage and key source errors.
    pub fn enrol_officer(&self, officer: &str, pin: &Secret) -> Result<()> {
        if !id::is_safe(officer) {
            return Err(Error::OfficerNotAllowed);
        }
        let (device, policy, enrolled) = self
            .vault
            .read(|c| Ok((Device::load(c)?, state::policy(c)?, slot::names(c)?)))?;
        if device.locked {
            return Err(Error::Locked);
        }
        if enrolled.iter().any(|name| name == officer) {
            return Err(Error::OfficerExists);
        }
        let allowed = match device.officers.as_slice() {
            [] => enrolled.is_empty(),
            named => named.iter().any(|name| name == officer),
        };
        if !allowed {
            return Err(Error::OfficerNotAllowed);
        }
        slot::enrol(&self.vault, officer, pin, &policy)
    }

    /// Opens an officer's slot, and ends sleep. Every attempt is journalled.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::WrongPin`], [`Error::TooManyAttempts`],
    /// [`Error::UnknownOfficer`], storage and key source errors.
    pub fn unlock(&self, officer: &str, pin: &Secret) -> Result<Officer> {
        let (locked, policy) = self
            .vault
            .read(|c| Ok((Device::load(c)?.locked, state::policy(c)?)))?;
        if locked {
            // A name that nobody has stays out of the journal: it may be a mistyped PIN.
            self.vault.write(|tx| match slot::recipient(tx, officer) {
                Ok(_) => slot::refused(tx, officer, "device-locked"),
                Err(_) => Ok(()),
            })?;
            return Err(Error::Locked);
        }
        let identity = slot::unlock(&self.vault, officer, pin, &policy)?;
        self.vault.write(|tx| {
            let context = JournalContext::officer(tx, officer)?;
            clock::seen(tx)?;
            mode::end(tx, &context, Mode::Sleep)
        })?;
        self.running.sleep(false);
        let (vault, running) = (self.vault.clone(), self.running.clone());
        Ok(Officer::new(vault, running, officer, identity))
    }

    /// What is stored here of all officers: metadata only.
    ///
    /// # Errors
    /// Storage errors.
    pub fn evidence(&self) -> Result<Vec<EvidenceItem>> {
        self.vault.read(|c| evidence::list(c, None))
    }

    /// Sets files aside that are in the evidence folder and that the vault does not know; gives
    /// their names in `quarantine/`. Reads the whole folder. [`Terminal::sync_once`] and
    /// [`Terminal::start_sync`] do it by themselves, once.
    ///
    /// # Errors
    /// Storage errors.
    pub fn sweep(&self) -> Result<Vec<String>> {
        let names = sweep::sweep(&self.vault)?;
        self.swept.store(true, Ordering::Release);
        Ok(names)
    }

    fn sweep_once(&self) -> Result<()> {
        if self.swept.load(Ordering::Acquire) {
            return Ok(());
        }
        self.sweep().map(drop)
    }

    /// Verifies a directive, from wherever it came, and carries it out. What a wiped terminal
    /// has to say is sent with the key still in memory, if the station answers soon.
    ///
    /// # Errors
    /// [`Error::Directive`] when it is refused; storage errors.
    pub fn apply_directive(&self, note: &str) -> Result<DirectiveOutcome> {
        let device = self.vault.read(Device::load)?;
        let applied = directives::apply(&self.vault, note)?;
        if applied.outcome.wiped() {
            // What is still in memory goes, too.
            self.running.cameras().iter().for_each(|c| c.shut());
        }
        if !applied.last_words.is_empty() {
            driver::deliver_last_words(&device, &self.vault, &applied.last_words);
        }
        Ok(applied.outcome)
    }

    /// Exchanges everything there is with the station: journal, evidence, receipts, directives,
    /// trust set and policy. Returns when nothing more is to be done now.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::StationIdentity`], storage errors.
    pub fn sync_once(&self) -> Result<SyncReport> {
        let result = self.sweep_once().and_then(|()| driver::once(&self.vault));
        if driver::is_wiped(&result) {
            self.running.forget();
        }
        result
    }

    /// As [`Terminal::sync_once`], in the background and without end, uploading clips while they
    /// are recorded. Dropping the handle cancels.
    ///
    /// # Errors
    /// Storage errors.
    pub fn start_sync(&self) -> Result<SyncHandle> {
        self.sweep_once()?;
        let running = self.running.clone();
        driver::follow(&self.vault, move || running.forget())
    }

    /// Deletes the files of confirmed clips whose retention has passed and which nobody holds,
    /// and says why others stay.
    ///
    /// # Errors
    /// Storage errors.
    pub fn purge(&self) -> Result<PurgeReport> {
        retention::purge(&self.vault)
    }

    /// The text of the access rules in force (Cedar).
    ///
    /// # Errors
    /// Storage errors.
    pub fn access_rules(&self) -> Result<String> {
        self.vault.read(rules::text)
    }

    /// The raw journal entries from `from` on, at most 1,000: one line of JSON each.
    ///
    /// # Errors
    /// Storage errors.
    pub fn journal(&self, from: u64) -> Result<Vec<String>> {
        self.vault
            .read(|c| journal::entries(c, from, 1_000, usize::MAX))
    }

    /// A signed checkpoint of the whole journal (C2SP tlog-checkpoint).
    ///
    /// # Errors
    /// Storage errors.
    pub fn checkpoint(&self) -> Result<String> {
        let device = self.vault.read(Device::load)?;
        let signer = device.signer(&self.vault)?;
        Ok(self
            .vault
            .read(|c| journal::sign_checkpoint(c, &signer, None))?
            .to_string())
    }

    /// Journals something that should not have happened; `what` is a stable word.
    ///
    /// # Errors
    /// Storage errors.
    pub fn security_event(&self, what: &str) -> Result<()> {
        self.vault.write(|tx| {
            let event = Event::SecurityEvent {
                what: what.to_owned(),
            };
            journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
        })
    }
}
