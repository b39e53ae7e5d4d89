//! What to do next: a state machine without I/O. It is told what the vault holds and what became
//! of its last action, and answers with the next one. Time is what the caller says it is.

use std::collections::HashMap;

use super::{
    plan::{Action, Clip, Outcome, View},
    tus::Remote,
};
use crate::Error;

/// How long the machine works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Until there is nothing more to do or the station stays away.
    Once,
    Follow,
}

const UPDATE_EVERY: u64 = 300_000;
const JOURNAL_EVERY: u64 = 5_000;
const IDLE: u64 = 1_000;
const FIRST_BACKOFF: u64 = 250;
const LONGEST_BACKOFF: u64 = 60_000;
/// A receipt that does not verify will hardly do so in a second, nor will a damaged file heal.
const REFUSED_BACKOFF: u64 = 60_000;
const GIVE_UP_AFTER: u32 = 4;
/// A registry that does not answer is asked again after so long.
const QUESTION_EVERY: u64 = 30_000;
const SMALLEST_WINDOW: u64 = 65_552;
const FIRST_WINDOW: u64 = 16 * SMALLEST_WINDOW;
const LARGEST_WINDOW: u64 = 128 * SMALLEST_WINDOW;

#[derive(Debug, Default)]
struct Upload {
    remote: Option<Remote>,
    stored: bool,
    failures: u32,
    not_before: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Machine {
    mode: Mode,
    session: bool,
    update_at: u64,
    directives_at: Option<u64>,
    acks_at: u64,
    questions_at: u64,
    journal_at: Option<u64>,
    journal_pushed: u64,
    /// The station's journal is not a prefix of ours: nothing is pushed until a restart.
    diverged: bool,
    uploads: HashMap<String, Upload>,
    failures: u32,
    not_before: u64,
    window: u64,
    jitter: u64,
}

impl Machine {
    /// `seed` spreads the waits of many terminals after one outage.
    pub(crate) fn new(mode: Mode, seed: u64) -> Self {
        Self {
            mode,
            session: false,
            update_at: 0,
            directives_at: Some(0),
            acks_at: 0,
            questions_at: 0,
            journal_at: None,
            journal_pushed: 0,
            diverged: false,
            uploads: HashMap::new(),
            failures: 0,
            not_before: 0,
            window: FIRST_WINDOW,
            jitter: seed | 1,
        }
    }

    /// A directive waits at the station. What it needs to be judged by is fetched first.
    pub(crate) fn directives_wait(&mut self) {
        self.directives_at = Some(0);
        self.update_at = 0;
    }

    /// Whether working on is in vain: for [`Mode::Once`], the station stays away.
    pub(crate) fn gives_up(&self) -> bool {
        self.mode == Mode::Once && self.failures >= GIVE_UP_AFTER
    }

    pub(crate) fn is_once(&self) -> bool {
        self.mode == Mode::Once
    }

    /// Whether the next action has to wait for the station to come back.
    pub(crate) fn backs_off(&self, now: u64) -> bool {
        now < self.not_before
    }

    pub(crate) fn next(&mut self, view: &View, now: u64) -> Action {
        if now < self.not_before {
            return Action::Wait {
                ms: self.not_before - now,
            };
        }
        if !self.session {
            return Action::OpenSession;
        }
        if self.update_at <= now {
            return Action::Update;
        }
        if view.acks && self.acks_at <= now {
            return Action::Acknowledge;
        }
        if self.directives_at.is_some_and(|at| at <= now) {
            return Action::FetchDirectives;
        }
        // Somebody waits for the answer; evidence can.
        if self.questions_at <= now && view.question.is_some_and(|seq| seq < view.cosigned_size) {
            return Action::Question;
        }
        self.uploads
            .retain(|id, _| view.clips.iter().any(|clip| clip.id == *id));
        self.journal(view, now, false)
            .or_else(|| self.evidence(view, now))
            .or_else(|| self.journal(view, now, true))
            .unwrap_or_else(|| self.idle(view, now))
    }

    /// The journal goes along with the evidence: now and then while there is much to send, at
    /// once when a receipt waits for it or nothing else is to be done.
    fn journal(&self, view: &View, now: u64, idle: bool) -> Option<Action> {
        if self.diverged {
            return None;
        }
        let Some(at) = self.journal_at else {
            return Some(Action::AskJournal);
        };
        if at >= view.journal_size && view.cosigned_size >= view.journal_size {
            return None;
        }
        let due = self.journal_pushed + JOURNAL_EVERY <= now;
        let asked =
            self.questions_at <= now && view.question.is_some_and(|seq| seq >= view.cosigned_size);
        let needed = asked
            || view.clips.iter().any(|clip| {
                let waits = clip.seal_seq.is_some_and(|seq| seq >= view.cosigned_size);
                waits && self.is_complete(clip)
            });
        (due || needed || idle).then_some(Action::PushJournal { from: at })
    }

    fn evidence(&mut self, view: &View, now: u64) -> Option<Action> {
        view.clips
            .iter()
            .find_map(|clip| self.clip(clip, view, now))
    }

    fn clip(&mut self, clip: &Clip, view: &View, now: u64) -> Option<Action> {
        let id = || clip.id.clone();
        let complete = self.is_complete(clip);
        let window = self.window;
        let upload = self.uploads.entry(clip.id.clone()).or_default();
        if now < upload.not_before {
            return None;
        }
        if complete {
            let proved = clip.seal_seq.is_some_and(|seq| seq < view.cosigned_size);
            return proved.then(|| Action::Receipt { clip: id() });
        }
        let Some(remote) = upload.remote else {
            return Some(match (clip.has_upload, clip.available) {
                (true, _) => Action::Ask { clip: id() },
                (false, 0) => return None,
                (false, _) => Action::Create { clip: id() },
            });
        };
        if remote.offset > clip.available {
            // Not our bytes, or a vault older than the upload: begin anew.
            return Some(Action::Create { clip: id() });
        }
        let count = (clip.available - remote.offset).min(window);
        let finish = clip.length.is_some() && remote.length.is_none();
        (count > 0 || finish).then(|| Action::Send {
            clip: id(),
            offset: remote.offset,
            count,
            length: clip.length,
        })
    }

    fn is_complete(&self, clip: &Clip) -> bool {
        self.uploads.get(&clip.id).is_some_and(|upload| {
            let all =
                |remote: Remote| clip.length == Some(remote.offset) && remote.length == clip.length;
            upload.stored || upload.remote.is_some_and(all)
        })
    }

    fn idle(&self, view: &View, now: u64) -> Action {
        let clips = view
            .clips
            .iter()
            .filter_map(|clip| self.uploads.get(&clip.id));
        let retries = clips.map(|upload| upload.not_before).chain([
            self.acks_at,
            self.update_at,
            self.questions_at,
        ]);
        let soonest = retries.filter(|at| *at > now).min().unwrap_or(u64::MAX);
        Action::Wait {
            ms: (soonest - now).min(IDLE),
        }
    }

    /// Takes in what became of `action`.
    pub(crate) fn on(&mut self, action: &Action, result: Result<&Outcome, &Error>, now: u64) {
        match result {
            Ok(outcome) => self.worked(action, outcome, now),
            Err(error) => self.failed(action, error, now),
        }
    }

    fn worked(&mut self, action: &Action, outcome: &Outcome, now: u64) {
        self.failures = 0;
        self.not_before = 0;
        match (action, outcome) {
            (Action::OpenSession, _) => {
                self.session = true;
                self.journal_at = None;
            }
            (Action::Update, _) => self.update_at = now + UPDATE_EVERY,
            (Action::Acknowledge, _) => self.acks_at = 0,
            (Action::Question, Outcome::NotYet) => self.questions_at = now + QUESTION_EVERY,
            (Action::FetchDirectives, _) => self.directives_at = None,
            (Action::AskJournal | Action::PushJournal { .. }, Outcome::JournalAt(size)) => {
                self.journal_at = Some(*size);
                if matches!(action, Action::PushJournal { .. }) {
                    self.journal_pushed = now;
                }
            }
            (Action::Create { clip }, Outcome::Stored) => self.upload(clip).stored = true,
            (Action::Create { clip }, Outcome::At(remote)) => {
                self.upload(clip).remote = Some(*remote);
            }
            (Action::Ask { clip }, Outcome::At(remote)) => {
                self.upload(clip).remote = Some(*remote);
            }
            (Action::Send { clip, length, .. }, Outcome::Sent { offset, took_ms }) => {
                self.pace(*took_ms);
                let upload = self.upload(clip);
                upload.remote = Some(Remote {
                    offset: *offset,
                    length: *length,
                });
                upload.failures = 0;
            }
            (_, Outcome::Misplaced | Outcome::Gone) => self.retry_clip(action, now),
            (Action::Receipt { .. }, Outcome::NotYet) => {
                // Perhaps it lost journal entries: ask before asking for the receipt again.
                self.journal_at = None;
                self.retry_clip(action, now);
            }
            _ => {}
        }
    }

    fn failed(&mut self, action: &Action, error: &Error, now: u64) {
        match error {
            Error::JournalDiverged => self.diverged = true,
            Error::TrustInvalid
            | Error::PolicyInvalid
            | Error::ListInvalid
            | Error::RulesInvalid => {
                self.update_at = now + UPDATE_EVERY;
            }
            Error::Receipt(_) | Error::UploadRejected | Error::EvidenceDamaged => {
                self.retry_clip(action, now);
                if let Some(clip) = clip_of(action) {
                    let later = now + REFUSED_BACKOFF;
                    let upload = self.upload(&clip);
                    upload.stored = false;
                    upload.not_before = upload.not_before.max(match error {
                        Error::UploadRejected => 0,
                        _ => later,
                    });
                }
            }
            Error::StationRefused { status: 401 } if self.session => self.session = false,
            Error::StationRefused { .. } if clip_of(action).is_some() => {
                self.retry_clip(action, now);
            }
            _ => {
                self.session &= !matches!(error, Error::StationRefused { status: 401 });
                self.failures = self.failures.saturating_add(1);
                self.not_before = now + self.backoff(self.failures);
                self.window = (self.window / 2).max(SMALLEST_WINDOW);
                // Whatever was under way: how much of it arrived is for the station to say.
                for upload in self.uploads.values_mut() {
                    upload.remote = None;
                }
                self.journal_at = None;
            }
        }
    }

    fn upload(&mut self, clip: &str) -> &mut Upload {
        self.uploads.entry(clip.to_owned()).or_default()
    }

    fn retry_clip(&mut self, action: &Action, now: u64) {
        let Some(clip) = clip_of(action) else { return };
        let failures = self.upload(&clip).failures.saturating_add(1);
        // Once is an accident that asking clears up.
        let wait = if failures == 1 {
            0
        } else {
            self.backoff(failures - 1)
        };
        let upload = self.upload(&clip);
        upload.failures = failures;
        upload.remote = None;
        upload.not_before = now + wait;
    }

    /// Larger pieces on a fast line: fewer answers to wait for.
    fn pace(&mut self, took_ms: u64) {
        self.window = match took_ms {
            ..=1_000 => (self.window * 2).min(LARGEST_WINDOW),
            10_000.. => (self.window / 2).max(SMALLEST_WINDOW),
            _ => self.window,
        };
    }

    /// Exponential, with "equal jitter": between half of it and all of it.
    fn backoff(&mut self, failures: u32) -> u64 {
        let full = (FIRST_BACKOFF << failures.saturating_sub(1).min(16)).min(LONGEST_BACKOFF);
        // xorshift64: no secret, only to keep terminals from coming back in step.
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        full / 2 + self.jitter % (full / 2 + 1)
    }
}

pub(super) fn clip_of(action: &Action) -> Option<String> {
    match action {
        Action::Create { clip }
        | Action::Ask { clip }
        | Action::Send { clip, .. }
        | Action::Receipt { clip } => Some(clip.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
