//! Samples on their way from whoever appends them to the committer: blocks of memory that are
//! filled by the one, emptied by the other without a lock, and used again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::annexb;
use super::codec::{AudioConfig, VideoCodec, VideoConfig};
use super::hevc;
use super::mux::{MAX_SAMPLE, MuxError, Track};

/// Bytes of a block: some seconds of video. A larger sample gets a block of its own.
pub(crate) const BLOCK: usize = 1 << 20;

/// The codec configuration of both tracks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Setup {
    pub(crate) video: Option<VideoConfig>,
    pub(crate) audio: Option<AudioConfig>,
}

impl Setup {
    /// Whether a decoder, and with it a clip, can begin at a sample: at a key picture, and where
    /// there are no pictures at any frame of sound.
    pub(super) fn begins_at(&self, track: Track, key: bool) -> bool {
        match track {
            Track::Video => key,
            Track::Audio => self.video.is_none(),
        }
    }

    /// Whether pictures after this key picture may refer to what was before it.
    pub(super) fn begins_open_gop(&self, sample: &Sample<'_>) -> bool {
        let h265 = |video: &VideoConfig| video.codec() == VideoCodec::H265;
        sample.track == Track::Video
            && self.video.as_ref().is_some_and(h265)
            && hevc::is_cra(sample.data)
    }
}

/// One encoded sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) track: Track,
    pub(crate) pts_us: i64,
    pub(crate) key: bool,
    pub(crate) data: &'a [u8],
}

impl Sample<'_> {
    /// Refuses what no clip can take.
    ///
    /// # Errors
    /// [`MuxError`]; the recording can go on.
    pub(crate) fn check(&self, setup: &Setup) -> Result<(), MuxError> {
        if self.data.len() > MAX_SAMPLE {
            return Err(MuxError::SampleTooLarge);
        }
        match self.track {
            Track::Video if setup.video.is_none() => Err(MuxError::NotConfigured),
            Track::Audio if setup.audio.is_none() => Err(MuxError::NotConfigured),
            Track::Video if !is_access_unit(self.data) => Err(MuxError::BadSample),
            Track::Audio if self.data.is_empty() => Err(MuxError::BadSample),
            _ => Ok(()),
        }
    }
}

/// Whether there is a NAL unit. It begins at the beginning in all that encoders give, so that
/// nothing more is looked at.
fn is_access_unit(data: &[u8]) -> bool {
    let has_unit = |data| annexb::nal_units(data).next().is_some();
    has_unit(&data[..data.len().min(64)]) || has_unit(data)
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    pts_us: i64,
    offset: u32,
    length: u32,
    track: Track,
    key: bool,
}

/// Samples of one configuration, in the order in which they came.
#[derive(Debug)]
pub(super) struct Block {
    setup: Arc<Setup>,
    /// Its capacity never changes: what is written here is moved nowhere else.
    bytes: Zeroizing<Vec<u8>>,
    entries: Vec<Entry>,
    /// Entries before this one have been let go.
    first: usize,
    /// The clip ends before it, if it can.
    cut: bool,
}

impl Block {
    fn new(capacity: usize) -> Self {
        Self {
            setup: Arc::default(),
            bytes: Zeroizing::new(Vec::with_capacity(capacity)),
            entries: Vec::new(),
            first: 0,
            cut: false,
        }
    }

    fn has_room(&self, length: usize) -> bool {
        self.bytes.capacity() - self.bytes.len() >= length
    }

    fn push(&mut self, sample: &Sample<'_>) {
        self.entries.push(Entry {
            pts_us: sample.pts_us,
            // Samples have at most 16 MiB.
            offset: self.bytes.len() as u32,
            length: sample.data.len() as u32,
            track: sample.track,
            key: sample.key,
        });
        self.bytes.extend_from_slice(sample.data);
    }

    pub(super) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    pub(super) fn cut(&self) -> bool {
        self.cut
    }

    pub(super) fn set_setup(&mut self, setup: &Arc<Setup>) {
        self.setup = Arc::clone(setup);
    }

    pub(super) fn samples(&self) -> impl DoubleEndedIterator<Item = Sample<'_>> {
        self.entries[self.first..].iter().map(|entry| Sample {
            track: entry.track,
            pts_us: entry.pts_us,
            key: entry.key,
            data: &self.bytes[entry.offset as usize..][..entry.length as usize],
        })
    }

    /// How many samples there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.first
    }

    /// Bytes of them.
    pub(super) fn size(&self) -> usize {
        let live = &self.entries[self.first..];
        live.iter().map(|entry| entry.length as usize).sum()
    }

    /// Lets the first sample go; gives its bytes.
    fn pop(&mut self) -> usize {
        let length = self.entries[self.first].length;
        self.first += 1;
        length as usize
    }

    /// Lets samples go for which `keep`, called in order, says so.
    fn retain(&mut self, mut keep: impl FnMut(Track, i64) -> bool) {
        self.entries.drain(..self.first);
        self.first = 0;
        self.entries.retain(|entry| keep(entry.track, entry.pts_us));
    }
}

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
        if length > BLOCK {
            return Block::new(length);
        }
        let spare = self.lock().blocks.pop();
        spare.unwrap_or_else(|| Block::new(BLOCK))
    }

    pub(super) fn give(&self, mut block: Block) {
        if block.bytes.capacity() > BLOCK {
            return;
        }
        block.bytes.clear();
        block.entries.clear();
        (block.first, block.cut) = (0, false);
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
    setup: Arc<Setup>,
    blocks: VecDeque<Block>,
    bytes: usize,
    pool: Pool,
    /// The next sample is to begin a clip.
    cut: bool,
}

impl Queue {
    pub(crate) fn new(setup: Arc<Setup>, pool: Pool) -> Self {
        Self {
            setup,
            blocks: VecDeque::new(),
            bytes: 0,
            pool,
            cut: false,
        }
    }

    pub(super) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    pub(super) fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// What samples are from here on.
    pub(super) fn configure(&mut self, setup: Arc<Setup>) {
        self.setup = setup;
    }

    /// As if all of them had come under this configuration.
    pub(super) fn reconfigure(&mut self, setup: Arc<Setup>) {
        for block in &mut self.blocks {
            block.set_setup(&setup);
        }
        self.setup = setup;
    }

    /// Has the next sample begin a clip.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    /// Copies a sample to the end.
    pub(super) fn push(&mut self, sample: &Sample<'_>) {
        let fits = self.blocks.back().is_some_and(|block| {
            block.has_room(sample.data.len()) && Arc::ptr_eq(&block.setup, &self.setup) && !self.cut
        });
        if !fits {
            let mut block = self.pool.take(sample.data.len());
            block.set_setup(&self.setup);
            block.cut = std::mem::take(&mut self.cut);
            self.blocks.push_back(block);
        }
        if let Some(block) = self.blocks.back_mut() {
            block.push(sample);
        }
        self.bytes += sample.data.len();
    }

    /// All of them; the queue is empty then.
    pub(super) fn take(&mut self) -> VecDeque<Block> {
        self.bytes = 0;
        std::mem::take(&mut self.blocks)
    }

    /// Everything, an empty queue in its place.
    pub(super) fn replace(&mut self) -> Self {
        let empty = Self::new(Arc::clone(&self.setup), self.pool.clone());
        std::mem::replace(self, empty)
    }

    /// Whether all samples came under this configuration.
    pub(super) fn is_of(&self, setup: &Arc<Setup>) -> bool {
        self.blocks
            .iter()
            .all(|block| Arc::ptr_eq(&block.setup, setup))
    }

    /// Lets the first `count` samples go.
    pub(super) fn drop_first(&mut self, mut count: u64) {
        while count > 0 {
            let Some(block) = self.blocks.front_mut() else {
                return;
            };
            while count > 0 && block.len() > 0 {
                self.bytes -= block.pop();
                count -= 1;
            }
            if block.len() == 0
                && let Some(block) = self.blocks.pop_front()
            {
                self.pool.give(block);
            }
        }
    }

    /// Lets samples go for which `keep`, called in order with track and time, says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(Track, i64) -> bool) {
        for block in &mut self.blocks {
            block.retain(&mut keep);
        }
        self.bytes = self.blocks.iter().map(Block::size).sum();
    }

    pub(super) fn clear(&mut self) {
        for block in self.take() {
            self.pool.give(block);
        }
    }

    pub(super) fn samples(&self) -> impl DoubleEndedIterator<Item = Sample<'_>> {
        self.blocks.iter().flat_map(Block::samples)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.iter().all(|block| block.len() == 0)
    }
}

#[cfg(test)]
mod tests;
