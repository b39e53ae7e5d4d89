//! An officer who is let in. There is no way to this type but [`Terminal::unlock`]; dropping the
//! last clone forgets the officer's identity.
//!
//! [`Terminal::unlock`]: super::Terminal::unlock

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

use custos_access::Action;
use custos_protocol::{id, journal::Event};
use rusqlite::{Connection, Transaction};

use super::{
    ClipReader, EvidenceItem, Recording, RecordingSpec,
    access::{self, Asker},
    camera::Camera,
    evidence,
    owner::{Owner, Start, open_duty},
    play,
    running::Running,
};
use crate::{
    Error, Result, clock,
    device::{Mode, mode, room, state},
    journal::{self, JournalContext},
    lookup::registry::connection::LookupConnection,
    record::{ClipRange, seal::Recipient, sheet},
    vault::{Vault, officer::Identity},
};

/// Name of a duty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DutyId(String);

impl DutyId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DutyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An unlocked officer.
#[derive(Debug, Clone)]
pub struct Officer {
    pub(super) vault: Arc<Vault>,
    pub(super) running: Running,
    pub(super) officer: String,
    pub(super) identity: Arc<Identity>,
    /// Clips whose thumbnails were opened since the PIN was entered; the journal has them.
    pub(super) previewed: Arc<Mutex<BTreeSet<String>>>,
    /// Others' items that a grant listed since then; the journal has them, too.
    pub(super) shown: Arc<Mutex<BTreeSet<String>>>,
    /// To the station, for look-ups.
    pub(super) connection: LookupConnection,
}

impl Officer {
    pub(super) fn new(
        vault: Arc<Vault>,
        running: Running,
        officer: &str,
        identity: Identity,
    ) -> Self {
        Self {
            vault,
            running,
            officer: officer.to_owned(),
            identity: Arc::new(identity),
            previewed: Arc::default(),
            shown: Arc::default(),
            connection: LookupConnection::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.officer
    }

    /// Begins a duty; what is recorded during it belongs to `case`.
    ///
    /// # Errors
    /// [`Error::DutyOpen`], [`Error::Locked`], storage errors.
    pub fn begin_duty(&self, case: &str) -> Result<DutyId> {
        let duty = id::fresh("duty")?;
        self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            if open_duty(tx, &self.officer)?.is_some() {
                return Err(Error::DutyOpen);
            }
            let now = clock::now(tx)?.time_ms;
            tx.execute(
                "INSERT INTO duty (duty, officer, case_no, began_ms) VALUES (?1, ?2, ?3, ?4)",
                (&duty, &self.officer, case, now),
            )?;
            self.journal(
                tx,
                Event::DutyBegan {
                    case: case.to_owned(),
                },
            )
        })?;
        Ok(DutyId(duty))
    }

    /// Ends the duty, and the modes that were switched on in it; gives its items, with the state
    /// of each.
    ///
    /// # Errors
    /// [`Error::NoDuty`], storage errors.
    pub fn end_duty(&self) -> Result<Vec<EvidenceItem>> {
        sheet::seal_all(&self.vault)?;
        let (items, asleep) = self.vault.write(|tx| {
            let duty = open_duty(tx, &self.officer)?.ok_or(Error::NoDuty)?;
            let mut items = evidence::list(tx, Some(&self.officer))?;
            items.retain(|item| item.duty == duty.id);
            let open = items.iter().filter(|item| !item.is_confirmed()).count();
            let unconfirmed = u32::try_from(open).unwrap_or(u32::MAX);
            // Journalled while the duty is still the officer's open one.
            let context = JournalContext::officer(tx, &self.officer)?;
            mode::end_with_duty(tx, &context, &duty.id)?;
            self.journal(tx, Event::DutyEnded { unconfirmed })?;
            let now = clock::now(tx)?.time_ms;
            tx.execute(
                "UPDATE duty SET ended_ms = ?2 WHERE duty = ?1",
                (&duty.id, now),
            )?;
            Ok((items, mode::active(tx)?.contains(&Mode::Sleep)))
        })?;
        // Sleep may be another officer's.
        self.running.sleep(asleep);
        Ok(items)
    }

    /// The items of the duty that is open.
    ///
    /// # Errors
    /// [`Error::NoDuty`], storage errors.
    pub fn duty_evidence(&self) -> Result<Vec<EvidenceItem>> {
        self.vault.read(|c| {
            let duty = open_duty(c, &self.officer)?.ok_or(Error::NoDuty)?;
            let mut items = self.listed(c)?;
            items.retain(|item| item.duty == duty.id);
            Ok(items)
        })
    }

    /// The officer's own items, as far as the access rules allow.
    ///
    /// # Errors
    /// Storage errors.
    pub fn evidence(&self) -> Result<Vec<EvidenceItem>> {
        self.vault.read(|c| self.listed(c))
    }

    fn listed(&self, connection: &Connection) -> Result<Vec<EvidenceItem>> {
        let asker = Asker::load(connection, &self.officer)?;
        let items = evidence::list(connection, Some(&self.officer))?;
        let mut listed = Vec::with_capacity(items.len());
        for item in items {
            let decision = asker.decide(connection, Action::EvidenceList, &item)?;
            if decision.is_allowed() {
                listed.push(item);
            }
        }
        Ok(listed)
    }

    /// Begins a recording, sealed to the agency's recipients and to this officer.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`]; [`Error::Full`], before there is a file; storage
    /// errors.
    pub fn start_recording(&self, spec: RecordingSpec) -> Result<Recording> {
        let camera = Camera::recording(self.owner(), spec)?;
        Ok(self.running.add(camera))
    }

    /// A camera that runs before the button is pressed: the policy's pre-event time is kept in
    /// memory, and [`Recording::begin`] records from there on. It needs no duty until then.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Asleep`], storage errors.
    pub fn standby(&self, spec: RecordingSpec) -> Result<Recording> {
        let policy = self.vault.read(|c| {
            state::refuse_if_locked(c)?;
            mode::refuse_if_asleep(c)?;
            state::policy(c)
        })?;
        self.running.sleep(false);
        let camera = Camera::standby(self.owner(), spec, &policy.recording);
        Ok(self.running.add(camera))
    }

    /// Marks a clip of the officer's own: marked clips leave first.
    ///
    /// # Errors
    /// [`Error::UnknownClip`], storage errors.
    pub fn mark(&self, clip: &str, label: &str) -> Result<()> {
        access::require(&self.vault, &self.officer, Action::EvidenceMark, &[clip])?;
        self.vault.write(|tx| {
            evidence::find(tx, &self.officer, clip)?;
            let (at_us, now): (i64, i64) = (
                tx.query_row(
                    "SELECT end_us FROM evidence WHERE clip = ?1",
                    [clip],
                    |row| row.get(0),
                )?,
                clock::now(tx)?.time_ms,
            );
            tx.execute(
                "UPDATE evidence SET marked = marked + 1, marked_ms = ?2 WHERE clip = ?1",
                (clip, now),
            )?;
            let event = Event::Mark {
                clip: clip.to_owned(),
                at_us,
                label: label.to_owned(),
            };
            self.journal(tx, event)
        })
    }

    /// Opens a clip, photo or note of the officer's own for viewing; of a clip, what was recorded
    /// in `range` and as much around it as decoding needs. What can be read is in the journal
    /// before this returns.
    ///
    /// The reader ends when the terminal is locked or wiped, and when the last clone of this
    /// officer is dropped.
    ///
    /// # Errors
    /// [`Error::UnknownClip`], also for another officer's and for one that was purged;
    /// [`Error::NotSealed`] while it is being recorded; [`Error::EmptyRange`];
    /// [`Error::Evidence`] where the file is not what was sealed; [`Error::Locked`]; storage
    /// errors.
    pub fn open_clip(&self, clip: &str, range: ClipRange) -> Result<ClipReader> {
        let action = Action::EvidencePlay;
        let allowed = access::require(&self.vault, &self.officer, action, &[clip])?.pop();
        let grant = allowed.and_then(|allowed| allowed.grant);
        let who = (self.officer.as_str(), &self.identity);
        play::open(&self.vault, who, clip, range, grant.as_deref())
    }

    pub(super) fn item(&self, clip: &str) -> Result<EvidenceItem> {
        self.vault.read(|c| evidence::find(c, &self.officer, clip))
    }

    fn owner(&self) -> Owner {
        Owner {
            vault: Arc::clone(&self.vault),
            officer: self.officer.clone(),
            recipient: self.identity.age().to_public().to_string(),
            asleep: self.running.asleep(),
        }
    }

    /// What every piece of evidence of this officer begins with.
    pub(super) fn start(&self) -> Result<Start> {
        self.owner().start()
    }

    /// Room for so many bytes of something that is sealed at once.
    ///
    /// # Errors
    /// [`Error::Full`], storage errors.
    pub(super) fn make_room(&self, start: &Start, bytes: usize) -> Result<()> {
        let origin = &start.origin;
        room::to_store(&self.vault, &origin.officer, &origin.duty, bytes as u64)
    }

    /// Whom this officer's evidence is sealed to: the agency, and the officer.
    pub(super) fn recipients(&self, connection: &Connection) -> Result<Vec<Recipient>> {
        let mut recipients = state::trust(connection)?
            .recipients
            .iter()
            .map(|recipient| recipient.parse().map_err(|_| Error::TrustInvalid))
            .collect::<Result<Vec<_>>>()?;
        recipients.push(self.recipient()?);
        Ok(recipients)
    }

    /// The officer as a recipient: the identity that the PIN opened, not what a row says. What is
    /// sealed now can be opened by this officer.
    pub(super) fn recipient(&self) -> Result<Recipient> {
        let own = self.identity.age().to_public().to_string();
        Ok(own.parse()?)
    }

    pub(super) fn journal(&self, tx: &Transaction<'_>, event: Event) -> Result<()> {
        let context = JournalContext::officer(tx, &self.officer)?;
        journal::append(tx, &context, event).map(drop)
    }
}
