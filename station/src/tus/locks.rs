//! One request at a time for an upload.
//!
//! After a broken connection the server may still wait on it while the terminal comes back on a
//! new one. The newer request therefore asks the one before to stop; that one keeps what it has
//! received and lets go.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::StatusCode;
use tokio::sync::{OwnedMutexGuard, watch};

use crate::api::error::ApiError;

#[derive(Default)]
pub(crate) struct Locks(Arc<Mutex<HashMap<String, Arc<Slot>>>>);

struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    waiting: watch::Sender<usize>,
}

/// The right to change one upload, until dropped.
pub(crate) struct Held {
    locks: Arc<Mutex<HashMap<String, Arc<Slot>>>>,
    id: String,
    waiting: watch::Receiver<usize>,
    _turn: OwnedMutexGuard<()>,
}

/// Counts a waiter in and, however the wait ends, out.
struct Waiting(Arc<Slot>);

impl Waiting {
    fn new(slot: Arc<Slot>) -> Self {
        slot.waiting.send_modify(|waiting| *waiting += 1);
        Self(slot)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

impl Locks {
    /// Waits for the upload's turn.
    ///
    /// # Errors
    /// 423 `locked` when the one before does not let go within `patience`.
    pub(crate) async fn hold(&self, id: &str, patience: Duration) -> Result<Held, ApiError> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            slots
                .entry(id.to_owned())
                .or_insert_with(|| {
                    Arc::new(Slot {
                        turn: Arc::default(),
                        waiting: watch::Sender::new(0),
                    })
                })
                .clone()
        };
        let waiting = Waiting::new(slot);
        let turn = tokio::time::timeout(patience, waiting.0.turn.clone().lock_owned());
        let turn = turn.await.map_err(|_| locked())?;
        Ok(Held {
            locks: self.0.clone(),
            id: id.to_owned(),
            waiting: waiting.0.waiting.subscribe(),
            _turn: turn,
        })
    }
}

impl Held {
    /// Returns once somebody else waits for the upload.
    pub(crate) async fn wanted(&mut self) {
        let _ = self.waiting.wait_for(|waiting| *waiting > 0).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut slots = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Ours alone: everybody who waits, or is about to, has a clone taken under this lock.
        if slots
            .get(&self.id)
            .is_some_and(|slot| Arc::strong_count(slot) == 1)
        {
            slots.remove(&self.id);
        }
    }
}

pub(super) const fn locked() -> ApiError {
    ApiError::new(
        StatusCode::LOCKED,
        "locked",
        "Another request is changing this upload.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn the_newer_request_is_heard_and_waits_its_turn() {
        let locks = Arc::new(Locks::default());
        let mut first = locks.hold("u", SHORT).await.expect("free");
        assert!(locks.hold("u", SHORT).await.is_err(), "held");
        assert!(locks.hold("v", SHORT).await.is_ok(), "another upload");
        let second = tokio::spawn({
            let locks = locks.clone();
            async move { locks.hold("u", Duration::from_secs(5)).await.map(drop) }
        });
        first.wanted().await;
        drop(first);
        second.await.expect("task").expect("its turn came");
        assert!(
            locks.0.lock().expect("slots").is_empty(),
            "nothing is left behind"
        );
    }
}
