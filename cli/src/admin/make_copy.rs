//! Making the copy of a disclosure. Nothing of it is in a file before the station has on record
//! what copy is made, and by whom; the same disclosure makes the same copy, so that one whose
//! maker was interrupted can be made again.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use custos_core::record::photo::{DisclosedPhoto, MAX_PHOTO};
use custos_protocol::{
    api::{DisclosureInfo, DisclosureState},
    clip,
    disclosure::{CopyDigest, Disclosure, DisclosureApproval, DisclosureRequest, SignedDisclosure},
    note::Note,
    trust::TrustSet,
    verify::{check_disclosure, copy_digest},
};

use super::{
    AdminClient,
    disclosure::{differs, hand_in, now, signed, step},
};
use crate::{
    agency::Agency,
    failure::{Exit, Failure},
};

/// What is to be made, and where to.
pub(super) struct Order<'a> {
    pub(super) client: &'a AdminClient,
    pub(super) info: &'a DisclosureInfo,
    pub(super) trust: &'a TrustSet,
    /// `trust.json`
    pub(super) trust_file: String,
    pub(super) utc_offset_min: i32,
    pub(super) identity: &'a Path,
    pub(super) folder: &'a Path,
}

/// What was made.
pub(super) struct Made {
    pub(super) info: DisclosureInfo,
    pub(super) copy: CopyDigest,
    pub(super) file: PathBuf,
}

/// What the copy is, before it is in a file.
enum Content {
    Photo(Vec<u8>),
    /// As it was recorded, of any length.
    Whole,
}

/// The sealed original while the copy is made of it; gone with this.
struct Original(PathBuf);

impl Drop for Original {
    fn drop(&mut self) {
        // Ciphertext that the station holds as well: one that stays is no harm.
        let _ = fs::remove_file(&self.0);
    }
}

/// What is handed over comes to be together or not at all: half of it would look like a copy, and
/// keep the whole from being made.
struct Parts<'a> {
    folder: &'a Path,
    names: Vec<String>,
}

impl Parts<'_> {
    fn create(&mut self, name: &str) -> io::Result<File> {
        self.names.push(name.to_owned());
        File::create(self.part(name))
    }

    fn put(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut file = self.create(name)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.part"))
    }

    /// Gives them their names in the order in which they were created: the last shows that all are
    /// there.
    fn publish(mut self) -> io::Result<()> {
        for name in &self.names {
            fs::rename(self.part(name), self.folder.join(name))?;
        }
        self.names.clear();
        Ok(())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            // What failed is told already; one that stays is overwritten the next time.
            let _ = fs::remove_file(self.part(name));
        }
    }
}

impl Order<'_> {
    /// Fetches the original, checks it, signs for the copy, hands that in, and writes the copy with
    /// what goes along.
    ///
    /// # Errors
    /// Where somebody's step does not verify, the original is not what was approved, the identity
    /// does not open it, the station refuses; where a file cannot be written, or is there already.
    pub(super) async fn make(&self) -> Result<Made, Failure> {
        let DisclosureInfo {
            request,
            approval,
            state,
            ..
        } = self.info;
        let at_hand = [DisclosureState::Approved, DisclosureState::Made];
        let Some(approval) = approval.as_ref().filter(|_| at_hand.contains(state)) else {
            let words = "the disclosure is not approved, or no longer";
            return Err(Failure::new(Exit::Refused, "disclosure-state", words));
        };
        let asked = DisclosureRequest::open(request, self.trust).map_err(|_| differs())?;
        let approved = DisclosureApproval::open(request, approval, self.trust);
        let approved = approved.map_err(|_| differs())?;
        let agency = Agency::read(self.identity)?;
        fs::create_dir_all(self.folder).map_err(failed)?;
        let file = self.folder.join(asked.copy_name());
        if file.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let path = format!("/v1/admin/evidence/{}", asked.clip);
        let receipt = self.client.get_text(&format!("{path}/receipt")).await?;
        let original = self.fetch(&format!("{path}/file"), &asked).await?;
        let content = self.content(&agency, &original, &asked, approved.time_ms)?;
        let copy = match &content {
            Content::Photo(jpeg) => copy_digest(jpeg.as_slice()),
            Content::Whole => copy_digest(agency.open(&original.0)?),
        };
        let copy = copy.map_err(|e| Failure::file(&e, "the original"))?;
        let note: Note = approval.parse().map_err(|_| differs())?;
        let made = Disclosure::new(&note, &self.client.person.person, copy, now());
        let made = signed(self.client, &made.map_err(|_| differs())?)?;
        let info = hand_in(self.client, &step(&asked.id, "make"), &made).await?;
        let text = self.checked(&info, &receipt, copy)?;
        let side = [
            (format!("{}.disclosure.json", asked.id), text),
            (format!("{}.receipt", asked.clip), receipt),
            ("trust.json".to_owned(), self.trust_file.clone()),
        ];
        let mut parts = Parts {
            folder: self.folder,
            names: Vec::new(),
        };
        for (name, text) in &side {
            parts.put(name, text).map_err(failed)?;
        }
        let mut out = parts.create(&asked.copy_name()).map_err(failed)?;
        match &content {
            Content::Photo(jpeg) => out.write_all(jpeg).map_err(failed)?,
            Content::Whole => {
                let mut plain = agency.open(&original.0)?;
                io::copy(&mut plain, &mut out).map_err(failed)?;
            }
        }
        out.sync_all()
            .and_then(|()| parts.publish())
            .map_err(failed)?;
        Ok(Made { info, copy, file })
    }

    /// The sealed original, which has to be what was approved, byte for byte.
    async fn fetch(&self, path: &str, asked: &DisclosureRequest) -> Result<Original, Failure> {
        let sealed = self.folder.join(format!("{}.age.part", asked.clip));
        let mut file = File::create(&sealed).map_err(failed)?;
        let original = Original(sealed);
        let mut body = self.client.download(path).await?;
        let unreachable = |_| Failure::from(custos_core::Error::Unreachable);
        while let Some(piece) = body.chunk().await.map_err(unreachable)? {
            file.write_all(&piece).map_err(failed)?;
        }
        let read = BufReader::new(File::open(&original.0).map_err(failed)?);
        match clip::digest(read) {
            Ok(digest) if digest == asked.digest => Ok(original),
            _ => Err(differs()),
        }
    }

    fn content(
        &self,
        agency: &Agency,
        original: &Original,
        asked: &DisclosureRequest,
        approved_ms: i64,
    ) -> Result<Content, Failure> {
        if !asked.is_photo() {
            return Ok(Content::Whole);
        }
        let mut jpeg = Vec::new();
        let mut plain = agency.open(&original.0)?.take(MAX_PHOTO as u64 + 1);
        plain
            .read_to_end(&mut jpeg)
            .map_err(|e| Failure::file(&e, "the original"))?;
        let photo = DisclosedPhoto {
            id: &asked.id,
            original: &asked.clip,
            recipient: &asked.recipient,
            time_ms: approved_ms,
            utc_offset_min: self.utc_offset_min,
            regions: &asked.regions,
        };
        match photo.copy(&jpeg) {
            Err(custos_core::Error::Media(code @ "region-outside")) => {
                let words = "a region to take out is not within the photo";
                Err(Failure::new(Exit::Refused, code, words))
            }
            copy => Ok(Content::Photo(copy?)),
        }
    }

    /// The disclosure's file, if what the station has on record is this copy, and the recipient will
    /// find it so.
    fn checked(
        &self,
        info: &DisclosureInfo,
        receipt: &str,
        copy: CopyDigest,
    ) -> Result<String, Failure> {
        let notes = (info.approval.clone(), info.disclosure.clone());
        let (Some(approval), Some(disclosure)) = notes else {
            return Err(differs());
        };
        let whole = SignedDisclosure::new(info.request.clone(), approval, disclosure);
        match check_disclosure(&whole, receipt, self.trust) {
            Ok((disclosed, _)) if disclosed.disclosure.copy == copy => Ok(whole.to_text()),
            _ => Err(differs()),
        }
    }
}

/// A wrong path is the caller's; a disk that fails or is full leaves nothing, and the copy can be
/// made again.
fn failed(error: io::Error) -> Failure {
    let failure = Failure::file(&error, "the copy's folder");
    match failure.exit {
        Exit::Storage => Failure::new(
            Exit::Storage,
            "copy-not-written",
            format!("the copy's folder: {}", error.kind()),
        ),
        _ => failure,
    }
}
