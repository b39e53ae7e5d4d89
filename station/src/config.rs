//! What a station is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// How to run a station. [`StationConfig::new`] gives the defaults.
#[derive(Debug, Clone)]
pub struct StationConfig {
    /// The station's folder; created when missing.
    pub dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Name of the agency: the first part of every key name. Fixed at the first run.
    pub agency: String,
    /// HTTP without TLS, for tests and for a proxy on the same machine. Loopback only.
    pub plain_http: bool,
    /// Base URL that terminals are told to use, without a trailing slash, where it differs from
    /// the address listened on (another name, a forwarded port).
    pub public_url: Option<String>,
    /// Largest upload taken in (Tus-Max-Size), bytes.
    pub max_upload: u64,
    /// How long an unfinished upload is kept after its last byte.
    pub upload_expiry: Duration,
    /// How often expired uploads and sessions are cleared away.
    pub sweep_every: Duration,
}

impl StationConfig {
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            agency: "custos.local".to_owned(),
            plain_http: false,
            public_url: None,
            // Clips are rotated at 2 GiB; twice that leaves room for what is sealed around them.
            max_upload: 4 << 30,
            upload_expiry: Duration::from_secs(7 * 24 * 3600),
            sweep_every: Duration::from_secs(300),
        }
    }
}
