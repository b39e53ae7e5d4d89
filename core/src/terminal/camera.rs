//! A camera: takes what its encoders give, before the button is pressed and after.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use custos_protocol::{
    journal::Event,
    policy::{MuteRule, RecordingPolicy},
};

use super::{
    EvidenceItem, Marked, RecordingPhase, RecordingSpec, evidence,
    owner::{Owner, Start},
};
use crate::{
    Error, Result,
    device::room,
    journal::{self, JournalContext},
    record::{
        AudioConfig, FragmentCommitted, Intake, PROGRESS, Plan, Pressure, Recorder, VideoConfig,
        ring::{Limits, Ring},
        samples::{BLOCK, Pool, Sample, Setup},
        sheet,
    },
    vault::Vault,
};

/// Blocks that are kept for what is on its way to the disk.
const IN_FLIGHT: usize = 8;

/// What [`Recording`](super::Recording) holds, and the terminal knows of.
#[derive(Debug)]
pub(super) struct Camera {
    owner: Owner,
    spec: RecordingSpec,
    /// It records once, from its first sample on, and has no buffer.
    once: bool,
    /// Held by whoever begins, ends or changes a recording, but not by whoever appends.
    press: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    setup: Arc<Setup>,
    ring: Ring,
    run: Run,
}

#[derive(Debug, Clone)]
enum Run {
    Standby,
    /// Also when it has ended by itself, or failed, until somebody asks for the outcome.
    Recording(Arc<Live>, Arc<Intake>),
    Over,
}

/// A recording that was begun.
#[derive(Debug)]
struct Live {
    recorder: Recorder,
    start: Start,
}

impl Live {
    fn post_event(&self) -> Duration {
        Duration::from_secs(self.start.recording.post_event_s.into())
    }

    fn journal(&self, owner: &Owner, event: Event) -> Result<()> {
        let origin = &self.start.origin;
        owner.vault.write(|tx| {
            let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
            journal::append(tx, &context, event).map(drop)
        })
    }
}

/// What the policy allows the pre-event buffer to hold.
fn limits(policy: &RecordingPolicy) -> Limits {
    Limits {
        us: i64::from(policy.pre_event_s) * 1_000_000,
        bytes: usize::try_from(policy.pre_event_max_bytes).unwrap_or(usize::MAX),
        audio: policy.pre_event_audio,
    }
}

const NO_BUFFER: Limits = Limits {
    us: 0,
    bytes: 0,
    audio: false,
};

impl Camera {
    /// A camera that buffers until it is told to record.
    pub(super) fn standby(owner: Owner, spec: RecordingSpec, policy: &RecordingPolicy) -> Self {
        Self::new(owner, spec, limits(policy), false)
    }

    /// A camera that records once, and begins now.
    ///
    /// # Errors
    /// [`Error::NoDuty`], [`Error::Locked`], storage errors.
    pub(super) fn recording(owner: Owner, spec: RecordingSpec) -> Result<Self> {
        let camera = Self::new(owner, spec, NO_BUFFER, true);
        camera.begin()?;
        Ok(camera)
    }

    fn new(owner: Owner, spec: RecordingSpec, limits: Limits, once: bool) -> Self {
        let setup = Arc::new(Setup::default());
        let pool = Pool::new(limits.bytes / BLOCK + IN_FLIGHT);
        let state = State {
            ring: Ring::new(limits, Arc::clone(&setup), pool),
            setup,
            run: Run::Standby,
        };
        Self {
            owner,
            spec,
            once,
            press: Mutex::new(()),
            state: Mutex::new(state),
        }
    }

    pub(super) fn phase(&self) -> RecordingPhase {
        match self.lock().run.clone() {
            Run::Standby => RecordingPhase::Standby,
            Run::Over => RecordingPhase::Ended,
            Run::Recording(live, _) => match live.recorder.running() {
                Ok(()) if live.recorder.is_ending() => RecordingPhase::Ending,
                Ok(()) => RecordingPhase::Recording,
                Err(Error::RecordingEnded) if self.once => RecordingPhase::Ended,
                Err(Error::RecordingEnded) => RecordingPhase::Standby,
                Err(_) => RecordingPhase::Failed,
            },
        }
    }

    pub(super) fn clip(&self) -> Result<String> {
        Ok(self.running()?.recorder.clip())
    }

    pub(super) fn configure_video(&self, annex_b: &[u8]) -> Result<()> {
        let video = Some(VideoConfig::new(annex_b, self.spec.rotation)?);
        self.configure(|setup| setup.video = video)
    }

    pub(super) fn configure_audio(&self, config: &[u8]) -> Result<()> {
        let audio = Some(AudioConfig::new(config)?);
        self.configure(|setup| setup.audio = audio)
    }

    fn configure(&self, change: impl FnOnce(&mut Setup)) -> Result<()> {
        let mut state = self.lock();
        let mut setup = state.setup.as_ref().clone();
        change(&mut setup);
        if *state.setup == setup {
            return Ok(());
        }
        let setup = Arc::new(setup);
        match &state.run {
            Run::Recording(live, _) => match live.recorder.configure(Arc::clone(&setup)) {
                Err(Error::RecordingEnded) if !self.once => {}
                configured => configured?,
            },
            Run::Over => return Err(Error::RecordingEnded),
            Run::Standby => {}
        }
        state.ring.configure(Arc::clone(&setup));
        state.setup = setup;
        Ok(())
    }

    #[inline]
    pub(super) fn append(&self, sample: &Sample<'_>) -> Result<Pressure> {
        let state = self.lock();
        match &state.run {
            Run::Recording(_, intake) => match intake.append(sample) {
                // It is over, and the camera goes on.
                Err(Error::RecordingEnded) if !self.once => {}
                appended => return appended,
            },
            Run::Over => return Err(Error::RecordingEnded),
            Run::Standby => {}
        }
        self.buffer(state, sample)
    }

    #[inline(never)]
    fn buffer(&self, mut state: MutexGuard<'_, State>, sample: &Sample<'_>) -> Result<Pressure> {
        sample.check(state.setup.tracks())?;
        if self.owner.asleep.load(Ordering::Acquire) {
            state.ring.clear();
        } else {
            state.ring.push(sample);
        }
        Ok(Pressure::Low)
    }

    pub(super) fn begin(&self) -> Result<()> {
        let _press = self.press();
        match self.lock().run.clone() {
            Run::Recording(live, _) if self.go_on(&live)? => return Ok(()),
            // It ended by itself or failed, which was told: this is the next one.
            Run::Recording(..) if !self.once => {}
            Run::Standby => {}
            Run::Recording(..) | Run::Over => return Err(Error::RecordingEnded),
        }
        let start = self.owner.start()?;
        let origin = &start.origin;
        room::to_record(&self.owner.vault, &origin.officer, &origin.duty)?;
        let plan = self.plan(&start);
        let (live, length_us, before) = {
            let mut state = self.lock();
            let buffered = state.ring.take();
            let whole = self.once || !buffered.queue.is_empty();
            let recorder = Recorder::new(plan, buffered.queue, whole);
            let live = Arc::new(Live { recorder, start });
            let before = mem::replace(
                &mut state.run,
                Run::Recording(Arc::clone(&live), live.recorder.intake()),
            );
            if !self.once {
                state.ring.set_limits(limits(&live.start.recording));
            }
            (live, buffered.length_us, before)
        };
        let vault = Arc::clone(&self.owner.vault);
        if let Err(error) = live.recorder.begin(vault, length_us) {
            let mut state = self.lock();
            state.ring.restore(live.recorder.give_up());
            state.run = Run::Standby;
            return Err(error);
        }
        // It may still be sealing its last clip.
        drop(before);
        Ok(())
    }

    /// Pressed again while it records: it goes on. `false`: it has ended.
    fn go_on(&self, live: &Live) -> Result<bool> {
        if live.recorder.is_ending() {
            if live.recorder.end_after(None).is_err() {
                return Ok(false);
            }
            let (clip, at_us) = live.recorder.position()?;
            live.journal(&self.owner, Event::StopWithdrawn { clip, at_us })?;
        }
        Ok(live.recorder.running().is_ok())
    }

    fn plan(&self, start: &Start) -> Plan {
        let mut origin = start.origin.clone();
        origin.media = if self.spec.audio_only {
            "audio/mp4"
        } else {
            "video/mp4"
        };
        let reminder = start.recording.reminder_s;
        Plan {
            origin,
            recipients: start.recipients.clone(),
            fragment_us: i64::from(start.fragment_ms) * 1_000,
            clip_max_us: i64::from(start.clip_max_s) * 1_000_000,
            clip_max_bytes: start.clip_max_bytes,
            reminder: (reminder > 0).then(|| Duration::from_secs(reminder.into())),
            progress: PROGRESS,
            storage: start.storage.clone(),
            events: self.spec.events.clone(),
        }
    }

    pub(super) fn stop(&self) -> Result<EvidenceItem> {
        let _press = self.press();
        let live = self.current()?;
        if live.recorder.running().is_ok() && !live.post_event().is_zero() {
            if let Err(error) = self.request_end(&live) {
                // A stop that the journal cannot hold is one all the same.
                return self.end().and(Err(error));
            }
            return self.item(&live.recorder.clip());
        }
        self.end()
    }

    fn request_end(&self, live: &Live) -> Result<()> {
        if live.recorder.is_ending() {
            return Ok(());
        }
        let (clip, at_us) = live.recorder.position()?;
        live.journal(
            &self.owner,
            Event::StopRequested {
                clip,
                at_us,
                post_event_s: live.start.recording.post_event_s,
            },
        )?;
        match live.recorder.end_after(Some(live.post_event())) {
            Err(Error::RecordingEnded) => Ok(()),
            ended => ended,
        }
    }

    pub(super) fn finish(&self) -> Result<EvidenceItem> {
        let _press = self.press();
        self.end()
    }

    /// Ends the recording now. What the camera gives meanwhile is in the buffer.
    fn end(&self) -> Result<EvidenceItem> {
        let live = {
            let mut state = self.lock();
            let Run::Recording(live, _) = &state.run else {
                return Err(Error::RecordingEnded);
            };
            let live = Arc::clone(live);
            live.recorder.close();
            state.run = if self.once { Run::Over } else { Run::Standby };
            live
        };
        live.recorder.stop()?;
        // The clips are sealed: now their sheet is. What keeps it from being sealed is no failure
        // of the recording; it stays kept, and the next opening or duty seals it.
        let _ = sheet::seal(&self.owner.vault, &live.start.origin.recording);
        self.item(&live.recorder.clip())
    }

    /// Forgets what is in the buffer.
    pub(super) fn clear(&self) {
        self.lock().ring.clear();
    }

    /// How much is in the buffer, in bytes.
    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.lock().ring.bytes()
    }

    /// Ends everything; there is nobody any more to be told how it went.
    pub(super) fn shut(&self) {
        let _press = self.press();
        let _ = self.end();
        let mut state = self.lock();
        state.run = Run::Over;
        state.ring.clear();
    }

    pub(super) fn mute(&self, muted: bool) -> Result<()> {
        let _press = self.press();
        let live = self.running()?;
        if live.start.recording.mute == MuteRule::Never {
            return Err(Error::PolicyForbids);
        }
        if live.recorder.is_muted() == muted {
            return Ok(());
        }
        let (clip, at_us) = live.recorder.position()?;
        let event = if muted {
            Event::SoundMuted { clip, at_us }
        } else {
            Event::SoundRestored { clip, at_us }
        };
        live.journal(&self.owner, event)?;
        live.recorder.mute(muted);
        Ok(())
    }

    pub(super) fn mark(&self, label: &str) -> Result<Marked> {
        let live = self.running()?;
        let (clip, at_us) = live.recorder.position()?;
        let origin = &live.start.origin;
        self.owner.vault.write(|tx| {
            let context = JournalContext::duty(tx, &origin.officer, &origin.duty)?;
            tx.execute(
                "UPDATE evidence SET marked = marked + 1, marked_ms = ?2 WHERE clip = ?1",
                (&clip, context.time.time_ms),
            )?;
            let event = Event::Mark {
                clip: clip.clone(),
                at_us,
                label: label.to_owned(),
            };
            journal::append(tx, &context, event).map(drop)
        })?;
        Ok(Marked { clip, at_us })
    }

    pub(super) fn commit(&self) -> Result<FragmentCommitted> {
        self.running()?.recorder.commit()
    }

    pub(super) fn seal_early(&self) -> Result<()> {
        self.running()?.recorder.seal_early()
    }

    pub(super) fn wait_for_room(&self) -> Result<()> {
        let live = match self.lock().run.clone() {
            Run::Recording(live, _) => live,
            Run::Over => return Err(Error::RecordingEnded),
            // Nothing waits for the disk.
            Run::Standby => return Ok(()),
        };
        match live.recorder.wait_for_room() {
            Err(Error::RecordingEnded) if !self.once => Ok(()),
            waited => waited,
        }
    }

    fn item(&self, clip: &str) -> Result<EvidenceItem> {
        let officer = &self.owner.officer;
        self.owner.vault.read(|c| evidence::find(c, officer, clip))
    }

    /// The recording that was begun and not asked for its outcome.
    fn current(&self) -> Result<Arc<Live>> {
        match &self.lock().run {
            Run::Recording(live, _) => Ok(Arc::clone(live)),
            Run::Standby | Run::Over => Err(Error::RecordingEnded),
        }
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.owner.vault
    }

    /// What the recording that takes samples began with.
    pub(super) fn start(&self) -> Result<Start> {
        Ok(self.running()?.start.clone())
    }

    /// The recording that takes samples.
    fn running(&self) -> Result<Arc<Live>> {
        let live = self.current()?;
        live.recorder.running()?;
        Ok(live)
    }

    fn press(&self) -> MutexGuard<'_, ()> {
        self.press.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves a state that says what it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
