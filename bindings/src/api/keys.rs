//! Keys that stay where they are: the shell implements [`KeySource`] over Android Keystore, a
//! desktop takes [`software_keys`].

use std::{fmt, path::PathBuf, sync::Arc};

use custos_core::{Error as CoreError, KeySource as CoreKeySource, SoftwareKeySource};
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

/// A key-encryption key that can be used and not read. `purpose` is authenticated together with
/// the bytes (as AAD): what was wrapped for one purpose does not unwrap for another.
#[uniffi::export(with_foreign)]
pub trait KeySource: Send + Sync {
    /// In words, for status and journal: what protects the key.
    fn describe(&self) -> Result<String, KeySourceError>;

    /// Makes a fresh key in place of any former one.
    fn create(&self) -> Result<(), KeySourceError>;

    /// Encrypts and authenticates. The shell erases `plaintext` afterwards.
    fn wrap(&self, purpose: String, plaintext: Vec<u8>) -> Result<Vec<u8>, KeySourceError>;

    /// The plaintext of what `wrap` made with this key for this purpose.
    fn unwrap(&self, purpose: String, wrapped: Vec<u8>) -> Result<Vec<u8>, KeySourceError>;

    /// Destroys the key; without one it does nothing and succeeds. (`destroy` is a name that
    /// uniffi's Kotlin has taken.)
    fn erase(&self) -> Result<(), KeySourceError>;

    /// Whether there is a key.
    fn is_present(&self) -> Result<bool, KeySourceError>;
}

/// Why a key source did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeySourceError {
    /// It was another key, or there is none.
    #[error("not the key of these bytes")]
    WrongKey,
    /// The key is right and the bytes, or their purpose, are not.
    #[error("the wrapped bytes are damaged")]
    Damaged,
    /// Everything else, an exception nobody expected among it.
    #[error("the key source failed")]
    Failed,
}

impl From<UnexpectedUniFFICallbackError> for KeySourceError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        // The exception's text may hold anything: it stays where it was thrown.
        Self::Failed
    }
}

/// The key in a file at its usual place in the terminal's folder `dir`. It keeps out a thief who
/// has the vault without that file, and nobody else.
#[uniffi::export]
pub fn software_keys(dir: String) -> Arc<dyn KeySource> {
    Arc::new(Software(SoftwareKeySource::in_folder(&PathBuf::from(dir))))
}

struct Software(SoftwareKeySource);

impl KeySource for Software {
    fn describe(&self) -> Result<String, KeySourceError> {
        Ok(self.0.describe())
    }

    fn create(&self) -> Result<(), KeySourceError> {
        self.0.create().map_err(to_foreign)
    }

    fn wrap(&self, purpose: String, plaintext: Vec<u8>) -> Result<Vec<u8>, KeySourceError> {
        let plaintext = Zeroizing::new(plaintext);
        self.0.wrap(&purpose, &plaintext).map_err(to_foreign)
    }

    fn unwrap(&self, purpose: String, wrapped: Vec<u8>) -> Result<Vec<u8>, KeySourceError> {
        let mut plain = self.0.unwrap(&purpose, &wrapped).map_err(to_foreign)?;
        Ok(std::mem::take(&mut *plain))
    }

    fn erase(&self) -> Result<(), KeySourceError> {
        self.0.destroy().map_err(to_foreign)
    }

    fn is_present(&self) -> Result<bool, KeySourceError> {
        self.0.is_present().map_err(to_foreign)
    }
}

fn to_foreign(error: CoreError) -> KeySourceError {
    match error {
        CoreError::WrongKey => KeySourceError::WrongKey,
        CoreError::Damaged => KeySourceError::Damaged,
        _ => KeySourceError::Failed,
    }
}

fn to_core(error: KeySourceError) -> CoreError {
    match error {
        KeySourceError::WrongKey => CoreError::WrongKey,
        KeySourceError::Damaged => CoreError::Damaged,
        KeySourceError::Failed => CoreError::KeySource,
    }
}

/// A key source of either side, as the core knows them.
pub(super) struct Adapter(pub(super) Arc<dyn KeySource>);

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource(of the shell)")
    }
}

impl CoreKeySource for Adapter {
    fn describe(&self) -> String {
        self.0
            .describe()
            .unwrap_or_else(|_| "a key source that does not answer".to_owned())
    }

    fn create(&self) -> custos_core::Result<()> {
        self.0.create().map_err(to_core)
    }

    fn wrap(&self, purpose: &str, plaintext: &[u8]) -> custos_core::Result<Vec<u8>> {
        self.0
            .wrap(purpose.to_owned(), plaintext.to_vec())
            .map_err(to_core)
    }

    fn unwrap(&self, purpose: &str, wrapped: &[u8]) -> custos_core::Result<Zeroizing<Vec<u8>>> {
        self.0
            .unwrap(purpose.to_owned(), wrapped.to_vec())
            .map(Zeroizing::new)
            .map_err(to_core)
    }

    fn destroy(&self) -> custos_core::Result<()> {
        self.0.erase().map_err(to_core)
    }

    fn is_present(&self) -> custos_core::Result<bool> {
        self.0.is_present().map_err(to_core)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_software_keys_survive_the_way_there_and_back() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Adapter(software_keys(dir.path().display().to_string()));
        assert!(!keys.is_present().unwrap());
        assert_eq!(keys.wrap("a", b"secret"), Err(CoreError::WrongKey));
        keys.create().unwrap();
        let wrapped = keys.wrap("a", b"secret").unwrap();
        assert_eq!(keys.unwrap("a", &wrapped).unwrap().as_slice(), b"secret");
        assert_eq!(keys.unwrap("b", &wrapped).unwrap_err(), CoreError::Damaged);
        keys.destroy().unwrap();
        assert_eq!(keys.unwrap("a", &wrapped).unwrap_err(), CoreError::WrongKey);
        assert!(keys.describe().starts_with("software"));
    }
}
