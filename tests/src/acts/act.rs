//! What is done, and what was told of it.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
};

use custos_core::{
    FragmentCommitted, Officer, Recording, RecordingEvent, RecordingSpec, Result, Terminal,
    record::Pressure,
};

use super::stage::{self, Stage, folder, provision, unlock};
use crate::{
    disk::{Disk, Image, Plan, Site},
    torture::told::Told,
};

/// One thing that is done with a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Provisioning on an empty disk.
    Provision,
    /// Unlocking, a recording over the end of a clip with marks in it, its seal, a checkpoint.
    Record,
    Photo,
    /// Deleting what the station has and policy lets go.
    Purge,
    /// Opening after a kill in the middle of a recording.
    Recover,
    /// A directive by two people.
    Wipe,
}

impl Act {
    pub const ALL: [Self; 6] = [
        Self::Provision,
        Self::Record,
        Self::Photo,
        Self::Purge,
        Self::Recover,
        Self::Wipe,
    ];
}

/// How an act went.
#[derive(Debug)]
pub struct Done {
    /// What it ended with.
    pub result: Result<()>,
    /// After a recording that failed: whether one goes with the same terminal, still open.
    pub again: Option<Result<()>>,
    pub told: Vec<Told>,
    /// Clips that it said to have deleted.
    pub purged: Vec<String>,
    /// The operations that changed the disk, in their order.
    pub sites: Vec<Site>,
    /// What the plan struck.
    pub struck: Option<Site>,
    /// The disk the moment the act ended, everything still open: what a kill leaves. After a power
    /// cut: at that moment.
    pub killed: Image,
    /// The disk after everything was closed.
    pub closed: Image,
}

impl Act {
    /// Does it on a disk of its own.
    pub fn run(self, stage: &Stage, plan: Plan) -> Done {
        let start = stage.start(self);
        let disk = Disk::mount(&start.image).expect("a disk");
        let mut hand = Hand::new(stage, &folder(&disk));
        let ticket = (self == Self::Provision).then(|| stage.ticket());
        disk.arm(plan);
        let result = match (self, &ticket) {
            (Self::Provision, Some(ticket)) => hand.provision(ticket),
            (Self::Record | Self::Provision, _) => hand.record(),
            (Self::Photo, _) => hand.photo(),
            (Self::Purge, _) => hand.purge(),
            (Self::Recover, _) => hand.recover(),
            (Self::Wipe, _) => hand.wipe(&stage.wipe),
        };
        let again = match &result {
            Err(_) => hand.again(),
            Ok(()) => None,
        };
        let killed = disk.image();
        let mut told = start.told;
        told.extend(hand.told());
        let purged = std::mem::take(&mut hand.purged);
        drop(hand);
        Done {
            result,
            again,
            told,
            purged,
            sites: disk.sites(),
            struck: disk.struck(),
            killed,
            closed: disk.image(),
        }
    }
}

/// Does things with the terminal in a folder, and keeps what it was told.
pub(super) struct Hand<'a> {
    stage: &'a Stage,
    dir: PathBuf,
    told: Vec<Told>,
    purged: Vec<String>,
    events: Vec<Receiver<RecordingEvent>>,
    officer: Option<Officer>,
    /// Recordings so far: the number of the present one.
    begun: u64,
    /// What stays open until the hand is gone: a kill closes nothing.
    open: Vec<Box<dyn std::any::Any>>,
}

impl<'a> Hand<'a> {
    pub(super) fn new(stage: &'a Stage, dir: &Path) -> Self {
        Self {
            stage,
            dir: dir.to_owned(),
            told: Vec::new(),
            purged: Vec::new(),
            events: Vec::new(),
            officer: None,
            begun: 0,
            open: Vec::new(),
        }
    }

    /// Everything that was told so far.
    pub(super) fn told(&mut self) -> Vec<Told> {
        let events = self.events.iter().flat_map(Receiver::try_iter);
        self.told.extend(events.filter_map(|event| match event {
            RecordingEvent::Committed(event) => Some(told(event)),
            _ => None,
        }));
        std::mem::take(&mut self.told)
    }

    fn keep<T: 'static>(&mut self, open: T) {
        self.open.push(Box::new(open));
    }

    fn provision(&mut self, ticket: &custos_protocol::ticket::Ticket) -> Result<()> {
        let terminal = provision(&self.dir, ticket)?;
        self.keep(terminal);
        Ok(())
    }

    fn unlock(&mut self) -> Result<(Terminal, Officer)> {
        let opened = unlock(&self.dir)?;
        self.keep(opened.clone());
        Ok(opened)
    }

    fn record(&mut self) -> Result<()> {
        let (terminal, officer) = self.unlock()?;
        self.officer = Some(officer.clone());
        let recording = self.begin(&officer)?;
        // Over the end of one clip into the next.
        for (second, mark) in [(2, false), (5, true), (9, false), (12, true)] {
            self.feed(&recording, second)?;
            self.commit(&recording)?;
            if mark {
                self.mark(&recording, &format!("second {second}"))?;
            }
        }
        let note = terminal.checkpoint()?;
        self.told.push(Told::Published { note });
        self.take_photo(&officer)?;
        let item = recording.stop()?;
        self.told.push(Told::Sealed {
            clip: item.clip,
            bytes: item.length.unwrap_or(0),
        });
        Ok(())
    }

    /// Records once more after a failure, where there was somebody to.
    fn again(&mut self) -> Option<Result<()>> {
        let officer = self.officer.clone()?;
        // What failed is over for whoever held it.
        self.open.truncate(1);
        Some(self.record_a_little(&officer))
    }

    /// A recording of two seconds.
    pub(super) fn record_a_little(&mut self, officer: &Officer) -> Result<()> {
        let recording = self.begin(officer)?;
        self.feed(&recording, 2)?;
        let item = recording.stop()?;
        self.told.push(Told::Sealed {
            clip: item.clip,
            bytes: item.length.unwrap_or(0),
        });
        Ok(())
    }

    /// A recording that goes on, with committed fragments of more than a chunk.
    pub(super) fn record_on(&mut self, officer: &Officer) -> Result<std::rc::Rc<Recording>> {
        let recording = self.begin(officer)?;
        for second in [3, 6] {
            self.feed(&recording, second)?;
            self.commit(&recording)?;
        }
        Ok(recording)
    }

    fn photo(&mut self) -> Result<()> {
        let (_, officer) = self.unlock()?;
        self.take_photo(&officer)
    }

    pub(super) fn take_photo(&mut self, officer: &Officer) -> Result<()> {
        let item = officer.photo(&self.stage.photo)?;
        self.told.push(Told::Photo {
            clip: item.clip,
            bytes: item.length.unwrap_or(0),
        });
        Ok(())
    }

    fn purge(&mut self) -> Result<()> {
        let terminal = Terminal::open(&self.dir, stage::source(&self.dir))?;
        self.keep(terminal.clone());
        self.purged = terminal.purge()?.purged;
        Ok(())
    }

    fn recover(&mut self) -> Result<()> {
        let terminal = Terminal::open(&self.dir, stage::source(&self.dir))?;
        self.keep(terminal.clone());
        let note = terminal.checkpoint()?;
        self.told.push(Told::Published { note });
        Ok(())
    }

    fn wipe(&mut self, directive: &str) -> Result<()> {
        let terminal = Terminal::open(&self.dir, stage::source(&self.dir))?;
        self.keep(terminal.clone());
        terminal.apply_directive(directive)?;
        Ok(())
    }

    fn begin(&mut self, officer: &Officer) -> Result<std::rc::Rc<Recording>> {
        let (events, receiver) = mpsc::channel();
        let spec = RecordingSpec {
            events: Some(events),
            rotation: self.stage.media.rotation,
            ..RecordingSpec::default()
        };
        let recording = std::rc::Rc::new(officer.start_recording(spec)?);
        self.begun += 1;
        self.events.push(receiver);
        self.keep(std::rc::Rc::clone(&recording));
        self.told.push(Told::Began {
            recording: self.begun,
            media: 0,
            clip: recording.clip()?,
        });
        if let Some(video) = &self.stage.media.video {
            recording.configure_video(video)?;
        }
        if let Some(audio) = &self.stage.media.audio {
            recording.configure_audio(audio)?;
        }
        Ok(recording)
    }

    /// Hands over everything up to a second of the recording.
    fn feed(&mut self, recording: &Recording, second: i64) -> Result<()> {
        let media = &self.stage.media;
        let told = self.told.iter().rev().find_map(|told| match told {
            Told::Handing { sample, .. } => Some(sample + 1),
            Told::Began { .. } => Some(0),
            _ => None,
        });
        let from = told.unwrap_or(0);
        for sample in from..media.samples_until(second * 1_000_000) {
            let due = media.sample(sample);
            self.told.push(Told::Handing {
                recording: self.begun,
                sample,
            });
            let pressure = recording.append(due.track, due.pts_us, due.key, due.data)?;
            assert_ne!(pressure, Pressure::Dropped);
        }
        Ok(())
    }

    fn commit(&mut self, recording: &Recording) -> Result<()> {
        let committed = recording.commit()?;
        self.told.push(told(committed));
        Ok(())
    }

    fn mark(&mut self, recording: &Recording, label: &str) -> Result<()> {
        let marked = recording.mark(label)?;
        self.told.push(Told::Marked {
            clip: marked.clip,
            label: label.to_owned(),
        });
        Ok(())
    }
}

fn told(committed: FragmentCommitted) -> Told {
    Told::Committed {
        clip: committed.clip,
        fragment: committed.fragment,
        end_us: committed.end_us,
    }
}
