//! Every kind of damage to a sealed clip, each of which our verifier has to see: against the
//! receipt of a real station, for a clip of many chunks and fragments.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod key;

use std::fs;
use std::path::PathBuf;

use custos_core::record::seal::{self, LastChunk, PayloadKey, Recipient};
use custos_protocol::clip::{self, CHUNK, ClipTree, SEALED_CHUNK};
use custos_protocol::verify::{VerifyError, verify_clip};
use custos_tests::process::{done, sample, say};
use custos_tests::scene::{Scene, text, verify_arguments};
use serde_json::Value;

/// A sealed clip with its receipt, and what whoever has the agency's key knows of it.
struct Original {
    scene: Scene,
    clip: String,
    bundle: PathBuf,
    file: Vec<u8>,
    receipt: String,
    trust: String,
    plain: Vec<u8>,
    header: usize,
    key: [u8; 32],
    recipients: Vec<Recipient>,
}

impl Original {
    fn make() -> Self {
        let scene = Scene::on_duty();
        let media = sample().display().to_string();
        done(scene.terminal(&["record", "--media", &media, "--repeat", "4"]));
        let listed = done(scene.terminal(&["list"]));
        let clip = listed.lines.iter().find_map(|line| line["clip"].as_str());
        let clip = clip.unwrap().to_owned();
        assert_eq!(scene.sync().code, Some(0));
        assert_eq!(scene.item(&clip)["state"], "confirmed");
        let bundle = scene.export_and_verify(&clip);
        let read = |name: String| fs::read_to_string(bundle.join(name)).unwrap();
        let path = bundle.join(format!("{clip}.mp4.age"));
        let file = fs::read(&path).unwrap();
        let header = clip::read_header(&mut file.as_slice()).unwrap().len();
        let agency = fs::read_to_string(scene.station.dir().join("keys/agency.key")).unwrap();
        let recipients = recipients(&scene);
        Self {
            receipt: read(format!("{clip}.mp4.receipt")),
            trust: read("trust.json".to_owned()),
            plain: scene.open(&path),
            key: key::of_payload(&file[..header], &agency),
            header,
            recipients,
            file,
            bundle,
            clip,
            scene,
        }
    }

    fn chunks(&self) -> usize {
        (self.file.len() - self.header).div_ceil(SEALED_CHUNK)
    }

    /// Where chunk `number` is in the file.
    fn chunk(&self, number: usize) -> std::ops::Range<usize> {
        let start = self.header + number * SEALED_CHUNK;
        start..(start + SEALED_CHUNK).min(self.file.len())
    }

    /// Where a byte of the plaintext is in the file.
    fn place(&self, plain: usize) -> usize {
        self.header + plain / CHUNK * SEALED_CHUNK + plain % CHUNK
    }

    /// Where each box at the top of the video begins, and its kind.
    fn boxes(&self) -> Vec<(usize, [u8; 4])> {
        let (mut at, mut found) = (0, Vec::new());
        while at < self.plain.len() {
            let size = u32::from_be_bytes(*self.plain[at..].first_chunk().unwrap()) as usize;
            found.push((at, self.plain[at + 4..at + 8].try_into().unwrap()));
            at += size;
        }
        found
    }

    /// Where each fragment but the first begins in the plaintext.
    fn fragments(&self) -> Vec<usize> {
        let all = self.boxes().into_iter().filter(|b| &b.1 == b"moof");
        all.map(|b| b.0).skip(1).collect()
    }

    fn error(&self, twin: &[u8]) -> Option<VerifyError> {
        verify_clip(twin, &self.receipt, &self.trust).error
    }

    /// The verifier says that the twin is another file.
    fn detects(&self, what: &str, twin: &[u8]) {
        assert!(twin != self.file, "{what}: is no twin");
        let error = self.error(twin);
        let told = matches!(
            error,
            Some(VerifyError::Clip(_) | VerifyError::Length { .. } | VerifyError::Digest)
        );
        assert!(told, "{what}: {error:?}");
    }

    /// A twin that has exactly these bytes of video, and opens with the agency's key.
    fn opens_as(&self, twin: &[u8], plain: &[u8]) {
        let path = self.scene.folder.path().join("twin.age");
        fs::write(&path, twin).unwrap();
        assert!(self.scene.open(&path) == plain);
    }

    /// The clip ends here, as if nothing had followed: the same header, the same chunks, and a
    /// last chunk sealed with the file's own key.
    fn ended_at(&self, plain: usize) -> Vec<u8> {
        let whole = (plain - 1) / CHUNK;
        let mut twin = self.file[..self.header + whole * SEALED_CHUNK].to_vec();
        let mut tree = ClipTree::new(&self.file[..self.header]);
        (0..whole).for_each(|n| tree.push(&self.file[self.chunk(n)]));
        let key = PayloadKey::from_bytes(&self.key).unwrap();
        let tail = &self.plain[whole * CHUNK..plain];
        let last = LastChunk::of_torn_file(&key, tree, tail).unwrap();
        last.complete(&mut twin).unwrap();
        twin
    }

    /// Chunk `number` with other content, sealed with the file's own key.
    fn forged(&self, number: usize) -> Vec<u8> {
        let last = number + 1 == self.chunks();
        let end = self.plain.len().min((number + 1) * CHUNK);
        let mut content = self.plain[number * CHUNK..end].to_vec();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        let content = key::seal(&self.key, number, last, content);
        let mut twin = self.file.clone();
        twin[self.chunk(number)].copy_from_slice(&content);
        twin
    }
}

fn recipients(scene: &Scene) -> Vec<Recipient> {
    let agency = fs::read_to_string(scene.station.dir().join("keys/agency.key")).unwrap();
    let line = agency.lines().find(|l| l.starts_with("AGE-SECRET-KEY-"));
    let identity: age::x25519::Identity = line.unwrap().parse().unwrap();
    let other = age::x25519::Identity::generate();
    [identity, other]
        .map(|id| id.to_public().to_string().parse().unwrap())
        .into()
}

#[test]
fn no_damage_goes_unseen() {
    let original = Original::make();
    let file = &original.file;
    assert!(original.error(file).is_none());
    assert!(original.chunks() > 8 && original.fragments().len() > 8);

    cut(&original);
    appended(&original);
    moved(&original);
    zeroed_and_flipped(&original);
    made_with_the_key(&original);
    what_the_program_says(&original);
    on_the_terminal(&original);
}

fn cut(original: &Original) {
    let file = &original.file;
    for plain in original.fragments() {
        let at = original.place(plain);
        original.detects(&format!("cut at the fragment at {plain}"), &file[..at]);
    }
    for number in 0..original.chunks() {
        let at = original.chunk(number).start;
        original.detects(&format!("cut before chunk {number}"), &file[..at]);
        original.detects(&format!("cut in chunk {number}"), &file[..at + 1]);
        original.detects(&format!("cut behind a tag of {number}"), &file[..at + 16]);
    }
    for length in 0..=original.header {
        original.detects(&format!("cut in the header at {length}"), &file[..length]);
    }
    original.detects("one byte short", &file[..file.len() - 1]);
    original.detects("without its first byte", &file[1..]);
    let without =
        |range: std::ops::Range<usize>| [&file[..range.start], &file[range.end..]].concat();
    for number in 0..original.chunks() {
        original.detects(
            &format!("without chunk {number}"),
            &without(original.chunk(number)),
        );
    }
    original.detects("without its header", &file[original.header..]);
}

fn appended(original: &Original) {
    let file = &original.file;
    for length in [
        1,
        15,
        16,
        17,
        4096,
        SEALED_CHUNK - 1,
        SEALED_CHUNK,
        SEALED_CHUNK + 1,
    ] {
        let more = vec![0; length];
        original.detects(
            &format!("{length} bytes more"),
            &[file, more.as_slice()].concat(),
        );
        let more = vec![0; length];
        original.detects(
            &format!("{length} bytes before"),
            &[more.as_slice(), file].concat(),
        );
    }
    for number in 0..original.chunks() {
        let chunk = original.chunk(number);
        let more = &file[chunk.clone()];
        original.detects(
            &format!("chunk {number} once more at the end"),
            &[file, more].concat(),
        );
        let twin = [&file[..chunk.end], more, &file[chunk.end..]].concat();
        original.detects(&format!("chunk {number} doubled"), &twin);
    }
    original.detects("the file twice", &[file.as_slice(), file].concat());
}

fn moved(original: &Original) {
    let whole = original.chunks() - 1;
    for a in 0..whole {
        for b in a + 1..whole {
            let mut twin = original.file.clone();
            let (first, second) = (original.chunk(a), original.chunk(b));
            let kept = twin[first.clone()].to_vec();
            twin.copy_within(second.clone(), first.start);
            twin[second].copy_from_slice(&kept);
            original.detects(&format!("chunks {a} and {b} swapped"), &twin);
        }
    }
    let mut twin = original.file.clone();
    twin[original.header..].rotate_left(SEALED_CHUNK);
    original.detects("the first chunk last", &twin);
}

fn zeroed_and_flipped(original: &Original) {
    let file = &original.file;
    // Inside each mdat, which is inside the chunks: a sector, a block, a page of flash.
    for (at, kind) in original.boxes() {
        if &kind != b"mdat" {
            continue;
        }
        for length in [1, 512, 4096, 16_384] {
            let start = original.place(at + 16);
            let mut twin = file.clone();
            let end = (start + length).min(file.len());
            twin[start..end].fill(0);
            if twin != *file {
                original.detects(&format!("{length} zeros in the mdat at {at}"), &twin);
            }
        }
    }
    for number in 0..original.chunks() {
        let mut twin = file.clone();
        twin[original.chunk(number)].fill(0);
        original.detects(&format!("chunk {number} zeroed"), &twin);
    }
    // All over the file, and everything that is not a chunk's content: header, nonce, tags.
    let spread = (0..200).map(|n| n * file.len() / 200 + n % 7);
    let tags = (0..original.chunks()).flat_map(|n| {
        let end = original.chunk(n).end;
        [end - 16, end - 1]
    });
    let header = 0..original.header;
    for at in spread
        .chain(tags)
        .chain(header)
        .filter(|at| *at < file.len())
    {
        let mut twin = file.clone();
        twin[at] ^= 1 << (at % 8);
        original.detects(&format!("a bit of byte {at}"), &twin);
    }
}

/// Twins that any reader of age takes: whoever has the agency's key, or had the terminal's memory
/// while it recorded, can make them.
fn made_with_the_key(original: &Original) {
    for plain in original.fragments() {
        let twin = original.ended_at(plain);
        original.opens_as(&twin, &original.plain[..plain]);
        original.detects(&format!("properly ended at {plain}"), &twin);
    }
    for number in [0, 1, original.chunks() - 1] {
        let twin = original.forged(number);
        assert_eq!(twin.len(), original.file.len());
        original.detects(&format!("chunk {number} forged"), &twin);
    }
    // The same plaintext for the same people, under another file key.
    for recipients in [&original.recipients[..1], &original.recipients] {
        let seal::Begun {
            header, mut sealer, ..
        } = seal::begin(recipients).unwrap();
        let mut twin = header;
        sealer.push(&original.plain, &mut twin).unwrap();
        sealer.close().complete(&mut twin).unwrap();
        original.opens_as(&twin, &original.plain);
        original.detects("sealed once more", &twin);
    }
}

/// `custos verify`, which is what a court would run.
fn what_the_program_says(original: &Original) {
    let path = original.bundle.join(format!("{}.mp4.age", original.clip));
    let fragment = original.fragments()[5];
    let mut zeroed = original.file.clone();
    let mdat = original
        .boxes()
        .into_iter()
        .filter(|b| &b.1 == b"mdat")
        .nth(3);
    let at = original.place(mdat.unwrap().0 + 16);
    zeroed[at..at + 512].fill(0);
    let twins = [
        (original.file[..original.place(fragment)].to_vec(), "bytes"),
        (original.ended_at(fragment), "bytes"),
        (original.forged(2), "sealed and stored"),
        (zeroed, "sealed and stored"),
        (original.file[..original.header - 1].to_vec(), "ends inside"),
        (Vec::new(), "not an age file"),
    ];
    for (twin, words) in twins {
        fs::write(&path, twin).unwrap();
        let said = say(verify_arguments(&original.bundle, &original.clip));
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.error(), "not-verified", "{said:?}");
        assert_eq!(said.last()["verified"], false);
        let reason = text(&said.last()["reason"]);
        assert!(reason.contains(words), "{reason}");
    }
    fs::write(&path, &original.file).unwrap();
    done(verify_arguments(&original.bundle, &original.clip));
}

/// The terminal's own copy: it is not handed out as if it were the clip.
fn on_the_terminal(original: &Original) {
    let scene = &original.scene;
    let evidence = PathBuf::from(scene.path("terminal")).join("evidence");
    let file = evidence.join(format!("{}.age", original.clip));
    let out = scene.path("damaged");
    let mut flipped = original.file.clone();
    flipped[original.header + 100] ^= 1;
    let fragment = original.fragments()[3];
    for twin in [
        flipped,
        original.file[..original.place(fragment)].to_vec(),
        original.ended_at(fragment),
        Vec::new(),
    ] {
        fs::write(&file, twin).unwrap();
        let said = say(scene.terminal(&["export", &original.clip, "-o", &out]));
        assert_eq!(said.code, Some(4), "{said:?}");
        assert_eq!(said.error(), "evidence-damaged", "{said:?}");
        let left = fs::read_dir(&out).into_iter().flatten().count();
        assert_eq!(left, 0, "nothing that could be taken for evidence");
    }
    fs::remove_file(&file).unwrap();
    let said = say(scene.terminal(&["export", &original.clip, "-o", &out]));
    assert_eq!(said.error(), "evidence-damaged", "{said:?}");
    fs::write(&file, &original.file).unwrap();
    done(scene.terminal(&["export", &original.clip, "-o", &out]));
}

/// A file that is damaged before the station has it: the station does not take it for the clip,
/// the terminal says which one it is, and everything else is uploaded all the same.
#[test]
fn a_damaged_file_is_told_and_holds_nothing_up() {
    let scene = Scene::on_duty();
    let media = sample().display().to_string();
    let clips: Vec<String> = (0..4)
        .map(|_| {
            let said = done(scene.terminal(&["record", "--media", &media, "--station-offline"]));
            let sealed = said.lines.iter().find_map(|line| line["clip"].as_str());
            sealed.unwrap().to_owned()
        })
        .collect();
    let path =
        |clip: &str| PathBuf::from(scene.path("terminal")).join(format!("evidence/{clip}.age"));
    let whole = fs::read(path(&clips[0])).unwrap();
    let mut flipped = whole.clone();
    flipped[70_000] ^= 1;
    fs::write(path(&clips[0]), flipped).unwrap();
    let short = fs::read(path(&clips[1])).unwrap();
    fs::write(path(&clips[1]), &short[..short.len() - 1]).unwrap();
    fs::remove_file(path(&clips[2])).unwrap();

    let said = scene.sync();
    let refused = said.last()["refused"].as_array().unwrap();
    let told = |clip: &str| {
        refused
            .iter()
            .any(|r| r[0] == clip && r[1] == "evidence-damaged")
    };
    for clip in &clips[..3] {
        assert!(told(clip), "{said:?}");
        assert_eq!(scene.item(clip)["reason"], "evidence-damaged");
        assert_ne!(scene.item(clip)["state"], "confirmed");
    }
    assert_eq!(scene.item(&clips[3])["state"], "confirmed", "{said:?}");

    // It was a bad read, or a copy was at hand: then the clip goes its way.
    fs::write(path(&clips[0]), &whole).unwrap();
    scene.sync();
    let item = scene.item(&clips[0]);
    assert_eq!(
        (&item["state"], &item["reason"]),
        (&"confirmed".into(), &Value::Null)
    );
}
