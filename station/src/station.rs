//! Starting and stopping.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Weak},
};

use tokio::{sync::watch, task::JoinHandle};

use crate::{
    StartError, StationConfig,
    access::RulesCache,
    api,
    app::{App, Bells},
    auth::{Challenges, Failures},
    clock::now_ms,
    keys,
    objects::Objects,
    registries::Registries,
    server, setup,
    store::{self, Store},
    tus,
};

/// Starts stations.
#[derive(Debug)]
pub struct Station;

/// A station that serves. Dropping it stops it at once; [`RunningStation::shutdown`] lets
/// requests finish. Nothing acknowledged is lost either way.
#[derive(Debug)]
pub struct RunningStation {
    /// Base URL without a trailing slash.
    pub url: String,
    /// base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469, section 2.4);
    /// none with plain HTTP.
    pub pin: Option<String>,
    /// Key file of the first person. Only written at the first run; keep it somewhere safer.
    pub admin_key_path: PathBuf,
    pub addr: SocketAddr,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    sweeper: JoinHandle<()>,
    store: Store,
}

impl Station {
    /// Serves a folder, creating it at the first run. Needs a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`StartError`] when the folder is in use, damaged, newer or another agency's, or when the
    /// address cannot be listened on. Whatever exists is left as it is.
    pub async fn start(config: StationConfig) -> Result<RunningStation, StartError> {
        if config.plain_http && !config.listen.ip().is_loopback() {
            return Err(StartError::PlainHttpNotLoopback);
        }
        let folder = setup::open(&config.dir, &config.agency).await?;
        let objects = Objects::open(&config.dir).map_err(StartError::Storage)?;
        let registries = Registries::open(&config.dir).await?;
        let lookup_key = keys::lookup(&config.dir)?;
        let listener = server::bind(config.listen).await?;
        let addr = listener.local_addr().map_err(StartError::Listen)?;
        let scheme = if config.plain_http { "http" } else { "https" };
        let url = match &config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", reachable(addr)),
        };
        let pin = (!config.plain_http).then_some(folder.tls.pin);
        let tls = (!config.plain_http).then_some(folder.tls.config);
        let (stop, stopped) = watch::channel(false);
        let admin_key_path = config.dir.join(keys::ADMIN);
        let app = Arc::new(App {
            url: url.clone(),
            pin: pin.clone(),
            keys: folder.keys,
            store: folder.store.clone(),
            objects,
            registries,
            lookup_key,
            challenges: Challenges::new()?,
            failures: Failures::default(),
            locks: tus::Locks::default(),
            bells: Bells::default(),
            rules: RulesCache::default(),
            stop: stopped.clone(),
            _lock: folder.lock,
            config,
        });
        if tus::clear_strays(&app).await.is_err() {
            return Err(StartError::Damaged("uploads"));
        }
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&app)));
        let server = tokio::spawn(server::serve(listener, tls, api::router(app), stopped));
        let (server, store) = (Some(server), folder.store);
        Ok(RunningStation {
            url,
            pin,
            admin_key_path,
            addr,
            stop,
            server,
            sweeper,
            store,
        })
    }
}

impl RunningStation {
    /// Stops listening, ends long-polls, gives other requests a few seconds to finish.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.sweeper.abort();
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
        self.store.close().await;
    }
}

impl Drop for RunningStation {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.sweeper.abort();
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// An address to reach a listener at: one that listens everywhere is named by loopback.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            (std::net::Ipv6Addr::LOCALHOST, v6.port()).into()
        }
        addr => addr,
    }
}

/// Clears away what has expired, as long as the station lives.
async fn sweep(app: Weak<App>) {
    let Some(every) = app.upgrade().map(|app| app.config.sweep_every) else {
        return;
    };
    loop {
        tokio::time::sleep(every).await;
        let Some(app) = app.upgrade() else { return };
        // A failure is logged where it happens; the next round tries again.
        let _ = tus::sweep(&app).await;
        let _ = sweep_database(&app).await;
    }
}

async fn sweep_database(app: &App) -> Result<(), api::error::ApiError> {
    let mut tx = app.store.write().await?;
    store::sessions::sweep(&mut tx, now_ms()).await?;
    store::directives::expire(&mut tx, now_ms()).await?;
    tx.commit().await?;
    Ok(())
}
