//! What has to hold after a death, whatever died: judged from the folder, the keys of the agency,
//! and what the process had said until then. Nothing in here knows how it died.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    sync::Arc,
};

use custos_core::{EvidenceItem, EvidenceState, SoftwareKeySource, Terminal};
use custos_protocol::{
    clip::{self as tree, ClipDigest},
    note::Verifier,
};

use super::{
    clip,
    journal::{Journal, Said},
    media::Media,
    mp4::{self, Fault},
    told::Told,
};
use crate::open;

mod holes;
mod promises;

/// What opens and recognises a terminal's evidence from outside.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The agency's identity file, as `age-keygen` writes one.
    pub agency: String,
    /// The public key of the terminal's journal.
    pub journal: Verifier,
}

/// One death.
#[derive(Debug)]
pub struct Death<'a> {
    /// The terminal's folder.
    pub folder: &'a Path,
    pub keys: &'a Keys,
    /// Everything that was said since the check before, up to the end.
    pub told: &'a [Told],
    /// What was recorded. A recording of which nobody said which it is, because it died too early
    /// or another program made it, is of one of them.
    pub media: &'a [&'a Media],
    /// The only photo that is ever taken.
    pub photo: &'a [u8],
    /// Whether ffmpeg has a look at each clip as well.
    pub decode: bool,
    /// The storage had failed before: the journal may say so of a clip that was recovered since.
    pub faulty: bool,
}

/// What is known of a folder from the checks before: it has to hold for ever.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The newest checkpoint that was handed out.
    published: Option<String>,
    clips: BTreeMap<String, ClipDigest>,
    quarantined: BTreeSet<String>,
}

/// What came out.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What does not hold, one sentence each; empty: everything holds.
    pub problems: Vec<String>,
    /// Promises that were made: fragments, clips begun and sealed, photos, marks.
    pub acknowledged: u64,
    /// Promises that were broken.
    pub lost: u64,
    /// The most media time, in µs, that was handed over in a recording and is not there; `None`
    /// where nobody said what was handed over.
    pub loss_us: Option<i64>,
    /// Clips that ended in this death, and those that recovery completed.
    pub clips: u64,
    pub recovered: u64,
}

impl Verdict {
    fn fault(&mut self, about: &str, fault: impl AsRef<str>) {
        self.problems.push(format!("{about}: {}", fault.as_ref()));
    }
}

/// Opens the terminal, which recovers what is unfinished, and checks all of it.
pub fn check(death: &Death<'_>, known: &mut Known) -> Verdict {
    let mut verdict = Verdict::default();
    let promises = || death.told.iter().filter(|told| told.promised().is_some());
    verdict.acknowledged = promises().count() as u64;
    match look(death, known, &mut verdict) {
        Ok(broken) => verdict.lost = broken,
        Err(fault) => {
            verdict.fault("the terminal", fault);
            verdict.lost = verdict.acknowledged;
        }
    }
    if !verdict.problems.is_empty() {
        verdict.lost = verdict.lost.max(1);
    }
    verdict
}

fn look(death: &Death<'_>, known: &mut Known, verdict: &mut Verdict) -> Result<u64, Fault> {
    let source = Arc::new(SoftwareKeySource::in_folder(death.folder));
    let terminal =
        Terminal::open(death.folder, source).map_err(|e| format!("it does not open: {e}"))?;
    // What belongs to no clip is set aside as soon as somebody looks.
    terminal
        .sweep()
        .map_err(|e| format!("strangers are not set aside: {e}"))?;
    let journal = Journal::read(&terminal)?;
    let published = death.told.iter().filter_map(|told| match told {
        Told::Published { note } => Some(note),
        _ => None,
    });
    for note in known.published.iter().chain(published) {
        if let Err(fault) = journal.extends(note, &death.keys.journal) {
            verdict.fault("the journal", fault);
        }
    }
    match journal.publish(&terminal, &death.keys.journal) {
        Ok(note) => known.published = Some(note),
        Err(fault) => verdict.fault("the journal", fault),
    }

    let items = terminal
        .evidence()
        .map_err(|e| format!("no list of evidence: {e}"))?;
    let items: BTreeMap<&str, &EvidenceItem> = items.iter().map(|i| (i.clip.as_str(), i)).collect();
    drop(terminal);
    let mut state = State {
        death,
        journal: &journal,
        items: &items,
        broken: BTreeSet::new(),
        opened: BTreeMap::new(),
    };
    state.nothing_is_gone(known, verdict)?;
    state.every_clip_is_sound(known, verdict);
    state.recordings_have_no_holes(verdict);
    Ok(state.promises_are_kept(verdict))
}

/// One check under way.
struct State<'a> {
    death: &'a Death<'a>,
    journal: &'a Journal,
    items: &'a BTreeMap<&'a str, &'a EvidenceItem>,
    /// Clips that no promise about can have been kept.
    broken: BTreeSet<String>,
    /// The new video and audio clips.
    opened: BTreeMap<String, mp4::Clip>,
}

impl State<'_> {
    /// What was there is there; what is there is known.
    fn nothing_is_gone(&mut self, known: &mut Known, verdict: &mut Verdict) -> Result<(), Fault> {
        let names = |folder: &str| -> Result<BTreeMap<String, u64>, Fault> {
            let unreadable = |e: std::io::Error| format!("{folder}/ cannot be read: {e}");
            let mut names = BTreeMap::new();
            for entry in fs::read_dir(self.death.folder.join(folder)).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let length = entry.metadata().map_err(unreadable)?.len();
                names.insert(entry.file_name().to_string_lossy().into_owned(), length);
            }
            Ok(names)
        };
        let (evidence, quarantine) = (names("evidence")?, names("quarantine")?);
        for (clip, digest) in &known.clips {
            let length = evidence.get(&format!("{clip}.age"));
            if length != Some(&digest.length) {
                verdict.fault(clip, format!("checked before, its file has {length:?} now"));
            }
            if !self.items.contains_key(clip.as_str()) {
                verdict.fault(clip, "checked before, unknown now");
            }
        }
        for name in evidence.keys() {
            let clip = name.strip_suffix(".age");
            // A file that had not got its name yet waits in here until nobody can be at it.
            if !clip.is_some_and(|clip| self.items.contains_key(clip)) && !name.ends_with(".new") {
                verdict.fault(name, "a file in evidence/ that nobody knows");
            }
        }
        for name in &known.quarantined {
            if !quarantine.contains_key(name) {
                verdict.fault(name, "it was in quarantine/ and is gone");
            }
        }
        for name in quarantine.keys() {
            let spoken_of = |clip: &&String| name.contains(clip.as_str());
            if let Some(clip) = self.journal.order.iter().find(spoken_of) {
                verdict.fault(clip, "the journal knows it, and it is in quarantine/");
            }
        }
        for told in self.death.told {
            let promised = told.promised();
            if let Some(clip) =
                promised.filter(|clip| quarantine.keys().any(|name| name.contains(*clip)))
            {
                verdict.fault(clip, "promised, and in quarantine/");
            }
        }
        known.quarantined = quarantine.into_keys().collect();
        Ok(())
    }

    fn every_clip_is_sound(&mut self, known: &mut Known, verdict: &mut Verdict) {
        for (clip, said) in &self.journal.clips {
            if known.clips.contains_key(clip) {
                continue;
            }
            match self.sound(clip, said) {
                Ok((digest, opened)) => {
                    verdict.clips += 1;
                    verdict.recovered += u64::from(said.recovered > 0);
                    known.clips.insert(clip.clone(), digest);
                    self.opened
                        .extend(opened.map(|opened| (clip.clone(), opened)));
                }
                Err(fault) => {
                    verdict.fault(clip, fault);
                    self.broken.insert(clip.clone());
                }
            }
        }
        for clip in self.items.keys() {
            if !self.journal.clips.contains_key(*clip) {
                verdict.fault(clip, "the journal does not know it");
            }
        }
    }

    /// Sealed or recovered, and the file is what the journal says and opens with other people's
    /// code.
    fn sound(&self, clip: &str, said: &Said) -> Result<(ClipDigest, Option<mp4::Clip>), Fault> {
        let item = self.items.get(clip).ok_or("it is in no list")?;
        let recovered = match item.state {
            EvidenceState::Sealed => false,
            EvidenceState::Recovered => true,
            state => return Err(format!("it is {} ({:?})", state.as_str(), item.reason)),
        };
        let excused = said.failed.is_empty() || (self.death.faulty && recovered);
        if said.removed || !excused {
            return Err(format!("the journal says {:?}", said.failed));
        }
        let moving = matches!(item.media.as_str(), "video/mp4" | "audio/mp4");
        if (said.began, said.recovered) != (u32::from(moving), u32::from(recovered)) {
            return Err(format!(
                "begun {} times, recovered {} times, and {}",
                said.began,
                said.recovered,
                item.state.as_str()
            ));
        }
        let file = self.death.folder.join(format!("evidence/{clip}.age"));
        let digest = clip::check_digest(&file, said)?;
        if item.length != Some(digest.length) {
            return Err(format!("{:?} bytes in the list", item.length));
        }
        let plain = open::try_with_key(&file, &self.death.keys.agency)?;
        if moving {
            let opened = self.plays(&plain, item, said)?;
            return Ok((digest, Some(opened)));
        }
        // A copy with a watermark is another picture.
        let copy = said.sealed.iter().any(|sealed| sealed.copy_of.is_some());
        if item.media == "image/jpeg" && !copy && plain != self.death.photo {
            return Err("another photo".to_owned());
        }
        Ok((digest, None))
    }

    fn plays(&self, plain: &[u8], item: &EvidenceItem, said: &Said) -> Result<mp4::Clip, Fault> {
        if plain.is_empty() && item.fragments == 0 {
            return Ok(mp4::Clip::default());
        }
        let opened = mp4::Clip::read(plain)?;
        let sealed = said.sealed.first().ok_or("no seal")?;
        let all = [opened.fragments, item.fragments, sealed.fragments];
        if all.iter().any(|n| *n != opened.fragments) {
            return Err(format!("fragments in file, list and journal: {all:?}"));
        }
        // A picture's own length is the encoder's secret: the end is known to within one.
        if (opened.end_us() - sealed.duration_us).abs() > 100_000 {
            return Err(format!(
                "it ends at {} us, and at {} by the journal",
                opened.end_us(),
                sealed.duration_us
            ));
        }
        if self.death.decode {
            let file = self.death.folder.join("torture.mp4");
            fs::write(&file, plain).map_err(|e| format!("a copy to decode: {e}"))?;
            let decoded = clip::decodes(&file);
            // The next one takes its place anyway.
            let _ = fs::remove_file(&file);
            decoded.unwrap_or(Ok(()))?;
        }
        Ok(opened)
    }
}

/// Reads every clip that was ever checked once more: what was sound is the same to the bit.
pub fn recheck(folder: &Path, known: &Known) -> Vec<Fault> {
    let same = |(clip, digest): (&String, &ClipDigest)| {
        let file = fs::File::open(folder.join(format!("evidence/{clip}.age")));
        let now = file
            .map_err(|e| e.to_string())
            .and_then(|file| tree::digest(io::BufReader::new(file)).map_err(|e| e.to_string()));
        match now {
            Ok(now) if now == *digest => None,
            Ok(_) => Some(format!("{clip}: other bytes than before")),
            Err(fault) => Some(format!("{clip}: {fault}")),
        }
    };
    known.clips.iter().filter_map(same).collect()
}
