//! The packs of a terminal: verified when they come, put in place whole or not at all, never
//! replaced by an older one.
//!
//! Reading 80 MB to verify them takes longer than an officer waits. So the whole file is verified
//! when it is installed, and the vault remembers what was: version, digest, and the size, time and
//! inode of the file in place. A file that is still that one is opened at once; any other one, as
//! after a power cut in the middle of an installation, is verified whole again. Who can write to
//! the terminal's folder and forge a file's time and inode at once could change what a law says on
//! this terminal until the next installation: nobody's data is at stake in that.

use std::{
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
};

use custos_protocol::{
    pack::{PackDelta, PackManifest},
    trust::TrustSet,
};
use rusqlite::{OptionalExtension as _, Transaction};

use super::{
    delta,
    pack::{self, Pack},
};
use crate::{
    Error, Result,
    device::state,
    error::PackFault,
    vault::{Vault, remove_file, sync_dir},
};

/// The name of the pack that look-ups ask.
pub(crate) const PACK: &str = "laws";

/// What the vault remembers of an installed pack.
#[derive(Debug, PartialEq, Eq)]
struct Installed {
    version: u64,
    sha256: String,
    file: Identity,
}

/// Which file it is, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    length: u64,
    modified_ns: i64,
    inode: i64,
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        let modified = file.modified().ok();
        let since = modified.and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(file).cast_signed();
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            length: file.len(),
            modified_ns: since.map_or(0, |s| i64::try_from(s.as_nanos()).unwrap_or(0)),
            inode,
        }
    }
}

fn place(vault: &Vault) -> PathBuf {
    vault.folder().laws().join(format!("{PACK}.pack"))
}

/// Verifies the pack in `file`, or the one that the delta in `file` makes of the one in place, and
/// puts it in place of that. Killed at any moment, it leaves the old one or the new one, whole.
///
/// # Errors
/// [`PackFault::Older`]: not newer than the one that was installed; [`PackFault::Base`]: a delta for
/// another one; other [`PackFault`]s; storage errors. What was installed stays.
pub(crate) fn install(vault: &Vault, file: &Path) -> Result<PackManifest> {
    vault.folder().create_laws()?;
    let place = place(vault);
    let aside = place.with_extension("new");
    // One after the other: a second process would write to what the first one has verified. Held
    // until this returns.
    let turn = File::create(place.with_extension("lock"))?;
    turn.lock()?;
    let trust = vault.read(state::trust)?;
    let known = vault.read(load)?;
    let offer = Offer::in_file(file)?;
    refuse(vault, &offer, known.as_ref())?;
    let manifest = match take(file, &offer, &place, &aside, &trust) {
        Ok(manifest) => manifest,
        Err(error) => {
            // What is half there is of no use; the old one stays.
            let _ = remove_file(&aside);
            return Err(error);
        }
    };
    fs::rename(&aside, &place)?;
    sync_dir(&vault.folder().laws())?;
    // Killed before this, `open` meets a newer pack than is remembered, and verifies it.
    let identity = Identity::of(&fs::metadata(&place)?);
    vault.write(|tx| remember(tx, &manifest, identity))?;
    Ok(manifest)
}

/// What a file says it brings; verified later.
enum Offer {
    Whole(PackManifest),
    Delta(PackDelta),
}

impl Offer {
    fn in_file(file: &Path) -> Result<Self> {
        Ok(match delta::statement_of(file)? {
            Some(delta) => Self::Delta(delta),
            None => Self::Whole(pack::manifest(file)?),
        })
    }

    fn pack(&self) -> (&str, u64) {
        match self {
            Self::Whole(manifest) => (&manifest.pack, manifest.version),
            Self::Delta(delta) => (&delta.pack, delta.version),
        }
    }
}

/// Refuses what can be refused before anything is written.
fn refuse(vault: &Vault, offer: &Offer, known: Option<&Installed>) -> Result<()> {
    let (pack, version) = offer.pack();
    if pack != PACK {
        return Err(Error::Pack(PackFault::Malformed));
    }
    if let Some(known) = known.filter(|known| version <= known.version) {
        // The very one that is installed mends a file that was lost or damaged.
        let same = version == known.version
            && matches!(offer, Offer::Whole(m) if m.sha256.to_string() == known.sha256);
        if !same || open(vault).is_ok() {
            return Err(Error::Pack(PackFault::Older));
        }
    }
    if let Offer::Delta(delta) = offer {
        let fits = known.is_some_and(|known| {
            delta.from_version == known.version && delta.from_sha256.to_string() == known.sha256
        });
        if !fits {
            return Err(Error::Pack(PackFault::Base));
        }
    }
    Ok(())
}

/// Copies or makes the new pack first and verifies that: nobody else writes to it.
fn take(
    file: &Path,
    offer: &Offer,
    place: &Path,
    aside: &Path,
    trust: &TrustSet,
) -> Result<PackManifest> {
    let mut to = File::create(aside)?;
    match offer {
        Offer::Whole(_) => drop(io::copy(&mut File::open(file)?, &mut to)?),
        Offer::Delta(_) => delta::apply(place, file, trust, &mut to)?,
    }
    to.sync_all().map_err(|_| Error::SyncFailed)?;
    drop(to);
    let manifest = pack::verify(aside, trust)?;
    let as_offered = match offer {
        Offer::Whole(offered) => manifest == *offered,
        Offer::Delta(_) => offer.pack() == (&manifest.pack, manifest.version),
    };
    if !as_offered {
        return Err(Error::Pack(PackFault::Altered));
    }
    // One that this program cannot read must not take the place of one that it can.
    Pack::open(aside)?;
    Ok(manifest)
}

/// Opens the pack that is installed. What was verified once stays good: people leave, and the laws
/// they signed stay.
///
/// # Errors
/// [`PackFault::Missing`]; other [`PackFault`]s where the file in place is neither the one that was
/// installed nor a newer one that verifies; storage errors.
pub(crate) fn open(vault: &Vault) -> Result<Pack> {
    let place = place(vault);
    if !place.try_exists()? {
        return Err(Error::Pack(PackFault::Missing));
    }
    let known = vault.read(load)?;
    let identity = Identity::of(&fs::metadata(&place)?);
    if !known.as_ref().is_some_and(|known| known.file == identity) {
        let manifest = recheck(vault, &place, known.as_ref())?;
        vault.write(|tx| remember(tx, &manifest, identity))?;
    }
    Pack::open(&place)
}

/// Verifies the file in place from end to end: an installation was cut short, the folder was
/// copied, or somebody was here.
fn recheck(vault: &Vault, place: &Path, known: Option<&Installed>) -> Result<PackManifest> {
    let manifest = pack::manifest(place)?;
    if let Some(known) = known {
        if manifest.version < known.version {
            return Err(Error::Pack(PackFault::Older));
        }
        if manifest.version == known.version {
            let mut file = File::open(place)?;
            let (length, sha256) = super::file::digest(&mut file, Some(manifest.length))?;
            let same = length == manifest.length
                && sha256 == manifest.sha256
                && sha256.to_string() == known.sha256;
            let altered = Error::Pack(PackFault::Altered);
            return if same { Ok(manifest) } else { Err(altered) };
        }
    }
    pack::verify(place, &vault.read(state::trust)?)
}

fn load(connection: &rusqlite::Connection) -> Result<Option<Installed>> {
    let sql = "SELECT version, sha256, length, modified_ns, inode FROM law_pack WHERE pack = ?1";
    let found = connection.query_row(sql, [PACK], |row| {
        Ok(Installed {
            version: row.get(0)?,
            sha256: row.get(1)?,
            file: Identity {
                length: row.get(2)?,
                modified_ns: row.get(3)?,
                inode: row.get(4)?,
            },
        })
    });
    Ok(found.optional()?)
}

fn remember(tx: &Transaction<'_>, manifest: &PackManifest, file: Identity) -> Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO law_pack (pack, version, sha256, length, modified_ns, inode)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            PACK,
            manifest.version,
            manifest.sha256.to_string(),
            file.length,
            file.modified_ns,
            file.inode,
        ),
    )?;
    Ok(())
}
