//! A station, and disks with a terminal at every point of its life, made once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use custos_core::{DeviceInfo, EvidenceItem, Officer, Secret, SoftwareKeySource, Terminal};
use custos_protocol::ticket::Ticket;

use super::{Act, act::Hand};
use crate::{
    disk::{Disk, Image},
    process::{done, sample, workspace},
    scene::{OFFICER, PIN, Scene, text},
    slot,
    torture::{
        check::{Keys, Known},
        media::Media,
        told::Told,
    },
};

/// Longest that the policy can let a fragment be: all commits are those that an act asks for.
const FRAGMENT_MS: u32 = 4_000;
/// Shortest that it can let a clip be.
const CLIP_S: u32 = 10;

/// Where the terminal lies on its disk.
pub(super) fn folder(disk: &Disk) -> PathBuf {
    disk.path().join("terminal")
}

/// Everything that acts begin with.
#[derive(Debug)]
pub struct Stage {
    scene: Scene,
    pub keys: Keys,
    pub media: Media,
    pub photo: Vec<u8>,
    pub(super) wipe: String,
    /// Provisioned, with an officer on duty and two pieces of evidence that are sealed.
    on_duty: Start,
    /// Clips and a photo that the station confirmed and whose retention has passed; and a clip
    /// that it has not seen.
    due: Start,
    pub(super) due_items: Vec<EvidenceItem>,
    /// Killed in the middle of recording, the machine running on.
    torn: Start,
}

/// The disk that an act begins with, and what is known of it.
#[derive(Debug, Clone)]
pub struct Start {
    pub image: Image,
    pub known: Known,
    /// What was told before and not checked yet.
    pub told: Vec<Told>,
}

impl Start {
    fn of(image: Image) -> Self {
        Self {
            image,
            known: Known::default(),
            told: Vec::new(),
        }
    }
}

impl Stage {
    /// Makes it; panics, as the scenarios do, where something of it does not work.
    pub fn make() -> Self {
        let scene = Scene::station();
        scene.publish_policy(|policy| {
            policy.fragment_ms = FRAGMENT_MS;
            policy.clip_max_s = CLIP_S;
            policy.local_retention_days = 0;
            policy.pin_attempts = 20;
        });
        let second = scene.path("second.key");
        done(scene.admin(&["person", "add", "second", "-o", &second]));
        let disk = Disk::mount(&Image::empty()).expect("a disk");
        let dir = folder(&disk);
        let ticket = ticket(&scene);
        let terminal = provision(&dir, &ticket).expect("provisioned");
        let pin = Secret::from(PIN);
        terminal.enrol_officer(OFFICER, &pin).expect("enrolled");
        drop(terminal);
        slot::cheapen(&dir, OFFICER, PIN);

        let shown = done(scene.admin(&["terminal", "show", &ticket.terminal]));
        let journal = text(&shown.last()["journal_key"]);
        let agency = fs::read_to_string(scene.station.dir().join("keys/agency.key"));
        let keys = Keys {
            agency: agency.expect("the agency's key"),
            journal: journal.parse().expect("a public key"),
        };
        let empty = Start::of(Image::empty());
        let mut stage = Self {
            scene,
            keys,
            media: Media::open(&sample(), false).expect("the sample"),
            photo: fs::read(workspace().join("tests/media/photo.jpg")).expect("the photo"),
            wipe: String::new(),
            on_duty: empty.clone(),
            due: empty.clone(),
            due_items: Vec::new(),
            torn: empty,
        };
        stage.fill(&disk);
        // Only now: nobody synchronises any more.
        stage.wipe = wipe(&stage.scene, &ticket.terminal);
        stage
    }

    fn fill(&mut self, disk: &Disk) {
        let dir = folder(disk);
        let (terminal, officer) = unlock(&dir).expect("the PIN");
        officer.begin_duty("T-1").expect("a duty");
        let mut hand = Hand::new(self, &dir);
        hand.take_photo(&officer).expect("a photo");
        hand.record_a_little(&officer).expect("a recording");
        let told = hand.told();
        drop((terminal, officer));
        disk.settle();
        self.on_duty = self.checked(disk.image(), &told);

        let torn = Disk::mount(&self.on_duty.image).expect("a disk");
        let mut hand = Hand::new(self, &folder(&torn));
        let (terminal, officer) = unlock(&folder(&torn)).expect("the PIN");
        let running = hand.record_on(&officer).expect("a recording");
        // As it is with the recording alive: this is what a kill leaves.
        let image = torn.image();
        let told = hand.told();
        drop((running, terminal, officer));
        self.torn = Start {
            image,
            known: self.on_duty.known.clone(),
            told,
        };

        let (terminal, officer) = unlock(&dir).expect("the PIN");
        let confirmed = terminal.sync_once().expect("the station").confirmed.len();
        assert_eq!(confirmed, 2);
        Hand::new(self, &dir)
            .record_a_little(&officer)
            .expect("a recording");
        self.due_items = terminal.evidence().expect("a list");
        drop((terminal, officer));
        disk.settle();
        self.due = Start::of(disk.image());
    }

    /// A start whose evidence was checked as it lies there.
    fn checked(&self, image: Image, told: &[Told]) -> Start {
        let mut start = Start::of(image);
        let disk = Disk::mount(&start.image).expect("a disk");
        let verdict = super::after::evidence(self, &folder(&disk), told, false, &mut start.known);
        assert_eq!(verdict.problems, [""; 0]);
        start
    }

    /// What an act begins with.
    pub fn start(&self, act: Act) -> Start {
        match act {
            Act::Provision => Start::of(Image::empty()),
            Act::Record | Act::Photo | Act::Wipe => self.on_duty.clone(),
            Act::Purge => self.due.clone(),
            Act::Recover => self.torn.clone(),
        }
    }

    /// A fresh ticket of the station.
    pub(super) fn ticket(&self) -> Ticket {
        ticket(&self.scene)
    }
}

pub(super) fn source(dir: &Path) -> Arc<SoftwareKeySource> {
    Arc::new(SoftwareKeySource::in_folder(dir))
}

pub(super) fn provision(dir: &Path, ticket: &Ticket) -> custos_core::Result<Terminal> {
    let device = DeviceInfo {
        model: "desktop".to_owned(),
    };
    Terminal::provision(dir, source(dir), ticket, &device)
}

pub(super) fn unlock(dir: &Path) -> custos_core::Result<(Terminal, Officer)> {
    let terminal = Terminal::open(dir, source(dir))?;
    let officer = terminal.unlock(OFFICER, &Secret::from(PIN))?;
    Ok((terminal, officer))
}

fn ticket(scene: &Scene) -> Ticket {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("ticket-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let file = scene.ticket(&name, &scene.station.url, &[]);
    let text = fs::read_to_string(file).expect("a ticket");
    Ticket::from_text(&text).expect("a ticket")
}

/// The order to wipe, signed by two people.
fn wipe(scene: &Scene, terminal: &str) -> String {
    let second = scene.path("second.key");
    let wipe = done(scene.admin(&["directive", "wipe", terminal, "--reason", "lost"]));
    let id = text(&wipe.last()["id"]);
    done(scene.admin_as(&second, &["directive", "sign", &id]));
    let file = scene.path("wipe.note");
    done(scene.admin(&["directive", "export", &id, "-o", &file]));
    fs::read_to_string(file).expect("a directive")
}
