//! Where exported files go. Each is there whole or not at all; nothing is overwritten by
//! something else.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use custos_protocol::clip::{self, ClipDigest, ClipError};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{Error, Result, record::intact, vault};

/// From here on an entry needs the long form of its sizes (APPNOTE.TXT, 4.5.3).
const LONG: u64 = 0xFFFF_FFFF - 0x1_0000;

/// A folder, or a zip that is being written.
pub(super) enum Target {
    Folder(PathBuf),
    Zip {
        /// Its name once it is whole.
        path: PathBuf,
        /// Where it is until then.
        aside: PathBuf,
        writer: Box<ZipWriter<File>>,
    },
}

impl Target {
    /// A folder, made if there is none.
    pub(super) fn folder(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self::Folder(path.to_owned()))
    }

    /// A zip where there is no file yet.
    ///
    /// # Errors
    /// [`Error::FileExists`], storage errors.
    pub(super) fn zip(path: &Path) -> Result<Self> {
        if path.try_exists()? {
            return Err(Error::FileExists);
        }
        let aside = part(path);
        let file = File::create(&aside)?;
        Ok(Self::Zip {
            path: path.to_owned(),
            aside,
            writer: Box::new(ZipWriter::new(file)),
        })
    }

    /// A small file.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                let aside = part(&path);
                let written = fs::write(&aside, bytes)
                    .map_err(Error::from)
                    .and_then(|()| publish(&aside, &path));
                cleared(written, &aside)
            }
            Self::Zip { writer, .. } => {
                writer
                    .start_file(name, entry(bytes.len() as u64))
                    .map_err(of_zip)?;
                Ok(writer.write_all(bytes)?)
            }
        }
    }

    /// An evidence file, checked as it is copied.
    ///
    /// # Errors
    /// [`Error::EvidenceDamaged`] when it is not what was sealed; [`Error::FileExists`] when another file
    /// has the name; storage errors.
    pub(super) fn copy(&mut self, from: &Path, name: &str, digest: ClipDigest) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                if path.try_exists()? {
                    let there = digest_of(BufReader::new(File::open(&path)?));
                    return match there {
                        Ok(there) if there == digest => Ok(()),
                        _ => Err(Error::FileExists),
                    };
                }
                let aside = part(&path);
                let copied = File::create(&aside)
                    .map_err(Error::from)
                    .and_then(|mut file| copy(from, &mut file, digest))
                    .and_then(|()| publish(&aside, &path));
                cleared(copied, &aside)
            }
            Self::Zip { writer, .. } => {
                writer
                    .start_file(name, entry(digest.length))
                    .map_err(of_zip)?;
                copy(from, writer, digest)
            }
        }
    }

    /// Makes it durable; what is not whole goes.
    ///
    /// # Errors
    /// Storage errors.
    pub(super) fn finish(self, whole: bool) -> Result<()> {
        match self {
            Self::Folder(folder) => vault::sync_dir(&folder),
            Self::Zip { aside, .. } if !whole => Ok(fs::remove_file(aside)?),
            Self::Zip {
                path,
                aside,
                writer,
            } => {
                let done = writer
                    .finish()
                    .map_err(of_zip)
                    .and_then(|_| publish(&aside, &path))
                    .and_then(|()| vault::sync_dir(folder_of(&path)));
                cleared(done, &aside)
            }
        }
    }
}

/// The name that a file has until it is whole.
fn part(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// The folder of a file; of a mere name the one we are in.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn publish(aside: &Path, path: &Path) -> Result<()> {
    let file = OpenOptions::new().write(true).open(aside)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    Ok(fs::rename(aside, path)?)
}

/// After a failure nothing half-written stays; what failed is told, not what clearing up did.
fn cleared<T>(result: Result<T>, aside: &Path) -> Result<T> {
    if result.is_err() {
        let _ = fs::remove_file(aside);
    }
    result
}

/// Stored as it is, at a time that is always the same: the same evidence makes the same zip.
fn entry(length: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(length >= LONG)
}

fn of_zip(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => error.into(),
        _ => Error::Internal("a bundle can be written as a zip"),
    }
}

fn copy(from: &Path, to: &mut impl Write, digest: ClipDigest) -> Result<()> {
    let tee = Tee {
        from: File::open(from).map_err(intact::unreadable)?,
        to,
    };
    if digest_of(BufReader::with_capacity(1 << 20, tee))? == digest {
        Ok(())
    } else {
        Err(Error::EvidenceDamaged)
    }
}

fn digest_of(file: impl Read) -> Result<ClipDigest> {
    clip::digest(file).map_err(|error| match error {
        ClipError::Io(error) => error.into(),
        ClipError::NotAge | ClipError::Truncated => Error::EvidenceDamaged,
    })
}

/// What is read from one is written to the other.
struct Tee<'a, W> {
    from: File,
    to: &'a mut W,
}

impl<W: Write> Read for Tee<'_, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count])?;
        Ok(count)
    }
}
