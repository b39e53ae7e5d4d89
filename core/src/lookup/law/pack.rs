//! An open pack: verified, then read only.

use std::{cell::RefCell, fmt::Write as _, fs::File, path::Path};

use custos_protocol::{pack::PackManifest, trust::TrustSet};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{
    dates::{self, Day, short},
    file, level,
    names::Name,
    number::ArticleNumber,
    search::{Hit, Standing, rank::Scratch},
};
use crate::{Error, Result, error::PackFault};

/// What a database of this format says it is; see `schema.sql`.
const APPLICATION: i64 = 0x4375_5061;
const FORMAT: i64 = 1;

/// A law pack, open for reading.
#[derive(Debug)]
pub struct Pack {
    pub(crate) connection: Connection,
    manifest: PackManifest,
    pub(crate) names: Vec<Name>,
    titles: Vec<String>,
    pub(crate) versions: Vec<VersionRow>,
    /// A byte an article: see `index::length_of`.
    pub(crate) lengths: Vec<u8>,
    pub(crate) scratch: RefCell<Option<Scratch>>,
}

/// A text of a law.
#[derive(Debug)]
pub(crate) struct VersionRow {
    /// Its law, from 0.
    pub(crate) law: usize,
    pub(crate) adopted: String,
    pub(crate) since: Day,
    pub(crate) until: Day,
    pub(crate) level: String,
    /// How much it counts beside others in force.
    pub(crate) weight: f32,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// A whole article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    pub law: String,
    /// The date of the text, or nothing.
    pub version: String,
    pub level: String,
    pub standing: Standing,
    /// Since when it is in force, and until when it was; nothing, if that is not known.
    pub since: String,
    pub until: String,
    pub number: ArticleNumber,
    /// Headings above it, the widest first.
    pub chapter: Vec<String>,
    pub paragraphs: Vec<String>,
}

/// A heading of a law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    pub title: String,
    /// 0 for the widest.
    pub depth: usize,
    /// Its first article.
    pub number: ArticleNumber,
    pub(crate) first: u32,
}

/// Reads what a pack says of itself, without verifying it.
///
/// # Errors
/// [`PackFault::Malformed`]; storage errors.
pub fn manifest(path: &Path) -> Result<PackManifest> {
    Ok(file::read_note(&mut File::open(path)?)?.1)
}

/// Verifies a whole pack: signed by somebody who may sign packs, and every byte as signed. Reads
/// the file from end to end.
///
/// # Errors
/// [`PackFault`]; storage errors.
pub fn verify(path: &Path, trust: &TrustSet) -> Result<PackManifest> {
    let mut file = File::open(path)?;
    let (note, _) = file::read_note(&mut file)?;
    let manifest =
        PackManifest::open(&note, trust).map_err(|_| Error::Pack(PackFault::Signature))?;
    let (length, sha256) = file::digest(&mut file, Some(manifest.length))?;
    if (length, sha256) != (manifest.length, manifest.sha256) {
        return Err(Error::Pack(PackFault::Altered));
    }
    Ok(manifest)
}

impl Pack {
    /// Opens a pack that was verified before, by [`verify`] or at its installation: only its form
    /// is looked at here. Nothing is ever written to it.
    ///
    /// # Errors
    /// [`PackFault::Malformed`]: not a pack, or of another format; storage errors.
    pub fn open(path: &Path) -> Result<Self> {
        let malformed = || Error::Pack(PackFault::Malformed);
        let manifest = manifest(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri(path), flags)?;
        // A schema that somebody made up must not call functions.
        let read = || -> rusqlite::Result<_> {
            connection.execute_batch(
                "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA mmap_size = 268435456;",
            )?;
            let number =
                |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            let format = (number("application_id")?, number("user_version")?);
            let (titles, names) = laws(&connection)?;
            let lengths = connection.query_row(
                "SELECT data FROM blob WHERE name = 'lengths'",
                [],
                |row| row.get::<_, Vec<u8>>(0),
            )?;
            let versions = versions(&connection, &titles)?;
            Ok((format, titles, names, versions, lengths))
        };
        let (format, titles, names, versions, lengths) = read().map_err(|_| malformed())?;
        let sound = versions.iter().all(|v| {
            v.law < titles.len()
                && v.first >= 1
                && v.first <= v.last
                && v.last as usize <= lengths.len()
        });
        let in_order = versions.windows(2).all(|w| w[0].last < w[1].first);
        if format != (APPLICATION, FORMAT) || !sound || !in_order {
            return Err(malformed());
        }
        Ok(Self {
            connection,
            manifest,
            names,
            titles,
            versions,
            lengths,
            scratch: RefCell::default(),
        })
    }

    /// What the pack says of itself.
    pub fn manifest(&self) -> &PackManifest {
        &self.manifest
    }

    /// The version that holds an article.
    pub(crate) fn version_of(&self, article: u32) -> Option<&VersionRow> {
        let after = self.versions.partition_point(|v| v.first <= article);
        let version = self.versions.get(after.checked_sub(1)?)?;
        (article <= version.last).then_some(version)
    }

    pub(crate) fn title(&self, version: &VersionRow) -> &str {
        self.titles.get(version.law).map_or("", String::as_str)
    }

    /// Number and text of an article.
    pub(crate) fn text(&self, article: u32) -> Result<Option<(ArticleNumber, String)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, sub, text FROM article WHERE id = ?1")?;
        let found = statement.query_row([article], |row| {
            let number = ArticleNumber {
                main: row.get(0)?,
                sub: row.get(1)?,
            };
            Ok((number, row.get(2)?))
        });
        Ok(found.optional()?)
    }

    /// The headings above an article, the widest first.
    pub(crate) fn path(&self, article: u32) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(
            "WITH RECURSIVE above (id, depth) AS (
                 SELECT chapter, 0 FROM article WHERE id = ?1 AND chapter IS NOT NULL
                 UNION ALL
                 SELECT parent, depth + 1 FROM chapter JOIN above USING (id)
                 WHERE parent IS NOT NULL AND depth < 8
             )
             SELECT title FROM above JOIN chapter USING (id) ORDER BY depth DESC",
        )?;
        let titles = statement.query_map([article], |row| row.get(0))?;
        Ok(titles.collect::<rusqlite::Result<_>>()?)
    }

    /// The whole article of a hit.
    ///
    /// # Errors
    /// Storage errors.
    pub fn article(&self, hit: &Hit) -> Result<Article> {
        let mut article = self.whole(hit.id, 0)?;
        article.standing = hit.standing;
        Ok(article)
    }

    /// A whole article as it stands on a day.
    pub(crate) fn whole(&self, id: u32, day: Day) -> Result<Article> {
        let malformed = || Error::Pack(PackFault::Malformed);
        let version = self.version_of(id).ok_or_else(malformed)?;
        let (number, text) = self.text(id)?.ok_or_else(malformed)?;
        Ok(Article {
            law: self.title(version).to_owned(),
            version: version.adopted.clone(),
            level: version.level.clone(),
            standing: version.standing(day),
            since: dates::show(version.since),
            until: dates::show(version.until),
            number,
            chapter: self.path(id)?,
            paragraphs: text.lines().map(str::to_owned).collect(),
        })
    }

    /// The article of a text that has a number.
    pub(crate) fn numbered_in(
        &self,
        version: &VersionRow,
        number: ArticleNumber,
    ) -> Result<Option<u32>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM article
             WHERE number = ?1 AND sub = ?2 AND id BETWEEN ?3 AND ?4 LIMIT 1",
        )?;
        let key = (number.main, number.sub, version.first, version.last);
        Ok(statement.query_row(key, |row| row.get(0)).optional()?)
    }

    /// The headings of the law of a hit, in their order.
    ///
    /// # Errors
    /// Storage errors.
    pub fn chapters(&self, hit: &Hit) -> Result<Vec<Chapter>> {
        let Some(version) = self.version_of(hit.id) else {
            return Ok(Vec::new());
        };
        self.chapters_of(version)
    }

    pub(crate) fn chapters_of(&self, version: &VersionRow) -> Result<Vec<Chapter>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT chapter.id, parent, title, first, number, sub
             FROM chapter JOIN article ON article.id = first
             WHERE chapter.version = (SELECT version FROM article WHERE id = ?1)
             ORDER BY chapter.id",
        )?;
        let mut depths: Vec<(i64, usize)> = Vec::new();
        let mut chapters = Vec::new();
        let mut rows = statement.query([version.first])?;
        while let Some(row) = rows.next()? {
            let (id, parent): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            let above = depths.iter().rev().find(|(id, _)| Some(*id) == parent);
            let depth = above.map_or(0, |(_, depth)| depth + 1);
            depths.push((id, depth));
            chapters.push(Chapter {
                title: row.get(2)?,
                depth,
                number: ArticleNumber {
                    main: row.get(4)?,
                    sub: row.get(5)?,
                },
                first: row.get(3)?,
            });
        }
        Ok(chapters)
    }
}

impl VersionRow {
    /// Whether it is in force on a day.
    pub(crate) fn standing(&self, day: Day) -> Standing {
        if self.until != 0 && self.until <= day {
            Standing::Superseded
        } else if self.since > day {
            Standing::NotYet
        } else {
            Standing::InForce
        }
    }
}

fn laws(connection: &Connection) -> rusqlite::Result<(Vec<String>, Vec<Name>)> {
    let mut statement = connection.prepare("SELECT title, initials FROM law ORDER BY id")?;
    let mut rows = statement.query([])?;
    let (mut titles, mut names) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let title: String = row.get(0)?;
        names.push(Name::new(&title, row.get(1)?));
        titles.push(title);
    }
    Ok((titles, names))
}

fn versions(connection: &Connection, titles: &[String]) -> rusqlite::Result<Vec<VersionRow>> {
    let lines = include_str!("data/priority.txt").lines();
    let priority: std::collections::HashMap<&str, f32> = lines
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(title, weight)| Some((title, weight.parse().ok()?)))
        .collect();
    let mut statement = connection.prepare(
        "SELECT law, adopted, since, until, level, first, last FROM version ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        let law = row.get::<_, usize>(0)?.wrapping_sub(1);
        let level: String = row.get(4)?;
        let listed = titles.get(law).and_then(|t| priority.get(short(t)));
        Ok(VersionRow {
            law,
            adopted: row.get(1)?,
            since: row.get(2)?,
            until: row.get(3)?,
            weight: level::weight(level::rank(&level)) * listed.unwrap_or(&1.0),
            level,
            first: row.get(5)?,
            last: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// A path as SQLite's URI: never written to, no other file looked for beside it.
fn uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri + "?mode=ro&immutable=1"
}

/// The time in milliseconds since 1970, and the day in China as a number: 20260131.
pub fn now() -> (i64, u64) {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    let ms = i64::try_from(ms).unwrap_or(i64::MAX / 2);
    (ms, u64::from(dates::of_time(ms)))
}

/// Today in China.
pub(crate) fn today() -> Day {
    dates::of_time(now().0)
}
