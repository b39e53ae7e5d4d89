//! An MP4 file: its tracks interleaved by decoding time, sample by sample.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use custos_core::record::Track;
use mp4_atom::Mvhd;

use super::boxes::{FileBox, child, children, decode_child};
use super::fragments::Fragments;
use super::table::{SampleRef, Table};
use super::track::{self, Codec, Timing, TrackInfo};
use super::{Camera, CameraError, CameraSample, MAX_SAMPLE, Source};

/// The largest `moov` and `moof` read into memory.
const MAX_MOOV: u64 = 128 << 20;
const MAX_MOOF: u64 = 32 << 20;

/// How far to look for a track's next fragment while another has samples waiting.
const LOOK_AHEAD: usize = 8192;

#[derive(Debug)]
pub(super) struct Mp4 {
    file: File,
    length: u64,
    tracks: Vec<Reader>,
    fragments: Option<Fragments>,
    /// Where the next box is looked for.
    next_box: u64,
    /// What went wrong while looking ahead; said when what was found before is used up.
    fault: Option<CameraError>,
    position: u64,
}

/// A track as it is being read.
#[derive(Debug)]
struct Reader {
    id: u32,
    codec: Codec,
    time: Timing,
    table: Option<Table>,
    queue: VecDeque<SampleRef>,
}

pub(super) fn open(mut file: File, length: u64) -> Result<Camera, CameraError> {
    let moov = find_moov(&mut file, length)?;
    // A movie timescale of zero only makes empty edits unreadable.
    let timescale = decode_child::<Mvhd>(&moov)?.map_or(0, |mvhd| mvhd.timescale);
    let (mut video, mut audio) = (None, None);
    for (_, trak) in children(&moov).filter(|(kind, _)| kind == b"trak") {
        let Some(info) = track::parse(trak, timescale)? else {
            continue;
        };
        // A camera has one of each; further ones are other angles or languages.
        match info.codec {
            Codec::Video { .. } => video.get_or_insert(info),
            Codec::Audio(_) => audio.get_or_insert(info),
        };
    }
    let fragments = child(&moov, b"mvex").map(Fragments::new).transpose()?;
    let mut camera = Camera {
        video: None,
        audio: None,
        samples: None,
        duration_us: None,
        length,
        source: Source::Mp4(Box::new(Mp4 {
            file,
            length,
            tracks: Vec::new(),
            fragments,
            next_box: 0,
            fault: None,
            position: 0,
        })),
        ended: false,
    };
    let tracks: Vec<TrackInfo> = [video, audio].into_iter().flatten().collect();
    if tracks.is_empty() {
        return Err(CameraError::Unsupported("it has neither video nor audio"));
    }
    camera.describe(&tracks);
    let Source::Mp4(mp4) = &mut camera.source else {
        return Err(CameraError::Empty);
    };
    mp4.tracks = tracks.into_iter().map(Reader::new).collect();
    mp4.fill()?;
    if mp4.tracks.iter().all(|t| t.queue.is_empty()) {
        return Err(mp4.fault.take().unwrap_or(CameraError::Empty));
    }
    Ok(camera)
}

impl Camera {
    fn describe(&mut self, tracks: &[TrackInfo]) {
        let Source::Mp4(mp4) = &self.source else {
            return;
        };
        let fragmented = mp4.fragments.is_some();
        for track in tracks {
            match &track.codec {
                Codec::Video { info, .. } => self.video = Some(info.clone()),
                Codec::Audio(info) => self.audio = Some(info.clone()),
            }
            if !fragmented {
                let samples = self.samples.get_or_insert(0);
                *samples += u64::from(track.table.len());
                let length = track.time.length_us(track.duration);
                self.duration_us = Some(self.duration_us.map_or(length, |d| d.max(length)));
            }
        }
    }
}

fn find_moov(file: &mut File, length: u64) -> Result<Vec<u8>, CameraError> {
    let mut at = 0;
    let mut known = false;
    loop {
        let found = match FileBox::at(file, at, length) {
            Ok(Some(found)) => found,
            // What does not even begin with a box is another kind of file.
            Err(CameraError::Broken(_)) if !known => break,
            Ok(None) => break,
            Err(error) => return Err(error),
        };
        match &found.kind {
            b"moov" => return found.read(file, length, MAX_MOOV),
            b"ftyp" | b"styp" | b"mdat" | b"moof" | b"free" | b"skip" | b"wide" | b"sidx" => {
                known = true;
            }
            _ => {}
        }
        if found.end > length {
            break;
        }
        at = found.end;
    }
    Err(match (length, known) {
        (0, _) => CameraError::Empty,
        (_, true) => CameraError::Broken("there is no complete moov box in it"),
        (_, false) => CameraError::Unsupported("it is neither MP4 nor H.264 or H.265"),
    })
}

impl Reader {
    fn new(info: TrackInfo) -> Self {
        let TrackInfo {
            id,
            codec,
            time,
            table,
            ..
        } = info;
        Self {
            id,
            codec,
            time,
            table: Some(table),
            queue: VecDeque::new(),
        }
    }

    /// Takes the next sample out of the table, if nothing waits.
    fn fill_from_table(&mut self) -> Result<(), CameraError> {
        while self.queue.is_empty() {
            let Some(table) = &mut self.table else {
                return Ok(());
            };
            match table.next()? {
                Some(sample) => self.queue.push_back(sample),
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

impl Mp4 {
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn next_sample(&mut self) -> Result<Option<CameraSample>, CameraError> {
        loop {
            self.fill()?;
            let next = self
                .tracks
                .iter_mut()
                .filter(|t| !t.queue.is_empty())
                .min_by_key(|t| t.queue.front().map(|s| t.time.us(s.dts)));
            let Some(track) = next else {
                return self.fault.take().map_or(Ok(None), Err);
            };
            let Some(sample) = track.queue.pop_front() else {
                return Ok(None);
            };
            // An empty sample holds nothing to record.
            if sample.size == 0 {
                continue;
            }
            let raw = read_sample(&mut self.file, &sample, self.length)?;
            self.position = self.position.max(sample.offset + u64::from(sample.size));
            let data = match &track.codec {
                Codec::Video { length_size, .. } => to_annex_b(&raw, usize::from(*length_size))?,
                Codec::Audio(_) => raw,
            };
            if data.is_empty() {
                continue;
            }
            let audio = track.codec.track() == Track::Audio;
            return Ok(Some(CameraSample {
                track: track.codec.track(),
                pts_us: track.time.pts_us(&sample),
                key: sample.key || audio,
                data,
            }));
        }
    }

    /// Sees to it that every track which goes on has a sample waiting.
    fn fill(&mut self) -> Result<(), CameraError> {
        if self.fault.is_some() {
            return Ok(());
        }
        for track in &mut self.tracks {
            if let Err(fault) = track.fill_from_table() {
                self.fault = Some(fault);
                return Ok(());
            }
        }
        if self.fragments.is_none() {
            return Ok(());
        }
        while self.tracks.iter().any(|t| t.queue.is_empty())
            && self.tracks.iter().map(|t| t.queue.len()).sum::<usize>() < LOOK_AHEAD
        {
            match self.read_fragment() {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads the next `moof`; `false` at the end of the file.
    fn read_fragment(&mut self) -> Result<bool, CameraError> {
        let Some(fragments) = &mut self.fragments else {
            return Ok(false);
        };
        while let Some(found) = FileBox::at(&mut self.file, self.next_box, self.length)? {
            self.next_box = found.end;
            if &found.kind != b"moof" {
                continue;
            }
            let moof = found.read(&mut self.file, self.length, MAX_MOOF)?;
            for track in &mut self.tracks {
                if let Some(table) = track.table.take() {
                    fragments.follow(track.id, table.end());
                }
            }
            for (id, samples) in fragments.read(&moof, found.start, self.length)? {
                if let Some(track) = self.tracks.iter_mut().find(|t| t.id == id) {
                    track.queue.extend(samples);
                }
            }
            return Ok(true);
        }
        if self.next_box > self.length {
            return Err(CameraError::Broken("the file ends inside a box"));
        }
        Ok(false)
    }
}

fn read_sample(file: &mut File, sample: &SampleRef, length: u64) -> Result<Vec<u8>, CameraError> {
    let size = u64::from(sample.size);
    if size > MAX_SAMPLE {
        return Err(CameraError::Broken("a sample has more than 16 MiB"));
    }
    if sample
        .offset
        .checked_add(size)
        .is_none_or(|end| end > length)
    {
        return Err(CameraError::Broken("the file ends before its last sample"));
    }
    let mut data = vec![0; sample.size as usize];
    file.seek(SeekFrom::Start(sample.offset))?;
    file.read_exact(&mut data)?;
    Ok(data)
}

/// From length fields to start codes (ISO/IEC 14496-15 §5.3.3, §8.3.3).
fn to_annex_b(mut sample: &[u8], length_size: usize) -> Result<Vec<u8>, CameraError> {
    const TORN: CameraError = CameraError::Broken("a NAL unit is longer than its sample");
    let mut out = Vec::with_capacity(sample.len() + 64);
    while !sample.is_empty() {
        let (length, rest) = sample.split_at_checked(length_size).ok_or(TORN)?;
        let length = length
            .iter()
            .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let (unit, rest) = rest.split_at_checked(length).ok_or(TORN)?;
        if !unit.is_empty() {
            out.extend_from_slice(&[0, 0, 0, 1]);
            out.extend_from_slice(unit);
        }
        sample = rest;
    }
    Ok(out)
}
