//! What MediaInfo says of two files, compared.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a copy has in common with its original.
const SAME: [(&str, &[&str]); 2] = [
    (
        "Video",
        &[
            "Format",
            "Format_Profile",
            "Format_Level",
            "Format_Tier",
            "Width",
            "Height",
            "Rotation",
            "PixelAspectRatio",
            "ChromaSubsampling",
            "BitDepth",
            "FrameCount",
        ],
    ),
    (
        "Audio",
        &[
            "Format",
            "Format_AdditionalFeatures",
            "Channels",
            "SamplingRate",
            "FrameCount",
        ],
    ),
];

/// A last AAC frame is cut short in many a file, by the player's leave; ours last to their end.
const SLACK_S: f64 = 0.03;

/// The tracks of a file, the file itself (`General`) first.
pub(crate) fn tracks(file: &Path) -> Vec<Value> {
    let output = Command::new("mediainfo")
        .arg("--Output=JSON")
        .arg(file)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["media"]["track"].as_array().unwrap().clone()
}

fn of_type<'a>(tracks: &'a [Value], kind: &str) -> Option<&'a Value> {
    tracks.iter().find(|track| track["@type"] == kind)
}

/// What an edit list hides is in the file all the same, and so it is in ours.
fn field<'a>(track: &'a Value, name: &str) -> Option<&'a str> {
    let source = format!("Source_{name}");
    track[source.as_str()].as_str().or(track[name].as_str())
}

/// Compares what a copy is with what its original is; returns what is wrong. What MediaInfo does
/// not know of the original is not compared.
pub(crate) fn compare(name: &str, original: &Path, copy: &Path) -> String {
    let (original, copy) = (tracks(original), tracks(copy));
    let mut wrong = faults(name, &original, &copy);
    // Of a raw stream it reads the beginning, and extrapolates.
    let counted = of_type(&original, "General").is_some_and(|g| g["Format"] == "MPEG-4");
    for (kind, names) in SAME {
        let Some(before) = of_type(&original, kind) else {
            continue;
        };
        let Some(after) = of_type(&copy, kind) else {
            let _ = writeln!(wrong, "{name}: no {kind} for MediaInfo");
            continue;
        };
        for key in names {
            let (a, b) = (field(before, key), field(after, key));
            if a.is_some() && a != b && (counted || *key != "FrameCount") {
                let _ = writeln!(wrong, "{name}: {kind} {key} was {a:?}, is {b:?}");
            }
        }
        let seconds = |track| field(track, "Duration").and_then(|s| s.parse::<f64>().ok());
        if let Some(a) = seconds(before)
            && counted
            && seconds(after).is_none_or(|b| (a - b).abs() > SLACK_S)
        {
            let b = seconds(after);
            let _ = writeln!(wrong, "{name}: {kind} lasted {a}, lasts {b:?}");
        }
    }
    wrong
}

/// What MediaInfo finds wrong with a copy and did not find with its original.
pub(crate) fn faults(name: &str, original: &[Value], copy: &[Value]) -> String {
    let mut wrong = String::new();
    let format = of_type(copy, "General").map(|general| &general["Format"]);
    if format.is_none_or(|format| format != "MPEG-4") {
        let _ = writeln!(wrong, "{name}: MediaInfo takes it for {format:?}");
    }
    let mut before = Vec::new();
    find_faults(&Value::from(original.to_vec()), &mut before);
    let mut after = Vec::new();
    find_faults(&Value::from(copy.to_vec()), &mut after);
    for fault in after.iter().filter(|fault| !before.contains(fault)) {
        let _ = writeln!(wrong, "{name}: MediaInfo says {fault}");
    }
    wrong
}

/// `IsTruncated`, `ConformanceErrors` and their like, wherever they stand.
fn find_faults(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "IsTruncated" || key.starts_with("Conformance") {
                    found.push(format!("{key}: {value}"));
                }
                find_faults(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| find_faults(value, found)),
        _ => {}
    }
}
