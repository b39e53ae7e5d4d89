//! A clip read by its boxes alone (ISO/IEC 14496-12), with none of the product's code: what was
//! written is judged by somebody who did not write it. Strict where a player is lenient: every
//! byte of every `mdat` belongs to exactly one sample, fragments are numbered without a gap, and
//! no decoding time goes back.

use custos_protocol::hash::Hash;

/// What does not hold, in words.
pub type Fault = String;

/// A whole clip.
#[derive(Debug, Clone, Default)]
pub struct Clip {
    pub fragments: u32,
    pub tracks: Vec<Track>,
}

/// One track, in decoding order.
#[derive(Debug, Clone)]
pub struct Track {
    id: u32,
    pub video: bool,
    /// Ticks a second.
    pub timescale: u32,
    pub samples: Vec<Sample>,
    defaults: Defaults,
    next_dts: u64,
}

/// One sample. Times in ticks of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub pts: i64,
    pub duration: u32,
    /// Of its bytes, as they stand in the file.
    pub hash: Hash,
}

#[derive(Debug, Clone, Copy, Default)]
struct Defaults {
    duration: u32,
    size: u32,
}

impl Track {
    /// Ticks as µs, rounded down.
    pub fn us(&self, ticks: i64) -> i64 {
        (i128::from(ticks) * 1_000_000).div_euclid(i128::from(self.timescale.max(1))) as i64
    }
}

impl Clip {
    /// # Errors
    /// The first thing that is not as it has to be.
    pub fn read(file: &[u8]) -> Result<Self, Fault> {
        let mut clip = Self::default();
        let (mut at, mut seen_moov, mut open) = (0, false, None);
        for (kind, body) in boxes(file)? {
            let start = at;
            at = start + 8 + body.len();
            match &kind {
                b"moov" if seen_moov => return Err("a second moov".to_owned()),
                b"moov" => {
                    seen_moov = true;
                    clip.tracks = tracks(body)?;
                }
                b"moof" if !seen_moov || open.is_some() => {
                    return Err("a moof without its place".to_owned());
                }
                b"moof" => open = Some((start, body)),
                b"mdat" => {
                    let (moof_at, moof) = open.take().ok_or("an mdat without a moof")?;
                    clip.fragment(file, moof_at, moof, (start + 8, body.len()))?;
                }
                _ => {}
            }
        }
        match (seen_moov, open) {
            (false, _) => Err("no moov".to_owned()),
            (_, Some(_)) => Err("the last moof has no mdat".to_owned()),
            _ => Ok(clip),
        }
    }

    /// When the last sample ends, in µs from the clip's beginning.
    pub fn end_us(&self) -> i64 {
        let ends = self.tracks.iter().flat_map(|track| {
            let end = |s: &Sample| track.us(s.pts + i64::from(s.duration));
            track.samples.iter().map(end)
        });
        ends.max().unwrap_or(0)
    }

    fn fragment(
        &mut self,
        file: &[u8],
        moof_at: usize,
        moof: &[u8],
        (data_at, data_length): (usize, usize),
    ) -> Result<(), Fault> {
        self.fragments += 1;
        let mfhd = child(moof, b"mfhd")?;
        if u32_at(mfhd, 4)? != self.fragments {
            return Err(format!("fragment {} has another number", self.fragments));
        }
        let mut ranges = Vec::new();
        for (kind, traf) in boxes(moof)? {
            if &kind == b"traf" {
                self.run(file, moof_at, traf, &mut ranges)?;
            }
        }
        // Nothing in the data but samples, and none of them twice.
        ranges.sort_unstable();
        let mut end = data_at;
        for (from, to) in ranges {
            if from != end {
                return Err(format!("fragment {}: a hole in its data", self.fragments));
            }
            end = to;
        }
        if end != data_at + data_length {
            return Err(format!(
                "fragment {}: data that no sample owns",
                self.fragments
            ));
        }
        Ok(())
    }

    fn run(
        &mut self,
        file: &[u8],
        moof_at: usize,
        traf: &[u8],
        ranges: &mut Vec<(usize, usize)>,
    ) -> Result<(), Fault> {
        let number = self.fragments;
        let fault = |what: &str| format!("fragment {number}: {what}");
        let mut tfhd = Fields::of(child(traf, b"tfhd")?)?;
        let (flags, id) = (tfhd.flags, tfhd.u32()?);
        let track = self.tracks.iter_mut().find(|track| track.id == id);
        let track = track.ok_or_else(|| fault("an unknown track"))?;
        if flags & 0x02_0000 == 0 || flags & 1 != 0 {
            return Err(fault("its data is not placed from its moof"));
        }
        tfhd.skip(flags & 2 != 0)?;
        let duration = tfhd.u32_if(flags & 8 != 0)?;
        let size = tfhd.u32_if(flags & 0x10 != 0)?;
        let defaults = Defaults {
            duration: duration.unwrap_or(track.defaults.duration),
            size: size.unwrap_or(track.defaults.size),
        };
        let mut tfdt = Fields::of(child(traf, b"tfdt")?)?;
        let mut dts = match tfdt.version {
            0 => u64::from(tfdt.u32()?),
            _ => u64::from(tfdt.u32()?) << 32 | u64::from(tfdt.u32()?),
        };
        if dts < track.next_dts {
            return Err(fault("it begins before the one before it ends"));
        }
        for (kind, body) in boxes(traf)? {
            if &kind != b"trun" {
                continue;
            }
            let mut trun = Fields::of(body)?;
            let (flags, count) = (trun.flags, trun.u32()?);
            if flags & 1 == 0 {
                return Err(fault("a run without its place"));
            }
            let mut at = moof_at.saturating_add(trun.u32()? as usize);
            trun.skip(flags & 4 != 0)?;
            for _ in 0..count {
                let duration = trun.u32_if(flags & 0x100 != 0)?;
                let size = trun.u32_if(flags & 0x200 != 0)?.unwrap_or(defaults.size) as usize;
                trun.skip(flags & 0x400 != 0)?;
                let offset = trun.u32_if(flags & 0x800 != 0)?.unwrap_or(0) as i32;
                let duration = duration.unwrap_or(defaults.duration);
                let bytes = file.get(at..at.saturating_add(size));
                let bytes = bytes.ok_or_else(|| fault("a sample outside the file"))?;
                track.samples.push(Sample {
                    pts: dts as i64 + i64::from(offset),
                    duration,
                    hash: Hash::of(bytes),
                });
                ranges.push((at, at + size));
                at += size;
                dts += u64::from(duration);
            }
            if !trun.rest.is_empty() {
                return Err(fault("a run is longer than its samples"));
            }
        }
        track.next_dts = dts;
        Ok(())
    }
}

/// A box: its kind and its content.
type Box4<'a> = ([u8; 4], &'a [u8]);

/// The boxes in `data`, which they have to fill to the byte.
fn boxes(data: &[u8]) -> Result<Vec<Box4<'_>>, Fault> {
    let (mut rest, mut found) = (data, Vec::new());
    while !rest.is_empty() {
        let size = u32_at(rest, 0)? as usize;
        let kind = rest.get(4..8).and_then(|kind| kind.try_into().ok());
        let kind: [u8; 4] = kind.ok_or("half a box header")?;
        // Ours are all small enough for the short form.
        let body = rest.get(8..size);
        let body = body
            .ok_or_else(|| format!("the box {:?} is cut short", String::from_utf8_lossy(&kind)))?;
        found.push((kind, body));
        rest = &rest[size..];
    }
    Ok(found)
}

fn child<'a>(data: &'a [u8], kind: &[u8; 4]) -> Result<&'a [u8], Fault> {
    let mut found = boxes(data)?.into_iter().filter(|(k, _)| k == kind);
    let missing = || format!("no box {:?}", String::from_utf8_lossy(kind));
    found.next().map(|(_, body)| body).ok_or_else(missing)
}

fn u32_at(data: &[u8], at: usize) -> Result<u32, Fault> {
    let bytes = data.get(at..at + 4).and_then(|b| b.try_into().ok());
    Ok(u32::from_be_bytes(bytes.ok_or("a field is cut short")?))
}

/// The fields of a full box (§4.2.2), one after the other.
struct Fields<'a> {
    version: u8,
    flags: u32,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(body: &'a [u8]) -> Result<Self, Fault> {
        let word = u32_at(body, 0)?;
        Ok(Self {
            version: (word >> 24) as u8,
            flags: word & 0xff_ffff,
            rest: &body[4..],
        })
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        let value = u32_at(self.rest, 0)?;
        self.rest = &self.rest[4..];
        Ok(value)
    }

    fn u32_if(&mut self, there: bool) -> Result<Option<u32>, Fault> {
        there.then(|| self.u32()).transpose()
    }

    fn skip(&mut self, there: bool) -> Result<(), Fault> {
        self.u32_if(there).map(drop)
    }
}

fn tracks(moov: &[u8]) -> Result<Vec<Track>, Fault> {
    let mut found = Vec::new();
    for (kind, trak) in boxes(moov)? {
        if &kind != b"trak" {
            continue;
        }
        let tkhd = child(trak, b"tkhd")?;
        // Creation and modification time come before the id: 32 or 64 bits each.
        let wide = tkhd.first() == Some(&1);
        let id = u32_at(tkhd, if wide { 20 } else { 12 })?;
        let mdia = child(trak, b"mdia")?;
        let mdhd = child(mdia, b"mdhd")?;
        let wide = mdhd.first() == Some(&1);
        let timescale = u32_at(mdhd, if wide { 20 } else { 12 })?;
        let handler = u32_at(child(mdia, b"hdlr")?, 8)?.to_be_bytes();
        found.push(Track {
            id,
            video: &handler == b"vide",
            timescale,
            samples: Vec::new(),
            defaults: Defaults::default(),
            next_dts: 0,
        });
    }
    for (kind, trex) in boxes(child(moov, b"mvex")?)? {
        if &kind != b"trex" {
            continue;
        }
        let id = u32_at(trex, 4)?;
        if let Some(track) = found.iter_mut().find(|track| track.id == id) {
            track.defaults = Defaults {
                duration: u32_at(trex, 12)?,
                size: u32_at(trex, 16)?,
            };
        }
    }
    Ok(found)
}
