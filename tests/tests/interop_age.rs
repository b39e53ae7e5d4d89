//! Evidence files and other people's age: Debian's `age` and the library of rage (the `age`
//! crate) open what we seal, ours opens what they seal, and all see the same file in C2SP's
//! test vectors.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    iter,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use age::{
    Decryptor, Encryptor,
    secrecy::ExposeSecret as _,
    x25519::{Identity, Recipient},
};
use custos_core::record::{
    open::Opened,
    seal::{self, LastChunk},
};
use custos_protocol::{
    clip::{self, CHUNK, ClipDigest, SEALED_CHUNK},
    hash::Hash,
};
use custos_tests::{
    process::{done, sample},
    scene::Scene,
};

/// Lengths around the ends of chunks, and one of several chunks.
const LENGTHS: [usize; 9] = [
    0,
    1,
    100,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK - 1,
    2 * CHUNK,
    5 * CHUNK + 12_345,
];

fn have_age() -> bool {
    let found = Command::new("age").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no `age` on this machine");
    }
    found
}

fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 255) as u8).collect()
}

/// Sealed by our writer, in pieces as uneven as a camera's.
fn seal(identities: &[Identity], data: &[u8]) -> (Vec<u8>, ClipDigest) {
    let recipients: Vec<seal::Recipient> = identities
        .iter()
        .map(|id| id.to_public().to_string().parse().expect("a recipient"))
        .collect();
    let mut begun = seal::begin(&recipients).expect("begun");
    let mut file = begun.header;
    let (mut rest, mut piece) = (data, 1);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece.min(rest.len()));
        begun.sealer.push(now, &mut file).expect("sealed");
        (rest, piece) = (later, piece * 3 % 70_001 + 1);
    }
    let digest = begun.sealer.close().complete(&mut file).expect("sealed");
    (file, digest)
}

fn opened_by_library(file: &[u8], identity: &Identity) -> Option<Vec<u8>> {
    let mut opened = Vec::new();
    Decryptor::new(file)
        .ok()?
        .decrypt(iter::once(identity as &dyn age::Identity))
        .ok()?
        .read_to_end(&mut opened)
        .ok()?;
    Some(opened)
}

/// By our reader, in pieces from the end to the beginning, as a player might.
fn opened_by_us(file: &[u8], identity: &Identity) -> Option<Vec<u8>> {
    let mut opened = Opened::new(Cursor::new(file), identity).ok()?;
    let mut plain = vec![0; usize::try_from(opened.size()).expect("a small file")];
    for (number, piece) in plain.chunks_mut(50_001).enumerate().rev() {
        let read = opened.read_at(number as u64 * 50_001, piece).ok()?;
        assert_eq!(read, piece.len());
    }
    Some(plain)
}

/// An identity file as the station writes its agency key: a comment and the key.
fn identity_file(folder: &Path, identity: &Identity) -> PathBuf {
    let path = folder.join("agency.key");
    let text = format!(
        "# public key: {}\n{}\n",
        identity.to_public(),
        identity.to_string().expose_secret()
    );
    fs::write(&path, text).expect("written");
    path
}

fn opened_by_debian(file: &[u8], identity: &Identity) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let sealed = folder.path().join("clip.age");
    fs::write(&sealed, file).expect("written");
    let output = Command::new("age")
        .arg("-d")
        .arg("-i")
        .arg(identity_file(folder.path(), identity))
        .arg(sealed)
        .output()
        .expect("age runs");
    output.status.success().then_some(output.stdout)
}

fn sealed_by_debian(recipients: &[Recipient], data: &[u8]) -> Vec<u8> {
    let mut command = Command::new("age");
    for recipient in recipients {
        command.arg("-r").arg(recipient.to_string());
    }
    let mut age = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("age runs");
    let mut input = age.stdin.take().expect("piped");
    let data = data.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&data));
    let output = age.wait_with_output().expect("age runs");
    writer.join().expect("written").expect("written");
    assert!(output.status.success());
    output.stdout
}

fn sealed_by_library(recipients: &[Recipient], data: &[u8]) -> Vec<u8> {
    let recipients = recipients.iter().map(|r| r as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).expect("recipients");
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).expect("a writer");
    writer.write_all(data).expect("sealed");
    writer.finish().expect("sealed");
    file
}

#[test]
fn others_open_what_we_seal() {
    let debian = have_age();
    for (number, length) in LENGTHS.into_iter().enumerate() {
        let identities: Vec<Identity> = (0..1 + number % 4).map(|_| Identity::generate()).collect();
        let data = plaintext(length);
        let (file, digest) = seal(&identities, &data);
        assert_eq!(clip::digest(file.as_slice()).expect("an age file"), digest);
        for identity in &identities {
            assert!(
                opened_by_library(&file, identity).as_ref() == Some(&data),
                "{length}"
            );
            if debian {
                assert!(
                    opened_by_debian(&file, identity).as_ref() == Some(&data),
                    "{length}"
                );
            }
        }
        let stranger = Identity::generate();
        assert!(opened_by_library(&file, &stranger).is_none());
        assert!(!debian || opened_by_debian(&file, &stranger).is_none());
    }
}

/// A file whose writer died after two and a half chunks, completed with what was committed.
#[test]
fn others_open_what_was_recovered() {
    let debian = have_age();
    let identity = Identity::generate();
    let recipient = identity
        .to_public()
        .to_string()
        .parse()
        .expect("a recipient");
    let data = plaintext(2 * CHUNK + 30_000);
    let mut begun = seal::begin(&[recipient]).expect("begun");
    let mut file = begun.header.clone();
    begun.sealer.push(&data, &mut file).expect("sealed");
    let (tree, tail) = (begun.sealer.tree().clone(), begun.sealer.tail().to_vec());
    assert_eq!(tree.digest().length, file.len() as u64);
    drop(begun.sealer);
    // Whatever was written after the last commit is cut off first.
    let torn = LastChunk::of_torn_file(&begun.key, tree, &tail).expect("fits together");
    let digest = torn.complete(&mut file).expect("sealed");
    assert_eq!(clip::digest(file.as_slice()).expect("an age file"), digest);
    assert!(opened_by_library(&file, &identity).as_ref() == Some(&data));
    assert!(opened_by_us(&file, &identity).as_ref() == Some(&data));
    assert!(!debian || opened_by_debian(&file, &identity).as_ref() == Some(&data));
}

#[test]
fn what_is_damaged_opens_nowhere() {
    let debian = have_age();
    let identity = Identity::generate();
    let (file, digest) = seal(std::slice::from_ref(&identity), &plaintext(2 * CHUNK + 999));
    let header = file.len() - 2 * SEALED_CHUNK - 999 - 16;
    for at in [
        25,
        40,
        100,
        header - 20,
        header - 1,
        header,
        header + SEALED_CHUNK,
        file.len() - 1,
    ] {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(
            opened_by_library(&damaged, &identity).is_none(),
            "byte {at}"
        );
        assert!(opened_by_us(&damaged, &identity).is_none(), "byte {at}");
        assert!(
            !debian || opened_by_debian(&damaged, &identity).is_none(),
            "byte {at}"
        );
        assert_ne!(
            clip::digest(damaged.as_slice()).ok(),
            Some(digest),
            "byte {at}"
        );
    }
    for length in [
        header + SEALED_CHUNK,
        header + 2 * SEALED_CHUNK,
        file.len() - 1,
    ] {
        let cut = &file[..length];
        assert!(opened_by_library(cut, &identity).is_none(), "{length}");
        assert!(opened_by_us(cut, &identity).is_none(), "{length}");
        assert!(
            !debian || opened_by_debian(cut, &identity).is_none(),
            "{length}"
        );
        assert_ne!(clip::digest(cut).ok(), Some(digest), "{length}");
    }
}

#[test]
fn we_open_what_others_seal() {
    let debian = have_age();
    for length in LENGTHS {
        let (agency, officer) = (Identity::generate(), Identity::generate());
        let recipients = [agency.to_public(), officer.to_public()];
        let data = plaintext(length);
        let mut files = vec![sealed_by_library(&recipients, &data)];
        if debian {
            files.push(sealed_by_debian(&recipients, &data));
        }
        for file in files {
            for identity in [&agency, &officer] {
                assert!(
                    opened_by_library(&file, identity).as_ref() == Some(&data),
                    "{length}"
                );
                assert!(
                    opened_by_us(&file, identity).as_ref() == Some(&data),
                    "{length}"
                );
            }
            let digest = clip::digest(file.as_slice()).expect("an age file");
            assert_eq!(digest.length, file.len() as u64);
            assert_eq!(digest.chunks, (length.max(1)).div_ceil(CHUNK) as u64);
        }
    }
}

/// The agency key that a station made: `age` opens with its file what a terminal sealed, and the
/// file opens what `age` sealed to its recipient.
#[test]
fn the_key_of_a_real_agency() {
    let scene = Scene::on_duty();
    let key = scene.station.dir().join("keys/agency.key");
    let text = fs::read_to_string(&key).expect("the agency's key");
    let media = sample().display().to_string();
    let said = done(scene.terminal(&["record", "--media", &media]));
    let sealed = said
        .lines
        .iter()
        .find(|l| l["event"] == "sealed")
        .expect("a sealed line");
    let clip = sealed["clip"].as_str().expect("a clip");
    done(scene.terminal(&["sync"]));
    let file = scene
        .export_and_verify(clip)
        .join(format!("{clip}.mp4.age"));
    let opened = scene.open(&file);
    assert_eq!(&opened[4..8], b"ftyp");

    let line = text
        .lines()
        .find(|line| !line.starts_with('#'))
        .expect("a key");
    let identity: Identity = line.parse().expect("an identity");
    let mut theirs = vec![sealed_by_library(&[identity.to_public()], &opened)];
    if have_age() {
        let output = Command::new("age")
            .arg("-d")
            .arg("-i")
            .arg(&key)
            .arg(&file)
            .output();
        assert!(
            output.expect("age runs").stdout == opened,
            "age reads the same"
        );
        theirs.push(sealed_by_debian(&[identity.to_public()], &opened));
    }
    for sealed in theirs {
        let path = scene.folder.path().join("theirs.age");
        fs::write(&path, sealed).expect("written");
        assert!(scene.open(&path) == opened);
    }
}

/// A test vector: what is to happen, and the file.
struct Vector {
    name: String,
    success: bool,
    payload: Option<String>,
    identities: Vec<Identity>,
    file: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/testdata/age");
    let mut vectors: Vec<Vector> = fs::read_dir(folder)
        .expect("protocol/testdata/age")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            vector(name, &fs::read(&path).expect("a vector"))
        })
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    vectors
}

fn vector(name: String, bytes: &[u8]) -> Vector {
    let end = bytes
        .windows(2)
        .position(|w| w == b"\n\n")
        .expect("an empty line");
    let (mut success, mut payload, mut identities) = (false, None, Vec::new());
    let mut file = bytes[end + 2..].to_vec();
    for line in std::str::from_utf8(&bytes[..end]).expect("text").lines() {
        match line.split_once(": ").expect("a key and a value") {
            ("expect", value) => success = value == "success",
            ("payload", value) => payload = Some(value.to_owned()),
            ("identity", value) => identities.push(value.parse().expect("an identity")),
            ("compressed", _) => {
                let mut whole = Vec::new();
                let mut reader = flate2::read::ZlibDecoder::new(file.as_slice());
                reader.read_to_end(&mut whole).expect("zlib");
                file = whole;
            }
            _ => {}
        }
    }
    Vector {
        name,
        success,
        payload,
        identities,
        file,
    }
}

/// The shape that a clip's digest is taken of, against what age makes of the same file: whatever
/// opens has a digest, and what has none does not open.
#[test]
fn test_vectors_of_c2sp() {
    let mut shapeless = Vec::new();
    let vectors = vectors();
    assert_eq!(vectors.len(), 64);
    for v in &vectors {
        let opened = v
            .identities
            .iter()
            .find_map(|id| opened_by_library(&v.file, id));
        let taken = v.success || LENIENT.contains(&v.name.as_str());
        assert_eq!(opened.is_some(), taken, "{}", v.name);
        // Ours has no old files to be lenient for.
        let ours = v.identities.iter().find_map(|id| opened_by_us(&v.file, id));
        assert_eq!(ours.is_some(), v.success, "{}", v.name);
        assert!(ours.is_none() || ours == opened, "{}", v.name);
        if let Some(opened) = opened.filter(|_| v.success) {
            let hash = Hash::of(&opened)
                .0
                .iter()
                .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            assert_eq!(Some(hash), v.payload, "{}", v.name);
        }
        match clip::digest(v.file.as_slice()) {
            Ok(digest) => {
                let length = v.file.len() as u64;
                assert!(digest.length == length || !v.success && digest.length < length);
            }
            Err(_) => {
                assert!(!v.success, "{}", v.name);
                shapeless.push(v.name.as_str());
            }
        }
    }
    assert_eq!(shapeless, SHAPELESS);
}

/// Headers that the library takes and Debian's `age` refuses: stanzas without the last short
/// line, as age's first beta versions wrote them. Ours always have it.
const LENIENT: [&str; 2] = ["stanza_missing_body", "stanza_missing_final_line"];

/// The vectors that are no evidence file in shape, before any key is tried.
const SHAPELESS: [&str; 11] = [
    "empty",
    "header_crlf",
    "stream_last_chunk_empty",
    "stream_missing_tag",
    "stream_no_chunks",
    "stream_no_nonce",
    "stream_short_chunk",
    "stream_short_nonce",
    "stream_short_second_chunk",
    "stream_trailing_garbage_short",
    "version_unsupported",
];
