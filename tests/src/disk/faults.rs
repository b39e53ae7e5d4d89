//! Operations that change the disk, counted, and made to fail.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an operation fails with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Errno {
    /// `EIO`.
    Io,
    /// `ENOSPC`.
    NoSpace,
}

impl From<Errno> for fuser::Errno {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::Io => Self::EIO,
            Errno::NoSpace => Self::ENOSPC,
        }
    }
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Op {
    Create,
    MakeDir,
    Write,
    /// `truncate`, also in `open` with `O_TRUNC`.
    Resize,
    /// `fallocate`.
    Allocate,
    /// `fsync` or `fdatasync` of a file.
    Sync,
    SyncDir,
    Rename,
    /// `unlink` or `rmdir`.
    Remove,
}

impl Op {
    /// Whether a full disk refuses it.
    fn needs_room(self) -> bool {
        !matches!(self, Self::Sync | Self::SyncDir | Self::Remove)
    }
}

/// An operation that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub op: Op,
    /// Name of the file or folder.
    pub name: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.op, self.name)
    }
}

/// What is to happen at which operation, counted from 1.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub enum Plan {
    #[default]
    Nothing,
    /// The operation fails, once; everything after it works.
    Fail { at: u64, errno: Errno },
    /// From this operation on there is no room for anything: `ENOSPC` for whatever needs some.
    Full { from: u64 },
    /// The power goes, just before the operation or in the moment in which it is done.
    Cut { at: u64, done: bool },
}

/// What becomes of an operation.
pub(super) enum Fate {
    Done,
    Fails(Errno),
    /// The power goes; whether the operation still gets done.
    Cut {
        done: bool,
    },
}

/// Counts and decides.
#[derive(Debug, Default)]
pub(super) struct Faults {
    plan: Plan,
    sites: Vec<Site>,
    struck: Option<Site>,
}

impl Faults {
    /// Begins to count anew.
    pub(super) fn arm(&mut self, plan: Plan) {
        *self = Self {
            plan,
            ..Self::default()
        };
    }

    pub(super) fn fate(&mut self, op: Op, name: &str) -> Fate {
        let site = || Site {
            op,
            name: name.to_owned(),
        };
        self.sites.push(site());
        let now = self.sites.len() as u64;
        let fate = match self.plan {
            Plan::Fail { at, errno } if at == now => Fate::Fails(errno),
            Plan::Full { from } if from <= now && op.needs_room() => Fate::Fails(Errno::NoSpace),
            Plan::Cut { at, done } if at == now => Fate::Cut { done },
            _ => return Fate::Done,
        };
        self.struck.get_or_insert_with(site);
        fate
    }

    /// The operations since it was armed.
    pub(super) fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The first operation that something happened to.
    pub(super) fn struck(&self) -> Option<&Site> {
        self.struck.as_ref()
    }

    /// Whether there is no room now, for who asks.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.plan, Plan::Full { .. }) && self.struck.is_some()
    }
}
