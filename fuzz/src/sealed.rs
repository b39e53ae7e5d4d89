//! Evidence files and who can open them: the agency of the tests, one officer, and the reader of
//! C2SP's test vectors.

use std::{io::Read as _, sync::LazyLock};

use age::{Decryptor, Identity, x25519};
use custos_core::record::seal::{Begun, Recipient, begin};

static IDENTITIES: LazyLock<[x25519::Identity; 3]> = LazyLock::new(|| {
    [
        include_str!("../../protocol/testdata/sample/agency.key"),
        // An officer of nobody's.
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
        "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0",
    ]
    .map(|text| {
        let line = text.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
        line.and_then(|l| l.parse().ok()).expect("an age identity")
    })
});

/// How many can open.
pub const READERS: usize = 3;

/// All of them, as recipients: the agency first.
pub fn recipients() -> Vec<Recipient> {
    let public = |identity: &x25519::Identity| identity.to_public().to_string();
    IDENTITIES
        .iter()
        .map(|identity| public(identity).parse().expect("an age recipient"))
        .collect()
}

/// Who opens as that recipient.
pub fn identity(recipient: usize) -> &'static dyn Identity {
    &IDENTITIES[recipient]
}

/// What the `age` crate makes of a file, with the identity of that recipient.
///
/// # Errors
/// In words, why it does not open.
pub fn open(file: &[u8], recipient: usize) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    // Unbuffered, it takes a time that grows with the square of a line's length.
    Decryptor::new_buffered(file)
        .and_then(|decryptor| decryptor.decrypt(std::iter::once(identity(recipient))))
        .map_err(|error| error.to_string())?
        .read_to_end(&mut plain)
        .map_err(|error| error.to_string())?;
    Ok(plain)
}

/// Seals for all.
pub fn seal(plain: &[u8]) -> Vec<u8> {
    let Begun {
        header: mut file,
        mut sealer,
        ..
    } = begin(&recipients()).expect("recipients");
    sealer.push(plain, &mut file).expect("memory takes all");
    sealer
        .close()
        .complete(&mut file)
        .expect("memory takes all");
    file
}
