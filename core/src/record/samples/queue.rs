//! Samples in the order in which they came, in blocks that are used over and over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::mux::Track;
use super::block::{Block, span};
use super::{Sample, Setup, Tracks};

/// Bytes of a block: some seconds of video. A larger sample gets a block of its own.
pub(crate) const BLOCK: usize = 1 << 20;

/// Blocks that wait to be used again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Spare>>);

#[derive(Debug, Default)]
struct Spare {
    blocks: Vec<Block>,
    most: usize,
}

impl Pool {
    /// Keeps at most `most` blocks.
    pub(crate) fn new(most: usize) -> Self {
        let pool = Self::default();
        pool.lock().most = most;
        pool
    }

    /// A block with room for `length` bytes and more.
    fn take(&self, length: usize) -> Block {
        if span(length) > BLOCK {
            return Block::new(span(length));
        }
        let spare = self.lock().blocks.pop();
        spare.unwrap_or_else(|| Block::new(BLOCK))
    }

    pub(crate) fn give(&self, mut block: Block) {
        if block.capacity() > BLOCK {
            return;
        }
        block.clear();
        let mut spare = self.lock();
        if spare.blocks.len() < spare.most {
            spare.blocks.push(block);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Spare> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples in the order in which they came.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The block that is being filled.
    last: Option<Block>,
    /// Those before it.
    full: VecDeque<Block>,
    bytes: usize,
    setup: Arc<Setup>,
    /// Whether the setup has them.
    has: Tracks,
    /// The next sample is to begin a clip.
    cut: bool,
    pool: Pool,
}

impl Queue {
    pub(crate) fn new(setup: Arc<Setup>, pool: Pool) -> Self {
        Self {
            last: None,
            full: VecDeque::new(),
            bytes: 0,
            has: setup.tracks(),
            setup,
            cut: false,
            pool,
        }
    }

    pub(crate) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// What the setup has.
    #[inline]
    pub(crate) fn has(&self) -> Tracks {
        self.has
    }

    pub(crate) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// What samples are from here on.
    pub(crate) fn configure(&mut self, setup: Arc<Setup>) {
        self.has = setup.tracks();
        self.setup = setup;
    }

    /// As if all of them had come under this configuration.
    pub(crate) fn reconfigure(&mut self, setup: Arc<Setup>) {
        for block in self.full.iter_mut().chain(&mut self.last) {
            block.set_setup(&setup);
        }
        self.configure(setup);
    }

    /// Has the next sample begin a clip.
    pub(crate) fn cut(&mut self) {
        self.cut = true;
    }

    /// Copies a sample to the end.
    #[inline]
    pub(crate) fn push(&mut self, sample: &Sample<'_>) {
        let fits = self.last.as_ref().is_some_and(|block| {
            block.has_room(sample.data.len()) && Arc::ptr_eq(&block.setup, &self.setup) && !self.cut
        });
        if !fits {
            self.begin_block(sample.data.len());
        }
        if let Some(block) = &mut self.last {
            block.push(sample);
        }
        self.bytes += sample.data.len();
    }

    #[cold]
    fn begin_block(&mut self, length: usize) {
        let mut block = self.pool.take(length);
        block.set_setup(&self.setup);
        block.cut = std::mem::take(&mut self.cut);
        self.full.extend(self.last.replace(block));
    }

    /// All of them; the queue is empty then.
    pub(crate) fn take(&mut self) -> VecDeque<Block> {
        self.bytes = 0;
        let mut all = std::mem::take(&mut self.full);
        all.extend(self.last.take());
        all
    }

    /// Everything, an empty queue in its place.
    pub(crate) fn replace(&mut self) -> Self {
        let empty = Self::new(Arc::clone(&self.setup), self.pool.clone());
        std::mem::replace(self, empty)
    }

    /// Whether all samples came under this configuration.
    pub(crate) fn is_of(&self, setup: &Arc<Setup>) -> bool {
        self.blocks().all(|block| Arc::ptr_eq(&block.setup, setup))
    }

    /// Lets the first `count` samples go.
    pub(crate) fn drop_first(&mut self, mut count: u64) {
        while count > 0 {
            let Some(block) = self.full.front_mut().or(self.last.as_mut()) else {
                return;
            };
            while count > 0 && block.len() > 0 {
                self.bytes -= block.pop();
                count -= 1;
            }
            if block.len() == 0
                && let Some(block) = self.full.pop_front().or_else(|| self.last.take())
            {
                self.pool.give(block);
            }
        }
    }

    /// Lets samples go for which `keep`, called in order with track and time, says so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Track, i64) -> bool) {
        for block in self.full.iter_mut().chain(&mut self.last) {
            block.retain(&mut keep);
        }
        self.bytes = self.blocks().map(Block::size).sum();
    }

    pub(crate) fn clear(&mut self) {
        for block in self.take() {
            self.pool.give(block);
        }
    }

    fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.full.iter().chain(&self.last)
    }

    pub(crate) fn samples(&self) -> impl DoubleEndedIterator<Item = Sample<'_>> {
        self.blocks().flat_map(Block::samples)
    }

    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks().all(|block| block.len() == 0)
    }
}

#[cfg(test)]
mod tests;
