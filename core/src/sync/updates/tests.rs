use custos_protocol::{key::SigningKey, note::Signer, statement, trust::TrustSet};

use super::*;
use crate::testing::Agency;

fn versions(agency: &Agency) -> (u64, u64) {
    let device = agency.vault().read(Device::load).unwrap();
    (device.trust_version, device.policy_version)
}

fn trust(agency: &Agency, next: &TrustSet, signers: &[&Signer]) -> Result<()> {
    let note = statement::sign(next, signers).unwrap().to_string();
    agency.vault().write(|tx| take_trust(tx, &note))
}

fn next(agency: &Agency) -> TrustSet {
    TrustSet {
        version: 2,
        ..agency.trust.clone()
    }
}

#[test]
fn the_next_version_signed_by_the_roots_is_taken() {
    let agency = Agency::new();
    trust(&agency, &next(&agency), &[&agency.root]).unwrap();
    assert_eq!(versions(&agency), (2, 1));
    assert_eq!(agency.vault().read(state::trust).unwrap().version, 2);
    assert_eq!(agency.kinds(), ["trust-updated"]);
}

#[test]
fn any_other_version_or_signer_is_refused() {
    let agency = Agency::new();
    let stranger = Signer::new("custos.test/root", SigningKey::from_seed(&[5; 32])).unwrap();
    for version in [0, 1, 3, u64::MAX] {
        let other = TrustSet {
            version,
            ..next(&agency)
        };
        assert_eq!(
            trust(&agency, &other, &[&agency.root]),
            Err(Error::TrustInvalid)
        );
    }
    let mut theirs = next(&agency);
    theirs.roots.keys = vec![stranger.verifier()];
    // New roots that the old ones did not sign for.
    assert_eq!(
        trust(&agency, &theirs, &[&stranger]),
        Err(Error::TrustInvalid)
    );
    assert_eq!(
        trust(&agency, &next(&agency), &[&stranger]),
        Err(Error::TrustInvalid)
    );
    let abroad = TrustSet {
        agency: "elsewhere".into(),
        ..next(&agency)
    };
    assert_eq!(
        trust(&agency, &abroad, &[&agency.root]),
        Err(Error::TrustInvalid)
    );
    assert_eq!(versions(&agency), (1, 1));
    assert!(agency.kinds().is_empty());
}

#[test]
fn a_policy_goes_forward_only_and_stands_under_the_policy_key() {
    let agency = Agency::new();
    let take = |version, signer: &Signer| {
        let policy = Policy {
            version,
            ..Policy::initial(0)
        };
        let note = statement::sign(&policy, &[signer]).unwrap().to_string();
        agency.vault().write(|tx| take_policy(tx, &note))
    };
    assert_eq!(take(1, &agency.policy), Err(Error::PolicyInvalid));
    assert_eq!(take(4, &agency.root), Err(Error::PolicyInvalid));
    assert_eq!(take(4, &agency.policy), Ok(()));
    assert_eq!(take(3, &agency.policy), Err(Error::PolicyInvalid));
    assert_eq!(versions(&agency), (1, 4));
    let open_door = Policy {
        version: 5,
        pin_attempts: 1_000,
        ..Policy::initial(0)
    };
    let note = statement::sign(&open_door, &[&agency.policy])
        .unwrap()
        .to_string();
    assert_eq!(
        agency.vault().write(|tx| take_policy(tx, &note)),
        Err(Error::PolicyInvalid)
    );
}
