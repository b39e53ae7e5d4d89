//! The sealing loop on its own, so that its time and memory can be measured from outside.
//! `cargo xtask bench seal` runs it.
//!
//! ```text
//! bench_seal media MEDIA BYTES OUT   the samples of MEDIA, over and over, BYTES of them, to OUT
//! bench_seal seal  MEDIA BYTES OUT   the same samples muxed, sealed, hashed and written to OUT,
//!                                    in the recorder's two threads
//! bench_seal null  MEDIA BYTES       the same without writing, in one thread
//! bench_seal raw   MEDIA BYTES       ring's ChaCha20-Poly1305 and SHA-256 over the same bytes
//! bench_seal recipient               an age recipient
//! ```
//!
//! Each but the last prints one line of JSON: seconds of the loop, bytes of media, bytes stored,
//! and the peak of resident memory in bytes, as the kernel counted it.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use custos_cli::camera::{Camera, CameraSample};
use custos_core::record::seal::{self, Recipient};
use custos_core::record::{AudioConfig, Fragment, Muxer, VideoConfig};
use custos_protocol::hash::Hash;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["recipient"] => println!("{}", recipient()),
        ["media", media, bytes, out] => {
            let mut source = Source::open(media.as_ref(), bytes.parse()?)?;
            let mut out = BufWriter::with_capacity(1 << 20, File::create(out)?);
            let start = Instant::now();
            while let Some((sample, _)) = source.next() {
                out.write_all(&sample.data)?;
            }
            out.flush()?;
            report(start, &source, source.given);
        }
        ["seal", media, bytes, out] => {
            let source = Source::open(media.as_ref(), bytes.parse()?)?;
            record_to(source, &mut File::create(out)?)?;
        }
        ["null", media, bytes] => {
            seal_to(
                Source::open(media.as_ref(), bytes.parse()?)?,
                &mut io::sink(),
            )?;
        }
        ["raw", media, bytes] => raw(Source::open(media.as_ref(), bytes.parse()?)?),
        _ => return Err("see the head of bench_seal.rs".into()),
    }
    Ok(())
}

/// A media file's samples, in memory, given out again and again with times that go on.
struct Source {
    camera: Camera,
    samples: Vec<CameraSample>,
    length_us: i64,
    wanted: u64,
    given: u64,
    at: usize,
    round: i64,
}

impl Source {
    fn open(media: &Path, wanted: u64) -> Result<Self> {
        let mut camera = Camera::open(media)?;
        let mut samples = Vec::new();
        while let Some(sample) = camera.next_sample()? {
            samples.push(sample);
        }
        let times = samples.iter().map(|s| s.pts_us);
        let first = times.clone().min().ok_or("no samples")?;
        let length_us = times.max().ok_or("no samples")? - first + 40_000;
        Ok(Self {
            camera,
            samples,
            length_us,
            wanted,
            given: 0,
            at: 0,
            round: 0,
        })
    }

    fn next(&mut self) -> Option<(&CameraSample, i64)> {
        if self.given >= self.wanted {
            return None;
        }
        if self.at == self.samples.len() {
            self.at = 0;
            self.round += 1;
        }
        let sample = &self.samples[self.at];
        self.at += 1;
        self.given += sample.data.len() as u64;
        Some((sample, sample.pts_us + self.round * self.length_us))
    }
}

/// What the recorder does with each sample, from its append to the file, in one thread.
fn seal_to(mut source: Source, out: &mut impl Write) -> Result {
    let start = Instant::now();
    let (mut muxer, mut sealer) = begin(&source, out)?;
    while let Some((sample, pts_us)) = source.next() {
        if let Some(mut fragment) = muxer.push(sample.track, pts_us, sample.key, &sample.data)? {
            put(&mut sealer, &mut fragment, out)?;
            muxer.recycle(fragment);
        }
    }
    if let Some(mut fragment) = muxer.finish()? {
        put(&mut sealer, &mut fragment, out)?;
    }
    let digest = sealer.close().complete(out)?;
    out.flush()?;
    report(start, &source, digest.length);
    Ok(())
}

/// The same as the recorder does it: samples are muxed in the thread that appends them, and
/// fragments sealed, hashed and written by the committer, in a thread of its own.
fn record_to(mut source: Source, out: &mut (impl Write + Send)) -> Result {
    let start = Instant::now();
    let (mut muxer, mut sealer) = begin(&source, out)?;
    let (fragments, queue) = mpsc::sync_channel::<Fragment>(4);
    let (done_with, spare) = mpsc::channel();
    let length = thread::scope(|scope| -> Result<u64> {
        let committer = scope.spawn(move || -> Result<u64, seal::SealError> {
            for mut fragment in queue {
                for part in fragment.parts_mut() {
                    sealer.push_in_place(part, out)?;
                }
                // The muxer may have ended before.
                let _ = done_with.send(fragment);
            }
            let digest = sealer.close().complete(out)?;
            out.flush()?;
            Ok(digest.length)
        });
        while let Some((sample, pts_us)) = source.next() {
            if let Some(fragment) = muxer.push(sample.track, pts_us, sample.key, &sample.data)? {
                fragments.send(fragment)?;
                spare
                    .try_iter()
                    .for_each(|fragment| muxer.recycle(fragment));
            }
        }
        if let Some(fragment) = muxer.finish()? {
            fragments.send(fragment)?;
        }
        drop(fragments);
        Ok(committer.join().map_err(|_| "the committer panicked")??)
    })?;
    report(start, &source, length);
    Ok(())
}

fn begin(source: &Source, out: &mut impl Write) -> Result<(Muxer, seal::Sealer)> {
    let recipient: Recipient = recipient().parse()?;
    let seal::Begun { header, sealer, .. } = seal::begin(&[recipient])?;
    out.write_all(&header)?;
    let mut muxer = Muxer::new(1_000_000);
    if let Some(video) = &source.camera.video {
        muxer.configure_video(VideoConfig::new(&video.config, video.rotation)?)?;
    }
    if let Some(audio) = &source.camera.audio {
        muxer.configure_audio(AudioConfig::new(&audio.config)?)?;
    }
    Ok((muxer, sealer))
}

fn put(sealer: &mut seal::Sealer, fragment: &mut Fragment, out: &mut impl Write) -> Result {
    for part in fragment.parts_mut() {
        sealer.push_in_place(part, out)?;
    }
    Ok(())
}

/// The floor: the same bytes in memory, in pieces of 64 KiB, sealed where they are and hashed.
fn raw(mut source: Source) {
    let mut media = Vec::new();
    for sample in &source.samples {
        media.extend_from_slice(&sample.data);
    }
    let key = UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).expect("the key has 32 bytes");
    let key = LessSafeKey::new(key);
    let start = Instant::now();
    let mut number = 0u64;
    while source.given < source.wanted {
        for chunk in media.chunks_mut(64 * 1024) {
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&number.to_le_bytes());
            number += 1;
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = key
                .seal_in_place_separate_tag(nonce, Aad::empty(), chunk)
                .expect("64 KiB are within the limits");
            let _ = std::hint::black_box((tag, Hash::of(chunk)));
            source.given += chunk.len() as u64;
            if source.given >= source.wanted {
                break;
            }
        }
    }
    report(start, &source, source.given);
}

fn recipient() -> String {
    age::x25519::Identity::generate().to_public().to_string()
}

fn report(start: Instant, source: &Source, stored: u64) {
    let seconds = start.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "seconds": seconds,
        "media_bytes": source.given,
        "stored_bytes": stored,
        "peak_bytes": peak(),
    });
    println!("{line}");
}

/// `VmHWM` of this process; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
