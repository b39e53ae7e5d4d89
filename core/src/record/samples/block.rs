//! A piece of memory with samples in it.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::super::mux::Track;
use super::{Sample, Setup};

/// Samples of one configuration, in the order in which they came: each between its [`Head`] and
/// its length once more, so that they can be walked in both directions. Together, because the
/// thread that appends finds every page of memory cold.
#[derive(Debug)]
pub(crate) struct Block {
    pub(super) setup: Arc<Setup>,
    bytes: Zeroizing<Box<[u8]>>,
    /// Where the next sample goes.
    end: usize,
    /// Where the first sample is that has not been let go.
    first: usize,
    /// How many there are …
    count: usize,
    /// … and bytes of them.
    size: usize,
    /// The clip ends before it, if it can.
    pub(super) cut: bool,
}

/// What is written before a sample.
#[derive(Debug, Clone, Copy)]
struct Head {
    pts_us: i64,
    length: u32,
    track: Track,
    key: bool,
    /// It was let go, and others before it were not.
    gone: bool,
}

impl Head {
    const BYTES: usize = 13;
    const FLAGS: usize = 12;
    const KEY: u8 = 1;
    const AUDIO: u8 = 2;
    const GONE: u8 = 4;

    #[inline]
    fn of(sample: &Sample<'_>) -> Self {
        Self {
            pts_us: sample.pts_us,
            // Samples have at most 16 MiB.
            length: sample.data.len() as u32,
            track: sample.track,
            key: sample.key,
            gone: false,
        }
    }

    #[inline]
    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.pts_us.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        let audio = self.track == Track::Audio;
        bytes[Self::FLAGS] = u8::from(self.key) * Self::KEY
            + u8::from(audio) * Self::AUDIO
            + u8::from(self.gone) * Self::GONE;
        bytes
    }

    /// The one that `bytes` begin with.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<{ Self::BYTES }>()?;
        let (pts_us, rest) = head.split_first_chunk()?;
        let (length, _) = rest.split_first_chunk()?;
        let flags = head[Self::FLAGS];
        Some(Self {
            pts_us: i64::from_le_bytes(*pts_us),
            length: u32::from_le_bytes(*length),
            track: if flags & Self::AUDIO == 0 {
                Track::Video
            } else {
                Track::Audio
            },
            key: flags & Self::KEY != 0,
            gone: flags & Self::GONE != 0,
        })
    }

    /// Bytes of the sample with all that is written around it.
    #[inline]
    fn span(self) -> usize {
        span(self.length as usize)
    }
}

/// The length after a sample.
const TAIL: usize = size_of::<u32>();

/// Bytes that a sample of this length takes in a block.
#[inline]
pub(super) const fn span(length: usize) -> usize {
    Head::BYTES + length + TAIL
}

impl Block {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            setup: Arc::default(),
            bytes: Zeroizing::new(vec![0; capacity].into_boxed_slice()),
            end: 0,
            first: 0,
            count: 0,
            size: 0,
            cut: false,
        }
    }

    /// Bytes that there is room for, samples and what is written around them.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn has_room(&self, length: usize) -> bool {
        self.bytes.len() - self.end >= span(length)
    }

    #[inline]
    pub(super) fn push(&mut self, sample: &Sample<'_>) {
        let head = Head::of(sample);
        let span = &mut self.bytes[self.end..][..head.span()];
        let (before, rest) = span.split_at_mut(Head::BYTES);
        let (data, after) = rest.split_at_mut(sample.data.len());
        before.copy_from_slice(&head.to_bytes());
        data.copy_from_slice(sample.data);
        after.copy_from_slice(&head.length.to_le_bytes());
        self.end += span.len();
        self.count += 1;
        self.size += sample.data.len();
    }

    pub(crate) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    pub(crate) fn cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn set_setup(&mut self, setup: &Arc<Setup>) {
        self.setup = Arc::clone(setup);
    }

    pub(crate) fn samples(&self) -> impl DoubleEndedIterator<Item = Sample<'_>> {
        let all = Walk {
            bytes: &self.bytes[self.first..self.end],
        };
        all.filter(|(head, _)| !head.gone)
            .map(|(head, data)| Sample {
                track: head.track,
                pts_us: head.pts_us,
                key: head.key,
                data,
            })
    }

    /// How many samples there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Bytes of them.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Lets the first sample go; gives its bytes.
    pub(super) fn pop(&mut self) -> usize {
        while let Some(head) = Head::read(&self.bytes[self.first..self.end]) {
            self.first += head.span();
            if !head.gone {
                return self.forget(head);
            }
        }
        0
    }

    /// Lets samples go for which `keep`, called in order, says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(Track, i64) -> bool) {
        let mut at = self.first;
        while let Some(head) = Head::read(&self.bytes[at..self.end]) {
            if !head.gone && !keep(head.track, head.pts_us) {
                self.bytes[at + Head::FLAGS] |= Head::GONE;
                self.forget(head);
            }
            at += head.span();
        }
    }

    fn forget(&mut self, head: Head) -> usize {
        let length = head.length as usize;
        self.count -= 1;
        self.size -= length;
        length
    }

    pub(super) fn clear(&mut self) {
        (self.first, self.end, self.count, self.size) = (0, 0, 0, 0);
        self.cut = false;
    }
}

/// Goes through the bytes of a block.
struct Walk<'a> {
    bytes: &'a [u8],
}

impl<'a> Walk<'a> {
    fn entry(span: &'a [u8]) -> Option<(Head, &'a [u8])> {
        let head = Head::read(span)?;
        Some((head, &span[Head::BYTES..span.len() - TAIL]))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Head, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let head = Head::read(self.bytes)?;
        let (span, rest) = self.bytes.split_at(head.span());
        self.bytes = rest;
        Self::entry(span)
    }
}

impl DoubleEndedIterator for Walk<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let (_, length) = self.bytes.split_last_chunk()?;
        let span = span(u32::from_le_bytes(*length) as usize);
        let (rest, span) = self.bytes.split_at(self.bytes.len() - span);
        self.bytes = rest;
        Self::entry(span)
    }
}
