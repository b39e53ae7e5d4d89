//! The charge of the battery, as the shell reports it.

use custos_protocol::journal::Event;

use super::state;
use crate::{
    Result,
    journal::{self, JournalContext},
    vault::Vault,
};

/// So far above the level the charge has to rise before falling to it counts again: it flickers
/// around any value.
const RECOVERED: u32 = 5;

/// Takes the charge; journals the crossing of the policy's level. Gives whether it was crossed
/// just now.
///
/// # Errors
/// Storage errors.
pub(crate) fn charge_is(vault: &Vault, percent: u32) -> Result<bool> {
    let (level, was_low) = vault.read(|c| {
        let was_low = c.query_row("SELECT battery_low FROM terminal", [], |row| row.get(0))?;
        Ok((state::policy(c)?.storage.low_battery_percent, was_low))
    })?;
    let low = if was_low {
        percent < level.saturating_add(RECOVERED)
    } else {
        percent <= level
    };
    // No level: never low.
    let low = low && level > 0;
    if low == was_low {
        return Ok(false);
    }
    vault.write(|tx| {
        let sql = "UPDATE terminal SET battery_low = ?1 WHERE battery_low <> ?1";
        if tx.execute(sql, [low])? == 0 {
            return Ok(false);
        }
        if low {
            let event = Event::BatteryLow { percent };
            journal::append(tx, &JournalContext::terminal(tx)?, event)?;
        }
        Ok(low)
    })
}
