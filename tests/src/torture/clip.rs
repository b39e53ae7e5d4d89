//! One evidence file: authentic, whole, what the journal says, and what was recorded.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
};

use custos_core::record::Track;
use custos_protocol::clip::{self as tree, ClipDigest, ClipTree, SEALED_CHUNK};

use super::{
    journal::Said,
    media::Media,
    mp4::{self, Fault},
};

/// The file's digest, which is what the journal sealed; and each progress entry's is that of the
/// file's beginning.
pub(super) fn check_digest(file: &Path, said: &Said) -> Result<ClipDigest, Fault> {
    let open = || {
        File::open(file)
            .map(BufReader::new)
            .map_err(|e| format!("no file: {e}"))
    };
    let digest = tree::digest(open()?).map_err(|e| format!("no evidence file: {e}"))?;
    match said.sealed.as_slice() {
        [sealed] if sealed.digest == digest => {}
        [_] => return Err("the file is not what the journal sealed".to_owned()),
        other => return Err(format!("the journal seals it {} times", other.len())),
    }
    let mut reader = open()?;
    let header = tree::read_header(&mut reader).map_err(|e| e.to_string())?;
    let mut grown = ClipTree::new(&header);
    let mut chunk = vec![0; SEALED_CHUNK];
    for progress in &said.progress {
        while grown.digest().chunks < progress.chunks {
            reader
                .read_exact(&mut chunk)
                .map_err(|_| "a progress entry goes beyond the file's whole chunks")?;
            grown.push(&chunk);
        }
        if grown.digest() != *progress {
            return Err("a progress entry is not of this file's beginning".to_owned());
        }
    }
    Ok(digest)
}

/// ffmpeg decodes it without a word; `None` where there is no ffmpeg.
pub(super) fn decodes(mp4: &Path) -> Option<Result<(), Fault>> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-xerror", "-threads", "1"])
        .args(["-err_detect", "explode", "-i"])
        .arg(mp4)
        .args(["-f", "null", "-"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && said.trim().is_empty() {
        return Some(Ok(()));
    }
    Some(Err(format!("ffmpeg: {}", said.trim())))
}

/// How many samples of a recording have come back so far, by track.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Came {
    pub(super) video: u64,
    pub(super) audio: u64,
}

impl Came {
    pub(super) fn of(&self, track: Track) -> u64 {
        match track {
            Track::Video => self.video,
            Track::Audio => self.audio,
        }
    }
}

/// The samples of the clip are those that follow what came before, in order, none missing, none
/// twice, each at its time.
pub(super) fn follows(clip: &mp4::Clip, media: &Media, came: &mut Came) -> Result<(), Fault> {
    // By how much each track's times differ from the media's.
    let mut shifts = Vec::new();
    for track in &clip.tracks {
        let (kind, next, slack_us) = if track.video {
            (Track::Video, &mut came.video, 100)
        } else {
            // Sound is laid end to end, within half a frame at each repetition of the media.
            (Track::Audio, &mut came.audio, 40_000)
        };
        let mut first = None;
        for sample in &track.samples {
            let n = *next;
            let expected = media.expected(kind, n);
            let (hash, pts_us) = expected.ok_or_else(|| format!("{kind:?} from nowhere"))?;
            if hash != sample.hash {
                return Err(misplaced(media, kind, n, sample));
            }
            let shift = track.us(sample.pts) - pts_us;
            let first = *first.get_or_insert(shift);
            if (shift - first).abs() > slack_us {
                return Err(format!("{kind:?} sample {n} moved by {} us", shift - first));
            }
            *next += 1;
        }
        shifts.extend(first.map(|shift| (shift, slack_us)));
    }
    if let [(a, slack_a), (b, slack_b)] = shifts[..]
        && (a - b).abs() > slack_a + slack_b
    {
        return Err(format!("sound and picture lie {} us apart", a - b));
    }
    Ok(())
}

/// What is there instead, for whoever has to find out why.
fn misplaced(media: &Media, kind: Track, n: u64, sample: &mp4::Sample) -> Fault {
    let is = |at: &u64| {
        media
            .expected(kind, *at)
            .is_some_and(|e| e.0 == sample.hash)
    };
    let later = (n + 1..n + 2000).find(is);
    let earlier = (n.saturating_sub(2000)..n).rev().find(is);
    match (later, earlier) {
        (Some(at), _) if at < n + 500 => {
            format!("{kind:?}: samples {n} to {} are missing", at - 1)
        }
        (_, Some(at)) => format!("{kind:?}: sample {at} comes again instead of {n}"),
        (Some(at), None) => format!("{kind:?}: sample {at} comes instead of {n}"),
        (None, None) => format!("{kind:?}: sample {n} is not what was recorded"),
    }
}
