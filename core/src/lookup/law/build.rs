//! Making a pack: laws of a folder into one signed file.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
};

use custos_protocol::{note::Signer, pack::PackManifest, statement, suite};
use rusqlite::{Connection, Transaction};

use super::{
    file, index, initials,
    merge::{self, Law, Version},
    normalise::folded,
    source,
};
use crate::{Error, Result, error::PackFault};

/// What a new pack is called and who signs it.
#[derive(Debug)]
pub struct PackSpec<'s> {
    /// 1 to 64 letters, digits, `-`, `_`, `.`.
    pub pack: &'s str,
    pub version: u64,
    pub time_ms: i64,
    pub signer: &'s Signer,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub manifest: PackManifest,
    /// Bytes of the articles' text in UTF-8.
    pub text_bytes: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Builds the pack of all laws in `dir` (`.md` and `.jsonl`, folders below too). The same folder
/// and the same `spec` give the same bytes. `output` must not exist; it is there whole or not at
/// all.
///
/// # Errors
/// [`PackFault::Source`]: the folder holds no law, or a line that is none; [`Error::FileExists`];
/// storage errors.
pub fn build(dir: &Path, output: &Path, spec: &PackSpec<'_>) -> Result<Built> {
    if output.try_exists()? {
        return Err(Error::FileExists);
    }
    let laws = merge::laws(source::read(dir)?);
    if laws.is_empty() {
        return Err(Error::Pack(PackFault::Source));
    }
    let aside = output.with_extension("building");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let built = write(&aside, &laws, spec);
    if built.is_err() {
        // What is half written is of no use to anybody.
        let _ = fs::remove_file(&aside);
        return built;
    }
    fs::rename(&aside, output)?;
    crate::vault::sync_dir(crate::vault::parent(output))?;
    built
}

fn write(path: &Path, laws: &[Law], spec: &PackSpec<'_>) -> Result<Built> {
    let mut connection = Connection::open(path)?;
    // The schema first: an encoding is chosen before anything is written.
    connection.execute_batch(include_str!("schema.sql"))?;
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let tx = connection.transaction()?;
    let mut filler = Filler::default();
    for law in laws {
        filler.law(&tx, law)?;
    }
    let (versions, articles, text_bytes) = (filler.versions, filler.articles, filler.text_bytes);
    filler.finish(&tx)?;
    tx.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    let (length, sha256) = file::digest(&mut File::open(path)?, None)?;
    let manifest = PackManifest {
        suite: suite::CURRENT,
        pack: spec.pack.to_owned(),
        version: spec.version,
        time_ms: spec.time_ms,
        length,
        sha256,
        laws: laws.len() as u64,
        versions: u64::from(versions),
        articles: u64::from(articles),
    };
    let note = statement::sign(&manifest, &[spec.signer])
        .map_err(|_| Error::Pack(PackFault::Source))?
        .to_string();
    let trailer = file::trailer(&note, file::PACK);
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(&trailer)?;
    file.sync_all().map_err(|_| Error::SyncFailed)?;
    Ok(Built {
        manifest,
        text_bytes,
        bytes: length + trailer.len() as u64,
    })
}

#[derive(Default)]
struct Filler {
    laws: u32,
    versions: u32,
    chapters: u32,
    articles: u32,
    text_bytes: u64,
    lengths: Vec<u8>,
    index: index::Writer,
}

impl Filler {
    fn law(&mut self, tx: &Transaction<'_>, law: &Law) -> Result<()> {
        self.laws += 1;
        tx.execute(
            "INSERT INTO law (id, title, initials) VALUES (?1, ?2, ?3)",
            (self.laws, &law.title, initials::of_title(&law.title)),
        )?;
        law.versions
            .iter()
            .try_for_each(|version| self.version(tx, version))
    }

    fn version(&mut self, tx: &Transaction<'_>, version: &Version) -> Result<()> {
        self.versions += 1;
        let first = self.articles + 1;
        tx.prepare_cached(
            "INSERT INTO version (id, law, adopted, since, until, level, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            self.versions,
            self.laws,
            &version.source.version,
            version.since,
            version.until,
            &version.source.level,
            first,
            self.articles + u32::try_from(version.source.articles.len()).unwrap_or(u32::MAX),
        ))?;
        let mut insert_chapter = tx.prepare_cached(
            "INSERT INTO chapter (id, version, parent, title, first) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut insert_article = tx.prepare_cached(
            "INSERT INTO article (id, version, number, sub, chapter, text)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        // The headings above the article before, with their rows.
        let mut above: Vec<(&str, u32)> = Vec::new();
        for article in &version.source.articles {
            self.articles += 1;
            let same = above.iter().zip(&article.path);
            let same = same
                .take_while(|((title, _), other)| title == other)
                .count();
            above.truncate(same);
            for heading in &article.path[same..] {
                self.chapters += 1;
                let parent = above.last().map(|(_, id)| *id);
                insert_chapter.execute((
                    self.chapters,
                    self.versions,
                    parent,
                    heading,
                    self.articles,
                ))?;
                above.push((heading, self.chapters));
            }
            insert_article.execute((
                self.articles,
                self.versions,
                article.number.main,
                article.number.sub,
                above.last().map(|(_, id)| *id),
                &article.text,
            ))?;
            let text = folded(&article.text);
            self.lengths.push(index::length_code(text.len()));
            self.index.add(self.articles, &text);
            self.text_bytes += article.text.len() as u64;
        }
        Ok(())
    }

    fn finish(self, tx: &Transaction<'_>) -> Result<()> {
        let mut insert =
            tx.prepare("INSERT INTO token (id, articles, postings) VALUES (?1, ?2, ?3)")?;
        for (token, articles, postings) in self.index.finish() {
            insert.execute((token, articles, postings))?;
        }
        tx.execute(
            "INSERT INTO blob (name, data) VALUES ('lengths', ?1)",
            [self.lengths],
        )?;
        // By number alone, for 第二十三条 without a law.
        tx.execute_batch("CREATE INDEX article_number ON article (number, sub, version)")?;
        Ok(())
    }
}
