//! What ffmpeg makes of two files, compared.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How far sound may move against the picture.
const SKEW: f64 = 0.020;

/// Everything that ffmpeg can complain about in a file, and no going on after it.
const STRICT: &[&str] = &[
    "-xerror",
    "-err_detect",
    "crccheck+bitstream+buffer+explode+careful+compliant+aggressive",
];

/// A decoded frame: presentation time in s, and hash.
pub(crate) type Frame = (f64, String);

/// What ffmpeg makes of a file's first video and audio stream.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) video: Vec<Frame>,
    pub(crate) audio: Vec<Frame>,
    /// What it had to say about it.
    pub(crate) said: String,
}

/// Decodes a file, with these options for it; strictly.
pub(crate) fn decode(file: &Path, input: &[&str]) -> Decoded {
    run(file, &[STRICT, input].concat())
}

/// … taking what can be had of a damaged file.
pub(crate) fn decode_leniently(file: &Path, input: &[&str]) -> Decoded {
    run(file, input)
}

fn run(file: &Path, input: &[&str]) -> Decoded {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-flags2", "+skip_manual"])
        .args(input)
        .arg("-i")
        .arg(file)
        .args(["-map", "0:v:0?", "-map", "0:a:0?", "-vsync", "passthrough"])
        .args(["-copyts", "-enc_time_base", "-1", "-f", "framemd5", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut decoded = Decoded {
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        ..Decoded::default()
    };
    if !output.status.success() {
        let _ = writeln!(decoded.said, "ffmpeg: {}", output.status);
    }
    let (mut bases, mut kinds) = (HashMap::new(), HashMap::new());
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        // "#tb 0: 1/90000", "#media_type 0: video", and then a line for each frame.
        let mut about = line.split([' ', ':', '/']).filter(|word| !word.is_empty());
        match (about.next(), about.next()) {
            (Some("#tb"), Some(stream)) => {
                let mut number = || about.next().unwrap().parse::<f64>().unwrap();
                bases.insert(stream.to_owned(), number() / number());
            }
            (Some("#media_type"), Some(stream)) => {
                kinds.insert(stream.to_owned(), about.next().unwrap().to_owned());
            }
            _ => {}
        }
        if line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let time = fields[2].parse::<f64>().unwrap() * bases[fields[0]];
        let frame = (time, fields[5].to_owned());
        match kinds[fields[0]].as_str() {
            "video" => decoded.video.push(frame),
            _ => decoded.audio.push(frame),
        }
    }
    decoded
}

/// Every frame there, in order, and at its time but for a constant; returns what is wrong.
pub(crate) fn compare(name: &str, original: &[Frame], copy: &[Frame], slack: f64) -> String {
    let mut wrong = String::new();
    if original.len() != copy.len() {
        let _ = writeln!(
            wrong,
            "{name}: {} frames became {}",
            original.len(),
            copy.len()
        );
        return wrong;
    }
    let offset = original
        .first()
        .zip(copy.first())
        .map_or(0.0, |(a, b)| b.0 - a.0);
    for (at, (a, b)) in original.iter().zip(copy).enumerate() {
        if a.1 != b.1 {
            let _ = writeln!(wrong, "{name}: frame {at} differs");
            break;
        }
        if (b.0 - a.0 - offset).abs() > slack {
            let _ = writeln!(
                wrong,
                "{name}: frame {at} at {} came to {} (+{offset})",
                a.0, b.0
            );
            break;
        }
    }
    wrong
}

/// How far the copy's frames lie behind the original's: the median over frames that look like no
/// other.
fn offset(original: &[Frame], copy: &[Frame]) -> Option<f64> {
    let unique = |list: &[Frame]| {
        let mut times: HashMap<String, Option<f64>> = HashMap::new();
        for (time, hash) in list {
            let known = times.entry(hash.clone());
            known.and_modify(|t| *t = None).or_insert(Some(*time));
        }
        times
    };
    let copies = unique(copy);
    let mut offsets: Vec<f64> = unique(original)
        .into_iter()
        .filter_map(|(hash, time)| Some(copies.get(&hash).copied()?? - time?))
        .collect();
    offsets.sort_by(f64::total_cmp);
    offsets.get(offsets.len() / 2).copied()
}

/// Sound against picture, compared with how a player shows the original (edit lists honoured).
pub(crate) fn check_skew(name: &str, original: &Decoded, copy: &Decoded) -> String {
    let video = offset(&original.video, &copy.video);
    let audio = offset(&original.audio, &copy.audio);
    match (video, audio) {
        (Some(video), Some(audio)) if (video - audio).abs() >= SKEW => {
            format!(
                "{name}: sound moved by {} s against the picture\n",
                audio - video
            )
        }
        _ => String::new(),
    }
}

/// Nothing for ffprobe to say, decoding times that rise strictly, and no picture presented
/// before it is decoded.
pub(crate) fn check_times(name: &str, file: &Path) -> String {
    let entries = [
        "-v",
        "error",
        "-show_entries",
        "packet=stream_index,pts,dts",
        "-of",
        "csv=p=0",
    ];
    let output = Command::new("ffprobe")
        .args(entries)
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.is_empty() || !output.status.success() {
        return format!("{name}: ffprobe says: {said}\n");
    }
    let mut last = HashMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut fields = line.split(',');
        let stream = fields.next().unwrap_or_default().to_owned();
        let mut number = || fields.next().and_then(|f| f.trim().parse::<i64>().ok());
        let (Some(pts), Some(dts)) = (number(), number()) else {
            return format!("{name}: a packet without times: {line}\n");
        };
        if pts < dts || dts < 0 || last.insert(stream, dts).is_some_and(|before| before >= dts) {
            return format!("{name}: times out of order: {line}\n");
        }
    }
    String::new()
}
