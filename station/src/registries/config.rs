//! `registries.json` in the station's folder: which system knows what, and what officers see of
//! its answers. Without the file every registry is the station's own table, and of personal data
//! the masked form is shown.
//!
//! ```json
//! {
//!   "sources": {
//!     "person": { "http": { "url": "https://registry.example/persons", "ca": "ca.pem",
//!                           "identity": "station.pem", "timeout_ms": 2000, "retries": 1 } },
//!     "vehicle": "table"
//!   },
//!   "masks": { "officer": { "vehicle": { "owner": "full", "phone": "hidden" } } }
//! }
//! ```
//!
//! `masks`: role, registry, name of the field, then `full`, `masked` or `hidden`. Of several roles
//! the one counts that shows most.

use std::{collections::BTreeMap, fs, io, path::Path, sync::Arc, time::Duration};

use custos_protocol::lookup::{
    mask::{Personal, Shown},
    query::{Field, Record, Registry, Subject},
};
use serde::Deserialize;

use super::{Answer, Breaker, Connector, Http, HttpConfig, Table};
use crate::{StartError, error::RegistriesError};

const FILE: &str = "registries.json";
const TABLE: &str = "registries.db";
/// A system that failed again and again is left alone for so long.
const REST: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    sources: BTreeMap<Registry, Source>,
    masks: Masks,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Source {
    Table,
    Http(HttpConfig),
}

/// Role, registry, field.
type Masks = BTreeMap<String, BTreeMap<Registry, BTreeMap<String, Shown>>>;

/// Everything that can be asked.
pub(crate) struct Registries {
    table: Table,
    systems: BTreeMap<Registry, Arc<dyn Connector>>,
    masks: Masks,
}

impl Registries {
    /// Those of a station's folder.
    ///
    /// # Errors
    /// [`StartError`] where the file does not say what it should: an answer from nowhere, or
    /// unmasked, is worse than none.
    pub(crate) async fn open(dir: &Path) -> Result<Self, StartError> {
        let config: Config = match fs::read(dir.join(FILE)) {
            Ok(text) => serde_json::from_slice(&text).map_err(|_| RegistriesError::Form)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Config::default(),
            Err(_) => return Err(StartError::Damaged(FILE)),
        };
        let table = Table::open(&dir.join(TABLE)).await;
        let table = table.map_err(|_| StartError::Damaged(TABLE))?;
        let mut systems = BTreeMap::<_, Arc<dyn Connector>>::new();
        for registry in Registry::ALL {
            let system: Arc<dyn Connector> = match config.sources.get(&registry) {
                None | Some(Source::Table) => Arc::new(table.clone()),
                Some(Source::Http(http)) => {
                    Arc::new(Breaker::new(Http::new(&http.beside(dir))?, REST))
                }
            };
            systems.insert(registry, system);
        }
        Ok(Self {
            table,
            systems,
            masks: config.masks,
        })
    }

    pub(crate) fn ask<'a>(&'a self, subject: &'a Subject) -> Answer<'a> {
        match self.systems.get(&subject.registry) {
            Some(system) => system.ask(subject),
            None => Box::pin(async { Err(super::Unanswered::Refused) }),
        }
    }

    /// The lists that this subject stands on and that say something about who asks.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) async fn watched(
        &self,
        mac: &[u8],
        officer: &str,
    ) -> Result<Vec<String>, sqlx::Error> {
        self.table.watched(mac, officer).await
    }

    /// What somebody of these roles sees.
    pub(crate) fn masked(
        &self,
        registry: Registry,
        roles: &[&str],
        records: &[Record],
    ) -> Vec<Record> {
        let shown = |field: &Field| {
            let said = roles.iter().filter_map(|role| {
                self.masks
                    .get(*role)?
                    .get(&registry)?
                    .get(&field.name)
                    .copied()
            });
            said.max_by_key(|shown| match shown {
                Shown::Hidden => 0,
                Shown::Masked => 1,
                Shown::Full => 2,
            })
            .unwrap_or(match field.what {
                Personal::Other => Shown::Full,
                _ => Shown::Masked,
            })
        };
        records.iter().map(|record| record.masked(shown)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(config: Option<&str>) -> (tempfile::TempDir, Result<Registries, StartError>) {
        let dir = tempfile::tempdir().unwrap();
        if let Some(config) = config {
            fs::write(dir.path().join(FILE), config).unwrap();
        }
        let registries = Registries::open(dir.path()).await;
        (dir, registries)
    }

    fn record() -> Record {
        let field = |name: &str, what, value: &str| Field {
            name: name.to_owned(),
            what,
            value: value.to_owned(),
        };
        Record {
            fields: vec![
                field("owner", Personal::Name, "张三丰"),
                field("phone", Personal::Phone, "13812341234"),
                field("stolen", Personal::Other, "yes"),
            ],
        }
    }

    fn seen(registries: &Registries, roles: &[&str]) -> Vec<String> {
        let left = registries.masked(Registry::Vehicle, roles, &[record()]);
        left[0].fields.iter().map(|f| f.value.clone()).collect()
    }

    #[tokio::test]
    async fn without_a_file_personal_data_is_masked() {
        let (_dir, registries) = open(None).await;
        let registries = registries.unwrap();
        assert_eq!(
            seen(&registries, &["officer"]),
            ["张**", "138****1234", "yes"]
        );
        assert_eq!(seen(&registries, &[]), ["张**", "138****1234", "yes"]);
    }

    #[tokio::test]
    async fn a_mask_is_of_a_role_and_a_field() {
        let (_dir, registries) = open(Some(
            r#"{"masks": {"officer": {"vehicle": {"owner": "full", "phone": "hidden"},
                                      "person": {"stolen": "hidden"}},
                          "auditor": {"vehicle": {"phone": "masked"}}}}"#,
        ))
        .await;
        let registries = registries.unwrap();
        assert_eq!(seen(&registries, &["officer"]), ["张三丰", "yes"]);
        assert_eq!(
            seen(&registries, &["supervisor"]),
            ["张**", "138****1234", "yes"]
        );
        assert_eq!(
            seen(&registries, &["officer", "auditor"]),
            ["张三丰", "138****1234", "yes"]
        );
    }

    /// A configuration that is half understood would send questions about people elsewhere.
    #[tokio::test]
    async fn what_is_not_understood_stops_the_start() {
        for wrong in [
            "{",
            r#"{"source": {}}"#,
            r#"{"sources": {"weapon": "table"}}"#,
            r#"{"sources": {"person": "elsewhere"}}"#,
            r#"{"sources": {"person": {"http": {"url": "http://registry.example/"}}}}"#,
            r#"{"sources": {"person": {"http": {"url": "https://a.example/"}}}}"#,
            r#"{"sources": {"person": {"http": {"url": "https://a.example/", "ca": "none.pem"}}}}"#,
            r#"{"masks": {"officer": {"vehicle": {"owner": "all"}}}}"#,
        ] {
            let (_dir, registries) = open(Some(wrong)).await;
            assert!(
                matches!(registries, Err(StartError::Registries(_))),
                "{wrong}"
            );
        }
    }
}
