//! Room to record: asked for before a file is begun and before every commit. What may go is
//! cleared first, where the policy says so; what is not confirmed never is.

use std::time::{Duration, Instant};

use custos_protocol::{journal::Event, policy::StoragePolicy};

use super::{
    retention, state,
    storage::{self, Forecast},
};
use crate::{
    Error, Result,
    journal::{self, JournalContext},
    vault::Vault,
};

/// A recording that begins should last so long at least.
const WORTH_BEGINNING_S: u64 = 5;

/// How fast the storage fills is asked so often at most: it takes reading what is kept of every
/// clip that is being recorded, and changes slowly.
const RATE_EVERY: Duration = Duration::from_secs(10);

/// What is cleared is cleared for so long ahead, not for each commit anew.
const CLEAR_AHEAD_S: u64 = 60;

/// Sees to it that there is room for a recording to begin.
///
/// # Errors
/// [`Error::Full`], which is journalled; storage errors.
pub(crate) fn to_record(vault: &Vault, officer: &str, duty: &str) -> Result<()> {
    let bytes = vault.read(storage::bytes_per_s)? * WORTH_BEGINNING_S;
    to_store(vault, officer, duty, bytes)
}

/// Sees to it that there is room for a file of so many bytes.
///
/// # Errors
/// [`Error::Full`], which is journalled; storage errors.
pub(crate) fn to_store(vault: &Vault, officer: &str, duty: &str, bytes: u64) -> Result<()> {
    let policy = vault.read(state::policy)?.storage;
    let needed = policy.reserve_bytes.saturating_add(bytes);
    let free_bytes = free_up(vault, &policy, needed, needed)?;
    if free_bytes >= needed {
        return Ok(());
    }
    vault.write(|tx| {
        let event = full(&storage::forecast(tx, free_bytes)?);
        let context = JournalContext::duty(tx, officer, duty)?;
        journal::append(tx, &context, event)
    })?;
    Err(Error::Full)
}

/// Bytes that are free, after clearing up to `wanted` where fewer than `needed` were.
fn free_up(vault: &Vault, policy: &StoragePolicy, needed: u64, wanted: u64) -> Result<u64> {
    let free_bytes = vault.free_bytes()?;
    if free_bytes >= needed || !policy.purge_when_full {
        return Ok(free_bytes);
    }
    // What cannot be cleared takes nothing from what is free.
    let _ = retention::make_room(vault, wanted);
    vault.free_bytes()
}

/// Watches the storage for one recording: each of the policy's levels is told once, until it has
/// recovered.
#[derive(Debug)]
pub(crate) struct Watch {
    policy: StoragePolicy,
    /// The lowest level that was told.
    told: Option<u32>,
    /// Bytes a second, and when that was found out.
    rate: Option<(u64, Instant)>,
}

/// What a commit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Enough,
    /// Enough, but a level was just reached.
    Low(Forecast),
    /// So many bytes may still be written; then the recording ends.
    Full {
        forecast: Forecast,
        bytes: u64,
    },
}

impl Watch {
    pub(crate) fn new(policy: StoragePolicy) -> Self {
        Self {
            policy,
            told: None,
            rate: None,
        }
    }

    /// Asks before so many bytes are written. A recording that has to end writes what waits with
    /// the first half of the reserve; the other half is for ending it, and for the journal and
    /// the database after that. Where asking fails there is room: a disk that is full after all
    /// says so when it is written to.
    pub(crate) fn before_commit(&mut self, vault: &Vault, bytes: u64) -> Room {
        self.ask(vault, bytes).unwrap_or(Room::Enough)
    }

    fn ask(&mut self, vault: &Vault, bytes: u64) -> Result<Room> {
        let reserve = self.policy.reserve_bytes;
        let rate = self.rate(vault)?;
        let needed = reserve.saturating_add(bytes);
        let ahead = needed.saturating_add(rate.saturating_mul(CLEAR_AHEAD_S));
        let free_bytes = free_up(vault, &self.policy, needed, ahead)?;
        if free_bytes < needed {
            let forecast = storage::reckon(&self.policy, free_bytes, 0, rate);
            let bytes = free_bytes.saturating_sub(reserve / 2);
            return Ok(Room::Full { forecast, bytes });
        }
        let free_bytes = free_bytes - bytes;
        let mut forecast = storage::reckon(&self.policy, free_bytes, 0, rate);
        if self.level(forecast.minutes_left).is_some() {
            // Only now what could be cleared, which takes longer to find out.
            let reclaimable = vault.read(retention::reclaimable).unwrap_or(0);
            forecast = storage::reckon(&self.policy, free_bytes, reclaimable, rate);
        }
        Ok(if self.reaches(forecast.minutes_left) {
            Room::Low(forecast)
        } else {
            Room::Enough
        })
    }

    fn rate(&mut self, vault: &Vault) -> Result<u64> {
        match self.rate {
            Some((rate, at)) if at.elapsed() < RATE_EVERY => Ok(rate),
            _ => {
                let rate = vault.read(storage::bytes_per_s)?;
                self.rate = Some((rate, Instant::now()));
                Ok(rate)
            }
        }
    }

    /// The lowest level at or above so many minutes.
    fn level(&self, minutes: u64) -> Option<u32> {
        let levels = self.policy.warn_minutes.iter().copied();
        levels.filter(|level| minutes <= u64::from(*level)).min()
    }

    /// Whether a level is reached that was not told yet. One that was told has recovered when it
    /// is exceeded by a tenth: the rate is never quite the same.
    fn reaches(&mut self, minutes: u64) -> bool {
        let level = self.level(minutes);
        if level.is_some_and(|level| self.told.is_none_or(|told| level < told)) {
            self.told = level;
            return true;
        }
        let recovered = self.level(minutes.saturating_sub(minutes / 11 + 1));
        if let Some(told) = self.told
            && recovered.is_none_or(|level| level > told)
        {
            self.told = recovered;
        }
        false
    }
}

/// The journal's entry for a level that was reached.
pub(crate) fn low(forecast: &Forecast) -> Event {
    storage_low("warning", forecast)
}

/// The journal's entry for the end of the room.
pub(crate) fn full(forecast: &Forecast) -> Event {
    storage_low("full", forecast)
}

fn storage_low(level: &str, forecast: &Forecast) -> Event {
    Event::StorageLow {
        level: level.to_owned(),
        free_bytes: forecast.free_bytes,
        minutes_left: forecast.minutes_left,
    }
}

#[cfg(test)]
mod tests;
