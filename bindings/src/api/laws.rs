//! The law library: installing, searching, reading; what an officer keeps of it.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use custos_core::lookup::law::{self, ArticleNumber, LawQuery};

use super::{officer::Officer, terminal::Terminal};
use crate::error::{ApiError, ApiResult};

/// A pack, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LawPack {
    pub pack: String,
    pub version: u64,
    pub laws: u64,
    pub articles: u64,
}

/// Whether a text is in force on the day asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LawStanding {
    InForce,
    Superseded,
    NotYet,
}

impl From<law::Standing> for LawStanding {
    fn from(standing: law::Standing) -> Self {
        match standing {
            law::Standing::InForce => Self::InForce,
            law::Standing::Superseded => Self::Superseded,
            law::Standing::NotYet => Self::NotYet,
        }
    }
}

/// A part of a snippet that is shown in bold: UTF-16 units, as strings of a shell are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct LawMark {
    pub begin: u32,
    pub end: u32,
}

/// An article that was found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LawHit {
    pub law: String,
    /// The date of the text, or nothing.
    pub version: String,
    /// `26`, or `133.1` for 第一百三十三条之一.
    pub article: String,
    /// Headings above it, the widest first.
    pub chapter: Vec<String>,
    pub level: String,
    pub standing: LawStanding,
    pub snippet: String,
    pub marks: Vec<LawMark>,
}

impl From<law::Hit> for LawHit {
    fn from(hit: law::Hit) -> Self {
        // Where each character begins, and where the last one ends.
        let mut places = vec![0];
        for c in hit.snippet.chars() {
            let last = places.last().copied().unwrap_or(0);
            places.push(last + c.len_utf16() as u32);
        }
        let place = |at: usize| places.get(at).or(places.last()).copied().unwrap_or(0);
        let marks = hit.marks.iter().map(|mark| LawMark {
            begin: place(mark.start),
            end: place(mark.end),
        });
        Self {
            marks: marks.collect(),
            law: hit.law,
            version: hit.version,
            article: hit.number.to_string(),
            chapter: hit.chapter,
            level: hit.level,
            standing: hit.standing.into(),
            snippet: hit.snippet,
        }
    }
}

/// A whole article.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LawArticle {
    pub law: String,
    pub version: String,
    pub article: String,
    pub chapter: Vec<String>,
    pub level: String,
    pub standing: LawStanding,
    /// Since when it is in force, and until when it was; nothing, if that is not known.
    pub since: String,
    pub until: String,
    pub paragraphs: Vec<String>,
}

impl From<law::Article> for LawArticle {
    fn from(article: law::Article) -> Self {
        Self {
            law: article.law,
            version: article.version,
            article: article.number.to_string(),
            chapter: article.chapter,
            level: article.level,
            standing: article.standing.into(),
            since: article.since,
            until: article.until,
            paragraphs: article.paragraphs,
        }
    }
}

/// A heading with its first article.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LawChapter {
    pub title: String,
    /// 0 for the widest.
    pub depth: u32,
    pub article: String,
}

/// An article that an officer keeps or read.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LawReference {
    pub law: String,
    pub article: String,
    pub time_ms: i64,
}

impl From<law::Reference> for LawReference {
    fn from(reference: law::Reference) -> Self {
        Self {
            law: reference.law,
            article: reference.number.to_string(),
            time_ms: reference.time_ms,
        }
    }
}

/// The installed laws, open. Keep it: searching takes some milliseconds, opening more.
#[derive(Debug, uniffi::Object)]
pub struct Laws(Mutex<law::Pack>);

impl Laws {
    /// A search that panicked changed nothing: whatever is in there is good.
    fn pack(&self) -> MutexGuard<'_, law::Pack> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl Laws {
    pub fn info(&self) -> LawPack {
        self.pack().manifest().clone().into()
    }

    /// The articles that fit, best first. Any text is a query; `date` (`2025-12-31`) is the day of
    /// the act, today if there is none.
    pub fn search(
        &self,
        words: String,
        date: Option<String>,
        limit: u32,
    ) -> ApiResult<Vec<LawHit>> {
        let query = LawQuery {
            words: &words,
            date: date.as_deref(),
            limit: limit as usize,
        };
        let hits = self.pack().search(&query)?;
        Ok(hits.into_iter().map(LawHit::from).collect())
    }

    /// An article as a whole; `law` and `article` in any writing.
    pub fn article(
        &self,
        law: String,
        article: String,
        date: Option<String>,
    ) -> ApiResult<LawArticle> {
        let number = number(&article)?;
        Ok(self.pack().show(&law, number, date.as_deref())?.into())
    }

    /// The headings of a law.
    pub fn chapters(&self, law: String, date: Option<String>) -> ApiResult<Vec<LawChapter>> {
        let contents = self.pack().contents(&law, date.as_deref())?;
        let chapters = contents.chapters.into_iter().map(|chapter| LawChapter {
            title: chapter.title,
            depth: chapter.depth as u32,
            article: chapter.number.to_string(),
        });
        Ok(chapters.collect())
    }
}

impl From<custos_protocol::pack::PackManifest> for LawPack {
    fn from(manifest: custos_protocol::pack::PackManifest) -> Self {
        Self {
            pack: manifest.pack,
            version: manifest.version,
            laws: manifest.laws,
            articles: manifest.articles,
        }
    }
}

#[uniffi::export]
impl Terminal {
    /// Verifies the pack or delta in the file `path` and puts it in place of the one that is
    /// installed, which stays if anything is wrong.
    pub fn install_laws(&self, path: String) -> ApiResult<LawPack> {
        Ok(self.0.install_laws(Path::new(&path))?.into())
    }

    /// Opens the installed laws; needs no officer.
    pub fn laws(&self) -> ApiResult<Arc<Laws>> {
        Ok(Arc::new(Laws(Mutex::new(self.0.laws()?))))
    }
}

#[uniffi::export]
impl Officer {
    /// Reads an article whole; it is then the first of those that were read.
    pub fn read_article(
        &self,
        laws: Arc<Laws>,
        law: String,
        article: String,
        date: Option<String>,
    ) -> ApiResult<LawArticle> {
        let number = number(&article)?;
        let pack = laws.pack();
        let article = self.0.read_article(&pack, &law, number, date.as_deref())?;
        Ok(article.into())
    }

    /// The articles read last, the last one first.
    pub fn recent_articles(&self) -> ApiResult<Vec<LawReference>> {
        Ok(references(self.0.recent_articles()?))
    }

    /// Keeps an article.
    pub fn bookmark(&self, laws: Arc<Laws>, law: String, article: String) -> ApiResult<()> {
        let number = number(&article)?;
        self.0.bookmark(&laws.pack(), &law, number)?;
        Ok(())
    }

    /// Keeps an article no longer; whether it was kept. `law` as [`Officer::bookmarks`] gives it.
    pub fn drop_bookmark(&self, law: String, article: String) -> ApiResult<bool> {
        Ok(self.0.drop_bookmark(&law, number(&article)?)?)
    }

    /// What the officer keeps, the last one first.
    pub fn bookmarks(&self) -> ApiResult<Vec<LawReference>> {
        Ok(references(self.0.bookmarks()?))
    }
}

fn references(of: Vec<law::Reference>) -> Vec<LawReference> {
    of.into_iter().map(LawReference::from).collect()
}

fn number(text: &str) -> ApiResult<ArticleNumber> {
    text.parse().map_err(|_| ApiError::Refused {
        code: "unknown-article".to_owned(),
    })
}
