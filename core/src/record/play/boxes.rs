//! The boxes that playback looks into (ISO/IEC 14496-12), read from memory without believing
//! what they say of their sizes. What is not as it should be is `None`.

use crate::record::timeline;

/// A box in a piece of memory; offsets from that piece's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: [u8; 4],
    pub(super) start: usize,
    /// Where the content begins.
    pub(super) body: usize,
    pub(super) end: usize,
}

/// The head of a box: its type, and the bytes of head and whole (§4.2.2). A box that goes on to
/// the end of the file has no length here.
pub(super) fn head(bytes: &[u8]) -> Option<([u8; 4], u64, u64)> {
    let size = u64::from(word(bytes, 0)?);
    let kind = *bytes.get(4..)?.first_chunk()?;
    let (head, size) = match size {
        0 => return None,
        1 => (16, u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?)),
        size => (8, size),
    };
    (size >= head).then_some((kind, head, size))
}

/// The boxes in `data[from..to]`. What does not fit ends the list.
pub(super) fn within(data: &[u8], from: usize, to: usize) -> impl Iterator<Item = Found> {
    let mut at = from;
    std::iter::from_fn(move || {
        let (kind, head, size) = head(data.get(at..to)?)?;
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        if end > to {
            return None;
        }
        let found = Found {
            kind,
            start: at,
            body: at + head as usize,
            end,
        };
        at = end;
        Some(found)
    })
}

impl Found {
    pub(super) fn children(self, data: &[u8]) -> impl Iterator<Item = Found> {
        within(data, self.body, self.end)
    }

    pub(super) fn child(self, data: &[u8], kind: &[u8; 4]) -> Option<Found> {
        self.children(data).find(|found| found.kind == *kind)
    }

    fn content(self, data: &[u8]) -> &[u8] {
        &data[self.body..self.end]
    }
}

/// What `moov` says of a track (§8.2, §8.8.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TrackInfo {
    pub(super) id: u32,
    pub(super) timescale: u32,
    pub(super) video: bool,
    duration: u32,
    flags: u32,
}

/// Ticks a second of the movie (`mvhd`, §8.2.2).
pub(super) fn timescale(data: &[u8], moov: Found) -> Option<u32> {
    after_times(moov.child(data, b"mvhd")?.content(data)).filter(|scale| *scale > 0)
}

/// The field after the two times that `mvhd`, `tkhd` and `mdhd` begin with: of 8 bytes each in
/// version 1, of 4 in version 0.
fn after_times(full: &[u8]) -> Option<u32> {
    word(full, if full.first()? == &1 { 20 } else { 12 })
}

/// The tracks of a `moov`.
pub(super) fn tracks(data: &[u8], moov: Found) -> Option<Vec<TrackInfo>> {
    let mut tracks = Vec::new();
    for trak in moov.children(data).filter(|b| b.kind == *b"trak") {
        let tkhd = trak.child(data, b"tkhd")?.content(data);
        let mdia = trak.child(data, b"mdia")?;
        let mdhd = mdia.child(data, b"mdhd")?.content(data);
        let hdlr = mdia.child(data, b"hdlr")?.content(data);
        tracks.push(TrackInfo {
            id: after_times(tkhd)?,
            timescale: after_times(mdhd).filter(|scale| *scale > 0)?,
            video: hdlr.get(8..12)? == b"vide",
            ..TrackInfo::default()
        });
    }
    let mvex = moov.child(data, b"mvex")?;
    for trex in mvex.children(data).filter(|b| b.kind == *b"trex") {
        let trex = trex.content(data);
        let id = word(trex, 4)?;
        for track in tracks.iter_mut().filter(|t| t.id == id) {
            track.duration = word(trex, 12)?;
            track.flags = word(trex, 20)?;
        }
    }
    (!tracks.is_empty()).then_some(tracks)
}

/// One track's part of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) track: TrackInfo,
    /// Where the decoding time stands (§8.8.12), from the beginning of the `moof`, and in how
    /// many bytes.
    pub(super) time_at: usize,
    pub(super) time_bytes: usize,
    /// In ticks: decoding time of the first sample, earliest presentation, latest end.
    pub(super) time: u64,
    pub(super) begin: i64,
    pub(super) end: i64,
    /// Decoding can begin with the first sample.
    pub(super) sync: bool,
}

impl Part {
    pub(super) fn begin_us(&self) -> i64 {
        timeline::to_us(self.begin, self.track.timescale)
    }

    /// How much later than it is decoded something is shown at the earliest.
    pub(super) fn delay_us(&self) -> i64 {
        let time = i64::try_from(self.time).unwrap_or(i64::MAX);
        timeline::to_us(self.begin.saturating_sub(time), self.track.timescale)
    }

    pub(super) fn end_us(&self) -> i64 {
        timeline::to_us(self.end, self.track.timescale)
    }
}

/// The parts of a `moof` (§8.8.4) that have samples.
pub(super) fn parts(moof: &[u8], tracks: &[TrackInfo]) -> Option<Vec<Part>> {
    let outer = within(moof, 0, moof.len()).next()?;
    let mut parts = Vec::new();
    for traf in outer.children(moof).filter(|b| b.kind == *b"traf") {
        if let Some(part) = part(moof, traf, tracks)? {
            parts.push(part);
        }
    }
    (outer.kind == *b"moof" && !parts.is_empty()).then_some(parts)
}

fn part(moof: &[u8], traf: Found, tracks: &[TrackInfo]) -> Option<Option<Part>> {
    let tfhd = traf.child(moof, b"tfhd")?.content(moof);
    let id = word(tfhd, 4)?;
    let mut track = *tracks.iter().find(|t| t.id == id)?;
    // §8.8.7: what is there stands in the order of the flags.
    let flags = word(tfhd, 0)? & 0xff_ffff;
    let mut at = 8;
    for (flag, bytes) in [(0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4)] {
        if flags & flag != 0 {
            match flag {
                0x8 => track.duration = word(tfhd, at)?,
                0x20 => track.flags = word(tfhd, at)?,
                _ => {}
            }
            at += bytes;
        }
    }
    let tfdt = traf.child(moof, b"tfdt")?;
    let wide = *tfdt.content(moof).first()? == 1;
    let time = if wide {
        u64::from_be_bytes(*tfdt.content(moof).get(4..)?.first_chunk()?)
    } else {
        u64::from(word(tfdt.content(moof), 4)?)
    };
    let mut samples = Samples::new(i64::try_from(time).ok()?);
    for trun in traf.children(moof).filter(|b| b.kind == *b"trun") {
        samples.add(trun.content(moof), &track)?;
    }
    let Some((begin, end)) = samples.span else {
        return Some(None);
    };
    Some(Some(Part {
        track,
        time_at: tfdt.body + 4,
        time_bytes: if wide { 8 } else { 4 },
        time,
        begin,
        end,
        sync: samples.sync,
    }))
}

/// What the samples of a track's runs come to, in ticks.
struct Samples {
    next: i64,
    span: Option<(i64, i64)>,
    sync: bool,
}

impl Samples {
    fn new(time: i64) -> Self {
        Self {
            next: time,
            span: None,
            sync: false,
        }
    }

    /// Adds the samples of a `trun` (§8.8.8).
    fn add(&mut self, trun: &[u8], track: &TrackInfo) -> Option<()> {
        let version = *trun.first()?;
        let has = word(trun, 0)? & 0xff_ffff;
        let count = word(trun, 4)?;
        let mut at = 8 + if has & 0x1 != 0 { 4 } else { 0 };
        let mut first_flags = None;
        if has & 0x4 != 0 {
            first_flags = Some(word(trun, at)?);
            at += 4;
        }
        let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| has & flag != 0);
        let width = fields.iter().filter(|there| **there).count() * 4;
        if width == 0 {
            // A count alone costs nothing to write, and is not counted up to.
            return self.add_alike(count, track.duration, first_flags.unwrap_or(track.flags));
        }
        for number in 0..count {
            let entry = trun.get(at..at + width)?;
            at += width;
            let mut field = 0;
            let mut next = |there: bool| {
                let value = there.then(|| word(entry, field));
                field += if there { 4 } else { 0 };
                value.flatten()
            };
            let [duration, _size, flags, offset] = fields.map(&mut next);
            let flags = if number == 0 {
                first_flags.or(flags)
            } else {
                flags
            };
            let offset = match (offset.unwrap_or(0), version) {
                (offset, 0) => i64::from(offset),
                (offset, _) => i64::from(offset.cast_signed()),
            };
            self.sample(
                offset,
                duration.unwrap_or(track.duration),
                flags.unwrap_or(track.flags),
            )?;
        }
        Some(())
    }

    fn sample(&mut self, offset: i64, duration: u32, flags: u32) -> Option<()> {
        let begin = self.next.checked_add(offset)?;
        let end = begin.checked_add(i64::from(duration))?;
        self.next = self.next.checked_add(i64::from(duration))?;
        self.widen(begin, end, flags);
        Some(())
    }

    fn add_alike(&mut self, count: u32, duration: u32, first_flags: u32) -> Option<()> {
        if count > 0 {
            let length = i64::from(count).checked_mul(i64::from(duration))?;
            let end = self.next.checked_add(length)?;
            self.widen(self.next, end, first_flags);
            self.next = end;
        }
        Some(())
    }

    fn widen(&mut self, begin: i64, end: i64, flags: u32) {
        // `sample_is_non_sync_sample` (§8.8.3.1) of the very first one counts.
        let first = self.span.is_none();
        self.sync |= first && flags & 0x1_0000 == 0;
        let (b, e) = self.span.unwrap_or((begin, end));
        self.span = Some((b.min(begin), e.max(end)));
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
