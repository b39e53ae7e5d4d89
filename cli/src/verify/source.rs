//! Where the files of a bundle come from: a folder or a zip, neither of them trusted. Nothing is
//! unpacked; names are compared and shown, never used as paths.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive};

use crate::failure::{Exit, Failure};

/// Files in a bundle.
const MAX_FILES: usize = 10_000;
/// Bytes of a receipt, a trust set or a manifest.
const MAX_SMALL: u64 = 4 << 20;

/// A bundle.
pub(super) enum Source {
    Folder(PathBuf),
    Zip(Box<Zip>),
}

type Zip = ZipArchive<BufReader<File>>;

impl Source {
    /// `None` for what is neither a folder nor a zip.
    ///
    /// # Errors
    /// A [`Failure`] for a zip that is none of ours, or cannot be read.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Failure> {
        if path.is_dir() {
            return Ok(Some(Self::Folder(path.to_owned())));
        }
        let Ok(mut file) = File::open(path) else {
            return Ok(None);
        };
        let mut magic = [0; 4];
        if file.read_exact(&mut magic).is_err() || &magic != b"PK\x03\x04" {
            return Ok(None);
        }
        let failed = |e: io::Error| Failure::file(&e, "the bundle");
        let length = file.metadata().map_err(failed)?.len();
        let file = File::open(path).map_err(failed)?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| refused(DAMAGED))?;
        check(&mut zip, length)?;
        Ok(Some(Self::Zip(Box::new(zip))))
    }

    /// The names of its files, in order.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read, or has too many.
    pub(super) fn names(&self) -> Result<BTreeSet<String>, Failure> {
        match self {
            Self::Zip(zip) => zip
                .file_names()
                .map(|name| name.map(Cow::into_owned).map_err(|_| refused(DAMAGED)))
                .collect(),
            Self::Folder(folder) => {
                let failed = |e: io::Error| Failure::file(&e, "the folder");
                let mut names = BTreeSet::new();
                for entry in fs::read_dir(folder).map_err(failed)? {
                    let entry = entry.map_err(failed)?;
                    if entry.path().is_file()
                        && let Ok(name) = entry.file_name().into_string()
                    {
                        names.insert(name);
                    }
                    if names.len() > MAX_FILES {
                        return Err(refused("it has too many files"));
                    }
                }
                Ok(names)
            }
        }
    }

    /// Hands the file of that name, which must be one of [`Source::names`], to `work`.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut dyn Read) -> T,
    ) -> Result<T, Failure> {
        match self {
            Self::Folder(folder) => {
                let file = File::open(folder.join(name));
                let file = file.map_err(|e| Failure::file(&e, "a file of the bundle"))?;
                Ok(work(&mut BufReader::new(file)))
            }
            Self::Zip(zip) => {
                let mut file = zip.by_name(name).map_err(|_| refused(DAMAGED))?;
                Ok(work(&mut file))
            }
        }
    }

    /// A small file as text; of one that is too long or no text, nothing, which no parser takes.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be read.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Failure> {
        self.read(name, |file| {
            let mut text = Vec::new();
            let whole = file.take(MAX_SMALL + 1).read_to_end(&mut text);
            match whole {
                Ok(length) if length as u64 <= MAX_SMALL => {
                    String::from_utf8(text).unwrap_or_default()
                }
                _ => String::new(),
            }
        })
    }
}

const DAMAGED: &str = "the zip is damaged";

fn refused(why: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        "not-a-bundle",
        format!("not an exported bundle: {why}"),
    )
}

/// What a zip of ours never has is not looked into further: compression that inflates, names that
/// lead elsewhere, and bytes that belong to no entry or to two, where one program finds other
/// files than the next.
fn check(zip: &mut Zip, length: u64) -> Result<(), Failure> {
    if zip.len() > MAX_FILES {
        return Err(refused("it has too many files"));
    }
    let mut places = Vec::with_capacity(zip.len());
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(|_| refused(DAMAGED))?;
        if file.encrypted()
            || file.compression() != CompressionMethod::Stored
            || file.size() != file.compressed_size()
        {
            let why = "it is compressed or encrypted; unpack it and verify the folder";
            return Err(refused(why));
        }
        let name = file.name().map_err(|_| refused(DAMAGED))?;
        if name.contains(['/', '\\', '\0']) || name.starts_with('.') {
            return Err(refused("a name in it is no file name"));
        }
        let data = file.data_start().ok_or_else(|| refused(DAMAGED))?;
        places.push((file.header_start(), data.saturating_add(file.size())));
    }
    places.sort_unstable();
    let mut end = 0;
    for (start, next) in places {
        if start != end {
            return Err(refused(
                "its entries overlap, or something lies between them",
            ));
        }
        end = next;
    }
    if end == zip.central_directory_start() && end <= length {
        Ok(())
    } else {
        Err(refused("something lies behind its entries"))
    }
}
