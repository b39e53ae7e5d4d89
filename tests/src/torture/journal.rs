//! The journal as an auditor reads it: raw lines, a tree of our own over them, signed checkpoints.

use std::collections::BTreeMap;

use custos_core::Terminal;
use custos_protocol::{
    checkpoint::Checkpoint,
    clip::ClipDigest,
    journal::{Entry, Event, Sealed},
    merkle::{self, MemoryTree},
    note::{Note, Verifier},
};

use super::mp4::Fault;

/// Everything the journal says that is checked here.
#[derive(Debug, Default)]
pub(super) struct Journal {
    tree: MemoryTree,
    /// Clips in the order in which they were first spoken of.
    pub(super) order: Vec<String>,
    pub(super) clips: BTreeMap<String, Said>,
}

/// What it says of one clip.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) recording: String,
    pub(super) began: u32,
    pub(super) progress: Vec<ClipDigest>,
    pub(super) recovered: u32,
    pub(super) sealed: Vec<Sealed>,
    pub(super) failed: Vec<String>,
    pub(super) marks: Vec<String>,
    pub(super) removed: bool,
}

impl Journal {
    /// Reads all of it.
    pub(super) fn read(terminal: &Terminal) -> Result<Self, Fault> {
        let mut journal = Self::default();
        loop {
            let from = journal.tree.size();
            let entries = terminal.journal(from);
            let entries = entries.map_err(|e| format!("the journal cannot be read: {e}"))?;
            if entries.is_empty() {
                return Ok(journal);
            }
            for raw in entries {
                let seq = journal.tree.size();
                let entry = Entry::from_raw(&raw).map_err(|_| format!("entry {seq}: malformed"))?;
                if entry.seq != seq {
                    return Err(format!("entry {seq} says that it is {}", entry.seq));
                }
                journal.tree.push(merkle::leaf_hash(raw.as_bytes()));
                if let Some(event) = entry.event() {
                    journal.take(event);
                }
            }
        }
    }

    fn of(&mut self, clip: String) -> &mut Said {
        if !self.clips.contains_key(&clip) {
            self.order.push(clip.clone());
        }
        self.clips.entry(clip).or_default()
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::RecordingBegan {
                clip, recording, ..
            } => {
                let said = self.of(clip);
                (said.recording, said.began) = (recording, said.began + 1);
            }
            Event::RecordingProgress { clip, digest, .. } => self.of(clip).progress.push(digest),
            Event::Recovered { clip, .. } => self.of(clip).recovered += 1,
            Event::Sealed(sealed) => self.of(sealed.clip.clone()).sealed.push(sealed),
            Event::RecordingFailed { clip, reason } => self.of(clip).failed.push(reason),
            Event::Mark { clip, label, .. } => self.of(clip).marks.push(label),
            Event::Purged { clip, .. } => self.of(clip).removed = true,
            _ => {}
        }
    }

    /// A checkpoint that was handed out earlier is of a prefix of what is here now.
    pub(super) fn extends(&self, note: &str, key: &Verifier) -> Result<(), Fault> {
        let note: Note = note.parse().map_err(|_| "a checkpoint is no signed note")?;
        let checkpoint = Checkpoint::open(&note, key)
            .map_err(|e| format!("a checkpoint does not verify: {e}"))?;
        let (size, now) = (checkpoint.size, self.tree.size());
        if size > now {
            return Err(format!("{size} entries were published, {now} are left"));
        }
        let root = merkle::root(size, &self.tree).unwrap_or_else(|never| match never {});
        if root != checkpoint.root {
            return Err(format!(
                "the first {size} entries are not those that were published"
            ));
        }
        Ok(())
    }

    /// A checkpoint of all of it, fresh from the terminal, checked.
    pub(super) fn publish(&self, terminal: &Terminal, key: &Verifier) -> Result<String, Fault> {
        let note = terminal.checkpoint();
        let note = note.map_err(|e| format!("no checkpoint: {e}"))?;
        self.extends(&note, key)?;
        Ok(note)
    }
}
