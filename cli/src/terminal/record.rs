//! `custos terminal record`: a media file, recorded as a camera's samples are.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use clap::Args;
use custos_core::{FragmentCommitted, Officer, RecordingEvent, RecordingSpec, Terminal};
use serde_json::json;

use super::feed::{Pace, feed, spec_of};
use crate::{
    camera::{Camera, CameraError},
    failure::Failure,
    output::Output,
};

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// An MP4 with H.264 or H.265 and AAC, or a raw H.264 or H.265 stream
    #[arg(long, value_name = "FILE")]
    media: PathBuf,
    /// Hand samples over at the speed they were recorded
    #[arg(long)]
    realtime: bool,
    /// Record the file so many times over, in one recording
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: u32,
    /// Do not talk to the station meanwhile
    #[arg(long)]
    station_offline: bool,
}

pub(super) fn run(
    terminal: &Terminal,
    officer: &Officer,
    args: &RecordArgs,
    output: &Output,
) -> Result<(), Failure> {
    let camera = open(&args.media)?;
    let sync = if args.station_offline {
        None
    } else {
        Some(terminal.start_sync()?)
    };
    let (events, committed) = mpsc::channel();
    let spec = RecordingSpec {
        events: Some(events),
        ..spec_of(&camera)
    };
    let recording = officer.start_recording(spec)?;
    let teller = teller(committed, *output);
    let pace = Pace {
        realtime: args.realtime,
        repeat: args.repeat,
    };
    let fed = feed(&args.media, camera, &recording, pace, |_| Ok(()));
    // Whatever happened to the media, what was handed over is sealed first.
    let ended = recording.finish();
    drop(recording);
    let told = teller.join().map_err(|_| Failure::internal())?;
    ended?;
    told?;
    drop(sync);
    fed
}

/// Opens a media file that has at least one sample: a recording of nothing is not begun. One that
/// is not there is a usage error like any other file's.
pub(crate) fn open(media: &Path) -> Result<Camera, Failure> {
    let open = || {
        let mut first = Camera::open(media)?;
        first.next_sample()?.ok_or(CameraError::Empty)?;
        Camera::open(media)
    };
    open().map_err(|error| match error {
        CameraError::Io(error) => Failure::file(&error, "the media file"),
        other => other.into(),
    })
}

/// Writes a line for every fragment that has become durable and every clip that is sealed, from a
/// thread of its own: the source of the samples waits for nobody.
fn teller(
    events: mpsc::Receiver<RecordingEvent>,
    output: Output,
) -> thread::JoinHandle<Result<(), Failure>> {
    thread::spawn(move || events.iter().try_for_each(|event| tell(&event, &output)))
}

fn tell(event: &RecordingEvent, output: &Output) -> Result<(), Failure> {
    match event {
        RecordingEvent::Committed(FragmentCommitted {
            clip,
            fragment,
            end_us,
        }) => {
            let line = json!({
                "event": "committed",
                "clip": clip,
                "fragment": fragment,
                "end_us": end_us,
            });
            let word = output.pick("committed", "已提交");
            let seconds = *end_us as f64 / 1e6;
            output.result(&line, &format!("{word} {fragment}  {seconds:.2} s"))
        }
        RecordingEvent::Sealed { clip, bytes } => {
            let line = json!({ "event": "sealed", "clip": clip, "bytes": bytes });
            let word = output.pick("sealed", "已封存");
            output.result(&line, &format!("{word} {clip}  {bytes} bytes"))
        }
        // How the recording ended is what the program ends with.
        _ => Ok(()),
    }
}
