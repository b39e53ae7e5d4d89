//! Files and folders, each as programs see it and as it is durable.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    sync::Arc,
    time::SystemTime,
};

use fuser::Errno;

use super::pending::{Change, Effect};

pub(super) type Ino = u64;
pub(super) type Result<T = (), E = Errno> = std::result::Result<T, E>;

pub(super) const ROOT: Ino = 1;
const PAGE: u64 = 4096;

/// A file system's state. Copies are cheap: contents are shared until one of them changes.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) nodes: HashMap<Ino, Node>,
    next: Ino,
    /// Changes of names that no sync of a folder has made durable, oldest first.
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) mode: u16,
    pub(super) modified: SystemTime,
    /// The name it had last, for people.
    pub(super) name: OsString,
    pub(super) body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    File(File),
    Dir(Dir),
}

#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) cached: Arc<Vec<u8>>,
    pub(super) durable: Arc<Vec<u8>>,
    /// What leads from `durable` to `cached`, in order.
    pub(super) pending: Vec<Effect>,
    /// A sync failed: parts of `cached` are in no effect any more.
    lossy: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Dir {
    pub(super) cached: BTreeMap<OsString, Ino>,
    pub(super) durable: BTreeMap<OsString, Ino>,
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node::new(0o755, OsStr::new("/"), Body::Dir(Dir::default()));
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            next: ROOT + 1,
            changes: Vec::new(),
        }
    }
}

impl Node {
    fn new(mode: u16, name: &OsStr, body: Body) -> Self {
        Self {
            mode,
            modified: SystemTime::now(),
            name: name.to_owned(),
            body,
        }
    }

    pub(super) fn length(&self) -> u64 {
        match &self.body {
            Body::File(file) => file.cached.len() as u64,
            Body::Dir(_) => PAGE,
        }
    }
}

impl Tree {
    pub(super) fn node(&self, ino: Ino) -> Result<&Node> {
        self.nodes.get(&ino).ok_or(Errno::ENOENT)
    }

    pub(super) fn node_mut(&mut self, ino: Ino) -> Result<&mut Node> {
        self.nodes.get_mut(&ino).ok_or(Errno::ENOENT)
    }

    pub(super) fn dir(&self, ino: Ino) -> Result<&Dir> {
        match &self.node(ino)?.body {
            Body::Dir(dir) => Ok(dir),
            Body::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub(super) fn dir_mut(&mut self, ino: Ino) -> Result<&mut Dir> {
        let node = self.node_mut(ino)?;
        node.modified = SystemTime::now();
        match &mut node.body {
            Body::Dir(dir) => Ok(dir),
            Body::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub(super) fn file(&self, ino: Ino) -> Result<&File> {
        match &self.node(ino)?.body {
            Body::File(file) => Ok(file),
            Body::Dir(_) => Err(Errno::EISDIR),
        }
    }

    fn file_mut(&mut self, ino: Ino) -> Result<&mut File> {
        match &mut self.node_mut(ino)?.body {
            Body::File(file) => Ok(file),
            Body::Dir(_) => Err(Errno::EISDIR),
        }
    }

    pub(super) fn lookup(&self, dir: Ino, name: &OsStr) -> Result<Ino> {
        self.dir(dir)?
            .cached
            .get(name)
            .copied()
            .ok_or(Errno::ENOENT)
    }

    pub(super) fn create(&mut self, dir: Ino, name: &OsStr, mode: u16) -> Result<Ino> {
        self.link(dir, name, mode, Body::File(File::default()))
    }

    pub(super) fn make_dir(&mut self, dir: Ino, name: &OsStr, mode: u16) -> Result<Ino> {
        self.link(dir, name, mode, Body::Dir(Dir::default()))
    }

    fn link(&mut self, dir: Ino, name: &OsStr, mode: u16, body: Body) -> Result<Ino> {
        if self.dir(dir)?.cached.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let ino = self.next;
        self.next += 1;
        self.nodes.insert(ino, Node::new(mode, name, body));
        self.dir_mut(dir)?.cached.insert(name.to_owned(), ino);
        self.changes.push(Change::Link {
            to: (dir, name.to_owned()),
            ino,
        });
        Ok(ino)
    }

    /// Removes a file's name, or an empty folder.
    pub(super) fn remove(&mut self, dir: Ino, name: &OsStr, folder: bool) -> Result {
        let ino = self.lookup(dir, name)?;
        match &self.node(ino)?.body {
            Body::Dir(_) if !folder => return Err(Errno::EISDIR),
            Body::File(_) if folder => return Err(Errno::ENOTDIR),
            Body::Dir(inner) if !inner.cached.is_empty() => return Err(Errno::ENOTEMPTY),
            _ => {}
        }
        self.dir_mut(dir)?.cached.remove(name);
        self.changes.push(Change::Remove {
            from: (dir, name.to_owned()),
        });
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        from: (Ino, &OsStr),
        to: (Ino, &OsStr),
        replace: bool,
    ) -> Result {
        let ino = self.lookup(from.0, from.1)?;
        match self.lookup(to.0, to.1) {
            Ok(_) if !replace => return Err(Errno::EEXIST),
            Ok(there) if there == ino => return Ok(()),
            Ok(there) => match &self.node(there)?.body {
                Body::Dir(dir) if !dir.cached.is_empty() => return Err(Errno::ENOTEMPTY),
                _ => {}
            },
            Err(_) => {}
        }
        self.dir_mut(from.0)?.cached.remove(from.1);
        self.dir_mut(to.0)?.cached.insert(to.1.to_owned(), ino);
        self.node_mut(ino)?.name = to.1.to_owned();
        self.changes.push(Change::Rename {
            from: (from.0, from.1.to_owned()),
            to: (to.0, to.1.to_owned()),
            ino,
        });
        Ok(())
    }

    pub(super) fn read(&self, ino: Ino, offset: u64, length: usize) -> Result<&[u8]> {
        let bytes = &self.file(ino)?.cached;
        let start = index(offset)?.min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(&bytes[start..end])
    }

    pub(super) fn write(&mut self, ino: Ino, offset: u64, bytes: &[u8]) -> Result {
        let effect = Effect::Write {
            at: offset,
            bytes: bytes.into(),
        };
        self.change(ino, effect)
    }

    /// Cuts a file off, or lets it go on with zeros.
    pub(super) fn resize(&mut self, ino: Ino, length: u64) -> Result {
        self.change(ino, Effect::Resize(length))
    }

    fn change(&mut self, ino: Ino, effect: Effect) -> Result {
        let file = self.file_mut(ino)?;
        effect.apply(Arc::make_mut(&mut file.cached));
        let effect = match effect {
            Effect::Write { at, bytes } if file.lossy => whole_pages(&file.cached, at, bytes.len()),
            effect => effect,
        };
        file.pending.push(effect);
        self.node_mut(ino)?.modified = SystemTime::now();
        Ok(())
    }

    /// `fsync` and `fdatasync` of a file: its contents and its length, not its name.
    pub(super) fn sync(&mut self, ino: Ino) -> Result {
        let file = self.file_mut(ino)?;
        if !file.pending.is_empty() {
            let durable = Arc::make_mut(&mut file.durable);
            for effect in file.pending.drain(..) {
                effect.apply(durable);
            }
        }
        Ok(())
    }

    /// Path and contents of each file; folders end in `/` and have none.
    pub(super) fn list(&self) -> Vec<(String, Vec<u8>)> {
        let (mut found, mut next) = (Vec::new(), vec![(ROOT, String::new())]);
        while let Some((dir, path)) = next.pop() {
            let names = self.dir(dir).map(|dir| &dir.cached);
            for (name, ino) in names.into_iter().flatten() {
                let path = format!("{path}{}", name.to_string_lossy());
                match self.file(*ino) {
                    Ok(file) => found.push((path, Vec::clone(&file.cached))),
                    Err(_) => {
                        found.push((format!("{path}/"), Vec::new()));
                        next.push((*ino, format!("{path}/")));
                    }
                }
            }
        }
        found
    }

    /// Makes everything durable.
    pub(super) fn settle(&mut self) {
        let files: Vec<Ino> = self.nodes.keys().copied().collect();
        for ino in files {
            // Folders come next.
            let _ = self.sync(ino);
        }
        for change in std::mem::take(&mut self.changes) {
            change.apply(self);
        }
    }

    /// A sync that failed: what was waiting for it can be read on, and never becomes durable.
    pub(super) fn lose(&mut self, ino: Ino) {
        if let Ok(file) = self.file_mut(ino) {
            file.lossy = true;
            file.pending.clear();
        }
    }

    /// `fsync` of a folder: the names in it. A rename out of or into another folder takes along
    /// what happened there before, because it is one change and order holds in each folder.
    pub(super) fn sync_dir(&mut self, dir: Ino) -> Result {
        self.dir(dir)?;
        let mut reached = vec![dir];
        let mut taken = Vec::with_capacity(self.changes.len());
        for change in self.changes.iter().rev() {
            let take = change.places().any(|(dir, _)| reached.contains(dir));
            if take {
                reached.extend(change.places().map(|(dir, _)| *dir));
            }
            taken.push(take);
        }
        let changes = std::mem::take(&mut self.changes);
        for (change, take) in changes.into_iter().zip(taken.into_iter().rev()) {
            if take {
                change.apply(self);
            } else {
                self.changes.push(change);
            }
        }
        Ok(())
    }
}

/// A later write to a page that a failed sync gave up makes the whole page dirty again.
fn whole_pages(cached: &[u8], at: u64, length: usize) -> Effect {
    let end = (at + length as u64).next_multiple_of(PAGE);
    let start = usize::try_from(at - at % PAGE).unwrap_or(usize::MAX);
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(cached.len());
    Effect::Write {
        at: start as u64,
        bytes: cached[start.min(end)..end].into(),
    }
}

/// Files are small here; one that is not is an error of the test.
pub(super) fn index(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| Errno::EFBIG)
}
