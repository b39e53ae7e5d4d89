//! A machine whose power is cut, instead of a process that is killed.

use super::kill::Machine;

/// A machine whose terminal lies at its [`Machine::folder`], somewhere below `root`, which exists;
/// the folder itself does not exist yet. `None`: this computer has not what that takes, and the
/// reason was printed.
///
/// # Errors
/// It should work, and does not.
#[cfg(not(target_os = "linux"))]
pub fn machine(_root: &std::path::Path, _seed: u64) -> Result<Option<Box<dyn Machine>>, String> {
    eprintln!("skipped: disks of our own need Linux");
    Ok(None)
}

#[cfg(target_os = "linux")]
pub use powered::machine;

#[cfg(target_os = "linux")]
mod powered {
    use std::{
        fs, io,
        path::{Path, PathBuf},
        process::Child,
    };

    use super::{super::base::copy, Machine};
    use crate::{
        disk::{Disk, Image, unavailable},
        random::Random,
    };

    /// See above.
    ///
    /// # Errors
    /// As there.
    pub fn machine(root: &Path, seed: u64) -> Result<Option<Box<dyn Machine>>, String> {
        if let Some(why) = unavailable() {
            eprintln!("skipped: {why}");
            return Ok(None);
        }
        let point = root.join("disk");
        let mount = || {
            fs::create_dir(&point)?;
            Disk::mount_at(&Image::empty(), &point)
        };
        let disk = mount().map_err(|e| format!("no disk: {e}"))?;
        Ok(Some(Box::new(Powered {
            folder: point.join("terminal"),
            point,
            disk: Some(disk),
            random: Random::new(seed),
        })))
    }

    #[derive(Debug)]
    struct Powered {
        point: PathBuf,
        folder: PathBuf,
        /// None only where it could not be mounted again.
        disk: Option<Disk>,
        random: Random,
    }

    impl Machine for Powered {
        fn folder(&self) -> &Path {
            &self.folder
        }

        fn settle(&mut self) {
            if let Some(disk) = &self.disk {
                disk.settle();
            }
        }

        fn die(&mut self, child: &mut Child) -> io::Result<()> {
            let disk = self
                .disk
                .take()
                .ok_or_else(|| io::Error::other("the disk is gone"))?;
            disk.cut();
            child.kill()?;
            // Only now nobody has a file open any more.
            child.wait()?;
            let image = disk.image().after_cut(self.random.number());
            drop(disk);
            self.disk = Some(Disk::mount_at(&image, &self.point)?);
            Ok(())
        }

        fn keep(&self, folder: &Path) -> io::Result<()> {
            copy(&self.folder, &folder.join("terminal"))
        }
    }
}
