//! Where the key-encryption key (KEK) lives: a place that uses it and never hands it out.

use std::{
    fmt, fs,
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use custos_protocol::key::random;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::folder::{create_private_dir, parent, remove_file, sync_dir, write_private};
use crate::{Error, Result};

/// A key-encryption key that can be used but not read: Android Keystore or StrongBox on a
/// terminal, [`SoftwareKeySource`] on a desktop.
///
/// `purpose` is authenticated with the wrapped bytes (as AAD): what was wrapped for one purpose
/// does not unwrap for another.
pub trait KeySource: Send + Sync + fmt::Debug {
    /// In words, for status and journal: what protects the key.
    fn describe(&self) -> String;

    /// Makes a fresh key in place of any former one. Only provisioning calls it, when nothing is
    /// left that the former one could open.
    ///
    /// # Errors
    /// [`Error::KeySource`] or a storage error.
    fn create(&self) -> Result<()>;

    /// Encrypts and authenticates `plaintext`.
    ///
    /// # Errors
    /// [`Error::KeySource`] or a storage error.
    fn wrap(&self, purpose: &str, plaintext: &[u8]) -> Result<Vec<u8>>;

    /// The plaintext of what [`wrap`](Self::wrap) made with this key and this purpose.
    ///
    /// # Errors
    /// [`Error::WrongKey`] when it was another key or there is none, [`Error::Damaged`] when the
    /// source can tell that the key is right and the bytes are not.
    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>>;

    /// Destroys the key. Without one it does nothing and succeeds.
    ///
    /// # Errors
    /// [`Error::KeySource`] or a storage error: the key may still exist.
    fn destroy(&self) -> Result<()>;

    /// Whether there is a key.
    ///
    /// # Errors
    /// [`Error::KeySource`] or a storage error.
    fn is_present(&self) -> Result<bool>;
}

const MAGIC: &[u8] = b"custos-software-kek/1\n";
const KEY: usize = 32;
const ID: usize = 8;
const NONCE: usize = 12;

/// A key in a file with mode 0600. It protects against a thief who takes the vault without this
/// file and against nobody who can read the file; it says so in [`KeySource::describe`].
///
/// Wrapped form: 8 bytes of the key's SHA-256-derived id, 12 bytes nonce, ChaCha20-Poly1305
/// ciphertext and tag (RFC 8439).
pub struct SoftwareKeySource {
    path: PathBuf,
}

impl SoftwareKeySource {
    /// The key at `path`, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The key at its usual place in a terminal's folder, `keys/kek`.
    pub fn in_folder(dir: &Path) -> Self {
        Self::at(super::Folder::at(dir).keys().join("kek"))
    }

    fn load(&self) -> Result<Zeroizing<Vec<u8>>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::WrongKey),
            Err(error) => return Err(error.into()),
        };
        match bytes.strip_prefix(MAGIC) {
            Some(key) if key.len() == KEY => Ok(Zeroizing::new(key.to_vec())),
            _ => Err(Error::Damaged),
        }
    }
}

fn cipher(key: &[u8]) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| Error::KeySource)?;
    Ok(LessSafeKey::new(key))
}

fn id(key: &[u8]) -> [u8; ID] {
    let hash = custos_protocol::hash::Hash::of_parts(&[b"custos software kek id\0", key]);
    let mut id = [0; ID];
    id.copy_from_slice(&hash.as_bytes()[..ID]);
    id
}

impl KeySource for SoftwareKeySource {
    fn describe(&self) -> String {
        "software: a key file on this machine's disk, no hardware protects it".to_owned()
    }

    fn create(&self) -> Result<()> {
        create_private_dir(parent(&self.path))?;
        let mut file = Zeroizing::new(MAGIC.to_vec());
        file.resize(MAGIC.len() + KEY, 0);
        random(&mut file[MAGIC.len()..])?;
        write_private(&self.path, &file)
    }

    fn wrap(&self, purpose: &str, plaintext: &[u8]) -> Result<Vec<u8>> {
        let key = self.load()?;
        let mut nonce = [0; NONCE];
        random(&mut nonce)?;
        let mut sealed = plaintext.to_vec();
        cipher(&key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::KeySource)?;
        Ok([id(&key).as_slice(), &nonce, &sealed].concat())
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.load()?;
        let (wrapped_id, rest) = wrapped.split_at_checked(ID).ok_or(Error::Damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Error::Damaged)?;
        if wrapped_id != id(&key) {
            return Err(Error::WrongKey);
        }
        let mut plain = Zeroizing::new(sealed.to_vec());
        let length = cipher(&key)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(purpose.as_bytes()),
                &mut plain,
            )
            .map_err(|_| Error::Damaged)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    fn destroy(&self) -> Result<()> {
        // Overwritten as well as unlinked: on flash neither is certain to reach the old cells,
        // which is why a terminal has a hardware key source.
        match OpenOptions::new().write(true).open(&self.path) {
            Ok(mut file) => {
                file.write_all(&[0; MAGIC.len() + KEY])?;
                file.sync_all().map_err(|_| Error::SyncFailed)?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        remove_file(&self.path)?;
        sync_dir(parent(&self.path))
    }

    fn is_present(&self) -> Result<bool> {
        Ok(self.path.try_exists()?)
    }
}

impl fmt::Debug for SoftwareKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKeySource(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_for_one_key_and_one_purpose() {
        let dir = tempfile::tempdir().unwrap();
        let source = SoftwareKeySource::at(dir.path().join("kek"));
        assert!(!source.is_present().unwrap());
        assert_eq!(source.wrap("a", b"secret"), Err(Error::WrongKey));
        source.create().unwrap();
        let wrapped = source.wrap("a", b"secret").unwrap();
        assert_eq!(source.unwrap("a", &wrapped).unwrap().as_slice(), b"secret");
        assert_eq!(source.unwrap("b", &wrapped).unwrap_err(), Error::Damaged);
        for bit in [0, 70, 170, wrapped.len() * 8 - 1] {
            let mut flipped = wrapped.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(source.unwrap("a", &flipped).is_err(), "bit {bit}");
        }
        for length in 0..wrapped.len() {
            assert!(
                source.unwrap("a", &wrapped[..length]).is_err(),
                "length {length}"
            );
        }
        let other = SoftwareKeySource::at(dir.path().join("other"));
        other.create().unwrap();
        assert_eq!(other.unwrap("a", &wrapped).unwrap_err(), Error::WrongKey);
    }

    #[test]
    fn only_the_owner_reads_the_file_and_destroy_is_idempotent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kek");
        let source = SoftwareKeySource::at(&path);
        source.create().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert!(source.describe().starts_with("software"));
        source.destroy().unwrap();
        source.destroy().unwrap();
        assert!(!source.is_present().unwrap());
    }
}
