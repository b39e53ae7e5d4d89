//! A folder's first run, and recognising it later.
//!
//! The marker `station.json` is written last. Before it, a run that was cut short is taken up
//! where it stopped; after it, nothing that is missing is ever made again, because a new key or
//! an empty database in an old folder would quietly disown the evidence in it.

use std::{fs, fs::File, io, path::Path};

use custos_protocol::{
    id,
    policy::Policy,
    statement, suite,
    trust::{Person, ROLE_DEVICE, ROLE_DIRECTIVE, ROLE_EVIDENCE, Roots, TrustSet},
};
use serde::{Deserialize, Serialize};

use crate::{
    StartError,
    clock::now_ms,
    files,
    keys::{self, FirstKeys, Keys},
    store::{self, Store},
    tls::{self, Identity},
};

const MARKER: &str = "station.json";
const LOCK: &str = "station.lock";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    format: String,
    agency: String,
}

const FORMAT: &str = "custos-station/1";

/// A folder ready to be served, held against other processes while `lock` lives.
pub(crate) struct Folder {
    pub(crate) lock: File,
    pub(crate) keys: Keys,
    pub(crate) tls: Identity,
    pub(crate) store: Store,
}

pub(crate) async fn open(dir: &Path, agency: &str) -> Result<Folder, StartError> {
    if !id::is_safe(agency) {
        return Err(StartError::AgencyName);
    }
    if !dir.exists() {
        fs::create_dir_all(dir).map_err(StartError::Storage)?;
    }
    let lock = lock(dir)?;
    let first_run = match marker(dir)? {
        Some(marker) if marker.agency != agency => return Err(StartError::OtherAgency),
        marker => marker.is_none(),
    };
    if first_run {
        tls::create(dir)?;
    }
    let tls = tls::load(dir)?;
    let first_keys = match first_run {
        true => Some(keys::create(dir, agency, &tls.pin)?),
        false => None,
    };
    let keys = keys::load(dir, agency)?;
    let store = Store::open(dir, first_run).await?;
    if let Some(first_keys) = first_keys {
        publish_first(&store, agency, &keys, first_keys).await?;
    }
    check_keys(&store, &keys).await?;
    if first_run {
        let marker = Marker {
            format: FORMAT.to_owned(),
            agency: agency.to_owned(),
        };
        let text = serde_json::to_string(&marker).expect("two strings") + "\n";
        files::write_private(&dir.join(MARKER), text.as_bytes()).map_err(StartError::Storage)?;
    }
    Ok(Folder {
        lock,
        keys,
        tls,
        store,
    })
}

/// The kernel gives the lock back when the process ends, however it ends.
fn lock(dir: &Path) -> Result<File, StartError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))
        .map_err(StartError::Storage)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::InUse),
        Err(fs::TryLockError::Error(error)) => Err(StartError::Storage(error)),
    }
}

fn marker(dir: &Path) -> Result<Option<Marker>, StartError> {
    let text = match fs::read_to_string(dir.join(MARKER)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(StartError::Damaged(MARKER)),
    };
    let marker: Marker = serde_json::from_str(&text).map_err(|_| StartError::Damaged(MARKER))?;
    match marker.format.strip_prefix("custos-station/") {
        Some("1") => Ok(Some(marker)),
        Some(_) => Err(StartError::NewerSchema),
        None => Err(StartError::Damaged(MARKER)),
    }
}

/// Keys and database belong together: what other keys sign, nobody accepts.
async fn check_keys(store: &Store, keys: &Keys) -> Result<(), StartError> {
    const DATABASE: &str = "station.db";
    let mut conn = store
        .read()
        .await
        .map_err(|_| StartError::Damaged(DATABASE))?;
    let published = store::trust::trust(&mut conn)
        .await
        .map_err(|_| StartError::Damaged(DATABASE))?;
    let published = published.ok_or(StartError::Damaged(DATABASE))?;
    let trust = TrustSet::open(&published.note).map_err(|_| StartError::Damaged(DATABASE))?;
    let ours = trust.roots.keys.contains(&keys.root.verifier())
        && trust.registrar.contains(&keys.registrar.verifier())
        && trust.witness.contains(&keys.witness.verifier())
        && trust.storage.contains(&keys.storage.verifier())
        && trust.policy.contains(&keys.policy.verifier());
    if ours {
        Ok(())
    } else {
        Err(StartError::OtherKeys)
    }
}

async fn publish_first(
    store: &Store,
    agency: &str,
    keys: &Keys,
    first: FirstKeys,
) -> Result<(), StartError> {
    let now = now_ms();
    let roles = [ROLE_DIRECTIVE, ROLE_DEVICE, ROLE_EVIDENCE]
        .map(str::to_owned)
        .to_vec();
    let admin = Person {
        name: keys::FIRST_PERSON.to_owned(),
        key: first.person,
        roles,
    };
    let trust = TrustSet {
        suite: suite::CURRENT,
        version: 1,
        agency: agency.to_owned(),
        time_ms: now,
        roots: Roots {
            keys: vec![keys.root.verifier()],
            threshold: 1,
        },
        registrar: vec![keys.registrar.verifier()],
        witness: vec![keys.witness.verifier()],
        storage: vec![keys.storage.verifier()],
        policy: vec![keys.policy.verifier()],
        people: vec![admin],
        recipients: vec![first.recipient],
    };
    let trust = statement::sign(&trust, &[&keys.root])
        .expect("plain data")
        .to_string();
    let policy = Policy::initial(now);
    let policy = statement::sign(&policy, &[&keys.policy])
        .expect("plain data")
        .to_string();
    let published = async {
        let mut tx = store.write().await?;
        if store::trust::trust(&mut tx).await?.is_none() {
            store::trust::add_trust(&mut tx, 1, &trust, now).await?;
            store::trust::add_policy(&mut tx, 1, &policy, now).await?;
        }
        tx.commit().await
    };
    published
        .await
        .map_err(|_| StartError::Damaged("station.db"))
}
