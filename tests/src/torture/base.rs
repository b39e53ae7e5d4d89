//! A terminal to be tortured: provisioned once by a real station, copied for every run, offline
//! from then on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use custos_protocol::policy::Policy;
use tempfile::TempDir;

use super::check::Keys;
use crate::{
    process::done,
    scene::{Scene, text},
};

/// A provisioned terminal with an officer on duty, that nobody has recorded with.
#[derive(Debug)]
pub struct Base {
    _folder: TempDir,
    terminal: PathBuf,
    /// The officer's PIN, in a file.
    pub pin: PathBuf,
    pub keys: Keys,
}

impl Base {
    /// Makes one; the station is stopped when this returns. Panics, as the scenarios do, where
    /// the program cannot be built or provisioned.
    pub fn make(change: impl FnOnce(&mut Policy)) -> Self {
        let mut scene = Scene::station();
        scene.publish_policy(change);
        let provisioned = scene.provision("terminal", &scene.station.url.clone());
        done(scene.terminal(&["duty", "begin", "--case", "T-1"]));
        let name = text(&provisioned["terminal"]);
        let shown = done(scene.admin(&["terminal", "show", &name]));
        let journal = text(&shown.last()["journal_key"]);
        let agency = fs::read_to_string(scene.station.dir().join("keys/agency.key"));
        let keys = Keys {
            agency: agency.expect("the agency's key"),
            journal: journal.parse().expect("a public key"),
        };
        scene.station.kill();
        let (terminal, pin) = (scene.path("terminal").into(), scene.path("pin").into());
        Self {
            _folder: scene.folder,
            terminal,
            pin,
            keys,
        }
    }

    /// Copies the terminal into a folder that does not exist yet.
    ///
    /// # Errors
    /// What the file system says.
    pub fn copy_to(&self, folder: &Path) -> io::Result<()> {
        copy(&self.terminal, folder)
    }
}

pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
