//! What is not durable yet, and what a power cut leaves of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::OsString,
    sync::Arc,
};

use super::tree::{Body, Dir, File, Ino, ROOT, Tree};
use crate::random::Random;

/// A change of one file's contents.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Write { at: u64, bytes: Arc<[u8]> },
    Resize(u64),
}

/// A name in a folder.
pub(super) type Place = (Ino, OsString);

/// A change of names.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Link { to: Place, ino: Ino },
    Remove { from: Place },
    Rename { from: Place, to: Place, ino: Ino },
}

impl Effect {
    /// Does it to the whole contents.
    pub(super) fn apply(&self, contents: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let start = usize::try_from(*at).unwrap_or(usize::MAX);
                let end = start.saturating_add(bytes.len());
                if contents.len() < end {
                    contents.resize(end, 0);
                }
                contents[start..end].copy_from_slice(bytes);
            }
            Self::Resize(length) => {
                contents.resize(usize::try_from(*length).unwrap_or(usize::MAX), 0);
            }
        }
    }

    /// The bytes that it touches in a file that never was longer than `longest`.
    fn range(&self, longest: usize) -> std::ops::Range<usize> {
        match self {
            Self::Write { at, bytes } => {
                let start = usize::try_from(*at).unwrap_or(usize::MAX);
                start..start.saturating_add(bytes.len())
            }
            Self::Resize(length) => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                length.min(longest)..longest
            }
        }
    }

    /// Does it within some bytes of the contents.
    fn apply_within(&self, contents: &mut [u8], within: &std::ops::Range<usize>) {
        let all = self.range(contents.len());
        let (start, end) = (all.start.max(within.start), all.end.min(within.end));
        if start >= end {
            return;
        }
        match self {
            Self::Write { bytes, .. } => {
                contents[start..end].copy_from_slice(&bytes[start - all.start..end - all.start]);
            }
            Self::Resize(_) => contents[start..end].fill(0),
        }
    }
}

impl Change {
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        let (first, second) = match self {
            Self::Link { to, .. } => (to, None),
            Self::Remove { from } => (from, None),
            Self::Rename { from, to, .. } => (from, Some(to)),
        };
        std::iter::once(first).chain(second)
    }

    /// Makes it durable.
    pub(super) fn apply(self, tree: &mut Tree) {
        // A folder that is not there is one whose own name was lost: so is what was in it.
        let mut put = |place: Place, ino: Option<Ino>| {
            if let Ok(dir) = tree.dir_mut(place.0) {
                match ino {
                    Some(ino) => dir.durable.insert(place.1, ino),
                    None => dir.durable.remove(&place.1),
                };
            }
        };
        match self {
            Self::Link { to, ino } => put(to, Some(ino)),
            Self::Remove { from } => put(from, None),
            Self::Rename { from, to, ino } => {
                put(from, None);
                put(to, Some(ino));
            }
        }
    }
}

/// How a file system orders changes of names.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Those in one folder land in their order: a journal.
    Folder,
    /// Those of one name do: folders whose blocks are written one by one.
    Name,
}

impl Tree {
    /// What is there after the power was cut and came back: durable, and of what was not, what
    /// `random` leaves.
    pub(super) fn after_cut(&self, random: &mut Random) -> Self {
        let mut after = self.clone();
        let order = *random.pick(&[Order::Folder, Order::Name]);
        let survives = *random.pick(&[0, 20, 50, 80, 100]);
        let mut held_up = HashSet::new();
        for change in std::mem::take(&mut after.changes) {
            let keys: Vec<Place> = change
                .places()
                .map(|(dir, name)| match order {
                    Order::Folder => (*dir, OsString::new()),
                    Order::Name => (*dir, name.clone()),
                })
                .collect();
            if keys.iter().any(|key| held_up.contains(key)) || !random.percent(survives) {
                held_up.extend(keys);
            } else {
                change.apply(&mut after);
            }
        }
        let sector = *random.pick(&[512, 4096]);
        after.settled(|file| file.after_cut(sector, random))
    }

    /// What is durable, and nothing else.
    pub(super) fn durable_alone(&self) -> Self {
        let mut after = self.clone();
        after.changes.clear();
        after.settled(|file| Arc::clone(&file.durable))
    }

    /// Only what can be reached by durable names is left, with these contents.
    fn settled(mut self, mut contents: impl FnMut(&File) -> Arc<Vec<u8>>) -> Self {
        let mut left = HashMap::new();
        let mut next = BTreeSet::from([ROOT]);
        while let Some(ino) = next.pop_first() {
            let Some(mut node) = self.nodes.remove(&ino) else {
                continue;
            };
            match &mut node.body {
                Body::Dir(dir) => {
                    next.extend(dir.durable.values());
                    let names = std::mem::take(&mut dir.durable);
                    *dir = Dir {
                        cached: names.clone(),
                        durable: names,
                    };
                }
                Body::File(file) => {
                    let contents = contents(file);
                    *file = File::default();
                    file.cached = Arc::clone(&contents);
                    file.durable = contents;
                }
            }
            left.insert(ino, node);
        }
        self.nodes = left;
        self
    }
}

impl File {
    fn after_cut(&self, sector: usize, random: &mut Random) -> Arc<Vec<u8>> {
        let effects = self.pending.len();
        if effects == 0 {
            return Arc::clone(&self.durable);
        }
        match random.below(10) {
            0 | 1 => Arc::clone(&self.durable),
            2 | 3 => Arc::new(self.first(effects)),
            4 => {
                let first = random.below(effects as u64 + 1);
                Arc::new(self.first(usize::try_from(first).unwrap_or(effects)))
            }
            _ => Arc::new(self.torn(sector, random)),
        }
    }

    /// The contents once the first so many effects landed.
    fn first(&self, effects: usize) -> Vec<u8> {
        let mut contents = Vec::clone(&self.durable);
        for effect in &self.pending[..effects] {
            effect.apply(&mut contents);
        }
        contents
    }

    /// Each sector as it was after some effect or other, and the length likewise: a disk writes
    /// sectors when it likes, each as it is at that moment.
    fn torn(&self, sector: usize, random: &mut Random) -> Vec<u8> {
        let mut lengths = vec![self.durable.len()];
        for effect in &self.pending {
            let before = lengths[lengths.len() - 1];
            lengths.push(match effect {
                Effect::Write { .. } => before.max(effect.range(0).end),
                Effect::Resize(length) => usize::try_from(*length).unwrap_or(usize::MAX),
            });
        }
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let mut contents = Vec::clone(&self.durable);
        contents.resize(longest, 0);

        let mut touched: BTreeMap<usize, Vec<&Effect>> = BTreeMap::new();
        for effect in &self.pending {
            let range = effect.range(longest);
            for at in range.start / sector..range.end.div_ceil(sector) {
                touched.entry(at).or_default().push(effect);
            }
        }
        for (at, effects) in touched {
            let within = at * sector..((at + 1) * sector).min(longest);
            let landed = match random.below(3) {
                0 => 0,
                1 => effects.len() as u64,
                _ => random.below(effects.len() as u64 + 1),
            };
            for effect in effects.into_iter().take(landed as usize) {
                effect.apply_within(&mut contents, &within);
            }
        }
        contents.truncate(match random.below(3) {
            0 => self.durable.len(),
            1 => self.cached.len(),
            _ => *random.pick(&lengths),
        });
        contents
    }
}
