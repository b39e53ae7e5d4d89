//! Looking at a large clip on the terminal, so that its time can be measured.
//! `cargo xtask bench seek` runs it.
//!
//! ```text
//! bench_seek make MEDIA BYTES   a station, a terminal and one clip of the samples of MEDIA, over
//!                               and over; prints {"dir", "clip", "key", "bytes", "fragments"}
//! bench_seek seek DIR SEEKS     opens that clip so often, goes to a random time and reads 64 KiB;
//!                               prints {"whole": […], "part": […]}: seconds of each
//! ```
//!
//! What is measured is what a player waits for: from `Officer::open_clip` (the journal entry made
//! durable, the header unwrapped, the last chunk authenticated, the index built) to the first
//! 64 KiB of the media at that time. `whole`: of the whole clip, after the 64 KiB at its beginning
//! in which players look for the index; `part`: of ten seconds from there.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use custos_cli::camera::{Camera, CameraSample};
use custos_core::{ClipRange, Officer, RecordingSpec, Secret, SoftwareKeySource, Terminal};
use custos_tests::scene::{OFFICER, PIN, Scene};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// What a player asks for at once.
const FIRST: usize = 64 * 1024;

/// Room for what a policy allows by default: one clip may last ten minutes.
const LONGEST_US: i64 = 590_000_000;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", media, bytes] => make(media.as_ref(), bytes.parse()?),
        ["seek", dir, seeks] => seek(dir.as_ref(), seeks.parse()?),
        _ => Err("see the head of bench_seek.rs".into()),
    }
}

fn open(dir: &Path) -> Result<Officer> {
    let keys = Arc::new(SoftwareKeySource::in_folder(dir));
    let terminal = Terminal::open(dir, keys)?;
    Ok(terminal.unlock(OFFICER, &Secret::from(PIN))?)
}

fn make(media: &Path, bytes: u64) -> Result {
    let scene = Scene::on_duty();
    let dir = scene.folder.path().join("terminal");
    let officer = open(&dir)?;
    let item = record(&officer, media, bytes)?;
    let folder = scene.folder.path().to_owned();
    let line = serde_json::json!({
        "dir": folder,
        "clip": dir.join(format!("evidence/{}.age", item.clip)),
        "key": scene.station.dir().join("keys/agency.key"),
        "bytes": item.length,
        "fragments": item.fragments,
    });
    println!("{line}");
    // The caller measures with it, and removes it.
    let Scene { folder, .. } = scene;
    let _ = folder.keep();
    Ok(())
}

/// One clip of so many bytes, at the bit rate that fills it in the time that a clip may have.
fn record(officer: &Officer, media: &Path, bytes: u64) -> Result<custos_core::EvidenceItem> {
    let mut camera = Camera::open(media)?;
    let mut samples: Vec<CameraSample> = Vec::new();
    while let Some(sample) = camera.next_sample()? {
        samples.push(sample);
    }
    let round: u64 = samples.iter().map(|s| s.data.len() as u64).sum();
    let last_us = samples.iter().map(|s| s.pts_us).max().ok_or("no samples")?;
    let length_us = last_us + 40_000;
    let rounds = i64::try_from(bytes / round + 1)?;
    let faster = (rounds * length_us / LONGEST_US + 1).max(1);
    let recording = officer.start_recording(RecordingSpec::default())?;
    if let Some(video) = &camera.video {
        recording.configure_video(&video.config)?;
    }
    // Sound does not go faster, so that only the picture is taken then.
    let sound = camera.audio.as_ref().filter(|_| faster == 1);
    if let Some(audio) = sound {
        recording.configure_audio(&audio.config)?;
    }
    let mut given = 0;
    'rounds: for number in 0..rounds {
        for sample in &samples {
            if sound.is_none() && sample.track == custos_core::record::Track::Audio {
                continue;
            }
            // The policy's limit of bytes begins the next clip: one is wanted.
            given += sample.data.len() as u64;
            if given > bytes {
                break 'rounds;
            }
            let pts_us = (sample.pts_us + number * length_us) / faster;
            let _ = recording.append(sample.track, pts_us, sample.key, &sample.data)?;
            recording.wait_for_room()?;
        }
    }
    Ok(recording.stop()?)
}

fn seek(dir: &Path, seeks: u32) -> Result {
    let officer = open(&dir.join("terminal"))?;
    let item = officer.evidence()?.into_iter().next().ok_or("no clip")?;
    let clip = item.clip.as_str();
    let whole = officer.open_clip(clip, ClipRange::WHOLE)?;
    let length_us = whole.span().ok_or("no index")?.to_us;
    drop(whole);

    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: u64| {
        // xorshift64*: the same places on every run.
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        (random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % below
    };
    let mut first = vec![0; FIRST];
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    for _ in 0..seeks {
        let start = Instant::now();
        let reader = officer.open_clip(clip, ClipRange::WHOLE)?;
        reader.read_at(0, &mut first)?;
        let place = next(reader.size() - FIRST as u64);
        reader.read_at(place, &mut first)?;
        whole.push(start.elapsed().as_secs_f64());

        let from_us = next(length_us.unsigned_abs()).cast_signed();
        let range = ClipRange {
            from_us,
            to_us: Some(from_us + 10_000_000),
        };
        let start = Instant::now();
        let reader = officer.open_clip(clip, range)?;
        reader.read_at(0, &mut first)?;
        part.push(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({ "whole": whole, "part": part }));
    Ok(())
}
