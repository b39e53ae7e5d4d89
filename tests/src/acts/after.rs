//! What has to hold after an act, whatever interrupted it: judged on a mounted disk, by opening
//! the terminal that lies there. Each is one sentence that does not hold; none is good.

use std::{collections::BTreeSet, fs, path::Path};

use custos_core::{Error, Terminal};
use custos_protocol::journal::{Entry, Event};

use super::{
    Act, Done, Stage,
    stage::{self, folder},
};
use crate::{
    disk::{Disk, Image},
    torture::{
        check::{Death, Known, Verdict, check},
        told::Told,
    },
};

/// What is known of a disk from the checks before: it has to hold for ever.
#[derive(Debug, Clone)]
pub struct Memory {
    known: Known,
    /// A terminal was promised to be there.
    exists: bool,
    /// It was promised to be gone.
    wiped: bool,
    /// What is promised to be deleted.
    purged: BTreeSet<String>,
    /// The disk had failed: a clip may say so.
    faulty: bool,
}

impl Memory {
    /// At the end of an act; `faulty`: operations failed, and the system ran on.
    pub fn of(stage: &Stage, act: Act, done: &Done, faulty: bool) -> Self {
        let acknowledged = done.result.is_ok();
        Self {
            known: stage.start(act).known,
            exists: act != Act::Provision || acknowledged,
            wiped: act == Act::Wipe && acknowledged,
            purged: done.purged.iter().cloned().collect(),
            faulty,
        }
    }
}

/// Opens what is there, checks it, and lets it be completed. What holds then is added to the
/// memory.
pub fn problems(
    stage: &Stage,
    act: Act,
    told: &[Told],
    image: &Image,
    memory: &mut Memory,
) -> Vec<String> {
    let disk = Disk::mount(image).expect("a disk");
    look(stage, act, told, &disk, memory)
}

/// As [`problems`], twice: then the power goes, before anything that was not synced became
/// durable, and what was seen the first time has to be there still.
pub fn problems_before_and_after_a_cut(
    stage: &Stage,
    act: Act,
    told: &[Told],
    image: &Image,
    memory: &mut Memory,
) -> Vec<String> {
    let disk = Disk::mount(image).expect("a disk");
    let mut problems = look(stage, act, told, &disk, memory);
    let left = disk.image().durable_alone();
    drop(disk);
    let later = self::problems(stage, act, told, &left, memory);
    problems.extend(later.into_iter().map(|p| format!("after a power cut: {p}")));
    problems
}

fn look(stage: &Stage, act: Act, told: &[Told], disk: &Disk, memory: &mut Memory) -> Vec<String> {
    let dir = folder(disk);
    match act {
        Act::Record | Act::Photo | Act::Recover => {
            evidence(stage, &dir, told, memory.faulty, &mut memory.known).problems
        }
        Act::Provision => told_of(provisioned(stage, &dir, memory)),
        Act::Purge => told_of(purged(stage, &dir, memory)),
        Act::Wipe => told_of(wiped(stage, disk, memory)),
    }
}

fn told_of(result: Result<(), String>) -> Vec<String> {
    result.err().into_iter().collect()
}

/// Everything that was promised of evidence is there; see [`check`].
pub(super) fn evidence(
    stage: &Stage,
    dir: &Path,
    told: &[Told],
    faulty: bool,
    known: &mut Known,
) -> Verdict {
    let death = Death {
        folder: dir,
        keys: &stage.keys,
        told,
        media: &[&stage.media],
        photo: &stage.photo,
        decode: false,
        faulty,
    };
    check(&death, known)
}

/// Either not provisioned, and then it can be; or whole.
fn provisioned(stage: &Stage, dir: &Path, memory: &mut Memory) -> Result<(), String> {
    let open = || Terminal::open(dir, stage::source(dir));
    let terminal = match open() {
        Err(Error::NotProvisioned) if !memory.exists => {
            let again = stage::provision(dir, &stage.ticket());
            drop(again.map_err(|e| format!("it cannot be provisioned: {e}"))?);
            open().map_err(|e| format!("provisioned again, it does not open: {e}"))?
        }
        other => other.map_err(|e| format!("it does not open: {e}"))?,
    };
    memory.exists = true;
    terminal
        .status()
        .map_err(|e| format!("it has no status: {e}"))?;
    let first = terminal.journal(0).map_err(|e| e.to_string())?;
    let first = first.first().and_then(|raw| Entry::from_raw(raw).ok());
    match first.and_then(|entry| entry.event()) {
        Some(Event::Provisioned { .. }) => Ok(()),
        other => Err(format!("its journal begins with {other:?}")),
    }
}

/// What is listed is there; what is not is in the journal as deleted, and what was promised to be
/// deleted is; what the station has not got stays. Purging once more ends it.
fn purged(stage: &Stage, dir: &Path, memory: &mut Memory) -> Result<(), String> {
    let error = |e: Error| format!("it does not open: {e}");
    let terminal = Terminal::open(dir, stage::source(dir)).map_err(error)?;
    let gone: BTreeSet<String> = terminal
        .journal(0)
        .map_err(error)?
        .iter()
        .filter_map(|raw| Entry::from_raw(raw).ok()?.event())
        .filter_map(|event| match event {
            Event::Purged { clip, .. } => Some(clip),
            _ => None,
        })
        .collect();
    if let Some(clip) = memory.purged.difference(&gone).next() {
        return Err(format!("{clip}: deleted, and the journal does not say so"));
    }
    let listed = terminal.evidence().map_err(error)?;
    let length = |clip: &str| {
        let file = fs::metadata(dir.join(format!("evidence/{clip}.age")));
        file.ok().map(|file| file.len())
    };
    for item in &stage.due_items {
        let clip = &item.clip;
        let is_listed = listed.iter().any(|listed| listed.clip == *clip);
        if is_listed == gone.contains(clip) {
            return Err(format!("{clip}: listed and deleted, or neither"));
        }
        if is_listed && length(clip) != item.length {
            return Err(format!("{clip}: listed with {:?} bytes", length(clip)));
        }
        if !is_listed && !item.is_confirmed() {
            return Err(format!("{clip}: deleted, and the station has not got it"));
        }
    }
    terminal
        .purge()
        .map_err(|e| format!("it cannot go on: {e}"))?;
    for item in &stage.due_items {
        if length(&item.clip).is_some() == item.is_confirmed() {
            return Err(format!("{}: {:?} bytes", item.clip, length(&item.clip)));
        }
        if item.is_confirmed() {
            memory.purged.insert(item.clip.clone());
        }
    }
    Ok(())
}

/// Gone, with nothing left but that there was a terminal; or whole, and the same order wipes it.
fn wiped(stage: &Stage, disk: &Disk, memory: &mut Memory) -> Result<(), String> {
    let dir = folder(disk);
    if memory.wiped {
        keys_are_gone(disk)?;
    }
    let open = || Terminal::open(&dir, stage::source(&dir));
    match open() {
        Ok(terminal) if !memory.wiped => {
            drop(terminal);
            let verdict = evidence(stage, &dir, &[], memory.faulty, &mut memory.known);
            if !verdict.problems.is_empty() {
                return Err(format!("half wiped: {:?}", verdict.problems));
            }
            let wiped = open().and_then(|terminal| terminal.apply_directive(&stage.wipe));
            wiped.map_err(|e| format!("the order cannot be carried out: {e}"))?;
        }
        Err(Error::Wiped) => {}
        // The mark that it was on purpose could not be written; what mattered was done.
        Err(Error::NotProvisioned) if memory.faulty => return keys_are_gone(disk),
        Ok(_) => return Err("wiped, and it opens".to_owned()),
        Err(error) => return Err(format!("neither there nor wiped: {error}")),
    }
    memory.wiped = true;
    match open().map(drop) {
        Err(Error::Wiped) => {}
        other => return Err(format!("wiped, and opening says {other:?}")),
    }
    let left: Vec<_> = fs::read_dir(&dir)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    if left != ["wiped"] {
        return Err(format!("left behind: {left:?}"));
    }
    Ok(())
}

/// Whoever reads the disk finds no key on it.
fn keys_are_gone(disk: &Disk) -> Result<(), String> {
    for name in ["kek", "master"] {
        let found = disk.image().list().remove(&format!("terminal/keys/{name}"));
        if found.is_some_and(|bytes| bytes.iter().any(|byte| *byte != 0)) {
            return Err(format!("the key {name} is still there"));
        }
    }
    Ok(())
}
