//! The recorder of one recording, from the press of the button to its end: takes samples without
//! ever waiting for the disk, and makes them durable behind the caller's back.
//!
//! [`Recorder::append`] copies a sample to the end of a queue and does nothing else. The
//! committer, a thread of its own (`commit`), takes what is there whenever a fragment is due, makes
//! fragments and files of it (`clips`) and says how far it is. The queue is bounded: how full it
//! is, every append says; what had to be dropped because it was full, the journal says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clip::{Clip, Committed};
use super::commit;
use super::events::FragmentCommitted;
use super::plan::Plan;
use super::samples::{Queue, Setup};
use super::shared::{HIGH, Phase, Shared, State};
use crate::vault::Vault;
use crate::{Error, Result};

/// See the module. All methods may be called from any thread.
///
/// Dropping it ends the recording as [`Recorder::stop`] does, but nobody learns how that went.
#[derive(Debug)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// A recording of what is in `queue` and of what is appended from now on. There is nothing of
    /// it in the storage before [`Recorder::begin`].
    ///
    /// `whole`: a decoder can begin at the first picture that is appended.
    pub(crate) fn new(plan: Plan, queue: Queue, whole: bool) -> Self {
        let state = State::new(queue, plan.fragment_us, whole);
        Self {
            shared: Arc::new(Shared::new(state)),
            plan: Arc::new(plan),
            committer: Mutex::new(None),
        }
    }

    /// Begins the first clip: when this returns, its file and its journal entry are durable.
    /// `pre_event_us`: how much of the media was before the press of the button.
    ///
    /// # Errors
    /// Storage errors. Nothing was recorded then; [`Recorder::give_up`] gives the samples back.
    pub(crate) fn begin(&self, vault: Arc<Vault>, pre_event_us: i64) -> Result<()> {
        let clip = Clip::begin(vault.clone(), &self.plan.first(pre_event_us))?;
        clip.name().clone_into(&mut self.shared.lock().place.clip);
        let plan = Arc::clone(&self.plan);
        let committer = commit::spawn(Arc::clone(&self.shared), vault, plan, clip)?;
        *self.slot() = Some(committer);
        Ok(())
    }

    /// Ends a recording that could not begin; gives its samples back.
    pub(crate) fn give_up(&self) -> Queue {
        let mut state = self.shared.lock();
        state.phase = Phase::Sealed;
        state.queue.replace()
    }

    /// The clip that is being recorded, or was at the end: as far as samples were worked off. One
    /// that was appended may be of the next clip; [`Recorder::position`] and [`Recorder::commit`]
    /// say where it is.
    pub(crate) fn clip(&self) -> String {
        self.shared.lock().place.clip.clone()
    }

    /// From here on samples are of this configuration. Where the clip cannot have it, the next
    /// clip begins with the next key picture; pictures before it are dropped.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], what ended the recording.
    pub(crate) fn configure(&self, setup: Arc<Setup>) -> Result<()> {
        let mut state = self.shared.lock();
        state.running()?;
        state.configure(setup);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn append(
        &self,
        sample: &super::samples::Sample<'_>,
    ) -> Result<super::shared::Pressure> {
        self.shared.append(sample)
    }

    /// Whatever takes samples for this recording.
    pub(crate) fn intake(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Waits until the disk has caught up so far that the pressure is low.
    ///
    /// # Errors
    /// What ended the recording.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        let mut state = self.shared.lock();
        while state.backlog() >= HIGH {
            state.running()?;
            self.shared.wake(&mut state);
            state = self.shared.wait(state);
        }
        state.running()
    }

    /// Where the latest sample is: its clip, and µs from its beginning. Waits until that is
    /// decided, but not for the sample to be durable.
    ///
    /// # Errors
    /// What ended the recording.
    pub(crate) fn position(&self) -> Result<(String, i64)> {
        let mut state = self.shared.lock();
        let wanted = state.appended;
        state.wanted.placed = wanted;
        let state = self.reach(state, |state| state.reached.placed >= wanted)?;
        Ok((state.place.clip.clone(), state.place.at_us))
    }

    /// Waits until everything appended so far is durable, and returns how far that is, in the clip
    /// that has the latest of it.
    ///
    /// # Errors
    /// What ended the recording; what was durable before stays so.
    pub(crate) fn commit(&self) -> Result<FragmentCommitted> {
        let mut state = self.shared.lock();
        let wanted = state.appended;
        state.wanted.durable = wanted;
        let state = self.reach(state, |state| state.reached.durable >= wanted)?;
        Ok(state.place.durable())
    }

    /// Has the committer work until it is as far as that.
    fn reach<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        is_there: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'a, State>> {
        state.running()?;
        self.shared.wake(&mut state);
        while !is_there(&state) {
            state = self.shared.wait(state);
            if let Phase::Failed(error) = &state.phase {
                return Err(error.clone());
            }
        }
        Ok(state)
    }

    /// Makes durable what there is and ends the clip with the next picture where another one can
    /// begin. Does not wait for either.
    ///
    /// # Errors
    /// What ended the recording.
    pub(crate) fn seal_early(&self) -> Result<()> {
        let mut state = self.shared.lock();
        state.running()?;
        state.seal_early = true;
        state.wanted.durable = state.appended;
        self.shared.wake(&mut state);
        Ok(())
    }

    /// Whether sound is not kept from now on.
    pub(crate) fn mute(&self, muted: bool) {
        self.shared.lock().muted = muted;
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.shared.lock().muted
    }

    /// The recording ends so long after the latest sample; `None`: not by itself.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], what ended the recording.
    pub(crate) fn end_after(&self, time: Option<Duration>) -> Result<()> {
        let mut state = self.shared.lock();
        state.running()?;
        state.end_after(time);
        self.shared.wake(&mut state);
        Ok(())
    }

    /// Whether the recording is going to end by itself.
    pub(crate) fn is_ending(&self) -> bool {
        self.shared.lock().end.is_some()
    }

    /// Whether samples are taken.
    ///
    /// # Errors
    /// [`Error::RecordingEnded`], what ended the recording.
    pub(crate) fn running(&self) -> Result<()> {
        self.shared.lock().running()
    }

    /// From here on no sample is taken. The rest happens in the background.
    pub(crate) fn close(&self) {
        self.finish(Phase::Closing);
    }

    /// Ends the recording: the rest is made durable and the file sealed. Once more, it only says
    /// again how that went.
    ///
    /// # Errors
    /// What ended the recording before, or keeps a clip from being sealed; recovery completes
    /// what was committed.
    pub(crate) fn stop(&self) -> Result<Committed> {
        self.close();
        self.join();
        let state = self.shared.lock();
        match &state.phase {
            Phase::Failed(error) => Err(error.clone()),
            _ => Ok(state.place.committed),
        }
    }

    fn finish(&self, phase: Phase) {
        let mut state = self.shared.lock();
        if state.phase == Phase::Running {
            state.phase = phase;
        }
        self.shared.wake(&mut state);
    }

    fn join(&self) {
        // Held to the end: a second caller waits for the first one's outcome.
        let mut slot = self.slot();
        let Some(committer) = slot.take() else {
            return;
        };
        if committer.join().is_err() {
            let mut state = self.shared.lock();
            if !matches!(state.phase, Phase::Failed(_)) {
                state.phase = Phase::Failed(Error::Internal("the committer does not panic"));
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the clip that is being recorded is durable.
    #[cfg(test)]
    pub(crate) fn committed(&self) -> FragmentCommitted {
        self.shared.lock().place.durable()
    }

    /// Dies as a killed process does: nothing is flushed, committed, sealed or journalled.
    #[cfg(test)]
    pub(crate) fn kill(&self) {
        self.finish(Phase::Abandoned);
        self.join();
    }

    /// The committer dies as soon as it comes to this step.
    #[cfg(test)]
    pub(crate) fn die_at(&self, step: &'static str) {
        self.shared.lock().dies_at = Some(step);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
        self.join();
    }
}
