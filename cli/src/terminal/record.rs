//! `custos terminal record`: a media file, recorded as a camera's samples are.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use clap::Args;
use custos_core::{
    Error, FragmentCommitted, Officer, Recording, RecordingEvent, RecordingSpec, Terminal,
};
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
    #[command(flatten)]
    buttons: Buttons,
}

/// When which button is pressed, in seconds of the media.
#[derive(Debug, Args)]
struct Buttons {
    /// Press record only then; before that the camera runs into the pre-event buffer
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    standby: Option<i64>,
    /// Mute the sound from there on
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    mute_from: Option<i64>,
    /// And keep it again from there on
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "mute_from")]
    mute_to: Option<i64>,
    /// Press stop there; the recording goes on for the policy's post-event time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    stop_at: Option<i64>,
}

/// Seconds as µs.
fn seconds(text: &str) -> Result<i64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok((seconds * 1e6) as i64),
        _ => Err("a number of seconds, up to a day".to_owned()),
    }
}

/// A button that is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Press {
    Record,
    Mute(bool),
    Stop,
}

impl Buttons {
    /// In the order in which they are pressed.
    fn presses(&self) -> VecDeque<(i64, Press)> {
        let all = [
            (self.standby, Press::Record),
            (self.mute_from, Press::Mute(true)),
            (self.mute_to, Press::Mute(false)),
            (self.stop_at, Press::Stop),
        ];
        let mut presses: Vec<_> = all
            .into_iter()
            .filter_map(|(at, press)| Some((at?, press)))
            .collect();
        presses.sort_by_key(|press| press.0);
        presses.into()
    }
}

fn press(recording: &Recording, press: Press, output: &Output) -> Result<(), Failure> {
    match press {
        Press::Record => {
            recording.begin()?;
            let clip = recording.clip()?;
            let line = json!({ "event": "began", "clip": clip });
            let word = output.pick("began", "已开始");
            output.result(&line, &format!("{word} {clip}"))?;
        }
        Press::Mute(muted) => recording.mute(muted)?,
        Press::Stop => drop(recording.stop()?),
    }
    Ok(())
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
    let recording = if args.buttons.standby.is_some() {
        officer.standby(spec)?
    } else {
        officer.start_recording(spec)?
    };
    let teller = teller(committed, *output);
    let pace = Pace {
        realtime: args.realtime,
        repeat: args.repeat,
    };
    let mut presses = args.buttons.presses();
    let mut fed = feed(&args.media, camera, &recording, pace, |at_us| {
        while let Some((_, button)) = presses.front().copied().filter(|next| next.0 <= at_us) {
            presses.pop_front();
            press(&recording, button, output)?;
        }
        Ok(())
    });
    // A file that is shorter than that is recorded from its buffer.
    if fed.is_ok() && presses.iter().any(|(_, button)| *button == Press::Record) {
        fed = press(&recording, Press::Record, output);
    }
    // Whatever happened to the media, what was handed over is sealed first.
    let ended = match recording.finish() {
        // It was stopped, and sealed then.
        Err(Error::RecordingEnded) => Ok(()),
        ended => ended.map(drop),
    };
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
        RecordingEvent::StorageLow { forecast, full } => {
            let line = json!({
                "event": "storage-low",
                "level": if *full { "full" } else { "warning" },
                "free_bytes": forecast.free_bytes,
                "minutes_left": forecast.minutes_left,
            });
            let word = output.pick("minutes of recording left:", "剩余可录分钟数：");
            output.result(&line, &format!("{word} {}", forecast.minutes_left))
        }
        // How the recording ended is what the program ends with.
        _ => Ok(()),
    }
}
