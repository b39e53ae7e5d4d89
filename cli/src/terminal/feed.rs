//! Hands a media file's samples to a recording, one call each, as a phone's encoders do.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use custos_core::{
    Error, Recording, RecordingSpec,
    record::{Pressure, Rotation, Track},
};

use crate::{
    camera::{Camera, CameraSample},
    failure::Failure,
};

/// How samples are handed over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// At the speed of their timestamps, instead of as fast as possible.
    pub(crate) realtime: bool,
    /// So many times over, in one recording.
    pub(crate) repeat: u32,
}

/// Feeds the file, until it or the recording ends; `each` is called after every sample with its
/// time, in µs from the first.
///
/// # Errors
/// Where the media is damaged, what came before it has been handed over.
pub(crate) fn feed(
    media: &Path,
    first: Camera,
    recording: &Recording,
    pace: Pace,
    mut each: impl FnMut(i64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    configure(&first, recording)?;
    let mut clock = Clock::default();
    let mut camera = first;
    let mut begun_us = None;
    for round in 0..pace.repeat.max(1) {
        if round > 0 {
            camera = Camera::open(media)?;
            clock.next_round();
        }
        while let Some(sample) = camera.next_sample()? {
            let pts_us = clock.time_of(&sample);
            if pace.realtime {
                clock.wait_until(pts_us);
            }
            let taken = recording.append(sample.track, pts_us, sample.key, &sample.data);
            let pressure = match taken {
                Err(Error::RecordingEnded) => return Ok(()),
                taken => taken?,
            };
            // A file can wait for the disk where a camera cannot.
            if !pace.realtime && pressure != Pressure::Low {
                recording.wait_for_room()?;
            }
            each(pts_us - *begun_us.get_or_insert(pts_us))?;
        }
    }
    Ok(())
}

/// What has to be known of the media before the first sample.
pub(crate) fn spec_of(camera: &Camera) -> RecordingSpec {
    RecordingSpec {
        audio_only: camera.video.is_none(),
        rotation: camera
            .video
            .as_ref()
            .map_or(Rotation::default(), |video| video.rotation),
        events: None,
    }
}

fn configure(camera: &Camera, recording: &Recording) -> Result<(), Failure> {
    if let Some(video) = &camera.video {
        recording.configure_video(&video.config)?;
    }
    if let Some(audio) = &camera.audio {
        recording.configure_audio(&audio.config)?;
    }
    Ok(())
}

/// The recording's clock: the file's own times, each repetition after the one before.
#[derive(Debug, Default)]
struct Clock {
    offset_us: i64,
    /// End of the latest sample, taking its track's last step for its length.
    end_us: i64,
    last: [Option<i64>; 2],
    begun: Option<(Instant, i64)>,
}

impl Clock {
    fn time_of(&mut self, sample: &CameraSample) -> i64 {
        let pts_us = sample.pts_us + self.offset_us;
        let last = &mut self.last[usize::from(sample.track == Track::Audio)];
        let step = last.map_or(40_000, |last| (pts_us - last).abs().clamp(1_000, 100_000));
        self.end_us = self.end_us.max(pts_us + step);
        *last = Some(pts_us);
        pts_us
    }

    fn next_round(&mut self) {
        self.offset_us = self.end_us;
    }

    fn wait_until(&mut self, pts_us: i64) {
        let (begun, first_us) = *self.begun.get_or_insert((Instant::now(), pts_us));
        let due = Duration::from_micros(u64::try_from(pts_us - first_us).unwrap_or(0));
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
}
