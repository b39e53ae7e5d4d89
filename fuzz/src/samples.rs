//! Sequences of calls to a recorder, out of a fuzzer's bytes: one byte says which call, what
//! follows are its arguments. [`Script`] writes such sequences, for seeds.

use super::input::Input;

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Parameter sets in Annex-B form, and a rotation in quarters.
    ConfigureVideo {
        annex_b: Vec<u8>,
        quarters: u8,
    },
    ConfigureAudio {
        config: Vec<u8>,
    },
    Video {
        pts_us: i64,
        key: bool,
        data: Vec<u8>,
    },
    Audio {
        pts_us: i64,
        data: Vec<u8>,
    },
    Flush,
    /// Whatever else a target can do at this place; 0 to 255.
    Other(u8),
}

/// The codes of the calls. Numbers stay what they are: the corpus is written in them.
mod code {
    pub const PICTURE: u8 = 0;
    pub const REORDERED: u8 = 1;
    pub const PICTURE_AFTER: u8 = 2;
    pub const FRAME: u8 = 3;
    pub const FRAME_AFTER: u8 = 4;
    pub const RAW_PICTURE: u8 = 5;
    pub const FLUSH: u8 = 6;
    pub const VIDEO_PRESET: u8 = 7;
    pub const AUDIO_PRESET: u8 = 8;
    pub const VIDEO_RAW: u8 = 9;
    pub const AUDIO_RAW: u8 = 10;
    pub const PICTURE_AT: u8 = 11;
    pub const FRAME_AT: u8 = 12;
    pub const LARGE: u8 = 13;
    pub const STRETCH: u8 = 14;
    pub const OTHER: u8 = 15;
    pub const COUNT: u8 = 16;
}

/// Flags of a picture.
pub const KEY: u8 = 1;
/// An IDR slice in it.
pub const IDR: u8 = 2;
/// Parameter sets in it.
pub const SETS: u8 = 4;
/// Three-byte start codes, and zeros behind the units.
pub const SHORT: u8 = 8;
/// Units of H.265.
pub const HEVC: u8 = 16;
/// A picture that a decoder skips which begins at the key frame before it (H.265 alone).
pub const SKIPPED: u8 = 32;

/// Time between two pictures, and between two AAC frames at 48 kHz, in µs.
const PICTURE_US: i64 = 40_000;
const FRAME_US: i64 = 21_333;

/// No script makes more than this of media: a limit for a fuzzer's time. One sample that is too
/// large fits in.
const MOST_BYTES: usize = 8 << 20;
const MOST_CALLS: usize = 4_000;

/// SPS and PPS as x264 writes them: 1280x720 High with B-frames, 640x480 Baseline, and 1920x1080
/// High without. VPS, SPS and PPS as x265 writes them: 1280x720 Main with B-frames.
pub const VIDEO_PRESETS: [&[u8]; 4] = [
    b"\0\0\0\x01\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\
      \x03\x20\xf1\x83\x19\x60\0\0\0\x01\x68\xef\xbc\xb0",
    b"\0\0\0\x01\x67\x42\xc0\x1e\xda\x02\x80\xf6\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xf0\
      \x3c\x58\xba\x80\0\0\0\x01\x68\xce\x3c\x80",
    b"\0\0\x01\x67\x64\x00\x28\xac\xb4\x03\xc0\x11\x3f\x2e\x02\x20\x00\x00\x03\x00\x20\x00\x00\
      \x07\x81\xe3\x06\x54\0\0\x01\x68\xef\xbc\xb0",
    b"\0\0\0\x01\x40\x01\x0c\x01\xff\xff\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x5d\
      \x95\x98\x09\0\0\0\x01\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x5d\
      \xa0\x02\x80\x80\x2d\x16\x59\x59\xa4\x93\x2b\xc0\x5a\x02\x00\x00\x03\x00\x02\x00\x00\x03\x00\x32\
      \x10\0\0\0\x01\x44\x01\xc1\x72\xb4\x62\x40",
];

/// AAC-LC: 48 kHz stereo, 44.1 kHz mono, 8 kHz mono, and 24 kHz as the core of HE-AAC.
pub const AUDIO_PRESETS: [&[u8]; 4] = [
    &[0x11, 0x90],
    &[0x12, 0x08],
    &[0x15, 0x88],
    &[0x2b, 0x11, 0x88, 0x00],
];

/// Reads calls until the input or a limit ends.
#[derive(Debug, Clone)]
pub struct Calls<'a> {
    input: Input<'a>,
    /// The clocks of the encoders.
    video_us: i64,
    audio_us: i64,
    /// What is left of a stretch: that many pictures, and the sound that goes with them.
    stretch: u32,
    bytes: usize,
    made: usize,
}

impl<'a> Calls<'a> {
    pub fn of(input: Input<'a>) -> Self {
        Self {
            input,
            video_us: 0,
            audio_us: 0,
            stretch: 0,
            bytes: 0,
            made: 0,
        }
    }

    fn picture(&mut self, pts_us: i64, flags: u8, size: usize) -> Call {
        Call::Video {
            pts_us,
            key: flags & KEY != 0,
            data: access_unit(flags, size, self.made),
        }
    }

    fn frame(&mut self, pts_us: i64, size: usize) -> Call {
        let data = pattern(size, self.made);
        Call::Audio { pts_us, data }
    }

    fn in_stretch(&mut self) -> Call {
        if self.audio_us < self.video_us {
            let pts_us = self.audio_us;
            self.audio_us += FRAME_US;
            return self.frame(pts_us, 90);
        }
        self.stretch -= 1;
        let pts_us = self.video_us;
        self.video_us = pts_us.saturating_add(PICTURE_US);
        let flags = if self.stretch.is_multiple_of(25) {
            KEY | IDR
        } else {
            0
        };
        self.picture(pts_us, flags, 400)
    }

    fn read(&mut self) -> Option<Call> {
        // A stretch's sound follows its pictures as long as the two clocks are near.
        if self.stretch > 0 && self.audio_us > self.video_us - 10_000_000 {
            return Some(self.in_stretch());
        }
        self.stretch = 0;
        Some(match self.input.u8()? % code::COUNT {
            code::PICTURE => {
                let (flags, size) = (self.input.u8()?, self.input.u16()?);
                let pts_us = self.video_us;
                self.video_us = pts_us.saturating_add(PICTURE_US);
                self.picture(pts_us, flags, size.into())
            }
            code::REORDERED => {
                let (by, size) = (self.input.u8()? as i8, self.input.u8()?);
                let pts_us = self.video_us.saturating_add(i64::from(by) * PICTURE_US);
                self.picture(pts_us, 0, size.into())
            }
            code::PICTURE_AFTER => {
                let (ms, flags) = (self.input.u32()? as i32, self.input.u8()?);
                self.video_us = self.video_us.saturating_add(i64::from(ms) * 1000);
                self.picture(self.video_us, flags, 60)
            }
            code::FRAME => {
                let size = self.input.u8()?;
                let pts_us = self.audio_us;
                self.audio_us = pts_us.saturating_add(FRAME_US);
                self.frame(pts_us, size.into())
            }
            code::FRAME_AFTER => {
                let ms = self.input.u32()? as i32;
                self.audio_us = self.audio_us.saturating_add(i64::from(ms) * 1000);
                self.frame(self.audio_us, 50)
            }
            code::RAW_PICTURE => {
                let (flags, data) = (self.input.u8()?, self.input.piece()?);
                let pts_us = self.video_us;
                self.video_us = pts_us.saturating_add(PICTURE_US);
                Call::Video {
                    pts_us,
                    key: flags & KEY != 0,
                    data: data.to_vec(),
                }
            }
            code::FLUSH => Call::Flush,
            code::VIDEO_PRESET => {
                let which = self.input.u8()?;
                let preset = VIDEO_PRESETS[usize::from(which & 0x3f) % VIDEO_PRESETS.len()];
                Call::ConfigureVideo {
                    annex_b: preset.to_vec(),
                    quarters: which >> 6,
                }
            }
            code::AUDIO_PRESET => {
                let which = usize::from(self.input.u8()?) % AUDIO_PRESETS.len();
                Call::ConfigureAudio {
                    config: AUDIO_PRESETS[which].to_vec(),
                }
            }
            code::VIDEO_RAW => {
                let (quarters, annex_b) = (self.input.u8()? % 4, self.input.piece()?.to_vec());
                Call::ConfigureVideo { annex_b, quarters }
            }
            code::AUDIO_RAW => Call::ConfigureAudio {
                config: self.input.piece()?.to_vec(),
            },
            code::PICTURE_AT => {
                let (at, flags) = (self.input.u64()? as i64, self.input.u8()?);
                self.video_us = at;
                self.picture(at, flags, 30)
            }
            code::FRAME_AT => {
                self.audio_us = self.input.u64()? as i64;
                self.frame(self.audio_us, 30)
            }
            code::LARGE => {
                let (what, size) = (self.input.u8()?, self.input.u16()?);
                // Up to just above the 16 MiB that are allowed.
                let size = usize::from(size) * 257;
                if what & 0x80 == 0 {
                    let pts_us = self.video_us;
                    self.video_us = pts_us.saturating_add(PICTURE_US);
                    self.picture(pts_us, what, size)
                } else {
                    let pts_us = self.audio_us;
                    self.audio_us = pts_us.saturating_add(FRAME_US);
                    self.frame(pts_us, size)
                }
            }
            code::STRETCH => {
                self.stretch = u32::from(self.input.u8()?);
                return self.read();
            }
            _ => Call::Other(self.input.u8()?),
        })
    }
}

impl Iterator for Calls<'_> {
    type Item = Call;

    fn next(&mut self) -> Option<Call> {
        if self.made == MOST_CALLS || self.bytes > MOST_BYTES {
            return None;
        }
        let call = self.read()?;
        self.made += 1;
        if let Call::Video { data, .. } | Call::Audio { data, .. } = &call {
            self.bytes += data.len();
        }
        Some(call)
    }
}

/// `size` bytes, none of them zero; from four on, no two numbers have the same.
fn pattern(size: usize, number: usize) -> Vec<u8> {
    let digit = |place: usize| (number / 255_usize.pow(place as u32) % 255) as u8 + 1;
    let piece: Vec<u8> = (0..size.min(251))
        .map(|at| match at {
            0..4 => digit(at),
            _ => ((number * 131 + at * 7) % 255) as u8 + 1,
        })
        .collect();
    let mut data = piece.repeat(size.div_ceil(251).max(1));
    data.truncate(size);
    data
}

/// A picture of about that size.
fn access_unit(flags: u8, size: usize, number: usize) -> Vec<u8> {
    let start: &[u8] = if flags & SHORT == 0 {
        &[0, 0, 0, 1]
    } else {
        &[0, 0, 1]
    };
    let mut unit = Vec::with_capacity(size + 64);
    let hevc = flags & HEVC != 0;
    if flags & SETS != 0 {
        unit.extend(VIDEO_PRESETS[if hevc { 3 } else { 0 }]);
    }
    unit.extend(start);
    let header: &[u8] = match (hevc, flags & IDR != 0, flags & SKIPPED != 0) {
        (false, false, _) => &[0x41],
        (false, true, _) => &[0x65],
        (true, true, _) => &[0x26, 0x01],
        (true, false, true) => &[0x10, 0x01],
        (true, false, false) => &[0x02, 0x01],
    };
    unit.extend(header);
    unit.extend(pattern(size, number));
    if flags & SHORT != 0 {
        unit.extend([0, 0]);
    }
    unit
}

/// Writes sequences of calls.
#[derive(Debug, Clone, Default)]
pub struct Script(pub Vec<u8>);

impl Script {
    pub fn video(&mut self, preset: u8, quarters: u8) -> &mut Self {
        self.put(&[code::VIDEO_PRESET, preset | quarters << 6])
    }

    pub fn audio(&mut self, preset: u8) -> &mut Self {
        self.put(&[code::AUDIO_PRESET, preset])
    }

    pub fn video_config(&mut self, annex_b: &[u8]) -> &mut Self {
        self.put(&[code::VIDEO_RAW, 0]).piece(annex_b)
    }

    pub fn audio_config(&mut self, config: &[u8]) -> &mut Self {
        self.put(&[code::AUDIO_RAW]).piece(config)
    }

    /// The next picture in time.
    pub fn picture(&mut self, flags: u8, size: u16) -> &mut Self {
        self.put(&[code::PICTURE, flags]).put(&size.to_be_bytes())
    }

    /// A picture that many places before (or behind) the next in time.
    pub fn reordered(&mut self, by: i8, size: u8) -> &mut Self {
        self.put(&[code::REORDERED, by as u8, size])
    }

    /// A picture after a gap, or a jump back.
    pub fn picture_after(&mut self, ms: i32, flags: u8) -> &mut Self {
        self.put(&[code::PICTURE_AFTER])
            .put(&ms.to_be_bytes())
            .put(&[flags])
    }

    pub fn picture_at(&mut self, us: i64, flags: u8) -> &mut Self {
        self.put(&[code::PICTURE_AT])
            .put(&us.to_be_bytes())
            .put(&[flags])
    }

    pub fn raw_picture(&mut self, flags: u8, data: &[u8]) -> &mut Self {
        self.put(&[code::RAW_PICTURE, flags]).piece(data)
    }

    /// The next frame of sound in time.
    pub fn frame(&mut self, size: u8) -> &mut Self {
        self.put(&[code::FRAME, size])
    }

    pub fn frame_after(&mut self, ms: i32) -> &mut Self {
        self.put(&[code::FRAME_AFTER]).put(&ms.to_be_bytes())
    }

    pub fn frame_at(&mut self, us: i64) -> &mut Self {
        self.put(&[code::FRAME_AT]).put(&us.to_be_bytes())
    }

    /// A picture (or, with the flag 0x80, a frame) of `units` times 257 bytes.
    pub fn large(&mut self, flags: u8, units: u16) -> &mut Self {
        self.put(&[code::LARGE, flags]).put(&units.to_be_bytes())
    }

    /// That many pictures with the sound that goes with them.
    pub fn stretch(&mut self, pictures: u8) -> &mut Self {
        self.put(&[code::STRETCH, pictures])
    }

    pub fn flush(&mut self) -> &mut Self {
        self.put(&[code::FLUSH])
    }

    pub fn other(&mut self, what: u8) -> &mut Self {
        self.put(&[code::OTHER, what])
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    fn piece(&mut self, bytes: &[u8]) -> &mut Self {
        self.put(&(bytes.len() as u16).to_be_bytes()).put(bytes)
    }
}
