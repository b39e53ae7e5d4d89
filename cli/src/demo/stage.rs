//! The station, its people, and the folder that the demo leaves.

use std::{
    fs,
    path::{Path, PathBuf},
};

use custos_protocol::{
    api::{PersonRequest, TicketRequest},
    ticket::Ticket,
    trust::ROLE_DIRECTIVE,
};
use custos_station::{RunningStation, Station, StationConfig};
use tokio::runtime::Runtime;

use super::{DemoArgs, steps::Steps};
use crate::{
    admin::{self, AdminClient, PersonKey},
    failure::Failure,
};

/// The sample that ships: a test pattern with a tone, H.264 with B-frames and AAC.
const SAMPLE: &[u8] = include_bytes!("../../../tests/media/sample.mp4");
/// And a photo of the same.
pub(super) const PHOTO: &[u8] = include_bytes!("../../../tests/media/photo.jpg");

pub(super) const OFFICER: &str = "100123";
pub(super) const CASE: &str = "A-2026-0017";

/// Everything around the terminal.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) dir: PathBuf,
    pub(super) media: PathBuf,
    runtime: Runtime,
    station: RunningStation,
}

impl Stage {
    pub(super) fn set(args: &DemoArgs, steps: &mut Steps) -> Result<Self, Failure> {
        // A file that cannot be used is told before anything is begun.
        if let Some(media) = &args.media {
            crate::terminal::record::open(media)?;
        }
        let dir = folder(args.dir.as_deref())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|_| Failure::internal())?;
        let title = (
            "A station starts and makes its keys",
            "服务器启动并生成密钥",
        );
        let station = steps.run("station", title, |_| {
            let config = StationConfig::new(dir.join("station"));
            let station = runtime.block_on(Station::start(config))?;
            let lines = vec![format!(
                "{}  TLS 1.3, pin {}",
                station.url,
                station.pin.as_deref().unwrap_or("-")
            )];
            Ok((station, lines))
        })?;
        let failed = |e: std::io::Error| Failure::file(&e, "the demo's folder");
        let out = dir.join("out");
        fs::create_dir_all(&out).map_err(failed)?;
        let media = match &args.media {
            Some(media) => media.clone(),
            None => {
                let sample = dir.join("sample.mp4");
                fs::write(&sample, SAMPLE).map_err(failed)?;
                sample
            }
        };
        Ok(Self {
            dir,
            media,
            runtime,
            station,
        })
    }

    pub(super) fn out(&self, name: &str) -> PathBuf {
        self.dir.join("out").join(name)
    }

    pub(super) fn terminal_dir(&self) -> PathBuf {
        self.dir.join("terminal")
    }

    pub(super) fn station_dir(&self) -> PathBuf {
        self.dir.join("station")
    }

    pub(super) fn url(&self) -> &str {
        &self.station.url
    }

    /// Does something at the station in the name of the person with this key file.
    pub(super) fn as_person<T>(
        &self,
        key: &Path,
        work: impl AsyncFnOnce(&AdminClient) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let person = PersonKey::read(key)?;
        self.runtime.block_on(async {
            let client = AdminClient::sign_in(self.url(), person).await?;
            work(&client).await
        })
    }

    pub(super) fn admin_key(&self) -> PathBuf {
        self.station.admin_key_path.clone()
    }

    /// A second person with an own key, for what one alone must not order.
    pub(super) fn second_person(&self) -> Result<PathBuf, Failure> {
        let file = self.station_dir().join("keys/second.key");
        let name = "second";
        self.as_person(&self.admin_key(), async |client| {
            let key = PersonKey::make(&file, &client.agency, name, client.person.pin.as_deref())?;
            let roles = vec![ROLE_DIRECTIVE.to_owned()];
            admin::register(
                client,
                &PersonRequest {
                    name: name.to_owned(),
                    key,
                    roles,
                },
            )
            .await
        })?;
        Ok(file)
    }

    pub(super) fn ticket(&self) -> Result<Ticket, Failure> {
        let request = TicketRequest {
            terminal: Some("T-0001".to_owned()),
            officers: vec![OFFICER.to_owned()],
            valid_s: Some(3600),
        };
        self.as_person(&self.admin_key(), async |client| {
            admin::issue(client, &request).await
        })
    }

    pub(super) fn strike(self) -> PathBuf {
        self.runtime.block_on(self.station.shutdown());
        self.dir
    }
}

/// The folder to leave everything in: new or empty, so that nothing of anybody's is overwritten.
fn folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let failed = |e: std::io::Error| Failure::file(&e, "the demo's folder");
    let dir = match wanted {
        Some(dir) => dir.to_owned(),
        None => {
            let id = custos_protocol::id::fresh("custos-demo").map_err(|_| Failure::internal())?;
            std::env::temp_dir().join(id)
        }
    };
    fs::create_dir_all(&dir).map_err(failed)?;
    if fs::read_dir(&dir).map_err(failed)?.next().is_some() {
        return Err(Failure::usage(
            "folder-not-empty",
            "the demo's folder has to be empty or new",
        ));
    }
    Ok(dir)
}
