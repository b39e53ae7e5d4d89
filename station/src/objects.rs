//! The folder store: uploads under way in `uploads/<id>.part`, evidence in
//! `objects/<2 hex>/<clip>.age`. Nothing here is acknowledged before file and folder are synced.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use custos_protocol::hash::Hash;

use crate::files::{ensure_folder, sync_folder};

#[derive(Debug, Clone)]
pub(crate) struct Objects {
    uploads: PathBuf,
    objects: PathBuf,
}

impl Objects {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let objects = Self {
            uploads: dir.join("uploads"),
            objects: dir.join("objects"),
        };
        ensure_folder(&objects.uploads)?;
        ensure_folder(&objects.objects)?;
        Ok(objects)
    }

    fn upload_path(&self, id: &str) -> PathBuf {
        self.uploads.join(format!("{id}.part"))
    }

    fn shelf(&self, clip: &str) -> PathBuf {
        // Spread by hash: identifiers made in one minute begin alike.
        self.objects
            .join(format!("{:02x}", Hash::of(clip.as_bytes()).0[0]))
    }

    /// Where a clip's object is, once it is stored. `clip` has passed `id::is_safe`.
    pub(crate) fn object_path(&self, clip: &str) -> PathBuf {
        self.shelf(clip).join(format!("{clip}.age"))
    }

    /// An empty file for an upload, its name durable.
    pub(crate) fn create_upload(&self, id: &str) -> io::Result<()> {
        let path = self.upload_path(id);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        sync_folder(&self.uploads)
    }

    /// The file of an upload, cut back to the `durable` bytes that were acknowledged: what came
    /// after them was never promised.
    pub(crate) fn open_upload(&self, id: &str, durable: u64) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.upload_path(id))?;
        let length = file.metadata()?.len();
        if length < durable {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if length > durable {
            file.set_len(durable)?;
        }
        Ok(file)
    }

    /// Removes an upload's file; one that is gone already is fine.
    pub(crate) fn remove_upload(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.upload_path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Opens what will become, or after a crash already is, the object of `clip`.
    pub(crate) fn open_for_storing(&self, id: &str, clip: &str) -> io::Result<File> {
        match File::open(self.object_path(clip)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                File::open(self.upload_path(id))
            }
            opened => opened,
        }
    }

    /// Makes the upload the object of `clip`: file synced, moved, both folders synced. Repeating
    /// it after a crash at any point is safe; an object that is there is never replaced.
    pub(crate) fn store(&self, file: &File, id: &str, clip: &str) -> io::Result<()> {
        file.sync_all()?;
        let shelf = self.shelf(clip);
        ensure_folder(&shelf)?;
        let object = self.object_path(clip);
        // A hard link fails where a rename would overwrite.
        match fs::hard_link(self.upload_path(id), &object) {
            Err(error)
                if error.kind() != io::ErrorKind::AlreadyExists
                    && !(error.kind() == io::ErrorKind::NotFound && object.exists()) =>
            {
                return Err(error);
            }
            _ => {}
        }
        sync_folder(&shelf)?;
        sync_folder(&self.objects)
    }

    /// Takes away the name of an object that could not be made durable, so that nothing builds on
    /// it. Only for one that no register knows of.
    pub(crate) fn forget(&self, clip: &str) -> io::Result<()> {
        match fs::remove_file(self.object_path(clip)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Identifiers of all upload files.
    pub(crate) fn upload_files(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.uploads)? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".part")) {
                names.push(id.to_owned());
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::FileExt as _};

    use super::*;

    #[test]
    fn an_upload_becomes_an_object_once() {
        let dir = tempfile::tempdir().expect("folder");
        let objects = Objects::open(dir.path()).expect("objects");
        objects.create_upload("u1").expect("create");
        assert!(
            objects.create_upload("u1").is_err(),
            "an upload is never overwritten"
        );
        let file = objects.open_upload("u1", 0).expect("open");
        file.write_all_at(b"abcdef", 0).expect("write");
        let file = objects.open_upload("u1", 4).expect("open");
        assert_eq!(
            file.metadata().expect("meta").len(),
            4,
            "unacknowledged bytes are cut"
        );
        assert!(
            objects.open_upload("u1", 5).is_err(),
            "acknowledged bytes may not be missing"
        );
        for _ in 0..2 {
            let file = objects.open_for_storing("u1", "clip-1").expect("open");
            objects.store(&file, "u1", "clip-1").expect("store");
        }
        objects.remove_upload("u1").expect("remove");
        objects.remove_upload("u1").expect("remove again");
        let file = objects.open_for_storing("u1", "clip-1").expect("open");
        objects
            .store(&file, "u1", "clip-1")
            .expect("repeat after a crash");
        // Another upload of the same clip does not replace the object.
        objects.create_upload("u2").expect("create");
        let mut other = objects.open_upload("u2", 0).expect("open");
        other.write_all(b"other").expect("write");
        objects.store(&other, "u2", "clip-1").expect("store");
        assert_eq!(
            fs::read(objects.object_path("clip-1")).expect("read"),
            b"abcd"
        );
        assert_eq!(objects.upload_files().expect("list"), ["u2"]);
    }
}
