//! A circuit breaker: after some failures in a row nobody waits for a system that is down; after
//! a rest one question at a time finds out whether it is back.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use custos_protocol::lookup::query::Subject;

use super::{Answer, Connector, Unanswered};

/// Failures in a row after which a system is left alone.
const FAILURES: u32 = 5;

/// See the module.
pub(crate) struct Breaker<C> {
    connector: C,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many failures in a row.
    Closed(u32),
    Open {
        until: Instant,
    },
    /// One question is on its way; the others rest until it is back.
    Trying,
}

impl<C: Connector> Breaker<C> {
    pub(crate) fn new(connector: C, rest: Duration) -> Self {
        Self {
            connector,
            rest,
            state: Mutex::new(State::Closed(0)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this question may go out.
    fn admit(&self) -> bool {
        let mut state = self.state();
        match *state {
            State::Closed(_) => true,
            State::Open { until } if until <= Instant::now() => {
                *state = State::Trying;
                true
            }
            State::Open { .. } | State::Trying => false,
        }
    }

    fn learn(&self, failed: bool) {
        let mut state = self.state();
        *state = match *state {
            _ if !failed => State::Closed(0),
            State::Closed(before) if before + 1 < FAILURES => State::Closed(before + 1),
            _ => State::Open {
                until: Instant::now() + self.rest,
            },
        };
    }
}

/// A question that nobody waits for any more says nothing, and must not leave the others resting.
struct Asked<'a, C: Connector> {
    breaker: &'a Breaker<C>,
    done: bool,
}

impl<C: Connector> Drop for Asked<'_, C> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        if !self.done && *state == State::Trying {
            *state = State::Open {
                until: Instant::now(),
            };
        }
    }
}

impl<C: Connector> Connector for Breaker<C> {
    fn ask<'a>(&'a self, subject: &'a Subject) -> Answer<'a> {
        Box::pin(async move {
            if !self.admit() {
                return Err(Unanswered::Resting);
            }
            let mut asked = Asked {
                breaker: self,
                done: false,
            };
            let answer = self.connector.ask(subject).await;
            asked.done = true;
            // A refusal is an answer of a system that is up.
            self.learn(matches!(
                answer,
                Err(Unanswered::Unreachable | Unanswered::TooSlow | Unanswered::Nonsense)
            ));
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use custos_protocol::lookup::query::Registry;

    use super::*;

    /// Says what it is told to, and counts.
    struct Said {
        next: Mutex<Result<(), Unanswered>>,
        asked: AtomicU32,
    }

    impl Connector for Said {
        fn ask<'a>(&'a self, _: &'a Subject) -> Answer<'a> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let next = *self.next.lock().unwrap();
            Box::pin(async move { next.map(|()| Vec::new()) })
        }
    }

    fn breaker(rest: Duration) -> Breaker<Said> {
        let said = Said {
            next: Mutex::new(Err(Unanswered::Unreachable)),
            asked: AtomicU32::new(0),
        };
        Breaker::new(said, rest)
    }

    fn subject() -> Subject {
        Subject::parse(Registry::Device, "cam-7").unwrap()
    }

    #[tokio::test]
    async fn one_that_is_down_is_left_alone() {
        let breaker = breaker(Duration::from_secs(3600));
        for _ in 0..20 {
            assert!(breaker.ask(&subject()).await.is_err());
        }
        assert_eq!(breaker.connector.asked.load(Ordering::Relaxed), FAILURES);
        assert_eq!(breaker.ask(&subject()).await, Err(Unanswered::Resting));
    }

    #[tokio::test]
    async fn one_question_finds_out_whether_it_is_back() {
        let breaker = breaker(Duration::ZERO);
        for _ in 0..FAILURES {
            assert!(breaker.ask(&subject()).await.is_err());
        }
        // While one is trying, nobody else waits.
        assert!(breaker.admit());
        assert_eq!(breaker.ask(&subject()).await, Err(Unanswered::Resting));
        breaker.learn(true);
        *breaker.connector.next.lock().unwrap() = Ok(());
        assert_eq!(breaker.ask(&subject()).await, Ok(Vec::new()));
        assert_eq!(*breaker.state(), State::Closed(0));
    }

    /// Whoever asked went away: the next one may try.
    #[tokio::test]
    async fn a_question_that_was_dropped_does_not_close_the_way() {
        let breaker = breaker(Duration::ZERO);
        for _ in 0..FAILURES {
            assert!(breaker.ask(&subject()).await.is_err());
        }
        assert!(breaker.admit());
        drop(Asked {
            breaker: &breaker,
            done: false,
        });
        assert_eq!(breaker.ask(&subject()).await, Err(Unanswered::Unreachable));
    }

    #[tokio::test]
    async fn a_refusal_is_no_failure() {
        let breaker = breaker(Duration::from_secs(3600));
        *breaker.connector.next.lock().unwrap() = Err(Unanswered::Refused);
        for _ in 0..20 {
            assert_eq!(breaker.ask(&subject()).await, Err(Unanswered::Refused));
        }
    }
}
