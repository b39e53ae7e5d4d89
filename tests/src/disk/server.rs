//! The process with the disks in it.

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use fuser::{BackgroundSession, Config, MountOption};

use super::{
    fuse::Mounted,
    state::{State, lock},
    tree::Tree,
    wire::{Answer, DiskNo, ImageNo, Request, Seen},
};
use crate::random::Random;

/// How our mounts are called in the system's table.
const NAME: &str = "custos-disk";

/// Does what is asked, one line of JSON after the other, until there is no more; then nothing
/// stays mounted.
///
/// # Errors
/// Who asks is gone, or asks what nobody understands.
pub fn serve(requests: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    sweep();
    let mut server = Server::default();
    for line in requests.lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let answer = server
            .answer(request)
            .unwrap_or_else(|error| Answer::Failed(error.to_string()));
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        answers.write_all(&line)?;
        answers.flush()?;
    }
    Ok(())
}

#[derive(Default)]
struct Server {
    last: u64,
    images: HashMap<ImageNo, Tree>,
    disks: HashMap<DiskNo, Disk>,
}

struct Disk {
    point: PathBuf,
    state: Arc<Mutex<State>>,
    session: Option<BackgroundSession>,
}

impl Server {
    fn answer(&mut self, request: Request) -> io::Result<Answer> {
        Ok(match request {
            Request::Mount { image, point } => {
                let disk = Disk::mount(self.image(image)?, point)?;
                self.last += 1;
                self.disks.insert(self.last, disk);
                Answer::Disk(self.last)
            }
            Request::Unmount { disk } => {
                self.disks.remove(&disk);
                Answer::Done
            }
            Request::Arm { disk, plan } => {
                lock(&self.disk(disk)?.state).faults.arm(plan);
                Answer::Done
            }
            Request::Seen { disk } => {
                let state = lock(&self.disk(disk)?.state);
                Answer::Seen(Seen {
                    sites: state.faults.sites().to_vec(),
                    struck: state.faults.struck().cloned(),
                })
            }
            Request::Cut { disk } => {
                lock(&self.disk(disk)?.state).cut();
                Answer::Done
            }
            Request::Settle { disk } => {
                lock(&self.disk(disk)?.state).tree.settle();
                Answer::Done
            }
            Request::Save { disk } => {
                let tree = lock(&self.disk(disk)?.state).left().clone();
                self.keep(tree)
            }
            Request::AfterCut { image, seed } => {
                let tree = self.image(image)?.after_cut(&mut Random::new(seed));
                self.keep(tree)
            }
            Request::DurableAlone { image } => {
                let tree = self.image(image)?.durable_alone();
                self.keep(tree)
            }
            Request::List { image } => Answer::List(self.image(image)?.list()),
            Request::Forget { image } => {
                self.images.remove(&image);
                Answer::Done
            }
        })
    }

    fn keep(&mut self, tree: Tree) -> Answer {
        self.last += 1;
        self.images.insert(self.last, tree);
        Answer::Image(self.last)
    }

    fn image(&self, image: ImageNo) -> io::Result<Tree> {
        match image {
            0 => Ok(Tree::default()),
            _ => self.images.get(&image).cloned().ok_or_else(unknown),
        }
    }

    fn disk(&self, disk: DiskNo) -> io::Result<&Disk> {
        self.disks.get(&disk).ok_or_else(unknown)
    }
}

fn unknown() -> io::Error {
    io::Error::other("a number that was not given out")
}

impl Disk {
    fn mount(tree: Tree, point: PathBuf) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            tree,
            ..State::default()
        }));
        let me = fs::metadata("/proc/self")?;
        let mounted = Mounted {
            state: Arc::clone(&state),
            owner: (me.uid(), me.gid()),
        };
        let mut config = Config::default();
        config.mount_options = vec![
            // Whose it is, for who sweeps.
            MountOption::FSName(format!("{NAME}-{}", std::process::id())),
            MountOption::NoAtime,
            MountOption::NoExec,
        ];
        let session = fuser::spawn_mount(mounted, &point, &config)?;
        Ok(Self {
            point,
            state,
            session: Some(session),
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = self.session.take().map(BackgroundSession::umount_and_join);
        if matches!(unmounted, Some(Err(_))) {
            // Somebody still has a file open, which is their fault but not a reason to stay.
            detach(&self.point);
        }
    }
}

fn detach(point: &Path) {
    let quiet = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .arg(point)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let _ = quiet("umount", &["-l"]) || quiet("fusermount3", &["-u", "-z"]);
}

/// Unmounts what servers left behind that were killed.
fn sweep() {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for line in mounts.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(point)) = (words.next(), words.next()) else {
            continue;
        };
        let Some(pid) = name.strip_prefix(NAME).and_then(|n| n.strip_prefix('-')) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            detach(Path::new(point));
        }
    }
}
