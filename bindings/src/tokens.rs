//! Numbers that stand for live objects on the far side of JNI.
//!
//! A token is a key in a map, never an address: one that is stale, guessed or of another process
//! finds nothing. Numbers are not used twice.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

/// The live objects of one kind.
#[derive(Debug)]
pub(crate) struct Tokens<T> {
    next: AtomicI64,
    live: RwLock<Option<HashMap<i64, Arc<T>>>>,
}

impl<T> Tokens<T> {
    pub(crate) const fn new() -> Self {
        Self {
            next: AtomicI64::new(1),
            live: RwLock::new(None),
        }
    }

    /// Admits `object`; its token is positive.
    pub(crate) fn insert(&self, object: Arc<T>) -> i64 {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.get_or_insert_default().insert(token, object);
        token
    }

    pub(crate) fn get(&self, token: i64) -> Option<Arc<T>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref()?.get(&token).cloned()
    }

    /// Ends the token; calls under way keep their `Arc` until they return.
    pub(crate) fn remove(&self, token: i64) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = live.as_mut() {
            live.remove(&token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_and_is_not_used_again() {
        let tokens = Tokens::new();
        let first = tokens.insert(Arc::new("first"));
        assert_eq!(tokens.get(first).as_deref(), Some(&"first"));
        tokens.remove(first);
        tokens.remove(first);
        assert!(tokens.get(first).is_none());
        let second = tokens.insert(Arc::new("second"));
        assert_ne!(first, second);
        for stranger in [0, -1, second + 1, i64::MIN, i64::MAX] {
            assert!(tokens.get(stranger).is_none());
        }
    }

    #[test]
    fn an_object_in_use_outlives_its_token() {
        let tokens = Tokens::new();
        let token = tokens.insert(Arc::new(7));
        let held = tokens.get(token).unwrap();
        tokens.remove(token);
        assert_eq!(*held, 7);
    }
}
