//! A terminal to measure on, made with a real station that is gone afterwards.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use custos_core::{Officer, Secret, SoftwareKeySource, Terminal};
use custos_tests::scene::{OFFICER, PIN, Scene};
use serde_json::{Value, json};

use super::Result;

/// Makes a terminal in `dir`, which must not exist.
pub(super) fn make(dir: &Path) -> Result<Value> {
    let scene = Scene::on_duty();
    copy(Path::new(&scene.path("terminal")), dir)?;
    Ok(json!({ "staged": true }))
}

/// The terminal of `dir` and its officer.
pub(super) fn enter(dir: &Path) -> Result<(Terminal, Officer)> {
    let terminal = Terminal::open(dir, Arc::new(SoftwareKeySource::in_folder(dir)))?;
    let officer = terminal.unlock(OFFICER, &Secret::new(PIN.to_owned()))?;
    Ok((terminal, officer))
}

fn copy(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
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
