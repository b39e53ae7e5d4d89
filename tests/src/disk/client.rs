//! Disks from the side of the test.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    faults::{Plan, Site},
    wire::{Answer, DiskNo, ImageNo, Request, Seen},
};

/// The contents of a disk at some moment: what is durable, and what is not yet. Copies are cheap.
#[derive(Debug, Clone)]
pub struct Image(Arc<Kept>);

#[derive(Debug)]
struct Kept(ImageNo);

impl Image {
    /// A disk with nothing on it.
    pub fn empty() -> Self {
        Self::of(0)
    }

    /// What is there after the power was cut at that moment and came back: what was durable, and
    /// of the rest what the seed leaves.
    pub fn after_cut(&self, seed: u64) -> Self {
        let image = self.0.0;
        kept(&Request::AfterCut { image, seed })
    }

    /// What was durable, and nothing else.
    pub fn durable_alone(&self) -> Self {
        kept(&Request::DurableAlone { image: self.0.0 })
    }

    /// Every file with its path and contents, and every folder, whose path ends in `/`; as
    /// programs see them.
    pub fn list(&self) -> BTreeMap<String, Vec<u8>> {
        match ask(&Request::List { image: self.0.0 }) {
            Ok(Answer::List(list)) => list.into_iter().collect(),
            other => panic!("the disks' process: {other:?}"),
        }
    }

    fn of(image: ImageNo) -> Self {
        Self(Arc::new(Kept(image)))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.0 != 0 {
            // A server that is gone has forgotten it.
            let _ = ask(&Request::Forget { image: self.0 });
        }
    }
}

/// A mounted disk. Dropping it unmounts it; so does the end of this process, however it comes.
#[derive(Debug)]
pub struct Disk {
    number: DiskNo,
    point: PathBuf,
    /// The folder is ours, and goes too.
    own: bool,
}

impl Disk {
    /// Mounts a disk with these contents in a folder of its own. What one who mounts the image
    /// of a killed process sees is what other processes would: also what is not durable yet.
    ///
    /// # Errors
    /// Where there is no FUSE, or one may not mount.
    pub fn mount(image: &Image) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("custos-disk-{}-{number}", std::process::id());
        let point = std::env::temp_dir().join(name);
        fs::create_dir(&point)?;
        match Self::mount_at(image, &point) {
            Ok(mut disk) => {
                disk.own = true;
                Ok(disk)
            }
            Err(error) => {
                // Nothing is mounted there.
                let _ = fs::remove_dir(&point);
                Err(error)
            }
        }
    }

    /// Mounts a disk at a folder that exists.
    ///
    /// # Errors
    /// As [`Disk::mount`].
    pub fn mount_at(image: &Image, point: &Path) -> io::Result<Self> {
        let request = Request::Mount {
            image: image.0.0,
            point: point.to_owned(),
        };
        match ask(&request)? {
            Answer::Disk(number) => Ok(Self {
                number,
                point: point.to_owned(),
                own: false,
            }),
            other => Err(unexpected(other)),
        }
    }

    /// The disk's root folder.
    pub fn path(&self) -> &Path {
        &self.point
    }

    /// Counts operations from now on, and does with them as planned.
    pub fn arm(&self, plan: Plan) {
        let disk = self.number;
        done(&Request::Arm { disk, plan });
    }

    /// The operations since it was armed, in their order.
    pub fn sites(&self) -> Vec<Site> {
        self.seen().sites
    }

    /// The first operation that the plan struck, if it did.
    pub fn struck(&self) -> Option<Site> {
        self.seen().struck
    }

    fn seen(&self) -> Seen {
        match ask(&Request::Seen { disk: self.number }) {
            Ok(Answer::Seen(seen)) => seen,
            other => panic!("the disks' process: {other:?}"),
        }
    }

    /// The power goes now, if it has not gone: nothing reaches the disk any more, and everything
    /// that would change it fails.
    pub fn cut(&self) {
        done(&Request::Cut { disk: self.number });
    }

    /// Makes durable whatever is there.
    pub fn settle(&self) {
        done(&Request::Settle { disk: self.number });
    }

    /// The contents at the moment the power went; the present ones where it did not.
    pub fn image(&self) -> Image {
        kept(&Request::Save { disk: self.number })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A server that is gone has unmounted it.
        let _ = ask(&Request::Unmount { disk: self.number });
        if self.own {
            // Left behind if somebody is still in it.
            let _ = fs::remove_dir(&self.point);
        }
    }
}

/// Why no disk can be mounted here, if that is so.
pub fn unavailable() -> Option<String> {
    if !Path::new("/dev/fuse").exists() {
        return Some("there is no /dev/fuse".to_owned());
    }
    Disk::mount(&Image::empty())
        .err()
        .map(|error| format!("no disk of our own can be mounted: {error}"))
}

fn kept(request: &Request) -> Image {
    match ask(request) {
        Ok(Answer::Image(image)) => Image::of(image),
        other => panic!("the disks' process: {other:?}"),
    }
}

fn done(request: &Request) {
    match ask(request) {
        Ok(Answer::Done) => {}
        other => panic!("the disks' process: {other:?}"),
    }
}

fn unexpected(answer: Answer) -> io::Error {
    match answer {
        Answer::Failed(why) => io::Error::other(why),
        other => io::Error::other(format!("the disks' process: {other:?}")),
    }
}

/// The server. It ends when its standard input does, which is when this process ends.
struct Server {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start() -> io::Result<Self> {
        let mut process = Command::new(program()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ends = process.stdin.take().zip(process.stdout.take());
        let (requests, answers) = ends.ok_or_else(|| io::Error::other("no pipes"))?;
        Ok(Self {
            process,
            requests,
            answers: BufReader::new(answers),
        })
    }

    fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        self.exchange(request)
            .map_err(|error| match self.process.try_wait() {
                Ok(Some(status)) => io::Error::other(format!("hostile-disk ended: {status}")),
                _ => error,
            })
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }
}

fn ask(request: &Request) -> io::Result<Answer> {
    static SERVER: Mutex<Option<Server>> = Mutex::new(None);
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let server = match &mut *server {
        Some(server) => server,
        empty => empty.insert(Server::start()?),
    };
    server.ask(request)
}

/// Built by cargo with the tests: `target/<profile>/hostile-disk`, beside `deps/` and `examples/`.
fn program() -> io::Result<PathBuf> {
    let me = std::env::current_exe()?;
    me.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("hostile-disk"))
        .find(|program| program.is_file())
        .ok_or_else(|| io::Error::other("the program hostile-disk is not built"))
}
