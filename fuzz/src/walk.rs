//! An independent reader of what the recorder writes: walks a fragmented MP4 file box by box
//! (ISO/IEC 14496-12), trusts nothing, and says what is wrong in words.
//!
//! It shares no code with the muxer and knows none of its types, so that an error in both is
//! unlikely. `core`'s tests include this file by its path.

use std::collections::BTreeMap;

type Result<T = (), E = String> = std::result::Result<T, E>;

/// A sample as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Decoding time, in ticks of its track.
    pub dts: i64,
    /// Presentation time.
    pub pts: i64,
    pub duration: u32,
    /// Can be decoded without others.
    pub sync: bool,
    /// Which fragment it is in, from 1.
    pub fragment: u32,
    pub data: Vec<u8>,
}

/// A track with all its samples in decoding order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// `vide` or `soun`.
    pub handler: [u8; 4],
    /// Ticks a second.
    pub timescale: u32,
    /// Type of the one sample entry, `avc1` and so on.
    pub codec: [u8; 4],
    /// The sample entry, header included.
    pub entry: Vec<u8>,
    pub samples: Vec<Sample>,
    /// Where its last fragment ends.
    end: i64,
}

/// A whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movie {
    /// By track id.
    pub tracks: BTreeMap<u32, Track>,
    pub fragments: u32,
}

impl Movie {
    pub fn video(&self) -> Option<&Track> {
        self.tracks.values().find(|t| &t.handler == b"vide")
    }

    pub fn audio(&self) -> Option<&Track> {
        self.tracks.values().find(|t| &t.handler == b"soun")
    }

    /// The samples of that track, none if there is no such track.
    pub fn samples(track: Option<&Track>) -> &[Sample] {
        track.map_or(&[], |t| &t.samples)
    }
}

/// Reads a file from its first byte to its last. Holds it to this:
///
/// - `ftyp`, `moov`, then `moof` and `mdat` in turn, and nothing else; boxes fill their parents;
/// - fragments are numbered from 1 without a gap;
/// - the runs of a fragment tile its `mdat`: no byte is in no sample, none in two;
/// - a track's fragment begins no earlier than the one before it ended;
/// - every duration is positive, no presentation time is negative, and none comes twice.
///
/// # Errors
/// What is wrong, and where.
pub fn walk(file: &[u8]) -> Result<Movie> {
    let mut boxes = Boxes::of(file, 0);
    boxes.expect(b"ftyp")?;
    let mut movie = moov(&boxes.expect(b"moov")?)?;
    while let Some(moof) = boxes.next()? {
        if &moof.kind != b"moof" {
            return Err(format!("{moof} where a moof belongs"));
        }
        let mdat = boxes.expect(b"mdat")?;
        movie.fragments += 1;
        fragment(&mut movie, file, &moof, &mdat)?;
    }
    for (id, track) in &movie.tracks {
        let mut times: Vec<i64> = track.samples.iter().map(|s| s.pts).collect();
        times.sort_unstable();
        if let Some(twice) = times.windows(2).find(|w| w[0] == w[1]) {
            return Err(format!("track {id}: two samples at {}", twice[0]));
        }
        if times.first().is_some_and(|first| *first < 0) {
            return Err(format!("track {id}: presented at {}", times[0]));
        }
    }
    Ok(movie)
}

/// A box: its type, where it begins in the file, and its payload.
struct Box<'a> {
    kind: [u8; 4],
    at: usize,
    /// Bytes of the header.
    header: usize,
    payload: &'a [u8],
}

impl std::fmt::Display for Box<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.kind.escape_ascii(), self.at)
    }
}

impl<'a> Box<'a> {
    fn children(&self) -> Boxes<'a> {
        Boxes::of(self.payload, self.at + self.header)
    }

    fn child(&self, kind: &[u8; 4]) -> Result<Box<'a>> {
        let mut found = None;
        let mut children = self.children();
        while let Some(child) = children.next()? {
            if child.kind == *kind && found.replace(child).is_some() {
                return Err(format!("{self}: two of {}", kind.escape_ascii()));
            }
        }
        found.ok_or_else(|| format!("{self}: no {}", kind.escape_ascii()))
    }

    /// Version and flags of a full box, and what follows.
    fn full(&self) -> Result<(u8, u32, Fields<'a>)> {
        let mut fields = Fields(self.payload);
        let word = fields.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff, fields))
    }
}

/// The boxes of a payload, one after the other.
struct Boxes<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Boxes<'a> {
    fn of(rest: &'a [u8], at: usize) -> Self {
        Self { rest, at }
    }

    fn next(&mut self) -> Result<Option<Box<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.at;
        let mut fields = Fields(self.rest);
        let short = u64::from(fields.u32()?);
        let kind = fields.u32()?.to_be_bytes();
        let (size, header) = if short == 1 {
            (fields.u64()?, 16)
        } else {
            (short, 8)
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|size| (header..=self.rest.len()).contains(size))
            .ok_or_else(|| {
                let (kind, left) = (kind.escape_ascii(), self.rest.len());
                format!("{kind} at {at}: {size} bytes, of {left}")
            })?;
        let (whole, rest) = self.rest.split_at(size);
        self.rest = rest;
        self.at += size;
        let payload = &whole[header..];
        Ok(Some(Box {
            kind,
            at,
            header,
            payload,
        }))
    }

    fn expect(&mut self, kind: &[u8; 4]) -> Result<Box<'a>> {
        let wanted = kind.escape_ascii();
        match self.next()? {
            Some(found) if found.kind == *kind => Ok(found),
            Some(other) => Err(format!("{other} where {wanted} belongs")),
            None => Err(format!("the end where {wanted} belongs")),
        }
    }
}

/// Big-endian fields.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or("a box is cut short")?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_be_bytes)
    }

    fn end(&self) -> Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("a box has {} bytes more than fields", self.0.len()))
        }
    }
}

fn moov(moov: &Box<'_>) -> Result<Movie> {
    let mut movie = Movie::default();
    let mut extended = Vec::new();
    let mut children = moov.children();
    while let Some(child) = children.next()? {
        if &child.kind == b"trak" {
            let (id, track) = trak(&child)?;
            if movie.tracks.insert(id, track).is_some() {
                return Err(format!("two tracks {id}"));
            }
        }
    }
    moov.child(b"mvhd")?;
    let mut children = moov.child(b"mvex")?.children();
    while let Some(trex) = children.next()? {
        let (_, _, mut fields) = trex.full()?;
        extended.push(fields.u32()?);
    }
    if !extended.iter().eq(movie.tracks.keys()) {
        return Err(format!("mvex has the tracks {extended:?}"));
    }
    Ok(movie)
}

fn trak(trak: &Box<'_>) -> Result<(u32, Track)> {
    let (version, _, mut fields) = trak.child(b"tkhd")?.full()?;
    let _created: [u8; 8] = fields.bytes()?;
    if version == 1 {
        let _more: [u8; 8] = fields.bytes()?;
    }
    let id = fields.u32()?;
    let mdia = trak.child(b"mdia")?;
    let (version, _, mut fields) = mdia.child(b"mdhd")?.full()?;
    let _created: [u8; 8] = fields.bytes()?;
    if version == 1 {
        let _more: [u8; 8] = fields.bytes()?;
    }
    let timescale = fields.u32()?;
    let (_, _, mut fields) = mdia.child(b"hdlr")?.full()?;
    let _defined = fields.u32()?;
    let handler = fields.bytes()?;
    let stbl = mdia.child(b"minf")?.child(b"stbl")?;
    // The sample table of a fragmented file describes samples and has none.
    for empty in [b"stts", b"stsc", b"stco"] {
        let (_, _, mut fields) = stbl.child(empty)?.full()?;
        if fields.u32()? != 0 {
            return Err(format!("samples in {}", empty.escape_ascii()));
        }
    }
    let (_, _, mut fields) = stbl.child(b"stsd")?.full()?;
    if fields.u32()? != 1 || timescale == 0 {
        return Err(format!("track {id}: not one sample entry, or no timescale"));
    }
    let mut entries = Boxes::of(fields.0, 0);
    let entry = entries.next()?.ok_or("no sample entry")?;
    if entries.next()?.is_some() {
        return Err(format!("track {id}: more than one sample entry"));
    }
    let track = Track {
        handler,
        timescale,
        codec: entry.kind,
        entry: fields.0.to_vec(),
        samples: Vec::new(),
        end: 0,
    };
    Ok((id, track))
}

fn fragment(movie: &mut Movie, file: &[u8], moof: &Box<'_>, mdat: &Box<'_>) -> Result {
    let number = movie.fragments;
    let context = |error: String| format!("fragment {number}: {error}");
    let mut data = mdat.at + mdat.header;
    let mut children = moof.children();
    let mfhd = children.expect(b"mfhd").map_err(context)?;
    let (_, _, mut fields) = mfhd.full()?;
    if fields.u32()? != number {
        return Err(format!("fragment {number} has another number"));
    }
    let mut seen = Vec::new();
    while let Some(traf) = children.next()? {
        if &traf.kind != b"traf" {
            return Err(format!("{traf} in a moof"));
        }
        let id = run(movie, file, moof.at, &traf, &mut data).map_err(context)?;
        if seen.contains(&id) {
            return Err(format!("fragment {number}: two parts of track {id}"));
        }
        seen.push(id);
    }
    let end = mdat.at + mdat.header + mdat.payload.len();
    if data != end || seen.is_empty() {
        return Err(format!(
            "fragment {number}: samples to {data}, mdat to {end}"
        ));
    }
    Ok(())
}

/// One track's part of a fragment. `data`: where in the file its samples have to begin; where
/// they end, when this returns.
fn run(
    movie: &mut Movie,
    file: &[u8],
    moof: usize,
    traf: &Box<'_>,
    data: &mut usize,
) -> Result<u32> {
    let (_, flags, mut fields) = traf.child(b"tfhd")?.full()?;
    let id = fields.u32()?;
    let track = movie.tracks.get_mut(&id).ok_or("an unknown track")?;
    // §8.8.7.1: default-base-is-moof, no base offset of its own.
    if flags & 0x02_0001 != 0x02_0000 {
        return Err(format!("track {id}: tfhd flags {flags:x}"));
    }
    if flags & 0x02 != 0 {
        fields.u32()?;
    }
    let mut default = |bit: u32| (flags & bit != 0).then(|| fields.u32()).transpose();
    let (duration, size, sample_flags) = (default(0x08)?, default(0x10)?, default(0x20)?);
    fields.end()?;

    let (version, _, mut fields) = traf.child(b"tfdt")?.full()?;
    let start = if version == 1 {
        fields.u64()?
    } else {
        u64::from(fields.u32()?)
    };
    fields.end()?;
    let mut dts = i64::try_from(start).map_err(|_| "a decoding time beyond all bounds")?;
    if dts < track.end {
        let end = track.end;
        return Err(format!("track {id} begins at {dts}, before {end}"));
    }

    let (version, flags, mut fields) = traf.child(b"trun")?.full()?;
    let count = fields.u32()?;
    let offset = fields.u32()? as usize;
    // data-offset-present; flags for the first sample, or for each.
    if flags & 0x01 == 0 || flags & 0x404 == 0x404 || moof + offset != *data || count == 0 {
        return Err(format!("track {id}: trun {flags:x}, {count} from {offset}"));
    }
    let mut first_flags = (flags & 0x04 != 0).then(|| fields.u32()).transpose()?;
    for _ in 0..count {
        let mut field = |bit: u32| (flags & bit != 0).then(|| fields.u32()).transpose();
        let duration = field(0x100)?.or(duration).ok_or("no duration")?;
        let size = field(0x200)?.or(size).ok_or("no size")? as usize;
        let sample_flags = field(0x400)?
            .or(first_flags.take())
            .or(sample_flags)
            .ok_or("no flags")?;
        let shift = match field(0x800)?.unwrap_or(0) {
            shift if version == 0 => i64::from(shift),
            shift => i64::from(shift as i32),
        };
        let bytes = file
            .get(*data..*data + size)
            .ok_or("a sample beyond the file")?;
        if duration == 0 || size == 0 {
            return Err(format!(
                "track {id}: a sample of {duration} ticks, {size} bytes"
            ));
        }
        track.samples.push(Sample {
            dts,
            pts: dts + shift,
            duration,
            sync: sample_flags & 0x01_0000 == 0,
            fragment: movie.fragments,
            data: bytes.to_vec(),
        });
        *data += size;
        dts += i64::from(duration);
    }
    fields.end()?;
    track.end = dts;
    Ok(id)
}
