//! The agency's age identity, which opens all evidence: for staff who keep it.

use std::{fs, io, path::Path, str::FromStr as _};

use crate::failure::{Exit, Failure};

/// Opens sealed files.
pub(crate) struct Agency(age::x25519::Identity);

impl Agency {
    /// Reads an identity file as `age-keygen` writes it.
    ///
    /// # Errors
    /// `wrong-identity` for what is no identity; where the file cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|e| Failure::file(&e, "the identity file"))?;
        let mut lines = text.lines();
        let line = lines.find(|line| !line.starts_with('#')).unwrap_or("");
        let identity = age::x25519::Identity::from_str(line.trim());
        identity.map(Self).map_err(|_| refused())
    }

    /// The content of a sealed file.
    ///
    /// # Errors
    /// `wrong-identity` where it is not sealed to this identity; where it cannot be read.
    pub(crate) fn open(&self, sealed: &Path) -> Result<impl io::Read + use<>, Failure> {
        let file = fs::File::open(sealed).map_err(|e| Failure::file(&e, "the sealed file"))?;
        let decryptor = age::Decryptor::new_buffered(io::BufReader::new(file));
        let identity = std::iter::once(&self.0 as &dyn age::Identity);
        decryptor
            .and_then(|decryptor| decryptor.decrypt(identity))
            .map_err(|_| refused())
    }
}

fn refused() -> Failure {
    Failure::new(
        Exit::Credential,
        "wrong-identity",
        "this identity file does not open it",
    )
}
