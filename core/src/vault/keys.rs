//! The key hierarchy: a random master key, wrapped by the key source, from which everything else
//! of the terminal's own is derived (HKDF-SHA256, RFC 5869).

use std::{fmt, fs, io::ErrorKind};

use custos_protocol::key::{SigningKey, random};
use ring::hkdf;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Folder, KeySource, folder};
use crate::{Error, Result};

const MAGIC: &[u8] = b"custos-master/1\n";
const PURPOSE: &str = "custos master key";
const SALT: &[u8] = b"custos terminal keys v1";

/// The terminal's master key. Erased when dropped, never printed.
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A fresh random key.
    pub(crate) fn make() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    #[cfg(test)]
    pub(crate) fn of(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the wrapped key of a terminal's folder.
    ///
    /// # Errors
    /// [`Error::Wiped`], [`Error::NotProvisioned`], [`Error::WrongKey`], [`Error::Damaged`].
    pub(crate) fn load(folder: &Folder, source: &dyn KeySource) -> Result<Self> {
        let file = match fs::read(folder.master()) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(if folder.wiped().try_exists()? {
                    Error::Wiped
                } else {
                    Error::NotProvisioned
                });
            }
            Err(error) => return Err(error.into()),
        };
        let wrapped = file.strip_prefix(MAGIC).ok_or(Error::Damaged)?;
        let plain = source.unwrap(PURPOSE, wrapped)?;
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(|_| Error::Damaged)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Wraps and stores the key: the moment from which the folder holds a terminal.
    pub(crate) fn store(&self, folder: &Folder, source: &dyn KeySource) -> Result<()> {
        let wrapped = source.wrap(PURPOSE, self.0.as_slice())?;
        folder::write_private(&folder.master(), &[MAGIC, &wrapped].concat())
    }

    /// The raw key and the salt of the database (SQLCipher raw key form: 32 + 16 bytes). The salt
    /// is derived too, so that a database of another terminal can be told from a damaged one.
    pub(crate) fn derive_database_key(&self) -> DatabaseKey {
        DatabaseKey {
            key: self.derive(b"database key"),
            salt: self.derive(b"database salt"),
        }
    }

    /// The Ed25519 key that signs this terminal's journal.
    pub(crate) fn derive_journal_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.derive(b"journal seed"))
    }

    /// The terminal's own age identity: opens what is sealed to the terminal, not to an officer.
    pub(crate) fn derive_identity(&self) -> Result<age::x25519::Identity> {
        identity_of(&self.derive(b"age identity"))
    }

    fn derive<const N: usize>(&self, label: &[u8]) -> Zeroizing<[u8; N]> {
        struct Length(usize);
        impl hkdf::KeyType for Length {
            fn len(&self) -> usize {
                self.0
            }
        }
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        let mut out = Zeroizing::new([0; N]);
        salt.extract(self.0.as_slice())
            .expand(&[label], Length(N))
            .and_then(|okm| okm.fill(out.as_mut_slice()))
            .expect("HKDF gives up to 255 hash lengths");
        out
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Key and salt of the database.
pub(crate) struct DatabaseKey {
    key: Zeroizing<[u8; 32]>,
    salt: Zeroizing<[u8; 16]>,
}

impl DatabaseKey {
    pub(crate) fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    /// The value of `PRAGMA key` in raw form, `x'<64 hex digits of key><32 of salt>'`.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 + 96 + 1));
        text.push_str("x'");
        for byte in self.key.iter().chain(self.salt.iter()) {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        text.push('\'');
        text
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(..)")
    }
}

/// The age identity whose X25519 scalar is `secret` (C2SP age.md, native X25519).
pub(crate) fn identity_of(secret: &[u8; 32]) -> Result<age::x25519::Identity> {
    let hrp = bech32::Hrp::parse_unchecked("age-secret-key-");
    let mut text = bech32::encode_upper::<bech32::Bech32>(hrp, secret)
        .map_err(|_| Error::Internal("an X25519 secret has a bech32 form"))?;
    let identity = text
        .parse()
        .map_err(|_| Error::Internal("an age identity parses"));
    text.zeroize();
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_is_deterministic_and_separate() {
        let a = MasterKey(Zeroizing::new([7; 32]));
        let b = MasterKey(Zeroizing::new([8; 32]));
        assert_eq!(
            *a.derive_database_key().pragma(),
            *a.derive_database_key().pragma()
        );
        assert_ne!(
            *a.derive_database_key().pragma(),
            *b.derive_database_key().pragma()
        );
        assert_eq!(a.derive_database_key().pragma().len(), 2 + 64 + 32 + 1);
        assert_ne!(a.derive_journal_key().seed(), b.derive_journal_key().seed());
        let recipient = a.derive_identity().unwrap().to_public().to_string();
        assert!(recipient.starts_with("age1"));
        assert_eq!(
            recipient,
            a.derive_identity().unwrap().to_public().to_string()
        );
        assert_eq!(
            format!("{a:?} {:?}", a.derive_database_key()),
            "MasterKey(..) DatabaseKey(..)"
        );
    }
}
