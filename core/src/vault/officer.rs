//! An officer's slot: the PIN (Argon2id, RFC 9106) *and* the key source open the officer's age
//! identity. On a shared terminal nobody opens another's evidence, whatever the software says.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use custos_protocol::{journal::Event, key::random, policy::Policy};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use zeroize::Zeroizing;

use super::{KeySource, Secret, Vault, keys};
use crate::{
    Error, Result, clock,
    journal::{self, JournalContext},
};

/// RFC 9106, section 4, second recommended option with one lane: 64 MiB, 3 passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
const SALT: usize = 16;

/// An opened slot. Dropping it forgets the identity.
pub(crate) struct Identity {
    identity: age::x25519::Identity,
}

impl Identity {
    pub(crate) fn age(&self) -> &age::x25519::Identity {
        &self.identity
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

struct Slot {
    salt: Vec<u8>,
    params: Params,
    wrapped: Vec<u8>,
    attempts: u32,
    wait: Option<(String, i64)>,
}

/// Makes the officer's slot and journals it. Whether the officer may have one is for the caller.
///
/// # Errors
/// [`Error::PinTooShort`], [`Error::OfficerExists`], storage and key source errors.
pub(crate) fn enrol(vault: &Vault, officer: &str, pin: &Secret, policy: &Policy) -> Result<()> {
    if pin.chars() < policy.pin_min_length as usize {
        return Err(Error::PinTooShort);
    }
    let mut secret = Zeroizing::new([0; 32]);
    random(secret.as_mut_slice())?;
    let recipient = keys::identity_of(&secret)?.to_public().to_string();
    let mut salt = [0; SALT];
    random(&mut salt)?;
    let params = params(MEMORY_KIB, PASSES, LANES)?;
    let inner = seal(&pin_key(pin, &salt, &params)?, officer, secret.as_slice())?;
    let wrapped = vault.key_source().wrap(&purpose(officer), &inner)?;
    vault.write(|tx| {
        let inserted = tx.execute(
            "INSERT INTO officer (officer, recipient, salt, memory_kib, passes, lanes, wrapped,
                                  enrolled_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            (
                officer,
                &recipient,
                salt,
                MEMORY_KIB,
                PASSES,
                LANES,
                wrapped,
                clock::now(tx)?.time_ms,
            ),
        )?;
        if inserted == 0 {
            return Err(Error::OfficerExists);
        }
        let event = Event::OfficerEnrolled {
            officer: officer.to_owned(),
            recipient: recipient.clone(),
        };
        journal::append(tx, &JournalContext::terminal(tx)?, event)?;
        Ok(())
    })
}

/// Opens the slot with the PIN. The attempt is counted durably before the PIN is looked at, so
/// cutting the power afterwards gains no attempt; success clears the count.
///
/// # Errors
/// [`Error::UnknownOfficer`], [`Error::WrongPin`], [`Error::TooManyAttempts`],
/// [`Error::WrongKey`], storage errors.
pub(crate) fn unlock(
    vault: &Vault,
    officer: &str,
    pin: &Secret,
    policy: &Policy,
) -> Result<Identity> {
    let slot = match vault.write(|tx| count_attempt(tx, officer, policy))? {
        Counted::Attempt(slot) => slot,
        Counted::Wait(retry_after_ms) => return Err(Error::TooManyAttempts { retry_after_ms }),
    };
    let attempts = slot.attempts;
    let opened = open(vault.key_source(), officer, pin, slot);
    vault.write(|tx| match &opened {
        Ok(_) => {
            tx.execute(
                "UPDATE officer SET attempts = 0, wait_boot = NULL, wait_boot_ms = NULL
                 WHERE officer = ?1",
                [officer],
            )?;
            let context = JournalContext::officer(tx, officer)?;
            journal::append(tx, &context, Event::Unlocked {}).map(drop)
        }
        Err(Error::WrongPin { .. }) => {
            let locked_out = lockout_ms(attempts, policy).is_some();
            refused(
                tx,
                officer,
                if locked_out {
                    "locked-out"
                } else {
                    "wrong-pin"
                },
            )
        }
        // Not the officer's fault; the attempt stays counted, as nobody can tell.
        Err(_) => Ok(()),
    })?;
    match opened {
        Err(Error::WrongPin { .. }) => Err(match lockout_ms(attempts, policy) {
            Some(retry_after_ms) => Error::TooManyAttempts { retry_after_ms },
            None => Error::WrongPin {
                remaining: policy.pin_attempts - attempts % policy.pin_attempts,
            },
        }),
        other => other,
    }
}

/// Journals that nobody was let in.
///
/// # Errors
/// Storage errors.
pub(crate) fn refused(tx: &Transaction<'_>, officer: &str, reason: &str) -> Result<()> {
    let event = Event::UnlockRefused {
        officer: officer.to_owned(),
        reason: reason.to_owned(),
    };
    journal::append(tx, &JournalContext::terminal(tx)?, event).map(drop)
}

/// The officer's age recipient.
///
/// # Errors
/// [`Error::UnknownOfficer`], storage errors.
pub(crate) fn recipient(connection: &Connection, officer: &str) -> Result<String> {
    connection
        .query_row(
            "SELECT recipient FROM officer WHERE officer = ?1",
            [officer],
            |row| row.get(0),
        )
        .optional()?
        .ok_or(Error::UnknownOfficer)
}

/// Who has a slot, by name.
///
/// # Errors
/// Storage errors.
pub(crate) fn names(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT officer FROM officer ORDER BY officer")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How long the next attempt has to wait after `attempts` wrong ones: after every full round of
/// the policy's number, twice as long as after the round before, at most 30 days.
fn lockout_ms(attempts: u32, policy: &Policy) -> Option<i64> {
    const LONGEST: i64 = 30 * 86_400_000;
    if attempts == 0 || !attempts.is_multiple_of(policy.pin_attempts) {
        return None;
    }
    let round = attempts / policy.pin_attempts - 1;
    let first = i64::from(policy.pin_lockout_s) * 1_000;
    Some(first.saturating_mul(1 << round.min(30)).min(LONGEST))
}

/// What became of an attempt.
enum Counted {
    /// It counts, durably; now the PIN may be looked at.
    Attempt(Slot),
    /// It comes too early by so many milliseconds.
    Wait(i64),
}

fn count_attempt(tx: &Transaction<'_>, officer: &str, policy: &Policy) -> Result<Counted> {
    let mut slot = load(tx, officer)?;
    let boot = clock::boot();
    if let Some(wait_ms) = lockout_ms(slot.attempts, policy) {
        // The machine's own uptime measures the wait: setting the clock forward is no way in.
        // If it restarted, how much has passed is unknown, and the wait begins again.
        let left_ms = match &slot.wait {
            Some((id, from_ms)) if *id == boot.id => wait_ms - (boot.ms - from_ms),
            _ => {
                start_wait(tx, officer, &boot)?;
                wait_ms
            }
        };
        if left_ms > 0 {
            return Ok(Counted::Wait(left_ms));
        }
    }
    slot.attempts = slot.attempts.saturating_add(1);
    tx.execute(
        "UPDATE officer SET attempts = ?2 WHERE officer = ?1",
        (officer, slot.attempts),
    )?;
    if lockout_ms(slot.attempts, policy).is_some() {
        // Should this be the wrong PIN that fills the round, the wait already counts.
        start_wait(tx, officer, &boot)?;
    }
    Ok(Counted::Attempt(slot))
}

fn start_wait(tx: &Transaction<'_>, officer: &str, boot: &clock::Boot) -> Result<()> {
    tx.execute(
        "UPDATE officer SET wait_boot = ?2, wait_boot_ms = ?3 WHERE officer = ?1",
        (officer, &boot.id, boot.ms),
    )?;
    Ok(())
}

fn load(connection: &Connection, officer: &str) -> Result<Slot> {
    let row = connection
        .query_row(
            "SELECT salt, memory_kib, passes, lanes, wrapped, attempts, wait_boot, wait_boot_ms
             FROM officer WHERE officer = ?1",
            [officer],
            |row| {
                let costs: (u32, u32, u32) = (row.get(1)?, row.get(2)?, row.get(3)?);
                let wait: Option<String> = row.get(6)?;
                let wait = wait.zip(row.get::<_, Option<i64>>(7)?);
                Ok((row.get(0)?, costs, row.get(4)?, row.get(5)?, wait))
            },
        )
        .optional()?;
    let (salt, (memory, passes, lanes), wrapped, attempts, wait) =
        row.ok_or(Error::UnknownOfficer)?;
    Ok(Slot {
        salt,
        params: params(memory, passes, lanes)?,
        wrapped,
        attempts,
        wait,
    })
}

fn open(source: &dyn KeySource, officer: &str, pin: &Secret, slot: Slot) -> Result<Identity> {
    // The key source first: without it there is nothing to try PINs against.
    let mut inner = source.unwrap(&purpose(officer), &slot.wrapped)?;
    let key = pin_key(pin, &slot.salt, &slot.params)?;
    let (nonce, sealed) = inner.split_first_chunk_mut::<12>().ok_or(Error::Damaged)?;
    let secret = key
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(officer.as_bytes()),
            sealed,
        )
        .map_err(|_| Error::WrongPin { remaining: 0 })?;
    let secret: &[u8; 32] = (&*secret).try_into().map_err(|_| Error::Damaged)?;
    Ok(Identity {
        identity: keys::identity_of(secret)?,
    })
}

fn seal(key: &LessSafeKey, officer: &str, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let mut nonce = [0; 12];
    random(&mut nonce)?;
    let mut sealed = Zeroizing::new(secret.to_vec());
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(officer.as_bytes()),
        &mut *sealed,
    )
    .map_err(|_| Error::Internal("sealing 32 bytes succeeds"))?;
    Ok(Zeroizing::new([nonce.as_slice(), &sealed].concat()))
}

fn pin_key(pin: &Secret, salt: &[u8], params: &Params) -> Result<LessSafeKey> {
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into(pin.expose(), salt, key.as_mut_slice())
        .map_err(|_| Error::Damaged)?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice())
        .map_err(|_| Error::Internal("32 bytes are a key"))?;
    Ok(LessSafeKey::new(key))
}

fn params(memory_kib: u32, passes: u32, lanes: u32) -> Result<Params> {
    Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| Error::Damaged)
}

fn purpose(officer: &str) -> String {
    format!("custos officer {officer}")
}

#[cfg(test)]
mod tests;
