//! Orders from afar: lock, unlock, wipe.

use std::{
    fs,
    path::{Path, PathBuf},
};

use custos_core::{Error, Secret, Terminal};
use custos_protocol::{
    api::{DirectiveDraft, DirectiveInfo},
    directive::{Action, State},
};

use super::{
    field::PIN,
    stage::{CASE, OFFICER, Stage},
    steps::Steps,
};
use crate::{
    admin,
    failure::{Exit, Failure},
    terminal::key_source,
};

fn draft(action: Action, reason: &str) -> DirectiveDraft {
    let terminal = "T-0001".to_owned();
    DirectiveDraft {
        terminal,
        action,
        reason: reason.to_owned(),
        valid_s: Some(3600),
    }
}

fn unexpected(what: &str) -> Failure {
    Failure::new(Exit::Refused, "unexpected", what)
}

/// A signed lock arrives and nobody unlocks; a signed unlock restores it.
pub(super) fn lock_and_unlock(
    stage: &Stage,
    terminal: &Terminal,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let title = (
        "A signed lock arrives: the terminal refuses to unlock",
        "签名锁定指令到达：终端拒绝解锁",
    );
    steps.run("lock", title, |_| {
        let info = order(stage, Action::Lock, "reported lost")?;
        terminal.sync_once()?;
        match terminal.unlock(OFFICER, &Secret::from(PIN.to_owned())) {
            Err(Error::Locked) => {}
            _ => return Err(unexpected("the locked terminal let an officer in")),
        }
        Ok(((), vec![told(stage, &info, State::Done)?]))
    })?;
    let title = ("A signed unlock restores it", "签名解锁指令恢复使用");
    steps.run("unlock", title, |_| {
        let info = order(stage, Action::Unlock, "found again")?;
        terminal.sync_once()?;
        drop(terminal.unlock(OFFICER, &Secret::from(PIN.to_owned()))?);
        Ok(((), vec![told(stage, &info, State::Done)?]))
    })
}

/// Two people order a wipe; what is left discloses nothing.
pub(super) fn wipe(stage: &Stage, terminal: Terminal, steps: &mut Steps) -> Result<(), Failure> {
    let title = (
        "Two people sign a wipe: the terminal destroys its keys, then its files",
        "两人签署擦除：终端先毁密钥，再删文件",
    );
    steps.run("wipe", title, |_| {
        let second = stage.second_person()?;
        let info = order(stage, Action::Wipe, "not found")?;
        // One signature is not enough: the terminal is not even told yet.
        terminal.sync_once()?;
        drop(terminal.unlock(OFFICER, &Secret::from(PIN.to_owned()))?);
        stage.as_person(&second, async |client| {
            admin::add_signature(client, &info.id).await
        })?;
        terminal.sync_once()?;
        let told = told(stage, &info, State::Done)?;
        drop(terminal);
        let mut lines = vec![told];
        lines.extend(disclosed(&stage.terminal_dir())?);
        Ok(((), lines))
    })
}

fn order(stage: &Stage, action: Action, reason: &str) -> Result<DirectiveInfo, Failure> {
    let draft = draft(action, reason);
    stage.as_person(&stage.admin_key(), async |client| {
        admin::give(client, &draft).await
    })
}

/// The register's word on a directive, which has to be `expected`.
fn told(stage: &Stage, info: &DirectiveInfo, expected: State) -> Result<String, Failure> {
    let path = format!("/v1/admin/directives/{}", info.id);
    let info: DirectiveInfo =
        stage.as_person(&stage.admin_key(), async |client| client.get(&path).await)?;
    if info.state != expected {
        return Err(unexpected(
            "the station's register has another state for the directive",
        ));
    }
    let by = info.signed_by.join(", ");
    Ok(format!(
        "{}: {}, signed by {by}",
        info.action.as_str(),
        info.state.as_str()
    ))
}

/// Looks through what is left on the disk, as a finder of the terminal would.
fn disclosed(dir: &Path) -> Result<Vec<String>, Failure> {
    match Terminal::open(dir, key_source(dir)) {
        Err(Error::Wiped | Error::NotProvisioned) => {}
        Err(other) => return Err(other.into()),
        Ok(_) => return Err(unexpected("the wiped vault still opens")),
    }
    let files = files_below(dir)?;
    let mut bytes = 0;
    for file in &files {
        let content = fs::read(file).map_err(|e| Failure::file(&e, "what the wipe left"))?;
        bytes += content.len();
        let told = [OFFICER, CASE, "T-0001", "age-encryption.org", "SQLite"];
        if told
            .iter()
            .any(|word| content.windows(word.len()).any(|w| w == word.as_bytes()))
        {
            return Err(unexpected("a file of the wiped vault still says something"));
        }
    }
    Ok(vec![format!(
        "left: {} files, {bytes} bytes; no key, no database, no evidence, no name; it does not open",
        files.len()
    )])
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::file(&e, "the terminal's folder");
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    Ok(found)
}
