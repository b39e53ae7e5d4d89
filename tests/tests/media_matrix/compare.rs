//! What ffmpeg makes of two files, compared.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// How far sound may move against the picture.
const SKEW: f64 = 0.020;

/// Decoded frames of the first video or audio stream: presentation time in s, and hash.
pub(crate) fn frames(file: &Path, stream: char, input: &[&str]) -> Vec<(f64, String)> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-flags2", "+skip_manual"])
        .args(input)
        .arg("-i")
        .arg(file)
        .args(["-map", &format!("0:{stream}:0?"), "-vsync", "passthrough"])
        .args(["-copyts", "-enc_time_base", "-1", "-f", "framemd5", "-"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut base = 1.0;
    let mut list = Vec::new();
    for line in text.lines() {
        if let Some((_, ratio)) = line.split_once("#tb 0: ") {
            let (num, den) = ratio.split_once('/').unwrap();
            base = num.parse::<f64>().unwrap() / den.parse::<f64>().unwrap();
        }
        if line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        list.push((
            fields[2].parse::<f64>().unwrap() * base,
            fields[5].to_owned(),
        ));
    }
    list
}

/// Every frame there, in order, and at its time but for a constant; returns what is wrong.
pub(crate) fn compare(
    name: &str,
    original: &[(f64, String)],
    copy: &[(f64, String)],
    slack: f64,
) -> String {
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
fn offset(original: &[(f64, String)], copy: &[(f64, String)]) -> Option<f64> {
    let unique = |list: &[(f64, String)], hash: &str| {
        let mut times = list.iter().filter(|f| f.1 == hash).map(|f| f.0);
        times.next().filter(|_| times.next().is_none())
    };
    let mut offsets: Vec<f64> = original
        .iter()
        .filter_map(|(_, hash)| Some(unique(copy, hash)? - unique(original, hash)?))
        .collect();
    offsets.sort_by(f64::total_cmp);
    offsets.get(offsets.len() / 2).copied()
}

/// Sound against picture, compared with how a player shows the original (edit lists honoured).
pub(crate) fn check_skew(name: &str, original: &Path, copy: &Path) -> String {
    let shift = |stream| offset(&frames(original, stream, &[]), &frames(copy, stream, &[]));
    match (shift('v'), shift('a')) {
        (Some(video), Some(audio)) if (video - audio).abs() >= SKEW => {
            format!(
                "{name}: sound moved by {} s against the picture\n",
                audio - video
            )
        }
        _ => String::new(),
    }
}

/// What a program says that should have nothing to say.
pub(crate) fn complaints(name: &str, program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    if said.is_empty() && output.status.success() {
        return String::new();
    }
    format!(
        "{name}: {program} says: {}\n",
        String::from_utf8_lossy(&said)
    )
}

/// Decoding times rise strictly, and no picture is presented before it is decoded.
pub(crate) fn check_times(name: &str, file: &Path) -> String {
    let entries = [
        "-v",
        "quiet",
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
