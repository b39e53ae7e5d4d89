//! An independent reader of what the recorder writes: walks a fragmented MP4 file box by box
//! (ISO/IEC 14496-12), trusts nothing, and says what is wrong in words.
//!
//! It shares no code with the muxer and knows none of its types, so that an error in both is
//! unlikely. `core`'s tests include this file by its path.

use std::collections::BTreeMap;

// By its path, so that it is the same file for whoever includes this one by its path.
#[path = "boxes.rs"]
mod boxes;

use boxes::{Box, Boxes};

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
    /// The number of the first; [`walk`] takes 1 alone.
    numbered_from: Option<u32>,
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
    let movie = moov(&boxes.expect(b"moov")?)?;
    let movie = Movie {
        numbered_from: Some(1),
        ..movie
    };
    let first = boxes.next()?;
    let movie = fragments(movie, file, first, boxes, &mut |_, _| Ok(()))?;
    for (id, track) in &movie.tracks {
        if let Some(early) = track.samples.iter().find(|sample| sample.pts < 0) {
            return Err(format!("track {id}: presented at {}", early.pts));
        }
    }
    Ok(movie)
}

/// As [`walk`], of what a player is given: the fragments may be numbered from any number on, and
/// a `sidx` for each track before them has a reference for each, of its size. Its time begins where decoding does:
/// a picture that is decoded later than it is shown, as after a cut on demand, may be before that.
///
/// # Errors
/// As there.
pub fn walk_view(file: &[u8]) -> Result<Movie> {
    let mut boxes = Boxes::of(file, 0);
    boxes.expect(b"ftyp")?;
    let movie = moov(&boxes.expect(b"moov")?)?;
    let index = boxes.expect(b"sidx")?;
    let mut first = boxes.next()?;
    let mut indexes = vec![references(&index)?];
    while let Some(index) = first.take_if(|next| next.kind == *b"sidx") {
        indexes.push(references(&index)?);
        first = boxes.next()?;
    }
    let begins = first.as_ref().map(|moof| moof.at);
    let tracks = movie.tracks.len();
    if indexes.len() > tracks || indexes.iter().any(|(_, sizes)| *sizes != indexes[0].1) {
        return Err("the indexes of the tracks differ".to_owned());
    }
    if begins.is_some_and(|at| indexes.iter().any(|(from, _)| *from != at)) {
        return Err("an index points elsewhere than to the first fragment".to_owned());
    }
    let mut sizes = indexes.swap_remove(0).1.into_iter();
    let movie = fragments(movie, file, first, boxes, &mut |moof, mdat| {
        let size = mdat.end() - moof.at;
        match sizes.next() {
            Some(told) if told == size => Ok(()),
            told => Err(format!("{moof} has {size} bytes, the index says {told:?}")),
        }
    })?;
    match sizes.next() {
        None => Ok(movie),
        Some(_) => Err("the index has more fragments than the file".to_owned()),
    }
}

/// Where a `sidx` (§8.16.3) says that the first fragment begins, and the sizes of all.
fn references(sidx: &Box<'_>) -> Result<(usize, Vec<usize>)> {
    let (version, _, mut fields) = sidx.full()?;
    let _track_and_timescale = fields.u64()?;
    let _earliest = if version == 1 {
        fields.u64()?
    } else {
        fields.u32()?.into()
    };
    let first = if version == 1 {
        fields.u64()?
    } else {
        fields.u32()?.into()
    };
    let count = fields.u32()? & 0xffff;
    let mut sizes = Vec::new();
    for _ in 0..count {
        let size = fields.u32()?;
        let _duration_and_access = fields.u64()?;
        if size >> 31 != 0 {
            return Err("the index points to another index".to_owned());
        }
        sizes.push(size as usize);
    }
    fields.end()?;
    let first = usize::try_from(first).map_err(|_| "an index points far away")?;
    Ok((sidx.end().saturating_add(first), sizes))
}

/// The fragments from `next` on. `each` is told of every one.
fn fragments<'a>(
    mut movie: Movie,
    file: &[u8],
    mut next: Option<Box<'a>>,
    mut boxes: Boxes<'a>,
    each: &mut dyn FnMut(&Box<'_>, &Box<'_>) -> Result,
) -> Result<Movie> {
    while let Some(moof) = next {
        if &moof.kind != b"moof" {
            return Err(format!("{moof} where a moof belongs"));
        }
        let mdat = boxes.expect(b"mdat")?;
        each(&moof, &mdat)?;
        fragment(&mut movie, file, &moof, &mdat)?;
        next = boxes.next()?;
    }
    for (id, track) in &movie.tracks {
        let mut times: Vec<i64> = track.samples.iter().map(|s| s.pts).collect();
        times.sort_unstable();
        if let Some(twice) = times.windows(2).find(|w| w[0] == w[1]) {
            return Err(format!("track {id}: two samples at {}", twice[0]));
        }
    }
    Ok(movie)
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
    while let Some(child) = children.next()? {
        if &child.kind == b"trex" {
            extended.push(child.full()?.2.u32()?);
        }
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
    movie.fragments += 1;
    let place = movie.fragments;
    let context = |error: String| format!("fragment {place}: {error}");
    let mut data = mdat.at + mdat.header;
    let mut children = moof.children();
    let mfhd = children.expect(b"mfhd").map_err(context)?;
    let number = mfhd.full()?.2.u32()?;
    let expected = *movie.numbered_from.get_or_insert(number) + place - 1;
    if number != expected {
        return Err(format!(
            "fragment {place} has the number {number}, not {expected}"
        ));
    }
    let mut seen = Vec::new();
    while let Some(traf) = children.next()? {
        if &traf.kind != b"traf" {
            return Err(format!("{traf} in a moof"));
        }
        let id = run(movie, file, moof.at, &traf, &mut data).map_err(context)?;
        if seen.contains(&id) {
            return Err(format!("fragment {place}: two parts of track {id}"));
        }
        seen.push(id);
    }
    let end = mdat.end();
    if data != end || seen.is_empty() {
        return Err(format!(
            "fragment {place}: samples to {data}, mdat to {end}"
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
