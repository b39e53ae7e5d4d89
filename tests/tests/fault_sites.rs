//! Every operation with which anything that is done with a terminal changes the disk, found by
//! counting, fails: once with EIO, once for want of room, and once with no room from there on.
//!
//! After each: the error says what happened, nothing panics or hangs, a recording can begin again
//! where the disk can be trusted, and everything that was acknowledged is there: for the process
//! that opens the terminal next, after a power cut then, and after a power cut at once.

#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use custos_core::{Class, Error};
use custos_tests::{
    acts::{Act, Done, Stage, after},
    disk::{Errno, Op, Plan, Site, unavailable},
};

#[test]
fn each_fails() {
    if let Some(why) = unavailable() {
        eprintln!("skipped: {why}");
        return;
    }
    let stage = Stage::make();
    let mut work = Vec::new();
    for act in Act::ALL {
        let whole = act.run(&stage, Plan::Nothing);
        assert_eq!(whole.result, Ok(()), "{act:?}");
        let mut counted: BTreeMap<Op, u64> = BTreeMap::new();
        for site in &whole.sites {
            *counted.entry(site.op).or_default() += 1;
        }
        eprintln!("{act:?}: {} operations: {counted:?}", whole.sites.len());
        for at in worth_striking(&whole.sites) {
            let fail = |errno| Plan::Fail { at, errno };
            let plans = [
                fail(Errno::Io),
                fail(Errno::NoSpace),
                Plan::Full { from: at },
            ];
            work.extend(plans.map(|plan| (act, plan)));
        }
    }
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let lane = || {
        while let Some((act, plan)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = strike(&stage, *act, *plan);
            problems.lock().expect("no panic").extend(found);
        }
    };
    thread::scope(|scope| {
        scope.spawn(lane);
        scope.spawn(lane);
    });
    let problems = problems.into_inner().expect("no panic");
    eprintln!("{} faults, {} problems", work.len(), problems.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Of the writes to one file that follow each other, as SQLite writes a transaction page by page:
/// the first two, the last two, and every fifth in between. Everything else, and with
/// `CUSTOS_ALL_SITES` really everything.
fn worth_striking(sites: &[Site]) -> Vec<u64> {
    let all = std::env::var_os("CUSTOS_ALL_SITES").is_some();
    let alike = |at: usize| {
        let site = sites.get(at);
        at < sites.len() && site.is_some_and(|s| s.op == Op::Write) && site == sites.get(at + 1)
    };
    let inside = |at: usize| {
        at >= 2
            && alike(at - 2)
            && alike(at - 1)
            && alike(at)
            && alike(at + 1)
            && !at.is_multiple_of(5)
    };
    (0..sites.len())
        .filter(|at| all || !inside(*at))
        .map(|at| at as u64 + 1)
        .collect()
}

fn strike(stage: &Stage, act: Act, plan: Plan) -> Vec<String> {
    let done = act.run(stage, plan);
    let Some(site) = &done.struck else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Err(error) = &done.result
        && let Some(fault) = misnamed(error, &done, plan)
    {
        found.push(fault);
    }
    if let Some(again) = &done.again {
        let synced = matches!(site.op, Op::Sync | Op::SyncDir);
        let right = match plan {
            // There is room again; a disk that failed to write or to sync is not trusted again.
            Plan::Fail { errno, .. } => {
                let doubt = synced || errno == Errno::Io;
                again.is_ok() || (doubt && *again == Err(Error::SyncFailed))
            }
            _ => *again == Err(Error::Full),
        };
        if !right {
            found.push(format!("recording again: {again:?}"));
        }
    }
    // The process is killed, and another one goes on; later the power goes.
    let memory = after::Memory::of(stage, act, &done, true);
    found.extend(after::problems_before_and_after_a_cut(
        stage,
        act,
        &done.told,
        &done.killed,
        &mut memory.clone(),
    ));
    // It closes everything; then the power goes.
    let closed = done.closed.durable_alone();
    let later = after::problems(stage, act, &done.told, &closed, &mut memory.clone());
    found.extend(later.into_iter().map(|p| format!("closed, then cut: {p}")));
    let told = |p| format!("{act:?}, {plan:?}, {site}: {p}");
    found.into_iter().map(told).collect()
}

/// Whether the error says another thing than what happened.
fn misnamed(error: &Error, done: &Done, plan: Plan) -> Option<String> {
    let site = done.struck.as_ref()?;
    let storage = error.class() == Class::Storage;
    let right = match plan {
        _ if matches!(site.op, Op::Sync | Op::SyncDir) => *error == Error::SyncFailed,
        Plan::Full { .. } => *error == Error::Full,
        Plan::Fail {
            errno: Errno::NoSpace,
            ..
        } => {
            // SQLite keeps the reason to itself, and a moment later there is room.
            *error == Error::Full || (storage && site.name.starts_with("vault.db"))
        }
        _ => storage && *error != Error::Full,
    };
    (!right).then(|| format!("told as {error:?}"))
}
