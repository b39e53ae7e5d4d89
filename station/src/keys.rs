//! The station's keys: Ed25519 as `PRIVATE+KEY+…` files of Go's `sumdb/note`, the agency's age
//! identity as `age-keygen` writes it, the first person's key file.
//!
//! A key that exists is never written again; one that cannot be read stops the start.

use std::{fs, io, path::Path};

use age::secrecy::ExposeSecret as _;
use custos_protocol::{
    key::SigningKey,
    note::{Signer, Verifier},
    trust::TrustSet,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{StartError, files};

const ROOT: &str = "keys/root.key";
const REGISTRAR: &str = "keys/registrar.key";
const WITNESS: &str = "keys/witness.key";
const STORAGE: &str = "keys/storage.key";
const POLICY: &str = "keys/policy.key";
const AGENCY: &str = "keys/agency.key";
const LOOKUP: &str = "keys/lookup.key";
pub(crate) const ADMIN: &str = "keys/admin.key";

/// The first person.
pub(crate) const FIRST_PERSON: &str = "admin";

/// What the station signs with.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) root: Signer,
    pub(crate) registrar: Signer,
    pub(crate) witness: Signer,
    pub(crate) storage: Signer,
    pub(crate) policy: Signer,
}

/// A person's key as a file: who it is, the key, and how to recognise the station.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonKeyFile {
    format: String,
    person: String,
    key: String,
    pin: Option<String>,
}

/// What the first trust set needs besides the station's own keys.
#[derive(Debug)]
pub(crate) struct FirstKeys {
    pub(crate) person: Verifier,
    pub(crate) recipient: String,
}

/// Creates what is missing of a folder that is being set up.
pub(crate) fn create(dir: &Path, agency: &str, pin: &str) -> Result<FirstKeys, StartError> {
    files::ensure_folder(&dir.join("keys")).map_err(StartError::Storage)?;
    for (path, role) in [
        (ROOT, "root"),
        (REGISTRAR, "registrar"),
        (WITNESS, "witness"),
        (STORAGE, "storage"),
        (POLICY, "policy"),
    ] {
        if !dir.join(path).exists() {
            let signer = fresh(&format!("{agency}/{role}"), role == "witness")?;
            write(dir, path, &format!("{}\n", *private_text(&signer)))?;
        }
    }
    let person = match dir.join(ADMIN).exists() {
        true => read_person(dir)?,
        false => create_person(dir, agency, pin)?,
    };
    Ok(FirstKeys {
        person,
        recipient: agency_recipient(dir)?,
    })
}

/// Loads the keys of a folder that is set up.
pub(crate) fn load(dir: &Path, agency: &str) -> Result<Keys, StartError> {
    let signer = |path: &'static str, role: &str| {
        let text = read(dir, path)?;
        let signer =
            Signer::from_private_text(text.trim_end()).map_err(|_| StartError::Damaged(path))?;
        if signer.name() == format!("{agency}/{role}") {
            Ok(signer)
        } else {
            Err(StartError::Damaged(path))
        }
    };
    Ok(Keys {
        root: signer(ROOT, "root")?,
        registrar: signer(REGISTRAR, "registrar")?,
        witness: signer(WITNESS, "witness")?,
        storage: signer(STORAGE, "storage")?,
        policy: signer(POLICY, "policy")?,
    })
}

/// What subjects of look-ups are hashed with: 32 random bytes, base64, made when missing. Where
/// the register of look-ups has rows and this is lost, nobody finds them by subject any more, which
/// is why it is not among the keys that [`create`] makes once.
pub(crate) fn lookup(dir: &Path) -> Result<ring::hmac::Key, StartError> {
    if !dir.join(LOOKUP).exists() {
        let mut key = Zeroizing::new([0; 32]);
        custos_protocol::key::random(key.as_mut())?;
        let text = Zeroizing::new(custos_protocol::hash::base64_encode(key.as_ref()) + "\n");
        write(dir, LOOKUP, &text)?;
    }
    let text = read(dir, LOOKUP)?;
    let key = custos_protocol::hash::base64_decode(text.trim_end()).map(Zeroizing::new);
    let key = key.filter(|key| key.len() == 32);
    let key = key.ok_or(StartError::Damaged(LOOKUP))?;
    Ok(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key))
}

fn fresh(name: &str, cosigner: bool) -> Result<Signer, StartError> {
    let key = SigningKey::generate()?;
    let signer = if cosigner {
        Signer::cosigner(name, key)
    } else {
        Signer::new(name, key)
    };
    signer.map_err(|_| StartError::AgencyName)
}

fn private_text(signer: &Signer) -> Zeroizing<String> {
    Zeroizing::new(signer.to_private_text())
}

fn create_person(dir: &Path, agency: &str, pin: &str) -> Result<Verifier, StartError> {
    let signer = fresh(&TrustSet::person_key_name(agency, FIRST_PERSON), false)?;
    let file = PersonKeyFile {
        format: "custos-person-key/1".to_owned(),
        person: FIRST_PERSON.to_owned(),
        key: private_text(&signer).to_string(),
        pin: Some(pin.to_owned()),
    };
    let text = Zeroizing::new(serde_json::to_string(&file).expect("strings") + "\n");
    zeroize::Zeroize::zeroize(&mut { file.key });
    write(dir, ADMIN, &text)?;
    Ok(signer.verifier())
}

fn read_person(dir: &Path) -> Result<Verifier, StartError> {
    let text = read(dir, ADMIN)?;
    let file: PersonKeyFile =
        serde_json::from_str(&text).map_err(|_| StartError::Damaged(ADMIN))?;
    let key = Zeroizing::new(file.key);
    let signer = Signer::from_private_text(&key).map_err(|_| StartError::Damaged(ADMIN))?;
    Ok(signer.verifier())
}

/// The agency's recipient; its identity is created when missing. Only the set-up needs the file:
/// afterwards it belongs somewhere safer than beside the evidence.
fn agency_recipient(dir: &Path) -> Result<String, StartError> {
    if !dir.join(AGENCY).exists() {
        let identity = age::x25519::Identity::generate();
        let secret = identity.to_string();
        let text = Zeroizing::new(format!(
            "# public key: {}\n{}\n",
            identity.to_public(),
            secret.expose_secret()
        ));
        write(dir, AGENCY, &text)?;
    }
    let text = read(dir, AGENCY)?;
    text.lines()
        .find(|line| !line.starts_with('#'))
        .and_then(|line| line.parse::<age::x25519::Identity>().ok())
        .map(|identity| identity.to_public().to_string())
        .ok_or(StartError::Damaged(AGENCY))
}

fn read(dir: &Path, name: &'static str) -> Result<Zeroizing<String>, StartError> {
    fs::read_to_string(dir.join(name))
        .map(Zeroizing::new)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StartError::Missing(name),
            _ => StartError::Damaged(name),
        })
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), StartError> {
    files::write_private(&dir.join(name), text.as_bytes()).map_err(StartError::Storage)
}
