//! A system behind HTTP and JSON: `POST` of `{"registry", "key"}`, answered by `{"key",
//! "records": [{"fields": [{"name", "what", "value"}]}]}` with the same key. With `wildcards` in its
//! configuration the key may be a pattern, and each record should have its number as the field `key`.

use std::{path::PathBuf, time::Duration};

use custos_protocol::lookup::query::{MAX_RECORDS, Record, Subject};
use serde::Deserialize;

use super::{Answer, Connector, Unanswered, tls};
use crate::error::RegistriesError;

/// An answer of more bytes is not read.
const MAX_ANSWER: usize = 256 << 10;

/// How a system is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpConfig {
    /// `https`, or `http` on this machine alone.
    pub(crate) url: String,
    /// Certificates that its own is signed by, PEM; `https` needs them.
    #[serde(default)]
    pub(crate) ca: Option<PathBuf>,
    /// Our certificate and key for mutual TLS, PEM in one file.
    #[serde(default)]
    pub(crate) identity: Option<PathBuf>,
    #[serde(default = "timeout_ms")]
    pub(crate) timeout_ms: u64,
    /// How often a question is asked again that nobody answered.
    #[serde(default = "retries")]
    pub(crate) retries: u32,
    /// It knows what `*` and `?` in a key mean.
    #[serde(default)]
    pub(crate) wildcards: bool,
}

fn timeout_ms() -> u64 {
    3_000
}

fn retries() -> u32 {
    1
}

impl HttpConfig {
    /// With paths from a folder, where they are relative.
    pub(crate) fn beside(&self, dir: &std::path::Path) -> Self {
        Self {
            ca: self.ca.as_ref().map(|path| dir.join(path)),
            identity: self.identity.as_ref().map(|path| dir.join(path)),
            ..self.clone()
        }
    }
}

/// See the module.
pub(crate) struct Http {
    client: reqwest::Client,
    url: reqwest::Url,
    retries: u32,
    wildcards: bool,
}

#[derive(Deserialize)]
struct Body {
    key: String,
    records: Vec<Record>,
}

impl Http {
    /// # Errors
    /// [`RegistriesError`]: `https` needs the certificates that the system's own is signed by; `http`
    /// goes to this machine alone.
    pub(crate) fn new(config: &HttpConfig) -> Result<Self, RegistriesError> {
        let url: reqwest::Url = config.url.parse().map_err(|_| RegistriesError::Url)?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match url.scheme() {
            "https" if config.ca.is_none() => return Err(RegistriesError::Ca),
            "https" => {}
            "http" if here => {}
            _ => return Err(RegistriesError::Url),
        }
        let tls = tls::client(config.ca.as_deref(), config.identity.as_deref())?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(Duration::from_millis(config.timeout_ms.clamp(100, 60_000)))
            // A question about a person goes where it was sent, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .https_only(url.scheme() == "https")
            .no_proxy()
            .build();
        Ok(Self {
            client: client.map_err(|_| RegistriesError::Tls)?,
            url,
            retries: config.retries.min(5),
            wildcards: config.wildcards,
        })
    }

    async fn once(&self, subject: &Subject) -> Result<Vec<Record>, Unanswered> {
        let request = self.client.post(self.url.clone()).json(subject);
        let mut response = request.send().await.map_err(|e| unanswered(&e))?;
        if !response.status().is_success() {
            return Err(if response.status().is_server_error() {
                Unanswered::Unreachable
            } else {
                Unanswered::Refused
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unanswered(&e))? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(Unanswered::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut body: Body = serde_json::from_slice(&bytes).map_err(|_| Unanswered::Nonsense)?;
        // A cache or proxy that mixes two questions up must not show one person as another.
        if body.key != subject.key {
            return Err(Unanswered::Nonsense);
        }
        if subject.is_pattern() {
            body.records.truncate(MAX_RECORDS + 1);
        } else if body.records.len() > MAX_RECORDS {
            return Err(Unanswered::TooLarge);
        }
        Ok(body.records)
    }
}

fn unanswered(error: &reqwest::Error) -> Unanswered {
    if error.is_timeout() {
        Unanswered::TooSlow
    } else {
        Unanswered::Unreachable
    }
}

impl Connector for Http {
    fn ask<'a>(&'a self, subject: &'a Subject) -> Answer<'a> {
        Box::pin(async move {
            if subject.is_pattern() && !self.wildcards {
                return Err(Unanswered::NoWildcards);
            }
            let mut left = self.retries;
            loop {
                match self.once(subject).await {
                    Err(error) if error.is_passing() && left > 0 => left -= 1,
                    answer => return answer,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
