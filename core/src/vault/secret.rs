//! Text that a person typed and nobody else may read.

use std::fmt;

use zeroize::Zeroizing;

/// A PIN or pass phrase. Erased when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into().into_bytes()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in characters, which is what a policy's minimum counts.
    pub(crate) fn chars(&self) -> usize {
        std::str::from_utf8(&self.0).map_or(0, |text| text.chars().count())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
