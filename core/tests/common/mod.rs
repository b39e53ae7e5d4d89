//! A real station beside the core: its people, its tickets, and a network that can be cut.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

pub(crate) mod admin;
pub(crate) mod media;
pub(crate) mod proxy;

use std::{path::PathBuf, sync::Arc, time::Duration};

use custos_core::{
    DeviceInfo, EvidenceItem, EvidenceState, Officer, Result, Secret, SoftwareKeySource, Terminal,
};
use custos_protocol::{policy::Policy, ticket::Ticket};
use custos_station::{RunningStation, StartError, Station, StationConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::{admin::Admin, proxy::Proxy};

pub(crate) const OFFICER: &str = "wang";
pub(crate) const PIN: &str = "482913";

/// A station behind a proxy, on loopback, with TLS.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) runtime: Runtime,
    pub(crate) station: Option<RunningStation>,
    pub(crate) proxy: Proxy,
    pub(crate) dir: TempDir,
    pub(crate) admin: Admin,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let proxy = Proxy::start();
        let station = runtime.block_on(start(&dir, &proxy));
        proxy.lead_to(station.addr);
        let admin = Admin::sign_in(&runtime, &station);
        Self {
            runtime,
            station: Some(station),
            proxy,
            dir,
            admin,
        }
    }

    pub(crate) fn stop_station(&mut self) {
        drop(self.station.take());
    }

    /// Another run of the station, on another port, behind the same address.
    pub(crate) fn restart_station(&mut self) {
        if let Some(station) = self.station.take() {
            self.runtime.block_on(station.shutdown());
        }
        let station = self.runtime.block_on(start(&self.dir, &self.proxy));
        self.proxy.lead_to(station.addr);
        self.admin = Admin::sign_in(&self.runtime, &station);
        self.station = Some(station);
    }

    pub(crate) fn ticket(&self, terminal: &str, officers: &[&str]) -> Ticket {
        self.ticket_for(terminal, officers, 3_600)
    }

    pub(crate) fn ticket_for(&self, terminal: &str, officers: &[&str], valid_s: u32) -> Ticket {
        let body = serde_json::json!({
            "terminal": terminal, "officers": officers, "valid_s": valid_s,
        });
        let ticket = self.admin.post(&self.runtime, "/v1/admin/tickets", &body);
        Ticket::from_text(&ticket.to_string()).unwrap()
    }

    pub(crate) fn terminal_dir(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("terminal-{name}"))
    }

    pub(crate) fn keys(&self, name: &str) -> Arc<SoftwareKeySource> {
        Arc::new(SoftwareKeySource::in_folder(&self.terminal_dir(name)))
    }

    pub(crate) fn try_provision(&self, name: &str, ticket: &Ticket) -> Result<Terminal> {
        Terminal::provision(&self.terminal_dir(name), self.keys(name), ticket, &device())
    }

    pub(crate) fn provision(&self, name: &str) -> Terminal {
        self.try_provision(name, &self.ticket(name, &[OFFICER]))
            .unwrap()
    }

    pub(crate) fn open(&self, name: &str) -> Result<Terminal> {
        Terminal::open(&self.terminal_dir(name), self.keys(name))
    }

    /// A terminal whose officer is on duty.
    pub(crate) fn on_duty(&self, name: &str) -> (Terminal, Officer) {
        let terminal = self.provision(name);
        terminal.enrol_officer(OFFICER, &pin()).unwrap();
        let officer = terminal.unlock(OFFICER, &pin()).unwrap();
        officer.begin_duty("2026-0042").unwrap();
        (terminal, officer)
    }

    /// Orders `action`, signed by these people; gives the directive's id.
    pub(crate) fn order(&self, terminal: &str, action: &str, signers: &[&admin::Person]) -> String {
        let draft = serde_json::json!({
            "terminal": terminal, "action": action, "reason": "test", "valid_s": 3_600,
        });
        let drafted = self
            .admin
            .post(&self.runtime, "/v1/admin/directives/draft", &draft);
        let note = admin::sign(&drafted, signers);
        let body = serde_json::json!({ "note": note });
        self.admin
            .post(&self.runtime, "/v1/admin/directives", &body);
        drafted["id"].as_str().unwrap().to_owned()
    }

    /// Publishes the policy in force with a change to it, and has the terminal take it.
    pub(crate) fn publish(&self, terminal: &Terminal, change: impl FnOnce(&mut Policy)) {
        let mut policy = terminal.policy().unwrap();
        policy.version += 1;
        change(&mut policy);
        let body = serde_json::to_value(&policy).unwrap();
        self.admin.post(&self.runtime, "/v1/admin/policy", &body);
        terminal.sync_once().unwrap();
        assert_eq!(terminal.policy().unwrap().version, policy.version);
    }

    pub(crate) fn directive_state(&self, id: &str) -> String {
        let path = format!("/v1/admin/directives/{id}");
        let info = self.admin.get(&self.runtime, &path);
        info["state"].as_str().unwrap().to_owned()
    }
}

async fn start(dir: &TempDir, proxy: &Proxy) -> RunningStation {
    let mut config = StationConfig::new(dir.path().join("station"));
    config.public_url = Some(format!("https://127.0.0.1:{}", proxy.port));
    for _ in 0..200 {
        match Station::start(config.clone()).await {
            // The run before has been told to die and still holds its folder.
            Err(StartError::InUse) => tokio::time::sleep(Duration::from_millis(50)).await,
            started => return started.unwrap(),
        }
    }
    panic!("the station's folder stays in use")
}

pub(crate) fn device() -> DeviceInfo {
    DeviceInfo {
        model: "desktop".to_owned(),
    }
}

pub(crate) fn pin() -> Secret {
    Secret::from(PIN)
}

pub(crate) fn states(items: &[EvidenceItem]) -> Vec<EvidenceState> {
    items.iter().map(|item| item.state).collect()
}

pub(crate) fn kinds(terminal: &Terminal) -> Vec<String> {
    let raw = terminal.journal(0).unwrap();
    raw.iter()
        .map(|raw| custos_protocol::journal::Entry::from_raw(raw).unwrap().kind)
        .collect()
}
