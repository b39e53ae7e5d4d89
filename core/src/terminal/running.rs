//! The cameras of this process, so that the terminal can reach them: when the battery runs low, the
//! storage runs out, or everything has to end.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicBool, Ordering},
};

use super::{Recording, camera::Camera};

/// See the module. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    cameras: Arc<Mutex<Vec<Weak<Camera>>>>,
    asleep: Arc<AtomicBool>,
}

impl Running {
    /// Makes a camera known, as long as whoever asked for it keeps it.
    pub(super) fn add(&self, camera: Camera) -> Recording {
        let camera = Arc::new(camera);
        let mut cameras = self.lock();
        cameras.retain(|camera| camera.strong_count() > 0);
        cameras.push(Arc::downgrade(&camera));
        Recording { camera }
    }

    /// The cameras that are there, recording or not.
    pub(super) fn cameras(&self) -> Vec<Arc<Camera>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether nothing is buffered: shared with every camera.
    pub(super) fn asleep(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asleep)
    }

    /// From here on nothing is buffered, and what was is forgotten; or it is buffered again.
    pub(super) fn sleep(&self, asleep: bool) {
        self.asleep.store(asleep, Ordering::Release);
        if asleep {
            self.cameras().iter().for_each(|camera| camera.clear());
        }
    }

    /// The terminal was wiped: what is in memory and nowhere else goes, too, and nothing follows it.
    /// Recordings learn of it from the vault.
    pub(super) fn forget(&self) {
        self.sleep(true);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Camera>>> {
        self.cameras.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
