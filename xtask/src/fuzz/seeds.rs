//! `cargo xtask fuzz --seeds`: the inputs that the targets begin with, out of the protocol's
//! golden files and the test media. They are checked in; after a change of a format this writes
//! them anew. Inputs that a fuzzer found have other names and stay.

mod scripts;

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::folder;
use crate::step::{Result, root};

/// What all seeds' names begin with.
const PREFIX: &str = "seed-";

/// Writes all seeds in place of the former ones.
pub(super) fn write() -> Result {
    let mut corpus = Corpus::default();
    texts(&mut corpus)?;
    statements(&mut corpus)?;
    lookups(&mut corpus)?;
    merkle(&mut corpus)?;
    evidence(&mut corpus)?;
    codecs(&mut corpus)?;
    seals(&mut corpus);
    laws(&mut corpus);
    scripts::scripts(&mut corpus)?;
    corpus.store()
}

/// What officers type, and places in a pack.
fn laws(corpus: &mut Corpus) {
    for (name, words) in [
        ("number", "治安处罚法 第二十三条之一第二款"),
        ("plain", "zagl ２３"),
        ("words", "扰乱公共场所秩序 喝酒开车"),
        ("heading", "治安法 第二章 第一节"),
        ("hostile", "\" NEAR/2 * ' OR 1=1; --"),
    ] {
        for date in [5, 0x45, 0xc5] {
            corpus.kind(
                "law_query",
                &format!("{name}-{date}"),
                date,
                words.as_bytes(),
            );
        }
    }
    for (name, changes) in [
        ("sound", &[[0, 0, 0, 0]][..]),
        ("header", &[[0, 0, 18, 2], [0, 0, 0, 0]]),
        ("schema", &[[0, 0, 100, 5], [0, 0, 0, 0]]),
        ("page", &[[0, 16, 0, 13], [0, 32, 3, 255], [0, 0, 0, 0]]),
        ("short", &[[255, 0, 0, 1], [0, 0, 0, 0]]),
    ] {
        let bytes = [changes.concat().as_slice(), "噪声".as_bytes()].concat();
        corpus.add("law_pack", name, bytes);
    }
}

/// Target, name and bytes of each seed.
#[derive(Default)]
struct Corpus(Vec<(&'static str, String, Vec<u8>)>);

impl Corpus {
    fn add(&mut self, target: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((target, name.into(), bytes.into()));
    }

    fn has(&self, target: &str, name: &str) -> bool {
        self.0.iter().any(|(t, n, _)| *t == target && n == name)
    }

    /// One that has a byte in front to say what kind it is.
    fn kind(&mut self, target: &'static str, name: &str, kind: u8, bytes: &[u8]) {
        self.add(target, name, [&[kind], bytes].concat());
    }

    fn store(self) -> Result {
        let corpus = folder().join("corpus");
        let shown = |path: &Path, error| format!("{}: {error}", path.display());
        for (target, _, _) in &self.0 {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder).map_err(|e| shown(&folder, e))?;
            for entry in fs::read_dir(&folder).map_err(|e| shown(&folder, e))? {
                let path = entry.map_err(|e| shown(&folder, e))?.path();
                let seed = path.file_name().and_then(|n| n.to_str());
                if seed.is_some_and(|name| name.starts_with(PREFIX)) {
                    fs::remove_file(&path).map_err(|e| shown(&path, e))?;
                }
            }
        }
        for (target, name, bytes) in &self.0 {
            let path = corpus.join(target).join(format!("{PREFIX}{name}"));
            if path.exists() {
                return Err(format!("two seeds {target}/{name}"));
            }
            fs::write(&path, bytes).map_err(|e| shown(&path, e))?;
        }
        eprintln!("{} seeds written", self.0.len());
        Ok(())
    }
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

fn golden(name: &str) -> Result<String> {
    let bytes = read(&format!("protocol/testdata/golden/{name}.txt"))?;
    String::from_utf8(bytes).map_err(|_| format!("{name}.txt is no text"))
}

/// The JSON of a signed statement: its second line.
fn body(name: &str) -> Result<String> {
    let text = golden(name)?;
    let line = text.lines().nth(1).ok_or_else(|| format!("{name}.txt"))?;
    Ok(line.to_owned())
}

fn texts(corpus: &mut Corpus) -> Result {
    for (target, names) in [
        (
            "note",
            &[
                "keys",
                "person-key",
                "checkpoint",
                "directive-wipe",
                "policy",
                "clip-digest",
            ][..],
        ),
        (
            "checkpoint",
            &[
                "checkpoint",
                "cosigned-checkpoint",
                "earlier-checkpoint",
                "tlog-proof",
            ],
        ),
        (
            "trust",
            &[
                "receipt",
                "trust-file",
                "trust-set",
                "certificate",
                "policy",
                "directive",
                "directive-wipe",
                "ticket",
            ],
        ),
    ] {
        for name in names {
            corpus.add(target, *name, golden(name)?);
        }
    }
    let private = golden("person-key")?;
    let private = private
        .split('"')
        .find(|part| part.starts_with("PRIVATE+KEY+"));
    corpus.add(
        "note",
        "private-key",
        private.ok_or("person-key.txt has no key")?,
    );
    // Around the five bytes that a signature has at least (C2SP signed-note.md, "Signatures").
    for (length, bytes) in [(3, "AAAA"), (4, "AAAAAA=="), (5, "AAAAAAA=")] {
        let note = format!("text\n\n\u{2014} key {bytes}\n");
        corpus.add("note", format!("signature-{length}"), note);
    }
    let signed = golden("checkpoint")?;
    let plain = signed.split_inclusive("\n\n").next().unwrap_or_default();
    corpus.add(
        "checkpoint",
        "body",
        plain.strip_suffix('\n').unwrap_or(plain),
    );
    for (number, line) in golden("journal")?.lines().enumerate() {
        corpus.add("entry", format!("journal-{number}"), line);
    }
    for line in golden("events")?.lines().chain(golden("api")?.lines()) {
        let mut name = line
            .split(' ')
            .next()
            .unwrap_or_default()
            .replace(['/', '{', '}', ':', '"'], "-");
        if line.len() > name.len() {
            // Some kinds have several examples.
            while corpus.has("entry", &name) {
                name.push_str("-again");
            }
            corpus.add("entry", name, line);
        }
    }
    Ok(())
}

/// As people type, and as stations answer.
fn lookups(corpus: &mut Corpus) -> Result {
    for (name, kind, text) in [
        ("person", 0, "11010519491231002X"),
        ("person-old", 0, "110105491231002"),
        ("vehicle", 1, "京a·12345"),
        ("vehicle-energy", 1, "粤BD12345"),
        ("vehicle-many", 1, "京A12345，京A*"),
        ("case", 2, "ＡＢ－118 号"),
        ("device", 3, "cam-07"),
        ("purpose", 4, "inquiry： 118 号案"),
        ("mask-name", 5, "欧阳震华"),
        ("mask-address", 5, "北京市朝阳区某路1号"),
    ] {
        corpus.kind("lookup", name, kind, text.as_bytes());
    }
    let record = r#"{"fields":[{"name":"owner","what":"name","value":"张*"}]}"#;
    let reply = format!(r#"{{"lookup":"lookup-1","subject":"","records":[{record}],"time_ms":1}}"#);
    corpus.kind("lookup", "reply", 6, reply.as_bytes());
    let list = r#"{"note":"","key":"","entries":""}"#;
    corpus.kind("lookup", "list", 7, list.as_bytes());
    Ok(())
}

fn statements(corpus: &mut Corpus) -> Result {
    for (kind, name) in [
        (0, "directive"),
        (0, "directive-wipe"),
        (1, "directive-ack"),
        (2, "policy"),
        (3, "certificate"),
        (4, "stored"),
        (5, "enrol-proof"),
        (6, "challenge-answer"),
        (7, "trust-set"),
        (8, "grant-application"),
        (9, "grant-approval"),
        (10, "grant"),
        (11, "grant-revocation"),
        (12, "rules"),
        (13, "disclosure-request"),
        (14, "disclosure-approval"),
        (15, "disclosure-refusal"),
        (16, "disclosure"),
        (17, "change"),
    ] {
        corpus.kind("statement", name, kind, body(name)?.as_bytes());
    }
    let rotated = body("trust-set")?
        .replace("\"version\":1", "\"version\":2")
        .replace("\"threshold\":1", "\"threshold\":2");
    corpus.kind("statement", "trust-set-next", 7, rotated.as_bytes());

    // The verifier's parts: the target fills in what depends on the file and the entry.
    let next = golden("journal")?.lines().count();
    let digest = |json: &str| -> String {
        let from = json
            .find("{\"chunks\"")
            .or(json.find("{\"root\""))
            .unwrap_or(0);
        let to = json[from..].find('}').map_or(from, |end| from + end + 1);
        [&json[..from], "\"DIGEST\"", &json[to..]].concat()
    };
    let number = |json: &str, name: &str| -> String {
        let from = json.find(name).map_or(0, |at| at + name.len());
        let length = json[from..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(0);
        [&json[..from], &next.to_string(), &json[from + length..]].concat()
    };
    let entry = number(&digest(golden("entry")?.trim_end()), "\"seq\":");
    let stored = number(&digest(&body("stored")?), "\"entry\":");
    let from = stored.find("\"entry_hash\":\"").map_or(0, |at| at + 14);
    let to = stored[from..].find('"').map_or(from, |end| from + end);
    let stored = [&stored[..from], "ENTRY-HASH", &stored[to..]].concat();
    let file = read("protocol/testdata/sample/photo.age")?;
    let parts = [body("certificate")?, entry, stored];
    let head: String = parts.iter().map(|part| format!("{part}\n----\n")).collect();
    corpus.add("verify", "photo", [head.as_bytes(), &file].concat());
    let recovered = head.replace("\"recovered\":false", "\"recovered\":true");
    corpus.add(
        "verify",
        "recovered",
        [recovered.as_bytes(), &file].concat(),
    );
    Ok(())
}

fn merkle(corpus: &mut Corpus) -> Result {
    for (number, line) in golden("clip-tree")?.lines().enumerate() {
        let bytes: Vec<u8> = (0..line.len() / 2)
            .filter_map(|at| u8::from_str_radix(line.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        corpus.kind("merkle", &format!("kept-{number}"), 1, &bytes);
    }
    // Size, claimed size, index, claimed index; then what is done to the path.
    for (name, numbers, changes) in [
        ("honest", [70, 70, 13, 13], &[][..]),
        ("other-size", [64, 65, 3, 3], &[]),
        ("longer", [100, 100, 99, 99], &[4, 7, 2, 0]),
        ("shorter", [513, 513, 512, 512], &[1, 0]),
        ("flipped", [300, 300, 255, 255], &[6, 2, 3, 1]),
        ("grown", [600, 600, 256, 256], &[]),
    ] {
        let numbers: Vec<u8> = numbers.iter().flat_map(|n: &u16| n.to_be_bytes()).collect();
        corpus.kind("merkle", name, 0, &[&numbers, changes].concat());
    }
    Ok(())
}

fn evidence(corpus: &mut Corpus) -> Result {
    corpus.kind(
        "evidence",
        "photo",
        0,
        &read("protocol/testdata/sample/photo.age")?,
    );
    let vectors = root().join("protocol/testdata/age");
    let mut paths: Vec<PathBuf> = fs::read_dir(&vectors)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path).map_err(|e| e.to_string())?;
        // What the vector says of itself ends with an empty line; some files are deflated.
        let cut = bytes.windows(2).position(|w| w == b"\n\n");
        let (Some(cut), Some(name)) = (cut, path.file_name().and_then(|n| n.to_str())) else {
            continue;
        };
        if !bytes[..cut].windows(12).any(|w| w == b"compressed: ") {
            corpus.kind("evidence", name, 0, &bytes[cut + 2..]);
        }
    }
    // Which file (times two, plus one), then: what, where (four bytes), how long (two).
    for (name, which, damage) in [
        ("flip", 3, [0u8, 0, 0, 1, 0, 0, 1]),
        ("cut", 9, [1, 0, 2, 0, 0, 0, 0]),
        ("zeros", 9, [2, 0, 1, 1, 0, 0x10, 0]),
        ("drop-chunk", 9, [4, 0, 0, 1, 0x28, 0xff, 0xff]),
        ("double", 7, [6, 0, 0, 1, 0, 0, 0x10]),
        ("append", 5, [5, 0, 0, 0, 0, 0, 0x20]),
        ("whole-chunk", 9, [7, 0, 0, 0, 1, 0, 1]),
        ("end-at-chunk", 9, [7, 0, 0, 0, 1, 0, 0]),
        ("nothing", 1, [0; 7]),
    ] {
        corpus.kind("evidence", &format!("damage-{name}"), which, &damage);
    }
    Ok(())
}

/// The NAL units of a film, without start codes (ITU-T H.264 Annex B).
fn units(film: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = (3..film.len())
        .filter(|at| film[at - 3..*at] == [0, 0, 1])
        .collect();
    let ends = starts.iter().skip(1).map(|next| next - 3);
    std::iter::zip(&starts, ends.chain([film.len()]))
        .map(|(from, to)| &film[*from..to])
        .collect()
}

/// SPS and PPS of a film, in Annex-B form.
fn parameter_sets(film: &[u8]) -> Vec<u8> {
    let units = units(film).into_iter();
    let sets = units.filter(|unit| matches!(unit[0] & 0x1f, 7 | 8)).take(2);
    sets.flat_map(|unit| [&[0, 0, 0, 1], unit].concat())
        .collect()
}

fn codecs(corpus: &mut Corpus) -> Result {
    let film = read("tests/media/sample.h264")?;
    let sets = parameter_sets(&film);
    corpus.kind("codec", "film", 0, &film[..film.len().min(900)]);
    corpus.kind(
        "codec",
        "start-codes",
        0,
        b"\0\0\x01\x67\0\0\0\x01\x65\0\x03\0\0\0\0\x01\0\0\x01",
    );
    corpus.kind("codec", "config", 3, &sets);
    for (number, unit) in units(&sets).into_iter().enumerate() {
        corpus.kind("codec", &format!("unit-{number}"), 1, unit);
    }
    for (number, preset) in super::script::samples::VIDEO_PRESETS.iter().enumerate() {
        corpus.kind(
            "codec",
            &format!("config-{number}"),
            3 + 5 * number as u8,
            preset,
        );
        for (unit, bytes) in units(preset).into_iter().enumerate() {
            let kind = if bytes[0] & 1 == 0 { 4 } else { 1 };
            corpus.kind("codec", &format!("unit-{number}-{unit}"), kind, bytes);
        }
    }
    for (number, preset) in super::script::samples::AUDIO_PRESETS.iter().enumerate() {
        corpus.kind("codec", &format!("audio-{number}"), 2, preset);
    }
    Ok(())
}

fn seals(corpus: &mut Corpus) {
    // Recipients and bytes a write takes; then what (push, +4: in place), and two bytes of how
    // much: 0 as they are, 1 chunks and bytes (less 128), 2 bytes; 3 alone: a commit.
    for (name, bytes) in [
        ("empty", &[0u8, 0, 0][..]),
        ("small", &[1, 0, 0, 2, 9, 0, 3, 2, 200, 0, 3]),
        ("one-chunk", &[0, 0, 0, 1, 1, 128, 3, 3, 2, 1, 0, 3]),
        (
            "in-place",
            &[0, 0, 0, 5, 3, 128, 3, 4, 255, 255, 3, 6, 1, 0],
        ),
        ("group", &[0, 0, 0, 5, 34, 129, 3]),
        (
            "trickle",
            &[3, 0x10, 0, 5, 2, 0, 3, 0, 0x80, 0, 3, 5, 1, 129],
        ),
    ] {
        corpus.add("seal", name, bytes);
    }
}
