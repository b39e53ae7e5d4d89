//! A clip with everything that lets somebody else check it, as files.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use custos_protocol::{clip, trust::TrustFile};
use serde::Serialize;

use super::{EvidenceItem, evidence::EvidenceState};
use crate::{Error, Result, device::state, vault, vault::Vault};

/// The files of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The age file, as it was sealed.
    pub clip: PathBuf,
    /// Once the station confirmed the clip.
    pub receipt: Option<PathBuf>,
    pub trust: PathBuf,
    pub manifest: PathBuf,
}

/// What the exported files are; one JSON object.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    format: &'static str,
    terminal: String,
    epoch: u32,
    item: &'a EvidenceItem,
    digest: clip::ClipDigest,
    files: Vec<String>,
}

/// Writes the files of a sealed clip into `dir`. The caller has journalled it.
///
/// # Errors
/// [`Error::NotSealed`]; [`Error::Damaged`] when the file is not what was sealed; storage errors.
pub(super) fn write(vault: &Vault, item: &EvidenceItem, dir: &Path) -> Result<Export> {
    if matches!(
        item.state,
        EvidenceState::Recording | EvidenceState::Failed | EvidenceState::Quarantined
    ) {
        return Err(Error::NotSealed);
    }
    let (device, receipt, trust) = vault.read(|c| {
        let sql = "SELECT receipt FROM evidence WHERE clip = ?1";
        let receipt: Option<String> = c.query_row(sql, [&item.clip], |row| row.get(0))?;
        Ok((state::Device::load(c)?, receipt, state::trust_note(c)?))
    })?;
    fs::create_dir_all(dir)?;
    let extension = match item.media.as_str() {
        "image/jpeg" => "jpg",
        _ => "mp4",
    };
    let stem = format!("{}.{extension}", item.clip);
    let export = Export {
        clip: dir.join(format!("{stem}.age")),
        receipt: receipt
            .as_ref()
            .map(|_| dir.join(format!("{stem}.receipt"))),
        trust: dir.join("trust.json"),
        manifest: dir.join(format!("{stem}.manifest.json")),
    };
    copy(&vault.folder().clip(&item.clip), &export.clip)?;
    let digest =
        clip::digest(io::BufReader::new(File::open(&export.clip)?)).map_err(|_| Error::Damaged)?;
    if Some(digest.length) != item.length {
        return Err(Error::Damaged);
    }
    if let (Some(path), Some(receipt)) = (&export.receipt, &receipt) {
        put(path, receipt.as_bytes())?;
    }
    put(&export.trust, TrustFile::new(&trust).to_text().as_bytes())?;
    let written = [
        Some(&export.clip),
        export.receipt.as_ref(),
        Some(&export.trust),
    ];
    let names = written
        .into_iter()
        .flatten()
        .filter_map(|path| path.file_name());
    let manifest = Manifest {
        format: "custos-export/1",
        terminal: device.terminal,
        epoch: device.epoch,
        item,
        digest,
        files: names
            .map(|name| name.to_string_lossy().into_owned())
            .collect(),
    };
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|_| Error::Internal("a manifest is plain data"))?;
    put(&export.manifest, format!("{text}\n").as_bytes())?;
    vault::sync_dir(dir)?;
    Ok(export)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all().map_err(|_| Error::SyncFailed)
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes)?;
    File::open(path)?.sync_all().map_err(|_| Error::SyncFailed)
}
