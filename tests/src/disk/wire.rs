//! What a test and the process with its disks say to each other: a line of JSON each way.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::faults::{Plan, Site};

/// Number of a disk's contents that the server keeps; 0 is an empty disk.
pub(super) type ImageNo = u64;
pub(super) type DiskNo = u64;

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    Mount { image: ImageNo, point: PathBuf },
    Unmount { disk: DiskNo },
    Arm { disk: DiskNo, plan: Plan },
    Seen { disk: DiskNo },
    Cut { disk: DiskNo },
    Settle { disk: DiskNo },
    Save { disk: DiskNo },
    AfterCut { image: ImageNo, seed: u64 },
    DurableAlone { image: ImageNo },
    List { image: ImageNo },
    Forget { image: ImageNo },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done,
    Disk(DiskNo),
    Image(ImageNo),
    Seen(Seen),
    /// Path and contents of each file; folders end in `/` and have none.
    List(Vec<(String, Vec<u8>)>),
    Failed(String),
}

/// What went over a disk since it was armed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) sites: Vec<Site>,
    /// The first operation that something happened to.
    pub(super) struck: Option<Site>,
}
