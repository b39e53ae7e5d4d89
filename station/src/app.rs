//! What every request has at hand.

use std::{
    collections::HashMap,
    fs::File,
    sync::{Arc, Mutex, PoisonError},
};

use custos_protocol::{policy::Policy, trust::TrustSet};
use tokio::sync::watch;

use crate::{
    StationConfig,
    access::RulesCache,
    api::error::ApiError,
    auth::{Challenges, Failures},
    keys::Keys,
    objects::Objects,
    registries::Registries,
    store::{self, Conn, Store},
    tus::Locks,
};

/// The running station.
pub(crate) struct App {
    pub(crate) config: StationConfig,
    /// As tickets name it, without a trailing slash.
    pub(crate) url: String,
    /// None with plain HTTP.
    pub(crate) pin: Option<String>,
    pub(crate) keys: Keys,
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) registries: Registries,
    /// Subjects of look-ups are kept by their keyed hash.
    pub(crate) lookup_key: ring::hmac::Key,
    pub(crate) challenges: Challenges,
    pub(crate) failures: Failures,
    pub(crate) locks: Locks,
    pub(crate) bells: Bells,
    pub(crate) rules: RulesCache,
    pub(crate) stop: watch::Receiver<bool>,
    /// Keeps other processes out of the folder.
    pub(crate) _lock: File,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn agency(&self) -> &str {
        &self.config.agency
    }
}

/// The trust set in force.
pub(crate) async fn trust(conn: &mut Conn) -> Result<TrustSet, ApiError> {
    let published = store::trust::trust(conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    TrustSet::open(&published.note).map_err(|_| ApiError::internal())
}

/// The policy in force.
pub(crate) async fn policy(conn: &mut Conn) -> Result<Policy, ApiError> {
    let trust = trust(conn).await?;
    let published = store::trust::policy(conn)
        .await?
        .ok_or_else(ApiError::internal)?;
    Policy::open(&published.note, &trust).map_err(|_| ApiError::internal())
}

/// Wakes the long-polls of one terminal. They look into the database again; a ring says only
/// that something may be there.
#[derive(Default)]
pub(crate) struct Bells(Mutex<HashMap<String, watch::Sender<u64>>>);

impl Bells {
    pub(crate) fn listen(&self, terminal: &str) -> watch::Receiver<u64> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.entry(terminal.to_owned()).or_default().subscribe()
    }

    /// For everybody: grants or rules have changed.
    pub(crate) fn ring_all(&self) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for bell in bells.values() {
            bell.send_modify(|rings| *rings = rings.wrapping_add(1));
        }
    }

    pub(crate) fn ring(&self, terminal: &str) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(terminal) {
            bell.send_modify(|rings| *rings = rings.wrapping_add(1));
        }
    }
}
