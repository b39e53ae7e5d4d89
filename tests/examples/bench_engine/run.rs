//! Recordings, measured.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use custos_core::{Recording, RecordingSpec, record::Pressure};
use custos_tests::source::Source;
use serde_json::{Value, json};

use super::{Result, measure, stage};

fn configure(source: &Source, recording: &Recording) -> Result {
    if let Some(video) = &source.camera.video {
        recording.configure_video(&video.config)?;
    }
    if let Some(audio) = &source.camera.audio {
        recording.configure_audio(&audio.config)?;
    }
    Ok(())
}

/// From the press of the button to the sealed clip, media read from its file on the way.
pub(super) fn record(dir: &Path, media: &Path, seconds: i64) -> Result<Value> {
    let (_terminal, officer) = stage::enter(dir)?;
    let (begun, cpu) = (Instant::now(), measure::cpu());
    let mut source = Source::open(media)?;
    let recording = officer.start_recording(RecordingSpec::default())?;
    configure(&source, &recording)?;
    loop {
        let sample = source.give();
        if sample.pts_us >= seconds * 1_000_000 {
            break;
        }
        if recording.append(sample.track, sample.pts_us, sample.key, sample.data)? != Pressure::Low
        {
            recording.wait_for_room()?;
        }
    }
    let item = recording.stop()?;
    Ok(json!({
        "cpu": measure::cpu() - cpu,
        "wall": begun.elapsed().as_secs_f64(),
        "bytes": item.length,
        "fragments": item.fragments,
    }))
}

/// As a camera does: each sample when its time has come.
pub(super) fn live(dir: &Path, media: &Path, seconds: i64) -> Result<Value> {
    let (_terminal, officer) = stage::enter(dir)?;
    let mut source = Source::open(media)?;
    let recording = officer.start_recording(RecordingSpec::default())?;
    configure(&source, &recording)?;
    let mut times = Vec::with_capacity(seconds as usize * 100);
    let (begun, cpu, own) = (Instant::now(), measure::cpu(), measure::thread_cpu());
    loop {
        let sample = source.give();
        if sample.pts_us >= seconds * 1_000_000 {
            break;
        }
        let due = Duration::from_micros(sample.pts_us as u64);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let before = Instant::now();
        let pressure = recording.append(sample.track, sample.pts_us, sample.key, sample.data)?;
        times.push(before.elapsed());
        if pressure != Pressure::Low {
            return Err("the disk is slower than the camera".into());
        }
    }
    let spent = measure::cpu() - cpu;
    // What this thread spent beside its appends is the camera's, not the recorder's.
    let appends: Duration = times.iter().sum();
    let camera = (measure::thread_cpu() - own - appends.as_secs_f64()).max(0.0);
    recording.stop()?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(json!({
        "samples": times.len(),
        "cpu": spent - camera,
        "cpu_with_camera": spent,
        "seconds": begun.elapsed().as_secs_f64(),
        "median_us": us(measure::quantile(&mut times, 0.5)),
        "p99_us": us(measure::quantile(&mut times, 0.99)),
        "max_us": us(measure::quantile(&mut times, 1.0)),
    }))
}

/// Second by second: the next begins when the one before is durable, as in real time; behind a
/// pre-event buffer that was full when the button was pressed, and fills again beside.
pub(super) fn memory(dir: &Path, media: &Path, seconds: i64) -> Result<Value> {
    const BUFFER_S: i64 = 30;
    let (_terminal, officer) = stage::enter(dir)?;
    let mut source = Source::open(media)?;
    let recording = officer.standby(RecordingSpec::default())?;
    configure(&source, &recording)?;
    measure::forget_peak();
    let before = measure::resident();
    let (mut second, mut early, mut recorded) = (1, 0, false);
    loop {
        let sample = source.give();
        let at = sample.pts_us / 1_000_000;
        if at >= seconds {
            break;
        }
        if at >= second && sample.key {
            if recorded {
                recording.commit()?;
            } else if at >= BUFFER_S {
                recording.begin()?;
                recorded = true;
            }
            second = at + 1;
            if early == 0 && at >= seconds / 10 {
                early = measure::peak();
            }
        }
        let _ = recording.append(sample.track, sample.pts_us, sample.key, sample.data)?;
    }
    let peak = measure::peak();
    recording.finish()?;
    Ok(json!({
        "before": before,
        "peak_of_first_tenth": early,
        "peak": peak,
        "buffer": source.bytes_per_second() * BUFFER_S as f64,
    }))
}

/// How much faster than in reality a clip grows, so that its size and not its length ends it.
const HASTE: i64 = 8;

/// Everything is durable when this prints; then the process ends as a killed one does.
pub(super) fn kill(dir: &Path, media: &Path, bytes: u64) -> Result<Value> {
    let (_terminal, officer) = stage::enter(dir)?;
    let mut source = Source::open(media)?;
    let recording = officer.start_recording(RecordingSpec::default())?;
    configure(&source, &recording)?;
    let mut given = 0;
    while given < bytes {
        let sample = source.give();
        given += sample.data.len() as u64;
        let pts_us = sample.pts_us / HASTE;
        if recording.append(sample.track, pts_us, sample.key, sample.data)? != Pressure::Low {
            recording.wait_for_room()?;
        }
    }
    let committed = recording.commit()?;
    let line = json!({ "given": given, "fragments": committed.fragment });
    println!("{line}");
    std::process::abort()
}
