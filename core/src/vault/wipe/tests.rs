use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use zeroize::Zeroizing;

use super::*;
use crate::vault::{SoftwareKeySource, Vault, testing::TestVault};

fn filled() -> (TestVault, Folder) {
    let test = TestVault::new();
    let folder = test.vault.folder().clone();
    fs::write(folder.evidence().join("clip-1.age"), vec![7; 100_000]).unwrap();
    fs::write(folder.quarantine().join("odd"), b"needle").unwrap();
    let sql = "INSERT INTO trust_set VALUES (1, 'needle')";
    test.vault.write(|tx| Ok(tx.execute(sql, [])?)).unwrap();
    (test, folder)
}

fn source(folder: &Folder) -> SoftwareKeySource {
    SoftwareKeySource::in_folder(folder.root())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

#[test]
fn nothing_is_left_but_that_there_was_a_terminal() {
    let (test, folder) = filled();
    let before = fs::read(folder.database()).unwrap();
    wipe(&folder, &source(&folder)).unwrap();
    assert_eq!(files(folder.root()), [folder.wiped()]);
    assert_eq!(fs::read(folder.wiped()).unwrap(), b"");
    // A handle that was open meanwhile writes nothing into the void.
    assert_eq!(test.vault.write(|_| Ok(())), Err(Error::Wiped));
    assert_eq!(test.vault.read(|_| Ok(())), Err(Error::Wiped));
    let open = |source| Vault::open(folder.root(), Arc::new(source)).map(drop);
    assert_eq!(open(source(&folder)), Err(Error::Wiped));
    // Somebody recovers the database from the medium: no key is left that opens it.
    fs::write(folder.database(), before).unwrap();
    assert_eq!(open(source(&folder)), Err(Error::Wiped));
}

#[test]
fn again_changes_nothing() {
    let (_test, folder) = filled();
    for _ in 0..3 {
        wipe(&folder, &source(&folder)).unwrap();
        assert_eq!(files(folder.root()), [folder.wiped()]);
    }
}

/// A wipe that the power cut after the keys is ended by the next start.
#[test]
fn an_interrupted_wipe_resumes() {
    let (_test, folder) = filled();
    folder::write_private(&folder.wiped(), b"").unwrap();
    destroy_keys(&folder, &source(&folder)).unwrap();
    assert!(folder.database().exists());
    resume(&folder, &source(&folder)).unwrap();
    assert_eq!(files(folder.root()), [folder.wiped()]);
    resume(&folder, &source(&folder)).unwrap();
}

/// Whatever a wipe did not come to, or could not remove, the next start does.
#[test]
fn a_wipe_resumes_for_anything_that_is_left() {
    for left in ["vault.db", "vault.db-wal", "vault.db-shm", "quarantine/odd"] {
        let (_test, folder) = filled();
        wipe(&folder, &source(&folder)).unwrap();
        let path = folder.root().join(left);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"left").unwrap();
        resume(&folder, &source(&folder)).unwrap();
        assert_eq!(files(folder.root()), [folder.wiped()], "{left}");
    }
}

/// Without the mark of a wipe nothing is removed, whatever is missing.
#[test]
fn resume_removes_nothing_without_the_mark() {
    let (_test, folder) = filled();
    destroy_keys(&folder, &source(&folder)).unwrap();
    let before = files(folder.root()).len();
    resume(&folder, &source(&folder)).unwrap();
    assert_eq!(files(folder.root()).len(), before);
    let opened = Vault::open(folder.root(), Arc::new(source(&folder))).map(drop);
    assert_eq!(opened, Err(Error::NotProvisioned));
}

/// The keys go first: when they are destroyed, every file is still there.
#[test]
fn keys_before_files() {
    #[derive(Debug)]
    struct Witness(Folder, AtomicBool);
    impl KeySource for Witness {
        fn describe(&self) -> String {
            "observes the order".to_owned()
        }
        fn create(&self) -> Result<()> {
            Ok(())
        }
        fn wrap(&self, _: &str, _: &[u8]) -> Result<Vec<u8>> {
            Err(Error::KeySource)
        }
        fn unwrap(&self, _: &str, _: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
            Err(Error::KeySource)
        }
        fn destroy(&self) -> Result<()> {
            let files = self.0.database().exists() && self.0.master().exists();
            let evidence = self.0.evidence().join("clip-1.age").exists();
            self.1.store(files && evidence, Ordering::SeqCst);
            Ok(())
        }
        fn is_present(&self) -> Result<bool> {
            Ok(true)
        }
    }
    let (_test, folder) = filled();
    let witness = Witness(folder.clone(), AtomicBool::new(false));
    wipe(&folder, &witness).unwrap();
    assert!(witness.1.load(Ordering::SeqCst));
}

/// A file that cannot be removed does not keep the keys, nor the other files.
#[test]
fn one_failure_does_not_stop_the_rest() {
    let (_test, folder) = filled();
    fs::create_dir(folder.evidence().join("a-folder")).unwrap();
    assert!(wipe(&folder, &source(&folder)).is_err());
    assert!(!folder.master().exists());
    assert!(!source(&folder).is_present().unwrap());
    assert!(!folder.database().exists());
    assert!(!folder.evidence().join("clip-1.age").exists());
}
