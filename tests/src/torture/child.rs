//! The process that is killed: records over the core's façade and says what it does, until then.

use std::{
    io::Write as _,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use custos_core::{
    Officer, Recording, RecordingEvent, RecordingSpec, Secret, SoftwareKeySource, Terminal,
    record::{Pressure, Track},
};

use super::{
    media::Media,
    plan::Plan,
    told::{Doing, Told},
};
use crate::scene::{OFFICER, PIN};

/// Why it ended by itself, which it should not.
pub type Ended = String;

/// Records as planned, for ever.
///
/// # Errors
/// Whatever the core refuses, or could not do.
pub fn record(folder: &Path, plan: &Plan, media: &[Media], photo: &[u8]) -> Result<(), Ended> {
    let terminal = open(folder)?;
    say(&Told::Doing {
        what: Doing::Unlock,
    });
    let pin = Secret::new(PIN);
    let officer = terminal.unlock(OFFICER, &pin).map_err(|e| e.to_string())?;
    let mut recorder = Child {
        terminal,
        officer,
        plan,
        photo,
        begun: 0,
    };
    let mut running = Vec::new();
    for number in &plan.media {
        running.push(recorder.begin(*number, &media[*number])?);
    }
    loop {
        // Whose next sample is due first.
        let next = running.iter_mut().min_by_key(|r| r.due_at());
        let next = next.ok_or("nothing to record")?;
        if next.sample < plan.samples {
            recorder.step(next)?;
        } else {
            recorder.stop(next)?;
            *next = recorder.begin(next.number, next.media)?;
        }
    }
}

/// Opens the terminal, which recovers, sets aside what nobody knows, and ends.
///
/// # Errors
/// As [`record`].
pub fn recover(folder: &Path) -> Result<(), Ended> {
    let terminal = open(folder)?;
    terminal.sweep().map_err(|e| e.to_string())?;
    say(&Told::Doing { what: Doing::Close });
    drop(terminal);
    Ok(())
}

fn open(folder: &Path) -> Result<Terminal, Ended> {
    say(&Told::Doing { what: Doing::Open });
    let keys = Arc::new(SoftwareKeySource::in_folder(folder));
    Terminal::open(folder, keys).map_err(|e| e.to_string())
}

struct Child<'a> {
    terminal: Terminal,
    officer: Officer,
    plan: &'a Plan,
    photo: &'a [u8],
    begun: u64,
}

/// A recording under way.
struct Running<'a> {
    recording: Recording,
    id: u64,
    number: usize,
    media: &'a Media,
    /// The next sample's number.
    sample: u64,
    /// How many were handed over since the last commit.
    uncommitted: u64,
    started: Instant,
    speed: u64,
}

impl Running<'_> {
    /// When the next sample is due, at the plan's speed.
    fn due_at(&self) -> Instant {
        let pts_us = u64::try_from(self.media.sample(self.sample).pts_us).unwrap_or(0);
        let due_us = (pts_us * 100).checked_div(self.speed).unwrap_or(0);
        self.started + Duration::from_micros(due_us)
    }
}

impl Child<'_> {
    fn begin<'m>(&mut self, number: usize, media: &'m Media) -> Result<Running<'m>, Ended> {
        say(&Told::Doing { what: Doing::Start });
        let (events, committed) = mpsc::channel();
        #[allow(
            clippy::needless_update,
            reason = "what a specification gains, this leaves alone"
        )]
        let spec = RecordingSpec {
            audio_only: media.video.is_none(),
            rotation: media.rotation,
            events: Some(events),
            ..RecordingSpec::default()
        };
        let recording = self
            .officer
            .start_recording(spec)
            .map_err(|e| e.to_string())?;
        let clip = recording.clip().map_err(|e| e.to_string())?;
        let id = self.begun;
        self.begun += 1;
        say(&Told::Began {
            recording: id,
            media: number,
            clip,
        });
        thread::spawn(move || {
            for event in committed {
                if let RecordingEvent::Committed(event) = event {
                    say(&Told::Committed {
                        clip: event.clip,
                        fragment: event.fragment,
                        end_us: event.end_us,
                    });
                }
            }
        });
        let configured = media
            .video
            .as_ref()
            .map_or(Ok(()), |video| recording.configure_video(video))
            .and_then(|()| match &media.audio {
                Some(audio) => recording.configure_audio(audio),
                None => Ok(()),
            });
        configured.map_err(|e| e.to_string())?;
        Ok(Running {
            recording,
            id,
            number,
            media,
            sample: 0,
            uncommitted: 0,
            started: Instant::now(),
            speed: self.plan.speed,
        })
    }

    fn step(&self, running: &mut Running<'_>) -> Result<(), Ended> {
        thread::sleep(running.due_at().saturating_duration_since(Instant::now()));
        let n = running.sample;
        let due = running.media.sample(n);
        say(&Told::Handing {
            recording: running.id,
            sample: n,
        });
        let recording = &running.recording;
        let pressure = recording.append(due.track, due.pts_us, due.key, due.data);
        match pressure.map_err(|e| format!("sample {n}: {e}"))? {
            Pressure::Low => {}
            Pressure::High => recording.wait_for_room().map_err(|e| e.to_string())?,
            Pressure::Dropped => return Err(format!("sample {n} was dropped")),
        }
        running.sample += 1;
        running.uncommitted += 1;
        let now = |every: u64| every > 0 && n % every == every - 1;
        if now(self.plan.mark_every) {
            self.mark(running)?;
        }
        if now(self.plan.photo_every) {
            self.take_photo()?;
        }
        // In the middle of a group of pictures as well as at its end.
        let every = self.plan.commit_every;
        let due_now = every > 0 && running.uncommitted >= every;
        if due_now && (due.track == Track::Video || running.media.video.is_none()) {
            self.commit(running)?;
            running.uncommitted = 0;
        }
        if now(self.plan.publish_every) {
            let note = self.terminal.checkpoint().map_err(|e| e.to_string())?;
            say(&Told::Published { note });
        }
        Ok(())
    }

    fn mark(&self, running: &Running<'_>) -> Result<(), Ended> {
        say(&Told::Doing { what: Doing::Mark });
        let label = format!("{}-{}", running.id, running.sample);
        let marked = running.recording.mark(&label).map_err(|e| e.to_string())?;
        let clip = marked.clip;
        say(&Told::Marked { clip, label });
        Ok(())
    }

    fn take_photo(&self) -> Result<(), Ended> {
        say(&Told::Doing { what: Doing::Photo });
        let item = self.officer.photo(self.photo).map_err(|e| e.to_string())?;
        say(&Told::Photo {
            clip: item.clip,
            bytes: item.length.unwrap_or(0),
        });
        Ok(())
    }

    fn commit(&self, running: &Running<'_>) -> Result<(), Ended> {
        say(&Told::Doing {
            what: Doing::Commit,
        });
        let committed = running.recording.commit().map_err(|e| e.to_string())?;
        say(&Told::Committed {
            clip: committed.clip,
            fragment: committed.fragment,
            end_us: committed.end_us,
        });
        Ok(())
    }

    fn stop(&self, running: &Running<'_>) -> Result<(), Ended> {
        say(&Told::Doing { what: Doing::Stop });
        let item = running.recording.stop().map_err(|e| e.to_string())?;
        say(&Told::Sealed {
            clip: item.clip,
            bytes: item.length.unwrap_or(0),
        });
        Ok(())
    }
}

/// One line, written whole before anything else is done; where nobody listens there is nobody to
/// record for.
fn say(told: &Told) {
    let mut out = std::io::stdout().lock();
    if out
        .write_all(told.to_line().as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        std::process::exit(1);
    }
}
