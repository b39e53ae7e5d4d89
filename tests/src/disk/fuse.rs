//! The tree as the kernel sees it.
//!
//! The kernel keeps the page cache, so that files can be mapped (SQLite's `-shm`), and all locks.
//! Every `write` comes here before it returns. Pages of a mapped file come whenever the kernel
//! likes; nobody waits for those, so they are neither counted nor made to fail.

use std::{
    ffi::OsStr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::{
    faults::Op,
    state::{State, Target, lock},
    tree::{Body, Ino, Node, Result},
};

/// Nothing changes but through the kernel: it may keep what it was told.
const KEEP: Duration = Duration::from_secs(3600);
const GENERATION: Generation = Generation(0);
const BLOCK: u32 = 4096;
/// Blocks of the whole disk, and of what is free while it is not full.
const BLOCKS: u64 = 1 << 20;

/// The file system that is mounted.
#[derive(Debug)]
pub(super) struct Mounted {
    pub(super) state: Arc<Mutex<State>>,
    /// Who owns everything: the process that mounts.
    pub(super) owner: (u32, u32),
}

impl Mounted {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn attributes(&self, ino: Ino, node: &Node) -> FileAttr {
        let folder = matches!(node.body, Body::Dir(_));
        FileAttr {
            ino: INodeNo(ino),
            size: node.length(),
            blocks: node.length().div_ceil(512),
            atime: node.modified,
            mtime: node.modified,
            ctime: node.modified,
            crtime: node.modified,
            kind: kind(node),
            perm: node.mode,
            nlink: if folder { 2 } else { 1 },
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: BLOCK,
            flags: 0,
        }
    }

    fn entry(&self, state: &State, ino: Result<Ino>, reply: ReplyEntry) {
        match ino.and_then(|ino| Ok((ino, state.tree.node(ino)?))) {
            Ok((ino, node)) => reply.entry(&KEEP, &self.attributes(ino, node), GENERATION),
            Err(errno) => reply.error(errno),
        }
    }
}

fn kind(node: &Node) -> FileType {
    match node.body {
        Body::Dir(_) => FileType::Directory,
        Body::File(_) => FileType::RegularFile,
    }
}

fn done(result: Result, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

fn permissions(mode: u32, umask: u32) -> u16 {
    (mode & !umask & 0o7777) as u16
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let state = self.lock();
        self.entry(&state, state.tree.lookup(parent.0, name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.lock().tree.node(ino.0) {
            Ok(node) => reply.attr(&KEEP, &self.attributes(ino.0, node)),
            Err(errno) => reply.error(errno),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.lock();
        let changed = match size {
            Some(size) => state.change(Op::Resize, Target::Node(ino.0), |tree| {
                tree.resize(ino.0, size)
            }),
            None => Ok(()),
        };
        match changed.and_then(|()| state.tree.node_mut(ino.0)) {
            Ok(node) => {
                if let Some(mode) = mode {
                    node.mode = permissions(mode, 0);
                }
                match mtime {
                    Some(TimeOrNow::SpecificTime(time)) => node.modified = time,
                    Some(TimeOrNow::Now) => node.modified = SystemTime::now(),
                    None => {}
                }
                reply.attr(&KEEP, &self.attributes(ino.0, node));
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let mut state = self.lock();
        let made = state.change(Op::MakeDir, Target::Name(name), |tree| {
            tree.make_dir(parent.0, name, permissions(mode, umask))
        });
        self.entry(&state, made, reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.lock().change(Op::Remove, Target::Name(name), |tree| {
            tree.remove(parent.0, name, false)
        });
        done(removed, reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.lock().change(Op::Remove, Target::Name(name), |tree| {
            tree.remove(parent.0, name, true)
        });
        done(removed, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let replace = flags.is_empty();
        let renamed = self.lock().change(Op::Rename, Target::Name(name), |tree| {
            tree.rename((parent.0, name), (newparent.0, newname), replace)
        });
        done(renamed, reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let mut state = self.lock();
        let made = state.change(Op::Create, Target::Name(name), |tree| {
            tree.create(parent.0, name, permissions(mode, umask))
        });
        match made.and_then(|ino| Ok((ino, state.tree.node(ino)?))) {
            Ok((ino, node)) => reply.created(
                &KEEP,
                &self.attributes(ino, node),
                GENERATION,
                FileHandle(0),
                FopenFlags::FOPEN_KEEP_CACHE,
            ),
            Err(errno) => reply.error(errno),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.lock().tree.read(ino.0, offset, size as usize) {
            Ok(bytes) => reply.data(bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        flags: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut state = self.lock();
        let written = if flags.contains(WriteFlags::FUSE_WRITE_CACHE) {
            state.tree.write(ino.0, offset, data)
        } else {
            state.change(Op::Write, Target::Node(ino.0), |tree| {
                tree.write(ino.0, offset, data)
            })
        };
        match written {
            Ok(()) => reply.written(data.len() as u32),
            Err(errno) => reply.error(errno),
        }
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        if mode != 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        let allocated = self
            .lock()
            .change(Op::Allocate, Target::Node(ino.0), |tree| {
                let there = tree.node(ino.0)?.length();
                tree.resize(ino.0, there.max(offset.saturating_add(length)))
            });
        done(allocated, reply);
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self
            .lock()
            .change(Op::Sync, Target::Node(ino.0), |tree| tree.sync(ino.0));
        done(synced, reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self
            .lock()
            .change(Op::SyncDir, Target::Node(ino.0), |tree| {
                tree.sync_dir(ino.0)
            });
        done(synced, reply);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let state = self.lock();
        let names = match state.tree.dir(ino.0) {
            Ok(dir) => &dir.cached,
            Err(errno) => return reply.error(errno),
        };
        // By number, so that removing some while reading on skips none of the others.
        let mut entries: Vec<(Ino, &OsStr)> = names
            .iter()
            .map(|(name, ino)| (*ino, name.as_os_str()))
            .collect();
        entries.sort_unstable();
        for (ino, name) in entries {
            let Ok(node) = state.tree.node(ino) else {
                continue;
            };
            if ino > offset && reply.add(INodeNo(ino), ino, kind(node), name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let free = if self.lock().faults.is_full() {
            0
        } else {
            BLOCKS
        };
        reply.statfs(BLOCKS, free, free, 1 << 20, 1 << 20, BLOCK, 255, BLOCK);
    }
}
