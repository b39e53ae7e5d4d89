use std::sync::Arc;

use super::*;
use crate::vault::{SoftwareKeySource, testing::TestVault};

fn policy() -> Policy {
    Policy {
        pin_attempts: 3,
        pin_lockout_s: 60,
        ..Policy::initial(0)
    }
}

fn attempts(vault: &Vault) -> u32 {
    vault
        .read(|c| Ok(c.query_row("SELECT attempts FROM officer", [], |row| row.get(0))?))
        .unwrap()
}

fn kinds(vault: &Vault) -> Vec<String> {
    vault
        .read(|c| journal::entries(c, 0, 100, usize::MAX))
        .unwrap()
        .iter()
        .map(|raw| custos_protocol::journal::Entry::from_raw(raw).unwrap().kind)
        .collect()
}

#[test]
fn the_pin_opens_the_identity_of_the_recipient() {
    let test = TestVault::new();
    enrol(&test.vault, "wang", &"482913".into(), &policy()).unwrap();
    let identity = unlock(&test.vault, "wang", &"482913".into(), &policy()).unwrap();
    let recipient = test.vault.read(|c| recipient(c, "wang")).unwrap();
    assert_eq!(identity.age().to_public().to_string(), recipient);
    assert_eq!(attempts(&test.vault), 0);
    assert_eq!(
        enrol(&test.vault, "wang", &"482913".into(), &policy()),
        Err(Error::OfficerExists)
    );
    assert_eq!(
        enrol(&test.vault, "li", &"12345".into(), &policy()),
        Err(Error::PinTooShort)
    );
    assert_eq!(
        unlock(&test.vault, "li", &"482913".into(), &policy()).unwrap_err(),
        Error::UnknownOfficer
    );
    assert_eq!(kinds(&test.vault), ["officer-enrolled", "unlocked"]);
}

#[test]
fn wrong_pins_count_and_lock_out_and_the_wait_doubles() {
    let test = TestVault::new();
    let (policy, right, wrong) = (policy(), Secret::new("482913"), Secret::new("000000"));
    enrol(&test.vault, "wang", &right, &policy).unwrap();
    let attempt = |pin| unlock(&test.vault, "wang", pin, &policy).map(drop);
    assert_eq!(attempt(&wrong), Err(Error::WrongPin { remaining: 2 }));
    assert_eq!(attempt(&wrong), Err(Error::WrongPin { remaining: 1 }));
    assert_eq!(
        attempt(&wrong),
        Err(Error::TooManyAttempts {
            retry_after_ms: 60_000
        })
    );
    // While it lasts not even the right PIN is looked at, and attempts are not counted.
    assert!(matches!(
        attempt(&right),
        Err(Error::TooManyAttempts {
            retry_after_ms: ..=60_000
        })
    ));
    assert_eq!(attempts(&test.vault), 3);
    let expected = [
        "officer-enrolled",
        "unlock-refused",
        "unlock-refused",
        "unlock-refused",
    ];
    assert_eq!(kinds(&test.vault), expected);

    // The minute passes.
    let pass = |ms: i64| {
        let sql = "UPDATE officer SET wait_boot_ms = wait_boot_ms - ?1";
        test.vault.write(|tx| Ok(tx.execute(sql, [ms])?)).unwrap();
    };
    pass(60_000);
    assert_eq!(attempt(&wrong), Err(Error::WrongPin { remaining: 2 }));
    assert_eq!(attempt(&wrong), Err(Error::WrongPin { remaining: 1 }));
    assert_eq!(
        attempt(&wrong),
        Err(Error::TooManyAttempts {
            retry_after_ms: 120_000
        })
    );

    // A restart of the machine does not shorten the wait: it begins again.
    pass(119_000);
    let sql = "UPDATE officer SET wait_boot = 'another boot'";
    test.vault.write(|tx| Ok(tx.execute(sql, [])?)).unwrap();
    assert_eq!(
        attempt(&right),
        Err(Error::TooManyAttempts {
            retry_after_ms: 120_000
        })
    );
    pass(120_000);
    assert_eq!(attempt(&right), Ok(()));
    assert_eq!(attempts(&test.vault), 0);
}

/// A thief who cuts the power while the PIN is being checked gains no attempt.
#[test]
fn an_attempt_counts_before_it_is_checked() {
    let test = TestVault::new();
    let policy = policy();
    enrol(&test.vault, "wang", &"482913".into(), &policy).unwrap();
    for expected in 1..=3 {
        // The process ends here, before the PIN is looked at.
        let counted = test
            .vault
            .write(|tx| count_attempt(tx, "wang", &policy))
            .unwrap();
        assert!(matches!(counted, Counted::Attempt(_)));
        assert_eq!(attempts(&test.vault), expected);
    }
    assert!(matches!(
        unlock(&test.vault, "wang", &"482913".into(), &policy),
        Err(Error::TooManyAttempts { .. })
    ));
}

/// The PIN alone opens nothing: without the key source the slot is noise.
#[test]
fn the_slot_needs_the_key_source() {
    let test = TestVault::new();
    enrol(&test.vault, "wang", &"482913".into(), &policy()).unwrap();
    let slot = || test.vault.read(|c| load(c, "wang")).unwrap();
    let other = Arc::new(SoftwareKeySource::at(test.dir.path().join("other")));
    other.create().unwrap();
    assert_eq!(
        open(other.as_ref(), "wang", &"482913".into(), slot()).unwrap_err(),
        Error::WrongKey
    );
    // Nor does one officer's slot open under another's name.
    assert!(open(test.vault.key_source(), "li", &"482913".into(), slot()).is_err());
    assert!(open(test.vault.key_source(), "wang", &"482913".into(), slot()).is_ok());
}
