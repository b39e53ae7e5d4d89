//! Trusted time: what the station signed, carried on by a clock that nobody can set.
//!
//! The station's cosignature of a checkpoint holds its time. The vault keeps that time together
//! with the reading of this boot's monotonic clock (which counts through sleep); later times of
//! the same boot are the sum. After a restart the offset is lost and the device's own clock
//! carries on, which every journal entry says ([`ClockTrust`]).

use std::time::{SystemTime, UNIX_EPOCH};

use custos_protocol::journal::ClockTrust;
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::Result;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Unix milliseconds UTC.
    pub time_ms: i64,
    pub trust: ClockTrust,
    /// The latest time that is known to have passed: what the station signed last. A clock that
    /// was set back shows less.
    pub floor_ms: i64,
}

impl Now {
    /// For expiry: a clock set back must not make an old order new.
    pub(crate) fn at_least_ms(&self) -> i64 {
        self.time_ms.max(self.floor_ms)
    }
}

/// A monotonic clock that counts from the machine's start and through its sleep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Boot {
    /// Which start of the machine.
    pub(crate) id: String,
    pub(crate) ms: i64,
}

/// The device's own clock, unix milliseconds. Anybody with the device may have set it.
pub fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

pub(crate) fn boot() -> Boot {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(clock);
    let ms = time.tv_sec * 1_000 + time.tv_nsec / 1_000_000;
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        // Where the system hides it: the minute it started. Setting the clock then looks like a
        // restart, which costs trust and gains nothing.
        .unwrap_or_else(|_| format!("started-{}", (wall_ms() - ms).div_euclid(60_000)));
    Boot { id, ms }
}

/// What time it is, as far as the vault knows.
///
/// # Errors
/// Storage errors.
pub(crate) fn now(connection: &Connection) -> Result<Now> {
    let anchor: Option<(Option<i64>, Option<String>, Option<i64>)> = connection
        .query_row(
            "SELECT clock_station_ms, clock_boot, clock_boot_ms FROM terminal",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    Ok(match anchor {
        Some((Some(station_ms), Some(id), Some(boot_ms))) => {
            at(station_ms, &Boot { id, ms: boot_ms }, &boot(), wall_ms())
        }
        _ => Now {
            time_ms: wall_ms(),
            trust: ClockTrust::None,
            floor_ms: i64::MIN,
        },
    })
}

fn at(station_ms: i64, then: &Boot, boot: &Boot, wall_ms: i64) -> Now {
    if then.id == boot.id && boot.ms >= then.ms {
        let time_ms = station_ms.saturating_add(boot.ms - then.ms);
        Now {
            time_ms,
            trust: ClockTrust::Station,
            floor_ms: time_ms,
        }
    } else {
        Now {
            time_ms: wall_ms,
            trust: ClockTrust::Carried,
            floor_ms: station_ms,
        }
    }
}

/// Takes over a time that the station signed. One earlier than what is known to have passed is
/// an old answer and changes nothing.
///
/// # Errors
/// Storage errors.
pub(crate) fn station_said(tx: &Transaction<'_>, station_ms: i64) -> Result<()> {
    let known = now(tx)?;
    // The cosignature has whole seconds and took a moment to arrive.
    if known.trust == ClockTrust::Station && station_ms <= known.time_ms {
        return Ok(());
    }
    if station_ms < known.floor_ms {
        return Ok(());
    }
    let boot = boot();
    tx.execute(
        "UPDATE terminal SET clock_station_ms = ?1, clock_boot = ?2, clock_boot_ms = ?3",
        (within_second(station_ms, wall_ms()), boot.id, boot.ms),
    )?;
    Ok(())
}

/// Remembers what the clock shows, as somebody unlocks: if it shows less later, it was set back.
/// The station's time heals what a wrong clock has shown.
///
/// # Errors
/// Storage errors.
pub(crate) fn seen(tx: &Transaction<'_>) -> Result<()> {
    let now = now(tx)?;
    let sql = match now.trust {
        ClockTrust::None => return Ok(()),
        ClockTrust::Station => {
            "INSERT INTO clock_seen (id, seen_ms) VALUES (1, ?1)
             ON CONFLICT DO UPDATE SET seen_ms = excluded.seen_ms"
        }
        ClockTrust::Carried => {
            "INSERT INTO clock_seen (id, seen_ms) VALUES (1, ?1)
             ON CONFLICT DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)"
        }
    };
    tx.execute(sql, [now.time_ms])?;
    Ok(())
}

/// Whether the clock, carried on by the device, shows less than it has shown, or than the station
/// has said.
///
/// # Errors
/// Storage errors.
pub(crate) fn was_set_back(connection: &Connection, now: &Now) -> Result<bool> {
    if now.trust != ClockTrust::Carried {
        return Ok(false);
    }
    let seen: Option<i64> = connection
        .prepare_cached("SELECT seen_ms FROM clock_seen")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(now.time_ms < now.floor_ms || seen.is_some_and(|seen| now.time_ms < seen))
}

/// What the device's own clock shows, as far as it agrees with the second that was signed: that
/// much a wrong clock gains. Without it trusted time would run up to a second behind the
/// station's receipts, which have milliseconds.
fn within_second(station_ms: i64, wall_ms: i64) -> i64 {
    wall_ms.clamp(station_ms, station_ms.saturating_add(999))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot_at(id: &str, ms: i64) -> Boot {
        Boot {
            id: id.to_owned(),
            ms,
        }
    }

    #[test]
    fn within_a_boot_the_wall_clock_does_not_matter() {
        let now = at(1_000_000, &boot_at("a", 50), &boot_at("a", 60_050), 7);
        assert_eq!((now.time_ms, now.trust), (1_060_000, ClockTrust::Station));
    }

    #[test]
    fn after_a_restart_the_device_carries_on_above_a_floor() {
        let now = at(1_000_000, &boot_at("a", 50), &boot_at("b", 10), 7);
        assert_eq!((now.time_ms, now.trust), (7, ClockTrust::Carried));
        assert_eq!(now.at_least_ms(), 1_000_000);
    }

    #[test]
    fn a_clock_that_agrees_tells_the_milliseconds() {
        assert_eq!(within_second(5_000, 5_432), 5_432);
        assert_eq!(within_second(5_000, 1), 5_000);
        assert_eq!(within_second(5_000, i64::MAX), 5_999);
    }

    #[test]
    fn the_monotonic_clock_runs() {
        let first = boot();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = boot();
        assert_eq!(first.id, second.id);
        assert!(second.ms > first.ms);
    }
}
