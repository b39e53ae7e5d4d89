//! SQLCipher's own beginning.

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use rusqlite::Connection;

use crate::Result;

/// Tries to find SQLCipher ready, and the time between them.
const TRIES: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(1);

/// Waits until SQLCipher can take keys in this process.
///
/// SQLite calls itself initialised before SQLCipher has made its preparations (4.10.0:
/// `sqlite3_initialize` sets `isInit`, then calls `sqlcipher_extra_init`). A thread that comes to
/// its first database in between is refused its key, whatever the key is: a terminal that two
/// threads open at the same time would not open. It may be anybody's database that SQLite is
/// being initialised for.
///
/// # Errors
/// What SQLCipher says when it does not become ready.
pub(super) fn ready() -> Result<()> {
    static READY: Mutex<bool> = Mutex::new(false);
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if *ready {
        return Ok(());
    }
    let mut tried = Ok(());
    for _ in 0..TRIES {
        tried = key();
        if tried.is_ok() {
            *ready = true;
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Ok(tried?)
}

/// Gives a key to a database that is in memory and has nothing in it.
fn key() -> rusqlite::Result<()> {
    let connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "cipher_log_level", "NONE")?;
    connection.pragma_update(None, "key", "nothing")
}

#[cfg(test)]
mod tests {
    use std::{
        env, hint,
        path::Path,
        process::Command,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::super::{
        database::Database,
        keys::{DatabaseKey, MasterKey},
    };
    use super::*;

    const FOLDER: &str = "CUSTOS_TEST_FIRST_USE";
    const THREADS: usize = 4;
    const ROUNDS: usize = 200;

    fn database_key() -> DatabaseKey {
        MasterKey::of([7; 32]).derive_database_key()
    }

    /// Only the first databases of a process can show it: each round is a process of its own, this
    /// same test. Without `ready` about one round in two hundred fails.
    #[test]
    fn the_first_databases_of_a_process_open() {
        if let Some(folder) = env::var_os(FOLDER) {
            return open_all(folder.as_ref());
        }
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for number in 0..THREADS {
            Database::create(&folder.join(number.to_string()), &database_key()).unwrap();
        }
        for round in 0..ROUNDS {
            let child = Command::new(env::current_exe().unwrap())
                .args([
                    "--exact",
                    "vault::sqlcipher::tests::the_first_databases_of_a_process_open",
                ])
                .env(FOLDER, folder)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success(), "round {round}: {said}");
            assert!(said.contains("1 passed"), "{said}");
        }
    }

    /// At the very same time, one of them after somebody else's database, as a station in the same
    /// process would open one.
    fn open_all(folder: &Path) {
        let key = database_key();
        let here = AtomicUsize::new(0);
        thread::scope(|scope| {
            for number in 0..THREADS {
                let (key, here) = (&key, &here);
                scope.spawn(move || {
                    here.fetch_add(1, Ordering::SeqCst);
                    while here.load(Ordering::SeqCst) < THREADS {
                        hint::spin_loop();
                    }
                    if number == 0 {
                        Connection::open_in_memory().unwrap();
                    }
                    Database::open(&folder.join(number.to_string()), key).unwrap();
                });
            }
        });
    }
}
