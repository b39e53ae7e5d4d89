//! One disk: its contents, what is to happen to it, and whether it still has power.

use std::{
    ffi::OsStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fuser::Errno;

use super::{
    faults::{Fate, Faults, Op},
    tree::{Ino, Result, Tree},
};

/// What the mounted file system and its owner share.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) faults: Faults,
    /// The moment the power went: nothing reaches the disk any more.
    pub(super) cut: Option<Tree>,
}

impl State {
    /// The power goes, if it has not gone.
    pub(super) fn cut(&mut self) {
        if self.cut.is_none() {
            self.cut = Some(self.tree.clone());
        }
    }

    /// What is there, or was when the power went.
    pub(super) fn left(&self) -> &Tree {
        self.cut.as_ref().unwrap_or(&self.tree)
    }

    /// Every operation that changes something passes here.
    pub(super) fn change<T>(
        &mut self,
        op: Op,
        target: Target<'_>,
        work: impl FnOnce(&mut Tree) -> Result<T>,
    ) -> Result<T> {
        if self.cut.is_some() {
            return Err(Errno::EIO);
        }
        let name = match target {
            Target::Name(name) => name.to_string_lossy().into_owned(),
            Target::Node(ino) => self.tree.node(ino)?.name.to_string_lossy().into_owned(),
        };
        match self.faults.fate(op, &name) {
            Fate::Done => work(&mut self.tree),
            Fate::Fails(errno) => {
                if let (Op::Sync, Target::Node(ino)) = (op, target) {
                    self.tree.lose(ino);
                }
                Err(errno.into())
            }
            Fate::Cut { done } => {
                if done {
                    // Whether it can be done or not, nobody will hear of it.
                    let _ = work(&mut self.tree);
                }
                self.cut();
                Err(Errno::EIO)
            }
        }
    }
}

/// What an operation is about.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    Name(&'a OsStr),
    Node(Ino),
}

pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
