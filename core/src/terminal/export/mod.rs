//! A clip with everything that lets somebody else check it, and what belongs to it, as files in
//! a folder or in one zip.
//!
//! # Layout
//!
//! - here: what is exported, under which names
//! - `target`: the folder or the zip

mod target;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use custos_access::Action;
use custos_protocol::{
    clip::ClipDigest,
    journal::Event,
    name::{NameFields, NameTemplate},
    trust::TrustFile,
};
use rusqlite::{Connection, params};
use serde::Serialize;

use self::target::Target;
use super::{
    EvidenceItem, Officer,
    access::{self, Asker},
    evidence::{self, EvidenceState},
};
use crate::{
    Error, Result,
    device::state::{self, Device},
    sync::receipts::Own,
};

/// How an export is written.
#[derive(Debug, Clone, Default)]
pub struct ExportSpec {
    /// One zip file, whose entries are stored as they are, instead of a folder.
    pub zip: bool,
    /// How the files are named; `None`: as the policy says.
    pub name: Option<NameTemplate>,
}

/// The files of an export; for those in a zip, their path as if the zip were a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The age file, as it was sealed.
    pub clip: PathBuf,
    /// Once the station confirmed the clip.
    pub receipt: Option<PathBuf>,
    pub trust: PathBuf,
    pub manifest: PathBuf,
    /// Age files of what belongs to the clip: copies, notes, sheets. Their receipts lie beside
    /// them.
    pub linked: Vec<PathBuf>,
}

/// What the exported files are; one JSON object.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    format: &'static str,
    terminal: &'a str,
    epoch: u32,
    #[serde(flatten)]
    main: Listed<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    linked: Vec<Listed<'a>>,
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    item: &'a EvidenceItem,
    digest: ClipDigest,
    files: Vec<String>,
}

/// One piece of evidence that goes out.
struct Piece {
    item: EvidenceItem,
    /// By which it may go out.
    grant: Option<String>,
    digest: ClipDigest,
    receipt: Option<String>,
    department: String,
    /// Its place among the clips of its recording, from 1.
    number: u32,
    /// Name of its age file without `.age`.
    name: String,
}

/// The same name for every bundle.
const TRUST: &str = "trust.json";

impl Officer {
    /// Writes a sealed clip of the officer's own, what belongs to it, their receipts, the trust
    /// set and a manifest into a folder.
    ///
    /// # Errors
    /// As [`Officer::export_with`].
    pub fn export(&self, clip: &str, dir: &Path) -> Result<Export> {
        self.export_with(clip, dir, &ExportSpec::default())
    }

    /// As [`Officer::export`], to a folder or to a zip that is not there yet, under names of a
    /// template. The journal says so before there is a file.
    ///
    /// # Errors
    /// [`Error::UnknownClip`], [`Error::NotSealed`], [`Error::Locked`]; [`Error::FileExists`],
    /// [`Error::EvidenceDamaged`] when a file is not what was sealed; storage errors.
    pub fn export_with(&self, clip: &str, to: &Path, spec: &ExportSpec) -> Result<Export> {
        let action = Action::EvidenceExport;
        let allowed = access::require(&self.vault, &self.officer, action, &[clip])?.pop();
        let grant = allowed.and_then(|allowed| allowed.grant);
        let (mut pieces, device, trust, policy) = self.vault.write(|tx| {
            state::refuse_if_locked(tx)?;
            let pieces = self.pieces(tx, clip, grant.as_deref())?;
            for piece in &pieces {
                let (clip, grant) = (piece.item.clip.clone(), piece.grant.clone());
                self.journal(tx, Event::Exported { clip, grant })?;
            }
            let trust = TrustFile::new(&state::trust_note(tx)?).to_text();
            Ok((pieces, Device::load(tx)?, trust, state::policy(tx)?))
        })?;
        let template = match &spec.name {
            Some(template) => template.clone(),
            None => policy
                .export_name
                .parse()
                .map_err(|_| Error::PolicyInvalid)?,
        };
        name(&mut pieces, &template, &device, policy.utc_offset_min);
        let mut target = if spec.zip {
            Target::zip(to)?
        } else {
            Target::folder(to)?
        };
        let written = self.write(&pieces, &device, &trust, &mut target);
        target.finish(written.is_ok())?;
        let manifest = written?;
        let path = |name: &str| to.join(name);
        let age = |piece: &Piece| path(&format!("{}.age", piece.name));
        let (main, linked) = pieces.split_first().ok_or(Error::UnknownClip)?;
        Ok(Export {
            clip: age(main),
            receipt: main
                .receipt
                .as_ref()
                .map(|_| path(&format!("{}.receipt", main.name))),
            trust: path(TRUST),
            manifest: path(&manifest),
            linked: linked.iter().map(age).collect(),
        })
    }

    /// The clip, then what belongs to it, oldest first.
    fn pieces(
        &self,
        connection: &Connection,
        clip: &str,
        grant: Option<&str>,
    ) -> Result<Vec<Piece>> {
        let main = evidence::find_allowed(connection, &self.officer, clip, grant)?;
        if !is_whole(&main) {
            return Err(Error::NotSealed);
        }
        let mut statement = connection.prepare(
            "SELECT clip FROM evidence
             WHERE officer = ?1 AND (copy_of = ?2 OR about = ?2 OR about = ?3)
               AND purged_ms IS NULL AND seal_seq IS NOT NULL
             ORDER BY began_ms, clip",
        )?;
        let linked = statement
            .query_map(params![main.officer, main.clip, main.recording], |row| {
                row.get::<_, String>(0)
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let asker = Asker::load(connection, &self.officer)?;
        let mut pieces = vec![Piece::load(connection, main, grant.map(str::to_owned))?];
        for clip in linked {
            let item = evidence::find_of_anybody(connection, &clip)?;
            // What belongs to it goes along as far as it may go itself.
            let decision = asker.decide(connection, Action::EvidenceExport, &item)?;
            if decision.is_allowed() && is_whole(&item) {
                pieces.push(Piece::load(connection, item, decision.grant)?);
            }
        }
        Ok(pieces)
    }

    /// Writes every file; gives the manifest's name.
    fn write(
        &self,
        pieces: &[Piece],
        device: &Device,
        trust: &str,
        target: &mut Target,
    ) -> Result<String> {
        let mut listed = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let age = format!("{}.age", piece.name);
            let source = self.vault.folder().clip(&piece.item.clip);
            target.copy(&source, &age, piece.digest)?;
            let mut files = vec![age];
            if let Some(receipt) = &piece.receipt {
                let name = format!("{}.receipt", piece.name);
                target.put(&name, receipt.as_bytes())?;
                files.push(name);
            }
            listed.push(Listed {
                item: &piece.item,
                digest: piece.digest,
                files,
            });
        }
        target.put(TRUST, trust.as_bytes())?;
        let mut listed = listed.into_iter();
        let mut main = listed.next().ok_or(Error::UnknownClip)?;
        main.files.push(TRUST.to_owned());
        let manifest = Manifest {
            format: "custos-export/1",
            terminal: &device.terminal,
            epoch: device.epoch,
            main,
            linked: listed.collect(),
        };
        let text = serde_json::to_string_pretty(&manifest)
            .map_err(|_| Error::Internal("a manifest is plain data"))?;
        let name = format!("{}.manifest.json", pieces[0].name);
        target.put(&name, format!("{text}\n").as_bytes())?;
        Ok(name)
    }
}

/// What has an end and a seal entry.
fn is_whole(item: &EvidenceItem) -> bool {
    !matches!(
        item.state,
        EvidenceState::Recording | EvidenceState::Failed | EvidenceState::Quarantined
    )
}

impl Piece {
    fn load(connection: &Connection, item: EvidenceItem, grant: Option<String>) -> Result<Self> {
        let own = Own::load(connection, &item.clip)?.ok_or(Error::NotSealed)?;
        let (receipt, department) = connection.query_row(
            "SELECT receipt, department FROM evidence WHERE clip = ?1",
            [&item.clip],
            |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)),
        )?;
        let number = connection.query_row(
            "SELECT count(*) FROM evidence
             WHERE recording = ?1 AND (began_ms, clip) <= (?2, ?3)",
            params![item.recording, item.began_ms, item.clip],
            |row| row.get(0),
        )?;
        Ok(Self {
            digest: own.digest,
            item,
            grant,
            receipt,
            department: department.unwrap_or_default(),
            number,
            name: String::new(),
        })
    }

    fn kind(&self) -> (&'static str, &'static str) {
        match self.item.media.as_str() {
            "audio/mp4" => ("audio", "mp4"),
            "image/jpeg" if self.item.copy_of.is_some() => ("copy", "jpg"),
            "image/jpeg" => ("photo", "jpg"),
            "application/json" => ("sheet", "json"),
            media if media.starts_with("text/plain") => ("note", "txt"),
            _ => ("video", "mp4"),
        }
    }
}

/// Gives every piece a name that no other has, however they compare: upper and lower case are
/// one on some file systems.
fn name(pieces: &mut [Piece], template: &NameTemplate, device: &Device, utc_offset_min: i32) {
    let mut taken = BTreeSet::new();
    for piece in pieces {
        let (kind, extension) = piece.kind();
        let stem = template.name(&NameFields {
            agency: &device.agency,
            department: &piece.department,
            terminal: &device.terminal,
            officer: &piece.item.officer,
            case: &piece.item.case,
            began_ms: piece.item.began_ms,
            utc_offset_min,
            clip: &piece.item.clip,
            recording: &piece.item.recording,
            kind,
            number: piece.number,
            important: piece.item.marked > 0,
        });
        let mut name = format!("{stem}.{extension}");
        let mut again = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{stem}-{again}.{extension}");
            again += 1;
        }
        piece.name = name;
    }
}
