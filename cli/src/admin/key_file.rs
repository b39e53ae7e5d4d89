//! A person's own key file: signs sessions and directives where the person sits.

use std::{io::Write as _, path::Path};

use custos_protocol::{
    key::SigningKey,
    note::{Signer, Verifier},
    trust::TrustSet,
};
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};

/// The file as it stands. Holds a secret; does not print.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: Format,
    person: String,
    /// `PRIVATE+KEY+name+hash+base64`, the form of Go's sumdb/note.
    key: String,
    /// The station's TLS pin; none for plain HTTP on loopback.
    pin: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "custos-person-key/1")]
    V1,
}

/// A person who can sign.
#[derive(Debug)]
pub(crate) struct PersonKey {
    pub(crate) person: String,
    pub(crate) signer: Signer,
    pub(crate) pin: Option<String>,
}

impl PersonKey {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::file(&e, "the key file"))?;
        let bad = || Failure::new(Exit::Credential, "bad-key-file", "not a person's key file");
        let file: KeyFile = serde_json::from_str(&text).map_err(|_| bad())?;
        let signer = Signer::from_private_text(&file.key).map_err(|_| bad())?;
        Ok(Self {
            person: file.person,
            signer,
            pin: file.pin,
        })
    }

    /// A fresh key for `person`, written to a new file that only its owner reads.
    pub(crate) fn make(
        path: &Path,
        agency: &str,
        person: &str,
        pin: Option<&str>,
    ) -> Result<Verifier, Failure> {
        let bad_name = |_| Failure::usage("bad-name", "a person's name has no spaces or '+'");
        let key = SigningKey::generate().map_err(|_| Failure::internal())?;
        let signer = Signer::new(&TrustSet::person_key_name(agency, person), key);
        let signer = signer.map_err(bad_name)?;
        let file = KeyFile {
            format: Format::V1,
            person: person.to_owned(),
            key: signer.to_private_text(),
            pin: pin.map(str::to_owned),
        };
        let text = serde_json::to_string(&file).map_err(|_| Failure::internal())? + "\n";
        write_secret(path, text.as_bytes())?;
        Ok(signer.verifier())
    }
}

/// Writes a file that must not exist yet, readable by its owner alone.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|e: std::io::Error| Failure::file(&e, "the new file"))
}
